// The conditional jumps, one row each (RFC 9669 §4.3).
import type { Width } from "./width.ts";

export interface JumpRow {
  readonly code: number;
  readonly symbol: string;
  readonly mnemonic: string;
  readonly since: "v1" | "v2";
  /** The row that holds exactly when this one does not; jset has none. */
  readonly inverse: string | null;
  /** The reference meaning on unsigned operands of `width` bits. */
  readonly eval: (a: bigint, b: bigint, width: Width) => boolean;
}

const signed = (v: bigint, w: Width) => BigInt.asIntN(w, v);

export const jump = {
  jeq: { code: 0x1, symbol: "==", mnemonic: "jeq", since: "v1", inverse: "jne", eval: (a, b) => a === b },
  jgt: { code: 0x2, symbol: ">", mnemonic: "jgt", since: "v1", inverse: "jle", eval: (a, b) => a > b },
  jge: { code: 0x3, symbol: ">=", mnemonic: "jge", since: "v1", inverse: "jlt", eval: (a, b) => a >= b },
  jset: { code: 0x4, symbol: "&", mnemonic: "jset", since: "v1", inverse: null, eval: (a, b) => (a & b) !== 0n },
  jne: { code: 0x5, symbol: "!=", mnemonic: "jne", since: "v1", inverse: "jeq", eval: (a, b) => a !== b },
  jsgt: {
    code: 0x6,
    symbol: "s>",
    mnemonic: "jsgt",
    since: "v1",
    inverse: "jsle",
    eval: (a, b, w) => signed(a, w) > signed(b, w),
  },
  jsge: {
    code: 0x7,
    symbol: "s>=",
    mnemonic: "jsge",
    since: "v1",
    inverse: "jslt",
    eval: (a, b, w) => signed(a, w) >= signed(b, w),
  },
  jlt: { code: 0xa, symbol: "<", mnemonic: "jlt", since: "v2", inverse: "jge", eval: (a, b) => a < b },
  jle: { code: 0xb, symbol: "<=", mnemonic: "jle", since: "v2", inverse: "jgt", eval: (a, b) => a <= b },
  jslt: {
    code: 0xc,
    symbol: "s<",
    mnemonic: "jslt",
    since: "v2",
    inverse: "jsge",
    eval: (a, b, w) => signed(a, w) < signed(b, w),
  },
  jsle: {
    code: 0xd,
    symbol: "s<=",
    mnemonic: "jsle",
    since: "v2",
    inverse: "jsgt",
    eval: (a, b, w) => signed(a, w) <= signed(b, w),
  },
} as const satisfies Record<string, JumpRow>;

export type JumpOp = keyof typeof jump;
export const jumpOps = Object.keys(jump) as readonly JumpOp[];

/** Whether the jump is taken, on full registers. */
export function evalJump(op: JumpOp, width: Width, dst: bigint, src: bigint): boolean {
  const row: JumpRow = jump[op];
  return row.eval(BigInt.asUintN(width, dst), BigInt.asUintN(width, src), width);
}
