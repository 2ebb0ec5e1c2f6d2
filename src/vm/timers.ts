// bpf_timer: 16 bytes inside a map value, and a table that finds the armed ones again. A timer whose bytes were cleared
// (its element was deleted or replaced) is thereby cancelled.
//
// In the value: word 0 its place in the table plus 1, word 1 the callback plus 1 (0: none), words 2 and 3 when it is due
// (0: not armed). In the table: word 0 the timer's address, word 1 the address of its map's header.
import type { Memory } from "../memory/memory.ts";

const CAPACITY = 256;
const EINVAL = -22;
const EBUSY = -16;
const ENOSPC = -28;

export interface Due {
  readonly timer: number;
  readonly header: number;
  readonly program: number;
  readonly slot: number;
  readonly at: bigint;
}

export class TimerTable {
  readonly #memory: Memory;
  readonly #table: number;
  readonly #now: () => bigint;

  constructor(memory: Memory, now: () => bigint) {
    this.#memory = memory;
    this.#table = memory.reserve(CAPACITY * 8) >> 2;
    this.#now = now;
  }

  init(timer: number, header: number): number {
    const I = this.#memory.i32;
    if (this.#known(timer)) return EBUSY;
    for (let place = 0; place < CAPACITY; place++) {
      const at = this.#table + place * 2;
      const old = I[at];
      if (old !== 0 && old !== timer && I[old >> 2] === place + 1) continue;
      I[at] = timer;
      I[at + 1] = header;
      I[timer >> 2] = place + 1;
      I[(timer >> 2) + 1] = 0;
      this.#arm(timer, 0n);
      return 0;
    }
    return ENOSPC;
  }

  setCallback(timer: number, program: number, slot: number): number {
    if (!this.#known(timer)) return EINVAL;
    this.#memory.i32[(timer >> 2) + 1] = ((program << 20) | slot) + 1;
    return 0;
  }

  start(timer: number, nanoseconds: bigint, absolute: boolean): number {
    if (!this.#known(timer) || this.#memory.i32[(timer >> 2) + 1] === 0) return EINVAL;
    // Due at 0 means not armed: a timer started at time 0 for 0 ns is due at 1.
    this.#arm(timer, (absolute ? 0n : this.#now()) + nanoseconds || 1n);
    return 0;
  }

  /** 1 when it was armed. */
  cancel(timer: number): number {
    if (!this.#known(timer)) return EINVAL;
    const armed = this.#due(timer) !== 0n;
    this.#arm(timer, 0n);
    return armed ? 1 : 0;
  }

  /** The armed timer that is due first, if that is by `until`; it is armed no longer. */
  take(until: bigint): Due | null {
    const I = this.#memory.i32;
    let first = 0;
    for (let place = 0; place < CAPACITY; place++) {
      const timer = I[this.#table + place * 2];
      if (timer === 0 || I[timer >> 2] !== place + 1) continue;
      const due = this.#due(timer);
      if (due !== 0n && due <= until && (first === 0 || due < this.#due(first))) first = timer;
    }
    if (first === 0) return null;
    const at = this.#due(first);
    const callback = I[(first >> 2) + 1] - 1;
    const header = I[this.#table + (I[first >> 2] - 1) * 2 + 1];
    this.#arm(first, 0n);
    return { timer: first, header, program: callback >>> 20, slot: callback & 0xfffff, at };
  }

  #known(timer: number): boolean {
    const I = this.#memory.i32;
    const place = I[timer >> 2] - 1;
    return place >= 0 && place < CAPACITY && I[this.#table + place * 2] === timer;
  }

  #due(timer: number): bigint {
    return this.#memory.view.getBigUint64(timer + 8, true);
  }

  #arm(timer: number, due: bigint): void {
    this.#memory.view.setBigUint64(timer + 8, due, true);
  }
}
