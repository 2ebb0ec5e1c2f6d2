// The number of interleavings is exact: a multinomial where threads have nothing to do with each other, and what plain
// enumeration counts where they have.
import { describe, expect, it } from "vitest";
import { Exploration } from "../../src/litmus/explore.ts";
import { Model } from "../../src/litmus/model.ts";
import { MANY, row } from "../../src/litmus/rows.ts";
import type { Scenario } from "../../src/litmus/scenario.ts";
import { Transitions } from "../../src/litmus/transitions.ts";
import { scenarioOf } from "../support/litmus-campaign.ts";
import { example, scenarioFile } from "./support.ts";

function built(scenario: Scenario): Transitions {
  const made = Model.build(scenario);
  if (!made.ok) throw new Error(made.diagnostics[0]?.text);
  return new Transitions(made.value);
}

function counted(scenario: Scenario): bigint | undefined {
  const walk = new Exploration(built(scenario), { states: 100_000, count: 100_000, all: true });
  walk.advance(Number.POSITIVE_INFINITY);
  return walk.ways;
}

/** The states that a thread can go on to. */
function outcomes(transitions: Transitions, thread: number, tuple: Int32Array): readonly Int32Array[] {
  const slot = transitions.find(thread, tuple, 0);
  const rows = transitions.rows[thread];
  const many = rows[slot + row.can] === MANY;
  const answers = many ? transitions.choices.slice(rows[slot + row.nextOwn]).slice(0, rows[slot + row.nextMaps]) : [[]];
  return answers.flatMap((choices) => {
    const next = tuple.slice();
    return transitions.follow(next, { thread, choices }) ? [next] : [];
  });
}

/** Interleavings one by one; undefined when there are more than `most`. */
function oneByOne(scenario: Scenario, most: number): bigint | undefined {
  const transitions = built(scenario);
  let count = 0;
  const go = (tuple: Int32Array): void => {
    let moved = false;
    for (let thread = 0; thread < transitions.mapsAt && count <= most; thread++) {
      for (const next of outcomes(transitions, thread, tuple)) {
        moved = true;
        go(next);
      }
    }
    if (!moved) count++;
  };
  go(transitions.current());
  return count > most ? undefined : BigInt(count);
}

describe("the count of interleavings", () => {
  it("of threads that share nothing is the multinomial: 9! / (2! 3! 4!)", () => {
    const reads = (map: string, n: number) => Array(n).fill(`    - lookup: {map: ${map}, key: 0}`);
    const text = [
      "maps: {a: {type: array}, b: {type: array}, c: {type: array}}",
      "threads:",
      ...["a", "b", "c"].flatMap((map, at) => [`  t${at}:`, ...reads(map, at + 2)]),
    ].join("\n");
    expect(counted(scenarioFile(text).scenario)).toBe(1260n);
  });

  it("is what counting one by one gives", () => {
    const wrong: unknown[] = [];
    let compared = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const scenario = { ...scenarioOf(seed), assertions: [] };
      const slow = oneByOne(scenario, 20_000);
      if (slow === undefined) continue;
      compared++;
      const fast = counted(scenario);
      if (fast !== slow) wrong.push({ seed, fast, slow });
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(15);
  });

  it("is left out where there are circles", () => {
    const variant = example("lock-inversion.yaml").variants.find((each) => each.name === "one order");
    expect(variant === undefined ? "missing" : counted(variant.scenario)).toBeUndefined();
  });
});
