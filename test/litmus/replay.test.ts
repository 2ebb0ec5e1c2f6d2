// A failing schedule leads to the same state every time: in the explorer's tables, on the machine, and on a machine that is
// taken back to earlier moments on the way.
import { describe, expect, it } from "vitest";
import { Model } from "../../src/litmus/model.ts";
import type { Move } from "../../src/litmus/schedule.ts";
import { parseSchedule, scheduleText } from "../../src/litmus/schedule.ts";
import { tell } from "../../src/litmus/telling.ts";
import { Transitions } from "../../src/litmus/transitions.ts";
import { random } from "../support/litmus-random.ts";
import { example, judged, variantsOf } from "./support.ts";

const failing = [
  ["map-swap.yaml", "outer lookup only / synchronize_rcu"],
  ["locked-fill.yaml", "default"],
  ["torn-read.yaml", "BPF_F_LOCK on one side"],
  ["data-race.yaml", "default"],
] as const;

function given(file: string, variant: string) {
  const scenario = variantsOf(example(file)).get(variant);
  if (scenario === undefined) throw new Error(`${file} has no ${variant}`);
  const { failure } = judged(scenario);
  if (failure === undefined) throw new Error(`${file}, ${variant} holds`);
  const made = Model.build(scenario);
  if (!made.ok) throw new Error(made.diagnostics[0]?.text);
  return { scenario, failure, schedule: failure.schedule, model: made.value };
}

/** The words of a machine from which its threads and maps go on. */
function words(model: Model): string {
  return Buffer.from(model.machine.memory.snapshot().bytes).toString("base64");
}

describe.each(failing)("%s, %s", (file, variant) => {
  const { scenario, failure, schedule, model } = given(file, variant);

  it("leads to the same state in the tables, 1000 times of 1000", () => {
    const transitions = new Transitions(model);
    const start = transitions.current();
    const ends = new Set<string>();
    for (let n = 0; n < 1000; n++) {
      const tuple = start.slice();
      for (const move of schedule.slice(0, -1)) transitions.follow(tuple, move);
      ends.add(tuple.join());
    }
    expect(ends.size).toBe(1);
    transitions.load(start);
  });

  it("leads to the same state on a machine that goes back and forth, 1000 times of 1000", () => {
    const start = model.machine.snapshot();
    const pick = random(20261123);
    const ends = new Set<string>();
    const said = new Set<string>();
    for (let n = 0; n < 1000; n++) {
      model.machine.restore(start);
      const moments = [model.machine.snapshot()];
      let steps = 0;
      for (let at = 0; at < schedule.length; at++) {
        const made = model.step(schedule[at].thread, schedule[at].choices);
        moments[at + 1] = n < 50 || pick(8) === 0 ? model.machine.snapshot() : moments[at + 1];
        if (made.violation !== undefined) said.add(made.violation.text);
        // Back to a moment that was kept, at most as often as the schedule is long.
        const back = pick(schedule.length);
        if (steps++ < schedule.length && back <= at && moments[back] !== undefined && pick(4) === 0) {
          model.machine.restore(moments[back]);
          at = back - 1;
          moments.length = back + 1;
        }
      }
      ends.add(words(model));
    }
    expect(ends.size).toBe(1);
    // A condition on the end is judged by the walk; the others by the step that breaks them.
    expect([...said]).toEqual(failure.violation.text === "the final state is another" ? [] : [failure.violation.text]);
    model.machine.restore(start);
  });

  it("is told from its text as from its moves", () => {
    const again = parseSchedule(scheduleText(schedule), model.threads.length) as readonly Move[];
    expect(again).toEqual(schedule);
    expect(tell(scenario, again)).toEqual(tell(scenario, schedule));
  });
});
