// What the search for executions makes, and the models judge.

import type { Event } from "./event.ts";
import { areaOf, type LitmusTest } from "./test.ts";
import type { ThreadState } from "./thread.ts";

/** The program's part of an execution, when every thread has ended: its events, before their sources are all decided. */
export interface Frame {
  readonly test: LitmusTest;
  readonly granule: number;
  readonly threads: readonly ThreadState[];
  readonly events: readonly Event[];
}

export interface Execution {
  readonly frame: Frame;
  /** By event and granule: the write that the read sees, or `initial`. */
  readonly sources: readonly (readonly number[])[];
  /** By event: the bytes that it reads and that it writes, as unsigned numbers. */
  readonly got: readonly bigint[];
  readonly wrote: readonly bigint[];
  /** Places in memory that the same writes write to, and the order of those writes. */
  readonly cells: readonly Cell[];
}

/** Granules that exactly the same writes write to: one order serves for all of them. */
export interface Cell {
  readonly granules: readonly number[];
  /** Ids of the writes, in coherence order. */
  readonly writes: readonly number[];
}

/** In place of a write's id: the value at the start. */
export const initial = -1;

export function covers(event: Event, address: number): boolean {
  return event.address <= address && address < event.address + event.size;
}

/** `size` bytes of memory at the start; a location's initial value fills its first 8. */
export function initialBytes(test: LitmusTest, address: number, size: number): bigint {
  const area = areaOf(test, address, size);
  const location = area === undefined ? undefined : test.locations[area];
  if (location === undefined) return 0n;
  const offset = address - location.address;
  return offset >= 8 ? 0n : BigInt.asUintN(size * 8, BigInt.asUintN(64, location.initial) >> BigInt(offset * 8));
}

/** A granule of memory when every write has happened. */
export function finalGranule(execution: Execution, address: number): bigint {
  const { frame, cells, wrote } = execution;
  const last = cells.find((each) => each.granules.includes(address))?.writes.at(-1);
  const event = last === undefined ? undefined : frame.events[last];
  if (event === undefined) return initialBytes(frame.test, address, frame.granule);
  return BigInt.asUintN(frame.granule * 8, (wrote[event.id] ?? 0n) >> BigInt((address - event.address) * 8));
}
