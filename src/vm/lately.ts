// What happened lately to sections, elements and the pointers into them: enough for a fault to tell how it came to it.
// It decides nothing, so it is kept beside the machine's memory, as warnings are; the oldest entries are written over.

/** What an entry tells, and what its key is. */
export const happened = {
  /** An RCU section; the key is its number. */
  opened: 0,
  closed: 1,
  /** A pointer was handed out; the key is the first byte it may be used for, `more` the count of lives it was born with. */
  born: 2,
  /** An element's life ended, or another began in its place; the key is the index of the word that counts its lives. */
  freed: 3,
  reused: 4,
} as const;
export type Happened = (typeof happened)[keyof typeof happened];

export interface Entry {
  readonly what: number;
  readonly cpu: number;
  readonly program: number;
  /** The slot of the instruction. */
  readonly pc: number;
  readonly key: number;
  readonly more: number;
}

const ENTRIES = 128;
const WORDS = 6;

export class Lately {
  readonly #words = new Int32Array(ENTRIES * WORDS);
  #count = 0;

  note(what: Happened, cpu: number, program: number, pc: number, key: number, more = 0): void {
    const words = this.#words;
    const at = (this.#count++ % ENTRIES) * WORDS;
    words[at] = what;
    words[at + 1] = cpu;
    words[at + 2] = program;
    words[at + 3] = pc;
    words[at + 4] = key;
    words[at + 5] = more;
  }

  /** What is remembered, newest first. */
  *backwards(): Generator<Entry> {
    const words = this.#words;
    const oldest = Math.max(0, this.#count - ENTRIES);
    for (let n = this.#count - 1; n >= oldest; n--) {
      const at = (n % ENTRIES) * WORDS;
      const [what, cpu, program, pc, key, more] = words.subarray(at, at + WORDS);
      yield { what, cpu, program, pc, key, more };
    }
  }

  copy(): readonly [words: Int32Array, count: number] {
    return [this.#words.slice(), this.#count];
  }

  restore([words, count]: readonly [words: Int32Array, count: number]): void {
    this.#words.set(words);
    this.#count = count;
  }
}
