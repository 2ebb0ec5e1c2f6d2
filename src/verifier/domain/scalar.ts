// What the verifier knows of a number in a register: its bits, and its bounds read as
// unsigned and as signed, of the whole word and of its low half. A Scalar is immutable and
// settled: no part of it says less than the others imply, as far as `Draft.settle` sees.
import { Draft } from "./range.ts";
import * as tnum from "./tnum.ts";
import { below, highHalf, lowHalf, signed, signedBelow, unsigned } from "./word.ts";

const LEAST_SHARED = -1024;
const MOST_SHARED = 4095;
const shared: Scalar[] = [];

/**
 * The fields are int32 halves, and `lowMin` and `lowMax` int32 patterns of unsigned bounds,
 * for the domain's own use; the getters are for everyone.
 */
export class Scalar {
  declare readonly bits: tnum.Tnum;
  declare readonly uminHi: number;
  declare readonly uminLo: number;
  declare readonly umaxHi: number;
  declare readonly umaxLo: number;
  declare readonly sminHi: number;
  declare readonly sminLo: number;
  declare readonly smaxHi: number;
  declare readonly smaxLo: number;
  declare readonly lowMin: number;
  declare readonly lowMax: number;
  declare readonly s32min: number;
  declare readonly s32max: number;

  /** Takes a draft that has settled. */
  constructor(draft: Draft) {
    this.bits = draft.bits;
    this.uminHi = draft.uminHi;
    this.uminLo = draft.uminLo;
    this.umaxHi = draft.umaxHi;
    this.umaxLo = draft.umaxLo;
    this.sminHi = draft.sminHi;
    this.sminLo = draft.sminLo;
    this.smaxHi = draft.smaxHi;
    this.smaxLo = draft.smaxLo;
    this.lowMin = draft.lowMin;
    this.lowMax = draft.lowMax;
    this.s32min = draft.s32min;
    this.s32max = draft.s32max;
  }

  static readonly unknown: Scalar = new Scalar(new Draft());

  static constant(value: bigint): Scalar {
    return Scalar.ofHalves(highHalf(value), lowHalf(value));
  }

  /** An instruction's immediate, sign-extended. */
  static ofI32(imm: number): Scalar {
    return Scalar.ofHalves(imm >> 31, imm | 0);
  }

  static ofHalves(hi: number, lo: number): Scalar {
    // Most numbers in programs are small, and they are immutable: one of each is enough.
    if (hi === lo >> 31 && lo >= LEAST_SHARED && lo <= MOST_SHARED) {
      return (shared[lo - LEAST_SHARED] ??= Scalar.#single(hi, lo));
    }
    return Scalar.#single(hi, lo);
  }

  static #single(hi: number, lo: number): Scalar {
    const draft = new Draft();
    draft.bits = tnum.constant(hi, lo);
    draft.uminHi = draft.umaxHi = draft.sminHi = draft.smaxHi = hi;
    draft.uminLo = draft.umaxLo = draft.sminLo = draft.smaxLo = lo;
    draft.lowMin = draft.lowMax = draft.s32min = draft.s32max = lo;
    return new Scalar(draft);
  }

  static range(umin: bigint, umax: bigint): Scalar {
    if (umin < 0n || umax < umin || umax >> 64n !== 0n) throw new RangeError(`no unsigned range: ${umin}..${umax}`);
    const draft = new Draft();
    draft.between(umin, umax);
    return settled(draft);
  }

  static signedRange(smin: bigint, smax: bigint): Scalar {
    if (smax < smin || BigInt.asIntN(64, smin) !== smin || BigInt.asIntN(64, smax) !== smax) {
      throw new RangeError(`no signed range: ${smin}..${smax}`);
    }
    const draft = new Draft();
    draft.signedBetween(smin, smax);
    return settled(draft);
  }

  /** Any value with these bits. */
  static ofBits(bits: tnum.Tnum): Scalar {
    const draft = new Draft();
    draft.bits = bits;
    return settled(draft);
  }

