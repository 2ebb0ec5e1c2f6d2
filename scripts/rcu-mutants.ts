// Breaks the verifier in six ways, one at a time, and sees whether the RCU patterns notice: each mistake must make the
// patterns named beside it fail. Works on a copy of the sources in a temporary directory, by replacing text, so the
// verifier needs no switches; a text that is no longer there is an error here, not a pass.
//   npx tsx scripts/rcu-mutants.ts
// The copy runs this same file with `--judge`: a line for each pattern when it is begun and when it fails, so that a
// pattern on which the broken verifier does not come to an end is known by name.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface Mutant {
  readonly name: string;
  /** Numbers of the patterns that must fail. */
  readonly killedBy: readonly string[];
  readonly edits: readonly { readonly file: string; readonly from: string; readonly to: string }[];
}

const stale = "src/verifier/rcu/stale.ts";
const section = "src/verifier/rcu/section.ts";
const prune = "src/verifier/search/prune.ts";
const state = "src/verifier/state/state.ts";
const dying =
  'state.mapValues((value) => (value.protection === "live" ? value.with({ protection: "stale", diedAt: at }) : value));';
const flip = 'value?.protection === "live" ? value.with({ protection: "stale", diedAt: at }) : value';

const mutants: readonly Mutant[] = [
  {
    name: "only registers die, not what was spilled",
    killedBy: ["08"],
    edits: [
      {
        file: stale,
        from: dying,
        to: `for (const frame of state.frames) frame.regs = frame.regs.map((value) => (${flip}));`,
      },
    ],
  },
  {
    name: "only the running function's pointers die",
    killedBy: ["20", "49"],
    edits: [
      {
        file: stale,
        from: dying,
        to: `state.frame.regs = state.frame.regs.map((value) => (${flip}));
  state.frame.stack.mapValues((value) => (${flip}));`,
      },
      // Without the floor, or pattern 49 is refused before its pointer matters.
      { file: section, from: 'frame.role === "syncCallback" && frame.entryDepth > 0', to: "frame.entryDepth < 0" },
    ],
  },
  {
    name: "the depth is no part of a state",
    killedBy: ["56"],
    edits: [{ file: prune, from: "old.rcuDepth !== now.rcuDepth || ", to: "" }],
  },
  {
    name: "live and stale are the same to the pruning",
    killedBy: ["55"],
    edits: [{ file: prune, from: "old.protection === now.protection &&", to: "" }],
  },
  {
    name: "the number of the section is part of a state",
    killedBy: ["26b"],
    edits: [
      { file: state, from: "  rcuDepth: number;", to: "  rcuDepth: number;\n  generation = 0;" },
      {
        file: state,
        from: "out.rcuDepth = this.rcuDepth;",
        to: "out.rcuDepth = this.rcuDepth;\n    out.generation = this.generation;",
      },
      { file: section, from: "  state.rcuDepth--;", to: "  state.rcuDepth--;\n  state.generation++;" },
      {
        file: prune,
        from: "old.rcuDepth !== now.rcuDepth || ",
        to: "old.rcuDepth !== now.rcuDepth || old.generation !== now.generation || ",
      },
    ],
  },
  {
    name: "inner maps carry no protection",
    killedBy: ["35"],
    edits: [
      {
        file: "src/verifier/transfer/call.ts",
        from: 'pointer("mapPtr", { ...common, map: map.inner })',
        to: 'pointer("mapPtr", { ...common, protection: "none", map: map.inner })',
      },
    ],
  },
];

/** Milliseconds for all patterns together; they take about one second. */
const PATIENCE = 60_000;

const root = fileURLToPath(new URL("..", import.meta.url));

/** The patterns that fail in a copy of the repository with these edits. */
function failing(edits: Mutant["edits"]): readonly string[] {
  const copy = mkdtempSync(join(tmpdir(), "rcu-mutant-"));
  try {
    for (const part of ["src", "scripts", "test/corpus", "test/support", "package.json", "tsconfig.json"]) {
      cpSync(join(root, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "dir");
    for (const { file, from, to } of edits) {
      const text = readFileSync(join(copy, file), "utf8");
      if (!text.includes(from)) throw new Error(`${file} no longer says: ${from}`);
      writeFileSync(
        join(copy, file),
        text.replace(from, () => to),
      );
    }
    const run = spawnSync(process.execPath, [...process.execArgv, "scripts/rcu-mutants.ts", "--judge"], {
      cwd: copy,
      encoding: "utf8",
      timeout: PATIENCE,
      killSignal: "SIGKILL",
    });
    const lines = run.stdout.split("\n").filter((line) => /^(begin|fail|end)\b/.test(line));
    const last = lines[lines.length - 1]?.split(" ");
    if (last === undefined) throw new Error(`the patterns were not judged:\n${run.stderr}`);
    const unfinished = last[0] === "begin" ? [last[1] ?? ""] : [];
    return [...lines.flatMap((line) => (line.startsWith("fail ") ? [line.slice(5)] : [])), ...unfinished];
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Judges every pattern under the explicit regime, with a budget that no honest walk of one needs. */
async function judgeHere(): Promise<void> {
  const { verify } = await import("../src/verifier/verify.ts");
  const { corpusFiles, departure, expectationFor, programOf } = await import("../test/support/corpus.ts");
  for (const file of corpusFiles("../corpus/rcu")) {
    const number = file.name.split("-")[0] ?? "";
    console.log(`begin ${number}`);
    const program = programOf(file);
    const expected = expectationFor(program, "explicit");
    const verdict = verify(program, { rcu: "explicit" }, { limits: { instructions: 5000 } });
    if (expected === undefined || departure(program, verdict, expected) !== undefined) console.log(`fail ${number}`);
  }
  console.log("end");
}

if (process.argv.includes("--judge")) {
  await judgeHere();
  process.exit(0);
}
const untouched = failing([]);
if (untouched.length > 0) {
  console.error(`patterns fail without any change: ${untouched.join(", ")}`);
  process.exit(2);
}
let survivors = 0;
for (const mutant of mutants) {
  const failed = failing(mutant.edits);
  const missing = mutant.killedBy.filter((pattern) => !failed.includes(pattern));
  if (missing.length > 0) survivors++;
  const verdict = missing.length === 0 ? "killed" : `NOT killed by ${missing.join(", ")}`;
  console.log(`${verdict}: ${mutant.name} (${failed.length} patterns fail: ${failed.join(", ")})`);
}
process.exit(survivors === 0 ? 0 : 1);
