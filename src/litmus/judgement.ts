// What a verdict on a scenario says, what it is asked with, and how it follows from a walk; verdict.ts makes the walks.
import type { Exploration, Failure } from "./explore.ts";
import type { Final } from "./finals.ts";
import type { Race } from "./races.ts";
import type { Assertion, Frequency, Memory } from "./scenario.ts";
import type { Move } from "./schedule.ts";
import type { Team, TeamWalk } from "./team.ts";

export interface JudgeOptions {
  /** Runs threads through what nobody can notice; on unless it is false. */
  readonly fuse?: boolean;
  /** Leaves out interleavings that others stand for, where the state space is large; `always`: also where it is small. */
  readonly reduce?: boolean | "always";
  readonly states?: number;
  readonly seconds?: number;
  readonly preemptions?: number | null;
  /** Of the schedules that are tried by chance where the states are too many; 1 otherwise. */
  readonly seed?: number;
  /** Looks for the most readable counterexample first. */
  readonly readable?: boolean;
  /** Where nothing breaks, look for the interleaving that came nearest to it, if the states are few. */
  readonly nearMiss?: boolean;
  /** Stops the walk; asked between slices of it. */
  readonly signal?: { readonly aborted: boolean };
  /** Threads to be called to large walks; without any, one walks. */
  readonly team?: Team;
}

export interface Progress {
  readonly states: number;
  readonly steps: number;
  readonly depth: number;
  readonly milliseconds: number;
}

export interface Observation {
  readonly text: string;
  readonly frequency: Frequency;
  /** Final states in which it holds, and in which it does not. */
  readonly positive: number;
  readonly negative: number;
}

export interface Verdict {
  readonly status: "holds" | "violated" | "unknown";
  /** What is known where not every interleaving was walked. */
  readonly bound?: string;
  readonly failure?: Failure & { readonly preemptions: number; readonly assertion: string };
  /** The number of interleavings, where they were counted. */
  readonly interleavings?: bigint;
  /** The memory model it is about. */
  readonly memory: Memory;
  readonly columns: readonly string[];
  readonly finals: readonly Final[];
  readonly observations: readonly Observation[];
  /** With `no_data_race`: the pairs of accesses that nothing orders, of those interleavings that were walked. */
  readonly races: readonly Race[];
  /** Assertions that had nothing to judge in any interleaving, as they are written. */
  readonly vacuous: readonly string[];
  /** Instructions that made an access which is not aligned in pieces, of those interleavings that were walked. */
  readonly misaligned: readonly {
    readonly thread: string;
    readonly pc: number;
    readonly line?: number;
    readonly text: string;
  }[];
  /** Instructions that no interleaving executed, by the name of the first thread that runs the program. */
  readonly unreached: readonly { readonly thread: string; readonly pcs: readonly number[] }[];
  /** The schedule in which threads waited longest. */
  readonly nearMiss?: readonly Move[];
  readonly reductions: readonly string[];
  readonly statistics: {
    readonly states: number;
    readonly steps: number;
    /** Steps that the machine made; the others were look-ups. */
    readonly made: number;
    readonly deepest: number;
    readonly bytes: number;
    readonly milliseconds: number;
    /** How many took part in the walk. */
    readonly threads: number;
  };
}

/** What a verdict tells of a walk. */
export type Walked = Pick<Exploration, "steps" | "deepest" | "finals" | "bytes" | "observer" | "reductions"> & {
  readonly states: { readonly count: number };
  /** No state was left out. */
  readonly whole: boolean;
  readonly ways?: bigint | undefined;
  readonly made?: number;
  readonly threads?: number;
};

/** Of a walk that ended early, what does not depend on how far each thread had come. */
export function counted({ states, steps, deepest, bytes, observer, reductions, made, threads }: TeamWalk): Walked {
  return { states, steps, deepest, bytes, observer, reductions, made, threads, finals: [], whole: false };
}

export function assertionText(assertions: readonly Assertion[], index: number): string {
  const builtIn: Readonly<Record<number, string>> = {
    [-1]: "a program faults",
    [-2]: "every thread comes to its end",
    [-3]: "every thread comes to its end",
  };
  return index < 0 ? (builtIn[index] ?? "") : assertions[index].text;
}

export function observationsOf(assertions: readonly Assertion[], walk: Walked): readonly Observation[] {
  return assertions.flatMap((each) => {
    if (each.kind !== "exists") return [];
    let positive = 0;
    let negative = 0;
    for (const final of walk.finals) {
      if (walk.observer.value(final.values, each.expression) !== 0n) positive += final.states;
      else negative += final.states;
    }
    const frequency = positive === 0 ? "never" : negative === 0 ? "always" : "sometimes";
    return [{ text: each.text, frequency, positive, negative }];
  });
}

/** An `exists` that was to be seen sometimes, and was not. */
export function isUnmet(assertion: Assertion, observations: readonly Observation[]): boolean {
  if (assertion.kind !== "exists" || assertion.expect !== "sometimes") return false;
  return observations.some((each) => each.text === assertion.text && each.frequency !== "sometimes");
}

export function unmetFailure(
  assertions: readonly Assertion[],
  unmet: Assertion,
): Failure & { readonly preemptions: number } {
  const text = "it was expected sometimes, and is seen in every final state or in none";
  return { violation: { assertion: assertions.indexOf(unmet), text }, schedule: [], preemptions: 0 };
}
