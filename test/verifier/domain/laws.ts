// Laws of the 64-bit scalars, to be sampled: no operation may lose a member. Apart from their test, because campaigns
// try them for longer.
import { aluOps, evalAlu, evalMovsx, evalNeg, evalSwap } from "../../../src/isa/alu.ts";
import { evalJump, jumpOps } from "../../../src/isa/jump.ts";
import { alu, movsx, neg, swap, truncate, zext32 } from "../../../src/verifier/domain/arithmetic.ts";
import { decide, refine } from "../../../src/verifier/domain/compare.ts";
import { Draft } from "../../../src/verifier/domain/range.ts";
import { equals, intersect, join, Scalar, subset } from "../../../src/verifier/domain/scalar.ts";
import { text } from "../../../src/verifier/domain/text.ts";
import { pick, randomOf, type Sample, sample, seed, word } from "./samples.ts";

const widths = [32, 64] as const;

export interface Law {
  readonly name: string;
  /** How often it is worth trying, beside the others. */
  readonly share: number;
  /** Counterexamples among the scalars that the random numbers make, each a line of text. */
  readonly law: (random: () => number) => Iterable<string>;
}

/** Up to ten counterexamples. */
export function counterexamples({ law, share }: Law, rounds: number): string[] {
  const random = randomOf(seed);
  const found: string[] = [];
  for (let i = 0; i < rounds * share && found.length < 10; i++) found.push(...law(random));
  return found;
}

function shown(...parts: readonly (string | number | bigint | boolean | Scalar)[]): string {
  return parts.map((p) => (typeof p === "object" ? text(p) : typeof p === "bigint" ? p.toString(16) : p)).join(" ");
}

function* pairs(a: Sample, b: Sample): Iterable<readonly [bigint, bigint]> {
  for (const x of a.members) for (const y of b.members) yield [x, y];
}

