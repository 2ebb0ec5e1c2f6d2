// The port through which helper bodies reach the machine that runs them. The machine (vm/) implements it;
// nothing in host/ imports maps, memory or RCU. Numbers cross it as int32 words, never as bigint.

import type { StructName } from "./objects.ts";

/** One call in progress: its arguments, its result, and what it may ask of the machine. Arguments are named by number: 0 is r1. */
export interface HostCall {
  /** Low and high words of argument `i` (0 is r1). */
  lo(i: number): number;
  hi(i: number): number;

  /** Ends the call with a 64-bit number in r0. */
  returns(lo: number, hi: number): void;
  /** Ends the call with a small signed number (an errno, a count) in r0. */
  returnsNumber(value: number): void;
  /** Checks `count` bytes at the address in argument `i`; false if they are not all there, and the fault is raised. */
  readable(i: number, count: number): boolean;
  writable(i: number, count: number): boolean;
  /** One byte at the address in argument `i` plus `offset`; check the range first. */
  byte(i: number, offset: number): number;
  setByte(i: number, offset: number, value: number): void;

  readonly maps: HostMaps;
  readonly rcu: { lock(): void; unlock(): void };
  readonly clock: { nanoseconds(): bigint; bootNanoseconds(): bigint };
  readonly random: () => number;
  readonly cpu: number;
  readonly task: {
    readonly pid: number;
    readonly tgid: number;
    readonly uid: number;
    readonly gid: number;
    readonly comm: string;
  };
  /** Ends the call with a pointer to the machine's object of that type in r0. */
  returnsObject(name: StructName): void;
  /** A line for the trace pipe. */
  print(text: string): void;
  /** Reads a NUL-terminated string of at most `most` bytes at an address; null when it faults. */
  string(lo: number, hi: number, most: number): string | null;
  /** The same, and "" where there is nothing to read: no fault. */
  stringIfThere(lo: number, hi: number, most: number): string;

  /** Runs `callback(index, context)` for 0..count-1 until it returns 1, then ends the call with the number of runs. */
  loop(count: number, callbackArg: number, contextArg: number): void;
  forEach(mapArg: number, callbackArg: number, contextArg: number): void;
  timer: {
    init(timerArg: number, mapArg: number, clockId: number): void;
    setCallback(timerArg: number, callbackArg: number): void;
    start(timerArg: number, nanoseconds: bigint): void;
    cancel(timerArg: number): void;
  };
  spin: { lock(arg: number): void; unlock(arg: number): void };
  preempt: { disable(): void; enable(): void };
  iter: { create(arg: number, start: number, end: number): void; next(arg: number): void; destroy(arg: number): void };
  readonly dynptr: HostDynptrs;
  /** Replaces the running program; ends the call with an error number when the slot is empty. */
  tailCall(mapArg: number, index: number): void;
  throwException(lo: number, hi: number): void;
  /** Copies `size` packet bytes from `offset` to the memory in argument `to`; -EFAULT past the end. */
  packetLoad(offset: number, to: number, size: number): void;
}

/** What dynptrs do, by argument number. */
export interface HostDynptrs {
  fromMemory(data: number, size: number, flags: number, to: number): void;
  reserve(map: number, size: number, flags: number, to: number): void;
  /** Submits the record behind a dynptr, or discards it. */
  giveBack(dynptr: number, discard: boolean): void;
  data(dynptr: number, offset: number, length: number): void;
  read(to: number, size: number, dynptr: number, offset: number, flags: number): void;
  write(dynptr: number, offset: number, from: number, size: number, flags: number): void;
}

/** Map operations by argument number; each ends the call when its last step is done. */
export interface HostMaps {
  lookup(map: number, key: number): void;
  lookupPercpu(map: number, key: number, cpu: number): void;
  update(map: number, key: number, value: number, flags: number): void;
  remove(map: number, key: number): void;
  push(map: number, value: number, flags: number): void;
  pop(map: number, value: number): void;
  peek(map: number, value: number): void;
  ringbufOutput(map: number, data: number, size: number, flags: number): void;
  ringbufReserve(map: number, size: number, flags: number): void;
  ringbufSubmit(record: number, flags: number): void;
  ringbufDiscard(record: number, flags: number): void;
  ringbufQuery(map: number, flags: number): void;
}
