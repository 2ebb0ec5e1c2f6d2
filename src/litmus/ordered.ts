// The most readable counterexample: schedules with no preemption first, then with one, and so on, and among those with as
// many the short ones first. A preemption takes the turn from a thread that could have gone on (iterative context bounding,
// Musuvathi and Qadeer, PLDI 2007). A place in this search is a state and the thread that moved last.
import type { Violation } from "./checks.ts";
import type { Failure } from "./explore.ts";
import { Observer } from "./observe.ts";
import { MANY, NOTHING, OUTCOME, row, WAITS } from "./rows.ts";
import type { Move } from "./schedule.ts";
import { PerState, States } from "./states.ts";
import type { Transitions } from "./transitions.ts";

export interface OrderedOptions {
  /** The most preemptions tried. */
  readonly preemptions: number;
  /** The most places. */
  readonly places: number;
  /** A state to be reached, and what is wrong with it. */
  readonly goal?: { readonly tuple: Int32Array; readonly violation: Violation };
}

export interface OrderedResult {
  readonly failure?: Failure & { readonly preemptions: number };
  /** Every schedule with so many preemptions was tried; infinite where every schedule was. */
  readonly complete: number;
  readonly places: number;
}

export function* ordered(transitions: Transitions, options: OrderedOptions): Generator<number, OrderedResult> {
  const search = new Ordered(transitions, options.goal);
  for (let preemptions = 0; preemptions <= options.preemptions; preemptions++) {
    for (let length = 0; length < search.lengths(preemptions); length++) {
      const places = search.take(preemptions, length);
      for (let at = 0; at < places.length; at++) {
        search.visit(places[at], preemptions, length);
        if (search.failure !== undefined) return search.result(preemptions - 1);
        if (search.count > options.places) return search.result(preemptions - 1);
        if ((at & 1023) === 1023) yield search.count;
      }
    }
    if (search.later !== undefined) {
      search.failure = search.later;
      return search.result(preemptions);
    }
    if (search.lengths(preemptions + 1) === 0) return search.result(Number.POSITIVE_INFINITY);
  }
  return search.result(options.preemptions);
}

class Ordered {
  readonly #transitions: Transitions;
  readonly #states: States;
  readonly #observer: Observer;
  readonly #width: number;
  /** Places to visit, by preemptions and length. */
  readonly #queue: number[][][] = [];
  /** The place before, the thread that moved, which of its outcomes, and the fewest preemptions plus 1; negative once visited. */
  readonly #before = new PerState();
  readonly #thread = new PerState();
  readonly #outcome = new PerState();
  readonly #cost = new PerState();
  readonly #tuple: Int32Array;
  readonly #goal: OrderedOptions["goal"];
  failure: (Failure & { readonly preemptions: number }) | undefined;
  /** A violation that takes one preemption more than are being tried. */
  later: (Failure & { readonly preemptions: number }) | undefined;

  constructor(transitions: Transitions, goal: OrderedOptions["goal"]) {
    this.#transitions = transitions;
    this.#goal = goal;
    this.#width = transitions.width;
    this.#states = new States(this.#width + 1);
    this.#observer = new Observer(transitions);
    this.#tuple = new Int32Array((this.#width + 1) * 2);
    this.#tuple.set(transitions.current());
    this.#tuple[this.#width] = -1;
    this.#reach(0, 0, 0, -1, -1, 0);
  }

  get count(): number {
    return this.#states.count;
  }

  lengths(preemptions: number): number {
    return this.#queue[preemptions]?.length ?? 0;
  }

  take(preemptions: number, length: number): number[] {
    return this.#queue[preemptions][length] ?? [];
  }

  result(complete: number): OrderedResult {
    const failure = this.failure === undefined ? {} : { failure: this.failure };
    return { ...failure, complete, places: this.count };
  }

