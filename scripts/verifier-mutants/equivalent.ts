// Mistakes that change nothing anyone could see, each with the reason why that is so. They are counted apart. An entry
// is for one mutation of one line; a line that is not there any more is an error of this list.
import type { Mutation } from "./mutations.ts";

export interface Equivalent {
  readonly file: string;
  /** The line, without the mistake. */
  readonly source: string;
  readonly from: string;
  /** Which of those on the line, the first being 0; absent: the first. */
  readonly nth?: number;
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
    source: "a.smaxHi === greatest32 &&",
    from: "smaxHi",
    why: "the way around that this opens comes to the same products, slower",
  },
  {
    file: "src/verifier/domain/arithmetic.ts",
    source: "if (count < 32) {",
    from: "<",
    why: "the low half of what is shifted by 32 is 0, which its bits say already, and only 0 passes the tests within",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "this.uminHi = this.umaxHi = this.sminHi = this.smaxHi = 0;",
    from: "umaxHi",
    why: "the bits of the high half are 0, and settling, which always follows, takes the bound from them",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "if (this.clash) return false;",
    from: "if (",
    why: "a clash is a change, and the next round looks at it before it does anything with it",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "if (lowMin !== 0 || lowMax !== -1) {",
    from: "lowMax",
    why: "within, a low half without bounds moves nothing",
  },
  {
    file: "src/verifier/domain/word.ts",
    source: "return aHi === bHi ? aLo >>> 0 < bLo >>> 0 : aHi < bHi;",
    from: "<",
    nth: 1,
    why: "the two are not equal there",
  },
  {
    file: "src/verifier/domain/word.ts",
    source: "return aHi === bHi ? aLo >>> 0 < bLo >>> 0 : aHi >>> 0 < bHi >>> 0;",
    from: "<",
    nth: 1,
    why: "the two are not equal there",
  },
  {
    file: "src/verifier/search/widen.ts",
    source: "if (a.value === null || b.value === null || a.spilled !== b.spilled) continue;",
    from: "||",
    why: "a slot without a value spills 0 bytes, so the sizes differ",
  },
  {
    file: "src/verifier/search/worklist.ts",
    source: "if (known === null || known.depth > outer.depth) at.loop = outer;",
    from: ">",
    why: "both are open, so on the way to here, where no two are equally deep",
  },
  {
    file: "src/verifier/transfer/branch.ts",
    source: "for (let at = 0; at < frame.stack.count; at++) {",
    from: "<",
    why: "behind the last slot there is no value",
  },
  {
    file: "src/verifier/search/structure.ts",
    source: "if (pc >= program.insns.length || seen[pc] === 1) continue;",
    from: ">=",
    why: "behind the last instruction there is none, which is looked at next",
  },
  {
    file: "src/verifier/search/demand.ts",
    source: "slotsHi.fill(0);",
    from: "slotsHi.fill(0);",
    why: "a way back ends when nothing is followed any more, so nothing is left over from it",
  },
  {
    file: "src/verifier/search/worklist.ts",
    source: "if (at >= 0 || at < -STACK_SIZE) return 0;",
    from: "||",
    why: "outside of the stack there is no slot, and so no object in it",
  },
  {
    file: "src/verifier/search/worklist.ts",
    source: "if (at >= 0 || at < -STACK_SIZE) return 0;",
    from: ">=",
    why: "outside of the stack there is no slot, and so no object in it",
  },
  {
    file: "src/verifier/search/worklist.ts",
    source: "if (at >= 0 || at < -STACK_SIZE) return 0;",
    from: "if (",
    why: "outside of the stack there is no slot, and so no object in it",
  },
  {
    file: "src/verifier/search/prune.ts",
    source: "if (!ids.pair(old.references[n]?.id ?? 0, now.references[n]?.id ?? 0)) return false;",
    from: "return false;",
    why: "no two that are held have one identity, and they are the first to be paired, which cannot fail",
  },
  {
    file: "src/verifier/search/worklist.ts",
    source: 'if (pointer.kind !== "stack" || !pointer.scalar.isConst) return 0;',
    from: "||",
    why: "a call that is given anything but a known place on the stack is refused next",
  },
  {
    file: "src/verifier/transfer/alu.ts",
    source: "const whole = a.smin === -1n && a.smax === 0n;",
    from: "smin",
    why: "where the whole is 0 or -1 so is its low half, and which of them that is settles the whole",
  },
  {
    file: "src/verifier/transfer/alu.ts",
    source: "const whole = a.smin === -1n && a.smax === 0n;",
    from: "smax",
    why: "where the whole is 0 or -1 so is its low half, and which of them that is settles the whole",
  },
  {
    file: "src/verifier/domain/division.ts",
    source: "let min = a.smin < 0n ? a.smin : 0n;",
    from: "<",
    why: "where the two are equal it does not matter which is taken",
  },
  {
    file: "src/verifier/domain/division.ts",
    source: "let max = a.smax > 0n ? a.smax : 0n;",
    from: ">",
    why: "where the two are equal it does not matter which is taken",
  },
  {
    file: "src/verifier/domain/division.ts",
    source: "if (bound !== undefined && -bound > min) min = -bound;",
    from: ">",
    why: "where the two are equal it does not matter which is taken",
  },
  {
    file: "src/verifier/domain/division.ts",
    source: "if (bound !== undefined && bound < max) max = bound;",
    from: "<",
    why: "where the two are equal it does not matter which is taken",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "if (this.uminLo >>> 0 < lowMin >>> 0) this.atLeast(this.uminHi, lowMin);",
    from: "<",
    why: "an end that is there already is not moved",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "if (this.umaxLo >>> 0 > lowMax >>> 0) this.atMost(this.umaxHi, lowMax);",
    from: ">",
    why: "an end that is there already is not moved",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "if (this.sminLo >>> 0 < lowMin >>> 0) this.signedAtLeast(this.sminHi, lowMin);",
    from: "<",
    why: "an end that is there already is not moved",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "if (this.smaxLo >>> 0 > lowMax >>> 0) this.signedAtMost(this.smaxHi, lowMax);",
    from: ">",
    why: "an end that is there already is not moved",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "return half < min || half > max;",
    from: "<",
    why: "an end that is there already is not moved",
  },
  {
    file: "src/verifier/domain/range.ts",
    source: "return half < min || half > max;",
    from: ">",
    why: "an end that is there already is not moved",
  },
  {
    file: "src/verifier/domain/division.ts",
    source: "const ordered = [...values].sort((x, y) => (x < y ? -1 : 1));",
    from: "<",
    why: "it does not matter which of two that are equal comes first",
  },
  {
    file: "src/verifier/domain/compare.ts",
    source: "? !(a.isLowConst && b.isLowConst && a.lowMin === b.lowMin)",
    from: "lowMin",
    why: "the low halves are known to be one number each",
  },
  {
    file: "src/verifier/domain/compare.ts",
    source: "? !(a.isLowConst && b.isLowConst && a.lowMin === b.lowMin)",
    from: "lowMin",
    nth: 1,
    why: "the low halves are known to be one number each",
  },
  {
    file: "src/verifier/search/demand.ts",
    source: "if (place < 0 || !included(place)) return frame;",
    from: "<",
    why: "the place is on the stack, and 0 is a register",
  },
  {
    file: "src/verifier/search/structure.ts",
    source: "for (const f of program.functions) if (f.pc >= 0 && f.pc < insns.length) starts.add(f.pc);",
    from: ">=",
    why: "at 0 a function begins without a symbol, too",
  },
];

/** Whether an entry is for this mutation. */
export function isTheOne(each: Equivalent, { file, source, from, nth }: Mutation): boolean {
  return each.file === file && each.source === source && each.from === from && (each.nth ?? 0) === nth;
}
