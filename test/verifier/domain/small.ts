// Everything there is of a small width: all tnums of a few bits, and for each pair of them what an operator really
// gives. The operators work on 64 bits; the low bits of a sum, a product or a shift depend on low bits alone, so a
// narrow word is the low end of a wide one.
import * as tnum from "../../../src/verifier/domain/tnum.ts";

export interface SmallTnum {
  readonly bits: tnum.Tnum;
  readonly value: number;
  readonly mask: number;
  readonly members: readonly number[];
}

/** All tnums of so many bits: 3 to the power of `width`. */
export function smallTnums(width: number): readonly SmallTnum[] {
  const words = Array.from({ length: 1 << width }, (_, i) => i);
  return words.flatMap((mask) =>
    words
      .filter((value) => (value & mask) === 0)
      .map((value) => ({
        bits: new tnum.Tnum(0, value, 0, mask),
        value,
        mask,
        members: words.filter((word) => (word & ~mask) === value),
      })),
  );
}

export type SmallOperator = readonly [
  abstract: (a: tnum.Tnum, b: tnum.Tnum) => tnum.Tnum,
  concrete: (x: number, y: number) => number,
];

export const smallOperators = {
  add: [tnum.add, (x, y) => x + y],
  sub: [tnum.sub, (x, y) => x - y],
  mul: [tnum.mul, (x, y) => Math.imul(x, y)],
  and: [tnum.and, (x, y) => x & y],
  or: [tnum.or, (x, y) => x | y],
  xor: [tnum.xor, (x, y) => x ^ y],
} as const satisfies Record<string, SmallOperator>;

export interface Census {
  readonly pairs: number;
  /** Pairs whose result is the least tnum that has all that the members give. */
  readonly optimal: number;
  /** Pairs whose result lacks something, as text. */
  readonly unsound: readonly string[];
}

/** Applies an operator to every pair of tnums of a width. */
export function census(width: number, [abstract, concrete]: SmallOperator): Census {
  const all = smallTnums(width);
  const top = (1 << width) - 1;
  const unsound: string[] = [];
  let optimal = 0;
  for (const a of all) {
    for (const b of all) {
      const result = tnum.low(abstract(a.bits, b.bits), width);
      // The results as a set of bits: what is 1 in all of them, and what in any.
      let ones = top;
      let any = 0;
      for (const x of a.members) {
        for (const y of b.members) {
          const z = concrete(x, y);
          ones &= z;
          any |= z;
        }
      }
      any &= top;
      const varying = any & ~ones;
      if ((result.valueLo & ~ones) !== 0 || (any & ~(result.valueLo | result.maskLo)) !== 0) {
        unsound.push(`${shown(a)} ${shown(b)} -> ${result.valueLo.toString(2)}; ${result.maskLo.toString(2)}`);
      } else if (result.valueLo === ones && result.maskLo === varying) optimal++;
    }
  }
  return { pairs: all.length ** 2, optimal, unsound };
}

export function shown(a: SmallTnum): string {
  return `(${a.value.toString(2)}; ${a.mask.toString(2)})`;
}
