// What each arithmetic instruction does to scalars: from what is known of the operands to
// what is known of the result, never leaving out a result that `evalAlu` can give. An
// operation at 32 bits is one on the low halves; where the low half of the result depends
// on them alone the two widths share the code, otherwise the operands are first extended.
import { type AluOp, evalAlu } from "../../isa/alu.ts";
import type { Width } from "../../isa/insn.ts";
import { divide, modulo, multiply, signedDivide, signedModulo } from "./division.ts";
import { Draft } from "./range.ts";
import { join, Scalar, settled } from "./scalar.ts";
import * as tnum from "./tnum.ts";
import { arshHi, arshLo, borrow, carry, greatest32, least32, lshHi, lshLo, rshHi, rshLo, smear } from "./word.ts";

export type Transfer = (width: Width, a: Scalar, b: Scalar) => Scalar;

export const transfer = {
  add,
  sub,
  mul: folded("mul", (width, a, b) => unknownTimes(width, a, b) ?? finish(width, multiply(a, b))),
  div: folded("div", (_, a, b) => divide(a, b), zext),
  sdiv: folded("sdiv", (width, a, b) => zext(width, signedDivide(a, b)), sext),
  or: bitwise("or", tnum.or),
  and: bitwise("and", tnum.and),
  lsh: shift(lshBy),
  rsh: shift(rshBy),
  mod: folded("mod", (_, a, b) => modulo(a, b), zext),
  smod: folded("smod", (width, a, b) => zext(width, signedModulo(a, b)), sext),
  xor: bitwise("xor", tnum.xor),
  mov: (width, _, b) => zext(width, b),
  arsh: shift(arshBy),
} as const satisfies Record<AluOp, Transfer>;

/** `a op b`, on full registers; a 32-bit result clears the upper half. */
export function alu(op: AluOp, width: Width, a: Scalar, b: Scalar): Scalar {
  return transfer[op](width, a, b);
}

const zero = Scalar.ofI32(0);

export function neg(width: Width, a: Scalar): Scalar {
  return sub(width, zero, a);
}

/** Sign extension of the low `from` bits to `width`. */
export function movsx(width: Width, from: 8 | 16 | 32, a: Scalar): Scalar {
  const out = new Draft();
  out.bits = tnum.signExtend(a.bits, from);
  const unused = 32 - from;
  between(least32 >> unused, greatest32 >> unused);
  const min = (a.s32min << unused) >> unused;
  const max = (a.s32max << unused) >> unused;
  // Fewer than 2^from consecutive halves keep their order if the ends do.
  if (a.s32max - a.s32min < 2 ** from && min <= max) between(min, max);
  const umin = (a.lowMin << unused) >> unused;
  const umax = (a.lowMax << unused) >> unused;
  if (a.u32max - a.u32min < 2 ** from && umin <= umax) between(umin, umax);
  return finish(width, out);

  function between(least: number, greatest: number): void {
    out.lowSignedBetween(least, greatest);
    out.signedAtLeast(least >> 31, least);
    out.signedAtMost(greatest >> 31, greatest);
  }
}

/** Byte order conversion on a little-endian machine. */
export function swap(op: "le" | "be" | "bswap", size: 16 | 32 | 64, a: Scalar): Scalar {
  if (op !== "le") return Scalar.ofBits(tnum.reverse(a.bits, size));
  return size === 64 ? a : truncate(size === 32 ? 4 : 2, a);
}

/** The low `sizeBytes` bytes, zeroes above. */
export function truncate(sizeBytes: 1 | 2 | 4 | 8, a: Scalar): Scalar {
  if (sizeBytes === 8) return a;
  if (sizeBytes === 4) return zext32(a);
  const out = new Draft();
  out.bits = tnum.cast(a.bits, sizeBytes);
  const mask = sizeBytes === 1 ? 0xff : 0xffff;
  if (a.u32max - a.u32min <= mask && (a.lowMin & mask) <= (a.lowMax & mask)) {
    out.lowBetween(a.lowMin & mask, a.lowMax & mask);
  }
  return settled(out);
}

