// Tristate numbers: what is known of each bit. A bit is 0, 1, or varying; `mask` has the
// varying bits and `value` the ones, so the two never share a bit. The members are the
// words that agree with `value` outside `mask`. After Vishwanathan, Shachnai, Narayana and
// Nagarakatte, "Sound, Precise, and Fast Abstract Interpretation with Tristate Numbers"
// (CGO 2022). Used qualified: `tnum.add`.
//
// Everything computes on 64 bits. A narrower width W is the low W bits: `low` cuts the
// result, and the operators that look at the top bit take it from `signExtend`.
import * as word from "./word.ts";

export class Tnum {
  declare readonly valueHi: number;
  declare readonly valueLo: number;
  declare readonly maskHi: number;
  declare readonly maskLo: number;

  constructor(valueHi: number, valueLo: number, maskHi: number, maskLo: number) {
    this.valueHi = valueHi;
    this.valueLo = valueLo;
    this.maskHi = maskHi;
    this.maskLo = maskLo;
  }

  get value(): bigint {
    return word.unsigned(this.valueHi, this.valueLo);
  }

  get mask(): bigint {
    return word.unsigned(this.maskHi, this.maskLo);
  }

  get isConst(): boolean {
    return (this.maskHi | this.maskLo) === 0;
  }

  get isUnknown(): boolean {
    return (this.maskHi & this.maskLo) === -1;
  }
}

export const unknown = new Tnum(0, 0, -1, -1);
export const zero = new Tnum(0, 0, 0, 0);

export function of(value: bigint, mask: bigint): Tnum {
  if ((value & mask) !== 0n) throw new RangeError("a bit cannot be both set and varying");
  return new Tnum(word.highHalf(value), word.lowHalf(value), word.highHalf(mask), word.lowHalf(mask));
}

export function constant(hi: number, lo: number): Tnum {
  return new Tnum(hi, lo, 0, 0);
}

export function contains(t: Tnum, hi: number, lo: number): boolean {
  return (hi & ~t.maskHi) === t.valueHi && (lo & ~t.maskLo) === t.valueLo;
}

/** Every member of `inner` is one of `outer`. */
export function subset(inner: Tnum, outer: Tnum): boolean {
  return (
    ((inner.maskHi & ~outer.maskHi) | (inner.maskLo & ~outer.maskLo)) === 0 &&
    contains(outer, inner.valueHi, inner.valueLo)
  );
}

export function equals(a: Tnum, b: Tnum): boolean {
  return a.valueHi === b.valueHi && a.valueLo === b.valueLo && a.maskHi === b.maskHi && a.maskLo === b.maskLo;
}

/** Some word is a member of both. */
export function compatible(a: Tnum, b: Tnum): boolean {
  const hi = (a.valueHi ^ b.valueHi) & ~(a.maskHi | b.maskHi);
  const lo = (a.valueLo ^ b.valueLo) & ~(a.maskLo | b.maskLo);
  return (hi | lo) === 0;
}

export function union(a: Tnum, b: Tnum): Tnum {
  return outside(
    a.valueHi,
    a.valueLo,
    differing(a.valueHi, b.valueHi, a.maskHi, b.maskHi),
    differing(a.valueLo, b.valueLo, a.maskLo, b.maskLo),
  );
}

/**
 * Every sum. A bit of the sum varies only if it varies in an operand or a varying carry
 * reaches it. All the carries that can occur do occur in the greatest sum, and only the
 * unavoidable ones in the least; so the bits in which the two differ are those that a
 * varying carry reaches. (CGO 2022, §III.)
 */
export function add(a: Tnum, b: Tnum): Tnum {
  const leastLo = (a.valueLo + b.valueLo) | 0;
  const leastHi = (a.valueHi + b.valueHi + word.carry(a.valueLo, b.valueLo)) | 0;
  const spreadLo = (a.maskLo + b.maskLo) | 0;
  const spreadHi = (a.maskHi + b.maskHi + word.carry(a.maskLo, b.maskLo)) | 0;
  const greatestLo = (leastLo + spreadLo) | 0;
  const greatestHi = (leastHi + spreadHi + word.carry(leastLo, spreadLo)) | 0;
  return outside(
    leastHi,
    leastLo,
    differing(leastHi, greatestHi, a.maskHi, b.maskHi),
    differing(leastLo, greatestLo, a.maskLo, b.maskLo),
  );
}

/** Every difference: as `add`, with borrows between the greatest difference and the least. */
export function sub(a: Tnum, b: Tnum): Tnum {
  const midLo = (a.valueLo - b.valueLo) | 0;
  const midHi = (a.valueHi - b.valueHi - word.borrow(a.valueLo, b.valueLo)) | 0;
  const greatestLo = (midLo + a.maskLo) | 0;
  const greatestHi = (midHi + a.maskHi + word.carry(midLo, a.maskLo)) | 0;
  const leastLo = (midLo - b.maskLo) | 0;
  const leastHi = (midHi - b.maskHi - word.borrow(midLo, b.maskLo)) | 0;
  return outside(
    midHi,
    midLo,
    differing(leastHi, greatestHi, a.maskHi, b.maskHi),
    differing(leastLo, greatestLo, a.maskLo, b.maskLo),
  );
}

