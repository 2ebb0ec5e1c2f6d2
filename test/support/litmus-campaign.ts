// Reductions leave out interleavings and nothing else: a random scenario has the same verdict and the same final states with
// and without each of them. Shared by the test, which looks at a few, and by scripts/litmus-reductions.ts.
import { type JudgeOptions, judgeScenario, readScenario, type Scenario, type Verdict } from "../../src/lab/litmus.ts";
import { randomScenario, scenarioText } from "./litmus-random.ts";

/** Walks without step fusion are longer by far: they are made where the fused one has no more states than this. */
const UNFUSED = 250;

export interface Compared {
  readonly seed: number;
  readonly verdict: Verdict["status"];
  readonly states: number;
  readonly reduced: number;
  /** States without step fusion, where that was walked. */
  readonly unfused?: number;
  /** The reductions that made a difference to what is found. */
  readonly wrong: readonly string[];
}

export function scenarioOf(seed: number): Scenario {
  const text = scenarioText(randomScenario(seed));
  const read = readScenario({ name: `random ${seed}`, text });
  if (!read.ok) throw new Error(`seed ${seed}: ${read.diagnostics[0]?.text}\n${text}`);
  return read.value.scenario;
}

function judged(scenario: Scenario, options: JudgeOptions): Verdict {
  const outcome = judgeScenario(scenario, { readable: false, ...options });
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  return outcome.value;
}

/** What a walk found: the verdict, the final states, and in which bytes which threads race. */
function found(verdict: Verdict): string {
  const races = verdict.races.map(({ kind, place, first, second }) =>
    [kind, place, ...[first, second].map((side) => `${side.thread} ${side.access} ${side.bytes}`).sort()].join(" "),
  );
  return JSON.stringify([
    verdict.status,
    verdict.finals.map((final) => final.values.join(" ")).sort(),
    [...new Set(races)].sort(),
  ]);
}

/** Every third scenario is asked for data races as well, which make other states. */
function asked(seed: number): Scenario {
  const scenario = scenarioOf(seed);
  if (seed % 3 !== 0) return scenario;
  const race = { kind: "noDataRace", reports: seed % 2 === 0, text: "no_data_race" } as const;
  return { ...scenario, assertions: [...scenario.assertions, race] };
}

export function compareReductions(seed: number): Compared {
  const scenario = asked(seed);
  const plain = judged(scenario, { reduce: false });
  const reduced = judged(scenario, { reduce: "always" });
  const wrong: string[] = found(plain) === found(reduced) ? [] : ["ample sets"];
  const one = { seed, verdict: plain.status, states: plain.statistics.states, reduced: reduced.statistics.states };
  if (plain.statistics.states > UNFUSED) return { ...one, wrong };
  const unfused = judged(scenario, { fuse: false, reduce: false });
  if (found(plain) !== found(unfused)) wrong.push("step fusion");
  return { ...one, unfused: unfused.statistics.states, wrong };
}
