// The walk over all paths: depth first, with states kept at prune points, so that a state another one stands for is
// not walked again. A state is open while some continuation of it is unfinished: meeting an open state again, equal
// in everything that counts, is an endless loop (kernel: do_check, is_state_visited, update_branch_counts).
import type { Insn } from "../../isa/insn.ts";
import type { Env } from "../env.ts";
import { type Refusal, Rejection, reject } from "../reject.ts";
import { place } from "../state/stack.ts";
import type { OpenState, State } from "../state/state.ts";
import { step } from "../transfer/step.ts";
import { inherit } from "./demand.ts";
import { Kept } from "./kept.ts";
import { close, loopBack, loopOf } from "./loops.ts";
import { markOf } from "./mark.ts";
import { covers } from "./prune.ts";
import type { Structure } from "./structure.ts";
import { widened } from "./widen.ts";

const ALL = 0x7ff;
/** A caller's argument registers are gone or about to be. */
const SAVED = 0x7c0;

export interface Walk {
  readonly env: Env;
  readonly budget: number;
  /** Called before each instruction; for logs. */
  readonly trace: ((state: State) => void) | null;
  /** Called where a path ends because an earlier state stands for it; for logs. */
  readonly safe: ((state: State) => void) | null;
  /** Called where a processor that runs ahead of a check is made to wait, with what it would do; for logs. */
  readonly waits: ((refusal: Refusal) => void) | null;
  /** Called every `BREATH` instructions: it may show how far the walk has come, or throw `Undecided`. */
  readonly breathe: ((counters: Readonly<Counters>) => void) | null;
}

/** Often enough to stop within some milliseconds, seldom enough to cost nothing. A power of two. */
const BREATH = 4096;

export interface Counters {
  instructions: number;
  states: number;
  peakStates: number;
  pruned: number;
}

/** Thrown when the budget is used up, or the walk was stopped: no verdict. */
export class Undecided extends Error {
  /** Linux's line for it; null: it was stopped. */
  readonly kernel: string | null;
  constructor(message: string, kernel: string | null) {
    super(message);
    this.kernel = kernel;
  }
}

/** Instructions between states that are kept: at least, and in a loop as long as it decides nothing new. */
const YOUNG = 8;
const LOOPING = 100;

/** Ways put aside at a time (kernel: BPF_COMPLEXITY_LIMIT_JMP_SEQ). */
const MOST_PENDING = 8192;

export class Search {
  private readonly structure: Structure;
  private readonly seen: Kept[] = [];
  private readonly pending: State[] = [];
  private readonly walk: Walk;
  readonly counters: Counters = { instructions: 0, states: 0, peakStates: 0, pruned: 0 };
  private sinceState = 0;
  /** Ways put aside to be walked later. */
  private waysSinceState = 0;
  /** At an instruction that begins a round: the state that the round before began with. */
  private earlier: State | null = null;

  constructor(walk: Walk) {
    this.walk = walk;
    this.structure = walk.env.structure;
  }

  push(state: State): void {
    this.waysSinceState++;
    // The way into the next round; the way out of the loop keeps what is known.
    if (this.earlier !== null && state.pc === this.earlier.pc + 1) {
      widened(this.earlier, state, this.walk.env.reference);
    }
    if (state.parent !== null) state.parent.open++;
    this.pending.push(state);
    if (this.pending.length > MOST_PENDING) {
      const kernel = `The sequence of ${this.pending.length} jumps is too complex.`;
      throw new Undecided("too many ways wait to be walked", kernel);
    }
  }

  /** Walks everything pending to its end. */
  run(): void {
    for (let state = this.pending.pop(); state !== undefined; state = this.pending.pop()) {
      this.follow(state);
      close(this.walk.env, state.parent);
    }
  }

  private follow(state: State): void {
    const { env, budget, trace, safe, breathe } = this.walk;
    for (;;) {
      const { pc } = state;
      const insn = env.program.insns[pc] ?? null;
      if (insn === null) throw new Error(`the structure of the program lets it run on to ${pc}`);
      const walked = ++this.counters.instructions;
      if (walked > budget) {
        throw new Undecided("the budget is used up", `BPF program is too large. Processed ${walked} insn`);
      }
      if ((walked & (BREATH - 1)) === 0) breathe?.(this.counters);
      this.sinceState++;
      this.earlier = null;
      if (this.structure.prunePoints[pc] === 1 && this.visited(state)) {
        this.counters.pruned++;
        safe?.(state);
        return;
      }
      trace?.(state);
      if (state.speculative ? !this.ahead(state, insn) : !step(env, state, insn)) return;
    }
  }