  /** What a load of unknown bytes gives. */
  static loaded(sizeBytes: 1 | 2 | 4 | 8, isSigned: boolean): Scalar {
    return (isSigned ? loadedSigned : loadedUnsigned)[sizeBytes];
  }

  get umin(): bigint {
    return unsigned(this.uminHi, this.uminLo);
  }

  get umax(): bigint {
    return unsigned(this.umaxHi, this.umaxLo);
  }

  get smin(): bigint {
    return signed(this.sminHi, this.sminLo);
  }

  get smax(): bigint {
    return signed(this.smaxHi, this.smaxLo);
  }

  get u32min(): number {
    return this.lowMin >>> 0;
  }

  get u32max(): number {
    return this.lowMax >>> 0;
  }

  get tnumValue(): bigint {
    return this.bits.value;
  }

  get tnumMask(): bigint {
    return this.bits.mask;
  }

  get isConst(): boolean {
    return this.bits.isConst;
  }

  get isUnknown(): boolean {
    return this === Scalar.unknown || equals(this, Scalar.unknown);
  }

  /** The low half has one value. */
  get isLowConst(): boolean {
    return this.lowMin === this.lowMax;
  }

  /** The constant as an unsigned word. */
  get value(): bigint | undefined {
    return this.isConst ? this.umin : undefined;
  }

  get signedValue(): bigint | undefined {
    return this.isConst ? this.smin : undefined;
  }

  /** Every value is that of a signed 32-bit number, as an immediate is. */
  get fitsI32(): boolean {
    return this.sminHi === this.sminLo >> 31 && this.smaxHi === this.smaxLo >> 31;
  }

  /** Every value is below 2^32. */
  get fitsU32(): boolean {
    return this.umaxHi === 0;
  }

  /** `value` may be given as a signed or an unsigned number. */
  contains(value: bigint): boolean {
    return this.containsHalves(highHalf(value), lowHalf(value));
  }

  containsHalves(hi: number, lo: number): boolean {
    return (
      tnum.contains(this.bits, hi, lo) &&
      !below(hi, lo, this.uminHi, this.uminLo) &&
      !below(this.umaxHi, this.umaxLo, hi, lo) &&
      !signedBelow(hi, lo, this.sminHi, this.sminLo) &&
      !signedBelow(this.smaxHi, this.smaxLo, hi, lo) &&
      lo >>> 0 >= this.lowMin >>> 0 &&
      lo >>> 0 <= this.lowMax >>> 0 &&
      lo >= this.s32min &&
      lo <= this.s32max
    );
  }

  /** A copy to work on. */
  draft(): Draft {
    const draft = new Draft();
    draft.bits = this.bits;
    draft.uminHi = this.uminHi;
    draft.uminLo = this.uminLo;
    draft.umaxHi = this.umaxHi;
    draft.umaxLo = this.umaxLo;
    draft.sminHi = this.sminHi;
    draft.sminLo = this.sminLo;
    draft.smaxHi = this.smaxHi;
    draft.smaxLo = this.smaxLo;
    draft.lowMin = this.lowMin;
    draft.lowMax = this.lowMax;
    draft.s32min = this.s32min;
    draft.s32max = this.s32max;
    return draft;
  }
}

/**
 * The finished value. A draft without members comes only from an operand without members
 * that nobody noticed, on a path that cannot run; anything is then a right answer.
 */
export function settled(draft: Draft): Scalar {
  if (draft.bits.isConst) return Scalar.ofHalves(draft.bits.valueHi, draft.bits.valueLo);
  return draft.settle() ? new Scalar(draft) : Scalar.unknown;
}

const loadedUnsigned = {
  1: Scalar.range(0n, 0xffn),
  2: Scalar.range(0n, 0xffffn),
  4: Scalar.range(0n, 0xffff_ffffn),
  8: Scalar.unknown,
};

const loadedSigned = {
  1: Scalar.signedRange(-0x80n, 0x7fn),
  2: Scalar.signedRange(-0x8000n, 0x7fffn),
  4: Scalar.signedRange(-0x8000_0000n, 0x7fff_ffffn),
  8: Scalar.unknown,
};

