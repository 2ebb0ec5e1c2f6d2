// The words that threads share, in two parts: those of the RCU domain, and all others. Each is a string of numbers, such
// that equal strings mean equal behaviour. Most steps touch one part only.
import { HEADER, head } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";
import type { RcuDomain } from "../rcu/domain.ts";
import { Words } from "./actor.ts";

interface WordsBesides {
  encode(into: Words): void;
  decode(words: Int32Array, start: number): void;
}

/**
 * Everything below the end of memory but the ranges that are some thread's own, program code, and the RCU domain: what
 * differs from the words at the start.
 */
export class MapWords {
  readonly #memory: Memory;
  /** The words at the start, and where memory ended. */
  readonly #base: Int32Array;
  readonly #shadow: number;
  /** Pairs of index and end of what is compared. */
  readonly #ranges: Int32Array;
  /** Indices of the words in which memory now differs. */
  readonly #current = new Words();
  readonly #more: WordsBesides | undefined;

  /** `own`: byte ranges that are not shared. `more`: words besides that have an order of their own. */
  constructor(memory: Memory, own: readonly (readonly [from: number, to: number])[], more?: WordsBesides) {
    this.#memory = memory;
    this.#more = more;
    this.#base = memory.i32.slice(0, memory.used >> 2);
    this.#shadow = memory.used >> 3;
    const ranges: number[] = [];
    let at = HEADER;
    for (const [from, to] of [...own].sort((a, b) => a[0] - b[0])) {
      if (from > at) ranges.push(at >> 2, from >> 2);
      at = Math.max(at, to);
    }
    if (at < memory.used) ranges.push(at >> 2, memory.used >> 2);
    this.#ranges = Int32Array.from(ranges);
  }

  /** Number of words compared. */
  get words(): number {
    let sum = 0;
    for (let i = 0; i < this.#ranges.length; i += 2) sum += this.#ranges[i + 1] - this.#ranges[i];
    return sum;
  }

  encode(into: Words): void {
    const { i32, used } = this.#memory;
    const base = this.#base;
    const ranges = this.#ranges;
    const start = into.length;
    into.push(0);
    for (let r = 0; r < ranges.length; r += 2) {
      const end = ranges[r + 1];
      for (let at = ranges[r]; at < end; at++) {
        if (i32[at] === base[at]) continue;
        into.push(at);
        into.push(i32[at]);
      }
    }
    // What was handed out since the start.
    for (let at = base.length; at < used >> 2; at++) {
      if (i32[at] === 0) continue;
      into.push(at);
      into.push(i32[at]);
    }
    into.at[start] = (into.length - start - 1) >> 1;
    const { shadow } = this.#memory;
    for (let at = this.#shadow; at < used >> 3; at++) into.push(shadow[at]);
    this.#keep(into.at, start);
    this.#more?.encode(into);
  }

  #keep(words: Int32Array, start: number): void {
    this.#current.length = 0;
    for (let i = 0; i < words[start]; i++) this.#current.push(words[start + 1 + 2 * i]);
  }

  decode(words: Int32Array, start: number): void {
    const { i32, shadow } = this.#memory;
    const base = this.#base;
    const old = this.#current;
    for (let i = 0; i < old.length; i++) {
      const at = old.at[i];
      i32[at] = at < base.length ? base[at] : 0;
    }
    const count = words[start];
    for (let i = 0; i < count; i++) i32[words[start + 1 + 2 * i]] = words[start + 2 + 2 * i];
    const end = i32[head.used] >> 3;
    let from = start + 1 + 2 * count;
    for (let at = this.#shadow; at < end; at++) shadow[at] = words[from++];
    this.#keep(words, start);
    this.#more?.decode(words, from);
  }
}

/** Readers and grace periods, renumbered so that only what is open and waited for counts. */
export class RcuWords {
  readonly #memory: Memory;
  readonly #rcu: RcuDomain;
  /** Indices of words that are some thread's own. */
  readonly #skip: ReadonlySet<number>;

  constructor(memory: Memory, rcu: RcuDomain, skip: readonly number[]) {
    this.#memory = memory;
    this.#rcu = rcu;
    this.#skip = new Set(skip);
  }

  encode(into: Words): void {
    this.#rcu.normalise();
    const { i32 } = this.#memory;
    const count = into.length;
    into.push(0);
    for (const [from, bytes] of this.#rcu.ranges) {
      for (let at = from >> 2; at < (from + bytes) >> 2; at++) if (!this.#skip.has(at)) into.push(i32[at]);
    }
    // Most records are unused most of the time.
    while (into.at[into.length - 1] === 0 && into.length > count + 1) into.length--;
    into.at[count] = into.length - count - 1;
  }

  decode(words: Int32Array, start: number): void {
    const { i32 } = this.#memory;
    let from = start + 1;
    const end = from + words[start];
    // The first range says where the second is.
    for (let range = 0; range < 2; range++) {
      const [address, bytes] = this.#rcu.ranges[range];
      for (let at = address >> 2; at < (address + bytes) >> 2; at++) {
        if (!this.#skip.has(at)) i32[at] = from < end ? words[from++] : 0;
      }
    }
  }
}
