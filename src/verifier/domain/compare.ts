// What a conditional jump tells about its operands. Every edge of every jump is one of
// eight relations, perhaps with the operands exchanged: the edge of `a > b` is that of
// `b < a`, and its other edge is that of `a <= b`. A relation says whether it can hold at
// all, and what is left of the operands if it does.
import type { Width } from "../../isa/insn.ts";
import type { JumpOp } from "../../isa/jump.ts";
import type { Draft } from "./range.ts";
import { narrowLowTo, narrowTo, Scalar } from "./scalar.ts";
import * as tnum from "./tnum.ts";
import { below, greatest32, least32, signedBelow } from "./word.ts";

export interface Operands {
  readonly a: Scalar;
  readonly b: Scalar;
}

interface Relation {
  /** No only if it holds for no pair of members. */
  readonly possible: (width: Width, a: Scalar, b: Scalar) => boolean;
  /** The operands where it holds, if it is possible; undefined when it turns out not to be. */
  readonly narrow: (width: Width, a: Scalar, b: Scalar) => Operands | undefined;
}

interface Edge {
  readonly relation: Relation;
  readonly exchanged: boolean;
}

const equal: Relation = {
  possible: (width, a, b) => (width === 32 ? lowOverlap(a, b) : overlap(a, b)),
  narrow: (width, a, b) => {
    const meet = width === 32 ? narrowLowTo : narrowTo;
    return narrowed(
      a,
      b,
      (draft) => meet(draft, b),
      (draft) => meet(draft, a),
    );
  },
};

const different: Relation = {
  possible: (width, a, b) =>
    width === 32
      ? !(a.isLowConst && b.isLowConst && a.lowMin === b.lowMin)
      : !(a.isConst && b.isConst && tnum.equals(a.bits, b.bits)),
  narrow: (width, a, b) =>
    narrowed(
      a,
      b,
      (draft) => exclude(draft, width, b),
      (draft) => exclude(draft, width, a),
    ),
};

const less = order(1);
const lessOrEqual = order(0);
const signedLess = signedOrder(1);
const signedLessOrEqual = signedOrder(0);

/** `a < b` with a gap of 1, `a <= b` with none. */
function order(gap: 0 | 1): Relation {
  return {
    possible: (width, a, b) => {
      if (width === 32) return a.u32min + gap <= b.u32max;
      return gap === 1 ? below(a.uminHi, a.uminLo, b.umaxHi, b.umaxLo) : !below(b.umaxHi, b.umaxLo, a.uminHi, a.uminLo);
    },
    narrow: (width, a, b) =>
      narrowed(
        a,
        b,
        (draft) => {
          if (width === 32) draft.lowAtMost(b.lowMax - gap);
          else draft.atMost(highLess(b.umaxHi, b.umaxLo, gap), (b.umaxLo - gap) | 0);
        },
        (draft) => {
          if (width === 32) draft.lowAtLeast(a.lowMin + gap);
          else draft.atLeast(highMore(a.uminHi, a.uminLo, gap), (a.uminLo + gap) | 0);
        },
      ),
  };
}

function signedOrder(gap: 0 | 1): Relation {
  return {
    possible: (width, a, b) => {
      if (width === 32) return a.s32min + gap <= b.s32max;
      return gap === 1
        ? signedBelow(a.sminHi, a.sminLo, b.smaxHi, b.smaxLo)
        : !signedBelow(b.smaxHi, b.smaxLo, a.sminHi, a.sminLo);
    },
    narrow: (width, a, b) =>
      narrowed(
        a,
        b,
        (draft) => {
          if (width === 32) draft.lowSignedAtMost(b.s32max - gap);
          else draft.signedAtMost(highLess(b.smaxHi, b.smaxLo, gap), (b.smaxLo - gap) | 0);
        },
        (draft) => {
          if (width === 32) draft.lowSignedAtLeast(a.s32min + gap);
          else draft.signedAtLeast(highMore(a.sminHi, a.sminLo, gap), (a.sminLo + gap) | 0);
        },
      ),
  };
}

