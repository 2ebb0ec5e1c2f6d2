// The arithmetic and the compares of Linux 6.18, as far as it follows numbers. Where it has no rule for an operator, the result is any
// number. arithmetic.ts knows better and is right too, but a program that rests on that is refused by Linux, and the
// verdict here is to be Linux's (kernel: is_safe_to_compute_dst_reg_range, check_alu_op, coerce_reg_to_size_sx).
import type { AluOp } from "../../isa/alu.ts";
import type { Width } from "../../isa/insn.ts";
import type { JumpOp } from "../../isa/jump.ts";
import * as arithmetic from "./arithmetic.ts";
import * as compare from "./compare.ts";
import { intersect, Scalar } from "./scalar.ts";

type Followed = (width: Width, a: Scalar, b: Scalar) => boolean;

const always: Followed = () => true;
const never: Followed = () => false;
/** The count must be one number, and none that wraps. */
const byConstant: Followed = (width, _, b) => isNumber(width, b) && b.umax < BigInt(width);

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
  if (op === "and" || op === "or" || op === "xor") return arithmetic.unsignedBitwise[op](width, a, b);
  return followed[op](width, a, b) ? arithmetic.alu(op, width, a, b) : Scalar.unknown;
}

/** The outcome of a compare, if it is the same for all members. Of a mask, one side must be a single number. */
export function decide(op: JumpOp, width: Width, a: Scalar, b: Scalar): boolean | undefined {
  if (op === "jset" && !isNumber(width, a) && !isNumber(width, b)) return undefined;
  return compare.decide(op, width, a, b);
}

/**
 * The operands on that edge of a jump that `decide` leaves open. Linux sees no edge dead that is open there: where the
 * bounds of an operand come to contradict one another, it forgets them, keeps the bits and what it just learnt, and
 * walks on.
 */
export function refine(op: JumpOp, width: Width, a: Scalar, b: Scalar, taken: boolean): compare.Operands {
  if (op === "jset" && !isNumber(width, a) && !isNumber(width, b)) return { a, b };
  const learnt = compare.refine(op, width, a, b, taken);
  if (learnt !== undefined) return learnt;
  const bits = { a: bitsOf(a), b: bitsOf(b) };
  return compare.refine(op, width, bits.a, bits.b, taken) ?? bits;
}

/** The same for a compare of a register with itself: each side bounds the other. */
export function refineSame(op: JumpOp, width: Width, a: Scalar, taken: boolean): Scalar {
  const learnt = refine(op, width, a, a, taken);
  return intersect(learnt.a, learnt.b) ?? bitsOf(a);
}

function bitsOf(a: Scalar): Scalar {
  return a.isConst ? a : Scalar.ofBits(a.bits);
}

function isNumber(width: Width, a: Scalar): boolean {
  return width === 32 ? a.isLowConst : a.isConst;
}

/**
 * Sign extension of the low `from` bits. The bounds come through where those of the operand agree in all bits above
 * and those of the result in the sign; what the bits said beyond them is lost.
 */
export function movsx(width: Width, from: 8 | 16 | 32, a: Scalar): Scalar {
  if (isNumber(width, a)) return arithmetic.movsx(width, from, a);
  const least = width === 32 ? BigInt(a.s32min) : a.smin;
  const greatest = width === 32 ? BigInt(a.s32max) : a.smax;
  const ends = [BigInt.asIntN(from, least), BigInt.asIntN(from, greatest)] as const;
  const sameAbove = least >> BigInt(from) === greatest >> BigInt(from);
  const sameSign = ends[0] < 0n === ends[1] < 0n;
  const out =
    sameAbove && sameSign ? Scalar.signedRange(...ends) : Scalar.loaded(from === 8 ? 1 : from === 16 ? 2 : 4, true);
  return width === 32 ? arithmetic.zext32(out) : out;
}
