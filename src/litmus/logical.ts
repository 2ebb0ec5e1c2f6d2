// The logical write and the logical read that a thread is in the middle of, as words of its own: what is written is tagged
// with the number of its write, and a read that gets two tags is torn.
import type { Memory } from "../memory/memory.ts";

const WRITES = 0;
/** The element that is being read, and the write that its first word came from. */
const BASE = 1;
const TAG = 2;
export const LOGICAL_WORDS = 3;

export class Logical {
  readonly #memory: Memory;
  readonly #at: number;

  /** `at`: index in `i32` of its words. */
  constructor(memory: Memory, at: number) {
    this.#memory = memory;
    this.#at = at;
  }

  /** Writes begun. */
  get writes(): number {
    return this.#memory.i32[this.#at + WRITES];
  }

  startWrite(): void {
    this.#memory.i32[this.#at + WRITES]++;
    this.startRead();
  }

  startRead(): void {
    this.setTag(0, 0);
  }

  /** The write that the first word of an element came from; -1 if none of it was read yet. */
  tag(base: number): number {
    const { i32 } = this.#memory;
    return i32[this.#at + BASE] === base ? i32[this.#at + TAG] : -1;
  }

  setTag(base: number, tag: number): void {
    const { i32 } = this.#memory;
    i32[this.#at + BASE] = base;
    i32[this.#at + TAG] = tag;
  }
}
