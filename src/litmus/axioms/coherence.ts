// Coherence: in which order the writes to each place in memory can have happened, given what every read saw. Programs
// see one order a place, and each thread's accesses to a place agree with it; that is so in every memory model here.
import { type Cell, covers, type Frame, initial } from "./execution.ts";

/** A cell whose writes are not ordered yet. */
export interface OpenCell extends Cell {
  /** before[i] has j: write `writes[j]` must come before `writes[i]`. */
  readonly before: readonly ReadonlySet<number>[];
  /** By write, for one that is part of a read-modify-write: the write (or `initial`) it must directly follow. */
  readonly follows: ReadonlyMap<number, number>;
}

interface Growing extends OpenCell {
  readonly granules: number[];
  readonly before: readonly Set<number>[];
  readonly follows: Map<number, number>;
}

/** Undefined where the sources contradict each other: no order of the writes explains them. */
export function cellsOf(frame: Frame, sources: readonly (readonly number[])[]): readonly OpenCell[] | undefined {
  const { granule, events } = frame;
  const touched = new Set<number>();
  for (const event of events) {
    if (!event.writes) continue;
    for (let at = 0; at < event.size; at += granule) touched.add(event.address + at);
  }
  const cells = new Map<string, Growing>();
  for (const address of touched) {
    const writes = events.filter((each) => each.writes && covers(each, address)).map((each) => each.id);
    const key = writes.join();
    const cell: Growing = cells.get(key) ?? {
      granules: [],
      writes,
      before: writes.map(() => new Set()),
      follows: new Map(),
    };
    cells.set(key, cell);
    cell.granules.push(address);
    if (!constrain(frame, sources, address, cell)) return undefined;
  }
  return [...cells.values()];
}

/** Adds what the accesses to one granule say of the order of its writes; false where that is impossible. */
function constrain(frame: Frame, sources: readonly (readonly number[])[], address: number, cell: Growing): boolean {
  const must = (first: number, second: number): boolean => {
    if (first === initial || first === second) return true;
    if (second === initial) return false;
    cell.before[cell.writes.indexOf(second)]?.add(first);
    return true;
  };
  // Where each thread's view of the granule stands; it moves forward only.
  const view = new Map<number, number>();
  for (const event of frame.events) {
    if (!covers(event, address)) continue;
    const source = event.reads ? sources[event.id]?.[(address - event.address) / frame.granule] : undefined;
    for (const seen of [source, event.writes ? event.id : undefined]) {
      if (seen === undefined) continue;
      if (!must(view.get(event.thread) ?? initial, seen)) return false;
      view.set(event.thread, seen);
    }
    if (!event.writes) continue;
    const read = event.pairedWith ?? (event.reads ? event.id : undefined);
    const from = read === undefined ? undefined : sources[read]?.[(address - event.address) / frame.granule];
    if (from === undefined) continue;
    if ((cell.follows.get(event.id) ?? from) !== from) return false;
    cell.follows.set(event.id, from);
  }
  return true;
}

/** Every choice of an order for each cell that fits together with the others. */
export function* orders(
  frame: Frame,
  sources: readonly (readonly number[])[],
  cells: readonly OpenCell[],
): Generator<readonly Cell[]> {
  const shared = (id: number): boolean => cells.filter((each) => each.writes.includes(id)).length > 1;
  const overlapping = cells.some((cell) => cell.writes.some(shared));
  const pieced = sources.some((parts) => parts.some((source) => source !== parts[0]));
  for (const chosen of product(cells)) {
    if (overlapping && !sameOrder(chosen)) continue;
    if (pieced && !inOnePiece(frame, sources, chosen)) continue;
    yield chosen;
  }
}

function* product(cells: readonly OpenCell[], at = 0, chosen: readonly Cell[] = []): Generator<readonly Cell[]> {
  const cell = cells[at];
  if (cell === undefined) {
    yield chosen;
    return;
  }
  for (const writes of extensions(cell))
    yield* product(cells, at + 1, [...chosen, { granules: cell.granules, writes }]);
}

/** The orders of the cell's writes that keep `before` and `follows`. */
function* extensions(cell: OpenCell, placed: readonly number[] = []): Generator<readonly number[]> {
  if (placed.length === cell.writes.length) {
    yield placed;
    return;
  }
  const last = placed.at(-1) ?? initial;
  for (const [index, write] of cell.writes.entries()) {
    if (placed.includes(write)) continue;
    if ((cell.follows.get(write) ?? last) !== last) continue;
    if ([...(cell.before[index] ?? [])].some((each) => !placed.includes(each))) continue;
    yield* extensions(cell, [...placed, write]);
  }
}

function place(cell: Cell, id: number): number {
  return id === initial ? -1 : cell.writes.indexOf(id);
}

/** Whether two writes come in the same order wherever both write: each is in one piece. */
function sameOrder(cells: readonly Cell[]): boolean {
  return cells.every((one, at) =>
    cells.slice(at + 1).every((other) => {
      const shared = one.writes.filter((id) => other.writes.includes(id));
      const inOther = [...shared].sort((a, b) => place(other, a) - place(other, b));
      return shared.every((id, index) => id === inOther[index]);
    }),
  );
}

/** Whether a read that sees a write in one granule sees nothing older than it in another. */
function inOnePiece(frame: Frame, sources: readonly (readonly number[])[], cells: readonly Cell[]): boolean {
  return frame.events.every((event) => {
    const parts = sources[event.id] ?? [];
    return parts.every((other, part) => {
      const address = event.address + part * frame.granule;
      const cell = cells.find((each) => each.granules.includes(address));
      if (cell === undefined) return true;
      return parts.every((source) => !cell.writes.includes(source) || place(cell, other) >= place(cell, source));
    });
  });
}
