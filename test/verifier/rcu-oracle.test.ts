// Five thousand random programs, judged by the verifier and by a checker that walks every path and shares nothing
// with it. scripts/rcu-oracle.ts does the same with as many as there is time for.
import { expect, it } from "vitest";
import { compare } from "../support/compare.ts";
import { generate, randomFrom } from "../support/generate.ts";
import { assemblyOf } from "../support/text.ts";

const SEED = 20180;

it(`agrees with the brute-force oracle on programs from seed ${SEED}`, { timeout: 120_000 }, () => {
  const random = randomFrom(SEED);
  const differences: string[] = [];
  let accepted = 0;
  for (let at = 0; at < 5000; at++) {
    const program = generate(random);
    const { code, difference } = compare(program);
    if (code === undefined) accepted++;
    if (difference !== undefined) differences.push(`program ${at}: ${difference}\n${assemblyOf(program)}`);
  }
  expect(differences.slice(0, 5)).toEqual([]);
  expect(accepted).toBeGreaterThan(1500);
  expect(accepted).toBeLessThan(3500);
});
