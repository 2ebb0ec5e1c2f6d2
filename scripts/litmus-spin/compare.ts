// One random scenario judged by both: here, and by SPIN on a Promela model of it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judgeScenario, readScenario, type Verdict } from "../../src/lab/litmus.ts";
import { type Atom, atomsOf, type Claim, type Dice, type Plan, randomPlan } from "./plan.ts";
import { promela } from "./promela.ts";
import { claimText, observation, scenarioText } from "./scenario.ts";

export interface Compared {
  readonly plan: Plan;
  readonly text: string;
  readonly model: string;
  readonly here: Verdict;
  readonly spin: { readonly violated: boolean; readonly states: number };
}

/** Whether both programs that are needed are there. */
export function isThere(): boolean {
  return ["spin", "gcc"].every((name) => spawnSync(name, ["--version"]).error === undefined);
}

/** The next scenario that something interesting can be claimed of. */
export function compared(dice: Dice): Compared {
  for (;;) {
    const plan = randomPlan(dice);
    const claim = randomClaim(dice, plan);
    if (claim === undefined) continue;
    const text = scenarioText(plan, [claimText(claim, plan)]);
    const model = promela(plan, claim);
    return { plan, text, model, here: verdictOn(text), spin: bySpin(model) };
  }
}

function verdictOn(text: string): Verdict {
  const read = readScenario({ name: "scenario.yaml", text });
  if (!read.ok) throw new Error(`${read.diagnostics[0]?.text}\n${text}`);
  const judged = judgeScenario(read.value.scenario);
  if (!judged.ok) throw new Error(`${judged.diagnostics[0]?.text}\n${text}`);
  return judged.value;
}

/** Values of the end that go together, or that are each found and never together; sometimes that a map is left alone. */
function randomClaim(dice: Dice, plan: Plan): Claim | undefined {
  const exchanged = plan.maps.some(({ name }) => name === "old") && plan.script.some(({ kind }) => kind === "mark");
  if (exchanged && dice.chance(0.3)) return { kind: "quiet", map: "old" };
  const atoms = atomsOf(plan);
  // The columns of the final states are in the order of the atoms.
  const seen = verdictOn(scenarioText(plan, [observation(atoms, plan)])).finals.map((final) => final.values);
  const varying = atoms.map((_, at) => at).filter((at) => new Set(seen.map((row) => row[at])).size > 1);
  if (varying.length === 0) return undefined;
  const wantsBroken = dice.chance(0.35);
  for (let tries = 0; tries < 60; tries++) {
    const chosen = [...new Set([dice.one(varying), dice.one(varying)])];
    const picked = chosen.map((at): readonly [number, bigint] => [at, dice.one(seen)[at]]);
    const found = seen.some((row) => picked.every(([at, value]) => row[at] === value));
    if (found === wantsBroken) {
      return { kind: "not", values: picked.map(([at, value]): [Atom, number] => [atoms[at], Number(value)]) };
    }
  }
  // All values go together: nothing would be claimed that is hard to keep.
  return undefined;
}

function bySpin(model: string): Compared["spin"] {
  const cwd = mkdtempSync(join(tmpdir(), "bpflab-spin-"));
  const run = (command: string, args: readonly string[]): string => {
    const done = spawnSync(command, args, { cwd, encoding: "utf8", timeout: 300_000 });
    if (done.error !== undefined) throw new Error(`${command}: ${done.error.message}`);
    if (done.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${done.stdout}${done.stderr}`);
    return `${done.stdout}${done.stderr}`;
  };
  try {
    writeFileSync(join(cwd, "model.pml"), model);
    run("spin", ["-a", "model.pml"]);
    run("gcc", ["-w", "-DSAFETY", "-o", "pan", "pan.c"]);
    const said = run("./pan", ["-m1000000"]);
    const errors = /errors: (\d+)/.exec(said);
    if (errors === null || /max search depth too small|out of memory/.test(said)) throw new Error(said);
    return { violated: errors[1] !== "0", states: Number(/(\d+) states, stored/.exec(said)?.[1] ?? 0) };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
