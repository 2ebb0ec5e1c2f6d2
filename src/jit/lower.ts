// What one instruction becomes. Registers are locals of 64 bits, so most instructions are one operation of WebAssembly; memory
// is reached through the low half of a pointer. Where the program is verified nothing is checked: every access has been
// proven. The table has a row for each kind of instruction, so that a new one does not compile until it is lowered.
import type { AtomicOp } from "../isa/atomic.ts";
import type { AccessSize, Insn, InsnKind, Operand } from "../isa/insn.ts";
import type { JumpOp } from "../isa/jump.ts";
import { POINTER_HIGH } from "../memory/layout.ts";
import { REG_WORDS } from "../vm/code.ts";
import { alu32, alu64, jumps, reversed16, reversed32, reversed64 } from "../vm/loop/operators.ts";
import { MAY_GOTO_BUDGET, STACK_BYTES, state } from "../vm/registers.ts";
import {
  atomic,
  type Code,
  call,
  choose,
  drop,
  get,
  getGlobal,
  i32,
  i64,
  select,
  set,
  type,
  when,
} from "../wasm/code.ts";
import { mapCalled } from "./map-call.ts";
import { isNarrowLoad, isNarrowResult, isUnread } from "./narrow.ts";
import { type Address, accesses, address, cpuWord, globals, imported, type Place, TAIL_CALL } from "./place.ts";

export function isTailCall(insn: Insn | null): boolean {
  return insn?.kind === "callHelper" && insn.id === TAIL_CALL;
}

/** Whether an instruction may end the function by a tail call. */
export function mayLeave(insn: Insn | null): boolean {
  return isTailCall(insn) || insn?.kind === "callx";
}

type Kind<K extends InsnKind> = Extract<Insn, { kind: K }>;
type Lowering = { readonly [K in InsnKind]: (at: Place, insn: Kind<K>, pc: number) => Code };

const zero = i64.const(0n);
const registerAt = (register: number) => register * REG_WORDS * 4;

const loads = { 1: i64.load8U, 2: i64.load16U, 4: i64.load32U, 8: i64.load } as const;
const narrowLoads = { 1: i32.load8U, 2: i32.load16U, 4: i32.load, 8: i64.load } as const;
const signedLoads = { 1: i64.load8S, 2: i64.load16S, 4: i64.load32S, 8: i64.load } as const;
const stores = { 1: i64.store8, 2: i64.store16, 4: i64.store32, 8: i64.store } as const satisfies Record<
  AccessSize,
  unknown
>;

const narrowStores = { 1: i32.store8, 2: i32.store16, 4: i32.store } as const;

function operand64({ locals }: Place, src: Operand): Code {
  return src.kind === "reg" ? locals.read(src.reg) : i64.small(src.value);
}

function operand32({ locals }: Place, src: Operand): Code {
  return src.kind === "reg" ? locals.low(src.reg) : i32.const(src.value);
}

function arithmetic(at: Place, insn: Kind<"alu">, pc: number): Code {
  const { op, width, dst, src } = insn;
  const { locals } = at;
  const rotation = at.rotation(pc);
  if (rotation !== undefined) {
    const kept = get(locals.kept(rotation.keep, width));
    if (width === 32) return locals.writeLow(dst, i32.rotl(kept, i32.const(rotation.by)));
    const whole = i64.rotl(kept, i64.small(rotation.by));
    return isUnread(dst, at.wholeAfter(pc)) ? locals.writeLow(dst, i32.wrap(whole)) : locals.write(dst, whole);
  }
  if (!isNarrowResult(locals.narrow, insn, at.wholeAfter(pc))) {
    return locals.write(dst, alu64[op](locals.read(dst), operand64(at, src)));
  }
  // Of a shift to the right by 32 and more only the result fits; all others are what they are of low halves.
  if (width === 64 && op === "rsh")
    return locals.writeLow(dst, i32.wrap(i64.shrU(locals.read(dst), operand64(at, src))));
  return locals.writeLow(dst, alu32[op](locals.low(dst), operand32(at, src)));
}

const directly = {
  32: { div: i32.divU, sdiv: i32.divS, mod: i32.remU, smod: i32.remS },
  64: { div: i64.divU, sdiv: i64.divS, mod: i64.remU, smod: i64.remS },
} as const;

