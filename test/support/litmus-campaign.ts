// Reductions leave out interleavings and nothing else: a random scenario has the same verdict and the same final states with
// and without each of them. Every other scenario has programs that are alike, for the sake of CPU symmetry.
// Shared by the test, which looks at a few, and by scripts/litmus-reductions.ts.
import { type JudgeOptions, judgeScenario, readScenario, type Scenario, type Verdict } from "../../src/lab/litmus.ts";
import { Model } from "../../src/litmus/model.ts";
import { Observer } from "../../src/litmus/observe.ts";
import type { Move } from "../../src/litmus/schedule.ts";
import { Transitions } from "../../src/litmus/transitions.ts";
import { type RandomScenario, random, randomScenario, scenarioText, type UserOp } from "./litmus-random.ts";

/** Walks without step fusion are longer by far: they are made where the fused one has no more states than this. */
const UNFUSED = 250;
/** The same of scenarios whose programs are alike, which step fusion does not know of. */
const UNFUSED_TWINS = 50;

export interface Compared {
  readonly seed: number;
  readonly verdict: Verdict["status"];
  readonly states: number;
  /** States with ample sets and CPU symmetry, and with symmetry alone. */
  readonly reduced: number;
  readonly sorted: number;
  /** Some of the programs were found to be alike. */
  readonly symmetric: boolean;
  /** States without step fusion, where that was walked. */
  readonly unfused?: number;
  /** The reductions that made a difference to what is found. */
  readonly wrong: readonly string[];
}

export function scenarioOf(seed: number): Scenario {
  return scenarioFrom(`random ${seed}`, scenarioText(randomScenario(seed)));
}

export function scenarioFrom(name: string, text: string): Scenario {
  const read = readScenario({ name, text });
  if (!read.ok) throw new Error(`${name}: ${read.diagnostics[0]?.text}\n${text}`);
  return read.value.scenario;
}

/** Touches the words that each CPU may have for itself. */
function touchesWords(op: UserOp): boolean {
  return op.kind === "write" || op.kind === "read";
}

/**
 * A random scenario in which two or three programs are the same, and some another; the table's elements come from no CPU's
 * own list, and in half of them each CPU has words of its own.
 */
export function twinScenarioOf(seed: number): Scenario {
  const found = randomScenario(seed);
  const pick = random(seed ^ 0x5eed);
  const [twin, other] = found.programs;
  const short = { ...twin, times: 1, ops: twin.ops.slice(0, 1 + pick(2)) };
  const programs: RandomScenario["programs"][number][] = Array(2 + pick(2)).fill(short);
  if (programs.length === 2 && other !== undefined && pick(2) === 0) {
    // Between the two, or after them.
    programs.splice(1 + pick(2), 0, other);
  }
  const percpu = pick(2) === 0;
  const users = found.users
    .slice(0, 1)
    .map((script) => script.filter((op) => !percpu || !touchesWords(op)).slice(0, programs.length > 2 ? 1 : 3))
    .filter((script) => script.length > 0);
  const marks = users.some((script) => script.some((op) => op.kind === "mark"));
  const { never, ...rest } = found;
  let text = scenarioText({ ...rest, programs, users, ...(never !== undefined && marks ? { never } : {}) });
  text = text.replace("{type: hash,", "{type: hash, flags: no_prealloc,");
  if (percpu) text = text.replace("words: {type: array,", "words: {type: percpu_array,");
  const scenario = scenarioFrom(`twins ${seed}`, text);
  const first = scenario.threads.find((each) => each.kind === "program");
  // Texts that are equal are programs of their own to the reader.
  const threads = scenario.threads.map((each, at) =>
    each.kind === "program" && first?.kind === "program" && programs[at] === short
      ? { ...each, program: first.program }
      : each,
  );
  return { ...scenario, threads };
}

