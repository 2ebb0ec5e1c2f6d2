// Our register states beside those that the kernel logged, on programs of the verifier's selftests:
//   npx tsx scripts/kernel-states.ts FOLDER [--show 20]
// FOLDER has verdicts.jsonl and states/ID.log, logs at level 2. A pair is an instruction and a register of which the
// kernel said something; it agrees if every value that we had there equals one of the kernel's or lies in it. Prints
// the share and what the others have in common; exits with 1 below 95 %.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { print } from "../src/isa/print.ts";
import { type CorpusRecord, corpusCase } from "../src/lab/corpus.ts";
import { valueText } from "../src/verifier/log-text.ts";
import { liveness } from "../src/verifier/search/liveness.ts";
import type { Value } from "../src/verifier/state/value.ts";
import { verify } from "../src/verifier/verify.ts";
import { apart, statesOf } from "../test/support/kernel-log.ts";

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
    const ours = new Map<string, Value[]>();
    const live = liveness(program);
    verify(program, profile, {
      onState: (state) => {
        if (state.frames.length > 1) return;
        state.frame.regs.forEach((value, reg) => {
          const key = `${state.pc} ${reg}`;
          const all = ours.get(key);
          if (all === undefined) ours.set(key, [value]);
          else all.push(value);
        });
      },
    });
    const theirs = new Map<string, Set<string>>();
    for (const { pc, regs } of states) {
      for (const [reg, text] of regs) {
        if (((live[pc] ?? 0) >> reg) & 1)
          theirs.set(`${pc} ${reg}`, (theirs.get(`${pc} ${reg}`) ?? new Set()).add(text));
      }
    }
    for (const [key, texts] of theirs) {
      pairs++;
      const all = ours.get(key);
      if (all === undefined) {
        unreached++;
        agreeing++;
        continue;
      }
      const wrong = all.find((value) => ![...texts].some((text) => apart(value, text) === undefined));
      if (wrong === undefined) {
        agreeing++;
        if (all.every((value) => texts.has(valueText(value)))) equal++;
        continue;
      }
      const [pc = "0", reg] = key.split(" ");
      const [text = ""] = texts;
      const cause = apart(wrong, text) ?? "";
      const insn = program.insns[Number(pc)];
      const example = `${record.id} at ${pc} (${insn ? print(insn) : ""}): r${reg} is ${valueText(wrong)}, in the kernel ${[...texts].join(" or ")}`;
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
