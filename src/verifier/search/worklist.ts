// The walk over all paths: depth first, with states kept at prune points, so that a state another one stands for is
// not walked again. A state is open while some continuation of it is unfinished: meeting an open state again, equal
// in everything that counts, is an endless loop (kernel: do_check, is_state_visited, update_branch_counts).
import type { Insn } from "../../isa/insn.ts";
import type { Env } from "../env.ts";
import { type Refusal, Rejection, reject } from "../reject.ts";
import { place, STACK_SIZE } from "../state/stack.ts";
import type { OpenState, State } from "../state/state.ts";
import { step } from "../transfer/step.ts";
import { inherit } from "./demand.ts";
import { Kept } from "./kept.ts";
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

/** Ways put aside at a time (kernel: BPF_COMPLEXITY_LIMIT_JMP_SEQ). */
const MOST_PENDING = 8192;

export class Search {
  private readonly structure: Structure;
  private readonly seen: Kept[] = [];
  private readonly pending: State[] = [];
  private readonly walk: Walk;
  readonly counters: Counters = { instructions: 0, states: 0, peakStates: 0, pruned: 0 };
  private sinceState = 0;
  private jumpsSinceState = 0;
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
      if (insn === null) {
        reject({
          code: "E0203",
          pc: Math.max(0, pc - 1),
          operand: "whole",
          text: "control runs off the end of the program",
          kernel: `invalid insn idx ${pc} insn_cnt ${env.program.insns.length}`,
        });
      }
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
      if (insn.kind === "jump" || insn.kind === "goto" || insn.kind === "mayGoto") this.jumpsSinceState++;
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
    const { before, behind, masks } = env.speculation;
    if (before.has(pc)) return false;
    try {
      return step(env, state, insn) && !behind.has(pc);
    } catch (error) {
      if (!(error instanceof Rejection) || error.refusal.code === "E0204") throw error;
      this.walk.waits?.(error.refusal);
      before.add(pc);
      masks.delete(pc);
      return false;
    }
  }

  /** Compares with the states kept here; keeps this one when it is worth it. True: nothing new can come of it. */
  private visited(state: State): boolean {
    const { pc } = state;
    const { env } = this.walk;
    const converging = this.structure.converging[pc] === 1;
    const mayGoto = env.program.insns[pc]?.kind === "mayGoto";
    const kept = (this.seen[pc] ??= new Kept());
    const live = this.structure.live[pc] ?? ALL;
    const liveAt = (of: State, frame: number): number => this.liveAt(of, frame, live);
    const activation = converging ? this.activationOf(state) : 0;
    const { strict } = env.speculation;
    const mark = kept.open.length > 0 ? markOf(state, liveAt) : 0;
    // The walk is depth first, so whatever is open lies on the path to here.
    let latest: OpenState | null = null;
    if (converging) {
      for (let at = kept.open.length - 1; at >= 0; at--) {
        const old = kept.open[at];
        if (old === undefined || this.activationOf(old.state) !== activation) continue;
        latest ??= old;
        // A may_goto that jumps without having gone on makes no progress.
        if (mayGoto && old.state.rounds === state.rounds) continue;
        if (!covers(old.state, state, liveAt, "within", strict)) continue;
        loopBack(state, old);
        return true;
      }
    }
    for (const old of kept.openWith(mark)) {
      const sameLoop = converging && !mayGoto && this.activationOf(old.state) === activation;
      if (sameLoop || !covers(old.state, state, liveAt, "exact", strict)) continue;
      reject({
        code: "E0201",
        state,
        operand: "whole",
        text: "a loop makes no progress",
        label: "comes here again with nothing changed",
        kernel: `infinite loop detected at insn ${pc}`,
      });
    }
    for (let at = kept.settled.length - 1; at >= 0; at--) {
      const old = kept.settled[at];
      if (old === undefined) continue;
      const final = loopOf(old) === null;
      if (!covers(old.state, state, liveAt, final && !env.reference ? "relied" : "within", strict)) {
        old.misses++;
        continue;
      }
      old.hits++;
      if (!final) loopBack(state, old);
      else if (!env.reference) inherit(env, state, old.state);
      return true;
    }
    kept.forget();
    const callback = env.program.insns[pc]?.kind === "callHelper";
    if (latest !== null && !callback) this.earlier = latest.state;
    const widen = latest !== null && callback && widened(latest.state, state, env.reference);
    const young = this.jumpsSinceState < 2 || this.sinceState < 8;
    // A round of a loop that decides nothing new cannot be met by another way, and is kept now and then only. Where ways
    // part, what is kept in each round halves what is walked.
    const looping =
      kept.open.length > 0 && this.waysSinceState === 0 && this.jumpsSinceState < 20 && this.sinceState < 100;
    if (!converging && (young || looping) && kept.size > 0) return false;
    this.jumpsSinceState = 0;
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
      depth: state.parent === null ? 0 : state.parent.depth + 1,
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
    const pointer = state.reg(1);
    if (pointer.kind !== "stack" || !pointer.scalar.isConst) return 0;
    const at = pointer.off + Number(pointer.scalar.smin);
    if (at >= 0 || at < -STACK_SIZE) return 0;
    return state.frames[pointer.frame]?.stack.slot(place(at).slot).object?.reference ?? 0;
  }
}

