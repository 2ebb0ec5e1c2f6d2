// One thread, executed over values that need not be known: it runs until it needs one that is not (an address, or which
// way a branch goes), then it waits for a read to be decided. What an instruction computes is the `eval` of the ISA.
import { evalAlu, evalMovsx, evalNeg, evalSwap } from "../../isa/alu.ts";
import { evalAtomic } from "../../isa/atomic.ts";
import type { Insn, Operand } from "../../isa/insn.ts";
import { evalJump } from "../../isa/jump.ts";
import type { Event } from "./event.ts";
import { areaOf, type LitmusTest } from "./test.ts";
import { known, made, read, type Value, zeroFrom } from "./value.ts";

export interface ThreadState {
  readonly index: number;
  readonly pc: number;
  readonly registers: readonly Value[];
  /** Reads that decided a branch taken so far. */
  readonly ctrl: number;
  readonly events: number;
  readonly steps: number;
  readonly backward: number;
  readonly end: ThreadEnd | undefined;
  /** The read of a compare-and-exchange of which it is not yet known whether it writes. */
  readonly comparing: number | undefined;
}

/** `cut`: a loop went round more often than is looked at. */
export type ThreadEnd = { readonly kind: "returned" | "cut" } | ThreadFault;
export interface ThreadFault {
  readonly kind: "fault";
  readonly thread: number;
  readonly pc: number;
  readonly text: string;
}

/** What a thread's run asks of the candidate that it is a part of. */
export interface Around {
  readonly test: LitmusTest;
  value(of: Value): bigint | undefined;
  /** The id of the event that is emitted next. */
  nextId(): number;
  emit(event: Omit<Event, "id">): void;
  /** The compare-and-exchange whose read this is found what it compared with. */
  succeeded(read: number): void;
}

/** Bits in the masks of Value.reads: bit 31 would be the sign. */
const mostEvents = 31;
/** A loop's way back is taken this often (herd7's default too); a longer run is cut. */
const mostBackward = 2;

export class TooManyEvents {
  readonly thread: number;
  constructor(thread: number) {
    this.thread = thread;
  }
}

export function start(test: LitmusTest, index: number): ThreadState {
  const initial = test.threads[index]?.registers ?? new Map<number, bigint>();
  const registers = Array.from({ length: 11 }, (_, reg) => known(BigInt.asUintN(64, initial.get(reg) ?? 0n)));
  return { index, pc: 0, registers, ctrl: 0, events: 0, steps: 0, backward: 0, end: undefined, comparing: undefined };
}

/** Runs on as far as it can; the value it waits for, if it does. */
export function advance(from: ThreadState, around: Around): { readonly state: ThreadState; readonly needs?: Value } {
  let state = from;
  while (state.end === undefined) {
    const insn = around.test.threads[state.index]?.program.insns[state.pc];
    if (insn === undefined || insn === null || insn.kind === "exit") {
      return { state: { ...state, end: { kind: "returned" } } };
    }
    const next = step(state, insn, around);
    if ("needs" in next) return next;
    state = next;
  }
  return { state };
}

type Stepped = ThreadState | { readonly needs: Value; readonly state: ThreadState };

function step(state: ThreadState, insn: Insn, around: Around): Stepped {
  const { registers } = state;
  const register = (reg: number): Value => registers[reg] ?? known(0n);
  const operand = (from: Operand): Value =>
    from.kind === "reg" ? register(from.reg) : known(BigInt.asUintN(64, BigInt(from.value)));
  switch (insn.kind) {
    case "alu": {
      const src = operand(insn.src);
      if (insn.op === "mov")
        return set(state, insn.dst, insn.width === 64 ? src : made((v) => BigInt.asUintN(32, v), src));
      const dst = register(insn.dst);
      if (dst === src && (insn.op === "sub" || insn.op === "xor")) return set(state, insn.dst, zeroFrom(src));
      return set(
        state,
        insn.dst,
        made((a, b) => evalAlu(insn.op, insn.width, a, b), dst, src),
      );
    }
    case "neg":
      return set(
        state,
        insn.dst,
        made((v) => evalNeg(insn.width, v), register(insn.dst)),
      );
    case "movsx":
      return set(
        state,
        insn.dst,
        made((v) => evalMovsx(insn.width, insn.from, v), register(insn.src)),
      );
    case "swap":
      return set(
        state,
        insn.dst,
        made((v) => evalSwap(insn.op, insn.size, v), register(insn.dst)),
      );
    case "imm64": {
      const value = (BigInt(insn.high >>> 0) << 32n) | BigInt(insn.low >>> 0);
      return { ...set(state, insn.dst, known(value)), pc: state.pc + 2 };
    }
    case "goto":
      return branch(state, insn.off);
    case "jump": {
      const a = register(insn.dst);
      const b = operand(insn.src);
      const taken = around.value(made((x, y) => (evalJump(insn.op, insn.width, x, y) ? 1n : 0n), a, b));
      if (taken === undefined) return { needs: made((x) => x, a, b), state };
      const decided = { ...state, ctrl: state.ctrl | a.reads | b.reads };
      return taken === 1n ? branch(decided, insn.off) : passed(decided);
    }
    case "load":
    case "loadAcquire":
    case "store":
    case "storeRelease":
    case "atomic":
      return access(state, insn, around);
    default:
      throw new Error(`a litmus test has no ${insn.kind}`);
  }
}

const widths = { 1: 8, 2: 16, 4: 32 } as const;

type AccessInsn = Extract<Insn, { kind: "load" | "loadAcquire" | "store" | "storeRelease" | "atomic" }>;

