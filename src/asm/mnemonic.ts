// The mnemonic dialect (`mov %r1, 7`), that the conformance vectors and several assemblers
// use. Its table is made from the instruction rows.

import { didYouMean } from "../diag/suggest.ts";
import { type AluRow, alu, aluOps } from "../isa/alu.ts";
import { type AtomicOp, type AtomicRow, atomic, atomicOps } from "../isa/atomic.ts";
import type { AccessSize, Operand, Width } from "../isa/insn.ts";
import { type JumpRow, jump, jumpOps } from "../isa/jump.ts";
import type { Setting } from "./assignment.ts";
import { type Cursor, clip } from "./cursor.ts";
import { startsExpression } from "./expression.ts";
import * as operand from "./operand.ts";
import type { LabelRef, Link, Parsed } from "./parsed.ts";
import { cutRemark, jump32 } from "./pseudoc.ts";
import { fail } from "./report.ts";

/** Reads the operands; the cursor stands after the mnemonic, which is token `first`. */
type Reader = (cursor: Cursor, setting: Setting, first: number) => Parsed;

const table = new Map<string, Reader>();
const sizeLetters: readonly (readonly [string, AccessSize])[] = [
  ["b", 1],
  ["h", 2],
  ["w", 4],
  ["dw", 8],
];

