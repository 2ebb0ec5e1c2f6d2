// What the campaign and the process it runs for each broken verifier must agree on.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Program } from "../../src/isa/program.ts";
import { type CorpusRecord, judgeRecord } from "../../src/lab/corpus.ts";
import { verify } from "../../src/verifier/verify.ts";
import { boundaryProgram } from "../../test/support/boundary.ts";
import { randomFrom } from "../../test/support/generate.ts";

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

/** Our verdict on a record, and its message. */
export function recordVerdict(record: CorpusRecord): string {
  const { ours } = judgeRecord(
    record,
    () => "",
    (program, profile) => verify(program, profile, { limits: LIMITS }),
  );
  return ours;
}

/** What the right verifier scores, and what the kernel says. */
export interface Baseline {
  /** By name: the percentages of T1. */
  readonly scores: Readonly<Record<string, number>>;
  /** Of programs from `seed`: where kernel and verifier agree, 1 accepts and 0 refuses; 2: not to be compared. */
  readonly verdicts: readonly Answer[];
  /** The same of a program without privileges. */
  readonly unprivileged: readonly Answer[];
  readonly seed: number;
  /** The folder of a corpus, or nothing; and what is said of its small programs. */
  readonly corpus: string;
  readonly recorded: readonly string[];
  /** Instructions walked for all of them. */
  readonly walked: number;
}

export type Answer = 0 | 1 | 2;

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
