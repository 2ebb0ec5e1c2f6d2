// What programs rely on the verifier to find out. The laws hold for a domain that knows
// nothing; these lines do not.
import { expect, test } from "vitest";
import type { AluOp } from "../../../src/isa/alu.ts";
import type { Width } from "../../../src/isa/insn.ts";
import type { JumpOp } from "../../../src/isa/jump.ts";
import { alu, movsx, swap, truncate, zext32 } from "../../../src/verifier/domain/arithmetic.ts";
import { refine } from "../../../src/verifier/domain/compare.ts";
import type { Draft } from "../../../src/verifier/domain/range.ts";
import { Scalar, settled } from "../../../src/verifier/domain/scalar.ts";
import { text } from "../../../src/verifier/domain/text.ts";
import * as tnum from "../../../src/verifier/domain/tnum.ts";

const MOST = 2n ** 64n - 1n;
const any = Scalar.unknown;
const byte = Scalar.loaded(1, false);
const k = (n: number) => Scalar.ofI32(n);

function unsignedOf(a: Scalar | undefined): string {
  return a === undefined ? "dead" : `${a.umin}..${a.umax}`;
}

function signedOf(a: Scalar | undefined): string {
  return a === undefined ? "dead" : `${a.smin}..${a.smax}`;
}

const results: readonly (readonly [string, Scalar, AluOp, Width, Scalar, string])[] = [
  ["sum", byte, "add", 64, k(14), "14..269"],
  ["sum that leaves the low half", Scalar.loaded(4, false), "add", 64, k(1), "1..4294967296"],
  ["sum with a negative number", Scalar.range(10n, 20n), "add", 64, k(-10), "0..10"],
  ["difference", Scalar.range(10n, 20n), "sub", 32, byte, "0..4294967295"],
  ["signed difference", byte, "sub", 64, byte, "-255..255"],
  ["mask", any, "and", 64, k(0x3f), "0..63"],
  ["mask of the low half", any, "and", 32, k(-8), "0..4294967288"],
  ["or", byte, "or", 64, k(0x100), "256..511"],
  ["xor of signs", Scalar.signedRange(-3n, 3n), "xor", 64, Scalar.signedRange(-1n, 1n), "-4..3"],
  ["product", byte, "mul", 64, k(12), "0..3060"],
  ["product of a word of which nothing is known", Scalar.loaded(4, false), "mul", 64, k(3), "0..12884901885"],
  ["product of 32 bits of a word", Scalar.loaded(4, false), "mul", 32, k(4), "0..4294967292"],
  ["product with 1", Scalar.range(0n, MOST - 1n), "mul", 64, k(1), `0..${MOST - 1n}`],
  ["signed product", Scalar.signedRange(-3n, 2n), "mul", 64, k(-5), "-10..15"],
  ["quotient", byte, "div", 64, k(10), "0..25"],
  ["quotient by what may be 0", byte, "div", 64, any, "0..255"],
  ["signed quotient", Scalar.signedRange(-30n, 20n), "sdiv", 32, k(-10), "0..4294967295"],
  ["signed quotient, whole", Scalar.signedRange(-30n, 20n), "sdiv", 64, k(-10), "-2..3"],
  ["remainder", any, "mod", 64, k(10), "0..9"],
  ["remainder by a power of two", Scalar.range(8n, 9n), "mod", 64, k(8), "0..1"],
  ["signed remainder", any, "smod", 64, k(-10), "-9..9"],
  ["shift left", byte, "lsh", 64, k(3), "0..2040"],
  ["shift by an unknown count", byte, "lsh", 64, Scalar.range(0n, 2n), "0..1020"],
  [
    "shift left to the top",
    Scalar.range(2n ** 62n - 1n, 2n ** 62n + 1n),
    "lsh",
    64,
    k(1),
    `${2n ** 63n - 2n}..${2n ** 63n + 2n}`,
  ],
  ["shift right", any, "rsh", 64, k(56), "0..255"],
  ["shift right by an unknown count", Scalar.range(64n, 128n), "rsh", 32, Scalar.range(1n, 3n), "8..64"],
  ["arithmetic shift", any, "arsh", 64, k(60), "-8..7"],
  ["mov", Scalar.ofI32(-1), "mov", 32, Scalar.ofI32(-1), "4294967295..4294967295"],
];

