// The verdict on a litmus test under one memory model: every execution that the model allows, the states they end in, and
// whether the condition holds in none, some or all of them (the words are herd7's).
import type { Diagnostic, Outcome } from "../../diag/diagnostic.ts";
import type { Insn } from "../../isa/insn.ts";
import { candidates, Finer, TooManyCandidates } from "./candidates.ts";
import { type Execution, type Frame, finalGranule } from "./execution.ts";
import { type MemoryModel, type ModelOptions, models, type Violation } from "./models.ts";
import { extended, holds, type LitmusTest, type Seen, type Term, termText, valueText } from "./test.ts";
import { type ThreadFault, type ThreadState, TooManyEvents } from "./thread.ts";
import { evaluate } from "./value.ts";

export type { Seen } from "./test.ts";

export interface LitmusOptions extends ModelOptions {
  /** Candidate executions looked at before the search gives up; default 1,000,000. */
  readonly candidates?: number;
}

export interface LitmusVerdict {
  readonly test: LitmusTest;
  readonly model: MemoryModel;
  /** The final states, each with the number of executions that end in it, in the order of their texts. */
  readonly states: readonly FinalState[];
  /** Executions that the model allows and in which the condition holds, and does not hold. */
  readonly positive: number;
  readonly negative: number;
  readonly observation: Seen;
  /** What the test says it should be (`expect:` in a comment), for this model. */
  readonly expected?: Seen;
  /** What the question asks: some execution (exists), none (not exists), all (forall). */
  readonly holds: boolean;
  /** Candidates looked at, those the model forbids among them. */
  readonly candidates: number;
  /** A loop went round more often than is looked at: the verdict is about the executions without those. */
  readonly cut: boolean;
  /** An allowed execution in which the condition holds; else a forbidden one in which it would, and what forbids it. */
  readonly example?: { readonly execution: Execution; readonly forbidden?: Violation };
}

export interface FinalState {
  readonly values: readonly { readonly term: string; readonly value: string }[];
  readonly executions: number;
  readonly satisfies: boolean;
}

const mostCandidates = 1_000_000;

export function judge(test: LitmusTest, model: MemoryModel, options: LitmusOptions = {}): Outcome<LitmusVerdict> {
  const sizes = test.threads.flatMap(({ program }) => program.insns.flatMap(accessSize));
  const most = options.candidates ?? mostCandidates;
  for (let granule = Math.min(8, ...sizes); ; granule /= 2) {
    const tally = new Tally(test, model, options);
    try {
      candidates(test, granule, most, (frame) => tally.frame(frame));
    } catch (thrown) {
      if (thrown instanceof Finer && granule > 1) continue;
      const wrong = tooMuch(test, thrown, most);
      if (wrong === undefined) throw thrown;
      return { ok: false, diagnostics: [wrong] };
    }
    const { fault } = tally;
    if (fault !== undefined) return { ok: false, diagnostics: [faulted(test, fault, model)] };
    return { ok: true, value: tally.verdict(), diagnostics: [] };
  }
}

function accessSize(insn: Insn | null): readonly number[] {
  return insn !== null && "size" in insn && insn.kind !== "swap" && insn.kind !== "packet" ? [insn.size] : [];
}

class Tally {
  fault: ThreadFault | undefined;
  private readonly states = new Map<string, { -readonly [Key in keyof FinalState]: FinalState[Key] }>();
  private positive = 0;
  private negative = 0;
  private looked = 0;
  private cut = false;
  private allowed: Execution | undefined;
  private refused: { readonly execution: Execution; readonly forbidden: Violation } | undefined;

  private readonly test: LitmusTest;
  private readonly model: MemoryModel;
  private readonly options: ModelOptions;
  constructor(test: LitmusTest, model: MemoryModel, options: ModelOptions) {
    this.test = test;
    this.model = model;
    this.options = options;
  }