/** Division by a number other than 0 and -1 needs no choice. */
function divided(at: Place, { op, width, dst, src }: Kind<"alu">): Code | null {
  if (op !== "div" && op !== "sdiv" && op !== "mod" && op !== "smod") return null;
  if (src.kind !== "imm" || src.value === 0 || src.value === -1) return null;
  const operation = directly[width][op];
  if (width === 64) return at.locals.write(dst, operation(at.locals.read(dst), operand64(at, src)));
  return at.locals.writeLow(dst, operation(at.locals.low(dst), operand32(at, src)));
}

const packetPointer = (which: number): Code =>
  i64.or(i64.fromU(cpuWord(which === 2 ? "packetEnd" : "packetStart")), i64.const(BigInt(POINTER_HIGH) << 32n));

/**
 * A context field of 4 bytes may stand for a pointer. In a program that is not verified any load may reach it: it is told
 * from other memory by its address.
 */
function wideningLoad({ locals, pointers }: Place, { from, offset }: Address): Code {
  const inContext = i32.sub(get(locals.address), getGlobal(globals.context));
  let value = i64.load32U(get(locals.address));
  for (const [field, which] of pointers) {
    value = choose(type.i64, i32.eq(inContext, i32.const(field)), packetPointer(which), value);
  }
  const end = Math.max(...pointers.keys()) + 4;
  return [
    set(locals.address, i32.add(from, i32.const(offset))),
    choose(type.i64, i32.geU(inContext, i32.const(end)), i64.load32U(get(locals.address)), value),
  ];
}

function load(at: Place, insn: Kind<"load">, pc: number): Code {
  const { size, signed, dst, base, off } = insn;
  const isPointer = at.isPointer(pc);
  if (isPointer && !at.checked) return at.locals.write(dst, packetPointer(at.pointers.get(off) ?? 1));
  const where = address(at, base, off, size, accesses.read, pc);
  if (isPointer) return at.locals.write(dst, wideningLoad(at, where));
  if (isNarrowLoad(insn, false)) return at.locals.writeLow(dst, narrowLoads[size](where.from, where.offset));
  return at.locals.write(dst, (signed ? signedLoads : loads)[size](where.from, where.offset));
}

const combined: Readonly<Record<AtomicOp, (found: Code, src: Code) => Code>> = {
  add: i64.add,
  or: i64.or,
  and: i64.and,
  xor: i64.xor,
  xchg: (_, src) => src,
  // Written only where what was found is what r0 holds.
  cmpxchg: (_, src) => src,
};

function readModifyWrite(at: Place, insn: Kind<"atomic">, pc: number): Code {
  const { op, fetch, size, base, off, src } = insn;
  const { locals } = at;
  const where = address(at, base, off, size, accesses.atomic, pc);
  const keep = fetch ? (found: Code) => locals.write(op === "cmpxchg" ? 0 : src, found) : drop;
  if (at.shared) return keep(amongOthers(at, insn, i32.add(where.from, i32.const(where.offset))));
  const found = get(locals.found);
  const write = stores[size](get(locals.address), combined[op](found, locals.read(src)));
  const expected = size === 4 ? i64.fromU(locals.low(0)) : locals.read(0);
  return [
    set(locals.address, where.offset === 0 ? where.from : i32.add(where.from, i32.const(where.offset))),
    set(locals.found, loads[size](get(locals.address))),
    op === "cmpxchg" ? when(i64.eq(found, expected), write) : write,
    fetch ? keep(found) : [],
  ];
}

/** The same as one operation of the processor; the answer is what was found. */
function amongOthers({ locals }: Place, { op, size, src }: Kind<"atomic">, where: Code): Code {
  if (op !== "cmpxchg") return atomic.rmw(op, size, where, locals.read(src));
  // Compared with what is found and zeros above.
  const expected = size === 4 ? i64.fromU(locals.low(0)) : locals.read(0);
  return atomic.cmpxchg(size, where, expected, locals.read(src));
}

