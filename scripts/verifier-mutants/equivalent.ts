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
];

/** Whether an entry is for this mutation. */
export function isTheOne(each: Equivalent, { file, source, from }: Mutation): boolean {
  return each.file === file && each.source === source && each.from === from;
}
