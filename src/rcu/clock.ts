// Virtual time: nanoseconds in two words of linear memory. It passes only when someone says so.
import { head } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";

export class Clock {
  readonly #memory: Memory;
  readonly #at: number;

  constructor(memory: Memory, start = 0n) {
    this.#memory = memory;
    this.#at = memory.reserve(8);
    memory.i32[head.clock] = this.#at;
    this.set(start);
  }

  get nanoseconds(): bigint {
    return this.#memory.view.getBigUint64(this.#at, true);
  }

  set(nanoseconds: bigint): void {
    this.#memory.view.setBigUint64(this.#at, nanoseconds, true);
  }

  advance(nanoseconds: bigint): void {
    this.set(this.nanoseconds + nanoseconds);
  }
}