/** The high half of a word plus the gap; no bound that gets here is the last word. */
function highMore(hi: number, lo: number, gap: number): number {
  return lo === -1 ? (hi + gap) | 0 : hi;
}

function highLess(hi: number, lo: number, gap: number): number {
  return lo === 0 ? (hi - gap) | 0 : hi;
}

/** `(a & b) != 0`. */
const common: Relation = {
  possible: (width, a, b) => (sharedLo(a, b) | (width === 32 ? 0 : sharedHi(a, b))) !== 0,
  narrow: (width, a, b) => {
    const lo = sharedLo(a, b);
    const hi = width === 32 ? 0 : sharedHi(a, b);
    // Where a single bit can be common, it is set in both.
    const single = hi === 0 ? (lo & (lo - 1)) === 0 : lo === 0 && (hi & (hi - 1)) === 0;
    const bit = new tnum.Tnum(hi, lo, ~hi, ~lo);
    const restrict = (draft: Draft) => {
      if (single) draft.know(bit);
      else if (width === 32) draft.lowAtLeast(1);
      else draft.atLeast(0, 1);
    };
    return narrowed(a, b, restrict, restrict);
  },
};

/** `(a & b) == 0`: what is set in one is clear in the other. */
const disjoint: Relation = {
  possible: (width, a, b) =>
    ((a.bits.valueLo & b.bits.valueLo) | (width === 32 ? 0 : a.bits.valueHi & b.bits.valueHi)) === 0,
  narrow: (width, a, b) =>
    narrowed(
      a,
      b,
      (draft) => draft.know(clearOf(b, width)),
      (draft) => draft.know(clearOf(a, width)),
    ),
};

const edges = {
  jeq: { taken: as(equal), other: as(different) },
  jne: { taken: as(different), other: as(equal) },
  jlt: { taken: as(less), other: exchanged(lessOrEqual) },
  jle: { taken: as(lessOrEqual), other: exchanged(less) },
  jgt: { taken: exchanged(less), other: as(lessOrEqual) },
  jge: { taken: exchanged(lessOrEqual), other: as(less) },
  jslt: { taken: as(signedLess), other: exchanged(signedLessOrEqual) },
  jsle: { taken: as(signedLessOrEqual), other: exchanged(signedLess) },
  jsgt: { taken: exchanged(signedLess), other: as(signedLessOrEqual) },
  jsge: { taken: exchanged(signedLessOrEqual), other: as(signedLess) },
  jset: { taken: as(common), other: as(disjoint) },
} as const satisfies Record<JumpOp, { readonly taken: Edge; readonly other: Edge }>;

/** The outcome of the compare, if it is the same for all members. */
export function decide(op: JumpOp, width: Width, a: Scalar, b: Scalar): boolean | undefined {
  const { taken, other } = edges[op];
  if (!possible(taken, width, a, b)) return false;
  if (!possible(other, width, a, b)) return true;
  return undefined;
}

/** The operands on that edge of the jump; undefined if no run takes it. */
export function refine(op: JumpOp, width: Width, a: Scalar, b: Scalar, taken: boolean): Operands | undefined {
  const edge = taken ? edges[op].taken : edges[op].other;
  if (!possible(edge, width, a, b)) return undefined;
  if (!edge.exchanged) return edge.relation.narrow(width, a, b);
  const found = edge.relation.narrow(width, b, a);
  return found && { a: found.b, b: found.a };
}

function as(relation: Relation): Edge {
  return { relation, exchanged: false };
}

function exchanged(relation: Relation): Edge {
  return { relation, exchanged: true };
}

function possible(edge: Edge, width: Width, a: Scalar, b: Scalar): boolean {
  return edge.exchanged ? edge.relation.possible(width, b, a) : edge.relation.possible(width, a, b);
}

