// The sets by which the explorer finds data races, beside vector clocks that keep every access: on random schedules of random
// scenarios both find the same pairs. RACE_SEED and RACE_SCENARIOS ask for others.
import { expect, it } from "vitest";
import { Model } from "../../src/litmus/model.ts";
import { Clocks, setsFound } from "../support/litmus/clocks.ts";
import { scenarioOf } from "../support/litmus-campaign.ts";
import { random } from "../support/litmus-random.ts";

it("finds the races that vector clocks find", () => {
  const seed = Number(process.env.RACE_SEED ?? 1);
  const count = Number(process.env.RACE_SCENARIOS ?? 60);
  const kinds = { race: 0, relaxed: 0 };
  const wrong: unknown[] = [];
  for (let n = 0; n < count; n++) {
    const scenario = scenarioOf(seed + n);
    const assertions = [{ kind: "noDataRace", reports: true, text: "no_data_race" }] as const;
    const pick = random(seed + n);
    for (let tries = 0; tries < 4; tries++) {
      const made = Model.build({ ...scenario, assertions });
      if (!made.ok) throw new Error(made.diagnostics[0]?.text);
      const model = made.value;
      const clocks = new Clocks(model);
      const threads = model.threads.map((_, at) => at);
      for (let idle = 0; idle < 200; ) {
        const at = pick(threads.length);
        idle = model.isDone(at) || !model.step(at).ran ? idle + 1 : 0;
      }
      const [sets, ours] = [[...setsFound(model)].sort(), [...clocks.found].sort()];
      for (const each of sets) kinds[each.startsWith("race") ? "race" : "relaxed"]++;
      if (sets.join() !== ours.join()) wrong.push({ RACE_SEED: seed + n, sets, ours });
    }
  }
  expect(wrong.slice(0, 2)).toEqual([]);
  expect([kinds.race > 0, kinds.relaxed > 0]).toEqual([true, true]);
});
