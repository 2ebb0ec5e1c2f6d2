// One access to shared memory by one instruction of one thread.
import type { Value } from "./value.ts";

export interface Event {
  /** Its index among all events of the execution. */
  readonly id: number;
  readonly thread: number;
  /** Its place among the events of its thread. */
  readonly place: number;
  /** Which instruction of the thread's run it belongs to, counted from 0; the two events of a compare-and-exchange share one. */
  readonly step: number;
  readonly pc: number;
  /** A read-modify-write that always writes is one event that reads and writes. */
  readonly reads: boolean;
  readonly writes: boolean;
  readonly address: number;
  readonly size: number;
  /** What it writes; it is cut to `size` bytes. */
  readonly written?: Value;
  readonly order: Order;
  /** The read of the same compare-and-exchange, where this is its write. */
  readonly pairedWith?: number;
  /** Reads of the thread (as in Value.reads) that its address, its data and its being executed depend on. */
  readonly addr: number;
  readonly data: number;
  readonly ctrl: number;
}

/**
 * `full`: an atomic operation that returns the old value and wrote; a barrier on both sides. `relaxed`: one that returns
 * nothing. `failed`: a compare-and-exchange that found another value.
 */
export type Order = "plain" | "acquire" | "release" | "relaxed" | "full" | "failed";

/** Whether two accesses share a byte. */
export function overlap(a: Event, b: Event): boolean {
  return a.address < b.address + b.size && b.address < a.address + a.size;
}

/** Whether `a` is of an earlier instruction of the same thread. */
export function programOrder(a: Event, b: Event): boolean {
  return a.thread === b.thread && a.step < b.step;
}