  frame(frame: Frame): (execution: Execution) => void {
    const breaks = models[this.model](frame, this.options);
    const ends = frame.threads.map((thread) => thread.end);
    const fault = ends.find((end) => end?.kind === "fault");
    const cut = ends.some((end) => end?.kind === "cut");
    return (execution) => {
      this.looked += 1;
      if (cut) {
        this.cut = true;
        return;
      }
      const forbidden = breaks(execution);
      if (fault?.kind === "fault") {
        if (forbidden === undefined) this.fault ??= fault;
        return;
      }
      const read = (term: Term): bigint => this.final(execution, term);
      const { filter, condition } = this.test;
      if (filter !== undefined && !holds(filter, read)) return;
      const satisfies = holds(condition, read);
      if (forbidden === undefined) this.count(execution, satisfies, read);
      else if (satisfies) this.refused ??= { execution, forbidden };
    };
  }

  private count(execution: Execution, satisfies: boolean, read: (term: Term) => bigint): void {
    if (satisfies) this.allowed ??= execution;
    if (satisfies) this.positive += 1;
    else this.negative += 1;
    const values = this.test.observed.map((term) => ({
      term: termText(this.test, term),
      value: valueText(this.test, read(term)),
    }));
    const key = values.map((each) => each.value).join();
    const state = this.states.get(key) ?? { values, executions: 0, satisfies };
    state.executions += 1;
    this.states.set(key, state);
  }

  private final(execution: Execution, term: Term): bigint {
    if (term.kind === "register") return finalRegister(execution, execution.frame.threads[term.thread], term.reg);
    const location = this.test.locations[term.location];
    if (location === undefined) return 0n;
    const { granule } = execution.frame;
    let out = 0n;
    for (let at = 0; at < location.size; at += granule) {
      out |= finalGranule(execution, location.address + at) << BigInt(at * 8);
    }
    return extended(out, location.size);
  }

  verdict(): LitmusVerdict {
    const { test, model, positive, negative } = this;
    const observation = positive === 0 ? "Never" : negative === 0 ? "Always" : "Sometimes";
    const asked = { exists: positive > 0, "not exists": positive === 0, forall: negative === 0 };
    const expected = test.expected.get(model);
    const example = this.allowed === undefined ? this.refused : { execution: this.allowed };
    const states = [...this.states].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, state]) => state);
    return {
      test,
      model,
      states,
      positive,
      negative,
      observation,
      holds: asked[test.quantifier],
      candidates: this.looked,
      cut: this.cut,
      ...(expected === undefined ? {} : { expected }),
      ...(example === undefined ? {} : { example }),
    };
  }
}

function finalRegister(execution: Execution, thread: ThreadState | undefined, reg: number): bigint {
  const value = thread?.registers[reg];
  return (value && evaluate(value, (event) => execution.got[event])) ?? 0n;
}

function faulted(test: LitmusTest, fault: ThreadFault, model: MemoryModel): Diagnostic {
  const thread = test.threads[fault.thread];
  const at = thread?.program.origin[fault.pc]?.whole ?? thread?.at;
  const text = `in an execution that the ${model} model allows, thread ${fault.thread} goes wrong here: ${fault.text}`;
  return { code: "E1003", severity: "error", ...(at === undefined ? {} : { at }), text, notes: [] };
}

function tooMuch(test: LitmusTest, thrown: unknown, most: number): Diagnostic | undefined {
  if (thrown instanceof TooManyCandidates) {
    const text = `there are more than ${most.toLocaleString("en")} candidate executions; a litmus test has few threads and accesses`;
    return { code: "E1004", severity: "error", ...placed(test, 0), text, notes: [] };
  }
  if (thrown instanceof TooManyEvents) {
    const text = `thread ${thrown.thread} makes more accesses than the 30 that are looked at`;
    return { code: "E1004", severity: "error", ...placed(test, thrown.thread), text, notes: [] };
  }
  return undefined;
}

function placed(test: LitmusTest, thread: number): Pick<Diagnostic, "at"> {
  const at = test.threads[thread]?.at;
  return at === undefined ? {} : { at };
}
