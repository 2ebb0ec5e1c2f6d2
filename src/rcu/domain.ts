// Readers, grace periods and deferred calls, all of them words. A reader is a numbered slot: a CPU running programs, or
// a thread of userspace. A grace period is the list of the sections that were open when it began; it is over when
// none of them is still open, and later readers are not waited for (concurrency.md, R3 to R5).
//
// Block: 0 sections begun · 1 records' address · 2 capacity · 3 order of the next record
// then for each flavour and reader two words: nesting depth, and the number of the open section (0: none).
// Record: 0 state · 1 kind · 2, 3 arguments · 4 flavour · 5 order · then a word a reader: the section waited for. Where a
// grace period of tasks trace is one of the ordinary flavour too, there is another word a reader behind these, for that.
import { head } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";

/** The ordinary flavour, and the one of sleepable programs (tasks trace). */
export const PLAIN = 0;
export const TRACE = 1;
export type Flavour = typeof PLAIN | typeof TRACE;

export interface RcuOptions {
  /**
   * A grace period of tasks trace waits for ordinary readers as well (kernel: rcu_trace_implies_rcu_gp, which calls this an
   * accident of how it is made).
   */
  readonly traceImpliesPlain?: boolean;
}

/** A kind of deferred call. Its arguments are the two words of the record; it holds nothing else. */
export interface Callback {
  readonly name: string;
  readonly run: (first: number, second: number) => void;
}

/** A grace period that is under way, for display and for whoever decides what happens next. */
export interface Pending {
  readonly record: number;
  /** "synchronize" for a wait. */
  readonly name: string;
  readonly kind: number;
  readonly arguments: readonly [number, number];
  readonly flavour: Flavour;
  readonly order: number;
  readonly due: boolean;
  /** Readers that are still inside the section waited for. */
  readonly waitsFor: readonly number[];
}

const SECTIONS = 0;
const RECORDS = 1;
const CAPACITY = 2;
const ORDER = 3;
const READERS = 4;
const STATE = 0;
const KIND = 1;
const FIRST = 2;
const SECOND = 3;
const FLAVOUR = 4;
const SEQUENCE = 5;
const WAITED = 6;
const UNUSED = 0;
const WAITING = 1;
/** The kind of a record that no callback belongs to: somebody polls it. */
const SYNCHRONIZE = 0;

const plain = [PLAIN] as const;
const trace = [TRACE] as const;
const both = [TRACE, PLAIN] as const;

export class RcuDomain {
  readonly readers: number;
  readonly traceImpliesPlain: boolean;
  readonly #memory: Memory;
  readonly #at: number;
  readonly #recordWords: number;
  /** By kind; fixed when the machine is built. */
  readonly #callbacks: Callback[] = [{ name: "synchronize", run: () => {} }];