/** The legacy loads: bytes in network order; beyond the packet the function ends with 0. */
function packet({ locals, ends, depth }: Place, { size, src, imm }: Kind<"packet">): Code {
  const offset = src === null ? i32.const(imm) : i32.add(locals.low(src), i32.const(imm));
  const start = get(locals.address);
  const value = {
    1: i32.load8U(start),
    2: reversed16(i32.load16U(start)),
    4: reversed32(i32.load(start)),
  }[size];
  return [
    set(locals.address, offset),
    when(
      i32.or(
        i32.or(i32.eqz(cpuWord("packetRegion")), i32.ltS(start, i32.const(0))),
        // The packet has fewer bytes than 2^31, so neither side overflows.
        i32.gtS(start, i32.sub(i32.sub(cpuWord("packetEnd"), cpuWord("packetStart")), i32.const(size))),
      ),
      ends(zero, depth + 1),
    ),
    set(locals.address, i32.add(start, cpuWord("packetStart"))),
    locals.writeLow(0, value),
  ];
}

/** Registers go to the CPU's words, where helpers look for them, and r0 comes from there. */
function callOut(
  at: Place,
  insn: Kind<"callHelper" | "callKfunc" | "callx">,
  pc: number,
  func: number,
  more: Code,
): Code {
  const { locals } = at;
  const cpu = getGlobal(globals.cpu);
  const count = at.handedOver(insn);
  const spill = [1, 2, 3, 4, 5].slice(0, count).map((r) => i64.store(cpu, locals.read(r), registerAt(r)));
  const called = call(func, [i32.const(pc), get(locals.frame), more]);
  return [spill, mayLeave(insn) ? when(called, at.ends(zero, at.depth + 1)) : called, locals.write(0, i64.load(cpu))];
}

function callLocal(at: Place, { off }: Kind<"callLocal">, pc: number): Code {
  const { locals, checked } = at;
  const callee = at.callee(pc + 1 + off);
  if (callee === null) return stuck(pc);
  const frame = i32.add(get(locals.frame), i32.const(STACK_BYTES));
  const values = [1, 2, 3, 4, 5].slice(0, callee.count).map((r) => locals.read(r));
  const cpu = getGlobal(globals.cpu);
  const goOn = [call(imported.goOn, frame), locals.write(0, i64.load(cpu))];
  return [
    checked ? call(imported.enter, [i32.const(pc), get(locals.frame)]) : [],
    locals.write(0, callee.call([...values, frame])),
    callee.leaves ? when(i32.load(cpu, state.tailPending * 4), goOn) : [],
  ];
}

/** The machine says what is wrong; it does not come back. */
export function stuck(pc: number): Code {
  return [call(imported.stuck, i32.const(pc)), 0x00];
}

const swaps = { 16: reversed16, 32: reversed32 } as const;
const lows = { 16: (v: Code) => i32.and(v, i32.const(0xffff)), 32: (v: Code) => v } as const;

