// One lock for what threads of a shared machine may not do at once: map operations, allocation, grace periods. It is a word
// of linear memory, so that whoever shares the memory shares the lock. A machine of one thread has none to take.
import { head } from "./layout.ts";

/** What of a memory it needs. */
interface Words {
  readonly shared: boolean;
  readonly i32: Int32Array;
}

const FREE = 0;
const TAKEN = 1;
/** Somebody sleeps until it is free. */
const AWAITED = 2;
/** Tries before a thread sleeps: what the lock protects takes less time than falling asleep. */
const SPINS = 200;

export class Lock {
  readonly #memory: Words;
  readonly #at: number;
  readonly #limit: number;

  /** `at`: the word. `limit`: milliseconds after which a thread gives up waiting, and throws. */
  constructor(memory: Words, at: number = head.lock, limit = Number.POSITIVE_INFINITY) {
    this.#memory = memory;
    this.#at = at;
    this.#limit = limit;
  }

  /** Runs `work` while no other thread does; not to be nested. */
  hold<T>(work: () => T): T {
    if (!this.#memory.shared) return work();
    this.#acquire();
    try {
      return work();
    } finally {
      this.#release();
    }
  }

  #acquire(): void {
    const { i32 } = this.#memory;
    const at = this.#at;
    for (let tries = 0; tries < SPINS; tries++) {
      if (Atomics.compareExchange(i32, at, FREE, TAKEN) === FREE) return;
    }
    const end = performance.now() + this.#limit;
    while (Atomics.exchange(i32, at, AWAITED) !== FREE) {
      if (performance.now() > end) throw new Error("another thread holds a lock and does not let go of it");
      sleep(i32, at, AWAITED);
    }
  }

  #release(): void {
    const { i32 } = this.#memory;
    if (Atomics.exchange(i32, this.#at, FREE) === AWAITED) Atomics.notify(i32, this.#at, 1);
  }
}

/** Milliseconds that a sleep lasts at most. */
const NAP = 1;

function sleep(i32: Int32Array, at: number, value: number): void {
  try {
    Atomics.wait(i32, at, value, NAP);
  } catch {
    // A page's own thread may not sleep: it tries again at once.
  }
}

/** Milliseconds between two looks. */
const LOOK = 0.05;

/** For a thread that waits for something that no lock tells of: it looks, and looks again, until its time is up. */
export class Patience {
  readonly #memory: Words;
  readonly #end: number;

  constructor(memory: Words, milliseconds: number) {
    this.#memory = memory;
    this.#end = performance.now() + milliseconds;
  }

  /** Lets other threads get on for a moment. False when the time is up, or when there are no other threads. */
  goesOn(): boolean {
    if (!this.#memory.shared || performance.now() > this.#end) return false;
    try {
      Atomics.wait(this.#memory.i32, head.pause, 0, LOOK);
    } catch {
      // A page's own thread may not sleep: it looks again at once.
    }
    return true;
  }
}
