// The pseudo-C dialect's assignments to a register: `r1 = …`, `r1 += …`.
import { type AluOp, type AluRow, alu, aluOps } from "../isa/alu.ts";
import { type AtomicOp, atomicOps } from "../isa/atomic.ts";
import { LD_IMM64 } from "../isa/encoding.ts";
import type { Insn } from "../isa/insn.ts";
import type { Origin } from "../isa/program.ts";
import { type Cursor, clip } from "./cursor.ts";
import { expression } from "./expression.ts";
import * as operand from "./operand.ts";
import type { AddressForm, Link, Parsed } from "./parsed.ts";
import { fail } from "./report.ts";

/** What a parser may know beyond the statement itself. */
export interface Setting {
  /** Names of the maps and labels seen so far, to help with mistakes. */
  readonly names: () => Iterable<string>;
  /** The opcode byte that a verifier log prints before the instruction. */
  readonly opcode?: number;
}

const opBySymbol = new Map<string, AluOp>(
  aluOps.map((op) => {
    const row: AluRow = alu[op];
    return [row.symbol, op];
  }),
);
const swapWord = /^(be|le|bswap)(16|32|64)$/;
const fetchWord = /^atomic(64)?_(?:fetch_(\w+)|(xchg)|(cmpxchg))$/;
const exchangeWord = /^(xchg|cmpxchg)(_64|32_32)$/;
const addressForms = new Set(["map", "map_value", "func"]);

/** What stands right of the `=`: the instruction, and whether the right-hand side has a place of its own. */
type Right = { readonly insn: Insn; readonly link?: Link; readonly memory?: operand.Memory };

export function assignment(cursor: Cursor, setting: Setting): Parsed {
  const first = cursor.at;
  const dst = operand.register(cursor);
  const token = cursor.peek();
  const op = token?.kind === "punct" ? opBySymbol.get(token.text) : undefined;
  if (token === undefined || op === undefined) {
    const help = token?.text === ">>>=" ? "`>>=` shifts in zeros, `s>>=` shifts in the sign" : undefined;
    return cursor.unexpected("`=` or an operator such as `+=`", help);
  }
  cursor.at++;
  const rightStart = cursor.at;
  const right = op === "mov" ? moved(cursor, dst, setting) : simple(cursor, dst, op, setting);
  const origin: Origin = {
    whole: cursor.since(first),
    dst: dst.at,
    src: cursor.since(rightStart),
    ...(right.memory ? { memory: right.memory.at } : {}),
  };
  if (op === "mov" && right.insn.kind === "alu" && right.insn.src.kind === "reg" && !cursor.done) {
    cursor.end("an instruction has one operator: copy first, then for example `r0 += r2`");
  }
  if (cursor.isWord("ll")) cursor.end("`ll` is for a 64-bit number or an address: `r1 = 5 ll`");
  return { insn: right.insn, origin, ...(right.link ? { link: right.link } : {}) };
}

function sameWidth(dst: operand.Register, src: operand.Register): void {
  if (dst.width === src.width) return;
  const wanted = `${dst.width === 64 ? "r" : "w"}${src.reg}`;
  const text = `\`${dst.width === 64 ? "r" : "w"}${dst.reg}\` has ${dst.width} bits and \`${src.width === 64 ? "r" : "w"}${src.reg}\` has ${src.width}`;
  const help = `both registers of an operation have one width: write \`${wanted}\``;
  fail("E0104", src.at, text, { help, replace: { at: src.at, text: wanted } });
}

function simple(cursor: Cursor, dst: operand.Register, op: AluOp, setting: Setting): Right {
  const src = operand.tryRegister(cursor);
  if (src !== undefined) {
    sameWidth(dst, src);
    return { insn: { kind: "alu", op, width: dst.width, dst: dst.reg, src: { kind: "reg", reg: src.reg } } };
  }
  const value = operand.immediate32(cursor, dst.width, setting.names());
  return { insn: { kind: "alu", op, width: dst.width, dst: dst.reg, src: { kind: "imm", value } } };
}

function moved(cursor: Cursor, dst: operand.Register, setting: Setting): Right {
  const token = cursor.peek();
  if (token?.kind === "punct") {
    if (token.text === "-" && cursor.peek(1)?.kind === "word") return negated(cursor, dst);
    if (token.text === "(" && cursor.peek(1)?.kind === "word") return extended(cursor, dst);
    if (token.text === "*") return loaded(cursor, dst);
  }
  if (token?.kind !== "word" || operand.looksLikeRegister(token)) return plain(cursor, dst, setting);
  const name = token.text.toLowerCase();
  const after = cursor.peek(1);
  if (swapWord.test(name) && after?.kind !== undefined) return swapped(cursor, dst, name);
  if (addressForms.has(name) && cursor.isPunct("[", 1)) return address(cursor, dst, name, setting);
  if (cursor.isPunct("(", 1)) return called(cursor, dst, name);
  return symbol(cursor, dst, setting);
}

