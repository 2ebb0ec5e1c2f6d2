// Where nothing can go wrong: the interleaving that came nearest to it, which is the one in which threads waited longest; and
// what was never tried, so that HOLDS is not said of nothing.

import { MANY, NOTHING, OUTCOME, row, WAITS } from "./rows.ts";
import type { Move } from "./schedule.ts";
import { PerState, States } from "./states.ts";
import type { Transitions } from "./transitions.ts";

/** Larger walks are not searched. */
const MOST_STATES = 20_000;

/**
 * The schedule in which threads wait in as many states as possible; undefined where nobody ever waits, where the states are
 * too many, and where they go in circles.
 */
export function nearMiss(transitions: Transitions, start: Int32Array): readonly Move[] | undefined {
  return new Longest(transitions).from(start);
}

class Longest {
  readonly #transitions: Transitions;
  readonly #states: States;
  /** Of each state: most waiting from there on plus 1 (0: unknown, -1: being looked at), and the move that leads there. */
  readonly #most = new PerState();
  readonly #thread = new PerState();
  readonly #outcome = new PerState();
  #failed = false;

  constructor(transitions: Transitions) {
    this.#transitions = transitions;
    this.#states = new States(transitions.width);
  }

  from(start: Int32Array): readonly Move[] | undefined {
    const best = this.#visit(start.slice());
    if (this.#failed || best === 0) return undefined;
    const schedule: Move[] = [];
    const tuple = start.slice();
    for (;;) {
      const id = ~this.#states.add(tuple, 0, this.#states.hash(tuple, 0));
      const thread = this.#thread.get(id) - 1;
      if (thread < 0) return schedule;
      const move = this.#moveOf(tuple, thread, this.#outcome.get(id));
      schedule.push(move);
      this.#transitions.follow(tuple, move);
    }
  }

  #moveOf(tuple: Int32Array, thread: number, outcome: number): Move {
    const slot = this.#transitions.find(thread, tuple, 0);
    const rows = this.#transitions.rows[thread];
    const many = rows[slot + row.can] === MANY;
    return { thread, choices: many ? this.#transitions.choices[rows[slot + row.nextOwn] + outcome] : [] };
  }

  /** The most states with a waiting thread on any way from a state; the depth of the walk is that of a schedule. */
  #visit(tuple: Int32Array): number {
    const added = this.#states.add(tuple, 0, this.#states.hash(tuple, 0));
    const id = added < 0 ? ~added : added;
    if (added < 0) {
      if (this.#most.get(id) < 0) this.#failed = true;
      return this.#most.get(id) - 1;
    }
    if (this.#states.count > MOST_STATES) this.#failed = true;
    if (this.#failed) return 0;
    this.#most.set(id, -1);
    let waiting = 0;
    let best = -1;
    const transitions = this.#transitions;
    for (let thread = 0; thread < transitions.mapsAt; thread++) {
      const slot = transitions.find(thread, tuple, 0);
      const rows = transitions.rows[thread];
      const can = rows[slot + row.can];
      if (can === WAITS) waiting++;
      if (can === NOTHING || can === WAITS) continue;
      const count = can === MANY ? rows[slot + row.nextMaps] : 1;
      for (let n = 0; n < count && !this.#failed; n++) {
        const next = tuple.slice();
        this.#follow(next, thread, n);
        const found = this.#visit(next);
        if (found <= best) continue;
        best = found;
        this.#thread.set(id, thread + 1);
        this.#outcome.set(id, n);
      }
    }
    const all = Math.max(0, best) + (waiting > 0 ? 1 : 0);
    this.#most.set(id, all + 1);
    return all;
  }

  #follow(tuple: Int32Array, thread: number, outcome: number): void {
    const slot = this.#transitions.find(thread, tuple, 0);
    const rows = this.#transitions.rows[thread];
    const many = rows[slot + row.can] === MANY;
    const from = many ? this.#transitions.outcomes : rows;
    const at = many ? (rows[slot + row.nextOwn] + outcome) * OUTCOME : slot + row.nextOwn;
    tuple[thread] = from[at];
    if (from[at + 1] >= 0) tuple[this.#transitions.mapsAt] = from[at + 1];
    if (from[at + 2] >= 0) tuple[this.#transitions.rcuAt] = from[at + 2];
  }
}