export function zext32(a: Scalar): Scalar {
  if (a.fitsU32) return a;
  const out = a.draft();
  out.clearHigh();
  return settled(out);
}

function zext(width: Width, a: Scalar): Scalar {
  return width === 32 ? zext32(a) : a;
}

function sext(width: Width, a: Scalar): Scalar {
  return width === 32 && !a.fitsI32 ? movsx(64, 32, a) : a;
}

function finish(width: Width, out: Draft): Scalar {
  if (width === 32) out.clearHigh();
  return settled(out);
}

/** Exact on constants; otherwise `compute`, on operands that `extend` has made into whole words. */
function folded(op: AluOp, compute: Transfer, extend: (width: Width, a: Scalar) => Scalar = (_, a) => a): Transfer {
  return (width, a, b) => {
    if (a.value !== undefined && b.value !== undefined) return Scalar.constant(evalAlu(op, width, a.value, b.value));
    return compute(width, extend(width, a), extend(width, b));
  };
}

/** Multiples of a number of which nothing is known end in as many zeroes as the factor does, and that is all. */
function unknownTimes(width: Width, a: Scalar, b: Scalar): Scalar | undefined {
  const [unknown, factor] = b.isConst ? [a, b] : [b, a];
  if (!factor.isConst || !isUnknown(width, unknown)) return undefined;
  const { valueHi, valueLo } = factor.bits;
  const hi = width === 64 ? valueHi : 0;
  if ((hi | valueLo) === 0) return zero;
  const zeroes = valueLo !== 0 ? 31 - Math.clz32(valueLo & -valueLo) : 63 - Math.clz32(hi & -hi);
  const all = tnum.lsh(Scalar.unknown.bits, zeroes);
  return width === 64 ? Scalar.ofBits(all) : zext32(Scalar.ofBits(all));
}

/** A bit that is known would keep a number from one end of its interval, so the bounds tell all. */
function isUnknown(width: Width, a: Scalar): boolean {
  if (width === 64) return a.isUnknown;
  return a.lowMin === 0 && a.lowMax === -1 && a.s32min === least32 && a.s32max === greatest32;
}

/**
 * The sums of two intervals are an interval of the circle of words. It is one of the line
 * too if its ends have wrapped equally often.
 */
function add(width: Width, a: Scalar, b: Scalar): Scalar {
  const out = new Draft();
  out.bits = tnum.add(a.bits, b.bits);
  const lowMin = (a.lowMin + b.lowMin) | 0;
  const lowMax = (a.lowMax + b.lowMax) | 0;
  if (carry(a.lowMin, b.lowMin) === carry(a.lowMax, b.lowMax)) out.lowBetween(lowMin, lowMax);
  lowSigned(out, a.s32min + b.s32min, a.s32max + b.s32max);
  if (width === 32) return finish(32, out);

  const uminLo = (a.uminLo + b.uminLo) | 0;
  const umaxLo = (a.umaxLo + b.umaxLo) | 0;
  // The high halves with their carry are below 2^33, so exact as numbers.
  const uminHi = (a.uminHi >>> 0) + (b.uminHi >>> 0) + carry(a.uminLo, b.uminLo);
  const umaxHi = (a.umaxHi >>> 0) + (b.umaxHi >>> 0) + carry(a.umaxLo, b.umaxLo);
  if (uminHi >= 2 ** 32 === umaxHi >= 2 ** 32) {
    out.atLeast(uminHi | 0, uminLo);
    out.atMost(umaxHi | 0, umaxLo);
  }
  const sminHi = a.sminHi + b.sminHi + carry(a.sminLo, b.sminLo);
  const smaxHi = a.smaxHi + b.smaxHi + carry(a.smaxLo, b.smaxLo);
  if (turns(sminHi) === turns(smaxHi)) {
    out.signedAtLeast(sminHi | 0, (a.sminLo + b.sminLo) | 0);
    out.signedAtMost(smaxHi | 0, (a.smaxLo + b.smaxLo) | 0);
  }
  return settled(out);
}