for (const op of aluOps) {
  const row: AluRow = alu[op];
  for (const [suffix, width] of [
    ["", 64],
    ["64", 64],
    ["32", 32],
  ] as const) {
    table.set(`${row.mnemonic}${suffix}`, (cursor, setting, first) => {
      const dst = register(cursor);
      comma(cursor);
      const src = source(cursor, width, setting);
      return {
        insn: { kind: "alu", op, width, dst: dst.reg, src: src.operand },
        origin: { whole: cursor.since(first), dst: dst.at, src: src.at },
      };
    });
  }
}
for (const op of jumpOps) {
  const row: JumpRow = jump[op];
  for (const [suffix, width] of [
    ["", 64],
    ["32", 32],
  ] as const) {
    table.set(`${row.mnemonic}${suffix}`, (cursor, setting, first) => {
      const dst = register(cursor);
      comma(cursor);
      const src = source(cursor, width, setting);
      comma(cursor);
      const to = operand.target(cursor);
      const off = to.kind === "offset" ? operand.fitOffset(to.value, to.at, "jump") : 0;
      const origin = { whole: cursor.since(first), dst: dst.at, src: src.at, target: to.at };
      return linked({ insn: { kind: "jump", op, width, dst: dst.reg, src: src.operand, off }, origin }, to);
    });
  }
}
for (const [suffix, width] of [
  ["", 64],
  ["64", 64],
  ["32", 32],
] as const) {
  inPlace(`neg${suffix}`, (dst) => ({ kind: "neg", width, dst }));
}
for (const size of [16, 32, 64] as const) {
  inPlace(`le${size}`, (dst) => ({ kind: "swap", op: "le", size, dst }));
  inPlace(`be${size}`, (dst) => ({ kind: "swap", op: "be", size, dst }));
  inPlace(`bswap${size}`, (dst) => ({ kind: "swap", op: "bswap", size, dst }));
  inPlace(`swap${size}`, (dst) => ({ kind: "swap", op: "bswap", size, dst }));
}
for (const [from, width] of [
  [8, 32],
  [16, 32],
  [8, 64],
  [16, 64],
  [32, 64],
] as const) {
  table.set(`movsx${from}${width}`, (cursor, _, first) => {
    const dst = register(cursor);
    comma(cursor);
    const src = register(cursor);
    const origin = { whole: cursor.since(first), dst: dst.at, src: src.at };
    return { insn: { kind: "movsx", width, from, dst: dst.reg, src: src.reg }, origin };
  });
}
for (const [letters, size] of sizeLetters) {
  load(`ldx${letters}`, size, false);
  if (size < 8) load(`ldxs${letters}`, size, true);
  table.set(`stx${letters}`, (cursor, _, first) => {
    const { base, off, at } = memory(cursor);
    comma(cursor);
    const src = register(cursor);
    const origin = { whole: cursor.since(first), memory: at, src: src.at };
    return { insn: { kind: "store", size, base, off, src: { kind: "reg", reg: src.reg } }, origin };
  });
  table.set(`st${letters}`, (cursor, setting, first) => {
    const { base, off, at } = memory(cursor);
    comma(cursor);
    const { value, at: valueAt } = operand.integer(cursor, "a number", setting.names());
    const src = { kind: "imm", value: operand.fit32(value, valueAt) } as const;
    operand.remarkSignExtension(cursor, value, valueAt, size === 8 ? 64 : 32);
    cutRemark(cursor, value, size, valueAt);
    return {
      insn: { kind: "store", size, base, off, src },
      origin: { whole: cursor.since(first), memory: at, src: valueAt },
    };
  });
  if (size === 8) continue;
  table.set(`ldabs${letters}`, (cursor, setting, first) => {
    const imm = operand.immediate32(cursor, 32, setting.names());
    return { insn: { kind: "packet", size, src: null, imm }, origin: { whole: cursor.since(first) } };
  });
  table.set(`ldind${letters}`, (cursor, setting, first) => {
    const src = register(cursor);
    const imm = cursor.punct(",") ? operand.immediate32(cursor, 32, setting.names()) : 0;
    return { insn: { kind: "packet", size, src: src.reg, imm }, origin: { whole: cursor.since(first), src: src.at } };
  });
}
const operations = new Map<string, { op: AtomicOp; fetch: boolean; size: 4 | 8 }>(
  atomicOps.flatMap((op) => {
    const row: AtomicRow = atomic[op];
    const fetch = row.fetch === "always";
    return [[row.mnemonic, { op, fetch, size: 8 }] as const, [`${row.mnemonic}32`, { op, fetch, size: 4 }] as const];
  }),
);
table.set("lock", (cursor, _, first) => {
  const fetch = cursor.word("fetch");
  const token = cursor.peek();
  const found = token?.kind === "word" ? operations.get(token.text.toLowerCase()) : undefined;
  if (token === undefined || found === undefined) {
    const help = token?.kind === "word" ? didYouMean(token.text, operations.keys()) : undefined;
    return cursor.unexpected("an atomic operation", help);
  }
  cursor.at++;
  const { base, off, at } = memory(cursor);
  comma(cursor);
  const src = register(cursor);
  const { op, size } = found;
  const origin = { whole: cursor.since(first), memory: at, src: src.at };
  return { insn: { kind: "atomic", op, fetch: fetch || found.fetch, size, base, off, src: src.reg }, origin };
});
table.set("lddw", wide);
for (const name of ["ja", "ja32"]) {
  table.set(name, (cursor, _, first) => {
    const to = operand.target(cursor);
    const long = name === "ja32";
    const off = to.kind === "label" ? 0 : long ? jump32(to.value, to.at) : operand.fitOffset(to.value, to.at, "jump");
    return linked({ insn: { kind: "goto", long, off }, origin: { whole: cursor.since(first), target: to.at } }, to);
  });
}
table.set("call", call);
table.set("exit", (cursor, _, first) => ({ insn: { kind: "exit" }, origin: { whole: cursor.since(first) } }));

export const mnemonics: ReadonlySet<string> = new Set(table.keys());

export function mnemonic(cursor: Cursor, setting: Setting): Parsed {
  const token = cursor.peek();
  if (token?.kind !== "word") return cursor.unexpected("a mnemonic");
  const reader = table.get(token.text.toLowerCase());
  if (reader === undefined) {
    const help = didYouMean(token.text, table.keys());
    return fail("E0101", cursor.spanOf(token), `unknown instruction \`${clip(token.text)}\``, { help });
  }
  const first = cursor.at++;
  const parsed = reader(cursor, setting, first);
  cursor.end();
  return parsed;
}

function comma(cursor: Cursor): void {
  cursor.expect(",", "between the operands");
}

function register(cursor: Cursor): operand.Register {
  const found = operand.register(cursor);
  if (found.width === 32) {
    const help = `registers are \`%r${found.reg}\` here; the mnemonic says the width`;
    fail("E0102", found.at, "the mnemonic dialect has no 32-bit register names", { help });
  }
  return found;
}