function plain(cursor: Cursor, dst: operand.Register, setting: Setting): Right {
  const src = operand.tryRegister(cursor);
  if (src !== undefined) {
    if (cursor.isWord("ll")) fail("E0101", src.at, "`ll` loads a number or an address, not a register");
    sameWidth(dst, src);
    return { insn: { kind: "alu", op: "mov", width: dst.width, dst: dst.reg, src: { kind: "reg", reg: src.reg } } };
  }
  const { value, at } = operand.integer(cursor, "a register, a number, a load or a name");
  const wide = cursor.peek();
  const saysWide = wide?.kind === "word" && wide.text === "ll";
  if (saysWide || setting.opcode === LD_IMM64) {
    if (saysWide) cursor.at++;
    if (dst.width === 32)
      fail("E0104", dst.at, "a 64-bit constant needs a whole register", { help: `write \`r${dst.reg}\`` });
    return { insn: { kind: "imm64", what: "value", dst: dst.reg, ...operand.halves(value, at) } };
  }
  if (cursor.isWord("ll")) cursor.end("write `ll` in lower case");
  const help =
    dst.width === 64 ? `for a 64-bit constant write \`r${dst.reg} = ${clip(value.toString())} ll\`` : undefined;
  const fitted = operand.fit32(value, at, help);
  operand.remarkSignExtension(cursor, value, at, dst.width);
  return { insn: { kind: "alu", op: "mov", width: dst.width, dst: dst.reg, src: { kind: "imm", value: fitted } } };
}

/** The encoding has one register for both, so the two that are written must be the same. */
function sameRegister(dst: operand.Register, src: operand.Register, what: string): void {
  if (dst.reg === src.reg && dst.width === src.width) return;
  const wanted = `${dst.width === 64 ? "r" : "w"}${dst.reg}`;
  const help = `copy first, then ${what} in place: \`${wanted} = …\``;
  const text = `${what} works in place: the source must be \`${wanted}\` too`;
  fail("E0104", src.at, text, { help, replace: { at: src.at, text: wanted } });
}

function negated(cursor: Cursor, dst: operand.Register): Right {
  cursor.at++;
  sameRegister(dst, operand.register(cursor), "negation");
  return { insn: { kind: "neg", width: dst.width, dst: dst.reg } };
}

function extended(cursor: Cursor, dst: operand.Register): Right {
  cursor.at++;
  const token = cursor.peek();
  const found = token?.kind === "word" ? /^([us])(8|16|32|64)$/i.exec(token.text) : null;
  if (token === undefined || found === null || !cursor.isPunct(")", 1)) {
    return cursor.unexpected("a number or a cast `(s8)`, `(s16)` or `(s32)`");
  }
  const from = Number(found[2]);
  if (found[1]?.toLowerCase() === "u" || (from !== 8 && from !== 16 && from !== 32)) {
    const help = from < 32 ? `clear the upper bits instead: \`&= 0x${(2 ** from - 1).toString(16)}\`` : "use `w1 = w2`";
    return fail("E0104", cursor.spanOf(token), `there is no conversion \`(${token.text})\``, { help });
  }
  if (from === 32 && dst.width === 32) {
    fail("E0104", cursor.spanOf(token), "a 32-bit register has no more bits to extend into", {
      help: "write `w1 = w2`",
    });
  }
  cursor.at += 2;
  const src = operand.register(cursor);
  sameWidth(dst, src);
  return { insn: { kind: "movsx", width: dst.width, from, dst: dst.reg, src: src.reg } };
}

function loaded(cursor: Cursor, dst: operand.Register): Right {
  const first = cursor.at++;
  const type = operand.cast(cursor);
  if (cursor.word("skb")) return packet(cursor, dst, type);
  const at = operand.memory(cursor);
  const memory = { ...at, at: cursor.since(first) };
  if (dst.width === 32 && (type.size === 8 || type.signed)) {
    const why = type.size === 8 ? "8 bytes do not fit in a 32-bit register" : "sign extension always fills 64 bits";
    fail("E0104", dst.at, why, { help: `write \`r${dst.reg}\``, replace: { at: dst.at, text: `r${dst.reg}` } });
  }
  const { size, signed } = type;
  return { insn: { kind: "load", size, signed, dst: dst.reg, base: at.base, off: at.off }, memory };
}

