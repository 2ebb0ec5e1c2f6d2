// All candidate executions of a litmus test: what every read sees, and the order of the writes to each place in memory.
//
// A thread runs until it needs a value; then the reads below that value are decided, each from the writes there are, or
// from one still to come (`after`). That finds every execution in which no value is its own cause, once; those are the
// executions in question, for each of the three models forbids the others (a cycle of read-from and dependencies).
// Coherence and the atomicity of read-modify-writes hold in every model, so candidates without them are not made.
//
// Memory is looked at in granules, the smallest size that the test accesses, so that accesses of different sizes can
// overlap: a read has one source a granule, and writes are ordered in each.
import { cellsOf, orders } from "./coherence.ts";
import { type Event, programOrder } from "./event.ts";
import { covers, type Execution, type Frame, initial, initialBytes } from "./execution.ts";
import type { LitmusTest } from "./test.ts";
import { type Around, advance, start, type ThreadState } from "./thread.ts";
import { evaluate, known, leaves, read, type Value } from "./value.ts";

const undecided = -2;

/** The search came to an access that is not aligned to the granule; it has to begin again with a smaller one. */
export class Finer {}
export class TooManyCandidates {}

interface Partial {
  readonly threads: ThreadState[];
  readonly events: Event[];
  readonly sources: number[][];
  /** By event and granule: only writes from this id on may still be its source; above 0, the initial value may not. */
  readonly after: number[][];
}

type Decided = { readonly events: readonly Event[]; readonly sources: readonly (readonly number[])[] };

/** Called for each frame, and what it returns for each execution of the frame. */
export type Visit = (frame: Frame) => (execution: Execution) => void;

export function candidates(test: LitmusTest, granule: number, most: number, visit: Visit): void {
  const threads = test.threads.map((_, index) => start(test, index));
  new Search(test, granule, most, visit).run({ threads, events: [], sources: [], after: [] });
}

class Search {
  private readonly test: LitmusTest;
  private readonly granule: number;
  private readonly visit: Visit;
  private left: number;
  constructor(test: LitmusTest, granule: number, most: number, visit: Visit) {
    this.test = test;
    this.granule = granule;
    this.visit = visit;
    this.left = most;
  }

  run(partial: Partial): void {
    const needs: Value[] = [];
    const around = this.around(partial);
    partial.threads.forEach((thread, index) => {
      const ran = advance(thread, around);
      partial.threads[index] = ran.state;
      if (ran.needs !== undefined) needs.push(ran.needs);
    });
    if (needs.length === 0) {
      this.complete(partial);
      return;
    }
    const slot = this.slots(partial, needs).find(
      ([event, part]) => (partial.after[event]?.[part] ?? 0) < partial.events.length,
    );
    if (slot === undefined) return;
    const [event, part] = slot;
    for (const source of this.options(partial, event, part)) {
      const next = copied(partial);
      assign(next.sources, event, part, source);
      this.run(next);
    }
    const later = copied(partial);
    assign(later.after, event, part, partial.events.length);
    this.run(later);
  }

  private around(partial: Partial): Around {
    const { granule } = this;
    return {
      test: this.test,
      value: (of) => evaluate(of, (event) => this.readValue(partial, event, new Set())),
      nextId: () => partial.events.length,
      emit(event) {
        if (event.address % granule !== 0 || event.size % granule !== 0) throw new Finer();
        partial.events.push({ ...event, id: partial.events.length });
        const parts = event.reads ? event.size / granule : 0;
        partial.sources.push(new Array<number>(parts).fill(undecided));
        partial.after.push(new Array<number>(parts).fill(0));
      },
      succeeded(read) {
        const event = partial.events[read];
        if (event !== undefined) partial.events[read] = { ...event, order: "full" };
      },
    };
  }

  /** What a read gets from its sources; undefined where one is not decided, or where the value would be its own cause. */
  private readValue(partial: Decided, id: number, above: Set<number>): bigint | undefined {
    const event = partial.events[id];
    if (event === undefined || above.has(id)) return undefined;
    above.add(id);
    let out: bigint | undefined = 0n;
    const bits = BigInt(this.granule * 8);
    const parts = partial.sources[id] ?? [];
    for (const [part, source] of parts.entries()) {
      const address = event.address + part * this.granule;
      const bytes = source === undecided ? undefined : this.written(partial, source, address, above);
      if (bytes === undefined) {
        out = undefined;
        break;
      }
      out |= bytes << (BigInt(part) * bits);
    }
    above.delete(id);
    return out;
  }

