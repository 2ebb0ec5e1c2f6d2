// Several threads find what one finds: the same verdict, the same final states and as many of each, the same number of states
// and steps, the same races, and the same counterexample. Where ample sets are on and programs are alike or go round,
// which states are left out is a matter of numbers that strings get in the order in which they are met; there verdicts and final
// states are compared. Shared by the test, which looks at a few, and by scripts/litmus-reductions.ts --threads.
import type { Scenario } from "../../src/lab/litmus.ts";
import { judgedBy, type Walkers } from "../../src/lab/node-walkers.ts";
import { canGoRound } from "../../src/litmus/circles.ts";
import { Exploration } from "../../src/litmus/explore.ts";
import type { JudgeOptions, Verdict } from "../../src/litmus/judgement.ts";
import { Model } from "../../src/litmus/model.ts";
import { TeamWalk } from "../../src/litmus/team.ts";
import { Transitions } from "../../src/litmus/transitions.ts";
import { judgeScenario } from "../../src/litmus/verdict.ts";
import { asked, cameOf, scenarioFrom, twinScenarioOf } from "./litmus-campaign.ts";
import { random } from "./litmus-random.ts";

export interface ComparedThreads {
  readonly seed: number;
  readonly verdict: Verdict["status"];
  readonly states: number;
  /** Programs jump backwards. */
  readonly round: boolean;
  readonly endless: boolean;
  readonly symmetric: boolean;
  readonly wrong: readonly string[];
}

/** Programs that store, add, and wait for each other by looking again and again; some for what never comes. */
export function circlesOf(seed: number): Scenario {
  const pick = random(seed ^ 0xc1c1e);
  const program = (): string => {
    const lines = ["    .prog syscall", "    r6 = map_value[m] ll", "    r0 = 0"];
    const ops = 1 + pick(3);
    for (let n = 0; n < ops; n++) {
      const at = `*(u64 *)(r6 + ${8 * pick(2)})`;
      const other = `(u64 *)(r6 + ${8 * pick(2)})`;
      const value = pick(3);
      const kinds = [
        [`${at} = ${value}`],
        ["r2 = 1", `lock *${other} += r2`],
        [`r0 = ${at}`],
        // Waits for a value.
        [`again${n}: r2 = ${at}`, `if r2 != ${value} goto again${n}`],
        // Changes something while it waits.
        [`turn${n}: r2 = 1`, `lock *${other} ^= r2`, `r2 = ${at}`, `if r2 == ${value} goto turn${n}`],
        // Goes round a number of times.
        ["r3 = 2", `round${n}: r2 = 1`, `lock *${other} += r2`, "r3 += -1", `if r3 != 0 goto round${n}`],
      ];
      lines.push(...kinds[pick(kinds.length)].map((line) => `    ${line}`));
    }
    return [...lines, "    exit"].join("\n");
  };
  const count = 2 + pick(2);
  const alike = pick(3) === 0;
  const texts = Array.from({ length: alike ? 1 : count }, program);
  const text = [
    "maps: {m: {type: array, value: 16}}",
    "programs:",
    ...texts.map((each, at) => `  p${at}: |\n${each}`),
    "threads:",
    ...Array.from({ length: count }, (_, at) => `  cpu${at}: {run: p${alike ? 0 : at}}`),
    "assert:",
    ["  - exists: cpu0 == 1", "  - final: cpu0 + cpu1 < 9", "  - never: m[0] == 4"][pick(3)],
  ].join("\n");
  return scenarioFrom(`circles ${seed}`, `${text}\n`);
}

/** Of every four: two of any kind, one whose programs are alike, one whose programs go round. */
function scenarioOf(seed: number): Scenario {
  if (seed % 4 === 1) return twinScenarioOf(seed);
  return seed % 4 === 3 ? circlesOf(seed) : asked(seed);
}

function one(scenario: Scenario, options: JudgeOptions): Verdict {
  const outcome = judgeScenario(scenario, { readable: false, ...options });
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  return outcome.value;
}

async function many(team: Walkers, scenario: Scenario, options: JudgeOptions): Promise<Verdict> {
  const outcome = await judgedBy(team, scenario, { readable: false, ...options });
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  return outcome.value;
}

function finals(verdict: Pick<Verdict, "finals">): string {
  return JSON.stringify(verdict.finals.map((final) => `${final.values.join(" ")}: ${final.states}`).sort());
}

