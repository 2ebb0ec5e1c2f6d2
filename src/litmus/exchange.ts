// What threads that walk together tell each other: who has nothing to do, states that one hands to another, and when it is
// over. All of it is a few words of shared memory behind one lock, so that no thread thinks that all is done while another
// holds work.
import { Lock } from "../memory/lock.ts";

/** Why a walk is over. */
export const GOING = 0;
/** Every state was looked at. */
export const WALKED = 1;
export const STOPPED = 2;
/** There were more states than the budget. */
export const MANY_STATES = 3;
/** A table that threads share had no more room. */
export const NO_MORE_ROOM = 4;
/** Something is broken, and nobody wants to know more. */
export const BROKEN = 5;
export type Over =
  | typeof GOING
  | typeof WALKED
  | typeof STOPPED
  | typeof MANY_STATES
  | typeof NO_MORE_ROOM
  | typeof BROKEN;

/** Words of a state that is handed on: its number, how far it is from the start, its hash. */
export const TASK = 3;
/** States that wait to be taken at most. */
const ROOM = 4096;

const LOCK = 0;
const OVER = 1;
const JOINED = 2;
const IDLE = 3;
const HELD = 4;
/** Grows with each event that somebody may wait for. */
const EVENT = 5;
/** Of the rounds after the walk (`Rounds`): which one, the next block, how many threads are through, and what they changed. */
const ROUND = 6;
const BLOCK = 7;
const THROUGH = 8;
const CHANGED = 9;
/** How many threads wait to be let in, and whether they are. */
const READY = 10;
const OPEN = 11;
const TASKS = 12;

/** Milliseconds: how long a thread waits for the lock, and how long it sleeps before it looks again at what it waits for. */
const PATIENCE = 10_000;
const NAP = 20;

/** States that a thread has found and not looked at yet; the last is taken first, the first is handed on. */
export class Frontier {
  words: Int32Array = new Int32Array(1024 * TASK);
  /** Words before this were handed on. */
  from = 0;
  to = 0;

  push(state: number, depth: number, hash: number): void {
    if (this.to === this.words.length) this.#makeRoom();
    this.words[this.to] = state;
    this.words[this.to + 1] = depth;
    this.words[this.to + 2] = hash;
    this.to += TASK;
  }

  #makeRoom(): void {
    const length = this.to - this.from;
    const into = length * 2 > this.words.length ? new Int32Array(this.words.length * 2) : this.words;
    into.set(this.words.subarray(this.from, this.to));
    this.words = into;
    this.from = 0;
    this.to = length;
  }

  get count(): number {
    return (this.to - this.from) / TASK;
  }
}

export class Exchange {
  readonly #words: Int32Array;
  readonly #lock: Lock;
  /** The walk is followed by rounds over all states. */
  readonly #rounds: boolean;
  #idle = false;

  constructor(buffer: SharedArrayBuffer, rounds: boolean) {
    this.#words = new Int32Array(buffer);
    this.#lock = new Lock({ shared: true, i32: this.#words }, LOCK, PATIENCE);
    this.#rounds = rounds;
  }

  /** Bytes of shared memory that it wants, all zero. */
  static get bytes(): number {
    return (TASKS + ROOM * TASK) * 4;
  }

