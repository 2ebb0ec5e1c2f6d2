// Laws of the 64-bit scalars, to be sampled: no operation may lose a member. Apart from their test, because campaigns
// try them for longer.
import { aluOps, evalAlu, evalMovsx, evalNeg, evalSwap } from "../../../src/isa/alu.ts";
import { evalJump, jumpOps } from "../../../src/isa/jump.ts";
import { alu, movsx, neg, swap, truncate, zext32 } from "../../../src/verifier/domain/arithmetic.ts";
import { decide, refine } from "../../../src/verifier/domain/compare.ts";
import { equals, intersect, join, Scalar, subset } from "../../../src/verifier/domain/scalar.ts";
import { text } from "../../../src/verifier/domain/text.ts";
import { randomOf, type Sample, sample, seed, word } from "./samples.ts";

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
];