function source(cursor: Cursor, width: Width, setting: Setting): { operand: Operand; at: operand.Register["at"] } {
  const first = cursor.at;
  if (startsExpression(cursor)) {
    const value = operand.immediate32(cursor, width, setting.names(), "load a 64-bit constant with `lddw`");
    return { operand: { kind: "imm", value }, at: cursor.since(first) };
  }
  const found = register(cursor);
  return { operand: { kind: "reg", reg: found.reg }, at: found.at };
}

function memory(cursor: Cursor): operand.Memory {
  const first = cursor.at;
  cursor.expect("[", "before the address");
  const inner = operand.baseAndOffset(cursor);
  cursor.expect("]", "after the address");
  return { ...inner, at: cursor.since(first) };
}

function inPlace(name: string, make: (dst: number) => Parsed["insn"]): void {
  table.set(name, (cursor, _, first) => {
    const dst = register(cursor);
    return { insn: make(dst.reg), origin: { whole: cursor.since(first), dst: dst.at } };
  });
}

function load(name: string, size: AccessSize, signed: boolean): void {
  table.set(name, (cursor, _, first) => {
    const dst = register(cursor);
    comma(cursor);
    const { base, off, at } = memory(cursor);
    const origin = { whole: cursor.since(first), dst: dst.at, memory: at, src: at };
    return { insn: { kind: "load", size, signed, dst: dst.reg, base, off }, origin };
  });
}

function linked(parsed: Parsed, to: operand.Target): Parsed {
  return to.kind === "offset" ? parsed : { ...parsed, link: { kind: "jump", label: to.label, at: to.at } };
}

function wide(cursor: Cursor, setting: Setting, first: number): Parsed {
  const dst = register(cursor);
  comma(cursor);
  const start = cursor.at;
  const token = cursor.peek();
  const form = token?.kind === "word" ? token.text.toLowerCase() : "";
  if ((form === "map" || form === "map_value" || form === "func") && cursor.isPunct("[", 1)) {
    cursor.at += 2;
    const named = cursor.peek();
    if (named?.kind !== "word") return cursor.unexpected("a name");
    const at = cursor.spanOf(named);
    cursor.at++;
    cursor.expect("]", "after the name");
    const offset = cursor.punct("+") ? operand.integer(cursor, "an offset").value : 0n;
    const link: Link = { kind: "address", name: named.text, form, offset, at };
    const origin = { whole: cursor.since(first), dst: dst.at, src: cursor.since(start) };
    return { insn: { kind: "imm64", what: "value", dst: dst.reg, low: 0, high: 0 }, origin, link };
  }
  const { value, at } = operand.integer(cursor, "a 64-bit number", setting.names());
  const origin = { whole: cursor.since(first), dst: dst.at, src: at };
  return { insn: { kind: "imm64", what: "value", dst: dst.reg, ...operand.halves(value, at) }, origin };
}

function call(cursor: Cursor, setting: Setting, first: number): Parsed {
  const local = cursor.isWord("local") && cursor.peek(1) !== undefined;
  if (local) cursor.at++;
  const start = cursor.at;
  const called = local ? undefined : operand.tryRegister(cursor);
  if (called !== undefined) {
    return { insn: { kind: "callx", reg: called.reg }, origin: { whole: cursor.since(first), src: called.at } };
  }
  const token = cursor.peek();
  if (token?.kind === "word" || token?.kind === "local") {
    const to = operand.target(cursor);
    const origin = { whole: cursor.since(first), target: to.at };
    if (to.kind === "offset") return { insn: { kind: "callLocal", off: jump32(to.value, to.at) }, origin };
    const label: LabelRef = to.label;
    const tag = cursor.peek();
    if (tag?.kind === "hash") cursor.at++;
    const number = tag?.kind === "hash" ? { value: tag.value, at: cursor.spanOf(tag) } : undefined;
    return { insn: { kind: "callHelper", id: 0 }, origin, link: { kind: "call", label, number, local, at: to.at } };
  }
  const { value, at } = operand.integer(cursor, "a function name or number", setting.names());
  const origin = { whole: cursor.since(first), target: cursor.since(start) };
  if (local) return { insn: { kind: "callLocal", off: jump32(value, at) }, origin };
  return { insn: { kind: "callHelper", id: operand.fit32(value, at) }, origin };
}
