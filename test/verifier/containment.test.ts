// Four hundred random programs about bounds, run beside the states that the verifier had for them.
// scripts/fuzz-containment.ts does the same with as many as there is time for.
import { expect, it } from "vitest";
import { Campaign } from "../support/containment-campaign.ts";

const SEED = 20_180_731;
const PROGRAMS = 400;

it(`the verifier's states contain every run of ${PROGRAMS} programs from seed ${SEED}`, { timeout: 60_000 }, () => {
  const campaign = new Campaign(SEED, 8);
  const violations: string[] = [];
  for (let at = 0; at < PROGRAMS; at++) {
    const violation = campaign.next();
    if (violation !== undefined) violations.push(`program ${at}: ${violation.text}`);
  }
  expect(violations.slice(0, 5)).toEqual([]);
  expect(campaign.accepted).toBeGreaterThan(PROGRAMS / 2);
  expect(campaign.instructions).toBeGreaterThan(PROGRAMS * 40);
});
