// Every interleaving: a depth-first walk over the states, each visited once. It can be stopped and gone on with, so that
// whoever drives it may show progress and be interrupted. Together in one file: the walk, the count of interleavings
// that it makes on its way back, the final states, and the circles of states that nobody gets out of (Tarjan's strongly
// connected components, SIAM J. Comput. 1972; states are numbered in the order in which the walk finds them).
import { DEADLOCK, ENDLESS, type Violation } from "./checks.ts";
import { type Final, Finals } from "./finals.ts";
import { doubled } from "./interner.ts";
import { Observer } from "./observe.ts";
import type { Reduction } from "./reduce.ts";
import { MANY, NOTHING, ONE, OUTCOME, row, WAITS } from "./rows.ts";
import type { Move } from "./schedule.ts";
import { PerState, States } from "./states.ts";
import { Symmetry } from "./symmetry.ts";
import type { Transitions } from "./transitions.ts";

export interface ExploreOptions {
  readonly reduction?: Reduction;
  /** States that differ only in which of several alike programs is where are one. */
  readonly symmetry?: boolean;
  /** Beyond so many states the walk stops. */
  readonly states: number;
  /** Count interleavings while there are no more states than this. */
  readonly count?: number;
  /** Go on after a violation, for the set of all final states. */
  readonly all?: boolean;
}

export interface Failure {
  readonly violation: Violation;
  readonly schedule: readonly Move[];
}

/** On the way to where the walk is, or on a circle with such a state; and not. */
const OPEN = 1;
const CLOSED = 2;

/** What is wrong with a state from which no end can be reached. */
export function endlessAt(transitions: Transitions, tuple: Int32Array): Violation {
  const names = transitions.model.threads.flatMap((each, thread) =>
    transitions.enabled(thread, tuple) ? [each.name] : [],
  );
  const text = `${names.join(" and ")} go${names.length > 1 ? "" : "es"} round for ever: no step leads out of it`;
  return { assertion: ENDLESS, text };
}

export class Exploration {
  readonly transitions: Transitions;
  readonly states: States;
  readonly observer: Observer;
  readonly #symmetry: Symmetry | undefined;
  readonly #finals: Finals;
  /** The first violation that the walk met. */
  failure: Failure | undefined;
  /** Steps looked at. */
  steps = 0;
  depth = 0;
  deepest = 0;
  done = false;
  /** The walk stopped because there were too many states. */
  full = false;
  /** The interleavings from the start; undefined where they were not counted. */
  ways: bigint | undefined;
  readonly #options: ExploreOptions;
  readonly #width: number;
  readonly #start: Int32Array;
  /** Tuples on the way from the start to where the walk is. */
  #path: Int32Array;
  /** For each depth and thread a row of `transitions`, which is looked at before one is searched. */
  #slots: Int32Array = new Int32Array(256);
  #at: Int32Array = new Int32Array(256);
  /** Number of the state, the next thread to try, the next of its outcomes, one word of notes, for each depth. */
  readonly #colours = new PerState();
  #counting: boolean;
  readonly #counts: bigint[] = [];
  readonly #pathWays: bigint[] = [0n];
  /** States whose circles are not all known yet, in the order of their numbers. */
  #open: Int32Array = new Int32Array(256);
  #opened = 0;

