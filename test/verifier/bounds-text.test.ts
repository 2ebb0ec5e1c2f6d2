// How a diagnostic writes where a pointer points.
import { expect, it } from "vitest";
import { offsetText } from "../../src/verifier/check/bounds.ts";
import { Scalar } from "../../src/verifier/domain/scalar.ts";
import { pointer } from "../../src/verifier/state/value.ts";

it.each([
  [3, Scalar.constant(5n), "8"],
  [-3, Scalar.constant(0n), "-3"],
  [0, Scalar.range(0n, 31n), "(0..=31)"],
  [8, Scalar.range(0n, 31n), "8 + (0..=31)"],
  [8, Scalar.signedRange(-4n, 4n), "8 + (-4..=4)"],
])("%i and a number: line %#", (off, scalar, wanted) => {
  expect(offsetText(pointer("ctx", { off, scalar }))).toBe(wanted);
});
