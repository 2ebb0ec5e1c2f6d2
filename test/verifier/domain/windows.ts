// Small width at every seam of a 64-bit word. A window is eight words in a row; the windows lie where something wraps:
// at 0, at the signs and at the ends of the low half and of the whole. In each, every interval, every alignment of the
// low bits and every crossing of the two are all the scalars there are, and their members are known without asking the
// domain. What an operator does to all pairs of them is then everything it can do wrong there.
import { type AluOp, evalAlu, evalMovsx, evalNeg, evalSwap } from "../../../src/isa/alu.ts";
import { evalJump, type JumpOp } from "../../../src/isa/jump.ts";
import type { Width } from "../../../src/isa/width.ts";
import * as arithmetic from "../../../src/verifier/domain/arithmetic.ts";
import { decide, refine } from "../../../src/verifier/domain/compare.ts";
import * as linux from "../../../src/verifier/domain/linux.ts";
import { intersect, Scalar } from "../../../src/verifier/domain/scalar.ts";
import { text } from "../../../src/verifier/domain/text.ts";
import * as tnum from "../../../src/verifier/domain/tnum.ts";

export interface Known {
  readonly scalar: Scalar;
  /** Exactly the words that it was made to have. */
  readonly members: readonly bigint[];
}

const SIZE = 8;
const u64 = (word: bigint): bigint => BigInt.asUintN(64, word);
const s64 = (word: bigint): bigint => BigInt.asIntN(64, word);

/** Where windows begin: `aligned` ones on a multiple of eight, the others across a seam. */
export const seams: readonly bigint[] = [
  0n,
  -4n,
  (1n << 31n) - 4n,
  (1n << 32n) - 4n,
  (1n << 63n) - 4n,
  (1n << 32n) + (1n << 31n) - 4n,
  -(1n << 31n) - 4n,
].map(u64);

/** All there are in a window, the same members once in each manner. */
export function knownIn(base: bigint): readonly Known[] {
  const words = Array.from({ length: SIZE }, (_, at) => u64(base + BigInt(at)));
  const intervals: Known[] = [];
  for (let from = 0; from < SIZE; from++) {
    for (let to = from; to < SIZE; to++) {
      const members = words.slice(from, to + 1);
      const [least, greatest] = [words[from], words[to]];
      if (least <= greatest) intervals.push({ scalar: Scalar.range(least, greatest), members });
      else intervals.push({ scalar: Scalar.signedRange(s64(least), s64(greatest)), members });
    }
  }
  const crossed: Known[] = [];
  for (const mask of [1n, 2n, 4n, 6n, 5n]) {
    for (const value of new Set(words.map((word) => word & mask))) {
      const bits = tnum.of(value, u64(~mask));
      for (const interval of intervals) {
        const members = interval.members.filter((word) => (word & mask) === value);
        const scalar = intersect(interval.scalar, Scalar.ofBits(bits));
        if (members.length > 0 && members.length < interval.members.length && scalar !== undefined) {
          crossed.push({ scalar, members });
        }
      }
    }
  }
  const seen = new Set<string>();
  return [...intervals, ...crossed].filter(({ members }) => {
    const key = members.join();
    return seen.has(key) ? false : seen.add(key) !== undefined;
  });
}

/**
 * Sets with gaps: low halves in a short interval under each of three high halves in a row. What is known of the half
 * then sharpens the bounds of the whole.
 */
