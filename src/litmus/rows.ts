// The steps of one thread as rows of a table: what a row says, and where the row of a key is.
import { doubled, mix } from "./interner.ts";

/** What a thread can do in a state. */
export const NOTHING = 0;
export const WAITS = 1;
export const ONE = 2;
export const MANY = 3;

/**
 * Words of a table row: key (private number plus 1; numbers of the shared parts, -1 for one that does
 * not matter), what can be done, the numbers afterwards (-1: as before; MANY: the first of the outcomes, and how many), the
 * violation plus 1, and two words for whoever reduces.
 */
export const row = {
  own: 0,
  maps: 1,
  rcu: 2,
  can: 3,
  nextOwn: 4,
  nextMaps: 5,
  nextRcu: 6,
  violation: 7,
  reads: 8,
  writes: 9,
} as const;
export const ROW = 10;
/** Words of one of several outcomes. */
export const OUTCOME = 4;

export class Rows {
  /** Rows in the order in which they were added; replaced when it grows. */
  rows: Int32Array = new Int32Array(64 * ROW);
  /** Where the row of a key is, plus 1; 0 where none is. */
  #index: Int32Array = new Int32Array(256);
  #count = 0;

  /** Where the row of a key is; -1 if there is none. */
  find(own: number, maps: number, rcu: number): number {
    const rows = this.rows;
    const index = this.#index;
    const mask = index.length - 1;
    for (let at = place(own, maps, rcu) & mask; index[at] !== 0; at = (at + 1) & mask) {
      const slot = index[at] - 1;
      if (rows[slot] === own + 1 && rows[slot + row.maps] === maps && rows[slot + row.rcu] === rcu) return slot;
    }
    return -1;
  }

  /** Adds a row; where it is. */
  add(fresh: Int32Array): number {
    const slot = this.#count++ * ROW;
    if (slot + ROW > this.rows.length) this.rows = doubled(this.rows);
    this.rows.set(fresh, slot);
    if (this.#count * 2 > this.#index.length) this.#reindex();
    else this.#enlist(slot);
    return slot;
  }

  #enlist(slot: number): void {
    const rows = this.rows;
    const index = this.#index;
    const mask = index.length - 1;
    let at = place(rows[slot] - 1, rows[slot + row.maps], rows[slot + row.rcu]) & mask;
    while (index[at] !== 0) at = (at + 1) & mask;
    index[at] = slot + 1;
  }

  #reindex(): void {
    this.#index = new Int32Array(this.#index.length * 2);
    for (let n = 0; n < this.#count; n++) this.#enlist(n * ROW);
  }

  get bytes(): number {
    return (this.rows.length + this.#index.length) * 4;
  }
}

/** Where the search for a row begins; its low bits count. */
function place(own: number, maps: number, rcu: number): number {
  return mix(Math.imul(own, 0x9e3779b1) ^ Math.imul(maps, 0x85ebca6b) ^ rcu);
}
