// Mistakes that change nothing anyone could see, each with the reason why that is so. They are counted apart. An entry
// is for one mutation of one line; a line that is not there any more is an error of this list.
import type { Mutation } from "./mutations.ts";

export interface Equivalent {
  readonly file: string;
  /** The line, without the mistake. */
  readonly source: string;
  readonly from: string;
  readonly why: string;
}

export const equivalent: readonly Equivalent[] = [
  {
    file: "src/verifier/domain/range.ts",
    source: "this.knowHalves(this.uminHi & ~maskHi, this.uminLo & ~maskLo, maskHi, maskLo);",
    from: "uminHi",
    why: "outside the mask the two ends of the interval agree",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "this.knowHalves(this.uminHi & ~maskHi, this.uminLo & ~maskLo, maskHi, maskLo);",
    from: "uminLo",
    why: "outside the mask the two ends of the interval agree",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "this.knowHalves(0, this.lowMin & ~lowMask, -1, lowMask);",
    from: "lowMin",
    why: "outside the mask the two ends of the interval agree",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "below(this.umaxHi, this.umaxLo, this.uminHi, this.uminLo) ||",
    from: "uminLo",
    why: "with equal high halves the signed interval is empty as well, and that is looked at next",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "this.lowMax >>> 0 < this.lowMin >>> 0 ||",
    from: "lowMin",
    why: "an interval of either reading that is empty has made the other empty, and that is looked at next",
  },
  {
    file: "src/verifier/search/prune.ts",
    source: 'if (comparison === "exact" && old.rounds !== now.rounds) return false;',
    from: "if (",
    why: "the mark that such states are found by has the rounds in it, unless two marks are the same by chance",
  },
  {
    file: "src/verifier/domain/compare.ts",
    source: "const half = out.lowMin;",
    from: "lowMin",
    why: "the low half is known to be one number",
  },
  {
    file: "src/verifier/search/widen.ts",
    source: "if (a.value === null || b.value === null || a.spilled !== b.spilled) continue;",
    from: "if (",
    why: "a slot without a value spills 0 bytes, so the sizes differ",
  },
  {
    file: "src/verifier/search/liveness.ts",
    source: "for (let pc = insns.length - 1; pc >= 0; pc--) {",
    from: "- 1",
    why: "behind the last instruction there is nothing to look at",
  },
  {
    file: "src/verifier/domain/arithmetic.ts",
    source: "if (width === 32 || !low) return low && a.s32max === greatest32;",
    from: "s32max",
    why: "the way around that this opens comes to the same products, slower",
  },
  {
    file: "src/verifier/transfer/branch.ts",
    source: "return { taken, fallthrough: state, ...(linked.length > 0 ? { linked } : {}) };",
    from: ">",
    why: "an empty list of places says what no list says",
  },
  {
    file: "src/verifier/search/prune.ts",
    source: "for (let reg = 0; reg < 11; reg++) {",
    from: "<",
    why: "there is no register 11 to be read",
  },
  {
    file: "src/verifier/domain/tnum.ts",
    source: "export function reverse(t: Tnum, size: 16 | 32 | 64): Tnum {",
    from: "|",
    why: "a type, of which nothing is left when it runs",
  },
  {
    file: "src/verifier/check/stack.ts",
    source: "if (!fixed && !env.profile.privileged) {",
    from: "if (",
    why: "where the number was added to the pointer it has been refused already",
  },
  {
    file: "src/verifier/search/prune.ts",
    source: "for (let at = 0; at < 8; at++) {",
    from: "<",
    why: "behind the last byte of a slot both have nothing",
  },
  {
    file: "src/verifier/domain/arithmetic.ts",
    source: "if (b.isLowConst) return by(width, a, b.lowMin & (width - 1));",
    from: "lowMin",
    why: "the low half is known to be one number",
  },
  {
    file: "src/verifier/domain/arithmetic.ts",
    source: "if (width === 32 || !low) return low && a.s32max === greatest32;",
    from: "if (",
    why: "the way around that this opens comes to the same products, slower",
  },
];

/** Whether an entry is for this mutation. */
export function isTheOne(each: Equivalent, { file, source, from }: Mutation): boolean {
  return each.file === file && each.source === source && each.from === from;
}
