// The states kept at one instruction. Open ones lie on the path being walked and are found by their mark, for an
// equal one means an endless loop; settled ones were walked to their end and may stand for a later state.
import type { OpenState } from "../state/state.ts";

/** Settled states compared at most; those that never stood for another are dropped first. */
const MOST_SETTLED = 256;

export class Kept {
  /** In the order they were met, the latest last. */
  readonly open: OpenState[] = [];
  private readonly byMark = new Map<number, OpenState[]>();
  settled: OpenState[] = [];

  get size(): number {
    return this.open.length + this.settled.length;
  }

  openWith(mark: number): readonly OpenState[] {
    return this.byMark.get(mark) ?? [];
  }

  add(entry: OpenState): void {
    this.open.push(entry);
    const same = this.byMark.get(entry.mark);
    if (same === undefined) this.byMark.set(entry.mark, [entry]);
    else same.push(entry);
  }

  /** Every continuation of the entry has ended. The walk is depth first, so it is nearly always the latest. */
  settle(entry: OpenState): void {
    this.open.splice(this.open.lastIndexOf(entry), 1);
    const same = this.byMark.get(entry.mark) ?? [];
    same.splice(same.lastIndexOf(entry), 1);
    if (same.length === 0) this.byMark.delete(entry.mark);
    this.settled.push(entry);
    if (this.settled.length >= 2 * MOST_SETTLED) {
      const used = this.settled.filter((kept) => kept.hits > 0);
      const unused = this.settled.filter((kept) => kept.hits === 0);
      this.settled = [...unused, ...used].slice(-MOST_SETTLED);
    }
  }

  /** Drops the settled states that were compared often and stood for nothing: most that are kept in long loops are such. */
  forget(): void {
    if (this.settled.some(idle)) this.settled = this.settled.filter((entry) => !idle(entry));
  }
}

function idle(entry: OpenState): boolean {
  return entry.misses > entry.hits * 3 + 64;
}