export const lowering: Lowering = {
  alu: (at, insn, pc) => divided(at, insn) ?? arithmetic(at, insn, pc),
  neg: ({ locals, wholeAfter }, { width, dst }, pc) =>
    width === 64 && !isUnread(dst, wholeAfter(pc))
      ? locals.write(dst, i64.sub(zero, locals.read(dst)))
      : locals.writeLow(dst, i32.sub(i32.const(0), locals.low(dst))),
  movsx: ({ locals }, { width, from, dst, src }) =>
    width === 64
      ? locals.write(dst, { 8: i64.extend8, 16: i64.extend16, 32: i64.extend32 }[from](locals.read(src)))
      : locals.writeLow(dst, { 8: i32.extend8, 16: i32.extend16, 32: (v: Code) => v }[from](locals.low(src))),
  swap: ({ locals }, { op, size, dst }) => {
    if (size === 64) return locals.write(dst, op === "le" ? locals.read(dst) : reversed64(locals.read(dst)));
    return locals.writeLow(dst, (op === "le" ? lows : swaps)[size](locals.low(dst)));
  },
  addrSpaceCast: ({ locals }, { dst, src }) => locals.write(dst, locals.read(src)),
  load,
  store: (at, { size, base, off, src }, pc) => {
    const { from, offset } = address(at, base, off, size, accesses.write, pc);
    if (size === 8) return i64.store(from, operand64(at, src), offset);
    return narrowStores[size](from, operand32(at, src), offset);
  },
  atomic: readModifyWrite,
  loadAcquire: (at, { size, dst, base, off }, pc) => {
    const { from, offset } = address(at, base, off, size, accesses.acquire, pc);
    return at.locals.write(dst, at.shared ? atomic.load(size, from, offset) : loads[size](from, offset));
  },
  storeRelease: (at, { size, base, off, src }, pc) => {
    const { from, offset } = address(at, base, off, size, accesses.release, pc);
    const value = at.locals.read(src);
    return at.shared ? atomic.store(size, from, value, offset) : stores[size](from, value, offset);
  },
  packet,
  imm64: (at, { what, dst, low, high }, pc) => {
    if (what === "value" && high === 0) return at.locals.writeLow(dst, i32.const(low));
    const to = what === "value" ? { lo: low, hi: high } : at.resolved(pc);
    if (to === null) return stuck(pc);
    return at.locals.write(dst, i64.const((BigInt(to.hi) << 32n) | BigInt(to.lo >>> 0)));
  },
  // The way on is the structure's; a condition is a number, below.
  jump: () => [],
  goto: () => [],
  mayGoto: (at, { off }) => (off === 0 ? drop(mayGo(at)) : []),
  callHelper: (at, insn, pc) => {
    if (isTailCall(insn)) return callOut(at, insn, pc, imported.tailCall, []);
    const mapCall = at.mapCall(insn, pc);
    const leaves = () => callOut(at, insn, pc, imported.helper, i32.const(insn.id));
    return mapCall === undefined ? leaves() : mapCalled(at.locals, mapCall, leaves);
  },
  callKfunc: (at, insn, pc) => callOut(at, insn, pc, imported.kfunc, i32.const(insn.index)),
  callx: (at, insn, pc) => {
    const number = at.locals.read(insn.reg);
    return callOut(at, insn, pc, imported.callx, [i32.wrap(number), i32.wrap(i64.shrU(number, i64.const(32n)))]);
  },
  callLocal,
  exit: ({ locals, ends, depth }) => ends(locals.read(0), depth),
  invalid: (_, __, pc) => stuck(pc),
};

/** A move that is made unless the jump before it is taken; `isNarrow`: the result is held in 32 bits. */
export function chosen(at: Place, jump: Insn | null | undefined, move: Insn, isNarrow: boolean): Code {
  if (move.kind !== "alu") throw new Error(`${move.kind} is no move`);
  const { locals } = at;
  const { width, dst, src } = move;
  const taken = condition(at, jump);
  if (isNarrow) return locals.writeLow(dst, select(locals.low(dst), operand32(at, src), taken));
  const made = width === 32 ? i64.fromU(operand32(at, src)) : operand64(at, src);
  return locals.write(dst, select(locals.read(dst), made, taken));
}

/** Not 0 where the jump at the end of a block is taken. */
export function condition(at: Place, insn: Insn | null | undefined): Code {
  if (insn?.kind === "mayGoto") return mayGo(at);
  if (insn?.kind !== "jump") throw new Error(`${insn?.kind ?? "nothing"} has no two ways to go on`);
  const { op, width, dst, src } = insn;
  const { locals } = at;
  if (width === 32) return jumps[32][op](locals.low(dst), operand32(at, src));
  const isShort = locals.isNarrow(dst) && (src.kind === "imm" ? src.value >= 0 : locals.isNarrow(src.reg));
  // Two numbers below 2^32 compare as they are, whether or not with a sign.
  if (isShort) return jumps[32][withoutSign[op] ?? op](locals.low(dst), operand32(at, src));
  return jumps[64][op](locals.read(dst), operand64(at, src));
}

const withoutSign: Partial<Record<JumpOp, JumpOp>> = { jsgt: "jgt", jsge: "jge", jslt: "jlt", jsle: "jle" };

/** may_goto jumps when the frame's budget is used up. */
function mayGo({ locals: { mayGoto } }: Place): Code {
  return choose(type.i32, i32.geU(get(mayGoto), i32.const(MAY_GOTO_BUDGET)), i32.const(1), [
    set(mayGoto, i32.add(get(mayGoto), i32.const(1))),
    i32.const(0),
  ]);
}
