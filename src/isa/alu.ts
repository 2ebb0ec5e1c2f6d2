// The arithmetic instructions, one row each (RFC 9669 §4.1). The assembler, the
// disassembler and the interpreter read these rows; the verifier and the compiler
// hold tables with the same keys, so that a new row here does not compile until
// each of them says what it does with it.
import type { Width } from "./width.ts";

export interface AluRow {
  /** Bits 4..7 of the opcode. */
  readonly code: number;
  /** The offset field that selects the signed form (1 for sdiv and smod). */
  readonly off: 0 | 1;
  readonly symbol: string;
  readonly mnemonic: string;
  readonly since: "v1" | "v4";
  /**
   * The reference meaning on unsigned operands of `width` bits. The result may be any
   * bigint: its low `width` bits count, and a 32-bit result clears the upper half of dst.
   */
  readonly eval: (a: bigint, b: bigint, width: Width) => bigint;
}

export const alu = {
  add: { code: 0x0, off: 0, symbol: "+=", mnemonic: "add", since: "v1", eval: (a, b) => a + b },
  sub: { code: 0x1, off: 0, symbol: "-=", mnemonic: "sub", since: "v1", eval: (a, b) => a - b },
  mul: { code: 0x2, off: 0, symbol: "*=", mnemonic: "mul", since: "v1", eval: (a, b) => a * b },
  // Division by zero does not trap: it gives 0, and the remainder is the dividend.
  div: { code: 0x3, off: 0, symbol: "/=", mnemonic: "div", since: "v1", eval: (a, b) => (b === 0n ? 0n : a / b) },
  // The quotient is truncated toward zero; least / -1 wraps to least by taking the low bits.
  sdiv: { code: 0x3, off: 1, symbol: "s/=", mnemonic: "sdiv", since: "v4", eval: (a, b, w) => signedDivide(a, b, w) },
  or: { code: 0x4, off: 0, symbol: "|=", mnemonic: "or", since: "v1", eval: (a, b) => a | b },
  and: { code: 0x5, off: 0, symbol: "&=", mnemonic: "and", since: "v1", eval: (a, b) => a & b },
  lsh: { code: 0x6, off: 0, symbol: "<<=", mnemonic: "lsh", since: "v1", eval: (a, b, w) => a << shift(b, w) },
  rsh: { code: 0x7, off: 0, symbol: ">>=", mnemonic: "rsh", since: "v1", eval: (a, b, w) => a >> shift(b, w) },
  mod: { code: 0x9, off: 0, symbol: "%=", mnemonic: "mod", since: "v1", eval: (a, b) => (b === 0n ? a : a % b) },
  smod: { code: 0x9, off: 1, symbol: "s%=", mnemonic: "smod", since: "v4", eval: (a, b, w) => signedModulo(a, b, w) },
  xor: { code: 0xa, off: 0, symbol: "^=", mnemonic: "xor", since: "v1", eval: (a, b) => a ^ b },
  mov: { code: 0xb, off: 0, symbol: "=", mnemonic: "mov", since: "v1", eval: (_, b) => b },
  arsh: {
    code: 0xc,
    off: 0,
    symbol: "s>>=",
    mnemonic: "arsh",
    since: "v1",
    eval: (a, b, w) => BigInt.asIntN(w, a) >> shift(b, w),
  },
} as const satisfies Record<string, AluRow>;

export type AluOp = keyof typeof alu;
export const aluOps = Object.keys(alu) as readonly AluOp[];

/** Shift counts wrap at the operand's width rather than saturating. */
function shift(count: bigint, width: Width): bigint {
  return count & BigInt(width - 1);
}

function signedDivide(a: bigint, b: bigint, width: Width): bigint {
  return b === 0n ? 0n : BigInt.asIntN(width, a) / BigInt.asIntN(width, b);
}

function signedModulo(a: bigint, b: bigint, width: Width): bigint {
  return b === 0n ? a : BigInt.asIntN(width, a) % BigInt.asIntN(width, b);
}

/** The reference semantics of an ALU instruction on full registers. */
export function evalAlu(op: AluOp, width: Width, dst: bigint, src: bigint): bigint {
  const row: AluRow = alu[op];
  return BigInt.asUintN(width, row.eval(BigInt.asUintN(width, dst), BigInt.asUintN(width, src), width));
}

/** `dst = -dst`. */
export function evalNeg(width: Width, dst: bigint): bigint {
  return BigInt.asUintN(width, -dst);
}

/** Sign extension of the low `from` bits to `width`; the rest is zero. */
export function evalMovsx(width: Width, from: 8 | 16 | 32, src: bigint): bigint {
  return BigInt.asUintN(width, BigInt.asIntN(from, src));
}

/** Byte order conversion on a little-endian machine: `le` truncates, `be` and `bswap` reverse. */
export function evalSwap(op: "le" | "be" | "bswap", size: 16 | 32 | 64, dst: bigint): bigint {
  const low = BigInt.asUintN(size, dst);
  if (op === "le") return low;
  let out = 0n;
  for (let at = 0; at < size; at += 8) out = (out << 8n) | ((low >> BigInt(at)) & 0xffn);
  return out;
}
