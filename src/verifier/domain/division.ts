// Products, quotients and remainders of scalars that are not both constant. They are rare
// and need double-width products, so this part of the domain reckons on bigint.
import { Draft } from "./range.ts";
import { Scalar, settled } from "./scalar.ts";
import * as tnum from "./tnum.ts";
import { greatest32, least32 } from "./word.ts";

const greatest = 2n ** 63n - 1n;
const least = -(2n ** 63n);

export function multiply(a: Scalar, b: Scalar): Draft {
  const out = new Draft();
  out.bits = tnum.mul(a.bits, b.bits);
  const umax = a.umax * b.umax;
  if (umax < 2n ** 64n) out.between(a.umin * b.umin, umax);
  const ends = corners(a, b, (x, y) => x * y);
  if (ends.min >= least && ends.max <= greatest) out.signedBetween(ends.min, ends.max);
  // Rounding of a number beyond 2^53 does not bring it below 2^32.
  if (a.u32max * b.u32max < 2 ** 32) out.lowBetween(a.u32min * b.u32min, a.u32max * b.u32max);
  const low = [a.s32min * b.s32min, a.s32min * b.s32max, a.s32max * b.s32min, a.s32max * b.s32max];
  const min = Math.min(...low);
  const max = Math.max(...low);
  if (min >= least32 && max <= greatest32) out.lowSignedBetween(min | 0, max | 0);
  return out;
}

/** A division by zero gives 0. */
export function divide(a: Scalar, b: Scalar): Scalar {
  if (b.umax === 0n) return Scalar.ofI32(0);
  if (b.umin === 0n) return Scalar.range(0n, a.umax);
  const out = new Draft();
  const power = exponent(b.value);
  if (power !== undefined) out.bits = tnum.rsh(a.bits, power);
  out.between(a.umin / b.umax, a.umax / b.umin);
  return settled(out);
}

/** A remainder by zero is the dividend. */
export function modulo(a: Scalar, b: Scalar): Scalar {
  if (b.umax === 0n || a.umax < b.umin) return a;
  if (b.umin === 0n) return Scalar.range(0n, a.umax);
  const out = new Draft();
  const power = exponent(b.value);
  if (power !== undefined) out.bits = tnum.low(a.bits, power);
  out.between(0n, extremes([a.umax, b.umax - 1n]).min);
  return settled(out);
}

/**
 * Truncated quotients are monotone in the dividend and, for divisors of one sign, in the
 * divisor. Where 0 or both signs are possible, the quotient is no longer than the dividend.
 */
export function signedDivide(a: Scalar, b: Scalar): Scalar {
  if (b.umax === 0n) return Scalar.ofI32(0);
  if (b.smin > 0n || b.smax < 0n) {
    const ends = corners(a, b, (x, y) => x / y);
    // The least number divided by -1 wraps.
    return ends.max > greatest ? Scalar.unknown : Scalar.signedRange(ends.min, ends.max);
  }
  const longest = extremes([-a.smin, a.smax]).max;
  return longest > greatest ? Scalar.unknown : Scalar.signedRange(-longest, longest);
}

/** The remainder has the dividend's sign, and is shorter than the divisor if that is not 0. */
export function signedModulo(a: Scalar, b: Scalar): Scalar {
  if (b.umax === 0n) return a;
  const bound = b.umin === 0n ? undefined : extremes([-b.smin, b.smax]).max - 1n;
  let min = a.smin < 0n ? a.smin : 0n;
  let max = a.smax > 0n ? a.smax : 0n;
  if (bound !== undefined && -bound > min) min = -bound;
  if (bound !== undefined && bound < max) max = bound;
  return Scalar.signedRange(min, max);
}

/** The extremes of an operation that is monotone in each operand. */
function corners(a: Scalar, b: Scalar, op: (x: bigint, y: bigint) => bigint): { min: bigint; max: bigint } {
  const ends = [op(a.smin, b.smin), op(a.smin, b.smax), op(a.smax, b.smin), op(a.smax, b.smax)];
  return extremes(ends);
}

function extremes(values: readonly bigint[]): { min: bigint; max: bigint } {
  const ordered = [...values].sort((x, y) => (x < y ? -1 : 1));
  return { min: ordered[0], max: ordered[ordered.length - 1] };
}

/** n if the value is 2^n. */
function exponent(value: bigint | undefined): number | undefined {
  if (value === undefined || value === 0n || (value & (value - 1n)) !== 0n) return undefined;
  return value.toString(2).length - 1;
}
