// 64-bit words as two int32 halves. A scalar addition with its bounds costs 310 ns on
// bigint and a tenth of that on halves, so the abstract domain computes on halves and
// meets bigint only at its edges. A function here returns one half or a verdict, never
// an object: a pair that is returned is a pair that is allocated.

export const least32 = -0x8000_0000;
export const greatest32 = 0x7fff_ffff;

/** What the low halves carry into the high ones when added: 0 or 1. */
export function carry(aLo: number, bLo: number): number {
  return ((aLo + bLo) | 0) >>> 0 < aLo >>> 0 ? 1 : 0;
}

/** What `a - b` on the low halves borrows from the high ones: 0 or 1. */
export function borrow(aLo: number, bLo: number): number {
  return aLo >>> 0 < bLo >>> 0 ? 1 : 0;
}

/** Unsigned `a < b`. */
export function below(aHi: number, aLo: number, bHi: number, bLo: number): boolean {
  return aHi === bHi ? aLo >>> 0 < bLo >>> 0 : aHi >>> 0 < bHi >>> 0;
}

/** Signed `a < b`. */
export function signedBelow(aHi: number, aLo: number, bHi: number, bLo: number): boolean {
  return aHi === bHi ? aLo >>> 0 < bLo >>> 0 : aHi < bHi;
}

/** The highest set bit and every bit below it. */
export function smear(half: number): number {
  return half === 0 ? 0 : (-1 >>> Math.clz32(half)) | 0;
}

// Shifts by 0..63. JavaScript takes the count modulo 32, hence the case for 0.

export function lshHi(hi: number, lo: number, count: number): number {
  if (count === 0) return hi;
  return count < 32 ? (hi << count) | (lo >>> (32 - count)) : lo << (count - 32);
}

export function lshLo(lo: number, count: number): number {
  return count < 32 ? lo << count : 0;
}

export function rshHi(hi: number, count: number): number {
  return count < 32 ? (hi >>> count) | 0 : 0;
}

export function rshLo(hi: number, lo: number, count: number): number {
  if (count === 0) return lo;
  return count < 32 ? (lo >>> count) | (hi << (32 - count)) : (hi >>> (count - 32)) | 0;
}

export function arshHi(hi: number, count: number): number {
  return count < 32 ? hi >> count : hi >> 31;
}

export function arshLo(hi: number, lo: number, count: number): number {
  if (count === 0) return lo;
  return count < 32 ? (lo >>> count) | (hi << (32 - count)) : hi >> (count - 32);
}

/** The four bytes in reverse. */
export function reverse32(half: number): number {
  return (half << 24) | ((half & 0xff00) << 8) | ((half >>> 8) & 0xff00) | (half >>> 24);
}

export function highHalf(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}

export function lowHalf(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

export function unsigned(hi: number, lo: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

export function signed(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo >>> 0);
}
