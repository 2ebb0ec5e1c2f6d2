// The states seen: tuples of small numbers, each kept once and compared whole, so that no state is lost to a hash.
import { doubled, mix } from "./interner.ts";

const CHUNK = 12;
const CHUNK_STATES = 1 << CHUNK;

export class States {
  readonly width: number;
  count = 0;
  readonly #chunks: Int32Array[] = [];
  /** Pairs: number of the state plus 1 (0: empty), hash. */
  #table: Int32Array = new Int32Array(1 << 16);
  readonly #most: number;

  /** `most`: beyond so many states `add` gives -1. */
  constructor(width: number, most = 1 << 28) {
    this.width = width;
    this.#most = most;
  }

  /** The hash of a tuple is the sum of its parts', so that whoever changes two parts need not look at the others. */
  static part(at: number, value: number): number {
    return mix(Math.imul(value + 1, 0x9e3779b1) + Math.imul(at + 1, 0x85ebca6b));
  }

  hash(tuple: Int32Array, from: number): number {
    let sum = 0;
    for (let at = 0; at < this.width; at++) sum = (sum + States.part(at, tuple[from + at])) | 0;
    return sum;
  }

  /** The number of a tuple if it is new, or the complement of the number that it has. */
  add(tuple: Int32Array, from: number, hash: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    const { width } = this;
    let at = (hash << 1) & mask;
    for (let id = table[at]; id !== 0; id = table[at]) {
      if (table[at + 1] === hash && this.#same(id - 1, tuple, from)) return ~(id - 1);
      at = (at + 2) & mask;
    }
    const id = this.count++;
    if (id >> CHUNK === this.#chunks.length) this.#chunks.push(new Int32Array(CHUNK_STATES * width));
    const chunk = this.#chunks[id >> CHUNK];
    const start = (id & (CHUNK_STATES - 1)) * width;
    for (let i = 0; i < width; i++) chunk[start + i] = tuple[from + i];
    table[at] = id + 1;
    table[at + 1] = hash;
    // Two thirds full; a probe then looks at two places.
    if (this.count * 3 > table.length) this.#rehash();
    return id;
  }

  #same(id: number, tuple: Int32Array, from: number): boolean {
    const chunk = this.#chunks[id >> CHUNK];
    const start = (id & (CHUNK_STATES - 1)) * this.width;
    for (let i = 0; i < this.width; i++) if (chunk[start + i] !== tuple[from + i]) return false;
    return true;
  }

  get full(): boolean {
    return this.count >= this.#most;
  }

  copy(id: number, into: Int32Array, to: number): void {
    const chunk = this.#chunks[id >> CHUNK];
    const start = (id & (CHUNK_STATES - 1)) * this.width;
    for (let i = 0; i < this.width; i++) into[to + i] = chunk[start + i];
  }

  #rehash(): void {
    const old = this.#table;
    const table = new Int32Array(old.length * 2);
    const mask = table.length - 1;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0) continue;
      let at = (old[from + 1] << 1) & mask;
      while (table[at] !== 0) at = (at + 2) & mask;
      table[at] = old[from];
      table[at + 1] = old[from + 1];
    }
    this.#table = table;
  }

  get bytes(): number {
    return this.#table.length * 4 + this.#chunks.length * CHUNK_STATES * this.width * 4;
  }
}

/** A number for each state, growing as states do. */
export class PerState {
  #words: Int32Array = new Int32Array(64);

  get(id: number): number {
    return id < this.#words.length ? this.#words[id] : 0;
  }

  set(id: number, value: number): void {
    while (id >= this.#words.length) this.#words = doubled(this.#words);
    this.#words[id] = value;
  }
}