  constructor(transitions: Transitions, options: ExploreOptions) {
    this.transitions = transitions;
    this.#options = options;
    this.#width = transitions.width;
    this.states = new States(this.#width, options.states);
    this.observer = new Observer(transitions);
    this.#counting = (options.count ?? 0) > 0;
    this.#path = new Int32Array(this.#width * 256);
    const start = (this.#start = transitions.current());
    const named = new Set(this.observer.columns.map((each) => each.from));
    this.#symmetry = options.symmetry === true ? Symmetry.of(transitions, start, named) : undefined;
    this.#finals = new Finals(this.observer, this.#symmetry);
    this.#path.set(start);
    this.#symmetry?.sort(this.#path, 0);
    const hash = this.states.hash(this.#path, 0);
    this.#enter(0, this.states.add(this.#path, 0, hash), hash);
  }

  #enter(depth: number, state: number, hash: number): void {
    while ((depth + 2) * this.#width > this.#path.length) this.#path = doubled(this.#path);
    while ((depth + 2) * this.#width > this.#slots.length) this.#slots = doubled(this.#slots);
    while ((depth + 2) * FRAME > this.#at.length) this.#at = doubled(this.#at);
    const at = depth * FRAME;
    this.#at[at + STATE] = state;
    this.#at[at + HASH] = hash;
    this.#at[at + OUT] = 0;
    this.#at[at + MOVED] = 0;
    const only = this.#options.reduction?.only(this.transitions, this.#path, depth * this.#width) ?? -1;
    this.#at[at + THREAD] = only < 0 ? 0 : only;
    this.#at[at + LAST] = only < 0 ? this.#width - 2 : only + 1;
    this.#at[at + LOW] = state;
    this.#at[at + ESCAPES] = 0;
    this.#colours.set(state, OPEN);
    if (this.#opened === this.#open.length) this.#open = doubled(this.#open);
    this.#open[this.#opened++] = state;
    if (this.#counting) this.#pathWays[depth] = 0n;
    const threads = this.#width - 2;
    // What a thread can do mostly is what it could do in the state before.
    for (let thread = 0; thread < threads && depth > 0; thread++) {
      this.#slots[depth * threads + thread] = this.#slots[(depth - 1) * threads + thread];
    }
    this.depth = depth;
    if (depth > this.deepest) this.deepest = depth;
  }

  /** Walks on for at most so many steps; true when it is over. */
  advance(steps: number): boolean {
    const until = this.steps + steps;
    while (!this.done && this.steps < until) this.#step();
    return this.done;
  }

  #step(): void {
    const width = this.#width;
    const depth = this.depth;
    const at = depth * FRAME;
    const from = depth * width;
    const thread = this.#at[at + THREAD];
    if (thread === this.#at[at + LAST]) {
      this.#close(depth);
      return;
    }
    this.steps++;
    const note = depth * (width - 2) + thread;
    let slot = this.#slots[note];
    if (!this.transitions.fits(thread, slot, this.#path, from)) {
      slot = this.transitions.find(thread, this.#path, from);
      this.#slots[note] = slot;
    }
    const rows = this.transitions.rows[thread];
    const can = rows[slot + row.can];
    if (can === NOTHING || can === WAITS) {
      this.#at[at + THREAD]++;
      return;
    }
    this.#at[at + MOVED] = 1;
    let own = rows[slot + row.nextOwn];
    let maps = rows[slot + row.nextMaps];
    let rcu = rows[slot + row.nextRcu];
    let violation = rows[slot + row.violation];
    if (can === ONE) this.#at[at + THREAD]++;
    else {
      const out = this.#at[at + OUT]++;
      const outcome = (own + out) * OUTCOME;
      if (out + 1 === maps) {
        this.#at[at + THREAD]++;
        this.#at[at + OUT] = 0;
      }
      const { outcomes } = this.transitions;
      own = outcomes[outcome];
      maps = outcomes[outcome + 1];
      rcu = outcomes[outcome + 2];
      violation = outcomes[outcome + 3];
    }
    if (violation !== 0) {
      const choices = this.#choicesOf(slot, thread, at);
      this.#fail((tuple, last) => this.transitions.broken(tuple, last), { last: { thread, choices } });
      this.#at[at + ESCAPES] = 1;
      if (this.#counting) this.#pathWays[depth] += 1n;
      return;
    }
    const to = from + width;
    for (let i = 0; i < width; i++) this.#path[to + i] = this.#path[from + i];
    let hash = this.#at[at + HASH] + this.#change(to, thread, own);
    if (maps >= 0) hash += this.#change(to, width - 2, maps);
    if (rcu >= 0) hash += this.#change(to, width - 1, rcu);
    if (this.#symmetry?.sort(this.#path, to) === true) hash = this.states.hash(this.#path, to);
    hash |= 0;
    const id = this.states.add(this.#path, to, hash);
    if (id >= 0) {
      if (this.states.full) {
        this.full = true;
        this.done = true;
        return;
      }
      if (this.#counting && this.states.count > (this.#options.count ?? 0)) this.#counting = false;
      this.#enter(depth + 1, id, hash);
      return;
    }
    this.#meet(depth, ~id);
  }

  /** A step leads to a state that the walk has been to. */
  #meet(depth: number, known: number): void {
    const at = depth * FRAME;
    if (this.#colours.get(known) === CLOSED) {
      this.#at[at + ESCAPES] = 1;
      if (this.#counting) this.#pathWays[depth] += this.#counts[known];
      return;
    }
    // A circle: nobody can count the ways around it, and no step may stand for others all along it.
    this.#counting = false;
    if (known < this.#at[at + LOW]) this.#at[at + LOW] = known;
    if (this.#at[at + LAST] < this.#width - 2) {
      this.#at[at + THREAD] = 0;
      this.#at[at + OUT] = 0;
      this.#at[at + LAST] = this.#width - 2;
    }
  }

  /** Puts a number into a tuple; by how much that changes the hash. */
  #change(tuple: number, at: number, value: number): number {
    const before = this.#path[tuple + at];
    if (before === value) return 0;
    this.#path[tuple + at] = value;
    return States.part(at, value) - States.part(at, before);
  }

  #choicesOf(slot: number, thread: number, at: number): readonly number[] {
    const rows = this.transitions.rows[thread];
    if (rows[slot + row.can] !== MANY) return [];
    const next = this.#at[at + OUT];
    const count = rows[slot + row.nextMaps];
    return this.transitions.choices[rows[slot + row.nextOwn] + (next === 0 ? count - 1 : next - 1)];
  }

  /** All steps of a state have been tried. */
  #close(depth: number): void {
    const at = depth * FRAME;
    const state = this.#at[at + STATE];
    if (this.#at[at + MOVED] === 0) {
      this.#at[at + ESCAPES] = 1;
      this.#final(depth);
    }
    const whole = this.#at[at + LOW] === state;
    if (whole) this.#closeCircle(depth, state);
    if (this.#counting) {
      const ways = this.#pathWays[depth];
      this.#counts[state] = ways;
      if (depth > 0) this.#pathWays[depth - 1] += ways;
    }
    if (depth === 0) {
      this.done = true;
      if (this.#counting) this.ways = this.#counts[state];
      return;
    }
    const before = at - FRAME;
    if (whole) this.#at[before + ESCAPES] = 1;
    else {
      this.#at[before + ESCAPES] |= this.#at[at + ESCAPES];
      this.#at[before + LOW] = Math.min(this.#at[before + LOW], this.#at[at + LOW]);
    }
    this.depth = depth - 1;
  }

  /** All states of a circle are known; `state` is the first of them. Nobody may be caught in it. */
  #closeCircle(depth: number, state: number): void {
    let last = -1;
    while (last !== state) {
      last = this.#open[--this.#opened];
      this.#colours.set(last, CLOSED);
    }
    if (this.#at[depth * FRAME + ESCAPES] !== 0) return;
    this.#fail((tuple) => endlessAt(this.transitions, tuple));
  }

  #final(depth: number): void {
    const from = depth * this.#width;
    if (this.#counting) this.#pathWays[depth] = 1n;
    this.#finals.take(this.#path, from, (violation, order) => {
      if (violation.assertion === DEADLOCK) this.#fail((tuple) => this.observer.stuck(tuple, 0) ?? violation);
      else this.#fail(() => violation, order === undefined ? {} : { order });
    });
  }

  /**
   * Keeps the way to the first violation. `told` says what it is, of the state at the end of the path, or before the `last`
   * step where that is not on the path.
   */
  #fail(
    told: (tuple: Int32Array, last: Move) => Violation,
    { last, order }: { readonly last?: Move; readonly order?: readonly number[] } = {},
  ): void {
    if (this.failure === undefined) {
      const moves: Move[] = [];
      for (let depth = 0; depth < this.depth; depth++) moves.push(this.#moveAt(depth));
      if (last !== undefined) moves.push(last);
      const schedule = this.#symmetry?.schedule(moves, order) ?? moves;
      const tuple = this.#start.slice();
      for (const move of last === undefined ? schedule : schedule.slice(0, -1)) this.transitions.follow(tuple, move);
      this.failure = { violation: told(tuple, schedule[schedule.length - 1]), schedule };
    }
    if (this.#options.all !== true) this.done = true;
  }

  /** The move that leads from one depth to the next. */
  #moveAt(depth: number): Move {
    const at = depth * FRAME;
    const out = this.#at[at + OUT];
    const thread = out === 0 ? this.#at[at + THREAD] - 1 : this.#at[at + THREAD];
    const from = depth * this.#width;
    const slot = this.transitions.find(thread, this.#path, from);
    return { thread, choices: this.#choicesOf(slot, thread, at) };
  }

  /** The walk came to its end. */
  get whole(): boolean {
    return this.done && !this.full;
  }

  get finals(): readonly Final[] {
    return [...this.#finals.found.values()];
  }

  get reductions(): readonly string[] {
    const symmetry = this.#symmetry === undefined ? [] : ["CPU symmetry"];
    return [...symmetry, ...(this.#options.reduction?.names ?? [])];
  }

  get bytes(): number {
    return this.states.bytes + this.transitions.bytes + this.states.count * 4;
  }
}

const STATE = 0;
const THREAD = 1;
const LAST = 2;
const OUT = 3;
const MOVED = 4;
const HASH = 5;
/** The first state of a circle that the state is on, and whether a step leads out of what is known of it. */
const LOW = 6;
const ESCAPES = 7;
const FRAME = 8;
