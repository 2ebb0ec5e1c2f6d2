// Interleavings that need not be walked because others stand for them: where the next step of a thread can be exchanged with
// whatever the other threads may still do, it is made first and the others wait (an ample set of one thread: Peled, CAV
// 1993). What this is for is walks that would be too long; it keeps all final states and all violations.
import { type Bits, Independence } from "./independence.ts";
import type { Model } from "./model.ts";
import { MANY, ONE, OUTCOME, row } from "./rows.ts";
import { PerState } from "./states.ts";
import type { Judge, Transitions } from "./transitions.ts";

export interface Reduction {
  /** What it is called in a verdict; nothing where a scenario allows none. */
  readonly names: readonly string[];
  /**
   * The one thread whose step stands for all of a state's, or -1. `rising`: only a step after which the number of the thread's
   * words is greater, so that no circle of states is made of such steps alone.
   */
  only(transitions: Transitions, tuples: Int32Array, from: number, rising?: boolean): number;
}

/** Whether the number of a thread's words is greater after a step, whatever is chosen in it. */
function rises(transitions: Transitions, rows: Int32Array, slot: number): boolean {
  const own = rows[slot] - 1;
  const next = rows[slot + row.nextOwn];
  if (rows[slot + row.can] === ONE) return next > own;
  for (let n = 0; n < rows[slot + row.nextMaps]; n++) {
    if (transitions.outcomes[(next + n) * OUTCOME] <= own) return false;
  }
  return true;
}

export class AmpleSets implements Reduction {
  readonly names: readonly string[];
  readonly #independence: Independence;
  /** What each thread may still do, by its private number: bits read plus 1, bits written. */
  readonly #reads: readonly PerState[];
  readonly #writes: readonly PerState[];

  constructor(model: Model) {
    this.#independence = new Independence(model);
    this.names = this.#independence.possible && model.threads.length > 1 ? ["ample sets"] : [];
    this.#reads = model.threads.map(() => new PerState());
    this.#writes = model.threads.map(() => new PerState());
  }

  /** Tells `Transitions` what a step touches. */
  get judge(): Judge | undefined {
    if (this.names.length === 0) return undefined;
    return (thread, touches) => {
      const { reads, writes } = this.#independence.step(thread, touches);
      return [reads, writes];
    };
  }

  only(transitions: Transitions, tuples: Int32Array, from: number, rising = false): number {
    for (let thread = 0; thread < transitions.mapsAt; thread++) {
      const slot = transitions.find(thread, tuples, from);
      const rows = transitions.rows[thread];
      const can = rows[slot + row.can];
      if (can !== ONE && can !== MANY) continue;
      if (rising && !rises(transitions, rows, slot)) continue;
      if (this.#isFree(transitions, tuples, from, thread, rows[slot + row.reads], rows[slot + row.writes]))
        return thread;
    }
    return -1;
  }

  #isFree(
    transitions: Transitions,
    tuples: Int32Array,
    from: number,
    thread: number,
    reads: number,
    writes: number,
  ): boolean {
    for (let other = 0; other < transitions.mapsAt; other++) {
      if (other === thread) continue;
      const own = tuples[from + other];
      if (this.#reads[other].get(own) === 0) this.#keep(transitions, other, own);
      const theirReads = this.#reads[other].get(own) - 1;
      const theirWrites = this.#writes[other].get(own);
      if ((writes & (theirReads | theirWrites)) !== 0 || (theirWrites & reads) !== 0) return false;
    }
    return true;
  }

  #keep(transitions: Transitions, thread: number, own: number): void {
    transitions.loadOwn(thread, own);
    const bits: Bits = this.#independence.future(thread);
    this.#reads[thread].set(own, bits.reads + 1);
    this.#writes[thread].set(own, bits.writes);
  }
}
