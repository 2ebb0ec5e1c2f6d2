// Time to verify a corpus of programs, beside the running kernel's on the same programs in the same run.
//   npx tsx bench/verify.ts FILE.jsonl... [--programs] [--passes 5] [--most 20]
// The files are those of `bpflab corpus`; --programs adds those of bench/programs. The kernel's time is its own `verification time` (root, Linux); ours is of one
// warm process, the median of the passes, and of the first, cold pass apart. tsx keeps the names of functions at run time,
// which costs a third of the speed: for figures build first (`npm run build`) and run the compiled library:
//   npx esbuild bench/verify.ts --bundle --platform=node --format=esm --external:koffi --outfile=bench/verify.mjs
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { assemble } from "../src/asm/assemble.ts";
import { benchmarks } from "../src/cli/benchmarks.ts";
import { judge } from "../src/kernel/judge.ts";
import { openKernel } from "../src/kernel/syscall.ts";
import { type CorpusCase, type CorpusRecord, corpusCase } from "../src/lab/corpus.ts";
import { verify } from "../src/verifier/verify.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    passes: { type: "string", default: "5" },
    programs: { type: "boolean", default: false },
    most: { type: "string", default: "12" },
  },
});

interface Row extends CorpusCase {
  readonly id: string;
  readonly times: number[];
  instructions: number;
  kernelTime: number;
  kernelInstructions: number;
}

const rows: Row[] = [];
for (const file of positionals) {
  for (const line of readFileSync(file, "utf8").trim().split("\n")) {
    const record = JSON.parse(line) as CorpusRecord;
    const made = corpusCase(record, (name) => readFileSync(join(dirname(file), name), "utf8"));
    if (typeof made === "string") continue;
    rows.push({ ...made, id: record.id, times: [], instructions: 0, kernelTime: 0, kernelInstructions: 0 });
  }
}
if (values.programs) {
  for (const name of Object.keys(benchmarks)) {
    const made = assemble(readFileSync(join("bench", "programs", `${name}.bpf`), "utf8"));
    if (!made.ok) throw new Error(`${name}: ${made.diagnostics[0]?.text}`);
    const row = { program: made.value, profile: { rcu: "implicit" }, id: `program ${name}` } as const;
    rows.push({ ...row, times: [], instructions: 0, kernelTime: 0, kernelInstructions: 0 });
  }
}
if (rows.length === 0) {
  console.log("skipped: no corpus was given");
  process.exit(0);
}

const kernel = await openKernel();
const asked = !("unavailable" in kernel);
if (!asked) console.log(`the kernel is not asked: ${kernel.unavailable}`);

const passes = Number(values.passes);
for (let pass = 0; pass < passes; pass++) {
  for (const row of rows) {
    const began = performance.now();
    row.instructions = verify(row.program, row.profile).statistics.instructions;
    row.times.push(performance.now() - began);
    if (!asked || pass > 0) continue;
    // Level 4: statistics without the text, which would cost more than the verification.
    const answer = judge(kernel, row.program, { sleepable: row.profile.sleepable ?? false, logLevel: 4 });
    row.kernelTime = (answer.timeUs ?? 0) / 1000;
    row.kernelInstructions = answer.insnsProcessed ?? 0;
  }
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, each) => total + each, 0);
const totals = Array.from({ length: passes }, (_, pass) => sum(rows.map((row) => row.times[pass] ?? 0)));
const walked = sum(rows.map((row) => row.instructions));
const theirs = sum(rows.map((row) => row.kernelInstructions));
const theirTime = sum(rows.map((row) => row.kernelTime));
const rate = (instructions: number, milliseconds: number): string =>
  `${Math.round(instructions / milliseconds).toLocaleString("en")} instructions a millisecond`;

console.log(`${rows.length} programs, ${passes} passes`);
console.log(`bpflab cold    ${(totals[0] ?? 0).toFixed(0)} ms`);
console.log(`bpflab median  ${median(totals).toFixed(0)} ms, ${walked} instructions, ${rate(walked, median(totals))}`);
if (asked) console.log(`kernel         ${theirTime.toFixed(0)} ms, ${theirs} instructions, ${rate(theirs, theirTime)}`);
console.log("\nthe slowest here: ms, the kernel's ms, instructions walked, the kernel's");
const slowest = [...rows].sort((a, b) => median(b.times) - median(a.times)).slice(0, Number(values.most));
for (const row of slowest) {
  const times = `${median(row.times).toFixed(1).padStart(8)} ${row.kernelTime.toFixed(1).padStart(8)}`;
  console.log(
    `${times} ${String(row.instructions).padStart(8)} ${String(row.kernelInstructions).padStart(8)}  ${row.id}`,
  );
}
const more = rows.filter((row) => row.kernelInstructions > 20 && row.instructions > 1.5 * row.kernelInstructions);
if (asked) {
  console.log(`\nmore than 1.5 times the kernel's instructions: ${more.length}`);
  for (const row of more) console.log(`${row.instructions} of ${row.kernelInstructions}  ${row.id}`);
}