function packet(cursor: Cursor, dst: operand.Register, type: ReturnType<typeof operand.cast>): Right {
  if (type.size === 8 || type.signed) {
    return fail("E0104", type.at, "packet loads take `u8`, `u16` or `u32`");
  }
  if (dst.reg !== 0 || dst.width !== 64) {
    fail("E0102", dst.at, "packet loads go to r0", { help: "write `r0`", replace: { at: dst.at, text: "r0" } });
  }
  cursor.expect("[", "after `skb`");
  const src = operand.tryRegister(cursor);
  let imm = 0;
  if (src === undefined || cursor.isPunct("+") || cursor.isPunct("-")) {
    const first = cursor.at;
    const value = expression(cursor);
    imm = operand.fit32(value, cursor.since(first));
  }
  cursor.expect("]", "after the packet offset");
  return { insn: { kind: "packet", size: type.size, src: src?.reg ?? null, imm } };
}

function swapped(cursor: Cursor, dst: operand.Register, name: string): Right {
  const [, op, digits] = swapWord.exec(name) ?? [];
  const size = Number(digits);
  const at = cursor.here();
  cursor.at++;
  if (cursor.isPunct("("))
    fail("E0101", cursor.here(), "no parentheses here", { help: `write \`${name} r${dst.reg}\`` });
  if ((op !== "be" && op !== "le" && op !== "bswap") || (size !== 16 && size !== 32 && size !== 64)) {
    return fail("E0101", at, `unknown operation \`${name}\``);
  }
  if (dst.width === 32) {
    const replace = { at: dst.at, text: `r${dst.reg}` };
    fail("E0104", dst.at, "byte swaps take a whole register", { help: `write \`r${dst.reg}\``, replace });
  }
  sameRegister(dst, operand.register(cursor), "a byte swap");
  return { insn: { kind: "swap", op, size, dst: dst.reg } };
}

/** `map[name]`, `map_value[name] + 8`, `func[name]`; `ll` may be left out in a log, where (18) says it. */
function address(cursor: Cursor, dst: operand.Register, name: string, setting: Setting): Right {
  const first = cursor.at;
  const form: AddressForm = name === "map" ? "map" : name === "func" ? "func" : "map_value";
  cursor.at += 2;
  const token = cursor.peek();
  if (token?.kind !== "word") return cursor.unexpected("the name of a map");
  if (cursor.isPunct(":", 1)) {
    const help = "declare the map with `.map` and write its name: `map[counters] ll`";
    fail("E0105", cursor.here(), "a map is named here, not numbered", { help });
  }
  const at = cursor.spanOf(token);
  cursor.at++;
  cursor.expect("]", "after the name");
  const offset = cursor.isPunct("+") || cursor.isPunct("-") ? expression(cursor) : 0n;
  return wideAddress(cursor, dst, { kind: "address", name: token.text, form, offset, at }, first, setting);
}

/** `name ll`, `name + 8 ll`. */
function symbol(cursor: Cursor, dst: operand.Register, setting: Setting): Right {
  const first = cursor.at;
  const token = cursor.peek();
  const rest = cursor.tokens.slice(cursor.at);
  const last = rest[rest.length - 1];
  const isAddress = (last?.kind === "word" && last.text === "ll" && rest.length > 1) || setting.opcode === LD_IMM64;
  if (token?.kind !== "word" || !isAddress) {
    operand.integer(cursor, "a register, a number, a load or a name", setting.names());
    return cursor.unexpected("`ll`");
  }
  cursor.at++;
  const at = cursor.spanOf(token);
  const offset = cursor.isPunct("+") || cursor.isPunct("-") ? expression(cursor) : 0n;
  return wideAddress(cursor, dst, { kind: "address", name: token.text, form: "any", offset, at }, first, setting);
}

function wideAddress(cursor: Cursor, dst: operand.Register, link: Link, first: number, setting: Setting): Right {
  if (!cursor.word("ll") && setting.opcode !== LD_IMM64) {
    const at = cursor.since(first);
    fail("E0101", at, "an address takes 64 bits", { help: "end the line with `ll`" });
  }
  if (dst.width === 32) fail("E0104", dst.at, "an address needs a whole register", { help: `write \`r${dst.reg}\`` });
  return { insn: { kind: "imm64", what: "value", dst: dst.reg, low: 0, high: 0 }, link };
}

