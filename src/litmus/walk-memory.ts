// The memory that threads share on a walk. The next walk uses it again, for engines do not count shared memory when they decide
// whether to look for garbage: a table of each walk would stay until the process ends.
import { canGoRound } from "./circles.ts";
import { Exchange } from "./exchange.ts";
import type { Model } from "./model.ts";
import { StringLog } from "./shared-strings.ts";

export interface WalkBuffers {
  /** Of the states (shared-states.ts): pairs of a number plus 1 (0: empty, -1: claimed) and a hash. */
  readonly table: SharedArrayBuffer;
  readonly tuples: SharedArrayBuffer;
  /** Of each state the one that it was found from; of the first -1. */
  readonly before: SharedArrayBuffer;
  /** One word: how many states there are, or would be if there were room. */
  readonly count: SharedArrayBuffer;
  /** Strings of words (shared-strings.ts). */
  readonly strings: SharedArrayBuffer;
  /** What threads tell each other (exchange.ts). */
  readonly exchange: SharedArrayBuffer;
  /** Of each state whether an end can be reached from it; absent where the programs cannot go round. */
  readonly ends?: SharedArrayBuffer;
}

type Use = keyof WalkBuffers;

/** Words of the log of strings for each state of the budget, and its limits: most states share all their strings with others. */
const WORDS_PER_STATE = 8;
const LEAST_WORDS = 1 << 22;
const MOST_WORDS = 1 << 29;

export class WalkMemory {
  readonly #kept = new Map<Use, SharedArrayBuffer>();
  /** A walk is using it: there is one at a time. */
  taken = false;

  /**
   * Memory for a walk through at most `most` states of a model. Pages of it that nobody writes take no room. Throws a RangeError
   * where there is not so much.
   */
  for(model: Model, most: number): WalkBuffers {
    const width = model.threads.length + 2;
    const strings = this.#take("strings", Math.min(MOST_WORDS, Math.max(LEAST_WORDS, most * WORDS_PER_STATE)) * 4);
    StringLog.clear(strings);
    return {
      // Two thirds full at most.
      table: this.#cleared("table", 8 * 2 ** Math.ceil(Math.log2(Math.max(64, most * 1.5)))),
      tuples: this.#take("tuples", most * width * 4),
      before: this.#take("before", most * 4),
      count: this.#cleared("count", 4),
      strings,
      // Who comes too late for a walk must not take the next for it.
      exchange: new SharedArrayBuffer(Exchange.bytes),
      ...(canGoRound(model.scenario) ? { ends: this.#cleared("ends", most) } : {}),
    };
  }

  /** Lets go of all of it: threads may still write to it. */
  lose(): void {
    this.#kept.clear();
    this.taken = false;
  }

  #take(use: Use, bytes: number): SharedArrayBuffer {
    const kept = this.#kept.get(use);
    // A table's places follow from its size.
    if (kept !== undefined && (use === "table" ? kept.byteLength === bytes : kept.byteLength >= bytes)) return kept;
    const fresh = new SharedArrayBuffer(bytes);
    this.#kept.set(use, fresh);
    return fresh;
  }

  #cleared(use: Use, bytes: number): SharedArrayBuffer {
    const kept = this.#kept.get(use);
    const taken = this.#take(use, bytes);
    if (taken === kept) new Uint8Array(taken).fill(0);
    return taken;
  }
}
