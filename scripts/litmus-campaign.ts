// Random litmus tests, the axioms beside machines that run them and, where herd7 is installed, beside herd7:
//   npm run fuzz:litmus -- --tests 5000 --seed 1
//   npm run fuzz:litmus -- --tests 1000 --seed 1 --herd herd7
// With --herd the states, and the number of executions with and without the condition, are compared under bpf.cat and
// sc.cat. Tests with a compare-and-exchange are held to the states alone: herd7 lets one that succeeds write before the
// write that it read, if a later one of the same value comes of it (docs/parity.md). Exits with 1 at a disagreement.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { judgeLitmus } from "../src/lab/litmus-test.ts";
import { compare, emptyTally } from "../test/support/litmus/campaign.ts";
import { randomLitmus } from "../test/support/litmus/random.ts";

const { values } = parseArgs({
  options: {
    tests: { type: "string", default: "2000" },
    seed: { type: "string" },
    herd: { type: "string" },
    /** Where the files for herd7 go; by default a new folder that is removed at the end. */
    folder: { type: "string" },
  },
});
const count = Number(values.tests);
const seed = values.seed === undefined ? Date.now() % 1_000_000_007 : Number(values.seed);
console.log(`${count} tests from seed ${seed}`);
const wrong = values.herd === undefined ? beside(machines()) : beside(herd(values.herd));
process.exit(wrong === 0 ? 0 : 1);

function beside(disagreements: readonly string[]): number {
  for (const each of disagreements.slice(0, 5)) console.log(`\n${each}`);
  console.log(`${disagreements.length} disagreements`);
  return disagreements.length;
}

function machines(): readonly string[] {
  const tally = emptyTally();
  const began = performance.now();
  for (let at = 0; at < count; at++) compare(seed + at, at % 3 === 0, tally);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    `${tally.states} final states compared in ${seconds} s; ${tally.buffered} tests have more under total store order, ` +
      `${tally.weak} under the BPF model, than under sequential consistency`,
  );
  return tally.disagreements.map(
    (each) =>
      `${randomLitmus(each.seed, each)}${each.model}\n  axioms: ${each.axioms.join(" | ")}\n  machine: ${each.machine.join(" | ")}`,
  );
}

interface Seen {
  readonly states: number;
  readonly counts: string;
}

function herd(command: string): readonly string[] {
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), "bpflab-herd-"));
  const files = Array.from({ length: count }, (_, at) => {
    const file = join(folder, `random-${seed + at}.litmus`);
    writeFileSync(file, randomLitmus(seed + at));
    return file;
  });
  const out: string[] = [];
  for (const [cat, model] of [
    ["bpf.cat", "bpf"],
    ["sc.cat", "sc"],
  ] as const) {
    const seen = new Map<string, Seen>();
    for (let at = 0; at < files.length; at += 500) {
      const ran = spawnSync(command, ["-model", cat, ...files.slice(at, at + 500)], {
        encoding: "utf8",
        maxBuffer: 1 << 28,
      });
      if (ran.error !== undefined) {
        console.log(`herd7 is not here (${ran.error.message}): nothing was compared with it`);
        process.exit(0);
      }
      for (const [name, each] of observations(ran.stdout)) seen.set(name, each);
    }
    let exact = 0;
    for (let at = 0; at < count; at++) {
      const text = randomLitmus(seed + at);
      const verdict = judgeLitmus(text, "random", model);
      const theirs = seen.get(`random-${seed + at}`);
      if (!verdict.ok || theirs === undefined) {
        out.push(`${text}${model}: ${verdict.ok ? "herd7 says nothing" : verdict.diagnostics[0]?.text}`);
        continue;
      }
      const { states, observation, positive, negative } = verdict.value;
      const counts = `${observation} ${positive} ${negative}`;
      if (states.length === theirs.states && counts === theirs.counts) exact += 1;
      else if (states.length > theirs.states || !text.includes("cmpxchg")) {
        out.push(
          `${text}${model}: ${states.length} states, ${counts}; herd7: ${theirs.states} states, ${theirs.counts}`,
        );
      }
    }
    console.log(`${cat}: ${exact} of ${count} with the same number of states and of executions`);
  }
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
  return out;
}

function observations(text: string): ReadonlyMap<string, Seen> {
  const out = new Map<string, Seen>();
  let states = 0;
  for (const line of text.split("\n")) {
    const [word, first = "", ...rest] = line.split(" ");
    if (word === "States") states = Number(first);
    if (word === "Observation") out.set(first, { states, counts: rest.join(" ") });
  }
  return out;
}
