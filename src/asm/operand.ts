// Operands: registers, immediates, memory, jump targets. Shared by both dialects.
import type { Span } from "../diag/source.ts";
import { nearest } from "../diag/suggest.ts";
import type { AccessSize, Width } from "../isa/insn.ts";
import { type Cursor, clip } from "./cursor.ts";
import { continued, expression, startsExpression } from "./expression.ts";
import type { Token } from "./lex.ts";
import type { LabelRef } from "./parsed.ts";
import { fail, report } from "./report.ts";

export interface Register {
  readonly reg: number;
  readonly width: Width;
  readonly at: Span;
}

export interface Memory {
  readonly base: number;
  readonly off: number;
  readonly at: Span;
}

const registerName = /^([rw])(\d+)$/i;
/** What people call registers elsewhere. */
const aliases = new Map([
  ["fp", "r10"],
  ["sp", "r10"],
  ["rsp", "r10"],
  ["rbp", "r10"],
  ["rax", "r0"],
  ["rdi", "r1"],
]);
const registerNames = Array.from({ length: 11 }, (_, n) => [`r${n}`, `w${n}`]).flat();

export function looksLikeRegister(token: Token | undefined): boolean {
  return token?.kind === "word" && registerName.test(token.text);
}

/** Takes a register if one is here; a register number that does not exist is an error. */
export function tryRegister(cursor: Cursor): Register | undefined {
  const first = cursor.at;
  if (cursor.isPunct("%") && looksLikeRegister(cursor.peek(1))) cursor.at++;
  const token = cursor.peek();
  const found = token?.kind === "word" ? registerName.exec(token.text) : null;
  if (token === undefined || found === null) {
    cursor.at = first;
    return undefined;
  }
  cursor.at++;
  const [, letter = "", digits = ""] = found;
  const at = cursor.since(first);
  if (digits.length > 2 || Number(digits) > 10 || (digits.length === 2 && digits.startsWith("0"))) {
    const help = digits === "11" ? "r11 is the kernel's own; programs have r0 to r10" : "programs have r0 to r10";
    fail("E0102", at, `there is no register \`${clip(token.text)}\``, { help });
  }
  return { reg: Number(digits), width: letter.toLowerCase() === "r" ? 64 : 32, at };
}

export function register(cursor: Cursor, what = "a register"): Register {
  const found = tryRegister(cursor);
  if (found !== undefined) return found;
  const token = cursor.peek();
  if (token?.kind !== "word") return cursor.unexpected(what);
  const lower = token.text.toLowerCase();
  const near = aliases.get(lower) ?? nearest(lower, registerNames);
  const help = near && `did you mean \`${near}\`?`;
  const replace = near ? { at: cursor.spanOf(token), text: near } : undefined;
  return fail("E0102", cursor.spanOf(token), `\`${clip(token.text)}\` is not a register`, { help, replace });
}

/** A register of 64 bits. */
export function register64(cursor: Cursor, what = "a register"): Register {
  const found = register(cursor, what);
  if (found.width === 32) {
    const text = `\`w${found.reg}\` is a 32-bit view; this operand takes the whole register`;
    const replace = { at: found.at, text: `r${found.reg}` };
    fail("E0104", found.at, text, { help: `write \`r${found.reg}\``, replace });
  }
  return found;
}

/** An integer where a name may have been written by mistake. */
export function integer(cursor: Cursor, what: string, names: Iterable<string> = []): { value: bigint; at: Span } {
  const first = cursor.at;
  const token = cursor.peek();
  if (token?.kind === "word") {
    const lower = token.text.toLowerCase();
    const all = [...names];
    const near = aliases.get(lower) ?? nearest(lower, [...registerNames, ...all]);
    const known = all.includes(token.text);
    const help = known ? `to load its address write \`${token.text} ll\`` : near && `did you mean \`${near}\`?`;
    const replace = !known && near ? { at: cursor.spanOf(token), text: near } : undefined;
    const text = known
      ? `\`${clip(token.text)}\` is an address, which takes 64 bits`
      : `\`${clip(token.text)}\` is not a register or a number`;
    fail("E0105", cursor.spanOf(token), text, { help, replace });
  }
  if (!startsExpression(cursor)) cursor.unexpected(what);
  const value = expression(cursor);
  return { value, at: cursor.since(first) };
}

/** As a signed 32-bit field. Numbers from 2^31 to 2^32-1 stand for the same bits, as everywhere in eBPF text. */
export function fit32(value: bigint, at: Span, help?: string): number {
  if (value < -(1n << 31n) || value >= 1n << 32n) {
    fail("E0103", at, `${clip(value.toString())} does not fit in 32 bits`, { help });
  }
  return Number(BigInt.asIntN(32, value));
}

/** Says so where a constant with bit 31 set becomes a 64-bit number with all upper bits set. */
export function remarkSignExtension(cursor: Cursor, value: bigint, at: Span, width: Width): void {
  if (width === 32 || value < 1n << 31n || value >= 1n << 32n) return;
  const wide = BigInt.asUintN(64, BigInt.asIntN(32, value));
  const text = `the constant is sign-extended to 0x${wide.toString(16)}`;
  const help = "for the positive number load it into a register with `ll`";
  cursor.remarks.push(report("note", "W0103", at, text, { help }));
}