function access(state: ThreadState, insn: AccessInsn, around: Around): Stepped {
  const base = state.registers[insn.base] ?? known(0n);
  const at = around.value(made((v) => BigInt.asUintN(64, v + BigInt(insn.off)), base));
  if (at === undefined) return { needs: base, state };
  const address = Number(at);
  const wrong = state.comparing === undefined ? misplaced(around.test, address, insn) : undefined;
  if (wrong !== undefined) return { ...state, end: { kind: "fault", thread: state.index, pc: state.pc, text: wrong } };
  if (state.events + 2 > mostEvents) throw new TooManyEvents(state.index);
  const place = { address, size: insn.size, addr: base.reads };
  if (insn.kind === "atomic") return atomic(state, insn, place, around);
  if (insn.kind === "load" || insn.kind === "loadAcquire") {
    const order = insn.kind === "load" ? "plain" : "acquire";
    const got = read(around.nextId(), state.events);
    const emitted = emit(state, { ...place, data: 0, reads: true, writes: false, order }, around);
    const { size } = insn;
    const extended = insn.kind === "load" && insn.signed && size !== 8;
    return set(emitted.state, insn.dst, extended ? made((v) => evalMovsx(64, widths[size], v), got) : got);
  }
  const src = insn.kind === "store" ? insn.src : ({ kind: "reg", reg: insn.src } as const);
  const written =
    src.kind === "reg" ? (state.registers[src.reg] ?? known(0n)) : known(BigInt.asUintN(64, BigInt(src.value)));
  const order = insn.kind === "store" ? "plain" : "release";
  return passed(
    emit(state, { ...place, written, data: written.reads, reads: false, writes: true, order }, around).state,
  );
}

type Place = Pick<Event, "address" | "size" | "addr">;

/**
 * A compare-and-exchange waits until it is known whether it writes, and is then a read, or a read and a write; every
 * other operation is one event that does both.
 */
function atomic(
  state: ThreadState,
  insn: Extract<Insn, { kind: "atomic" }>,
  place: Place,
  around: Around,
): ThreadState | { readonly needs: Value; readonly state: ThreadState } {
  const src = state.registers[insn.src] ?? known(0n);
  const { op, size } = insn;
  if (op === "cmpxchg") return compareExchange(state, size, src, place, around);
  // The operand counts as a dependency of the address too: the event is also a read, and comes after it (as in herd7).
  const event = { ...place, addr: place.addr | src.reads, data: src.reads, reads: true, writes: true };
  const old = read(around.nextId(), state.events);
  const written = made((memory, by) => evalAtomic(op, size, memory, by, 0n), old, src);
  const emitted = emit(state, { ...event, written, order: insn.fetch ? "full" : "relaxed" }, around);
  return insn.fetch ? set(emitted.state, insn.src, old) : passed(emitted.state);
}

function compareExchange(
  before: ThreadState,
  size: 4 | 8,
  src: Value,
  place: Place,
  around: Around,
): ThreadState | { readonly needs: Value; readonly state: ThreadState } {
  const expected = before.registers[0] ?? known(0n);
  let state = before;
  if (state.comparing === undefined) {
    const id = around.nextId();
    const emitted = emit(state, { ...place, data: 0, reads: true, writes: false, order: "failed" }, around);
    state = { ...emitted.state, comparing: id };
  }
  const id = state.comparing ?? 0;
  const old = read(id, state.events - 1);
  const cut = (v: bigint): bigint => BigInt.asUintN(size * 8, v);
  const equal = around.value(made((a, b) => (cut(a) === cut(b) ? 1n : 0n), old, expected));
  if (equal === undefined) return { needs: made((a) => a, old, expected), state };
  if (equal === 1n) {
    around.succeeded(id);
    const written = made((memory, by, r0) => evalAtomic("cmpxchg", size, memory, by, r0), old, src, expected);
    const data = src.reads | expected.reads;
    const write = { ...place, data, reads: false, writes: true, written, order: "full", pairedWith: id } as const;
    state = emit(state, write, around).state;
  }
  return { ...set(state, 0, old), comparing: undefined };
}

type Emitted = Omit<Event, "id" | "thread" | "place" | "step" | "pc" | "ctrl">;

function emit(state: ThreadState, event: Emitted, around: Around): { readonly state: ThreadState } {
  const { index: thread, events: place, steps, pc, ctrl } = state;
  around.emit({ ...event, thread, place, step: steps, pc, ctrl });
  return { state: { ...state, events: place + 1 } };
}

function passed(state: ThreadState): ThreadState {
  return { ...state, pc: state.pc + 1, steps: state.steps + 1 };
}

function set(state: ThreadState, reg: number, value: Value): ThreadState {
  const registers = [...state.registers];
  registers[reg] = value;
  return { ...passed(state), registers };
}

function branch(state: ThreadState, off: number): ThreadState {
  const target = { ...passed(state), pc: state.pc + 1 + off };
  if (off >= 0) return target;
  const backward = state.backward + 1;
  return backward > mostBackward ? { ...target, end: { kind: "cut" } } : { ...target, backward };
}

/** Why an access cannot be: outside every location, or not in one piece. */
function misplaced(test: LitmusTest, address: number, insn: AccessInsn): string | undefined {
  const { size } = insn;
  if (areaOf(test, address, size) === undefined) {
    return `it accesses ${size} byte${size === 1 ? "" : "s"} at address ${address}, where no location is`;
  }
  const misaligned = address % size !== 0;
  if (misaligned && insn.kind !== "load" && insn.kind !== "store") {
    return `it accesses ${size} bytes at an address that is no multiple of ${size}; an atomic instruction may not`;
  }
  if (Math.floor(address / 8) !== Math.floor((address + size - 1) / 8)) {
    return `it accesses ${size} bytes across an aligned word of 8; such an access may be torn, which is not modelled`;
  }
  return undefined;
}
