// Steps of programs that enter or leave sections and look at nothing else that is shared. What such a step does to its reader
// it does whoever else is one, so that after the first it is made without the interpreter, of all twins.
import { PLAIN, TRACE } from "../rcu/domain.ts";
import type { Model } from "./model.ts";
import { ONE, row } from "./rows.ts";

/** The private words afterwards, by flavour the depth before and by how much it changes, and what a row says besides. */
interface Crossing {
  readonly own: number;
  readonly depths: readonly number[];
  readonly by: readonly number[];
  readonly reads: number;
  readonly writes: number;
}

export class Crossings {
  readonly #model: Model;
  /** Of the first of twins, by private words. */
  readonly #known: (Crossing | undefined)[][];

  constructor(model: Model) {
    this.#model = model;
    this.#known = model.threads.map(() => []);
  }

  knows(first: number, own: number): boolean {
    return this.#known[first][own] !== undefined;
  }

  /** How deep a thread is in sections, if its next step is a crossing; it is to be made by the machine then. */
  begin(thread: number): readonly number[] | undefined {
    return this.#model.crosses(thread) ? this.#model.depths(thread) : undefined;
  }

  /** Keeps what the machine did. */
  learn(thread: number, own: number, depths: readonly number[], made: Int32Array): void {
    if (made[row.can] !== ONE || made[row.violation] !== 0) return;
    const by = this.#model.depths(thread).map((depth, flavour) => depth - depths[flavour]);
    const [reads, writes] = [made[row.reads], made[row.writes]];
    this.#known[thread][own] = { own: made[row.nextOwn], depths, by, reads, writes };
  }

  /**
   * Makes the crossing that is known of the first of twins, with `thread`, in the domain that is loaded; false where there is
   * none, or the thread is not as deep in sections.
   */
  make(thread: number, first: number, own: number, fresh: Int32Array): boolean {
    const known = this.#known[first][own];
    if (known === undefined) return false;
    if (this.#model.depths(thread).some((depth, flavour) => depth !== known.depths[flavour])) return false;
    const { rcu } = this.#model.machine;
    for (const flavour of [PLAIN, TRACE] as const) {
      for (let n = known.by[flavour]; n > 0; n--) rcu.lock(thread, flavour);
      for (let n = known.by[flavour]; n < 0; n++) rcu.unlock(thread, flavour);
    }
    fresh[row.can] = ONE;
    fresh[row.nextOwn] = known.own;
    fresh[row.nextMaps] = -1;
    fresh[row.reads] = known.reads;
    fresh[row.writes] = known.writes;
    return true;
  }
}
