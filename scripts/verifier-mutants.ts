// Breaks the verifier in many small ways, one at a time, and sees whether the tests notice:
//   npx tsx scripts/verifier-mutants.ts [--mutants 240] [--seed 1] [--file domain/range] [--again LIST] [--corpus FOLDER]
// The mistakes are made mechanically (verifier-mutants/mutations.ts); what they are held against is
// verifier-mutants/judge.ts. Each broken verifier is bundled into node_modules/.cache and run as a process of its own,
// so the sources stay as they are. Prints the survivors; exits with 1 if more than one in twenty survives that is not
// known to change nothing (verifier-mutants/equivalent.ts).
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { judge } from "../src/kernel/judge.ts";
import { openKernel } from "../src/kernel/syscall.ts";
import { randomFrom } from "../test/support/generate.ts";
import { equivalent, isTheOne } from "./verifier-mutants/equivalent.ts";
import { type Mutation, mutationsOf } from "./verifier-mutants/mutations.ts";
import {
  type Baseline,
  commonPrefix,
  type Expected,
  judged,
  recordVerdict,
  smallRecords,
  sources,
} from "./verifier-mutants/programs.ts";

const { values } = parseArgs({
  options: {
    mutants: { type: "string", default: "240" },
    seed: { type: "string", default: "1" },
    /** Only files whose path has this in it. */
    file: { type: "string", default: "" },
    programs: { type: "string", default: "2500" },
    /** Of so many of them the kernel's logs are compared, too. */
    logs: { type: "string", default: "1000" },
    /** A file that lists survivors as they are printed here: only these. */
    again: { type: "string", default: "" },
    /** A folder with verdicts.jsonl, as `bpflab corpus` reads them: its small programs are judged, too. */
    corpus: { type: "string", default: "" },
  },
});
const root = join(import.meta.dirname, "..");
const cache = join(root, "node_modules", ".cache", `verifier-mutants-${process.pid}`);
/** Numbers, pointers, memory, jumps, and the walk: what the tests in question are about. */
const folders = ["domain", "state", "search"].map((name) => `src/verifier/${name}`);
const files = [
  ...folders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)),
  ...["alu", "branch", "pointer", "atomic"].map((name) => `src/verifier/transfer/${name}.ts`),
  ...["bounds", "stack", "stack-objects", "access"].map((name) => `src/verifier/check/${name}.ts`),
]
  .filter((file) => !file.endsWith("domain/text.ts") && file.includes(values.file))
  .sort();
/** A walk that is led astray may not end: seconds of processor time, more than the unbroken verifier takes. */
let patience = 300;

function chosen(every: readonly Mutation[]): readonly Mutation[] {
  if (values.again !== "") {
    const list = readFileSync(values.again, "utf8");
    return every.filter((one) => list.split("\n").some((line) => line.endsWith(textOf(one))));
  }
  const random = randomFrom(Number(values.seed));
  const all = [...every];
  console.log(`${all.length} mutations of ${files.length} files`);
  for (let at = all.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    const kept = all[at];
    all[at] = all[other];
    all[other] = kept;
  }
  return all.slice(0, Number(values.mutants));
}

async function bundle(out: string, mutation: Mutation | undefined): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ["scripts/verifier-mutants/judge.ts"],
    outfile: out,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "silent",
    // The package says that its modules do nothing by themselves; its tests do.
    ignoreAnnotations: true,
    external: ["koffi"],
    alias: { vitest: "./scripts/verifier-mutants/vitest.ts" },
    // The corpus is found from where test/support is.
    define: { "import.meta.url": JSON.stringify(pathToFileURL(join(root, "test", "support", "corpus.ts")).href) },
    plugins: [
      {
        name: "mutate",
        setup(builder) {
          if (mutation === undefined) return;
          const wanted = join(root, mutation.file);
          builder.onLoad({ filter: /verifier.*\.ts$/ }, ({ path }) =>
            path === wanted ? { contents: mutation.text, loader: "ts" } : undefined,
          );
        },
      },
    ],
  });
}

function textOf({ kind, file, line, from, to }: Mutation): string {
  return `${file}:${line} ${kind}: ${from} -> ${to === "" ? "nothing" : to}`;
}

interface Outcome {
  /** What noticed; null: nothing did. */
  readonly killer: string | null;
  /** Of processor time. */
  readonly seconds: number;
}

