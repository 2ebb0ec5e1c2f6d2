// What the campaign and the process it runs for each broken verifier must agree on.
import type { Program } from "../../src/isa/program.ts";
import { verify } from "../../src/verifier/verify.ts";
import { boundaryProgram } from "../../test/support/boundary.ts";
import { randomFrom } from "../../test/support/generate.ts";

/** What the right verifier scores, and what the kernel says. */
export interface Baseline {
  /** By name: the percentages of T1. */
  readonly scores: Readonly<Record<string, number>>;
  /** Of programs from `seed`: where kernel and verifier agree, 1 accepts and 0 refuses; 2: not to be compared. */
  readonly verdicts: readonly Answer[];
  /** The same of a program without privileges. */
  readonly unprivileged: readonly Answer[];
  readonly seed: number;
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