function narrowed(
  a: Scalar,
  b: Scalar,
  restrictA: (draft: Draft) => void,
  restrictB: (draft: Draft) => void,
): Operands | undefined {
  const newA = restricted(a, restrictA);
  const newB = newA && restricted(b, restrictB);
  return newA && newB && { a: newA, b: newB };
}

function restricted(a: Scalar, restrict: (draft: Draft) => void): Scalar | undefined {
  // A constant has nothing to lose while the relation is possible.
  if (a.isConst) return a;
  const draft = a.draft();
  restrict(draft);
  if (!draft.changed) return a;
  return draft.settle() ? new Scalar(draft) : undefined;
}

/** Some member may be common to both. */
function overlap(a: Scalar, b: Scalar): boolean {
  return (
    tnum.compatible(a.bits, b.bits) &&
    !below(a.umaxHi, a.umaxLo, b.uminHi, b.uminLo) &&
    !below(b.umaxHi, b.umaxLo, a.uminHi, a.uminLo) &&
    !signedBelow(a.smaxHi, a.smaxLo, b.sminHi, b.sminLo) &&
    !signedBelow(b.smaxHi, b.smaxLo, a.sminHi, a.sminLo) &&
    lowOverlap(a, b)
  );
}

function lowOverlap(a: Scalar, b: Scalar): boolean {
  return (
    ((a.bits.valueLo ^ b.bits.valueLo) & ~(a.bits.maskLo | b.bits.maskLo)) === 0 &&
    a.lowMax >>> 0 >= b.lowMin >>> 0 &&
    b.lowMax >>> 0 >= a.lowMin >>> 0 &&
    a.s32max >= b.s32min &&
    b.s32max >= a.s32min
  );
}

/** Cuts a constant off an interval that ends in it; an interval that it fills is left alone. */
function exclude(draft: Draft, width: Width, out: Scalar): void {
  if (width === 32) {
    if (!out.isLowConst) return;
    const half = out.lowMin;
    if (draft.lowMin === half && half !== -1) draft.lowAtLeast(half + 1);
    if (draft.lowMax === half && half !== 0) draft.lowAtMost(half - 1);
    if (draft.s32min === half && half !== greatest32) draft.lowSignedAtLeast(half + 1);
    if (draft.s32max === half && half !== least32) draft.lowSignedAtMost(half - 1);
    return;
  }
  if (!out.isConst) return;
  const { uminHi: hi, uminLo: lo } = out;
  const moreHi = highMore(hi, lo, 1);
  const lessHi = highLess(hi, lo, 1);
  if (draft.uminHi === hi && draft.uminLo === lo && (hi & lo) !== -1) draft.atLeast(moreHi, (lo + 1) | 0);
  if (draft.umaxHi === hi && draft.umaxLo === lo && (hi | lo) !== 0) draft.atMost(lessHi, (lo - 1) | 0);
  if (draft.sminHi === hi && draft.sminLo === lo && !(hi === greatest32 && lo === -1)) {
    draft.signedAtLeast(moreHi, (lo + 1) | 0);
  }
  if (draft.smaxHi === hi && draft.smaxLo === lo && !(hi === least32 && lo === 0)) {
    draft.signedAtMost(lessHi, (lo - 1) | 0);
  }
}

function sharedLo(a: Scalar, b: Scalar): number {
  return (a.bits.valueLo | a.bits.maskLo) & (b.bits.valueLo | b.bits.maskLo);
}

function sharedHi(a: Scalar, b: Scalar): number {
  return (a.bits.valueHi | a.bits.maskHi) & (b.bits.valueHi | b.bits.maskHi);
}

/** Every word without the bits that are set in all members of `a`. */
function clearOf(a: Scalar, width: Width): tnum.Tnum {
  return new tnum.Tnum(0, 0, width === 32 ? -1 : ~a.bits.valueHi, ~a.bits.valueLo);
}