/** What does not depend on which state is looked at when, of a walk that nothing ended early. */
function whole(verdict: Verdict): string {
  const races = verdict.races.map((race) => JSON.stringify(race)).sort();
  const { states, steps } = verdict.statistics;
  const { vacuous, unreached, misaligned, observations } = verdict;
  return JSON.stringify([finals(verdict), races, states, steps, vacuous, unreached, misaligned, observations]);
}

/** `team`: threads that walk from the first state on. */
export async function compareThreads(seed: number, team: Walkers): Promise<ComparedThreads> {
  const scenario = scenarioOf(seed);
  const round = canGoRound(scenario);
  const wrong: string[] = [];
  const plain = one(scenario, { reduce: false });
  const shared = await many(team, scenario, { reduce: false });
  if (shared.statistics.threads !== team.size + 1) wrong.push(`${shared.statistics.threads} threads`);
  const complete = plain.status === "holds" || scenario.assertions.some((each) => each.kind === "exists");
  if (plain.status !== shared.status) wrong.push(`the verdict: ${plain.status}, ${shared.status}`);
  else if (complete && whole(plain) !== whole(shared)) wrong.push(`what was found: ${whole(plain)}, ${whole(shared)}`);
  if (JSON.stringify(plain.failure) !== JSON.stringify(shared.failure)) wrong.push("the counterexample");
  if (!round && plain.status === "holds" && plain.interleavings === undefined && plain.statistics.states < 60_000) {
    wrong.push("circles where there can be none");
  }
  const reduced = one(scenario, { reduce: "always" });
  const sharedReduced = await many(team, scenario, {});
  if (reduced.status !== sharedReduced.status) wrong.push("the verdict with ample sets");
  else if (complete && finals(reduced) !== finals(sharedReduced)) wrong.push("final states with ample sets");
  const { failure } = sharedReduced;
  if (failure !== undefined && failure.schedule.length > 0 && plain.status === "violated") {
    const came = cameOf(scenario, failure.schedule);
    if (came !== failure.violation.text && failure.violation.assertion >= -2) wrong.push("a schedule");
  }
  const symmetric = sharedReduced.reductions.includes("CPU symmetry");
  if (symmetric) wrong.push(...(await symmetryOf(scenario, team)));
  else if (!round && complete && reduced.statistics.states !== sharedReduced.statistics.states) {
    wrong.push(`states with ample sets: ${reduced.statistics.states}, ${sharedReduced.statistics.states}`);
  }
  wrong.push(...(await wayOf(scenario, team)));
  const endless = plain.failure?.violation.assertion === -3;
  return { seed, verdict: plain.status, states: plain.statistics.states, round, endless, symmetric, wrong };
}

const most = { symmetry: true, states: 1_000_000 } as const;

async function walked(team: Walkers, scenario: Scenario, all: boolean, reduce: boolean): Promise<TeamWalk> {
  const walk = TeamWalk.begin(team, { ...most, all, reduce, scenario, fuse: true });
  if (walk === undefined) throw new Error("there is no memory for a walk");
  while (!walk.advance(20_000)) await new Promise((resolve) => setImmediate(resolve));
  return walk;
}

/** What is wrong with the way to whatever the threads met first. */
async function wayOf(scenario: Scenario, team: Walkers): Promise<readonly string[]> {
  const walk = await walked(team, scenario, false, true);
  if (walk.broken === undefined) return [];
  const came = cameOf(scenario, walk.scheduleTo(walk.broken));
  return came === undefined || came.startsWith("a move") ? [`the way to a violation: ${came}`] : [];
}

/** Differences between walks with CPU symmetry alone. */
async function symmetryOf(scenario: Scenario, team: Walkers): Promise<readonly string[]> {
  const made = Model.build(scenario);
  if (!made.ok) throw new Error(made.diagnostics[0]?.text);
  const alone = new Exploration(new Transitions(made.value), { ...most, all: true });
  alone.advance(Number.POSITIVE_INFINITY);
  const walk = await walked(team, scenario, true, false);
  const found = (of: typeof walk | Exploration): string => JSON.stringify([of.states.count, finals(of)]);
  return found(alone) === found(walk) ? [] : [`CPU symmetry: ${found(alone)}, ${found(walk)}`];
}
