// Every pair of five-bit tnums, for each operator: the result has all that the members
// give. Five bits have 243 tnums and 59,049 pairs, and show every interplay of carries.
import { describe, expect, test } from "vitest";
import * as tnum from "../../../src/verifier/domain/tnum.ts";

const width = 5;
const top = (1 << width) - 1;

interface Small {
  readonly bits: tnum.Tnum;
  readonly value: number;
  readonly mask: number;
  readonly members: readonly number[];
}

const words = Array.from({ length: top + 1 }, (_, i) => i);
const all: readonly Small[] = words.flatMap((mask) =>
  words
    .filter((value) => (value & mask) === 0)
    .map((value) => ({
      bits: new tnum.Tnum(0, value, 0, mask),
      value,
      mask,
      members: words.filter((w) => (w & ~mask) === value),
    })),
);

function sext(value: number): number {
  return (value << (32 - width)) >> (32 - width);
}

function show(a: Small): string {
  return `(${a.value.toString(2)}; ${a.mask.toString(2)})`;
}

type Binary = readonly [string, (a: tnum.Tnum, b: tnum.Tnum) => tnum.Tnum, (x: number, y: number) => number];

const binary: readonly Binary[] = [
  ["add", tnum.add, (x, y) => x + y],
  ["sub", tnum.sub, (x, y) => x - y],
  ["mul", tnum.mul, (x, y) => x * y],
  ["and", tnum.and, (x, y) => x & y],
  ["or", tnum.or, (x, y) => x | y],
  ["xor", tnum.xor, (x, y) => x ^ y],
  ["union", tnum.union, (x) => x],
  ["union, exchanged", (a, b) => tnum.union(b, a), (x) => x],
];

describe("all pairs of five-bit tnums", () => {
  test.each(binary)("%s", (_, abstract, concrete) => {
    const found: string[] = [];
    for (const a of all) {
      for (const b of all) {
        const result = tnum.low(abstract(a.bits, b.bits), width);
        // The members as a set of bits: what is 1 in all of them, and what in any.
        let both = top;
        let any = 0;
        for (const x of a.members) {
          for (const y of b.members) {
            const z = concrete(x, y) & top;
            both &= z;
            any |= z;
          }
        }
        const soundOnes = (result.valueLo & ~both) === 0;
        const soundZeroes = (any & ~(result.valueLo | result.maskLo)) === 0;
        if (!soundOnes || !soundZeroes) found.push(`${show(a)} ${show(b)} -> ${result.value}; ${result.mask}`);
      }
    }
    expect(found.slice(0, 10)).toEqual([]);
  });

  test("intersect, compatible, subset and equals agree with the members", () => {
    const found: string[] = [];
    for (const a of all) {
      const inA = new Set(a.members);
      for (const b of all) {
        const common = b.members.filter((m) => inA.has(m));
        const both = tnum.intersect(a.bits, b.bits);
        const members = both === undefined ? [] : words.filter((w) => tnum.contains(both, 0, w));
        const right =
          members.join() === common.join() &&
          tnum.compatible(a.bits, b.bits) === common.length > 0 &&
          tnum.subset(b.bits, a.bits) === (common.length === b.members.length) &&
          tnum.equals(a.bits, b.bits) === (a === b);
        if (!right) found.push(`${show(a)} ${show(b)}`);
      }
    }
    expect(found.slice(0, 10)).toEqual([]);
  });
});

/** A change of one tnum that is exact: its members are those of the operand, changed. */
type Unary = readonly [string, (a: tnum.Tnum) => tnum.Tnum, (x: number) => bigint];

const counts = Array.from({ length: width }, (_, i) => i);
const unary: readonly Unary[] = [
  ...counts.flatMap((count): Unary[] => [
    [`lsh ${count}`, (a) => tnum.low(tnum.lsh(a, count), width), (x) => BigInt((x << count) & top)],
    [`rsh ${count}`, (a) => tnum.rsh(a, count), (x) => BigInt(x >> count)],
    [
      `arsh ${count}`,
      (a) => tnum.low(tnum.arsh(tnum.signExtend(a, width), count), width),
      (x) => BigInt((sext(x) >> count) & top),
    ],
  ]),
  ["sign extension", (a) => tnum.signExtend(a, width), (x) => BigInt.asUintN(64, BigInt(sext(x)))],
  ["low 3", (a) => tnum.low(a, 3), (x) => BigInt(x & 7)],
  // The same across the seam between the halves.
  ["lsh 30", (a) => tnum.lsh(a, 30), (x) => BigInt(x) << 30n],
  ["lsh 59", (a) => tnum.lsh(a, 59), (x) => BigInt(x) << 59n],
  ["lsh 40, rsh 9", (a) => tnum.rsh(tnum.lsh(a, 40), 9), (x) => BigInt(x) << 31n],
  ["lsh 59, arsh 32", (a) => tnum.arsh(tnum.lsh(a, 59), 32), (x) => BigInt.asUintN(64, BigInt(sext(x)) << 27n)],
  ["cast to 4 bytes", (a) => tnum.cast(tnum.lsh(a, 30), 4), (x) => BigInt.asUintN(32, BigInt(x) << 30n)],
  ["reverse 16", (a) => tnum.reverse(a, 16), (x) => BigInt(x) << 8n],
  ["reverse 32", (a) => tnum.reverse(a, 32), (x) => BigInt(x) << 24n],
  ["reverse 64", (a) => tnum.reverse(a, 64), (x) => BigInt(x) << 56n],
  ["low half", (a) => tnum.withLow(tnum.zero, tnum.lowOnly(a)), (x) => BigInt(x)],
];

test.each(unary)("%s of every five-bit tnum is exact", (_, abstract, concrete) => {
  const found = all.filter((a) => {
    const images = a.members.map(concrete);
    const ones = images.reduce((x, y) => x & y);
    const varying = images.reduce((x, y) => x | y) & ~ones;
    const result = abstract(a.bits);
    return result.value !== ones || result.mask !== varying;
  });
  expect(found.map(show)).toEqual([]);
});

test("neg has the negated members", () => {
  const found = all.filter(
    (a) => !a.members.every((m) => tnum.contains(tnum.low(tnum.neg(a.bits), width), 0, -m & top)),
  );
  expect(found.map(show)).toEqual([]);
});

test("range is the common prefix", () => {
  const found: string[] = [];
  for (const min of words) {
    for (let max = min; max <= top; max++) {
      const prefix = 32 - Math.clz32(min ^ max);
      const small = tnum.range(0, min, 0, max);
      const high = tnum.range(min, -1, max, -1);
      const mask = 2 ** prefix - 1;
      const right =
        small.maskLo === mask &&
        small.valueLo === (min & ~mask) &&
        small.maskHi === 0 &&
        high.maskHi === mask &&
        high.maskLo === (mask === 0 ? 0 : -1) &&
        high.valueLo === (mask === 0 ? -1 : 0);
      if (!right) found.push(`${min}..${max}`);
    }
  }
  expect(found).toEqual([]);
});
