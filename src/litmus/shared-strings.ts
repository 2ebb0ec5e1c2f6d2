// Strings of words that several threads name by the same numbers. What they share is a log: a string that nobody has
// named is written at its end under a lock, and gets the next number of its kind there. Each thread reads the log for itself and keeps
// an index of its own, so that naming a string which it has met before asks nobody. New strings are rare, for rows are (rows.ts).
import { Lock } from "../memory/lock.ts";
import { doubled, hashOf, type Strings } from "./interner.ts";

/** Words before the log: the lock, and where the log ends. */
const LOCK = 0;
const END = 1;
const FIRST = 2;
/** Words of an entry before the string: its kind, hash and length, and the length of the note behind it. */
const KIND = 0;
const HASH = 1;
const LENGTH = 2;
const NOTE = 3;
const ENTRY = 4;
/** Milliseconds that a thread waits for one that is writing. */
const PATIENCE = 10_000;

/** No room is left in a table that threads share; its size was settled before they began. */
export class NoRoom extends Error {
  override readonly name = "NoRoom";
}

export class StringLog {
  readonly words: Int32Array;
  readonly #lock: Lock;
  readonly #kinds: SharedStrings[] = [];
  /** How far this thread has read. */
  #read = FIRST;

  /** `buffer`: shared memory that was cleared before the first thread got it. */
  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.#lock = new Lock({ shared: true, i32: this.words }, LOCK, PATIENCE);
  }

  /** The next kind of strings. Threads ask for kinds in the same order. */
  kind(): SharedStrings {
    const kind = new SharedStrings(this, this.#kinds.length);
    this.#kinds.push(kind);
    return kind;
  }

  /** Reads what others have written. */
  catchUp(): void {
    const { words } = this;
    const end = Atomics.load(words, END);
    while (this.#read < end) {
      const at = this.#read;
      const note = at + ENTRY + words[at + LENGTH];
      this.#read = note + words[at + NOTE];
      this.#kinds[words[at + KIND]].enter(at + ENTRY, note, this.#read, words[at + HASH]);
    }
  }

  /** Writes a string unless another thread has done so in the meantime. */
  append(kind: number, hash: number, from: Int32Array, length: number, note: readonly number[]): void {
    this.#lock.hold(() => {
      this.catchUp();
      if (this.#kinds[kind].find(hash, from, length) >= 0) return;
      const { words } = this;
      const at = this.#read;
      const end = at + ENTRY + length + note.length;
      if (end > words.length) throw new NoRoom("the table of words is full");
      words[at + KIND] = kind;
      words[at + HASH] = hash;
      words[at + LENGTH] = length;
      words[at + NOTE] = note.length;
      for (let i = 0; i < length; i++) words[at + ENTRY + i] = from[i];
      for (let i = 0; i < note.length; i++) words[at + ENTRY + length + i] = note[i];
      Atomics.store(words, END, end);
      this.catchUp();
    });
  }

  /** Bytes of the log as far as it is written. */
  get bytes(): number {
    return Atomics.load(this.words, END) * 4;
  }

  /** Makes an empty log of a buffer, whatever is in it. */
  static clear(buffer: SharedArrayBuffer): void {
    new Int32Array(buffer).set([0, FIRST]);
  }
}

export class SharedStrings implements Strings {
  readonly words: Int32Array;
  readonly #log: StringLog;
  readonly #kind: number;
  /** For each string where it begins and ends, and where its note ends. */
  #places: Int32Array = new Int32Array(256 * PLACE);
  #hashes: Int32Array = new Int32Array(256);
  #table: Int32Array = new Int32Array(512);
  #count = 0;

  constructor(log: StringLog, kind: number) {
    this.#log = log;
    this.words = log.words;
    this.#kind = kind;
  }

  start(id: number): number {
    if (id >= this.#count) this.#log.catchUp();
    return this.#places[id * PLACE];
  }

  end(id: number): number {
    if (id >= this.#count) this.#log.catchUp();
    return this.#places[id * PLACE + 1];
  }

  note(id: number): readonly number[] | undefined {
    const from = this.end(id);
    const to = this.#places[id * PLACE + 2];
    return from === to ? undefined : [...this.words.subarray(from, to)];
  }

  intern(from: Int32Array, length: number, note: readonly number[] = []): number {
    const hash = hashOf(from, 0, length);
    const known = this.find(hash, from, length);
    if (known >= 0) return known;
    this.#log.append(this.#kind, hash, from, length, note);
    return this.find(hash, from, length);
  }

  /** The number of a string that this thread has met; -1 otherwise. */
  find(hash: number, from: Int32Array, length: number): number {
    const mask = this.#table.length - 1;
    for (let at = hash & mask; this.#table[at] !== 0; at = (at + 1) & mask) {
      const id = this.#table[at] - 1;
      if (this.#hashes[id] === hash && this.#same(id, from, length)) return id;
    }
    return -1;
  }

  #same(id: number, from: Int32Array, length: number): boolean {
    const start = this.#places[id * PLACE];
    if (this.#places[id * PLACE + 1] - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.words[start + i] !== from[i]) return false;
    return true;
  }

  /** Gives the next number to a string of the log. */
  enter(start: number, end: number, note: number, hash: number): void {
    const id = this.#count++;
    if (id === this.#hashes.length) {
      this.#hashes = doubled(this.#hashes);
      this.#places = doubled(this.#places);
    }
    this.#places[id * PLACE] = start;
    this.#places[id * PLACE + 1] = end;
    this.#places[id * PLACE + 2] = note;
    this.#hashes[id] = hash;
    if (this.#count * 2 > this.#table.length) this.#reindex();
    else this.#enlist(id);
  }

  #enlist(id: number): void {
    const mask = this.#table.length - 1;
    let at = this.#hashes[id] & mask;
    while (this.#table[at] !== 0) at = (at + 1) & mask;
    this.#table[at] = id + 1;
  }

  #reindex(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    for (let id = 0; id < this.#count; id++) this.#enlist(id);
  }

  /** Bytes that this thread has for it alone. */
  get bytes(): number {
    return (this.#places.length + this.#hashes.length + this.#table.length) * 4;
  }
}

const PLACE = 3;
