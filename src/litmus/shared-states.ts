// The states seen, in memory that several threads share: as in states.ts tuples of small numbers, each kept once and compared
// whole. A thread that adds one claims a place of the table for it, writes the tuple, and only then says which number it has;
// whoever comes upon a claim waits for the number. So of two threads that find the same state one adds it and the other
// knows it, and there are as many states as one thread would count. The tables have room for as many states as may be from the
// start, for nobody can make them larger under the others; but pages that nobody has written are no memory, and a thread that is
// still alone uses no more of the table than it needs.
import { States } from "./states.ts";
import type { WalkBuffers } from "./walk-memory.ts";

/** Words of the table that a thread uses at least, and those of a page of memory. */
const LEAST = 1 << 16;
const PAGE = 1 << 10;

const CLAIMED = -1;
/** What `add` says when there is no room. */
export const FULL = -0x80000000;
/** Looks at a claimed place before a thread gives up: seconds, where writing a tuple takes less than one thousandth of one. */
const LOOKS = 1 << 28;

export class SharedStates {
  readonly width: number;
  readonly most: number;
  readonly #table: Int32Array;
  readonly #tuples: Int32Array;
  readonly #before: Int32Array;
  readonly #count: Int32Array;
  /** Of an index in the part of the table that is used. */
  #mask: number;

  /** `alone`: no other thread uses the table before `spread`. */
  constructor(width: number, most: number, buffers: WalkBuffers, alone: boolean) {
    this.width = width;
    this.most = most;
    this.#table = new Int32Array(buffers.table);
    this.#tuples = new Int32Array(buffers.tuples);
    this.#before = new Int32Array(buffers.before);
    this.#count = new Int32Array(buffers.count);
    this.#mask = Math.min(this.#table.length, alone ? LEAST : Number.POSITIVE_INFINITY) - 1;
  }

  /** The table is used as a whole from now on, and others may use it too. */
  spread(): void {
    if (this.#mask + 1 < this.#table.length) this.#use(this.#table.length);
  }

  /** Uses so many words of the table. */
  #use(words: number): void {
    const table = this.#table;
    const old = table.slice(0, this.#mask + 1);
    table.fill(0, 0, old.length);
    this.#mask = words - 1;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0) continue;
      let at = (old[from + 1] << 1) & this.#mask;
      while (table[at] !== 0) at = (at + 2) & this.#mask;
      table[at] = old[from];
      table[at + 1] = old[from + 1];
    }
  }

  /** Has the pages of the table made, which takes longer than to walk the first states. Changes nothing. */
  prepare(): void {
    for (let at = 0; at < this.#table.length; at += PAGE) Atomics.or(this.#table, at, 0);
  }

  /** The number of a tuple if it is new, the complement of the number that it has, or FULL. */
  add(tuple: Int32Array, from: number, hash: number, before: number): number {
    const table = this.#table;
    const mask = this.#mask;
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      let word = Atomics.load(table, at);
      if (word === 0) {
        word = Atomics.compareExchange(table, at, 0, CLAIMED);
        if (word === 0) return this.#enter(tuple, from, hash, before, at);
      }
      if (word === CLAIMED) word = this.#claimed(at);
      if (word !== 0 && table[at + 1] === hash && this.is(word - 1, tuple, from)) return ~(word - 1);
    }
  }

  #enter(tuple: Int32Array, from: number, hash: number, before: number, at: number): number {
    const id = Atomics.add(this.#count, 0, 1);
    if (id >= this.most) {
      Atomics.store(this.#table, at, 0);
      return FULL;
    }
    const start = id * this.width;
    for (let i = 0; i < this.width; i++) this.#tuples[start + i] = tuple[from + i];
    this.#before[id] = before;
    this.#table[at + 1] = hash;
    Atomics.store(this.#table, at, id + 1);
    // Two thirds full; a probe then looks at two places. All of the table is never fuller.
    if (id * 3 > this.#mask && this.#mask + 1 < this.#table.length) this.#use((this.#mask + 1) * 2);
    return id;
  }

  /** The number that another thread is about to write. */
  #claimed(at: number): number {
    for (let looks = 0; looks < LOOKS; looks++) {
      const word = Atomics.load(this.#table, at);
      if (word !== CLAIMED) return word;
    }
    throw new Error("another thread has begun to add a state and does not end");
  }

  /** The number of a tuple that is there. */
  find(tuple: Int32Array, from: number, hash: number): number {
    const table = this.#table;
    const mask = this.#mask;
    for (let at = (hash << 1) & mask; table[at] !== 0; at = (at + 2) & mask) {
      if (table[at + 1] === hash && this.is(table[at] - 1, tuple, from)) return table[at] - 1;
    }
    throw new Error("a step leads to a state that nobody has seen");
  }

  is(id: number, tuple: Int32Array, from: number): boolean {
    const start = id * this.width;
    for (let i = 0; i < this.width; i++) if (this.#tuples[start + i] !== tuple[from + i]) return false;
    return true;
  }

  copy(id: number, into: Int32Array, to: number): void {
    const start = id * this.width;
    for (let i = 0; i < this.width; i++) into[to + i] = this.#tuples[start + i];
  }

  /** The state that a state was found from. */
  before(id: number): number {
    return this.#before[id];
  }

  hash(tuple: Int32Array, from: number): number {
    let sum = 0;
    for (let at = 0; at < this.width; at++) sum = (sum + States.part(at, tuple[from + at])) | 0;
    return sum;
  }

  get count(): number {
    return Math.min(Atomics.load(this.#count, 0), this.most);
  }

  get full(): boolean {
    return Atomics.load(this.#count, 0) >= this.most;
  }

  /** Bytes of it that are in use. */
  get bytes(): number {
    return (this.#mask + 1) * 4 + this.count * (this.width + 1) * 4;
  }
}
