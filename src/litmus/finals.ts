// The final states of a walk: those that look the same as one, with how many there are, and what is wrong with them.
import type { Violation } from "./checks.ts";
import type { Observer } from "./observe.ts";
import type { Symmetry } from "./symmetry.ts";

/** A set of final states that look the same. */
export interface Final {
  readonly values: readonly bigint[];
  /** Final states of it that differ elsewhere. */
  states: number;
}

/** Something is wrong with a final state: `order` tells which of the walk's threads is in the place of each. */
export type Wrong = (violation: Violation, order?: readonly number[]) => void;

export class Finals {
  readonly found = new Map<string, Final>();
  readonly #observer: Observer;
  readonly #symmetry: Symmetry | undefined;

  constructor(observer: Observer, symmetry: Symmetry | undefined) {
    this.#observer = observer;
    this.#symmetry = symmetry;
  }

  /** Takes a state in which no thread can make a step. */
  take(tuples: Int32Array, from: number, wrong: Wrong): void {
    const stuck = this.#observer.stuck(tuples, from);
    if (stuck !== undefined) wrong(stuck);
    if (this.#symmetry === undefined) this.#end(tuples, from, 1, wrong);
    else this.#symmetry.arrangements(tuples, from, (tuple, states, order) => this.#end(tuple, 0, states, wrong, order));
  }

  #end(tuple: Int32Array, from: number, states: number, wrong: Wrong, order?: readonly number[]): void {
    const values = this.#observer.values(tuple, from);
    this.add({ values, states });
    const violation = this.#observer.broken(values);
    if (violation !== undefined) wrong(violation, order);
  }

  add({ values, states }: Final): void {
    const key = values.join(" ");
    const known = this.found.get(key);
    if (known === undefined) this.found.set(key, { values, states });
    else known.states += states;
  }
}