export function immediate32(cursor: Cursor, width: Width, names: Iterable<string> = [], help?: string): number {
  const { value, at } = integer(cursor, "a register or a number", names);
  const fitted = fit32(value, at, help);
  remarkSignExtension(cursor, value, at, width);
  return fitted;
}

/** The two halves of a 64-bit immediate. */
export function halves(value: bigint, at: Span): { low: number; high: number } {
  if (value < -(1n << 63n) || value >= 1n << 64n) fail("E0103", at, "the number does not fit in 64 bits");
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)) };
}

export function fitOffset(value: bigint, at: Span, what = "offset"): number {
  if (value < -32768n || value > 32767n) {
    fail("E0110", at, `${what} ${clip(value.toString())} does not fit in 16 bits (-32768 to 32767)`);
  }
  return Number(value);
}

/** `r1 + 8`, `r1 - 8`, `r1`; the cursor stands at the register. */
export function baseAndOffset(cursor: Cursor): Memory {
  const first = cursor.at;
  const base = register64(cursor, "a base register");
  if (!cursor.isPunct("+") && !cursor.isPunct("-")) return { base: base.reg, off: 0, at: cursor.since(first) };
  const signAt = cursor.at;
  const minus = cursor.isPunct("-", 1);
  if (cursor.isPunct("+") && minus) {
    cursor.at += 2;
    const at = cursor.since(signAt);
    fail("E0101", at, "two signs before the offset", { help: "write one `-`", replace: { at, text: "-" } });
  }
  if (looksLikeRegister(cursor.peek(1))) {
    cursor.at++;
    const help = "add the registers first, then access memory with a constant offset";
    fail("E0101", cursor.here(), "an address is one register and a constant", { help });
  }
  const value = continued(cursor, 0n, 1);
  return { base: base.reg, off: fitOffset(value, cursor.since(signAt)), at: cursor.since(first) };
}

export type Target = { readonly at: Span } & (
  | { readonly kind: "offset"; readonly value: bigint }
  | { readonly kind: "label"; readonly label: LabelRef }
);

/** `+3`, `3`, `pc+3`, `1f`, `label`. llvm-objdump writes the label after the number, as `<label>`. */
export function target(cursor: Cursor): Target {
  const first = cursor.at;
  const token = cursor.peek();
  if (token?.kind === "local") {
    cursor.at++;
    return {
      kind: "label",
      label: { kind: "local", label: token.label, forward: token.forward },
      at: cursor.since(first),
    };
  }
  if (
    token?.kind === "word" &&
    !(token.text.toLowerCase() === "pc" && (cursor.isPunct("+", 1) || cursor.isPunct("-", 1)))
  ) {
    cursor.at++;
    const at = cursor.since(first);
    if (cursor.isPunct("+") || cursor.isPunct("-")) {
      fail("E0101", cursor.here(), "a label takes no offset here", { help: "put a label at the target" });
    }
    return { kind: "label", label: { kind: "name", name: token.text }, at };
  }
  const afterPc = cursor.word("pc");
  if (!startsExpression(cursor)) cursor.unexpected("a label or an offset");
  const value = afterPc ? continued(cursor, 0n, 1) : expression(cursor);
  const at = cursor.since(first);
  if (cursor.isPunct("<") && cursor.peek(1)?.kind === "word") {
    cursor.at++;
    while (!cursor.done && !cursor.isPunct(">")) cursor.at++;
    cursor.expect(">", "after the label");
  }
  return { kind: "offset", value, at };
}

const casts = new Map<string, { readonly size: AccessSize; readonly signed: boolean }>([
  ["u8", { size: 1, signed: false }],
  ["u16", { size: 2, signed: false }],
  ["u32", { size: 4, signed: false }],
  ["u64", { size: 8, signed: false }],
  ["s8", { size: 1, signed: true }],
  ["s16", { size: 2, signed: true }],
  ["s32", { size: 4, signed: true }],
]);

/** `(u32 *)`. */
export function cast(cursor: Cursor): { size: AccessSize; signed: boolean; at: Span } {
  const first = cursor.at;
  cursor.expect("(", "before the type");
  const token = cursor.peek();
  const type = token?.kind === "word" ? casts.get(token.text.toLowerCase()) : undefined;
  if (token === undefined || type === undefined) {
    if (token?.kind !== "word") return cursor.unexpected("a type such as `u32`");
    const s64 = token.text.toLowerCase() === "s64";
    const near = s64 ? "u64" : nearest(token.text, casts.keys());
    const help = s64 ? "64 bits need no sign extension: write `u64`" : near && `did you mean \`${near}\`?`;
    return fail("E0104", cursor.here(), `\`${clip(token.text)}\` is not an access type`, { help });
  }
  cursor.at++;
  cursor.expect("*", "after the type");
  cursor.expect(")", "after the type");
  return { ...type, at: cursor.since(first) };
}

/** `(r1 + 8)`. */
export function memory(cursor: Cursor): Memory {
  const first = cursor.at;
  cursor.expect("(", "before the address");
  const inner = baseAndOffset(cursor);
  cursor.expect(")", "after the address");
  return { ...inner, at: cursor.since(first) };
}
