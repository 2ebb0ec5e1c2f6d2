// A step that is looked up is the step that the machine would make. Every state of a scenario is put into a machine of
// its own, each thread is stepped there, and what comes out is compared, word for word, with what the tables say: those that
// the machine made step by step, and those that have the steps of one program from another that is alike.
import { describe, expect, it } from "vitest";
import { Model } from "../../src/litmus/model.ts";
import { MANY, NOTHING, row, WAITS } from "../../src/litmus/rows.ts";
import type { Scenario } from "../../src/litmus/scenario.ts";
import { Transitions } from "../../src/litmus/transitions.ts";
import { twinScenarioOf } from "../support/litmus-campaign.ts";
import { example, examples, variantsOf } from "./support.ts";

function built(scenario: Scenario): Model {
  const made = Model.build(scenario);
  if (!made.ok) throw new Error(made.diagnostics[0]?.text);
  return made.value;
}

/** States that the tables and a machine disagree about, among the first `most` of a walk. */
function disagreements(scenario: Scenario, most: number, strict: boolean): unknown[] {
  const tables = new Transitions(built(scenario), undefined, strict);
  const real = new Transitions(built(scenario));
  const seen = new Set<string>();
  const queue = [tables.current()];
  // Both number what they see in the order in which they see it; the words themselves are compared.
  const wordsOf = (from: Transitions, tuple: Int32Array): string =>
    JSON.stringify([
      ...from.owns.map((own, at) => {
        const number = from.realOf(at, tuple[at]);
        return [...own.words.subarray(own.start(number), own.end(number))];
      }),
      [...from.maps.words.subarray(from.maps.start(tuple[from.mapsAt]), from.maps.end(tuple[from.mapsAt]))],
      [...from.rcus.words.subarray(from.rcus.start(tuple[from.rcuAt]), from.rcus.end(tuple[from.rcuAt]))],
    ]);
  const wrong: unknown[] = [];
  while (queue.length > 0 && seen.size < most) {
    const tuple = queue.pop() ?? new Int32Array();
    const key = tuple.join();
    if (seen.has(key)) continue;
    seen.add(key);
    for (let thread = 0; thread < tables.mapsAt; thread++) {
      const slot = tables.find(thread, tuple, 0);
      const rows = tables.rows[thread];
      const can = rows[slot + row.can];
      const many = can === MANY;
      const count = can === NOTHING || can === WAITS ? 0 : many ? rows[slot + row.nextMaps] : 1;
      const choices = Array.from({ length: count }, (_, n) =>
        many ? tables.choices[rows[slot + row.nextOwn] + n] : [],
      );
      for (const each of choices.length === 0 ? [[]] : choices) {
        const next = tuple.slice();
        const follows = tables.follow(next, { thread, choices: each });
        // The machine is put into the state by the words of the tables, all of them.
        for (let at = 0; at < tables.mapsAt; at++) real.owns[at].words = tables.owns[at].words;
        const model = real.model;
        model.mapWords.decode(tables.maps.words, tables.maps.start(tuple[tables.mapsAt]));
        model.rcuWords.decode(tables.rcus.words, tables.rcus.start(tuple[tables.rcuAt]));
        for (let at = 0; at < tables.mapsAt; at++)
          model.threads[at].decode(tables.owns[at].words, tables.owns[at].start(tables.realOf(at, tuple[at])));
        const made = model.isDone(thread) ? { ran: false } : model.step(thread, each);
        if (made.ran !== follows) wrong.push({ key, thread, each, made, follows });
        if (!made.ran || !follows) continue;
        const fresh = new Transitions(model);
        const after = fresh.current();
        if (wordsOf(fresh, after) !== wordsOf(tables, next)) wrong.push({ key, thread, each });
        queue.push(next);
      }
    }
  }
  return wrong;
}

describe("a step that is looked up", () => {
  it.each(examples)("%s: is the step that the machine makes", (name) => {
    const wrong: unknown[] = [];
    for (const [variant, scenario] of variantsOf(example(name))) {
      for (const each of disagreements(scenario, 120, true)) wrong.push({ variant, each });
    }
    expect(wrong).toEqual([]);
  });

  it.each(["map-swap.yaml", "android-race.yaml", "percpu-sum.yaml"])("%s: also where programs are alike", (name) => {
    for (const [variant, scenario] of variantsOf(example(name))) {
      expect([variant, ...disagreements(scenario, 120, false)]).toEqual([variant]);
    }
  });

  it("is so in random scenarios whose programs are alike, 30 from seed 1", () => {
    let alike = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const scenario = twinScenarioOf(seed);
      if (new Transitions(built(scenario)).twins !== undefined) alike++;
      expect([seed, ...disagreements(scenario, 60, false)]).toEqual([seed]);
    }
    expect(alike).toBeGreaterThan(20);
  });
});
