// A few of the random scenarios of scripts/litmus-reductions.ts, with each reduction and without.
import { expect, it } from "vitest";
import { compareReductions } from "../support/litmus-campaign.ts";

it("reductions change neither verdicts nor final states, of 40 random scenarios from seed 9000", () => {
  const all = Array.from({ length: 40 }, (_, at) => compareReductions(9000 + at));
  expect(all.filter((each) => each.wrong.length > 0)).toEqual([]);
  const sum = (of: (each: (typeof all)[number]) => number): number => all.reduce((total, each) => total + of(each), 0);
  // They reduce something, and the scenarios are of both kinds.
  expect(sum((each) => each.reduced)).toBeLessThan(sum((each) => each.states));
  expect(all.filter((each) => each.verdict === "violated").length).toBeGreaterThan(5);
  expect(all.filter((each) => each.verdict === "holds").length).toBeGreaterThan(5);
});
