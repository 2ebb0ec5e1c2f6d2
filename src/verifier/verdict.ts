// What the verifier answers, and the type that only it can make. A verdict is data: renderers, tests and
// the compiler read the same value.
import type { Diagnostic } from "../diag/diagnostic.ts";
import type { ProgramTypeName } from "../host/programs.ts";
import type { Program, RcuRegime } from "../isa/program.ts";
import type { State } from "./state/state.ts";

/** Everything a verdict depends on beside the program. */
export interface Profile {
  readonly rcu: RcuRegime;
  readonly type: ProgramTypeName;
  readonly sleepable: boolean;
  /** BPF_* of enum bpf_attach_type, where fields and return values depend on it; absent: the type's own. */
  readonly attachType?: number;
  /** CAP_BPF and CAP_PERFMON. */
  readonly privileged: boolean;
  /** Accesses to packets and values must be aligned (kernel: BPF_F_STRICT_ALIGNMENT). */
  readonly strictAlignment?: true;
  readonly kernel: "linux-6.18";
}

export interface Limits {
  /** Instructions walked before the answer is `undecided` (kernel: BPF_COMPLEXITY_LIMIT_INSNS). */
  readonly instructions: number;
}

export interface Statistics {
  /** Instructions walked, over all paths. */
  readonly instructions: number;
  /** States kept for pruning, in all and at most at one instruction. */
  readonly states: number;
  readonly peakStates: number;
  readonly pruned: number;
  readonly milliseconds: number;
}

declare const verified: unique symbol;

/** A program that `verify` accepted under `profile`. Nothing else makes one. */
export interface VerifiedProgram {
  readonly [verified]: true;
  readonly program: Program;
  readonly profile: Profile;
  readonly facts: Facts;
}

/** What was found to hold of an instruction on every way to it, and a compiler may rest on. By slots. */
export interface Facts {
  /** Loads and stores whose address is in the context; all others' never is (kernel: reg_type_mismatch). */
  readonly context: ReadonlySet<number>;
  /** The map that a call is about, as a number among the program's; not there for calls that are about several. */
  readonly maps: ReadonlyMap<number, number>;
}

export type Verdict = {
  readonly profile: Profile;
  readonly statistics: Statistics;
  /** Errors first; an accepted program may carry warnings. */
  readonly diagnostics: readonly Diagnostic[];
  /** The walk in the format of the kernel's log, when one was asked for. */
  readonly log?: string;
} & (
  | { readonly verdict: "accepted"; readonly program: VerifiedProgram }
  | { readonly verdict: "rejected"; readonly kernelMessage: string }
  | { readonly verdict: "undecided"; readonly kernelMessage: string }
);

/** What can ask for an end of the work: an AbortSignal, or any object whose `aborted` comes to be true. */
export interface Stop {
  readonly aborted: boolean;
  /** Told in the diagnostic where it is a text or an Error. */
  readonly reason?: unknown;
}

export interface VerifyOptions {
  readonly limits?: Partial<Limits>;
  /**
   * Looked at every few thousand instructions; once it is aborted the verdict is `undecided`. The walk does not give way
   * to timers or events, so a signal that they abort is noticed before the walk only: for a deadline hand in an object
   * whose `aborted` looks at the clock.
   */
  readonly signal?: Stop;
  /** Told every few thousand instructions how far the walk has come. */
  readonly onProgress?: (so: Pick<Statistics, "instructions" | "states">) => void;
  /** As Linux logs: 1: the path that was refused, with what each instruction changed; 2: every path. */
  readonly logLevel?: 0 | 1 | 2;
  /** `reference`: states are compared in full, not only in what was relied on. Slower; the measure of the other. */
  readonly engine?: "relied" | "reference";
  /**
   * Shown each state that is walked, before its instruction. It is the walk's own and changes afterwards: take from it
   * what is wanted. A path that ends because an earlier state stands for it is not shown further.
   */
  readonly onState?: (state: State) => void;
}