export function combs(): readonly Known[] {
  const lows = [0n, 1n, (1n << 31n) - 2n, (1n << 31n) + 1n, (1n << 32n) - 3n, (1n << 32n) - 1n];
  const found: Known[] = [];
  for (const high of [0n, (1n << 31n) - 2n, (1n << 32n) - 2n]) {
    for (const [from, least] of lows.entries()) {
      for (const greatest of lows.slice(from)) {
        const highs = [high, high + 1n, high + 2n].map((each) => BigInt.asUintN(32, each));
        // The ends and what is next to them: enough to see what is lost.
        const halves = [least, least + 1n, greatest - 1n, greatest].filter((low) => low >= least && low <= greatest);
        const members = highs.flatMap((hi) => [...new Set(halves)].map((lo) => (hi << 32n) | lo));
        const [first, last] = [members[0] ?? 0n, members[members.length - 1] ?? 0n];
        // Wide, so that the low half has something to sharpen.
        const whole =
          first <= last
            ? Scalar.range(first - (first > 5n ? 5n : 0n), u64(last + 5n) < last ? last : last + 5n)
            : Scalar.signedRange(s64(first) - 5n, s64(last) + 5n);
        const above = refine("jge", 32, whole, Scalar.constant(least), true)?.a;
        const scalar = above && refine("jle", 32, above, Scalar.constant(greatest), true)?.a;
        if (scalar !== undefined) found.push({ scalar, members });
      }
    }
  }
  return found;
}

export interface Tally {
  pairs: number;
  /** Counterexamples, as text; the first few. */
  readonly unsound: string[];
  /** What is known of results (eight bounds, and the bits), and how much of it could not be better. */
  tight: number;
  bounds: number;
}

function tally(): Tally {
  return { pairs: 0, unsound: [], tight: 0, bounds: 0 };
}

function complain(into: Tally, ...parts: readonly (string | number | bigint | boolean | Scalar | undefined)[]): void {
  if (into.unsound.length >= 10) return;
  const words = parts.map((part) =>
    part instanceof Scalar ? text(part) : typeof part === "bigint" ? `0x${part.toString(16)}` : String(part),
  );
  into.unsound.push(words.join(" "));
}

/** Holds a result against what the members give. */
function hold(
  into: Tally,
  result: Scalar,
  given: readonly bigint[],
  ...what: readonly (string | number | Scalar)[]
): void {
  into.pairs++;
  for (const word of given) {
    if (!result.contains(word)) complain(into, ...what, "->", result, "lacks", word);
  }
  score(into, result, given);
}

/** Counts the bounds that some member reaches, and the bits that are known as well as they can be. */
function score(into: Tally, result: Scalar, members: readonly bigint[]): void {
  const lows = members.map((word) => BigInt.asUintN(32, word));
  const has = (bound: bigint): number => (members.includes(u64(bound)) ? 1 : 0);
  const hasLow = (bound: number): number => (lows.includes(BigInt.asUintN(32, BigInt(bound))) ? 1 : 0);
  const ones = members.reduce((x, y) => x & y);
  const varying = members.reduce((x, y) => x | y) & ~ones;
  into.bounds += 9;
  into.tight += has(result.umin) + has(result.umax) + has(result.smin) + has(result.smax);
  into.tight += hasLow(result.u32min) + hasLow(result.u32max) + hasLow(result.s32min) + hasLow(result.s32max);
  if (result.tnumValue === ones && result.tnumMask === varying) into.tight++;
}

/** One pair in `stride`, beginning with `first`. */
export interface Share {
  readonly stride: number;
  readonly first: number;
}

function* pairs(share: Share): Generator<readonly [Known, Known]> {
  const all = [...seams.map(knownIn), combs()];
  let at = share.first;
  for (const left of all) {
    for (const right of all) {
      const count = left.length * right.length;
      for (; at < count; at += share.stride) {
        yield [left[Math.floor(at / right.length)], right[at % right.length]] as const;
      }
      at -= count;
    }
  }
}

/** The sharp operators and those that know only what Linux does, on all pairs: nothing may be left out. */
export function operatorTally(op: AluOp, share: Share): Tally {
  const out = tally();
  for (const [a, b] of pairs(share)) {
    for (const width of [32, 64] as const) {
      const given = results(a, b, (x, y) => evalAlu(op, width, x, y));
      hold(out, arithmetic.alu(op, width, a.scalar, b.scalar), given, op, width, a.scalar, b.scalar);
      const plain = linux.alu(op, width, a.scalar, b.scalar);
      for (const word of given) {
        if (!plain.contains(word)) complain(out, "linux", op, width, a.scalar, b.scalar, "->", plain, "lacks", word);
      }
    }
  }
  return out;
}

