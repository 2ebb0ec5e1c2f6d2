// Relations over the events of an execution: one row of bits an event. Litmus tests have up to a few dozen events, so a
// row is a word or two, and sequencing, closure and the search for a cycle are loops over words.

export class Relation {
  readonly size: number;
  private readonly words: number;
  private readonly rows: Uint32Array;

  constructor(size: number) {
    this.size = size;
    this.words = Math.max(1, (size + 31) >> 5);
    this.rows = new Uint32Array(size * this.words);
  }

  static of(size: number, holds: (from: number, to: number) => boolean): Relation {
    const out = new Relation(size);
    for (let from = 0; from < size; from++) for (let to = 0; to < size; to++) if (holds(from, to)) out.add(from, to);
    return out;
  }

  static identity(size: number): Relation {
    return Relation.of(size, (from, to) => from === to);
  }

  add(from: number, to: number): void {
    const at = from * this.words + (to >> 5);
    this.rows[at] = (this.rows[at] ?? 0) | (1 << (to & 31));
  }

  has(from: number, to: number): boolean {
    return (((this.rows[from * this.words + (to >> 5)] ?? 0) >>> (to & 31)) & 1) === 1;
  }

  copy(): Relation {
    const out = new Relation(this.size);
    out.rows.set(this.rows);
    return out;
  }

  union(...others: readonly Relation[]): Relation {
    const out = this.copy();
    for (const other of others) {
      for (let at = 0; at < out.rows.length; at++) out.rows[at] = (out.rows[at] ?? 0) | (other.rows[at] ?? 0);
    }
    return out;
  }

  intersection(other: Relation): Relation {
    const out = this.copy();
    for (let at = 0; at < out.rows.length; at++) out.rows[at] = (out.rows[at] ?? 0) & (other.rows[at] ?? 0);
    return out;
  }

  without(other: Relation): Relation {
    const out = this.copy();
    for (let at = 0; at < out.rows.length; at++) out.rows[at] = (out.rows[at] ?? 0) & ~(other.rows[at] ?? 0);
    return out;
  }

  /** `this ; next`: from a to c where some b lies between. */
  followedBy(next: Relation): Relation {
    const { words } = this;
    const out = new Relation(this.size);
    for (let from = 0; from < this.size; from++) {
      for (let word = 0; word < words; word++) {
        let bits = this.rows[from * words + word] ?? 0;
        while (bits !== 0) {
          const middle = word * 32 + (31 - Math.clz32(bits & -bits));
          bits &= bits - 1;
          for (let at = 0; at < words; at++) {
            out.rows[from * words + at] = (out.rows[from * words + at] ?? 0) | (next.rows[middle * words + at] ?? 0);
          }
        }
      }
    }
    return out;
  }

  /** `this?` */
  orSame(): Relation {
    const out = this.copy();
    for (let at = 0; at < this.size; at++) out.add(at, at);
    return out;
  }

  /** `this+`, by Warshall's algorithm. */
  closure(): Relation {
    const { words } = this;
    const out = this.copy();
    for (let middle = 0; middle < this.size; middle++) {
      for (let from = 0; from < this.size; from++) {
        if (!out.has(from, middle)) continue;
        for (let at = 0; at < words; at++) {
          out.rows[from * words + at] = (out.rows[from * words + at] ?? 0) | (out.rows[middle * words + at] ?? 0);
        }
      }
    }
    return out;
  }

  /** The events of a shortest way around, or undefined where there is none. */
  cycle(): readonly number[] | undefined {
    const reach = this.closure();
    let best: readonly number[] | undefined;
    for (let start = 0; start < this.size; start++) {
      if (!reach.has(start, start)) continue;
      const way = this.shortest(start);
      if (best === undefined || way.length < best.length) best = way;
    }
    return best;
  }

  /** Whether no way leads from an event back to it. */
  acyclic(): boolean {
    const reach = this.closure();
    for (let at = 0; at < this.size; at++) if (reach.has(at, at)) return false;
    return true;
  }

  private shortest(start: number): readonly number[] {
    const before = new Map<number, number>();
    let edge = [start];
    while (edge.length > 0) {
      const next: number[] = [];
      for (const from of edge) {
        for (let to = 0; to < this.size; to++) {
          if (!this.has(from, to) || before.has(to)) continue;
          before.set(to, from);
          if (to === start) return unwind(before, start);
          next.push(to);
        }
      }
      edge = next;
    }
    return [start];
  }
}

function unwind(before: ReadonlyMap<number, number>, start: number): readonly number[] {
  const way: number[] = [];
  let at = start;
  do {
    at = before.get(at) ?? start;
    way.push(at);
  } while (at !== start);
  return way.reverse();
}
