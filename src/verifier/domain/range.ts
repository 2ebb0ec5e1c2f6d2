// The bounds of a scalar while it is being made: an unsigned and a signed interval of the
// whole word, the same two of its low half, and its known bits. Each says something that
// the others do not, and each can sharpen the others; `settle` lets them. A Draft is
// mutable and lives inside one operation; what leaves the domain is a Scalar.
import * as tnum from "./tnum.ts";
import { below, greatest32, highHalf, least32, lowHalf, signedBelow, smear } from "./word.ts";

/** Sharpening nearly always ends in two rounds; the bound only stops slow creeping. */
const roundLimit = 5;

export class Draft {
  bits: tnum.Tnum = tnum.unknown;
  uminHi = 0;
  uminLo = 0;
  umaxHi = -1;
  umaxLo = -1;
  sminHi = least32;
  sminLo = 0;
  smaxHi = greatest32;
  smaxLo = -1;
  /** Bounds of the low half; the unsigned ones are int32 bit patterns too. */
  lowMin = 0;
  lowMax = -1;
  s32min = least32;
  s32max = greatest32;
  /** A bound has moved since this was last cleared. */
  changed = false;
  /** The known bits contradict one another. */
  clash = false;

  atLeast(hi: number, lo: number): void {
    if (!below(this.uminHi, this.uminLo, hi, lo)) return;
    this.uminHi = hi;
    this.uminLo = lo;
    this.changed = true;
  }

  atMost(hi: number, lo: number): void {
    if (!below(hi, lo, this.umaxHi, this.umaxLo)) return;
    this.umaxHi = hi;
    this.umaxLo = lo;
    this.changed = true;
  }

  signedAtLeast(hi: number, lo: number): void {
    if (!signedBelow(this.sminHi, this.sminLo, hi, lo)) return;
    this.sminHi = hi;
    this.sminLo = lo;
    this.changed = true;
  }

  signedAtMost(hi: number, lo: number): void {
    if (!signedBelow(hi, lo, this.smaxHi, this.smaxLo)) return;
    this.smaxHi = hi;
    this.smaxLo = lo;
    this.changed = true;
  }

  lowAtLeast(half: number): void {
    if (half >>> 0 <= this.lowMin >>> 0) return;
    this.lowMin = half | 0;
    this.changed = true;
  }

  lowAtMost(half: number): void {
    if (half >>> 0 >= this.lowMax >>> 0) return;
    this.lowMax = half | 0;
    this.changed = true;
  }

  lowSignedAtLeast(half: number): void {
    if (half <= this.s32min) return;
    this.s32min = half;
    this.changed = true;
  }

  lowSignedAtMost(half: number): void {
    if (half >= this.s32max) return;
    this.s32max = half;
    this.changed = true;
  }

  lowBetween(min: number, max: number): void {
    this.lowAtLeast(min);
    this.lowAtMost(max);
  }

  lowSignedBetween(min: number, max: number): void {
    this.lowSignedAtLeast(min);
    this.lowSignedAtMost(max);
  }

  between(min: bigint, max: bigint): void {
    this.atLeast(highHalf(min), lowHalf(min));
    this.atMost(highHalf(max), lowHalf(max));
  }

  signedBetween(min: bigint, max: bigint): void {
    this.signedAtLeast(highHalf(min), lowHalf(min));
    this.signedAtMost(highHalf(max), lowHalf(max));
  }

  know(bits: tnum.Tnum): void {
    this.knowHalves(bits.valueHi, bits.valueLo, bits.maskHi, bits.maskLo);
  }

  private knowHalves(valueHi: number, valueLo: number, maskHi: number, maskLo: number): void {
    const { bits } = this;
    const clashHi = (bits.valueHi ^ valueHi) & ~(bits.maskHi | maskHi);
    const clashLo = (bits.valueLo ^ valueLo) & ~(bits.maskLo | maskLo);
    if ((clashHi | clashLo) !== 0) this.clash = this.changed = true;
    else if (((bits.maskHi & ~maskHi) | (bits.maskLo & ~maskLo)) !== 0) {
      this.bits = new tnum.Tnum(
        bits.valueHi | valueHi,
        bits.valueLo | valueLo,
        bits.maskHi & maskHi,
        bits.maskLo & maskLo,
      );
      this.changed = true;
    }
  }

  /** The high half becomes zero, so the whole is what the low half is. */
  clearHigh(): void {
    this.bits = tnum.low(this.bits, 32);
    this.uminHi = this.umaxHi = this.sminHi = this.smaxHi = 0;
    this.uminLo = this.sminLo = this.lowMin;
    this.umaxLo = this.smaxLo = this.lowMax;
  }

  /** Sharpens every part by the others. False says that no word satisfies all of them. */
  settle(): boolean {
    for (let round = 0; round < roundLimit; round++) {
      this.boundsFromBits();
      this.reconcileSigns();
      this.lowFromWhole();
      this.reconcileLowSigns();
      // Only what flows back from here can give another round anything to do.
      this.changed = false;
      this.wholeFromLow();
      if (this.isEmpty()) return false;
      this.bitsFromBounds();
      if (this.clash) return false;
      if (!this.changed) return true;
    }
    return true;
  }

  private isEmpty(): boolean {
    return (
      this.clash ||
      below(this.umaxHi, this.umaxLo, this.uminHi, this.uminLo) ||
      signedBelow(this.smaxHi, this.smaxLo, this.sminHi, this.sminLo) ||
      this.lowMax >>> 0 < this.lowMin >>> 0 ||
      this.s32max < this.s32min
    );
  }

