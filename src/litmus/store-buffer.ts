// Total store order on a real machine (Sewell et al., x86-TSO, CACM 2010): what a program stores waits in a queue of its CPU
// and reaches memory later, oldest first; its own loads see it at once. The instructions themselves are made by the
// interpreter: a store is made, and its bytes are taken back out of memory into the queue; for a load the queue's bytes are in
// memory for the moment of it. The queue is shared words, and emptying it is a thread's work.
import type { Memory } from "../memory/memory.ts";
import { type Actor, DONE, type Next, type Touch, VISIBLE } from "./actor.ts";

/** Words of an entry: address, bytes, and the value's halves. */
const entry = { address: 0, size: 1, value: 2, words: 4 } as const;
/** A store waits while so many are in the queue. */
const MOST = 16;

export class StoreBuffer implements Actor {
  readonly name: string;
  readonly #memory: Memory;
  /** Index in `i32` of the number of entries; they stand behind it, oldest first. */
  readonly #at: number;

  constructor(name: string, memory: Memory) {
    this.name = name;
    this.#memory = memory;
    this.#at = memory.reserve((1 + MOST * entry.words) * 4) >> 2;
  }

  get length(): number {
    return this.#memory.i32[this.#at];
  }

  get isFull(): boolean {
    return this.length === MOST;
  }

  #entry(n: number): number {
    return this.#at + 1 + n * entry.words;
  }

  #bytes(n: number): Uint8Array {
    const { u8, i32 } = this.#memory;
    const at = this.#entry(n);
    return u8.subarray((at + entry.value) << 2, ((at + entry.value) << 2) + i32[at + entry.size]);
  }

  /** Makes a store with `run`, and moves what it wrote into the queue. False where `run` wrote nothing: it faulted. */
  store(address: number, size: number, run: () => boolean): boolean {
    const { u8, i32 } = this.#memory;
    const before = u8.slice(address, address + size);
    if (!run()) return false;
    const at = this.#entry(i32[this.#at]++);
    i32.fill(0, at, at + entry.words);
    i32[at + entry.address] = address;
    i32[at + entry.size] = size;
    u8.copyWithin((at + entry.value) << 2, address, address + size);
    u8.set(before, address);
    return true;
  }

  /** Makes a load with `run`, which sees the CPU's own stores. */
  load(run: () => boolean): boolean {
    const { u8, i32 } = this.#memory;
    const covered: (readonly [number, Uint8Array])[] = [];
    for (let n = 0; n < this.length; n++) {
      const address = i32[this.#entry(n) + entry.address];
      const bytes = this.#bytes(n);
      covered.push([address, u8.slice(address, address + bytes.length)]);
      u8.set(bytes, address);
    }
    const ran = run();
    for (const [address, bytes] of covered.reverse()) u8.set(bytes, address);
    return ran;
  }

  /** The word that says whether anything waits, for those that wait for it. */
  get watched(): Touch {
    return { kind: "read", address: this.#at << 2, size: 4 };
  }

  next(): Next {
    return this.length > 0 ? VISIBLE : DONE;
  }

  /** The oldest store reaches memory. */
  step(): boolean {
    const { u8, i32 } = this.#memory;
    u8.set(this.#bytes(0), i32[this.#entry(0) + entry.address]);
    const last = --i32[this.#at];
    i32.copyWithin(this.#entry(0), this.#entry(1), this.#entry(last + 1));
    i32.fill(0, this.#entry(last), this.#entry(last + 1));
    return true;
  }

  touches(): readonly Touch[] {
    const at = this.#entry(0);
    const { i32 } = this.#memory;
    return [{ kind: "write", address: i32[at + entry.address], size: i32[at + entry.size] }];
  }

  // Its words are the shared ones.
  encode(): void {}
  decode(): void {}
}