function results(a: Known, b: Known, op: (x: bigint, y: bigint) => bigint): readonly bigint[] {
  const found = new Set<bigint>();
  for (const x of a.members) for (const y of b.members) found.add(op(x, y));
  return [...found];
}

/** Both edges of a compare: they keep every pair that takes them, and an edge that no pair takes is found dead. */
export function compareTally(op: JumpOp, share: Share): Tally {
  const out = tally();
  for (const [a, b] of pairs(share)) {
    for (const width of [32, 64] as const) edges(out, op, width, a, b);
  }
  return out;
}

function edges(out: Tally, op: JumpOp, width: Width, a: Known, b: Known): void {
  const known = decide(op, width, a.scalar, b.scalar);
  for (const taken of [true, false]) {
    out.pairs++;
    const left = new Set<bigint>();
    const right = new Set<bigint>();
    for (const x of a.members) {
      for (const y of b.members) {
        if (evalJump(op, width, x, y) !== taken) continue;
        left.add(x);
        right.add(y);
      }
    }
    const edge = refine(op, width, a.scalar, b.scalar, taken);
    if (left.size > 0 && (known === !taken || edge === undefined)) {
      complain(out, op, width, taken, a.scalar, b.scalar, "is said to be dead");
    }
    for (const x of left)
      if (edge && !edge.a.contains(x)) complain(out, op, width, taken, a.scalar, b.scalar, "left", x);
    for (const y of right)
      if (edge && !edge.b.contains(y)) complain(out, op, width, taken, a.scalar, b.scalar, "right", y);
    // A dead edge that is seen as dead counts like a result known as well as can be.
    if (left.size === 0) {
      out.bounds += 9;
      out.tight += edge === undefined ? 9 : 0;
    } else if (edge !== undefined) {
      score(out, edge.a, [...left]);
      score(out, edge.b, [...right]);
    }
  }
}

/** What has one operand: casts, extensions, swaps, negation. */
export function castTally(): Tally {
  const out = tally();
  for (const known of [...seams.flatMap(knownIn), ...combs()]) {
    const { scalar } = known;
    const check = (name: string, result: Scalar, concrete: (x: bigint) => bigint): void =>
      hold(out, result, [...new Set(known.members.map(concrete))], name, scalar);
    check("zext32", arithmetic.zext32(scalar), (x) => BigInt.asUintN(32, x));
    for (const bytes of [1, 2, 4, 8] as const) {
      check(`truncate ${bytes}`, arithmetic.truncate(bytes, scalar), (x) => BigInt.asUintN(8 * bytes, x));
    }
    for (const width of [32, 64] as const) {
      check(`neg${width}`, arithmetic.neg(width, scalar), (x) => evalNeg(width, x));
      for (const from of [8, 16, 32] as const) {
        if (from >= width) continue;
        check(`movsx${width}.${from}`, arithmetic.movsx(width, from, scalar), (x) => evalMovsx(width, from, x));
        check(`linux movsx${width}.${from}`, linux.movsx(width, from, scalar), (x) => evalMovsx(width, from, x));
      }
    }
    for (const op of ["le", "be", "bswap"] as const) {
      for (const size of [16, 32, 64] as const) {
        check(`${op}${size}`, arithmetic.swap(op, size, scalar), (x) => evalSwap(op, size, x));
      }
    }
  }
  return out;
}

/** Two things known of one number, crossed: nothing that both have is lost, and a crossing without members is found. */
export function crossTally(share: Share): Tally {
  const out = tally();
  for (const [a, b] of pairs(share)) {
    out.pairs++;
    const members = a.members.filter((word) => b.members.includes(word));
    const both = intersect(a.scalar, b.scalar);
    if (both === undefined && members.length > 0) complain(out, a.scalar, b.scalar, "have", members[0], "in common");
    for (const word of members) {
      if (both && !both.contains(word)) complain(out, a.scalar, b.scalar, "->", both, "lacks", word);
    }
    if (members.length === 0) {
      out.bounds += 9;
      out.tight += both === undefined ? 9 : 0;
    } else if (both) score(out, both, members);
  }
  return out;
}
