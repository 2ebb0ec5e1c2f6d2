// A few random scenarios beside SPIN, where it is installed; scripts/litmus-spin.ts judges as many as one likes.
import { describe, expect, it } from "vitest";
import { compared, isThere } from "../../scripts/litmus-spin/compare.ts";
import { Dice } from "../../scripts/litmus-spin/plan.ts";
import { randomFrom } from "../support/generate.ts";

const there = isThere();
const seed = Number(process.env.SEED ?? Date.now() % 2147483647);

describe.skipIf(!there)(there ? "beside SPIN" : "beside SPIN: skipped, there is no spin or no gcc", () => {
  it(`gives the same verdicts (SEED=${seed})`, () => {
    const dice = new Dice(randomFrom(seed));
    for (let n = 0; n < 4; n++) {
      const { text, here, spin } = compared(dice);
      expect([text, here.status]).toEqual([text, spin.violated ? "violated" : "holds"]);
    }
  });
});
