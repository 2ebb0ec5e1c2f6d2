// The arithmetic of Linux 6.18, as far as it follows numbers. Where it has no rule for an operator, the result is any
// number. arithmetic.ts knows better and is right too, but a program that rests on that is refused by Linux, and the
// verdict here is to be Linux's (kernel: is_safe_to_compute_dst_reg_range, check_alu_op, coerce_reg_to_size_sx).
import type { AluOp } from "../../isa/alu.ts";
import type { Width } from "../../isa/insn.ts";
import * as arithmetic from "./arithmetic.ts";
import { Scalar } from "./scalar.ts";
import * as tnum from "./tnum.ts";

type Followed = (width: Width, a: Scalar, b: Scalar) => boolean;

const always: Followed = () => true;
const never: Followed = () => false;
/** The count must be one number, and none that wraps. */
const byConstant: Followed = (width, _, b) => (width === 32 ? b.isLowConst : b.isConst) && b.umax < BigInt(width);

const followed = {
  add: always,
  sub: always,
  mul: always,
  or: always,
  and: always,
  xor: always,
  mov: always,
  lsh: byConstant,
  rsh: byConstant,
  arsh: byConstant,
  div: never,
  sdiv: never,
  mod: never,
  smod: never,
} as const satisfies Record<AluOp, Followed>;

/** `a op b`. What is not followed may have any upper half too, even at 32 bits, although the machine clears it. */
export function alu(op: AluOp, width: Width, a: Scalar, b: Scalar): Scalar {
  return followed[op](width, a, b) ? arithmetic.alu(op, width, a, b) : Scalar.unknown;
}

/** Byte order conversions are followed bit by bit; bounds that say more than the bits are lost. */
export function swap(op: "le" | "be" | "bswap", size: 16 | 32 | 64, a: Scalar): Scalar {
  return Scalar.ofBits(op === "le" ? tnum.low(a.bits, size) : tnum.reverse(a.bits, size));
}

/**
 * Sign extension of the low `from` bits. The bounds come through where those of the operand agree in all bits above
 * and those of the result in the sign; what the bits said beyond them is lost.
 */
export function movsx(width: Width, from: 8 | 16 | 32, a: Scalar): Scalar {
  if (width === 32 ? a.isLowConst : a.isConst) return arithmetic.movsx(width, from, a);
  const least = width === 32 ? BigInt(a.s32min) : a.smin;
  const greatest = width === 32 ? BigInt(a.s32max) : a.smax;
  const ends = [BigInt.asIntN(from, least), BigInt.asIntN(from, greatest)] as const;
  const sameAbove = least >> BigInt(from) === greatest >> BigInt(from);
  const sameSign = ends[0] < 0n === ends[1] < 0n;
  const out =
    sameAbove && sameSign ? Scalar.signedRange(...ends) : Scalar.loaded(from === 8 ? 1 : from === 16 ? 2 : 4, true);
  return width === 32 ? arithmetic.zext32(out) : out;
}
