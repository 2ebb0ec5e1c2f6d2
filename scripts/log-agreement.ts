// How much of the log that `verify --log-level 2` prints is what a kernel printed for the same program, word for word.
// npx tsx scripts/log-agreement.ts --corpus DIR [--show N] [--id TEXT]
// DIR holds verdicts.jsonl (the records of `bpflab corpus`) and states/ID.log, the kernel's level-2 logs. Left out of
// both: addresses, and what the kernel says to its own developers.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type CorpusRecord, corpusCase } from "../src/lab/corpus.ts";
import { verify } from "../src/verifier/verify.ts";
import { type LogShape, renamed, shapeOf, type Visit } from "../test/support/log-shape.ts";

const { values } = parseArgs({
  options: {
    corpus: { type: "string" },
    show: { type: "string", default: "20" },
    id: { type: "string", default: "" },
  },
});
const folder = values.corpus ?? "";
if (!existsSync(join(folder, "states"))) throw new Error("--corpus DIR: a folder with verdicts.jsonl and states/");

/** How many of one list are in the other, in order: the longest common subsequence. */
function common(a: readonly string[], b: readonly string[]): number {
  let row = new Uint32Array(b.length + 1);
  for (const x of a) {
    const next = new Uint32Array(b.length + 1);
    for (let j = 0; j < b.length; j++) {
      next[j + 1] = x === b[j] ? (row[j] ?? 0) + 1 : Math.max(row[j + 1] ?? 0, next[j] ?? 0);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

const totals = { programs: 0, whole: 0, insns: [0, 0], lines: [0, 0], renamed: [0, 0], states: [0, 0], others: [0, 0] };
const count = (pair: number[], agree: number, total: number): void => {
  pair[0] = (pair[0] ?? 0) + agree;
  pair[1] = (pair[1] ?? 0) + total;
};
let shown = 0;

const records = readFileSync(join(folder, "verdicts.jsonl"), "utf8").trim().split("\n");
const logs = new Set(readdirSync(join(folder, "states")));
for (const line of records) {
  const record = JSON.parse(line) as CorpusRecord;
  if (!logs.has(`${record.id}.log`) || !record.id.includes(values.id)) continue;
  // The logs are of loads without the types of functions.
  const made = corpusCase({ ...record, needs_btf_func: false, has_btf: false, func_info: [] }, (name) =>
    readFileSync(join(folder, name), "utf8"),
  );
  if (typeof made === "string") continue;
  // The kernel's maps had no names.
  const maps = made.program.maps.map((map) => ({ ...map, name: "" }));
  const ours = shapeOf(verify({ ...made.program, maps }, made.profile, { logLevel: 2 }).log ?? "");
  const theirs = shapeOf(readFileSync(join(folder, "states", `${record.id}.log`), "utf8"));
  totals.programs++;
  const text = ({ insn, state }: Visit): string => `${insn} ; ${state}`;
  const words = (shape: LogShape): readonly string[] => shape.visits.map((visit) => visit.insn);
  count(totals.insns, common(words(ours), words(theirs)), theirs.visits.length);
  const exact = common(ours.visits.map(text), theirs.visits.map(text));
  count(totals.lines, exact, theirs.visits.length);
  const [a, b] = [renamed(ours), renamed(theirs)];
  const [mine, wanted] = [a.visits.map(text), b.visits.map(text)];
  const same = common(mine, wanted);
  count(totals.renamed, same, wanted.length);
  const registers = (shape: LogShape): readonly string[] =>
    shape.visits.flatMap(({ insn, state }) => state.split(/ (?=R\d|fp|refs)/).map((part) => `${insn} ${part}`));
  count(totals.states, common(registers(a), registers(b)), registers(b).length);
  const others = common(a.others, b.others);
  count(totals.others, others, b.others.length);
  if (same === wanted.length && mine.length === wanted.length && others === b.others.length) totals.whole++;
  else if (shown < Number(values.show)) {
    shown++;
    console.log(`\n== ${record.id}`);
    const have = new Set([...mine, ...a.others]);
    const want = new Set([...wanted, ...b.others]);
    for (const each of [...wanted, ...b.others].filter((text) => !have.has(text)).slice(0, 4)) console.log(`- ${each}`);
    for (const each of [...mine, ...a.others].filter((text) => !want.has(text)).slice(0, 4)) console.log(`+ ${each}`);
  }
}
const share = ([agree = 0, total = 0]: readonly number[]): string =>
  `${agree} of ${total} (${((100 * agree) / Math.max(1, total)).toFixed(1)} %)`;
console.log(`
programs: ${totals.programs}; logs that are equal throughout: ${totals.whole}
instructions, in order: ${share(totals.insns)}
lines with their states, character for character: ${share(totals.lines)}
lines with their states, identities renamed: ${share(totals.renamed)}
of those that both walked: ${share([totals.renamed[0] ?? 0, totals.insns[0] ?? 0])}
registers and slots, identities renamed: ${share(totals.states)}
other lines: ${share(totals.others)}`);