function called(cursor: Cursor, dst: operand.Register, name: string): Right {
  const at = cursor.here();
  const fetched = fetchWord.exec(name);
  const exchanged = exchangeWord.exec(name);
  if (name === "addr_space_cast") return castAddressSpace(cursor, dst);
  if (name === "load_acquire") return acquired(cursor, dst);
  if (exchanged !== null) {
    const op = exchanged[1] === "xchg" ? "xchg" : "cmpxchg";
    const size = exchanged[2] === "_64" ? 8 : 4;
    cursor.at += 2;
    const memory = operand.baseAndOffset(cursor);
    return exchange(cursor, dst, op, memory, size, true);
  }
  if (fetched !== null) {
    const op = fetched[2] ?? fetched[3] ?? fetched[4];
    if (op === "sub") {
      const help = "negate the operand and use `atomic_fetch_add`";
      return fail("E0101", at, "there is no atomic subtraction", { help });
    }
    const found = atomicOps.find((known) => known === op);
    if (found !== undefined) return fetch(cursor, dst, found, fetched[1] === "64");
  }
  const known = ["load_acquire", "addr_space_cast", "xchg_64", "xchg32_32", "cmpxchg_64", "cmpxchg32_32"];
  const help = swapWord.test(name.replace(/^hto|toh$/, ""))
    ? `write \`r${dst.reg} = ${name.replace(/^hto|toh$/, "")} r${dst.reg}\``
    : `the operations written with parentheses are ${known.join(", ")} and atomic_fetch_*`;
  return fail("E0101", at, `unknown operation \`${clip(name)}\``, { help });
}

function castAddressSpace(cursor: Cursor, dst: operand.Register): Right {
  if (dst.width === 32) fail("E0104", dst.at, "an address needs a whole register", { help: `write \`r${dst.reg}\`` });
  cursor.at += 2;
  const src = operand.register64(cursor);
  const space = () => {
    cursor.expect(",", "before an address space");
    const { value, at } = operand.integer(cursor, "the number of an address space");
    if (value < 0n || value > 0xffffn) fail("E0103", at, "an address space has a number from 0 to 65535");
    return Number(value);
  };
  const to = space();
  const from = space();
  cursor.expect(")", "after the address spaces");
  return { insn: { kind: "addrSpaceCast", dst: dst.reg, src: src.reg, to, from } };
}

/** A register as the operand of a memory operation of `size` bytes: `w` or `r` up to 4 bytes, `r` for 8. */
export function sized(register: operand.Register, size: number): operand.Register {
  if (register.width === 32 && size === 8) {
    const replace = { at: register.at, text: `r${register.reg}` };
    fail("E0104", register.at, `8 bytes need the whole register`, { help: `write \`r${register.reg}\``, replace });
  }
  return register;
}

function acquired(cursor: Cursor, dst: operand.Register): Right {
  cursor.at++;
  const first = cursor.at;
  cursor.expect("(", "after the operation");
  const type = operand.cast(cursor);
  if (type.signed) fail("E0104", type.at, "an acquiring load does not extend the sign");
  const memory = operand.memory(cursor);
  cursor.expect(")", "after the address");
  sized(dst, type.size);
  const { size } = type;
  const insn: Insn = { kind: "loadAcquire", size, dst: dst.reg, base: memory.base, off: memory.off };
  return { insn, memory: { ...memory, at: cursor.since(first) } };
}

function fetch(cursor: Cursor, dst: operand.Register, op: AtomicOp, wide: boolean): Right {
  cursor.at += 2;
  const first = cursor.at;
  const type = operand.cast(cursor);
  if (type.signed || type.size < 4) {
    return fail("E0104", type.at, "atomic operations take `u32` or `u64`");
  }
  if (wide && type.size !== 8) fail("E0104", type.at, "an `atomic64` operation takes `u64`");
  const memory = operand.memory(cursor);
  const size = type.size === 8 ? 8 : 4;
  return exchange(cursor, dst, op, { ...memory, at: cursor.since(first) }, size, false);
}

/** The operands after the address, of every fetching operation. `strict`: LLVM's names, whose register width is fixed. */
function exchange(
  cursor: Cursor,
  dst: operand.Register,
  op: AtomicOp,
  memory: operand.Memory,
  size: 4 | 8,
  strict: boolean,
): Right {
  const width = size === 8 ? 64 : 32;
  const check = (found: operand.Register) => {
    sized(found, size);
    if (strict && found.width !== width) {
      fail("E0104", found.at, `this operation takes \`w${found.reg}\``, {
        replace: { at: found.at, text: `w${found.reg}` },
      });
    }
    return found;
  };
  check(dst);
  if (op === "cmpxchg") {
    cursor.expect(",", "after the address");
    const compared = check(operand.register(cursor));
    for (const found of [dst, compared]) {
      if (found.reg !== 0) fail("E0102", found.at, "compare-and-exchange compares with r0 and returns in r0");
    }
  }
  cursor.expect(",", "before the operand");
  const src = check(operand.register(cursor));
  cursor.expect(")", "after the operand");
  if (op !== "cmpxchg" && src.reg !== dst.reg) {
    const text = "the old value returns in the register that held the operand";
    fail("E0104", src.at, text, { help: `both must be the same register, for example \`r${dst.reg}\`` });
  }
  return { insn: { kind: "atomic", op, fetch: true, size, base: memory.base, off: memory.off, src: src.reg }, memory };
}