function judged(scenario: Scenario, options: JudgeOptions): Verdict {
  const outcome = judgeScenario(scenario, { readable: false, ...options });
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  return outcome.value;
}

/** What the schedule of a violation comes to where every step is made by the machine. */
export function cameOf(scenario: Scenario, schedule: readonly Move[]): string | undefined {
  const made = Model.build(scenario);
  if (!made.ok) throw new Error(made.diagnostics[0]?.text);
  const transitions = new Transitions(made.value, undefined, true);
  const observer = new Observer(transitions);
  const tuple = transitions.current();
  for (const move of schedule.slice(0, -1)) if (!transitions.follow(tuple, move)) return "a move that cannot be made";
  const last = schedule.at(-1);
  const broken = last === undefined ? undefined : transitions.broken(tuple, last);
  if (broken !== undefined) return broken.text;
  if (last !== undefined && !transitions.follow(tuple, last)) return "a move that cannot be made";
  return (observer.stuck(tuple, 0) ?? observer.broken(observer.values(tuple, 0)))?.text;
}

/**
 * What a walk found: the verdict, the final states, and in which bytes which threads race. A violation ends its way, so
 * that what two accesses after it would have been remarked for depends on which of the ways is walked.
 */
function found(verdict: Verdict): string {
  const told = verdict.races.filter(({ kind }) => kind === "race" || verdict.status === "holds");
  const races = told.map(({ kind, place, first, second }) =>
    [kind, place, ...[first, second].map((side) => `${side.thread} ${side.access} ${side.bytes}`).sort()].join(" "),
  );
  return JSON.stringify([
    verdict.status,
    verdict.finals.map((final) => final.values.join(" ")).sort(),
    [...new Set(races)].sort(),
  ]);
}

/** Every second of these is asked for data races as well, which make other states. */
export function asked(seed: number): Scenario {
  const scenario = scenarioOf(seed);
  if (seed % 4 !== 0) return scenario;
  const race = { kind: "noDataRace", reports: seed % 8 === 0, text: "no_data_race" } as const;
  return { ...scenario, assertions: [...scenario.assertions, race] };
}

/** The same, and of how many states each kind of final state is. */
function counted(verdict: Verdict): string {
  const finals = verdict.finals.map((final) => `${final.values.join(" ")}: ${final.states}`).sort();
  return JSON.stringify([verdict.status, finals]);
}

export function compareReductions(seed: number): Compared {
  const scenario = seed % 2 === 0 ? asked(seed) : twinScenarioOf(seed);
  const plain = judged(scenario, { reduce: false });
  const sorted = judged(scenario, {});
  const reduced = judged(scenario, { reduce: "always" });
  const wrong: string[] = found(plain) === found(reduced) ? [] : ["ample sets"];
  // With more states than are counted without it, CPU symmetry was used together with ample sets.
  const alone = !sorted.reductions.includes("ample sets");
  if (alone ? counted(plain) !== counted(sorted) : found(plain) !== found(sorted)) wrong.push("CPU symmetry");
  const [ways, all] = [sorted.interleavings, plain.interleavings];
  if (all !== undefined && ways !== all) wrong.push("the count of interleavings");
  for (const { failure } of [sorted, reduced]) {
    if (failure !== undefined && cameOf(scenario, failure.schedule) !== failure.violation.text) wrong.push("schedule");
  }
  const one = {
    seed,
    verdict: plain.status,
    states: plain.statistics.states,
    reduced: reduced.statistics.states,
    sorted: sorted.statistics.states,
    symmetric: sorted.reductions.includes("CPU symmetry"),
  };
  if (plain.statistics.states > (seed % 2 === 0 ? UNFUSED : UNFUSED_TWINS)) return { ...one, wrong };
  const unfused = judged(scenario, { fuse: false, reduce: false });
  if (found(plain) !== found(unfused)) wrong.push("step fusion");
  return { ...one, unfused: unfused.statistics.states, wrong };
}