  /** The granule at `address` as `source` left it. */
  private written(partial: Decided, source: number, address: number, above: Set<number>): bigint | undefined {
    if (source === initial) return initialBytes(this.test, address, this.granule);
    const write = partial.events[source];
    if (write?.written === undefined) return undefined;
    const value = evaluate(write.written, (read) => this.readValue(partial, read, above));
    if (value === undefined) return undefined;
    return BigInt.asUintN(this.granule * 8, value >> BigInt((address - write.address) * 8));
  }

  /** The undecided parts of reads that the values come from. */
  private slots(partial: Partial, needs: readonly Value[]): readonly (readonly [number, number])[] {
    const out: (readonly [number, number])[] = [];
    const seen = new Set<number>();
    const visit = (value: Value): void => {
      for (const event of leaves(value)) {
        if (seen.has(event)) continue;
        seen.add(event);
        partial.sources[event]?.forEach((source, part) => {
          if (source === undecided) out.push([event, part]);
          const written = partial.events[source]?.written;
          if (written !== undefined) visit(written);
        });
      }
    };
    needs.forEach(visit);
    return out;
  }

  /** The writes that part of a read may see as far as its own thread goes; a thread sees its own latest write or a newer one. */
  private options(partial: Partial, id: number, part: number): readonly number[] {
    const { events } = partial;
    const read = events[id];
    if (read === undefined) return [];
    const address = read.address + part * this.granule;
    const least = partial.after[id]?.[part] ?? 0;
    const here = events.filter((each) => each.writes && covers(each, address));
    const own = here.findLast((each) => programOrder(each, read));
    const out = here.filter((each) => each.id >= least && (each.thread !== read.thread || each === own));
    const ids = out.map((each) => each.id);
    return own === undefined && least === 0 ? [initial, ...ids] : ids;
  }

  private complete(partial: Partial): void {
    const { test, granule } = this;
    const { threads, events } = partial;
    const frame: Frame = { test, granule, threads, events };
    const visit = this.visit(frame);
    const sources = partial.sources.map((each) => [...each]);
    const slots: { readonly event: number; readonly part: number; readonly options: readonly number[] }[] = [];
    partial.sources.forEach((parts, event) => {
      parts.forEach((source, part) => {
        if (source === undecided) slots.push({ event, part, options: this.options(partial, event, part) });
      });
    });
    const choose = (at: number): void => {
      const slot = slots[at];
      if (slot === undefined) {
        this.ordered(frame, sources, visit);
        return;
      }
      for (const source of slot.options) {
        assign(sources, slot.event, slot.part, source);
        choose(at + 1);
      }
    };
    choose(0);
  }

  private ordered(frame: Frame, sources: readonly number[][], visit: (execution: Execution) => void): void {
    const cells = cellsOf(frame, sources);
    if (cells === undefined) return;
    const got = this.all(frame, sources, (event) => (event.reads ? read(event.id, 0) : known(0n)));
    const wrote = this.all(frame, sources, (event) => event.written ?? known(0n));
    if (got === undefined || wrote === undefined) return;
    for (const ordered of orders(frame, sources, cells)) {
      if (this.left-- <= 0) throw new TooManyCandidates();
      visit({ frame, sources: sources.map((each) => [...each]), got, wrote, cells: ordered });
    }
  }

  /** A value of each event, cut to its size; undefined where one is its own cause. */
  private all(frame: Frame, sources: readonly number[][], of: (event: Event) => Value): readonly bigint[] | undefined {
    const partial = { events: frame.events, sources };
    const out: bigint[] = [];
    for (const event of frame.events) {
      const value = evaluate(of(event), (id) => this.readValue(partial, id, new Set()));
      if (value === undefined) return undefined;
      out.push(BigInt.asUintN(event.size * 8, value));
    }
    return out;
  }
}

function copied(partial: Partial): Partial {
  return {
    threads: [...partial.threads],
    events: [...partial.events],
    sources: partial.sources.map((each) => [...each]),
    after: partial.after.map((each) => [...each]),
  };
}

function assign(table: readonly number[][], event: number, part: number, value: number): void {
  const row = table[event];
  if (row !== undefined) row[part] = value;
}
