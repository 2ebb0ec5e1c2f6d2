// Schedules by chance, for spaces that no walk gets through: threads by priorities that change at a few random steps
// (PCT: Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS 2010), which finds a bug that d ordered steps make with a
// chance of at least 1 in n k^(d-1) a schedule, of n threads and k steps; and every other schedule by plain lot. It proves
// nothing, and its verdict says so.
import type { Violation } from "./checks.ts";
import type { Failure } from "./explore.ts";
import type { Observer } from "./observe.ts";
import { MANY, NOTHING, OUTCOME, row, WAITS } from "./rows.ts";
import type { Move } from "./schedule.ts";
import type { Transitions } from "./transitions.ts";

export interface Sampled {
  readonly schedules: number;
  readonly failure?: Failure;
}

/** A schedule longer than this is given up: it may be a circle. */
const LONGEST = 100_000;
/** Steps whose order a bug depends on. */
const DEPTH = 3;

export function* sample(
  transitions: Transitions,
  observer: Observer,
  start: Int32Array,
  seed: number,
  most: number,
): Generator<number, Sampled> {
  const lot = new Lot(seed);
  let length = 100;
  for (let schedules = 1; schedules <= most; schedules++) {
    const run = new Run(transitions, observer, lot, length, schedules % 2 === 1);
    const failure = run.from(start.slice());
    if (failure !== undefined) return { schedules, failure };
    length = Math.max(length, run.moves.length);
    if ((schedules & 63) === 0) yield schedules;
  }
  return { schedules: most };
}

/** Numbers from a seed (mulberry32). */
class Lot {
  #state: number;
  constructor(seed: number) {
    this.#state = seed | 0;
  }
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) % n;
  }
}

class Run {
  readonly moves: Move[] = [];
  readonly #transitions: Transitions;
  readonly #observer: Observer;
  readonly #lot: Lot;
  /** Of each thread, greater goes first; or none, where lots are drawn at each step. */
  readonly #priorities: number[];
  readonly #changes: ReadonlySet<number>;
  readonly #byPriority: boolean;

  constructor(transitions: Transitions, observer: Observer, lot: Lot, length: number, byPriority: boolean) {
    this.#transitions = transitions;
    this.#observer = observer;
    this.#lot = lot;
    this.#byPriority = byPriority;
    this.#priorities = Array.from({ length: transitions.mapsAt }, () => DEPTH + lot.below(1 << 20));
    this.#changes = new Set(Array.from({ length: DEPTH - 1 }, () => lot.below(length)));
  }

  from(tuple: Int32Array): Failure | undefined {
    const transitions = this.#transitions;
    for (let step = 0; step < LONGEST; step++) {
      const ready: number[] = [];
      for (let thread = 0; thread < transitions.mapsAt; thread++) {
        const can = transitions.rows[thread][transitions.find(thread, tuple, 0) + row.can];
        if (can !== NOTHING && can !== WAITS) ready.push(thread);
      }
      if (ready.length === 0) return this.#end(tuple);
      const thread = this.#next(ready, step);
      const violation = this.#move(tuple, thread);
      if (violation !== undefined) return { violation, schedule: this.moves };
    }
    return undefined;
  }

  #next(ready: readonly number[], step: number): number {
    if (!this.#byPriority) return ready[this.#lot.below(ready.length)];
    let best = ready[0];
    for (const thread of ready) if (this.#priorities[thread] > this.#priorities[best]) best = thread;
    if (!this.#changes.has(step)) return best;
    this.#priorities[best] = this.#lot.below(DEPTH);
    for (const thread of ready) if (this.#priorities[thread] > this.#priorities[best]) best = thread;
    return best;
  }

  #move(tuple: Int32Array, thread: number): Violation | undefined {
    const transitions = this.#transitions;
    const slot = transitions.find(thread, tuple, 0);
    const rows = transitions.rows[thread];
    const many = rows[slot + row.can] === MANY;
    const outcome = many ? rows[slot + row.nextOwn] + this.#lot.below(rows[slot + row.nextMaps]) : 0;
    const move = { thread, choices: many ? transitions.choices[outcome] : [] };
    const violation = many ? transitions.outcomes[outcome * OUTCOME + 3] : rows[slot + row.violation];
    this.moves.push(move);
    if (violation !== 0) return transitions.violations[violation - 1];
    transitions.follow(tuple, move);
    return undefined;
  }

  #end(tuple: Int32Array): Failure | undefined {
    const observer = this.#observer;
    const violation = observer.stuck(tuple, 0) ?? observer.broken(observer.values(tuple, 0));
    return violation === undefined ? undefined : { violation, schedule: this.moves };
  }
}
