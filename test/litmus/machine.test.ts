// The law that ties the axioms to machines that run: an execution is allowed exactly if a machine can do it.
import { expect, it } from "vitest";
import { compare, emptyTally } from "../support/litmus/campaign.ts";

it("axioms and machines end random tests in the same states", () => {
  const seed = Number(process.env.LITMUS_SEED ?? Math.floor(Math.random() * 1e9));
  const tally = emptyTally();
  for (let at = 0; at < 40; at++) compare(seed + at, at % 4 === 0, tally);
  expect(tally.disagreements, `LITMUS_SEED=${seed}`).toEqual([]);
  expect(tally.states).toBeGreaterThan(120);
}, 120_000);
