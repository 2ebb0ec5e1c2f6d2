// One of several threads that walk the states of a scenario together. Each has a machine and rows of its own; what they share is
// which number a string of words has (shared-strings.ts), which states were seen (shared-states.ts), and who has work
// (exchange.ts). A state is looked at once, by whichever thread takes it: all that follows from it is entered at once, and what
// is new waits at the thread that found it. The order is nobody's, so what depends on one is left to others: counts of
// interleavings, and the counterexample (verdict.ts). Circles that nobody gets out of are found afterwards, in rounds.
import { BROKEN, type Exchange, Frontier, GOING, MANY_STATES, NO_MORE_ROOM, TASK } from "./exchange.ts";
import { type Final, Finals } from "./finals.ts";
import { doubled } from "./interner.ts";
import type { Model } from "./model.ts";
import { Observer } from "./observe.ts";
import { AmpleSets } from "./reduce.ts";
import { MANY, ONE, OUTCOME, row } from "./rows.ts";
import type { Scenario } from "./scenario.ts";
import type { Move } from "./schedule.ts";
import { type Seen, seenBy } from "./seen.ts";
import { FULL, SharedStates } from "./shared-states.ts";
import { NoRoom, StringLog } from "./shared-strings.ts";
import { States } from "./states.ts";
import { Symmetry } from "./symmetry.ts";
import { Transitions } from "./transitions.ts";
import type { WalkBuffers } from "./walk-memory.ts";

/** What a thread is told; it can be sent to one as it is. */
export interface WalkTask {
  readonly scenario: Scenario;
  /** Runs a thread on to its next step that others could notice. */
  readonly fuse: boolean;
  readonly reduce: boolean;
  readonly symmetry: boolean;
  /** Beyond so many states the walk stops. */
  readonly states: number;
  /** Go on after a violation, for the set of all final states. */
  readonly all: boolean;
  readonly buffers: WalkBuffers;
  /** Of the machine's words at the start: where they differ, so does what numbers mean. */
  readonly likeness: number;
}

/** What became of it in one thread; it can be sent. */
export interface WalkReport {
  readonly steps: number;
  readonly made: number;
  readonly deepest: number;
  /** Bytes of tables that are the thread's own. */
  readonly bytes: number;
  readonly finals: readonly Final[];
  readonly seen: Seen;
  /** A state from which something breaks: by a step of a thread with one of its outcomes, or (-1) by itself. */
  readonly broken?: Broken;
}

export interface Broken {
  readonly state: number;
  readonly thread: number;
  readonly outcome: number;
  /** Of an end: which of the walk's threads is in the place of each. */
  readonly order?: readonly number[];
}

/** What a slice of work came to. */
export const AWAY = 0;
export const WORKS = 1;
export const WAITING = 2;

/** States of a block in a round. */
const BLOCK = 1 << 12;

export class Walker {
  readonly transitions: Transitions;
  readonly states: SharedStates;
  readonly observer: Observer;
  readonly exchange: Exchange;
  /** Steps looked at, those in rounds among them. */
  steps = 0;
  #stepsInRounds = 0;
  depth = 0;
  #deepest = 0;
  #broken: Broken | undefined;
  readonly #task: WalkTask;
  readonly #model: Model;
  readonly #log: StringLog;
  readonly #symmetry: Symmetry | undefined;
  readonly #reduction: AmpleSets | undefined;
  readonly #finals: Finals;
  readonly #ends: Uint8Array;
  readonly #start: Int32Array;
  readonly #frontier = new Frontier();
  /** The state being looked at, and what follows from it: tuples and their hashes. */
  readonly #tuple: Int32Array;
  #next: Int32Array;
  #hashes: Int32Array = new Int32Array(16);
  #count = 0;
  /** What the step to each of them breaks, plus 1, and which it is. */
  #violations: Int32Array = new Int32Array(16);
  #threads: Int32Array = new Int32Array(16);
  #outcomes: Int32Array = new Int32Array(16);
  /** A step could be made. */
  #moved = false;
  /** For each thread the row that was found last. */
  readonly #slots: Int32Array;
  /** The round that the thread is through with, and in it the block and how many states were changed. */
  #through = 0;
  #changed = 0;