  /** Notes that the tuple at `from` can be reached. */
  #reach(from: number, preemptions: number, length: number, before: number, thread: number, outcome: number): void {
    const added = this.#states.add(this.#tuple, from, this.#states.hash(this.#tuple, from));
    const place = added < 0 ? ~added : added;
    const cost = this.#cost.get(place);
    if (added < 0 && (cost < 0 || cost <= preemptions + 1)) return;
    this.#cost.set(place, preemptions + 1);
    this.#before.set(place, before);
    this.#thread.set(place, thread);
    this.#outcome.set(place, outcome);
    while (this.#queue.length <= preemptions) this.#queue.push([]);
    const level = this.#queue[preemptions];
    while (level.length <= length) level.push([]);
    level[length].push(place);
  }

  visit(place: number, preemptions: number, length: number): void {
    if (this.#cost.get(place) !== preemptions + 1) return;
    this.#cost.set(place, -1);
    const width = this.#width;
    const tuple = this.#tuple;
    const to = width + 1;
    this.#states.copy(place, tuple, 0);
    if (this.#goal?.tuple.every((number, at) => number === tuple[at]) === true) {
      this.#fail(this.#goal.violation, place, -1, 0, preemptions, preemptions);
      return;
    }
    const last = tuple[width];
    const lastCan = last < 0 ? NOTHING : this.#can(last);
    const pressing = lastCan !== NOTHING && lastCan !== WAITS;
    let moved = false;
    for (let thread = 0; thread < width - 2; thread++) {
      const slot = this.#transitions.find(thread, tuple, 0);
      const rows = this.#transitions.rows[thread];
      const can = rows[slot + row.can];
      if (can === NOTHING || can === WAITS) continue;
      moved = true;
      const cost = preemptions + (pressing && thread !== last ? 1 : 0);
      const [start, count] = can === MANY ? [rows[slot + row.nextOwn], rows[slot + row.nextMaps]] : [-1, 1];
      for (let n = 0; n < count; n++) {
        const at = start < 0 ? slot + row.nextOwn : (start + n) * OUTCOME;
        const from = start < 0 ? rows : this.#transitions.outcomes;
        const violation = from[at + 3];
        if (violation !== 0) {
          this.#fail(this.#transitions.violations[violation - 1], place, thread, n, cost, preemptions);
          continue;
        }
        for (let i = 0; i < width; i++) tuple[to + i] = tuple[i];
        tuple[to + thread] = from[at];
        if (from[at + 1] >= 0) tuple[to + width - 2] = from[at + 1];
        if (from[at + 2] >= 0) tuple[to + width - 1] = from[at + 2];
        tuple[to + width] = thread;
        this.#reach(to, cost, length + 1, place, thread, n);
      }
    }
    if (moved) return;
    const violation = this.#observer.stuck(tuple, 0) ?? this.#observer.broken(this.#observer.values(tuple, 0));
    if (violation !== undefined) this.#fail(violation, place, -1, 0, preemptions, preemptions);
  }

  #can(thread: number): number {
    const slot = this.#transitions.find(thread, this.#tuple, 0);
    return this.#transitions.rows[thread][slot + row.can];
  }

  #fail(violation: Violation, place: number, thread: number, outcome: number, cost: number, now: number): void {
    if (cost === now ? this.failure !== undefined : this.later !== undefined) return;
    const moves: Move[] = thread < 0 ? [] : [this.#move(place, thread, outcome)];
    const tuple = this.#tuple.slice();
    for (let at = place; this.#before.get(at) >= 0; at = this.#before.get(at)) {
      moves.push(this.#move(this.#before.get(at), this.#thread.get(at), this.#outcome.get(at)));
    }
    this.#tuple.set(tuple);
    const failure = { violation, schedule: moves.reverse(), preemptions: cost };
    if (cost === now) this.failure = failure;
    else this.later = failure;
  }

  #move(place: number, thread: number, outcome: number): Move {
    this.#states.copy(place, this.#tuple, 0);
    const slot = this.#transitions.find(thread, this.#tuple, 0);
    const rows = this.#transitions.rows[thread];
    const many = rows[slot + row.can] === MANY;
    return { thread, choices: many ? this.#transitions.choices[rows[slot + row.nextOwn] + outcome] : [] };
  }
}