function run(script: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((done) => {
    // The clock runs on while others have the processor, so it is not what ends a run.
    const node = [process.execPath, "--max-old-space-size=1500", script, ...args];
    const child = spawn("sh", ["-c", `ulimit -t ${patience}; exec "$@"`, "sh", ...node], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let out = "";
    child.stdout.on("data", (more) => void (out += more));
    child.on("close", (code) => {
      const line = out.trim().split("\n").at(-1) ?? "";
      if (code === 0 && line.startsWith("{")) done(JSON.parse(line));
      else done({ killer: code === 0 ? null : "does not end, or breaks down", seconds: patience });
    });
  });
}

/** Instructions walked from which on a log is too long to be compared each time. */
const LONG = 500;

/** What the kernel and the right verifier say of the programs that broken ones are tried on. */
async function expectations(): Promise<Baseline> {
  const kernel = await openKernel();
  if ("unavailable" in kernel) console.log(`without T4: ${kernel.unavailable}`);
  const seed = 77;
  const verdicts = sources.map(({ programs, privileged, share }) => {
    const made = programs(seed);
    const count = Math.round(Number(values.programs) * share);
    return Array.from({ length: count }, (_, at): Expected => {
      const program = made.next().value;
      const logged = at < Number(values.logs) * share;
      const { answer, walked, log } = judged(program, privileged, logged);
      if ("unavailable" in kernel) return { answer: 2, walked, exact: false };
      const theirs = judge(kernel, program, { logLevel: logged ? 6 : 4, unprivileged: !privileged });
      const agreed = theirs.verdict !== "unable" && (theirs.verdict === "accept") === (answer === 1);
      const exact = agreed && theirs.insnsProcessed === walked;
      return {
        answer: agreed ? answer : 2,
        walked,
        exact,
        ...(logged && walked < LONG ? { log: commonPrefix(log, theirs.log) } : {}),
      };
    });
  });
  const { corpus } = values;
  const recorded = smallRecords(corpus).map((record) => {
    const found = recordVerdict(record);
    return { ...found, exact: found.walked === record.insn_processed };
  });
  const walks = [...verdicts.flat(), ...recorded];
  console.log(
    `${walks.filter(({ exact }) => exact).length} of ${walks.length} programs walked as far as the kernel does; ` +
      `${verdicts.flat().reduce((sum, { log }) => sum + (log?.visits ?? 0), 0)} steps logged as the kernel logs them`,
  );
  return { scores: {}, calls: 0, verdicts, seed, corpus, recorded, sharpness: { agreeing: 0, equal: 0 } };
}

rmSync(cache, { recursive: true, force: true });
mkdirSync(cache, { recursive: true });
const whole = join(cache, "whole.mjs");
await bundle(whole, undefined);
const baselinePath = join(cache, "baseline.json");
writeFileSync(baselinePath, JSON.stringify(await expectations()));
await run(whole, [baselinePath, "baseline"]);
const unbroken = await run(whole, [baselinePath]);
patience = Math.ceil(5 + 1.5 * unbroken.seconds);
if (unbroken.killer !== null) {
  console.error(`the verifier fails as it is: ${unbroken.killer}`);
  process.exit(2);
}

const every = files.flatMap((file) => mutationsOf(root, file));
const stale = equivalent.filter((each) => values.file === "" && !every.some((one) => isTheOne(each, one)));
for (const { file, source } of stale) console.error(`not there any more: ${file}: ${source}`);
if (stale.length > 0) process.exit(2);

const mutants = [...chosen(every)];
const total = mutants.length;
const excluded: Mutation[] = [];
const survivors: Mutation[] = [];
const killers = new Map<string, number>();
let invalid = 0;
async function work(worker: number): Promise<void> {
  for (let mutant = mutants.pop(); mutant !== undefined; mutant = mutants.pop()) {
    const script = join(cache, `mutant-${worker}.mjs`);
    try {
      await bundle(script, mutant);
    } catch {
      invalid++;
      continue;
    }
    // The laws run the domain alone.
    const mode = mutant.file.includes("/domain/") ? [] : ["lawful"];
    const { killer } = await run(script, [baselinePath, ...mode]);
    if (killer !== null) console.error(`${total - mutants.length} of ${total}: ${killer}`);
    if (killer === null && equivalent.some((each) => isTheOne(each, mutant))) excluded.push(mutant);
    else if (killer === null) {
      survivors.push(mutant);
      console.error(`${total - mutants.length} of ${total}: nothing noticed ${textOf(mutant)}`);
    } else killers.set(killer.split(":")[0] ?? "", (killers.get(killer.split(":")[0] ?? "") ?? 0) + 1);
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, (_, worker) => work(worker)));
rmSync(cache, { recursive: true, force: true });

const tried = total - invalid;
const killed = tried - survivors.length - excluded.length;
const counted = tried - excluded.length;
for (const [name, count] of [...killers].sort(([, a], [, b]) => b - a))
  console.log(`${String(count).padStart(4)} ${name}`);
console.log(
  `\n${killed} of ${tried} killed, ${((100 * killed) / tried).toFixed(1)} %${invalid > 0 ? `; ${invalid} do not compile` : ""}\n` +
    `${excluded.length} of the others are equivalent: ${killed} of ${counted}, ${((100 * killed) / counted).toFixed(1)} %`,
);
for (const mutant of survivors.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)) {
  console.log(`survives: ${textOf(mutant)}`);
}
process.exit(killed >= 0.95 * counted ? 0 : 1);