function sub(width: Width, a: Scalar, b: Scalar): Scalar {
  const out = new Draft();
  out.bits = tnum.sub(a.bits, b.bits);
  const lowMin = (a.lowMin - b.lowMax) | 0;
  const lowMax = (a.lowMax - b.lowMin) | 0;
  if (borrow(a.lowMin, b.lowMax) === borrow(a.lowMax, b.lowMin)) out.lowBetween(lowMin, lowMax);
  lowSigned(out, a.s32min - b.s32max, a.s32max - b.s32min);
  if (width === 32) return finish(32, out);

  const uminHi = (a.uminHi >>> 0) - (b.umaxHi >>> 0) - borrow(a.uminLo, b.umaxLo);
  const umaxHi = (a.umaxHi >>> 0) - (b.uminHi >>> 0) - borrow(a.umaxLo, b.uminLo);
  if (uminHi < 0 === umaxHi < 0) {
    out.atLeast(uminHi | 0, (a.uminLo - b.umaxLo) | 0);
    out.atMost(umaxHi | 0, (a.umaxLo - b.uminLo) | 0);
  }
  const sminHi = a.sminHi - b.smaxHi - borrow(a.sminLo, b.smaxLo);
  const smaxHi = a.smaxHi - b.sminHi - borrow(a.smaxLo, b.sminLo);
  if (turns(sminHi) === turns(smaxHi)) {
    out.signedAtLeast(sminHi | 0, (a.sminLo - b.smaxLo) | 0);
    out.signedAtMost(smaxHi | 0, (a.smaxLo - b.sminLo) | 0);
  }
  return settled(out);
}

/** How often a signed half has wrapped: -1, 0 or 1. */
function turns(half: number): number {
  return half < least32 ? -1 : half > greatest32 ? 1 : 0;
}

function lowSigned(out: Draft, min: number, max: number): void {
  if (turns(min) === turns(max)) out.lowSignedBetween(min | 0, max | 0);
}

/**
 * The bits say nearly everything. Besides: if both operands sign extend their low k bits,
 * so does the result; and each operator keeps to one side of an operand.
 */
function bitwise(op: "and" | "or" | "xor", onBits: (a: tnum.Tnum, b: tnum.Tnum) => tnum.Tnum, signs = true): Transfer {
  return (width, a, b) => {
    const out = new Draft();
    out.bits = onBits(a.bits, b.bits);
    if (signs) {
      const lowSpread = smear(magnitude(a.s32min) | magnitude(a.s32max) | magnitude(b.s32min) | magnitude(b.s32max));
      out.lowSignedBetween(~lowSpread, lowSpread);
    }
    if (op === "and") {
      out.lowAtMost(a.lowMax);
      out.lowAtMost(b.lowMax);
      out.atMost(a.umaxHi, a.umaxLo);
      out.atMost(b.umaxHi, b.umaxLo);
    } else if (op === "or") {
      out.lowAtLeast(a.lowMin);
      out.lowAtLeast(b.lowMin);
      out.atLeast(a.uminHi, a.uminLo);
      out.atLeast(b.uminHi, b.uminLo);
    }
    if (width === 64) {
      if (signs) spread(out, a, b);
      return settled(out);
    }
    return finish(32, out);
  };
}

/** The same without the sign extension: what Linux makes of them. */
export const unsignedBitwise = {
  and: bitwise("and", tnum.and, false),
  or: bitwise("or", tnum.or, false),
  xor: bitwise("xor", tnum.xor, false),
} as const;

function magnitude(half: number): number {
  return half ^ (half >> 31);
}

function spread(out: Draft, a: Scalar, b: Scalar): void {
  const hi = smear(magnitude(a.sminHi) | magnitude(a.smaxHi) | magnitude(b.sminHi) | magnitude(b.smaxHi));
  const lo =
    hi !== 0
      ? -1
      : smear(
          (a.sminLo ^ (a.sminHi >> 31)) |
            (a.smaxLo ^ (a.smaxHi >> 31)) |
            (b.sminLo ^ (b.sminHi >> 31)) |
            (b.smaxLo ^ (b.smaxHi >> 31)),
        );
  out.signedAtLeast(~hi, ~lo);
  out.signedAtMost(hi, lo);
}

