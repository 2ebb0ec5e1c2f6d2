// What the campaign and the process it runs for each broken verifier must agree on.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "../../src/isa/program.ts";
import { type CorpusRecord, corpusCase, judgeRecord } from "../../src/lab/corpus.ts";
import type { Profile } from "../../src/verifier/verdict.ts";
import { verify } from "../../src/verifier/verify.ts";
import { boundaryProgram } from "../../test/support/boundary.ts";
import { randomFrom } from "../../test/support/generate.ts";
import { type LoggedState, statesOf } from "../../test/support/kernel-log.ts";
import { agreement } from "../../test/support/kernel-states.ts";

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

/** Programs from a seed with the kernel's logs of them. */
export function* loggedPrograms(seed: number, logs: readonly string[]): Generator<LoggedProgram> {
  const programs = boundaryPrograms(seed);
  for (const log of logs) {
    yield { program: programs.next().value, profile: { rcu: "implicit" }, logged: statesOf(log) };
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
  /** Of programs from `seed`. */
  readonly verdicts: readonly Expected[];
  /** The same of a program without privileges. */
  readonly unprivileged: readonly Expected[];
  readonly seed: number;
  /** The folder of a corpus, or nothing; and what is said of its small programs. */
  readonly corpus: string;
  readonly recorded: readonly (Said & { readonly exact: boolean })[];
  /** The kernel's logs of the first programs from `seed`. */
  readonly logs: readonly string[];
  /** Of the corpus, and of those programs. */
  readonly sharpness: readonly Sharpness[];
}

/** Where kernel and verifier agree, 1 accepts and 0 refuses; 2: not to be compared. */
export type Answer = 0 | 1 | 2;

export interface Expected {
  readonly answer: Answer;
  /** Instructions that the right verifier walks; `exact`: as many as the kernel. */
  readonly walked: number;
  readonly exact: boolean;
}

/** Enough for honest walks of small programs, and soon used up by one that does not end. */
export const LIMITS = { instructions: 20_000 };

/** The programs whose verdicts are compared with the kernel's. */
export function* boundaryPrograms(seed: number): Generator<Program> {
  for (const random = randomFrom(seed); ; ) yield boundaryProgram(random).program;
}

export interface Judged {
  readonly answer: 0 | 1;
  readonly walked: number;
}

export function judged(program: Program, privileged: boolean): Judged {
  const { verdict, statistics } = verify(program, { rcu: "implicit", privileged }, { limits: LIMITS });
  return { answer: verdict === "accepted" ? 1 : 0, walked: statistics.instructions };
}