export const laws: readonly Law[] = [
  {
    name: "a scalar has the members it was built around",
    share: 10,
    law: function* (random: () => number) {
      const a = sample(random);
      for (const m of a.members) if (!a.scalar.contains(m)) yield shown(a.scalar, m);
    },
  },
  ...aluOps.map(
    (op): Law => ({
      name: `${op} contains what the reference gives`,
      share: 1,
      law: function* (random: () => number) {
        const [a, b] = [sample(random), sample(random)];
        for (const width of widths) {
          const result = alu(op, width, a.scalar, b.scalar);
          for (const [x, y] of pairs(a, b)) {
            if (!result.contains(evalAlu(op, width, x, y))) {
              yield shown(op, width, a.scalar, b.scalar, "->", result, "lacks", x, y);
            }
          }
        }
      },
    }),
  ),
  ...aluOps.map(
    (op): Law => ({
      name: `${op} is exact on constants`,
      share: 0.2,
      law: function* (random: () => number) {
        const [x, y] = [word(random), word(random)];
        for (const width of widths) {
          const result = alu(op, width, Scalar.constant(x), Scalar.constant(y));
          if (result.value !== evalAlu(op, width, x, y)) yield shown(op, width, x, y, result);
        }
      },
    }),
  ),
  {
    name: "unary operations contain what the reference gives",
    share: 1,
    law: function* (random: () => number) {
      const a = sample(random);
      const results: (readonly [string, Scalar, (m: bigint) => bigint])[] = [
        ["zext32", zext32(a.scalar), (m) => BigInt.asUintN(32, m)],
      ];
      for (const width of widths) {
        results.push([`neg${width}`, neg(width, a.scalar), (m) => evalNeg(width, m)]);
        for (const from of [8, 16, 32] as const) {
          results.push([`movsx${width}.${from}`, movsx(width, from, a.scalar), (m) => evalMovsx(width, from, m)]);
        }
      }
      for (const op of ["le", "be", "bswap"] as const) {
        for (const size of [16, 32, 64] as const) {
          results.push([`${op}${size}`, swap(op, size, a.scalar), (m) => evalSwap(op, size, m)]);
        }
      }
      for (const bytes of [1, 2, 4, 8] as const) {
        results.push([`truncate${bytes}`, truncate(bytes, a.scalar), (m) => BigInt.asUintN(bytes * 8, m)]);
      }
      for (const [name, result, reference] of results) {
        for (const m of a.members) {
          if (!result.contains(reference(m))) yield shown(name, a.scalar, "->", result, "lacks", m);
        }
      }
    },
  },
  ...jumpOps.map(
    (op): Law => ({
      name: `${op}: refining an edge keeps every pair that takes it`,
      share: 1,
      law: function* (random: () => number) {
        const [a, b] = [sample(random), sample(random)];
        for (const width of widths) {
          const known = decide(op, width, a.scalar, b.scalar);
          for (const [x, y] of pairs(a, b)) {
            const taken = evalJump(op, width, x, y);
            const left = refine(op, width, a.scalar, b.scalar, taken);
            if (known === !taken || !left?.a.contains(x) || !left.b.contains(y)) {
              yield shown(
                op,
                width,
                taken,
                a.scalar,
                b.scalar,
                left ? `${text(left.a)}, ${text(left.b)}` : "dead",
                x,
                y,
              );
            } else if (!subset(left.a, a.scalar) || !subset(left.b, b.scalar)) {
              yield shown(op, width, taken, "grew", a.scalar, b.scalar, left.a, left.b);
            }
          }
        }
      },
    }),
  ),
  ...jumpOps.map(
    (op): Law => ({
      name: `${op} is decided on constants`,
      share: 0.2,
      law: function* (random: () => number) {
        const x = word(random);
        const y = random() % 2 === 0 ? x : word(random);
        for (const width of widths) {
          if (decide(op, width, Scalar.constant(x), Scalar.constant(y)) !== evalJump(op, width, x, y))
            yield shown(op, width, x, y);
        }
      },
    }),
  ),
  {
    name: "join has both, intersect what is in both, subset implies members",
    share: 2,
    law: function* (random: () => number) {
      const a = sample(random);
      const b = random() % 2 === 0 ? sample(random) : { ...sample(random), members: a.members };
      const all = join(a.scalar, b.scalar);
      const both = intersect(a.scalar, b.scalar);
      if (!subset(a.scalar, all) || !subset(b.scalar, all)) yield shown("join", a.scalar, b.scalar, all);
      if (both && !(subset(both, a.scalar) && subset(both, b.scalar))) yield shown("grew", a.scalar, b.scalar, both);
      if (equals(a.scalar, b.scalar) !== (subset(a.scalar, b.scalar) && subset(b.scalar, a.scalar))) {
        yield shown("equals", a.scalar, b.scalar);
      }
      for (const m of [...a.members, ...b.members]) {
        const inBoth = a.scalar.contains(m) && b.scalar.contains(m);
        if (inBoth !== (both?.contains(m) ?? false)) yield shown("intersect", a.scalar, b.scalar, m);
        if (!all.contains(m) && (a.scalar.contains(m) || b.scalar.contains(m))) yield shown("join", a.scalar, m);
        if (subset(a.scalar, b.scalar) && a.scalar.contains(m) && !b.scalar.contains(m)) {
          yield shown("subset", a.scalar, b.scalar, m);
        }
      }
    },
  },
  {
    name: "every bound counts: one less of it is another scalar, within the first",
    share: 0.3,
    law: function* (random) {
      const { scalar } = sample(random);
      if (scalar.isConst) return;
      for (const [at, part] of parts.entries()) {
        // An interval of one word has nothing to give.
        if (at >= LOW_PARTS && scalar.isLowConst) continue;
        const draft = scalar.draft();
        part(draft);
        const less = new Scalar(draft);
        if (!subset(less, scalar) || subset(scalar, less) || equals(less, scalar) || equals(scalar, less)) {
          yield shown("part", scalar, less);
        }
      }
    },
  },
  {
    name: "a scalar equals another that was made alike",
    share: 0.3,
    law: function* (random) {
      const { scalar } = sample(random);
      const twin = new Scalar(scalar.draft());
      if (!equals(scalar, twin) || !subset(scalar, twin)) yield shown("twin", scalar);
      if (intersect(scalar, twin) === undefined || !equals(join(scalar, twin), scalar)) yield shown("alone", scalar);
    },
  },
  {
    name: "what says nothing new leaves the very scalar",
    share: 0.3,
    law: function* (random) {
      const a = sample(random).scalar;
      const wider = join(a, sample(random).scalar);
      const twin = new Scalar(a.draft());
      if (intersect(a, wider) !== a || intersect(a, twin) !== a) yield shown("crossed", a, wider);
      if (join(wider, a) !== wider || join(a, wider) !== wider || join(a, twin) !== a) yield shown("joined", a, wider);
    },
  },
  {
    name: "a word beside any one bound is outside",
    share: 0.3,
    law: function* (random) {
      const draft = new Draft();
      const bound = word(random);
      const part = pick(random, fences);
      part.set(draft, bound);
      const fenced = new Scalar(draft);
      for (const near of [bound - 1n, bound, bound + 1n].map((each) => BigInt.asUintN(64, each))) {
        if (fenced.contains(near) !== part.holds(near, bound)) yield shown("fence", fenced, near);
      }
    },
  },
];