  get over(): Over {
    return Atomics.load(this.#words, OVER) as Over;
  }

  /** Ends it for all; what ended it first counts. */
  end(why: Over): void {
    Atomics.compareExchange(this.#words, OVER, GOING, why);
    this.#happened();
  }

  #happened(): void {
    Atomics.add(this.#words, EVENT, 1);
    Atomics.notify(this.#words, EVENT);
  }

  /** How many threads take part. */
  get joined(): number {
    return Atomics.load(this.#words, JOINED);
  }

  /** The round of those after the walk, from 1; 0 while the walk goes on. */
  get round(): number {
    return Atomics.load(this.#words, ROUND);
  }

  /** This thread takes part from now on, with something to do or without; false when the walk is over already. */
  join(busy: boolean): boolean {
    return this.#lock.hold(() => {
      if (this.over !== GOING || this.round > 0) return false;
      Atomics.add(this.#words, JOINED, 1);
      if (!busy) Atomics.add(this.#words, IDLE, 1);
      this.#idle = !busy;
      this.#happened();
      return true;
    });
  }

  /** Waits, as one that has joined, until it is let in or the walk is over. */
  enter(): void {
    Atomics.add(this.#words, READY, 1);
    while (this.over === GOING && Atomics.load(this.#words, OPEN) === 0) {
      const { events } = this;
      if (Atomics.load(this.#words, OPEN) === 0) this.wait(events, NAP);
    }
  }

  /** How many have come to be let in. */
  get ready(): number {
    return Atomics.load(this.#words, READY);
  }

  get isOpen(): boolean {
    return Atomics.load(this.#words, OPEN) !== 0;
  }

  /** Lets in whoever waits and whoever comes. */
  open(): void {
    Atomics.store(this.#words, OPEN, 1);
    this.#happened();
  }

  /** Whether somebody waits for work that nobody has handed on. */
  get hungry(): boolean {
    return this.isOpen && Atomics.load(this.#words, IDLE) > 0 && Atomics.load(this.#words, HELD) === 0;
  }

  /** Hands on the older half of what a thread has. */
  give(frontier: Frontier): void {
    this.#lock.hold(() => {
      const words = this.#words;
      const held = words[HELD];
      const count = Math.min(frontier.count >> 1, ROOM - held);
      const end = frontier.from + count * TASK;
      words.set(frontier.words.subarray(frontier.from, end), TASKS + held * TASK);
      frontier.from = end;
      Atomics.store(words, HELD, held + count);
    });
    this.#happened();
  }

  /** Takes a share of what was handed on; the last who finds nothing, while nobody else works, ends the walk. */
  take(frontier: Frontier): boolean {
    return this.#lock.hold(() => {
      const words = this.#words;
      const held = words[HELD];
      if (held === 0) {
        if (!this.#idle) Atomics.add(words, IDLE, 1);
        this.#idle = true;
        if (words[IDLE] === words[JOINED]) this.#walked();
        return false;
      }
      const count = Math.ceil(held / Math.max(1, words[IDLE]));
      for (let at = TASKS + (held - count) * TASK; at < TASKS + held * TASK; at += TASK) {
        frontier.push(words[at], words[at + 1], words[at + 2]);
      }
      Atomics.store(words, HELD, held - count);
      if (this.#idle) Atomics.sub(words, IDLE, 1);
      this.#idle = false;
      return true;
    });
  }

  #walked(): void {
    if (this.#rounds && this.over === GOING) {
      if (this.round > 0) return;
      Atomics.store(this.#words, ROUND, 1);
      this.#happened();
    } else this.end(WALKED);
  }

  /** Waits until something happens, for some milliseconds at most. `seen`: what `events` was before the thread looked. */
  wait(seen: number, milliseconds: number): void {
    Atomics.wait(this.#words, EVENT, seen, milliseconds);
  }

  get events(): number {
    return Atomics.load(this.#words, EVENT);
  }

  /** The number of a block that nobody has taken in this round. */
  block(): number {
    return Atomics.add(this.#words, BLOCK, 1);
  }

  /** A thread has found no more blocks, and has changed so many states; after the last of them there is a new round, or none. */
  through(changed: number): void {
    this.#lock.hold(() => {
      const words = this.#words;
      words[CHANGED] += changed;
      if (++words[THROUGH] < words[JOINED]) return;
      if (words[CHANGED] === 0) {
        this.end(WALKED);
        return;
      }
      words[CHANGED] = 0;
      words[THROUGH] = 0;
      Atomics.store(words, BLOCK, 0);
      Atomics.add(words, ROUND, 1);
      this.#happened();
    });
  }
}