test.each(results)("%s", (_, a, op, width, b, bounds) => {
  const result = alu(op, width, a, b);
  expect(bounds.startsWith("-") ? signedOf(result) : unsignedOf(result)).toBe(bounds);
});

test("a shift to the top and back sign extends or clears", () => {
  const half = refine("jslt", 32, any, k(100), true)?.a ?? any;
  const bounded = refine("jsge", 32, half, k(-7), true)?.a ?? any;
  const high = alu("lsh", 64, bounded, k(32));
  expect(signedOf(alu("arsh", 64, high, k(32)))).toBe("-7..99");
  expect(unsignedOf(alu("rsh", 64, alu("lsh", 64, Scalar.range(1n, 9n), k(32)), k(32)))).toBe("1..9");
});

test("extensions and swaps", () => {
  expect(signedOf(movsx(64, 8, any))).toBe("-128..127");
  expect(signedOf(movsx(64, 8, Scalar.range(0xfen, 0xffn)))).toBe("-2..-1");
  expect(unsignedOf(truncate(2, Scalar.range(0x1_0005n, 0x1_0009n)))).toBe("5..9");
  expect(unsignedOf(swap("be", 16, byte))).toBe("0..65280");
});

const edges: readonly (readonly [Scalar, JumpOp, Width, Scalar, string, string])[] = [
  [any, "jeq", 64, k(7), "7..7", "0..18446744073709551615"],
  [byte, "jne", 64, k(0), "1..255", "0..0"],
  [byte, "jlt", 64, k(100), "0..99", "100..255"],
  [byte, "jle", 64, k(100), "0..100", "101..255"],
  [byte, "jgt", 64, k(100), "101..255", "0..100"],
  [byte, "jge", 64, k(100), "100..255", "0..99"],
  [byte, "jgt", 64, k(255), "dead", "0..255"],
  [byte, "jlt", 64, k(0), "dead", "0..255"],
  [Scalar.loaded(4, false), "jlt", 32, k(100), "0..99", "100..4294967295"],
  [Scalar.loaded(4, false), "jsge", 32, k(0), "0..2147483647", "2147483648..4294967295"],
  [any, "jsge", 64, k(0), "0..9223372036854775807", "9223372036854775808..18446744073709551615"],
  [Scalar.signedRange(-9n, 9n), "jsgt", 64, k(3), "4..9", "0..18446744073709551615"],
  [byte, "jset", 64, k(0x80), "128..255", "0..127"],
  [byte, "jset", 64, k(0x100), "dead", "0..255"],
  [Scalar.range(0x80n, 0xffn), "jset", 64, k(0x80), "128..255", "dead"],
  [Scalar.range(4n, 5n), "jne", 64, k(4), "5..5", "4..4"],
  [Scalar.range(5n, MOST - 1n), "jne", 64, k(-2), `5..${MOST - 2n}`, `${MOST - 1n}..${MOST - 1n}`],
  // At the ends of an interval that goes through 0, where halves are all ones or all zeroes.
  [Scalar.signedRange(-1n, 5n), "jne", 64, k(-1), "0..5", `${MOST}..${MOST}`],
  [Scalar.signedRange(-5n, 0n), "jne", 64, k(0), `${MOST - 4n}..${MOST}`, "0..0"],
  [
    Scalar.range(0xffffffffn, 0x100000005n),
    "jne",
    64,
    Scalar.constant(0xffffffffn),
    "4294967296..4294967301",
    "4294967295..4294967295",
  ],
  [Scalar.range(5n, 0x100000000n), "jne", 64, Scalar.constant(0x100000000n), "5..4294967295", "4294967296..4294967296"],
];