/** From here on `parts` are of the low half. */
const LOW_PARTS = 4;
/** Takes one off one end of one interval. */
const parts: readonly ((draft: Draft) => void)[] = [
  (d) => stepped(d, "umin", 1),
  (d) => stepped(d, "umax", -1),
  (d) => stepped(d, "smin", 1),
  (d) => stepped(d, "smax", -1),
  (d) => {
    d.lowMin = (d.lowMin + 1) | 0;
  },
  (d) => {
    d.lowMax = (d.lowMax - 1) | 0;
  },
  (d) => {
    d.s32min = (d.s32min + 1) | 0;
  },
  (d) => {
    d.s32max = (d.s32max - 1) | 0;
  },
];

function stepped(draft: Draft, name: "umin" | "umax" | "smin" | "smax", by: 1 | -1): void {
  const lo = draft[`${name}Lo`];
  draft[`${name}Lo`] = (lo + by) | 0;
  if (lo === (by === 1 ? -1 : 0)) draft[`${name}Hi`] = (draft[`${name}Hi`] + by) | 0;
}

interface Fence {
  readonly set: (draft: Draft, bound: bigint) => void;
  readonly holds: (word: bigint, bound: bigint) => boolean;
}

const s64 = (x: bigint): bigint => BigInt.asIntN(64, x);
const s32 = (x: bigint): bigint => BigInt.asIntN(32, x);
const u32 = (x: bigint): bigint => BigInt.asUintN(32, x);
const hiOf = (x: bigint): number => Number(BigInt.asIntN(32, x >> 32n));
const loOf = (x: bigint): number => Number(BigInt.asIntN(32, x));

/** One bound alone, set as it is, unsettled. */
const fences: readonly Fence[] = [
  { set: (d, x) => d.atLeast(hiOf(x), loOf(x)), holds: (w, x) => w >= x },
  { set: (d, x) => d.atMost(hiOf(x), loOf(x)), holds: (w, x) => w <= x },
  { set: (d, x) => d.signedAtLeast(hiOf(x), loOf(x)), holds: (w, x) => s64(w) >= s64(x) },
  { set: (d, x) => d.signedAtMost(hiOf(x), loOf(x)), holds: (w, x) => s64(w) <= s64(x) },
  { set: (d, x) => d.lowAtLeast(loOf(x)), holds: (w, x) => u32(w) >= u32(x) },
  { set: (d, x) => d.lowAtMost(loOf(x)), holds: (w, x) => u32(w) <= u32(x) },
  { set: (d, x) => d.lowSignedAtLeast(loOf(x)), holds: (w, x) => s32(w) >= s32(x) },
  { set: (d, x) => d.lowSignedAtMost(loOf(x)), holds: (w, x) => s32(w) <= s32(x) },
];