/** The loop that an entry's marks wait for; null when they are final. */
function loopOf(entry: OpenState): OpenState | null {
  let { loop } = entry;
  while (loop?.settled === true) loop = loop.loop;
  entry.loop = loop;
  return loop;
}

/**
 * A walk ends because `target` stands for its state, and what is relied on from there is not all known: it is once
 * the outermost loop around it has been walked to its end. Until then the states between are compared in full.
 */
function loopBack(state: State, target: OpenState): void {
  const head = target.settled ? loopOf(target) : target;
  if (head === null) return;
  const outer = loopOf(head) ?? head;
  for (let at = state.parent; at !== null && at.depth > outer.depth; at = at.parent) {
    const known = loopOf(at);
    if (known === null || known.depth > outer.depth) at.loop = outer;
  }
  outer.backedges.push({ state, target });
}

/** One continuation of a state has ended; when it was the last, so has the state, and its parent has one less. */
function close(env: Env, from: OpenState | null): void {
  for (let entry = from; entry !== null; entry = entry.parent) {
    entry.open--;
    if (entry.open > 0) return;
    entry.settled = true;
    entry.kept.settle(entry);
    if (entry.backedges.length > 0) finishLoop(env, entry);
    // Only what may still be followed back needs its way; the ways of all states would be most of the memory.
    else if (loopOf(entry) === null) entry.state.path = null;
  }
}

/** What is relied on at a loop's head is relied on at its end, and so on around, until nothing new is found. */
function finishLoop(env: Env, head: OpenState): void {
  const outer = loopOf(head);
  if (outer !== null) outer.backedges.push(...head.backedges);
  else if (!env.reference) {
    for (let grown = true; grown; ) {
      grown = false;
      for (const { state, target } of head.backedges) if (inherit(env, state, target.state)) grown = true;
    }
    for (const { state } of head.backedges) {
      for (let at = state.parent; at !== null && at !== head; at = at.parent) at.state.path = null;
    }
  }
  head.backedges = [];
}

/** A number that equal states share, whatever their identities are called: most comparisons end here. */
function markOf(state: State, liveAt: (state: State, frame: number) => number): number {
  let mark = state.rcuDepth * 31 + state.frames.length + state.rounds * 131;
  for (let n = 0; n < state.frames.length; n++) {
    const frame = state.frames[n];
    if (frame === undefined) continue;
    const live = liveAt(state, n);
    for (let reg = 0; reg < 10; reg++) {
      const value = frame.regs[reg];
      if (value === undefined || ((live >> reg) & 1) === 0) continue;
      const { scalar } = value;
      mark =
        (Math.imul(mark, 0x01000193) ^
          scalar.uminLo ^
          (scalar.umaxLo << 1) ^
          Math.imul(scalar.sminLo ^ (scalar.smaxLo << 1), 0x27d4eb2f) ^
          Math.imul(scalar.s32min ^ (scalar.s32max << 1), 0x165667b1) ^
          ((value.kind === "scalar" ? 0 : value.off) << 2) ^
          value.kind.length) |
        0;
    }
    const { stack } = frame;
    for (let at = 0; at < stack.count; at++) {
      const slot = stack.slot(at);
      mark = (Math.imul(mark, 0x01000193) ^ slot.bytes ^ (slot.value?.scalar.uminLo ?? 0)) | 0;
    }
  }
  return mark;
}