/**
 * Long multiplication. A multiplier bit that is set adds the shifted multiplicand to the
 * sum so far; one that varies may or may not, so both sums are kept, in one tnum.
 */
export function mul(a: Tnum, b: Tnum): Tnum {
  let multiplier = b.isConst ? b : a;
  let multiplicand = b.isConst ? a : b;
  if ((multiplicand.maskHi & multiplicand.maskLo) === -1) {
    // Every bit varies: all that remains is how many zeroes the multiplier ends in.
    const hi = multiplier.valueHi | multiplier.maskHi;
    const lo = multiplier.valueLo | multiplier.maskLo;
    if ((hi | lo) === 0) return zero;
    return lsh(multiplicand, lo !== 0 ? 31 - Math.clz32(lo & -lo) : 63 - Math.clz32(hi & -hi));
  }
  let sum = zero;
  while ((multiplier.valueHi | multiplier.valueLo | multiplier.maskHi | multiplier.maskLo) !== 0) {
    if ((multiplier.valueLo & 1) === 1) sum = add(sum, multiplicand);
    else if ((multiplier.maskLo & 1) === 1) sum = union(sum, add(sum, multiplicand));
    multiplier = rsh(multiplier, 1);
    multiplicand = lsh(multiplicand, 1);
  }
  return sum;
}

export function and(a: Tnum, b: Tnum): Tnum {
  const hi = a.valueHi & b.valueHi;
  const lo = a.valueLo & b.valueLo;
  const maybeHi = (a.valueHi | a.maskHi) & (b.valueHi | b.maskHi);
  const maybeLo = (a.valueLo | a.maskLo) & (b.valueLo | b.maskLo);
  return new Tnum(hi, lo, maybeHi & ~hi, maybeLo & ~lo);
}

export function or(a: Tnum, b: Tnum): Tnum {
  const hi = a.valueHi | b.valueHi;
  const lo = a.valueLo | b.valueLo;
  return new Tnum(hi, lo, (a.maskHi | b.maskHi) & ~hi, (a.maskLo | b.maskLo) & ~lo);
}

export function xor(a: Tnum, b: Tnum): Tnum {
  return outside(a.valueHi ^ b.valueHi, a.valueLo ^ b.valueLo, a.maskHi | b.maskHi, a.maskLo | b.maskLo);
}

/** Shifts by a known count of 0..63. */
export function lsh(t: Tnum, count: number): Tnum {
  return new Tnum(
    word.lshHi(t.valueHi, t.valueLo, count),
    word.lshLo(t.valueLo, count),
    word.lshHi(t.maskHi, t.maskLo, count),
    word.lshLo(t.maskLo, count),
  );
}

export function rsh(t: Tnum, count: number): Tnum {
  return new Tnum(
    word.rshHi(t.valueHi, count),
    word.rshLo(t.valueHi, t.valueLo, count),
    word.rshHi(t.maskHi, count),
    word.rshLo(t.maskHi, t.maskLo, count),
  );
}

/** A top bit that varies is copied as varying: shifting both parts arithmetically says so. */
export function arsh(t: Tnum, count: number): Tnum {
  return new Tnum(
    word.arshHi(t.valueHi, count),
    word.arshLo(t.valueHi, t.valueLo, count),
    word.arshHi(t.maskHi, count),
    word.arshLo(t.maskHi, t.maskLo, count),
  );
}

/** The low `bits` bits, the others zero. */
export function low(t: Tnum, bits: number): Tnum {
  if (bits === 64) return t;
  const hi = bits > 32 ? -1 >>> (64 - bits) : 0;
  const lo = bits >= 32 ? -1 : ~(-1 << bits);
  return new Tnum(t.valueHi & hi, t.valueLo & lo, t.maskHi & hi, t.maskLo & lo);
}

/** Truncation to `bytes` bytes with zeroes above. */
export function cast(t: Tnum, bytes: 1 | 2 | 4 | 8): Tnum {
  return low(t, bytes * 8);
}

/** The low `bits` bits, the topmost of them copied upwards. */
export function signExtend(t: Tnum, bits: number): Tnum {
  return arsh(lsh(t, 64 - bits), 64 - bits);
}

/** What `t` says of the low 32 bits, and nothing of the others. */
export function lowOnly(t: Tnum): Tnum {
  return new Tnum(0, t.valueLo, -1, t.maskLo);
}

/** Byte reversal of the low `size` bits, the others zero. */
export function reverse(t: Tnum, size: 16 | 32 | 64): Tnum {
  const whole = new Tnum(
    word.reverse32(t.valueLo),
    word.reverse32(t.valueHi),
    word.reverse32(t.maskLo),
    word.reverse32(t.maskHi),
  );
  return rsh(whole, 64 - size);
}

function outside(hi: number, lo: number, maskHi: number, maskLo: number): Tnum {
  return new Tnum(hi & ~maskHi, lo & ~maskLo, maskHi, maskLo);
}

function differing(value: number, other: number, mask: number, otherMask: number): number {
  return (value ^ other) | mask | otherMask;
}