/** A shift by a count that may vary is the join of the shifts by each count that it can be. */
function shift(by: (width: Width, a: Scalar, count: number) => Scalar): Transfer {
  return (width, a, b) => {
    if (b.isLowConst) return by(width, a, b.lowMin & (width - 1));
    const counts = b.u32max < width ? b : transfer.and(32, b, Scalar.ofI32(width - 1));
    const bits = tnum.low(counts.bits, 32);
    let all: Scalar | undefined;
    for (let count = counts.lowMin; count <= counts.lowMax; count++) {
      if (!tnum.contains(bits, 0, count)) continue;
      const one = by(width, a, count);
      all = all === undefined ? one : join(all, one);
      if (all.isUnknown) break;
    }
    return all ?? Scalar.unknown;
  };
}

function lshBy(width: Width, a: Scalar, count: number): Scalar {
  if (count === 0) return zext(width, a);
  const out = new Draft();
  out.bits = tnum.lsh(a.bits, count);
  if (count < 32) {
    const scale = 2 ** count;
    if (a.u32max * scale < 2 ** 32) out.lowBetween(a.lowMin << count, a.lowMax << count);
    const min = a.s32min * scale;
    const max = a.s32max * scale;
    if (turns(min) === 0 && turns(max) === 0) out.lowSignedBetween(min, max);
  }
  if (width === 32) return finish(32, out);

  // Bounds survive if the highest bits are all copies of the sign (signed) or zero (unsigned).
  const rest = 64 - count;
  if ((rshHi(a.umaxHi, rest) | rshLo(a.umaxHi, a.umaxLo, rest)) === 0) {
    out.atLeast(lshHi(a.uminHi, a.uminLo, count), lshLo(a.uminLo, count));
    out.atMost(lshHi(a.umaxHi, a.umaxLo, count), lshLo(a.umaxLo, count));
  }
  if (fitsSigned(a.sminHi, a.sminLo, rest) && fitsSigned(a.smaxHi, a.smaxLo, rest)) {
    out.signedAtLeast(lshHi(a.sminHi, a.sminLo, count), lshLo(a.sminLo, count));
    out.signedAtMost(lshHi(a.smaxHi, a.smaxLo, count), lshLo(a.smaxLo, count));
  }
  // Only the low half survives a shift by 32 and more: `<<= 32; s>>= 32` sign extends it.
  if (count >= 32) {
    const scale = 2 ** (count - 32);
    if (a.u32max * scale < 2 ** 32) {
      out.atLeast((a.u32min * scale) | 0, 0);
      out.atMost((a.u32max * scale) | 0, 0);
    }
    const min = a.s32min * scale;
    const max = a.s32max * scale;
    if (turns(min) === 0 && turns(max) === 0) {
      out.signedAtLeast(min, 0);
      out.signedAtMost(max, 0);
    }
  }
  return settled(out);
}

function fitsSigned(hi: number, lo: number, bits: number): boolean {
  const sign = hi >> 31;
  return arshHi(hi, bits - 1) === sign && arshLo(hi, lo, bits - 1) === sign;
}

function rshBy(width: Width, operand: Scalar, count: number): Scalar {
  const a = zext(width, operand);
  if (count === 0) return a;
  const out = new Draft();
  out.bits = tnum.rsh(a.bits, count);
  out.atLeast(rshHi(a.uminHi, count), rshLo(a.uminHi, a.uminLo, count));
  out.atMost(rshHi(a.umaxHi, count), rshLo(a.umaxHi, a.umaxLo, count));
  return settled(out);
}

function arshBy(width: Width, operand: Scalar, count: number): Scalar {
  const a = sext(width, operand);
  if (count === 0) return zext(width, a);
  const out = new Draft();
  out.bits = tnum.arsh(a.bits, count);
  out.signedAtLeast(arshHi(a.sminHi, count), arshLo(a.sminHi, a.sminLo, count));
  out.signedAtMost(arshHi(a.smaxHi, count), arshLo(a.smaxHi, a.smaxLo, count));
  return zext(width, settled(out));
}
