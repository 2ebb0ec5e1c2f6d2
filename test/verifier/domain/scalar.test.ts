// The laws of 64-bit scalars, sampled. scripts/domain-laws.ts tries a million samples of each.
import { describe, expect, test } from "vitest";
import { counterexamples, laws } from "./laws.ts";
import { seed } from "./samples.ts";

describe(`laws of scalars, SEED=${seed}`, () => {
  test.each(laws)("$name", (law) => expect(counterexamples(law, 1500)).toEqual([]));
});
