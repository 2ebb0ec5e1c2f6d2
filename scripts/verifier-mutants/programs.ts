// What the campaign and the process it runs for each broken verifier must agree on.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assemble } from "../../src/asm/assemble.ts";
import type { Program } from "../../src/isa/program.ts";
import { type CorpusRecord, corpusCase, judgeRecord } from "../../src/lab/corpus.ts";
import type { Profile } from "../../src/verifier/verdict.ts";
import { verify } from "../../src/verifier/verify.ts";
import { boundaryProgram } from "../../test/support/boundary.ts";
import { randomFrom } from "../../test/support/generate.ts";
import { type LoggedState, statesOf } from "../../test/support/kernel-log.ts";
import { agreement } from "../../test/support/kernel-states.ts";
import { renamed, shapeOf } from "../../test/support/log-shape.ts";
import { stepProgram } from "../../test/support/step-programs.ts";
import { walkProgram } from "../../test/support/walk-programs.ts";

/** A program of a corpus (lab/corpus.ts) that is small enough to be judged often. */
export function smallRecords(folder: string): readonly CorpusRecord[] {
  if (folder === "") return [];
  return ["verdicts.jsonl", "verdicts-btf.jsonl"].flatMap((name) =>
    readFileSync(join(folder, name), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line): CorpusRecord => JSON.parse(line))
      .filter((record) => record.insns_hex !== undefined && (record.insn_processed ?? 0) < 3000),
  );
}

export interface Said {
  /** The verdict, and the message of a refusal. */
  readonly said: string;
  /** Instructions walked. */
  readonly walked: number;
}

/** Our verdict on a record. */
export function recordVerdict(record: CorpusRecord): Said {
  let walked = 0;
  const { ours } = judgeRecord(
    record,
    () => "",
    (program, profile) => {
      const verdict = verify(program, profile, { limits: LIMITS });
      walked = verdict.statistics.instructions;
      return verdict;
    },
  );
  return { said: ours, walked };
}

/** A program, and what the kernel logged of its registers. */
export interface LoggedProgram {
  readonly program: Program;
  readonly profile: Partial<Profile>;
  readonly logged: readonly LoggedState[];
}

/** The records of a corpus whose states the kernel logged. */
export function* loggedRecords(folder: string): Generator<LoggedProgram> {
  for (const record of smallRecords(folder)) {
    const path = join(folder, "states", `${record.id}.log`);
    if (!existsSync(path)) continue;
    const made = corpusCase(record, () => "");
    if (typeof made !== "string") yield { ...made, logged: statesOf(readFileSync(path, "utf8")) };
  }
}

/** How many registers are known as well as the kernel knows them, and how many just so. */
export interface Sharpness {
  readonly agreeing: number;
  readonly equal: number;
}

export function sharpness(programs: Iterable<LoggedProgram>): Sharpness {
  let agreeing = 0;
  let equal = 0;
  for (const { program, profile, logged } of programs) {
    const found = agreement(program, profile, logged);
    agreeing += found.agreeing;
    equal += found.equal;
  }
  return { agreeing, equal };
}

/** What the right verifier scores, and what the kernel says. */
export interface Baseline {
  /** By name: the percentages of T1. */
  readonly scores: Readonly<Record<string, number>>;
  /** Function calls on the programs of `work`. */
  readonly calls: number;
  readonly seed: number;
  /** Of the programs of each of `sources`. */
  readonly verdicts: readonly (readonly Expected[])[];
  /** The folder of a corpus, or nothing; and what is said of its small programs. */
  readonly corpus: string;
  readonly recorded: readonly (Said & { readonly exact: boolean })[];
  /** Of the corpus. */
  readonly sharpness: Sharpness;
}

/** Where kernel and verifier agree, 1 accepts and 0 refuses; 2: not to be compared. */
export type Answer = 0 | 1 | 2;

export interface Expected {
  readonly answer: Answer;
  /** Instructions that the right verifier walks; `exact`: as many as the kernel. */
  readonly walked: number;
  readonly exact: boolean;
  /** How far the log of the walk is the kernel's, word for word; absent: the kernel was not asked. */
  readonly log?: LogPrefix;
}

/** Enough for honest walks of small programs, and soon used up by one that does not end. */
export const LIMITS = { instructions: 20_000 };

export interface Source {
  readonly name: string;
  readonly programs: (seed: number) => Generator<Program>;
  readonly privileged: boolean;
  /** Of `--programs`. */
  readonly share: number;
}

/** The programs whose verdicts are compared with the kernel's. */
export const sources: readonly Source[] = [
  { name: "program", programs: boundaryPrograms, privileged: true, share: 1 },
  { name: "walk", programs: walkPrograms, privileged: true, share: 0.8 },
  { name: "step", programs: stepPrograms, privileged: true, share: 1.2 },
  { name: "unprivileged step", programs: stepPrograms, privileged: false, share: 0.6 },
  { name: "unprivileged program", programs: boundaryPrograms, privileged: false, share: 0.2 },
  { name: "unprivileged walk", programs: walkPrograms, privileged: false, share: 0.1 },
];

export function* boundaryPrograms(seed: number): Generator<Program> {
  for (const random = randomFrom(seed); ; ) yield boundaryProgram(random).program;
}

function* walkPrograms(seed: number): Generator<Program> {
  yield* assembled(walkProgram, seed);
}

function* stepPrograms(seed: number): Generator<Program> {
  yield* assembled(stepProgram, seed);
}

function* assembled(text: (random: () => number) => string, seed: number): Generator<Program> {
  for (const random = randomFrom(seed); ; ) {
    const outcome = assemble(text(random));
    if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
    yield outcome.value;
  }
}

export interface Judged {
  readonly answer: 0 | 1;
  readonly walked: number;
  readonly log: string;
}

export function judged(program: Program, privileged: boolean, logged = false): Judged {
  // The kernel's maps have no names here.
  const judgedOne = logged ? { ...program, maps: program.maps.map((map) => ({ ...map, name: "" })) } : program;
  const options = { limits: LIMITS, ...(logged ? { logLevel: 2 as const } : {}) };
  const { verdict, statistics, log = "" } = verify(judgedOne, { rcu: "implicit", privileged }, options);
  return { answer: verdict === "accepted" ? 1 : 0, walked: statistics.instructions, log };
}

/** The first lines of a log: how many instructions with their states and how many other lines, and what they say. */
export interface LogPrefix {
  readonly visits: number;
  readonly others: number;
  readonly digest: string;
}

function linesOf(log: string): readonly [visits: readonly string[], others: readonly string[]] {
  const { visits, others } = renamed(shapeOf(log));
  return [visits.map(({ insn, state }) => `${insn} ; ${state}`), others];
}

/** How far two logs are the same. */
export function commonPrefix(ours: string, theirs: string): LogPrefix {
  const [[a, b], [c, d]] = [linesOf(ours), linesOf(theirs)];
  const common = (x: readonly string[], y: readonly string[]): number => {
    const at = x.findIndex((line, n) => line !== y[n]);
    return at < 0 ? x.length : at;
  };
  const [visits, others] = [common(a, c), common(b, d)];
  return { visits, others, digest: digestOf(a, b, visits, others) };
}

export function beginsWith(log: string, { visits, others, digest }: LogPrefix): boolean {
  const [a, b] = linesOf(log);
  return digestOf(a, b, visits, others) === digest;
}

function digestOf(a: readonly string[], b: readonly string[], visits: number, others: number): string {
  return createHash("sha1")
    .update([...a.slice(0, visits), ...b.slice(0, others)].join("\n"))
    .digest("base64");
}
