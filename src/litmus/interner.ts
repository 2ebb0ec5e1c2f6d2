// Strings of words, each kept once and named by a small number. Equal numbers are equal strings, word for word: nothing
// rests on a hash.

/** A good mix of 32 bits (the finaliser of MurmurHash3). */
export function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** Strings by their numbers, in one thread (here) or in several (shared-strings.ts). */
export interface Strings {
  /** All strings, one after another. */
  words: Int32Array;
  readonly bytes: number;
  start(id: number): number;
  end(id: number): number;
  /** The number of the first `length` words of `from`. `note`: words to be kept with the string if it is new. */
  intern(from: Int32Array, length: number, note?: readonly number[]): number;
  note(id: number): readonly number[] | undefined;
}

export class Interner implements Strings {
  /** All strings, one after another. */
  words: Int32Array = new Int32Array(1 << 12);
  #used = 0;
  /** Where each begins; one more than there are strings. */
  #starts: Int32Array = new Int32Array(256);
  #hashes: Int32Array = new Int32Array(256);
  #table: Int32Array = new Int32Array(512);
  readonly #notes: (readonly number[] | undefined)[] = [];
  count = 0;

  start(id: number): number {
    return this.#starts[id];
  }

  end(id: number): number {
    return this.#starts[id + 1];
  }

  get bytes(): number {
    return (this.words.length + this.#starts.length + this.#hashes.length + this.#table.length) * 4;
  }

  note(id: number): readonly number[] | undefined {
    return this.#notes[id];
  }

  intern(from: Int32Array, length: number, note?: readonly number[]): number {
    const hash = hashOf(from, 0, length);
    const mask = this.#table.length - 1;
    let at = hash & mask;
    for (; this.#table[at] !== 0; at = (at + 1) & mask) {
      const id = this.#table[at] - 1;
      if (this.#hashes[id] === hash && this.#same(id, from, length)) return id;
    }
    if (note !== undefined) this.#notes[this.count] = note;
    return this.#add(from, length, hash, at);
  }

  #same(id: number, from: Int32Array, length: number): boolean {
    const start = this.#starts[id];
    if (this.#starts[id + 1] - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.words[start + i] !== from[i]) return false;
    return true;
  }

  #add(from: Int32Array, length: number, hash: number, at: number): number {
    const id = this.count++;
    while (this.#used + length > this.words.length) this.words = doubled(this.words);
    if (id + 2 > this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#hashes = doubled(this.#hashes);
    }
    for (let i = 0; i < length; i++) this.words[this.#used + i] = from[i];
    this.#used += length;
    this.#starts[id + 1] = this.#used;
    this.#hashes[id] = hash;
    this.#table[at] = id + 1;
    if (this.count * 2 > this.#table.length) this.#rehash();
    return id;
  }

  #rehash(): void {
    const mask = this.#table.length * 2 - 1;
    this.#table = new Int32Array(mask + 1);
    for (let id = 0; id < this.count; id++) {
      let at = this.#hashes[id] & mask;
      while (this.#table[at] !== 0) at = (at + 1) & mask;
      this.#table[at] = id + 1;
    }
  }
}

/** The hash of a string. */
export function hashOf(words: Int32Array, start: number, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i++) hash = (Math.imul(hash, 31) + mix(words[start + i] + 0x9e3779b9)) | 0;
  return mix(hash);
}

export function doubled(from: Int32Array): Int32Array {
  const more = new Int32Array(from.length * 2);
  more.set(from);
  return more;
}
