// The three memory models. Each says which executions can happen, by relations that must have no cycle. Coherence and
// the atomicity of read-modify-writes are common to all of them and are seen to before (coherence.ts).
import type { Event } from "./event.ts";
import type { Execution, Frame } from "./execution.ts";
import { Relation } from "./relation.ts";
import { communication, staticRelations } from "./relations.ts";

export const memoryModels = ["sc", "tso", "bpf"] as const;
export type MemoryModel = (typeof memoryModels)[number];

export interface ModelOptions {
  /** TSO: a compare-and-exchange that finds another value is a barrier too, as every `lock cmpxchg` of x86 is. Default: it is none. */
  readonly failedExchangeFences?: boolean;
}

/** The axiom that an execution breaks, with the events of a shortest cycle. */
export interface Violation {
  readonly axiom: string;
  readonly cycle: readonly number[];
}

/** Judges the executions of one frame: what they break, or undefined if they can happen. */
export type Judge = (execution: Execution) => Violation | undefined;

export const models: Readonly<Record<MemoryModel, (frame: Frame, options: ModelOptions) => Judge>> = {
  sc: sequential,
  tso: storeBuffers,
  bpf,
};

function mustNotCycle(axiom: string, relation: Relation): Violation | undefined {
  if (relation.acyclic()) return undefined;
  return { axiom, cycle: relation.cycle() ?? [] };
}

/** Sequential consistency (Lamport 1979): one order of all accesses, which every thread's program order agrees with. */
function sequential(frame: Frame): Judge {
  const fixed = staticRelations(frame);
  return (execution) => {
    const { rf, co, fr } = communication(execution, fixed);
    return mustNotCycle("one order of all accesses", fixed.po.union(rf, co, fr));
  };
}

/**
 * Total store order: a write waits in a buffer of its CPU while later reads of that CPU go ahead, and is seen by its own
 * CPU at once (Owens, Sarkar, Sewell 2009, as axioms). Program order holds but from a write to a later read, and
 * there too if either belongs to a read-modify-write that wrote.
 */
function storeBuffers(frame: Frame, options: ModelOptions): Judge {
  const fixed = staticRelations(frame);
  const locked = (event: Event): boolean =>
    event.order === "full" ||
    event.order === "relaxed" ||
    (event.order === "failed" && options.failedExchangeFences === true);
  const passes = pairs(frame, (a, b) => a.writes && b.reads && !locked(a) && !locked(b));
  const kept = fixed.po.without(passes);
  return (execution) => {
    const { rfe, co, fr } = communication(execution, fixed);
    return mustNotCycle("one order of all writes", kept.union(rfe, co, fr));
  };
}

/**
 * The BPF memory model, as Puranjay Mohan and Paul E. McKenney state it for herd7 (bpf.cat of herdtools7, after the Linux
 * kernel's model: Alglave, Maranget, McKenney, Parri, Stern 2018). In its words: an atomic operation that returns a
 * value and wrote is a full barrier; load-acquire and store-release order one way (RCpc); an address, data or control
 * dependency orders a read before what depends on it (control: writes only). `happens before` must have no cycle, nor
 * must `propagates before`: what a barrier's thread had seen or written is everywhere before anything after the barrier.
 */
function bpf(frame: Frame): Judge {
  const fixed = staticRelations(frame);
  const { po, addr, data, ctrl, paired, internal, events } = fixed;
  const size = events.length;
  const barrier = pairs(
    frame,
    (a, b) => (b.order === "full" && b.reads) || (a.order === "full" && a.writes),
  ).intersection(po);
  const release = pairs(frame, (_, b) => b.order === "release").intersection(po);
  const acquire = pairs(frame, (a) => a.order === "acquire").intersection(po);
  const toWrite = pairs(frame, (_, b) => b.writes);
  const dataToWrite = data.intersection(toWrite);
  const kept = barrier.union(
    release,
    acquire,
    addr,
    dataToWrite,
    ctrl.intersection(toWrite),
    addr.followedBy(po).intersection(toWrite),
  );
  const intoWrite = addr.intersection(toWrite).union(dataToWrite);
  const readModifyWrite = Relation.of(size, (from, to) => from === to && isBoth(events[from]));
  const identity = Relation.identity(size);
  return (execution) => {
    const { rf, co, fr, rfe, coe, fre } = communication(execution, fixed);
    const inThread = co.union(fr).intersection(internal);
    const preserved = kept.union(intoWrite.followedBy(rf.intersection(internal)), inThread);
    const cumulative = rfe.orSame().followedBy(barrier.union(release));
    const sequence = rf.followedBy(readModifyWrite.union(paired)).closure().orSame();
    const steps = cumulative.followedBy(sequence).closure().orSame();
    const propagation = coe.union(fre).orSame().followedBy(steps).followedBy(rfe.orSame());
    const before = preserved.union(rfe, propagation.without(identity).intersection(internal));
    return (
      mustNotCycle("happens before", before) ??
      mustNotCycle("propagates before", propagation.followedBy(barrier).followedBy(before.closure().orSame()))
    );
  };
}

function isBoth(event: Event | undefined): boolean {
  return event?.reads === true && event.writes;
}

function pairs(frame: Frame, holds: (a: Event, b: Event) => boolean): Relation {
  const { events } = frame;
  return Relation.of(events.length, (from, to) => {
    const [a, b] = [events[from], events[to]];
    return a !== undefined && b !== undefined && holds(a, b);
  });
}
