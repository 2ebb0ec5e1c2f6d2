// The words that properties need and the machine has not: marks passed, maps frozen or not yet created, and for each
// word of a watched map the logical write that it came from. They are part of the shared state, as memory is.
import { map } from "../maps/layout.ts";
import type { Maps } from "../maps/maps.ts";
import { region } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";

const MARKS = 0;
const FROZEN = 1;
const ABSENT = 2;
const WORDS = 4;

/** The bytes of a map whose writes are told apart, and where the tags of its 8-byte words stand. */
interface Watched {
  readonly from: number;
  readonly to: number;
  readonly tags: number;
}

export class Properties {
  readonly #memory: Memory;
  readonly #at: number;
  readonly #marks: readonly string[];
  readonly #watched: readonly Watched[];

  /** `marks`: those that an assertion names. `torn`: maps whose reads must not be torn, by id. */
  constructor(memory: Memory, maps: Maps, marks: readonly string[], torn: readonly number[]) {
    this.#memory = memory;
    this.#marks = marks;
    this.#at = memory.reserve(WORDS * 4) >> 2;
    this.#watched = torn.map((id) => {
      const from = maps.word(id, map.values);
      const bytes = memory.regionWord(memory.regionAt(from), region.size);
      return { from, to: from + bytes, tags: memory.reserve(((bytes + 7) >> 3) * 4) >> 2 };
    });
  }

  watchesMark(mark: string): boolean {
    return this.#marks.includes(mark);
  }

  pass(mark: string): void {
    const at = this.#marks.indexOf(mark);
    if (at >= 0) this.#memory.i32[this.#at + MARKS] |= 1 << at;
  }

  passed(mark: string): boolean {
    return (this.#memory.i32[this.#at + MARKS] & (1 << this.#marks.indexOf(mark))) !== 0;
  }

  freeze(id: number): void {
    this.#memory.i32[this.#at + FROZEN] |= 1 << id;
  }

  isFrozen(id: number): boolean {
    return (this.#memory.i32[this.#at + FROZEN] & (1 << id)) !== 0;
  }

  /** A map that a script will create is there from the start and cannot be named before, nor after its handle is closed. */
  hide(id: number): void {
    this.#memory.i32[this.#at + ABSENT] |= 1 << id;
  }

  create(id: number): void {
    this.#memory.i32[this.#at + ABSENT] &= ~(1 << id);
  }

  isCreated(id: number): boolean {
    return (this.#memory.i32[this.#at + ABSENT] & (1 << id)) === 0;
  }

  get tagged(): boolean {
    return this.#watched.length > 0;
  }

  isWatched(address: number): boolean {
    return this.#watched.some((one) => address >= one.from && address < one.to);
  }

  /** The write that the word at an address came from; 0: it was there from the start. */
  tag(address: number): number {
    for (const { from, to, tags } of this.#watched) {
      if (address >= from && address < to) return this.#memory.i32[tags + ((address - from) >> 3)];
    }
    return 0;
  }

  setTag(address: number, size: number, tag: number): void {
    for (const { from, to, tags } of this.#watched) {
      if (address < from || address >= to) continue;
      for (let at = address & -8; at < address + size; at += 8) this.#memory.i32[tags + ((at - from) >> 3)] = tag;
    }
  }
}
