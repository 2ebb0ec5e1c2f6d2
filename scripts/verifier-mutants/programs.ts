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
  readonly verdicts: readonly (0 | 1 | 2)[];
  readonly seed: number;
}

/** Enough for honest walks of small programs, and soon used up by one that does not end. */
export const LIMITS = { instructions: 20_000 };

/** The programs whose verdicts are compared with the kernel's. */
export function* boundaryPrograms(seed: number): Generator<Program> {
  for (const random = randomFrom(seed); ; ) yield boundaryProgram(random).program;
}

export function verdictOf(program: Program): 0 | 1 {
  return verify(program, { rcu: "implicit" }, { limits: LIMITS }).verdict === "accepted" ? 1 : 0;
}