export function equals(a: Scalar, b: Scalar): boolean {
  return (
    a === b ||
    (tnum.equals(a.bits, b.bits) &&
      a.uminHi === b.uminHi &&
      a.uminLo === b.uminLo &&
      a.umaxHi === b.umaxHi &&
      a.umaxLo === b.umaxLo &&
      a.sminHi === b.sminHi &&
      a.sminLo === b.sminLo &&
      a.smaxHi === b.smaxHi &&
      a.smaxLo === b.smaxLo &&
      a.lowMin === b.lowMin &&
      a.lowMax === b.lowMax &&
      a.s32min === b.s32min &&
      a.s32max === b.s32max)
  );
}

/** Every member of `inner` is one of `outer`; judged part by part, so it may say no too often. */
export function subset(inner: Scalar, outer: Scalar): boolean {
  return (
    inner === outer ||
    (tnum.subset(inner.bits, outer.bits) &&
      !below(inner.uminHi, inner.uminLo, outer.uminHi, outer.uminLo) &&
      !below(outer.umaxHi, outer.umaxLo, inner.umaxHi, inner.umaxLo) &&
      !signedBelow(inner.sminHi, inner.sminLo, outer.sminHi, outer.sminLo) &&
      !signedBelow(outer.smaxHi, outer.smaxLo, inner.smaxHi, inner.smaxLo) &&
      inner.lowMin >>> 0 >= outer.lowMin >>> 0 &&
      inner.lowMax >>> 0 <= outer.lowMax >>> 0 &&
      inner.s32min >= outer.s32min &&
      inner.s32max <= outer.s32max)
  );
}

/** The members of both; undefined if there are none. */
export function intersect(a: Scalar, b: Scalar): Scalar | undefined {
  if (a === b) return a;
  const draft = a.draft();
  narrowTo(draft, b);
  if (!draft.changed) return a;
  return draft.settle() ? new Scalar(draft) : undefined;
}

/** Restricts the draft to the members of `to`. */
export function narrowTo(draft: Draft, to: Scalar): void {
  draft.know(to.bits);
  draft.atLeast(to.uminHi, to.uminLo);
  draft.atMost(to.umaxHi, to.umaxLo);
  draft.signedAtLeast(to.sminHi, to.sminLo);
  draft.signedAtMost(to.smaxHi, to.smaxLo);
  narrowLowTo(draft, to);
}

/** Restricts the draft's low half to the low halves of `to`. */
export function narrowLowTo(draft: Draft, to: Scalar): void {
  draft.know(tnum.lowOnly(to.bits));
  draft.lowBetween(to.lowMin, to.lowMax);
  draft.lowSignedBetween(to.s32min, to.s32max);
}

/** The least scalar, part by part, that has the members of both. */
export function join(a: Scalar, b: Scalar): Scalar {
  if (subset(b, a)) return a;
  if (subset(a, b)) return b;
  const draft = new Draft();
  draft.bits = tnum.union(a.bits, b.bits);
  const least = below(a.uminHi, a.uminLo, b.uminHi, b.uminLo) ? a : b;
  draft.atLeast(least.uminHi, least.uminLo);
  const greatest = below(a.umaxHi, a.umaxLo, b.umaxHi, b.umaxLo) ? b : a;
  draft.atMost(greatest.umaxHi, greatest.umaxLo);
  const signedLeast = signedBelow(a.sminHi, a.sminLo, b.sminHi, b.sminLo) ? a : b;
  draft.signedAtLeast(signedLeast.sminHi, signedLeast.sminLo);
  const signedGreatest = signedBelow(a.smaxHi, a.smaxLo, b.smaxHi, b.smaxLo) ? b : a;
  draft.signedAtMost(signedGreatest.smaxHi, signedGreatest.smaxLo);
  draft.lowBetween(Math.min(a.u32min, b.u32min) | 0, Math.max(a.u32max, b.u32max) | 0);
  draft.lowSignedBetween(Math.min(a.s32min, b.s32min), Math.max(a.s32max, b.s32max));
  return settled(draft);
}