  private boundsFromBits(): void {
    const { valueHi, valueLo, maskHi, maskLo } = this.bits;
    this.atLeast(valueHi, valueLo);
    this.atMost(valueHi | maskHi, valueLo | maskLo);
    this.signedAtLeast(valueHi | (maskHi & least32), valueLo);
    this.signedAtMost(valueHi | (maskHi & greatest32), valueLo | maskLo);
    this.lowAtLeast(valueLo);
    this.lowAtMost(valueLo | maskLo);
    this.lowSignedAtLeast(valueLo | (maskLo & least32));
    this.lowSignedAtMost(valueLo | (maskLo & greatest32));
  }

  private bitsFromBounds(): void {
    // The common prefix of two bounds is that of all between them.
    const maskHi = smear(this.uminHi ^ this.umaxHi);
    const maskLo = maskHi === 0 ? smear(this.uminLo ^ this.umaxLo) : -1;
    this.knowHalves(this.uminHi & ~maskHi, this.uminLo & ~maskLo, maskHi, maskLo);
    const lowMask = smear(this.lowMin ^ this.lowMax);
    this.knowHalves(0, this.lowMin & ~lowMask, -1, lowMask);
  }

  /**
   * The unsigned and the signed interval are two arcs of one circle of words, cut at
   * different places. An arc that does not cross the other's cut is an interval there too.
   * If both cross, they meet near the one cut or the other; when one of the meetings is
   * empty, the other is an interval in both readings.
   */
  private reconcileSigns(): void {
    if ((this.sminHi ^ this.smaxHi) >= 0) {
      this.atLeast(this.sminHi, this.sminLo);
      this.atMost(this.smaxHi, this.smaxLo);
    } else if (below(this.smaxHi, this.smaxLo, this.uminHi, this.uminLo)) this.atLeast(this.sminHi, this.sminLo);
    else if (below(this.umaxHi, this.umaxLo, this.sminHi, this.sminLo)) this.atMost(this.smaxHi, this.smaxLo);
    if ((this.uminHi ^ this.umaxHi) >= 0) {
      this.signedAtLeast(this.uminHi, this.uminLo);
      this.signedAtMost(this.umaxHi, this.umaxLo);
    }
  }

  private reconcileLowSigns(): void {
    if ((this.s32min ^ this.s32max) >= 0) this.lowBetween(this.s32min, this.s32max);
    else if (this.s32max >>> 0 < this.lowMin >>> 0) this.lowAtLeast(this.s32min);
    else if (this.lowMax >>> 0 < this.s32min >>> 0) this.lowAtMost(this.s32max);
    if ((this.lowMin ^ this.lowMax) >= 0) this.lowSignedBetween(this.lowMin, this.lowMax);
  }

  private lowFromWhole(): void {
    this.lowFromArc(this.uminHi, this.uminLo, this.umaxHi, this.umaxLo);
    this.lowFromArc(this.sminHi, this.sminLo, this.smaxHi, this.smaxLo);
  }

  /** Fewer than 2^32 consecutive words have low halves that are consecutive on their circle. */
  private lowFromArc(minHi: number, minLo: number, maxHi: number, maxLo: number): void {
    const turns = (maxHi - minHi) | 0;
    const ordered = minLo >>> 0 <= maxLo >>> 0;
    if (turns === 0 && ordered) this.lowBetween(minLo, maxLo);
    if (((turns === 0 && ordered) || (turns === 1 && !ordered)) && minLo <= maxLo) this.lowSignedBetween(minLo, maxLo);
  }

  /** Moves each end of the whole inwards to the next word whose low half is within its bounds. */
  private wholeFromLow(): void {
    const { lowMin, lowMax } = this;
    if (lowMin !== 0 || lowMax !== -1) {
      if (this.uminLo >>> 0 < lowMin >>> 0) this.atLeast(this.uminHi, lowMin);
      else if (this.uminLo >>> 0 > lowMax >>> 0 && this.uminHi !== -1) this.atLeast((this.uminHi + 1) | 0, lowMin);
      if (this.umaxLo >>> 0 > lowMax >>> 0) this.atMost(this.umaxHi, lowMax);
      else if (this.umaxLo >>> 0 < lowMin >>> 0 && this.umaxHi !== 0) this.atMost((this.umaxHi - 1) | 0, lowMax);
      if (this.sminLo >>> 0 < lowMin >>> 0) this.signedAtLeast(this.sminHi, lowMin);
      else if (this.sminLo >>> 0 > lowMax >>> 0 && this.sminHi !== greatest32)
        this.signedAtLeast(this.sminHi + 1, lowMin);
      if (this.smaxLo >>> 0 > lowMax >>> 0) this.signedAtMost(this.smaxHi, lowMax);
      else if (this.smaxLo >>> 0 < lowMin >>> 0 && this.smaxHi !== least32) this.signedAtMost(this.smaxHi - 1, lowMax);
    }
    if (this.s32min < 0 && this.s32max >= 0) this.wholeFromLowSigned(this.s32min, this.s32max);
  }

  /** A signed low half that may have either sign leaves a gap among the unsigned ones: above max, below min. */
  private wholeFromLowSigned(min: number, max: number): void {
    if (inGap(this.uminLo, min, max)) this.atLeast(this.uminHi, min);
    if (inGap(this.umaxLo, min, max)) this.atMost(this.umaxHi, max);
    if (inGap(this.sminLo, min, max)) this.signedAtLeast(this.sminHi, min);
    if (inGap(this.smaxLo, min, max)) this.signedAtMost(this.smaxHi, max);
  }
}

function inGap(half: number, min: number, max: number): boolean {
  return half < min || half > max;
}
