// How fast the explorer walks: the map swap of 2018 with four programs and more, every interleaving, no ample sets, one
// thread; the memory of ten million states; and the time of the mail's table. Reductions are off, CPU symmetry too, but where
// it says otherwise. Four programs have 21,167 states after step fusion, which takes less time than an engine needs to compile
// the walk: the cold figure is of a process that has done nothing else, and most of it is the machine making 220 steps in
// code that runs for the first time. The rate of the walk itself is that of the larger spaces.
//   npx tsx bench/explore.ts [--full]        --full: also the ten million states
//   npx tsx bench/explore.ts --threads N     the larger spaces by one thread and by N, by turns: seconds on the clock, in
// which a thread that begins from the sources takes some tenths of a second longer than one of the built package
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readScenario, type Scenario } from "../src/lab/litmus.ts";
import { judgedBy, Walkers } from "../src/lab/node-walkers.ts";
import { Exploration } from "../src/litmus/explore.ts";
import { Model } from "../src/litmus/model.ts";
import { Transitions } from "../src/litmus/transitions.ts";
import { judgeScenario } from "../src/litmus/verdict.ts";

const text = readFileSync(join(import.meta.dirname, "../examples/litmus/map-swap.yaml"), "utf8");
const read = readScenario({ name: "map-swap.yaml", text });
if (!read.ok) throw new Error(read.diagnostics[0]?.text);
const { scenario, variants, table } = read.value;

/** The scenario with so many programs, each run so many times. */
function swap(programs: number, times: number): Scenario {
  const [first] = scenario.threads;
  const users = scenario.threads.filter((each) => each.kind === "user");
  if (first.kind !== "program") throw new Error("the first thread is no program");
  const copies = Array.from({ length: programs }, (_, at) => ({ ...first, name: `cpu${at}`, times }));
  return {
    ...scenario,
    threads: [...copies, ...users],
    assertions: scenario.assertions.filter((each) => each.kind === "access"),
  };
}

/** Time of the processor, which other work on the machine does not count in; threads of the compiler do. */
function secondsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6;
}

function walked(of: Scenario, most: number, { fuse = true, symmetry = false } = {}): string {
  const began = process.cpuUsage();
  const made = Model.build(of, { fuse });
  if (!made.ok) throw new Error(made.diagnostics[0]?.text);
  const transitions = new Transitions(made.value);
  const walk = new Exploration(transitions, { states: most, symmetry });
  walk.advance(Number.POSITIVE_INFINITY);
  const seconds = secondsSince(began);
  const rate = (count: number): string => Math.round(count / seconds).toLocaleString("en");
  const memory = process.memoryUsage();
  const resident = Math.round(memory.rss / 1e6);
  const verdict = walk.failure === undefined ? (walk.full ? "stopped" : "holds") : "violated";
  return `${verdict}: ${walk.states.count.toLocaleString("en")} states, ${walk.steps.toLocaleString("en")} steps (${transitions.made.toLocaleString("en")} made) in ${seconds.toFixed(2)} s of the processor: ${rate(walk.states.count)} states/s, ${rate(walk.steps)} steps/s; tables ${Math.round(walk.bytes / 1e6)} MB, process ${resident} MB`;
}

/** Seconds of a whole verdict, by a process of its own: `threads programs fuse`. */
async function timed([threads, programs, fuse]: readonly string[]): Promise<void> {
  const team = new Walkers(Number(threads));
  const began = performance.now();
  const options = { reduce: false, readable: false, fuse: fuse === "true", seconds: 600, states: 20_000_000 } as const;
  const outcome = await judgedBy(team, swap(Number(programs), 1), options);
  const seconds = (performance.now() - began) / 1000;
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  const { states, threads: walked } = outcome.value.statistics;
  const resident = Math.round(process.resourceUsage().maxRSS / 1000);
  console.log(JSON.stringify({ seconds, states, threads: walked, resident }));
  await team.close();
}

function sideBySide(threads: number): void {
  for (const [programs, fuse, what] of [
    [5, true, "5 programs"],
    [6, true, "6 programs"],
    [4, false, "4 programs, step fusion off"],
    [7, true, "7 programs"],
  ] as const) {
    const runs: Readonly<Record<"one" | "several", number[]>> = { one: [], several: [] };
    let said = "";
    for (let round = 0; round < 3; round++) {
      for (const [which, count] of [
        ["one", 1],
        ["several", threads],
      ] as const) {
        const words = ["--timed", String(count), String(programs), String(fuse)];
        const { stdout } = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, ...words]);
        const one = JSON.parse(String(stdout)) as {
          seconds: number;
          states: number;
          threads: number;
          resident: number;
        };
        runs[which].push(one.seconds);
        said = `${one.states.toLocaleString("en")} states, ${one.threads} threads, at most ${one.resident} MB`;
      }
    }
    const [alone, together] = [median(runs.one), median(runs.several)];
    const all = (seconds: readonly number[]): string => seconds.map((each) => each.toFixed(2)).join(" ");
    console.log(
      `${what}: ${said}; one thread ${alone.toFixed(2)} s (${all(runs.one)}), ${threads} threads ${together.toFixed(2)} s (${all(runs.several)}): ${(alone / together).toFixed(2)} times as fast`,
    );
  }
}

function median(of: readonly number[]): number {
  return [...of].sort((a, b) => a - b)[of.length >> 1];
}

const threadsAt = process.argv.indexOf("--threads");
if (threadsAt >= 0) {
  sideBySide(Number(process.argv[threadsAt + 1]));
  process.exit();
}
if (process.argv.includes("--timed")) {
  await timed(process.argv.slice(process.argv.indexOf("--timed") + 1));
  process.exit();
}
if (process.argv.includes("--cold")) {
  console.log(walked(swap(4, 1), 1e9));
  process.exit();
}
for (let round = 1; round <= 3; round++) {
  const { stdout } = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, "--cold"]);
  console.log(`4 programs x 1, cold, process ${round}: ${String(stdout).trim()}`);
}
for (let round = 1; round <= 5; round++) console.log(`4 programs x 1, round ${round}: ${walked(swap(4, 1), 1e9)}`);
if (process.argv.includes("--full"))
  console.log(`4 programs x 1, step fusion off too: ${walked(swap(4, 1), 1e9, { fuse: false })}`);
console.log(`5 programs x 1: ${walked(swap(5, 1), 1e9)}`);
if (process.argv.includes("--full"))
  console.log(`7 programs x 1, ten million states: ${walked(swap(7, 1), 10_000_000)}`);

for (const programs of [3, 4, 5, 7])
  console.log(`${programs} programs x 1, CPU symmetry: ${walked(swap(programs, 1), 1e9, { symmetry: true })}`);

const times: number[] = [];
for (let round = 0; round < 5; round++) {
  const began = process.cpuUsage();
  const wanted = new Set(table?.rows.flatMap((row) => table.columns.map((column) => `${row} / ${column}`)));
  for (const each of variants) if (wanted.has(each.name)) judgeScenario(each.scenario);
  times.push(secondsSince(began) * 1000);
}
console.log(
  `the table of the mail, nine verdicts, time of the processor: ${times.map((each) => `${each.toFixed(0)} ms`).join(", ")}`,
);