  constructor(memory: Memory, readers: number, options: RcuOptions = {}) {
    this.#memory = memory;
    this.readers = readers;
    this.traceImpliesPlain = options.traceImpliesPlain ?? false;
    this.#recordWords = WAITED + readers * (this.traceImpliesPlain ? 2 : 1);
    const address = memory.reserve((READERS + readers * 4) * 4);
    this.#at = address >> 2;
    memory.i32[head.rcu] = address;
    const capacity = 8;
    const records = memory.reserve(capacity * this.#recordWords * 4);
    memory.i32[this.#at + RECORDS] = records;
    memory.i32[this.#at + CAPACITY] = capacity;
  }

  /** Names a kind of deferred call and gives its number. To be done while the machine is built. */
  register(callback: Callback): number {
    this.#callbacks.push(callback);
    return this.#callbacks.length - 1;
  }

  lock(reader: number, flavour: Flavour = PLAIN): void {
    const at = this.#reader(reader, flavour);
    const { i32 } = this.#memory;
    if (i32[at]++ === 0) i32[at + 1] = ++i32[this.#at + SECTIONS];
  }

  /** Leaves one level; false if none was open. */
  unlock(reader: number, flavour: Flavour = PLAIN): boolean {
    const at = this.#reader(reader, flavour);
    const { i32 } = this.#memory;
    if (i32[at] === 0) return false;
    if (--i32[at] === 0) i32[at + 1] = 0;
    return true;
  }

  depth(reader: number, flavour: Flavour = PLAIN): number {
    return this.#memory.i32[this.#reader(reader, flavour)];
  }

  /** The number of the section a reader is in, 0 outside; the birth mark of pointers taken in it. */
  section(reader: number, flavour: Flavour = PLAIN): number {
    return this.#memory.i32[this.#reader(reader, flavour) + 1];
  }

  /** Address of a reader's depth word; its section number is the word after it. */
  readerAddress(reader: number, flavour: Flavour = PLAIN): number {
    return this.#reader(reader, flavour) << 2;
  }

  /** synchronize_rcu, begun: the sections open now are those to wait for. Poll it with isDue, then endWait. */
  startWait(flavour: Flavour = PLAIN): number {
    return this.#record(SYNCHRONIZE, 0, 0, flavour);
  }

  endWait(record: number): void {
    this.#memory.i32[this.#recordIndex(record) + STATE] = UNUSED;
  }

  /** call_rcu: the callback may run once the sections open now are closed. Nothing runs before `advance`. */
  callRcu(kind: number, first: number, second: number, flavour: Flavour = PLAIN): number {
    return this.#record(kind, first, second, flavour);
  }

  isDue(record: number): boolean {
    const at = this.#recordIndex(record);
    const flavours = this.waitedFor(this.#memory.i32[at + FLAVOUR] as Flavour);
    for (let n = 0; n < flavours.length; n++) {
      for (let reader = 0; reader < this.readers; reader++) if (this.#isOpen(at, n, reader, flavours[n])) return false;
    }
    return true;
  }

  /** The flavours whose readers a grace period of a flavour waits for. */
  waitedFor(flavour: Flavour): readonly Flavour[] {
    if (flavour === PLAIN) return plain;
    return this.traceImpliesPlain ? both : trace;
  }

  /** Whether the section that a record waits for, of the nth of its flavours, is still open. */
  #isOpen(at: number, n: number, reader: number, flavour: Flavour): boolean {
    const { i32 } = this.#memory;
    const waited = i32[at + WAITED + n * this.readers + reader];
    return waited !== 0 && i32[this.#reader(reader, flavour) + 1] === waited;
  }

  /** Grace periods under way, oldest first. */
  pending(): readonly Pending[] {
    const { i32 } = this.#memory;
    const found: Pending[] = [];
    for (let record = 0; record < i32[this.#at + CAPACITY]; record++) {
      const at = this.#recordIndex(record);
      if (i32[at + STATE] === UNUSED) continue;
      const flavour = i32[at + FLAVOUR] as Flavour;
      const flavours = this.waitedFor(flavour);
      const waitsFor: number[] = [];
      for (let reader = 0; reader < this.readers; reader++) {
        if (flavours.some((each, n) => this.#isOpen(at, n, reader, each))) waitsFor.push(reader);
      }
      found.push({
        record,
        name: this.#callbacks[i32[at + KIND]].name,
        kind: i32[at + KIND],
        arguments: [i32[at + FIRST], i32[at + SECOND]],
        flavour,
        order: i32[at + SEQUENCE],
        due: waitsFor.length === 0,
        waitsFor,
      });
    }
    return found.sort((a, b) => a.order - b.order);
  }

  /** Runs one deferred call that is due; its record is free again. False if it is not due or not a call. */
  fire(record: number): boolean {
    const { i32 } = this.#memory;
    const at = this.#recordIndex(record);
    if (i32[at + STATE] === UNUSED || i32[at + KIND] === SYNCHRONIZE || !this.isDue(record)) return false;
    const callback = this.#callbacks[i32[at + KIND]];
    i32[at + STATE] = UNUSED;
    callback.run(i32[at + FIRST], i32[at + SECOND]);
    return true;
  }

  /** Runs every deferred call that is due now, in order of their making; the number of them. */
  advance(): number {
    let ran = 0;
    for (const { record, kind } of this.pending()) if (kind !== SYNCHRONIZE && this.fire(record)) ran++;
    return ran;
  }

  /**
   * Renumbers sections and grace periods, so that domains that will behave alike are equal words. Which section is
   * waited for is kept, how many there have been is not. A reader's open section gets the number after the reader's own.
   */
  normalise(): void {
    const { i32 } = this.#memory;
    for (let record = 0; record < i32[this.#at + CAPACITY]; record++) {
      const at = this.#recordIndex(record);
      if (i32[at + STATE] === UNUSED) i32.fill(0, at, at + this.#recordWords);
      else this.#normaliseRecord(at);
    }
    for (const flavour of [PLAIN, TRACE] as const) {
      for (let reader = 0; reader < this.readers; reader++) {
        const at = this.#reader(reader, flavour);
        i32[at + 1] = i32[at] === 0 ? 0 : reader + 1;
      }
    }
    i32[this.#at + SECTIONS] = this.readers;
    i32[this.#at + ORDER] = 0;
  }

  /** Exchanges two readers: the sections they are in, and what is waited for of them. Renumbers as `normalise` does. */
  exchange(a: number, b: number): void {
    this.normalise();
    const { i32 } = this.#memory;
    const swap = (one: number, other: number) => {
      const depth = i32[one];
      i32[one] = i32[other];
      i32[other] = depth;
    };
    for (const flavour of [PLAIN, TRACE] as const) swap(this.#reader(a, flavour), this.#reader(b, flavour));
    for (let record = 0; record < i32[this.#at + CAPACITY]; record++) {
      const at = this.#recordIndex(record) + WAITED;
      swap(at + a, at + b);
      if (i32[at + a] !== 0) i32[at + a] = a + 1;
      if (i32[at + b] !== 0) i32[at + b] = b + 1;
    }
    for (const flavour of [PLAIN, TRACE] as const) {
      for (const reader of [a, b]) {
        const at = this.#reader(reader, flavour);
        i32[at + 1] = i32[at] === 0 ? 0 : reader + 1;
      }
    }
  }

  /** What is known of a reader, as text: equal texts, and the two can be exchanged without a change. Of renumbered words. */
  text(reader: number): string {
    const { i32 } = this.#memory;
    const words = [i32[this.#reader(reader, PLAIN)], i32[this.#reader(reader, TRACE)]];
    for (let record = 0; record < i32[this.#at + CAPACITY]; record++) {
      words.push(i32[this.#recordIndex(record) + WAITED + reader] === 0 ? 0 : 1);
    }
    return words.join(" ");
  }

  /** Where its words are: address and length in bytes of the readers' block, and of the records. */
  get ranges(): readonly (readonly [number, number])[] {
    const { i32 } = this.#memory;
    const records = i32[this.#at + CAPACITY] * this.#recordWords * 4;
    return [
      [this.#at << 2, (READERS + this.readers * 4) * 4],
      [i32[this.#at + RECORDS], records],
    ];
  }

  #normaliseRecord(at: number): void {
    const { i32 } = this.#memory;
    const flavour = i32[at + FLAVOUR] as Flavour;
    i32[at + SEQUENCE] = 0;
    for (const [n, each] of this.waitedFor(flavour).entries()) {
      for (let reader = 0; reader < this.readers; reader++) {
        i32[at + WAITED + n * this.readers + reader] = this.#isOpen(at, n, reader, each) ? reader + 1 : 0;
      }
    }
  }

  #reader(reader: number, flavour: Flavour): number {
    return this.#at + READERS + (flavour * this.readers + reader) * 2;
  }

  #recordIndex(record: number): number {
    return (this.#memory.i32[this.#at + RECORDS] >> 2) + record * this.#recordWords;
  }

  #record(kind: number, first: number, second: number, flavour: Flavour): number {
    const record = this.#unused();
    const { i32 } = this.#memory;
    const at = this.#recordIndex(record);
    i32[at + STATE] = WAITING;
    i32[at + KIND] = kind;
    i32[at + FIRST] = first;
    i32[at + SECOND] = second;
    i32[at + FLAVOUR] = flavour;
    i32[at + SEQUENCE] = ++i32[this.#at + ORDER];
    i32.fill(0, at + WAITED, at + this.#recordWords);
    for (const [n, each] of this.waitedFor(flavour).entries()) {
      for (let reader = 0; reader < this.readers; reader++) {
        i32[at + WAITED + n * this.readers + reader] = i32[this.#reader(reader, each) + 1];
      }
    }
    return record;
  }

  #unused(): number {
    const { i32 } = this.#memory;
    const capacity = i32[this.#at + CAPACITY];
    for (let record = 0; record < capacity; record++) {
      if (i32[this.#recordIndex(record) + STATE] === UNUSED) return record;
    }
    const bytes = capacity * this.#recordWords * 4;
    const from = i32[this.#at + RECORDS];
    const moved = this.#memory.reserve(bytes * 2);
    if (moved === 0) throw new Error("no memory is left for another grace period");
    this.#memory.u8.copyWithin(moved, from, from + bytes);
    this.#memory.i32[this.#at + RECORDS] = moved;
    this.#memory.i32[this.#at + CAPACITY] = capacity * 2;
    return capacity;
  }
}
