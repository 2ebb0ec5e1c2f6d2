// The relations of one execution that the models are stated in (po, rf, co, fr and the dependencies), over its events.
// The initial writes are no events: nothing precedes them, so that no cycle runs through them.
import { type Event, overlap, programOrder } from "./event.ts";
import { type Execution, type Frame, initial } from "./execution.ts";
import { Relation } from "./relation.ts";

/** What depends on the program's part alone. */
export interface Static {
  readonly events: readonly Event[];
  readonly po: Relation;
  /** Program order between accesses that share a byte. */
  readonly poLoc: Relation;
  /** Pairs of one thread; pairs of two. */
  readonly internal: Relation;
  readonly addr: Relation;
  readonly data: Relation;
  readonly ctrl: Relation;
  /** From the read to the write of a compare-and-exchange. */
  readonly paired: Relation;
}

export interface Communication {
  /** Read-from, coherence, from-read: `from sees what to wrote` turned around, older to newer, read to newer write. */
  readonly rf: Relation;
  readonly co: Relation;
  readonly fr: Relation;
  readonly rfe: Relation;
  readonly coe: Relation;
  readonly fre: Relation;
}

export function staticRelations(frame: Frame): Static {
  const { events } = frame;
  const over = (holds: (a: Event, b: Event) => boolean): Relation =>
    Relation.of(events.length, (from, to) => {
      const [a, b] = [events[from], events[to]];
      return a !== undefined && b !== undefined && holds(a, b);
    });
  const dependency = (mask: (event: Event) => number): Relation =>
    over((a, b) => a.thread === b.thread && a.reads && ((mask(b) >>> a.place) & 1) === 1);
  return {
    events,
    po: over(programOrder),
    poLoc: over((a, b) => programOrder(a, b) && overlap(a, b)),
    internal: over((a, b) => a.thread === b.thread),
    addr: dependency((event) => event.addr),
    data: dependency((event) => event.data),
    ctrl: dependency((event) => event.ctrl),
    paired: over((a, b) => b.pairedWith === a.id),
  };
}

export function communication(execution: Execution, fixed: Static): Communication {
  const { frame, sources, cells } = execution;
  const size = frame.events.length;
  const rf = new Relation(size);
  const co = new Relation(size);
  const fr = new Relation(size);
  for (const cell of cells) {
    cell.writes.forEach((older, at) => {
      for (const newer of cell.writes.slice(at + 1)) co.add(older, newer);
    });
  }
  const cellAt = new Map(cells.flatMap((cell) => cell.granules.map((granule) => [granule, cell] as const)));
  sources.forEach((parts, id) => {
    const event = frame.events[id];
    parts.forEach((source, part) => {
      if (source !== initial) rf.add(source, id);
      const writes = cellAt.get((event?.address ?? 0) + part * frame.granule)?.writes ?? [];
      for (const newer of writes.slice(writes.indexOf(source) + 1)) if (newer !== id) fr.add(id, newer);
    });
  });
  const { internal } = fixed;
  return { rf, co, fr, rfe: rf.without(internal), coe: co.without(internal), fre: fr.without(internal) };
}
