// Loads and stores that are not aligned. Linux lets programs make them in map values where the CPU does; no CPU promises
// that one which crosses a boundary of 8 bytes is made at once. So it is made in pieces, in any order, each a step. The
// instruction itself is made by the interpreter: with the last piece, and for a store also with the others, whose other
// bytes are put back (concurrency.md, A1).
import type { Memory } from "../memory/memory.ts";

/** Where an access is cut: at boundaries of 8 bytes, or at every byte. */
export const cuts = ["words8", "bytes"] as const;
export type Cut = (typeof cuts)[number];

/** Of the pieces, those left and the one that is next plus 1 (0: not picked), a bit and a number; the bytes read so far. */
const LEFT = 0;
const NEXT = 1;
const BYTES = 2;
export const PIECES_WORDS = 4;

export interface Piece {
  readonly address: number;
  readonly size: number;
}

/** The pieces that an access is made in; none where it is made at once. */
export function piecesOf(address: number, size: number, cut: Cut): readonly Piece[] {
  if ((address & (size - 1)) === 0) return [];
  if (cut === "bytes") return Array.from({ length: size }, (_, at) => ({ address: address + at, size: 1 }));
  const first = 8 - (address & 7);
  if (first >= size) return [];
  return [
    { address, size: first },
    { address: address + first, size: size - first },
  ];
}

/** An access in the middle of which a thread is. */
export class Pieces {
  readonly #memory: Memory;
  readonly #at: number;

  /** `at`: index in `i32` of its words. */
  constructor(memory: Memory, at: number) {
    this.#memory = memory;
    this.#at = at;
  }

  /** The piece that is made next; -1 while none is picked. */
  get next(): number {
    return this.#memory.i32[this.#at + NEXT] - 1;
  }

  /** Picks the next of so many pieces; `choose` is asked where there are several. */
  pick(count: number, choose: (n: number) => number): void {
    const { i32 } = this.#memory;
    if (i32[this.#at + LEFT] === 0) i32[this.#at + LEFT] = 2 ** count - 1;
    const left = Array.from({ length: count }, (_, at) => at).filter((at) => (i32[this.#at + LEFT] >> at) & 1);
    i32[this.#at + NEXT] = 1 + left[left.length > 1 ? choose(left.length) : 0];
  }

  /** Whether the picked piece is the last. */
  get isLast(): boolean {
    return this.#memory.i32[this.#at + LEFT] === 1 << this.next;
  }

  /** Reads the picked piece of a load; with the last one `run` makes the load, which finds what all of them read. */
  load(address: number, pieces: readonly Piece[], run: () => boolean): boolean {
    const { u8 } = this.#memory;
    const kept = (this.#at + BYTES) << 2;
    const piece = pieces[this.next];
    if (!this.isLast) {
      u8.copyWithin(kept + piece.address - address, piece.address, piece.address + piece.size);
      return this.#made();
    }
    return this.#around(pieces, run, ({ address: from, size }) =>
      u8.copyWithin(from, kept + from - address, kept + from - address + size),
    );
  }

  /** Writes the picked piece of a store, which `run` makes; it is the instruction itself for the last piece only. */
  store(pieces: readonly Piece[], run: () => boolean): boolean {
    return this.#around(pieces, run, () => {});
  }

  /** Runs with the bytes of the other pieces made ready, and puts these back as they were. */
  #around(pieces: readonly Piece[], run: () => boolean, prepare: (piece: Piece) => void): boolean {
    const { u8 } = this.#memory;
    const others = pieces.filter((_, at) => at !== this.next);
    const before = others.map(({ address, size }) => u8.slice(address, address + size));
    others.forEach(prepare);
    const ran = run();
    others.forEach(({ address }, at) => {
      u8.set(before[at], address);
    });
    return ran && this.#made();
  }

  #made(): true {
    const { i32 } = this.#memory;
    i32[this.#at + LEFT] &= ~(1 << this.next);
    i32[this.#at + NEXT] = 0;
    if (i32[this.#at + LEFT] === 0) i32.fill(0, this.#at + BYTES, this.#at + PIECES_WORDS);
    return true;
  }
}