  /**
   * A step that only a processor takes that runs ahead of a check. Where it would do harm, Linux has it wait instead of
   * refusing the program (kernel: error_recoverable_with_nospec).
   */
  private ahead(state: State, insn: Insn): boolean {
    const { env } = this.walk;
    const { pc } = state;
    const { before, behind } = env.speculation;
    if (before.has(pc)) return false;
    try {
      return step(env, state, insn) && !behind.has(pc);
    } catch (error) {
      if (!(error instanceof Rejection) || error.refusal.code === "E0204") throw error;
      this.walk.waits?.(error.refusal);
      before.add(pc);
      return false;
    }
  }

  /** Compares with the states kept here; keeps this one when it is worth it. True: nothing new can come of it. */
  private visited(state: State): boolean {
    const { pc } = state;
    const { env } = this.walk;
    const converging = this.structure.converging[pc] === 1;
    const kept = (this.seen[pc] ??= new Kept());
    const live = this.structure.live[pc] ?? ALL;
    const liveAt = (of: State, frame: number): number => this.liveAt(of, frame, live);
    const activation = converging ? this.activationOf(state) : 0;
    const { strict } = env.speculation;
    const mark = kept.open.length > 0 ? markOf(state, liveAt) : 0;
    // The walk is depth first, so whatever is open lies on the path to here.
    let latest: OpenState | null = null;
    if (converging) {
      const rounds = kept.open.filter((old) => this.activationOf(old.state) === activation);
      latest = rounds.at(-1) ?? null;
      // Without another round begun there is no progress: a may_goto that jumps to itself, an iterator at its end.
      const again = rounds.findLast(
        (old) => old.state.rounds !== state.rounds && covers(old.state, state, liveAt, "within", strict),
      );
      if (again !== undefined) {
        loopBack(state, again);
        return true;
      }
    }
    for (const old of kept.openWith(mark)) {
      if (!covers(old.state, state, liveAt, "exact", strict)) continue;
      reject({
        code: "E0201",
        state,
        operand: "whole",
        text: "a loop makes no progress",
        label: "comes here again with nothing changed",
        kernel: `infinite loop detected at insn ${pc}`,
      });
    }
    const stands = kept.settled.findLast((old) => {
      const comparison = loopOf(old).settled && !env.reference ? "relied" : "within";
      const stands = covers(old.state, state, liveAt, comparison, strict);
      if (!stands) old.misses++;
      return stands;
    });
    if (stands !== undefined) {
      stands.hits++;
      if (!loopOf(stands).settled) loopBack(state, stands);
      else if (!env.reference) inherit(env, state, stands.state);
      return true;
    }
    kept.forget();
    const callback = env.program.insns[pc]?.kind === "callHelper";
    if (latest !== null && !callback) this.earlier = latest.state;
    const widen = latest !== null && callback && widened(latest.state, state, env.reference);
    // A round of a loop that decides nothing new cannot be met by another way, and is kept now and then only. Where ways
    // part, what is kept in each round halves what is walked.
    const looping = kept.open.length > 0 && this.waysSinceState === 0;
    if (!converging && this.sinceState < (looping ? LOOPING : YOUNG) && kept.size > 0) return false;
    this.sinceState = 0;
    this.waysSinceState = 0;
    const entry: OpenState = {
      state: state.copy(),
      parent: state.parent,
      kept,
      open: 1,
      hits: 0,
      misses: 0,
      mark: widen || kept.open.length === 0 ? markOf(state, liveAt) : mark,
      settled: false,
      loop: null,
      backedges: [],
    };
    kept.add(entry);
    state.parent = entry;
    for (const frame of state.frames) {
      frame.writtenLo = 0;
      frame.writtenHi = 0;
    }
    this.counters.states++;
    this.counters.peakStates = Math.max(this.counters.peakStates, kept.size);
    return false;
  }

  /** The registers that may still be read: here, and in a caller's frame behind the call. */
  private liveAt(of: State, frame: number, live: number): number {
    const inner = of.frames[frame + 1];
    if (inner === undefined) return live;
    // The call that runs a callback is walked again behind each run, arguments and all.
    return inner.role === "syncCallback" ? ALL : (this.structure.live[inner.callsite + 1] ?? ALL) & SAVED;
  }

  /** Which run of a loop that ends by itself a state at such an instruction belongs to. */
  private activationOf(state: State): number {
    const insn = this.walk.env.program.insns[state.pc];
    if (insn?.kind === "callHelper") {
      if (state.activation === 0) state.activation = this.walk.env.nextId();
      return state.activation;
    }
    if (insn?.kind !== "callKfunc") return 0;
    // Anything but a known place on the stack, where no part of the offset varies, is refused next.
    const { frame, off } = state.reg(1);
    return state.frames[frame]?.stack.slot(place(off).slot).object?.reference ?? 0;
  }
}