  /** Of a thread that has joined; `alone`: others are not let in yet. */
  constructor(task: WalkTask, model: Model, exchange: Exchange, alone: boolean) {
    this.#task = task;
    this.#model = model;
    const reduction = new AmpleSets(model);
    this.#log = new StringLog(task.buffers.strings);
    this.transitions = new Transitions(model, reduction.judge, false, () => this.#log.kind());
    this.#start = this.transitions.current();
    this.#reduction = task.reduce && reduction.names.length > 0 ? reduction : undefined;
    const { width } = this.transitions;
    this.states = new SharedStates(width, task.states, task.buffers, alone);
    this.observer = new Observer(this.transitions);
    const named = new Set(this.observer.columns.map((each) => each.from));
    this.#symmetry = task.symmetry ? Symmetry.of(this.transitions, this.#start, named) : undefined;
    this.#finals = new Finals(this.observer, this.#symmetry);
    this.#ends = new Uint8Array(task.buffers.ends ?? new ArrayBuffer(0));
    this.exchange = exchange;
    this.#tuple = new Int32Array(width);
    this.#next = new Int32Array(width * 16);
    this.#slots = new Int32Array(width - 2);
  }

  /** Brings the start, in the first thread. */
  begin(): void {
    this.#next.set(this.#start);
    this.#symmetry?.sort(this.#next, 0);
    const hash = this.states.hash(this.#next, 0);
    this.#frontier.push(this.states.add(this.#next, 0, hash, -1), 0, hash);
  }

  /** Works for at most so many steps. */
  advance(steps: number): typeof AWAY | typeof WORKS | typeof WAITING {
    const until = this.steps + steps;
    try {
      while (this.steps < until) {
        if (this.exchange.over !== GOING) return AWAY;
        if (this.exchange.round > 0) {
          if (!this.#inRound()) return this.exchange.over === GOING ? WAITING : AWAY;
        } else if (this.#frontier.count > 0) this.#work(until);
        else if (!this.exchange.take(this.#frontier)) return this.#afterNothing();
      }
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error;
      this.exchange.end(NO_MORE_ROOM);
    }
    return this.exchange.over === GOING ? WORKS : AWAY;
  }

  #afterNothing(): typeof AWAY | typeof WORKS | typeof WAITING {
    if (this.exchange.over !== GOING) return AWAY;
    return this.exchange.round > 0 ? WORKS : WAITING;
  }

  /** Looks at states of its own. */
  #work(until: number): void {
    const frontier = this.#frontier;
    while (frontier.count > 0 && this.steps < until) {
      frontier.to -= TASK;
      const state = frontier.words[frontier.to];
      const depth = frontier.words[frontier.to + 1];
      this.#lookAt(state, depth, frontier.words[frontier.to + 2]);
      if (this.exchange.over !== GOING) return;
      if (frontier.count > 1 && this.exchange.hungry) this.exchange.give(frontier);
    }
  }

  #lookAt(state: number, depth: number, hash: number): void {
    const { states } = this;
    const width = this.transitions.width;
    this.depth = depth;
    if (depth > this.#deepest) this.#deepest = depth;
    states.copy(state, this.#tuple, 0);
    this.#follow(hash);
    if (!this.#moved)
      this.#finals.take(this.#tuple, 0, (_, order) =>
        this.#fail({ state, thread: -1, outcome: 0, ...(order && { order }) }),
      );
    for (let n = 0; n < this.#count; n++) {
      if (this.#violations[n] !== 0) {
        this.#fail({ state, thread: this.#threads[n], outcome: this.#outcomes[n] });
        continue;
      }
      const id = states.add(this.#next, n * width, this.#hashes[n], state);
      if (id >= 0) this.#frontier.push(id, depth + 1, this.#hashes[n]);
      if (id === FULL || id === states.most - 1) {
        this.exchange.end(MANY_STATES);
        return;
      }
    }
  }

  #fail(broken: Broken): void {
    this.#broken ??= broken;
    if (!this.#task.all) this.exchange.end(BROKEN);
  }

  /** All that follows from the state in `#tuple`. */
  #follow(hash: number): void {
    const { transitions } = this;
    const threads = transitions.width - 2;
    const tuple = this.#tuple;
    this.#count = 0;
    this.#moved = false;
    const only = this.#reduction?.only(transitions, tuple, 0, this.#ends.length > 0) ?? -1;
    const last = only < 0 ? threads : only + 1;
    for (let thread = only < 0 ? 0 : only; thread < last; thread++) {
      let slot = this.#slots[thread];
      if (!transitions.fits(thread, slot, tuple, 0)) {
        slot = transitions.find(thread, tuple, 0);
        this.#slots[thread] = slot;
      }
      const rows = transitions.rows[thread];
      const can = rows[slot + row.can];
      if (can === ONE) this.#enter(hash, thread, 0, rows, slot + row.nextOwn);
      else if (can === MANY) {
        const start = rows[slot + row.nextOwn];
        const count = rows[slot + row.nextMaps];
        for (let n = 0; n < count; n++) this.#enter(hash, thread, n, transitions.outcomes, (start + n) * OUTCOME);
      } else this.steps++;
    }
  }

  /** What follows by one outcome of a step, which is at `at` in `from`. */
  #enter(hash: number, thread: number, outcome: number, from: Int32Array, at: number): void {
    this.steps++;
    this.#moved = true;
    const n = this.#count++;
    const { width } = this.transitions;
    if (n === this.#hashes.length) this.#makeRoom();
    const violation = from[at + 3];
    this.#violations[n] = violation;
    this.#threads[n] = thread;
    this.#outcomes[n] = outcome;
    if (violation !== 0) return;
    const next = this.#next;
    const to = n * width;
    for (let i = 0; i < width; i++) next[to + i] = this.#tuple[i];
    let sum = hash + this.#change(to, thread, from[at]);
    if (from[at + 1] >= 0) sum += this.#change(to, width - 2, from[at + 1]);
    if (from[at + 2] >= 0) sum += this.#change(to, width - 1, from[at + 2]);
    if (this.#symmetry?.sort(next, to) === true) sum = this.states.hash(next, to);
    this.#hashes[n] = sum | 0;
  }

  #change(tuple: number, at: number, value: number): number {
    const before = this.#next[tuple + at];
    if (before === value) return 0;
    this.#next[tuple + at] = value;
    return States.part(at, value) - States.part(at, before);
  }

  #makeRoom(): void {
    this.#next = doubled(this.#next);
    this.#hashes = doubled(this.#hashes);
    this.#violations = doubled(this.#violations);
    this.#threads = doubled(this.#threads);
    this.#outcomes = doubled(this.#outcomes);
  }

  /**
   * In a round each state is looked at from which no end was known to be reached, the youngest first, for what follows from a state
   * is mostly younger. Rounds end when one has changed nothing. False when nothing is left of this round.
   */
  #inRound(): boolean {
    const round = this.exchange.round;
    if (this.#through === round) return false;
    const last = Math.ceil(this.states.count / BLOCK) - 1;
    const block = last - this.exchange.block();
    if (block < 0) {
      this.#through = round;
      this.exchange.through(this.#changed);
      this.#changed = 0;
      return true;
    }
    for (let state = Math.min(this.states.count, (block + 1) * BLOCK) - 1; state >= block * BLOCK; state--) {
      if (this.#ends[state] !== 0 || !this.#canEnd(state)) continue;
      this.#ends[state] = 1;
      this.#changed++;
    }
    return true;
  }

  #canEnd(state: number): boolean {
    const before = this.steps;
    this.states.copy(state, this.#tuple, 0);
    this.#follow(this.states.hash(this.#tuple, 0));
    this.#stepsInRounds += this.steps - before;
    if (!this.#moved) return true;
    const { width } = this.transitions;
    for (let n = 0; n < this.#count; n++) {
      if (this.#violations[n] !== 0) return true;
      if (this.#ends[this.states.find(this.#next, n * width, this.#hashes[n])] !== 0) return true;
    }
    return false;
  }

  /** A state from which no end can be reached, when all rounds are over; -1 if there is none. */
  get endless(): number {
    return this.#ends.subarray(0, this.states.count).indexOf(0);
  }

  get report(): WalkReport {
    return {
      steps: this.steps - this.#stepsInRounds,
      made: this.transitions.made,
      deepest: this.#deepest,
      bytes: this.transitions.bytes,
      finals: [...this.#finals.found.values()],
      seen: seenBy(this.#model),
      ...(this.#broken === undefined ? {} : { broken: this.#broken }),
    };
  }

  /** Bytes of the tables that all threads share. */
  get bytes(): number {
    return this.states.bytes + this.#log.bytes;
  }

  get reductions(): readonly string[] {
    const symmetry = this.#symmetry === undefined ? [] : ["CPU symmetry"];
    return [...symmetry, ...(this.#reduction?.names ?? [])];
  }

  /** A schedule from the start to a state, and on by the step that breaks something. */
  scheduleTo({ state, thread, outcome, order }: Broken): readonly Move[] {
    const { width } = this.transitions;
    const moves: Move[] = thread < 0 ? [] : [this.#moveOf(state, thread, outcome)];
    for (let to = state, from = this.states.before(to); from >= 0; to = from, from = this.states.before(to)) {
      this.states.copy(from, this.#tuple, 0);
      this.#follow(this.states.hash(this.#tuple, 0));
      for (let n = 0; n < this.#count; n++) {
        if (this.#violations[n] !== 0 || !this.states.is(to, this.#next, n * width)) continue;
        moves.push(this.#moveOf(from, this.#threads[n], this.#outcomes[n]));
        break;
      }
    }
    moves.reverse();
    return this.#symmetry?.schedule(moves, order) ?? moves;
  }

  #moveOf(state: number, thread: number, outcome: number): Move {
    this.states.copy(state, this.#tuple, 0);
    const slot = this.transitions.find(thread, this.#tuple, 0);
    const rows = this.transitions.rows[thread];
    const many = rows[slot + row.can] === MANY;
    return { thread, choices: many ? this.transitions.choices[rows[slot + row.nextOwn] + outcome] : [] };
  }
}
