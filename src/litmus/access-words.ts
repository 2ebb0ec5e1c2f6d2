// The accesses that some thread may still race with, as words of linear memory, so that whoever takes the machine back
// takes them back too. Each has the set of what is ordered after it: threads, and what carries the order on (a lock, a
// published pointer, a reader's section). Such sets say as much as clocks do and do not grow with time, so states stay
// few (Goldilocks: Elmas, Qadeer and Tasiran, PLDI 2007).
import type { Memory } from "../memory/memory.ts";
import { Unwalkable, type Words } from "./actor.ts";

export const READ = 0;
export const WRITE = 1;
export const ATOMIC = 2;
export type AccessKind = typeof READ | typeof WRITE | typeof ATOMIC;

export interface Access {
  readonly address: number;
  readonly size: number;
  readonly thread: number;
  readonly kind: AccessKind;
  /** Part of a copy of several words, or of an access that is made in pieces. */
  readonly plain: boolean;
  /** Atomic, an acquire or a release: made to meet others. */
  readonly meets: boolean;
  /** The instruction or command that made it; what it means is the thread's business. */
  readonly where: number;
  /** Threads that come after it, a bit each. */
  known: number;
  /** What carries the order on, ascending. */
  carriers: readonly number[];
}

/** Words that are kept for all accesses: some two thousand of them. */
const ROOM = 1 << 14;
const FIXED = 5;

export class AccessWords {
  readonly #memory: Memory;
  /** Index in `i32` of the number of words in use, which stand behind it. */
  readonly #at: number;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#at = memory.reserve((1 + ROOM) * 4) >> 2;
  }

  /** The byte range that the accesses have for themselves. */
  get range(): readonly [from: number, bytes: number] {
    return [this.#at << 2, (1 + ROOM) * 4];
  }

  read(): Access[] {
    const { i32 } = this.#memory;
    const found: Access[] = [];
    const end = this.#at + 1 + i32[this.#at];
    for (let at = this.#at + 1; at < end; ) {
      const what = i32[at + 1];
      const count = i32[at + 4];
      found.push({
        address: i32[at],
        size: what & 0xff,
        kind: ((what >> 8) & 3) as AccessKind,
        plain: (what & 0x400) !== 0,
        meets: (what & 0x800) !== 0,
        thread: what >> 16,
        where: i32[at + 2],
        known: i32[at + 3],
        carriers: Array.from(i32.subarray(at + FIXED, at + FIXED + count)),
      });
      at += FIXED + count;
    }
    return found;
  }

  /** Equal sets of accesses become equal words. */
  write(accesses: readonly Access[]): void {
    const { i32 } = this.#memory;
    let at = this.#at + 1;
    for (const each of [...accesses].sort((a, b) => a.address - b.address || wordOf(a) - wordOf(b))) {
      if (at + FIXED + each.carriers.length > this.#at + ROOM)
        throw new Unwalkable("more accesses that nothing orders than can be followed for data races");
      i32[at] = each.address;
      i32[at + 1] = wordOf(each);
      i32[at + 2] = each.where;
      i32[at + 3] = each.known;
      i32[at + 4] = each.carriers.length;
      for (const carrier of each.carriers) i32[at++ + FIXED] = carrier;
      at += FIXED;
    }
    i32[this.#at] = at - this.#at - 1;
  }

  encode(into: Words): void {
    into.pushAll(this.#memory.i32, this.#at, 1 + this.#memory.i32[this.#at]);
  }

  decode(words: Int32Array, start: number): void {
    const { i32 } = this.#memory;
    for (let i = 0; i <= words[start]; i++) i32[this.#at + i] = words[start + i];
  }
}

/** What an access is, in one word. */
export function wordOf({ size, kind, plain, meets, thread }: Access): number {
  return size | (kind << 8) | (plain ? 0x400 : 0) | (meets ? 0x800 : 0) | (thread << 16);
}