test.each(edges)("edges, line %#", (a, op, width, b, taken, other) => {
  expect([unsignedOf(refine(op, width, a, b, true)?.a), unsignedOf(refine(op, width, a, b, false)?.a)]).toEqual([
    taken,
    other,
  ]);
});

test("a number other than an end moves that end, where a half of it is all ones or zeroes too", () => {
  const below = -(2n ** 32n) - 1n;
  const without = (a: Scalar, end: bigint): string =>
    signedOf(refine("jne", 64, a, Scalar.constant(BigInt.asUintN(64, end)), true)?.a);
  expect(without(Scalar.signedRange(below, 5n), below)).toBe(`${below + 1n}..5`);
  expect(without(Scalar.signedRange(-5n, 2n ** 32n), 2n ** 32n)).toBe(`-5..${2n ** 32n - 1n}`);
});

test("a compare with a variable bounds both", () => {
  const left = refine("jlt", 64, Scalar.range(10n, 1000n), Scalar.range(0n, 50n), true);
  expect([unsignedOf(left?.a), unsignedOf(left?.b)]).toEqual(["10..49", "11..50"]);
});

test("a product of an unknown number ends in as many zeroes as its factor", () => {
  for (const width of [32, 64] as const) {
    for (let zeroes = 0; zeroes < 64; zeroes++) {
      const factor = Scalar.constant(3n << BigInt(zeroes));
      const { bits } = alu("mul", width, any, factor);
      const mask = BigInt.asUintN(width, ~((1n << BigInt(zeroes)) - 1n));
      expect([width, zeroes, bits.value, bits.mask]).toEqual([width, zeroes, 0n, mask]);
    }
  }
});

test("what is not known is not known however it was made", () => {
  expect([Scalar.range(0n, MOST), any, Scalar.ofBits(any.bits)].map(({ isUnknown }) => isUnknown)).toEqual([
    true,
    true,
    true,
  ]);
  expect([Scalar.range(0n, MOST - 1n), Scalar.range(1n, MOST)].some(({ isUnknown }) => isUnknown)).toBe(false);
});

test("a product with 1 is the number, whichever bound of it is known", () => {
  const [half, whole] = [2n ** 31n, 2n ** 63n];
  const low = (narrow: (draft: Draft) => void): Scalar => {
    const draft = any.draft();
    narrow(draft);
    return settled(draft);
  };
  const bounded = [
    Scalar.range(1n, MOST),
    Scalar.range(0n, MOST - 1n),
    Scalar.signedRange(1n - whole, whole - 1n),
    Scalar.signedRange(-whole, whole - 2n),
    Scalar.signedRange(-whole, 5n),
    Scalar.signedRange(-5n * half, whole - 1n),
    low((draft) => draft.lowAtLeast(1)),
    low((draft) => draft.lowAtMost(-2)),
    low((draft) => draft.lowSignedAtLeast(1 - 2 ** 31)),
    low((draft) => draft.lowSignedAtMost(2 ** 31 - 2)),
    Scalar.ofBits(tnum.and(any.bits, k(-9).bits)),
  ];
  for (const a of bounded) {
    expect(text(alu("mul", 64, a, k(1)))).toBe(text(a));
    expect(text(alu("mul", 32, a, k(1)))).toBe(text(zext32(a)));
  }
});

test("a range whose ends are out of order, or no words, is none", () => {
  const [half, whole] = [2n ** 63n, 2n ** 64n];
  for (const [min, max] of [
    [2n, 1n],
    [-1n, 1n],
    [0n, whole],
  ] as const) {
    expect(() => Scalar.range(min, max)).toThrow("no unsigned range");
  }
  for (const [min, max] of [
    [2n, 1n],
    [-half - 1n, 0n],
    [0n, half],
  ] as const) {
    expect(() => Scalar.signedRange(min, max)).toThrow("no signed range");
  }
  expect([Scalar.range(0n, whole - 1n).umax, Scalar.range(5n, 5n).value]).toEqual([whole - 1n, 5n]);
  expect([Scalar.signedRange(-half, half - 1n).smin, Scalar.signedRange(5n, 5n).value]).toEqual([-half, 5n]);
});
