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
import { type FutureWrite, futureWrites } from "./future.ts";
import type { LitmusTest } from "./test.ts";
import { type Around, advance, start, type ThreadState } from "./thread.ts";
import { evaluate, known, leaves, read, type Value } from "./value.ts";

const undecided = -2;
const choicesPerCandidate = 10;

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

type Undecided = Decided & Pick<Partial, "after">;
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
  /** Choices that may still be made, for those that come to nothing. */
  private choices: number;
  constructor(test: LitmusTest, granule: number, most: number, visit: Visit) {
    this.test = test;
    this.granule = granule;
    this.visit = visit;
    this.left = most;
    this.choices = choicesPerCandidate * most;
  }

  run(partial: Partial): void {
    this.chosen();
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
    const future = futureWrites(this.test, partial.threads, around.value);
    const slot = this.slots(partial, needs).find(
      ([event, part]) => (partial.after[event]?.[part] ?? 0) < partial.events.length,
    );
    if (slot === undefined) return;
    const [event, part] = slot;
    for (const source of this.options(partial, future, event, part)) {
      const next = copied(partial);
      assign(next.sources, event, part, source);
      this.run(next);
    }
    const read = partial.events[event];
    const address = (read?.address ?? 0) + part * this.granule;
    if (!future.some((each) => each.thread !== read?.thread && writesTo(each, address))) return;
    const later = copied(partial);
    assign(later.after, event, part, partial.events.length);
    this.run(later);
  }

  private chosen(): void {
    if (this.choices-- <= 0) throw new TooManyCandidates();
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

  /**
   * The writes that part of a read may see as far as is known by now: of its own thread the latest before it, or any of the
   * others, and none that would leave the read or a write in pieces beside the parts already decided.
   */
  private options(partial: Undecided, future: readonly FutureWrite[], id: number, part: number): readonly number[] {
    const { events, sources } = partial;
    const read = events[id];
    if (read === undefined) return [];
    const after = partial.after[id]?.[part] ?? 0;
    const address = (each: number): number => read.address + each * this.granule;
    const here = events.filter((each) => each.writes && covers(each, address(part)));
    const own = here.findLast((each) => programOrder(each, read));
    const writes = here.filter((each) => each.id >= after && (each.thread !== read.thread || each === own));
    const ids = writes.map((each) => each.id);
    const seen = (sources[id] ?? []).map((source, other) => ({ source, address: address(other) }));
    const alike = [...here, ...future.filter((each) => writesTo(each, address(part)))];
    const whole = alike.every((each) => each.size < Number.POSITIVE_INFINITY);
    const sameWrites = (other: number): boolean =>
      whole && alike.every((each) => writesTo(each, other)) && alike.length === writers(events, future, other);
    return (own === undefined && after === 0 ? [initial, ...ids] : ids).filter((source) =>
      seen.every(
        (other) =>
          other.source === undecided ||
          other.source === source ||
          (!sameWrites(other.address) && together(events, source, address(part), other)),
      ),
    );
  }

  private complete(partial: Partial): void {
    const { test, granule } = this;
    const { threads, events } = partial;
    const frame: Frame = { test, granule, threads, events };
    const visit = this.visit(frame);
    const sources = partial.sources.map((each) => [...each]);
    const slots = partial.sources.flatMap((parts, event) =>
      parts.flatMap((source, part) => (source === undecided ? [[event, part] as const] : [])),
    );
    const choose = (at: number): void => {
      const [event, part] = slots[at] ?? [];
      if (event === undefined || part === undefined) {
        this.ordered(frame, sources, visit);
        return;
      }
      for (const source of this.options({ events, sources, after: partial.after }, [], event, part)) {
        this.chosen();
        assign(sources, event, part, source);
        choose(at + 1);
      }
      assign(sources, event, part, undecided);
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

function writesTo(write: Pick<FutureWrite, "address" | "size">, address: number): boolean {
  return write.address <= address && address < write.address + write.size;
}

/** How many writes, done or to come, write to a granule. */
function writers(events: readonly Event[], future: readonly FutureWrite[], address: number): number {
  const done = events.filter((each) => each.writes && covers(each, address)).length;
  return done + future.filter((each) => writesTo(each, address)).length;
}

/**
 * Whether a read can see `source` in the granule at `address` and `other.source` in another: not if one of them wrote both
 * granules, and is newer than what is seen of the other.
 */
function together(
  events: readonly Event[],
  source: number,
  address: number,
  other: { readonly source: number; readonly address: number },
): boolean {
  const [one, two] = [events[source], events[other.source]];
  const oneThere = one !== undefined && covers(one, other.address);
  const twoHere = two !== undefined && covers(two, address);
  if (oneThere && twoHere) return false;
  if (oneThere && (two === undefined || programOrder(two, one))) return false;
  return !(twoHere && (one === undefined || programOrder(one, two)));
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
