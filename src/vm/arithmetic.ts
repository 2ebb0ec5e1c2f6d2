// Division and products of 64-bit numbers kept as two int32 words in an Int32Array: what takes more than a line or
// two in the interpreter's switch. No bigint: a quotient comes from double division and one correction.

const WORD = 4294967296;

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
export function multiplyHigh(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const cross = Math.imul(ah, bl) + (Math.imul(al, bl) >>> 16);
  const middle = Math.imul(al, bh) + (cross & 0xffff);
  return (Math.imul(ah, bh) + (cross >>> 16) + (middle >>> 16)) | 0;
}

/** words[d], words[d+1] = that times (lo, hi), modulo 2^64. */
export function multiply(words: Int32Array, d: number, lo: number, hi: number): void {
  const a = words[d];
  const high = multiplyHigh(a, lo);
  words[d + 1] = (high + Math.imul(a, hi) + Math.imul(words[d + 1], lo)) | 0;
  words[d] = Math.imul(a, lo);
}

/** Unsigned division of words[d], words[d+1] by a divisor that is not zero; the remainder instead where asked. */
export function divide(words: Int32Array, d: number, bl: number, bh: number, remainder: boolean): void {
  const al = words[d];
  const ah = words[d + 1];
  if (bh === 0) {
    if (ah === 0) {
      words[d] = remainder ? (al >>> 0) % (bl >>> 0) : (al >>> 0) / (bl >>> 0);
      return;
    }
    // Three digits of base 2^32 and 2^16: every partial dividend is below 2^48, exact in a double.
    const b = bl >>> 0;
    const q1 = Math.floor((ah >>> 0) / b);
    const part2 = ((ah >>> 0) - q1 * b) * 65536 + (al >>> 16);
    const q2 = Math.floor(part2 / b);
    const part3 = (part2 - q2 * b) * 65536 + (al & 0xffff);
    const q3 = Math.floor(part3 / b);
    if (remainder) {
      words[d] = part3 - q3 * b;
      words[d + 1] = 0;
    } else {
      words[d] = (q2 << 16) + q3;
      words[d + 1] = q1;
    }
    return;
  }
  // The quotient is below 2^32; the estimate is at most one off, for each rounding costs 2^-53 of it.
  const a = (ah >>> 0) * WORD + (al >>> 0);
  const b = (bh >>> 0) * WORD + (bl >>> 0);
  let q = Math.floor(a / b);
  if (q >= WORD) q = WORD - 1;
  // remainder = a - q * b, which may be one b too small or too large; three words show which.
  const qw = q | 0;
  const lowProduct = Math.imul(qw, bl);
  let rl = (al - lowProduct) | 0;
  const borrow = al >>> 0 < lowProduct >>> 0 ? 1 : 0;
  // The exact upper part as a double: below 2^53 in size, for the products stay below 2^64 and 2^32 is taken out.
  const highProduct = (multiplyHigh(qw, bl) >>> 0) + (qw >>> 0) * (bh >>> 0);
  let rh = (ah >>> 0) - highProduct - borrow;
  if (rh < 0) {
    q--;
    const sum = (rl >>> 0) + (bl >>> 0);
    rh += (bh >>> 0) + (sum >= WORD ? 1 : 0);
    rl = sum | 0;
  } else if (rh > bh >>> 0 || (rh === bh >>> 0 && rl >>> 0 >= bl >>> 0)) {
    q++;
    rh -= (bh >>> 0) + (rl >>> 0 < bl >>> 0 ? 1 : 0);
    rl = (rl - bl) | 0;
  }
  words[d] = remainder ? rl : q;
  words[d + 1] = remainder ? rh : 0;
}

/** Signed division, truncated toward zero, by a divisor that is not zero. */
export function divideSigned(words: Int32Array, d: number, bl: number, bh: number, remainder: boolean): void {
  const negativeDividend = words[d + 1] < 0;
  if (negativeDividend) negate(words, d);
  const divisorLo = bh < 0 ? -bl | 0 : bl;
  const divisorHi = bh < 0 ? (~bh + (bl === 0 ? 1 : 0)) | 0 : bh;
  divide(words, d, divisorLo, divisorHi, remainder);
  if (remainder ? negativeDividend : negativeDividend !== bh < 0) negate(words, d);
}

export function negate(words: Int32Array, d: number): void {
  const lo = words[d];
  words[d] = -lo;
  words[d + 1] = ~words[d + 1] + (lo === 0 ? 1 : 0);
}

/** The bytes of a word in the other order. */
export function reverse32(v: number): number {
  return (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
}
