// States that differ in nothing but which of several twins (twins.ts) is where, as one: of each set of them the walk goes on
// with the one in which twins are in order. Nothing is lost by it but names: the same can happen from each, in as many ways.
import type { Move } from "./schedule.ts";
import type { Transitions } from "./transitions.ts";
import type { TwinStates } from "./twin-states.ts";

/** Of so many twins whose results are asked for, final states are told apart in no more than 720 arrangements. */
const MOST_NAMED = 6;

export class Symmetry {
  readonly groups: readonly (readonly number[])[];
  readonly #transitions: Transitions;
  readonly #twins: TwinStates;
  readonly #start: Int32Array;
  /** Some of the twins have results that are asked for. */
  readonly #named: boolean;

  private constructor(transitions: Transitions, twins: TwinStates, start: Int32Array, named: ReadonlySet<number>) {
    this.#transitions = transitions;
    this.#twins = twins;
    this.#start = start;
    const isNamed = (group: readonly number[]): boolean => group.some((at) => named.has(at));
    this.groups = twins.groups.filter(
      (group) =>
        (group.length <= MOST_NAMED || !isNamed(group)) &&
        group.every((at) => twins.compare(group[0], at, start, 0) === 0),
    );
    this.#named = this.groups.some(isNamed);
  }

  /** The twins among the threads, which are alike at the start; `named`: threads whose results are asked for at the end. */
  static of(transitions: Transitions, start: Int32Array, named: ReadonlySet<number>): Symmetry | undefined {
    const { twins } = transitions;
    if (twins === undefined) return undefined;
    const found = new Symmetry(transitions, twins, start, named);
    return found.groups.length > 0 ? found : undefined;
  }

  /** Puts the twins of a state in order, and `names` with them; false where they are. */
  sort(tuples: Int32Array, from: number, names?: number[]): boolean {
    let changed = false;
    const twins = this.#twins;
    for (const group of this.groups) {
      for (let n = 1; n < group.length; n++) {
        for (let k = n; k > 0 && twins.compare(group[k - 1], group[k], tuples, from) > 0; k--) {
          const [a, b] = [group[k - 1], group[k]];
          twins.exchange(a, b, tuples, from);
          changed = true;
          if (names !== undefined) [names[a], names[b]] = [names[b], names[a]];
        }
      }
    }
    return changed;
  }

  /**
   * The states that a final state in order stands for: private words as they stand in each, and how many states that is.
   * `order` gives for each thread the one whose place it takes. Where nobody asks for twins' results, all of them at once.
   */
  arrangements(
    tuples: Int32Array,
    from: number,
    visit: (tuple: Int32Array, states: number, order: readonly number[]) => void,
  ): void {
    const tuple = tuples.slice(from, from + this.#transitions.width);
    const order = Array.from({ length: this.#transitions.mapsAt }, (_, at) => at);
    if (this.#named) this.#arrange(0, tuple, tuple.slice(), order, visit);
    else visit(tuple, this.#count(tuple), order);
  }

  #arrange(
    at: number,
    tuple: Int32Array,
    into: Int32Array,
    order: number[],
    visit: (tuple: Int32Array, states: number, order: readonly number[]) => void,
  ): void {
    const group = this.groups[at];
    if (group === undefined) {
      visit(into, 1, [...order]);
      return;
    }
    const used = new Set<number>();
    const place = (n: number): void => {
      if (n === group.length) {
        this.#arrange(at + 1, tuple, into, order, visit);
        return;
      }
      let before = -1;
      for (const source of group) {
        // Of several that are alike the first serves.
        if (used.has(source) || (before >= 0 && this.#twins.compare(before, source, tuple, 0) === 0)) continue;
        before = source;
        used.add(source);
        order[group[n]] = source;
        into[group[n]] = tuple[source];
        place(n + 1);
        used.delete(source);
      }
    };
    place(0);
  }

  /** How many states a state in order stands for. */
  #count(tuple: Int32Array): number {
    let count = 1;
    for (const group of this.groups) {
      let alike = 0;
      for (const [n, at] of group.entries()) {
        alike = n > 0 && this.#twins.compare(group[n - 1], at, tuple, 0) === 0 ? alike + 1 : 1;
        count = (count * (n + 1)) / alike;
      }
    }
    return count;
  }

  /**
   * A walk through states in order as a schedule from the start. `order`: which of the threads of the walk's end stands in
   * the place of each.
   */
  schedule(moves: readonly Move[], order?: readonly number[]): readonly Move[] {
    const transitions = this.#transitions;
    const tuple = this.#start.slice();
    const names = Array.from({ length: transitions.mapsAt }, (_, at) => at);
    this.sort(tuple, 0, names);
    const schedule = moves.map((move) => {
      const thread = names[move.thread];
      transitions.follow(tuple, move);
      this.sort(tuple, 0, names);
      return { ...move, thread };
    });
    if (order === undefined) return schedule;
    // All threads are renamed alike, so that each ends in the place that it is to have.
    const renamed: number[] = [];
    for (const [place, source] of order.entries()) renamed[names[source]] = place;
    return schedule.map((move) => ({ ...move, thread: renamed[move.thread] }));
  }
}
