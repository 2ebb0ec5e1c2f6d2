// Our register states beside those that the kernel logged, on programs of the verifier's selftests:
//   npx tsx scripts/kernel-states.ts FOLDER [--show 20]
// FOLDER has verdicts.jsonl and states/ID.log, logs at level 2. Prints the share of pairs that agree
// (test/support/kernel-states.ts) and what the others have in common; exits with 1 below 95 %.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { print } from "../src/isa/print.ts";
import { type CorpusRecord, corpusCase } from "../src/lab/corpus.ts";
import { valueText } from "../src/verifier/log-text.ts";
import { statesOf } from "../test/support/kernel-log.ts";
import { agreement } from "../test/support/kernel-states.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { show: { type: "string", default: "20" } },
});
const folder = positionals[0] ?? ".";
const records = ["verdicts.jsonl", "verdicts-btf.jsonl"]
  .map((name) => join(folder, name))
  .filter((path) => existsSync(path))
  .flatMap((path) => readFileSync(path, "utf8").split("\n"))
  .filter((line) => line !== "")
  .map((line): CorpusRecord => JSON.parse(line));
const byId = new Map(records.map((record) => [record.id, record]));

interface Cause {
  count: number;
  example: string;
}
const causes = new Map<string, Cause>();
let pairs = 0;
let agreeing = 0;
let equal = 0;
let unreached = 0;
const skipped = { "no record": 0, "not to be judged here": 0 };
let programs = 0;

for (const name of readdirSync(join(folder, "states")).sort()) {
  const record = byId.get(name.replace(/\.log$/, ""));
  const states = statesOf(readFileSync(join(folder, "states", name), "utf8"));
  const made = record && corpusCase(record, (file) => readFileSync(join(folder, file), "utf8"));
  if (record === undefined) skipped["no record"]++;
  else if (made === undefined || typeof made === "string") skipped["not to be judged here"]++;
  else {
    programs++;
    const { program, profile } = made;
    const found = agreement(program, profile, states);
    pairs += found.pairs;
    agreeing += found.agreeing;
    equal += found.equal;
    unreached += found.unreached;
    for (const { pc, reg, ours, theirs, cause } of found.disagreements) {
      const insn = program.insns[pc];
      const example = `${record.id} at ${pc} (${insn ? print(insn) : ""}): r${reg} is ${valueText(ours)}, in the kernel ${theirs.join(" or ")}`;
      const known = causes.get(cause);
      if (known === undefined) causes.set(cause, { count: 1, example });
      else known.count++;
    }
  }
}

const percent = (part: number): string => `${((100 * part) / Math.max(1, pairs)).toFixed(2)} %`;
console.log(
  `${programs} programs; skipped: ${Object.entries(skipped)
    .map(([why, count]) => `${count} ${why}`)
    .join(", ")}`,
);
console.log(
  `${pairs} pairs: ${percent(agreeing)} agree (${percent(equal)} to the letter, ${percent(unreached)} where we never are)`,
);
for (const [cause, { count, example }] of [...causes]
  .sort(([, a], [, b]) => b.count - a.count)
  .slice(0, Number(values.show))) {
  console.log(`${String(count).padStart(5)} ${cause}\n      ${example}`);
}
process.exit(agreeing >= 0.95 * pairs ? 0 : 1);
