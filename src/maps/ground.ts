// What every step stands on: the memory, the RCU domain, and the choices that a scenario may make for it.
// A step is a row: its name, what it touches (before it runs: in `op.at`), and its code. An operation's pc is the number of a
// row, so its whole state is words. The number follows from the name: threads that share words may have loaded the files with the
// steps in another order, and mean the same step by it all the same.
import { POINTER_HIGH } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";
import type { RcuDomain } from "../rcu/domain.ts";
import { BLOCKED, DONE, map, RUNNING, type Status, op as w } from "./layout.ts";

export interface Profile {
  /** Updating or deleting in a map of maps waits for running programs (since 1ae80cf31938, 2018). */
  readonly outerUpdateWaits: boolean;
  /** In what order a value is copied: ascending words of 8 bytes, or any (then `choose` is asked). */
  readonly copyOrder: "ascending" | "free";
  /** A new element under BPF_F_LOCK is filled with its lock held (07738bc566c3, 2026). */
  readonly lockedFill: boolean;
  /** Which key an LRU table throws out: the one Linux would, or any unused one (then `choose` is asked). */
  readonly eviction: "kernel" | "free";
  /** What an inner map waits for where a sleepable program may use the outer one: ordinary readers alone, or both kinds. */
  readonly innerMapFree: "rcu" | "both";
}

export interface Ground {
  readonly memory: Memory;
  readonly rcu: RcuDomain;
  readonly cpus: number;
  /** Index of one word a CPU: the operation that runs there with interrupts off, 0 if none does. */
  readonly holders: number;
  readonly profile: Profile;
  /** Picks one of n possibilities; 0 is what a machine alone would do. */
  readonly choose: (n: number) => number;
  /** The kind of deferred call that frees a map. */
  readonly freeMapCall: number;
  /** Whether a number that userspace puts into a prog_array names a program. */
  readonly isProgram: (handle: number) => boolean;
}

/** What a step does to the bytes at `op.at`. */
export const READ = 1;
export const WRITE = 2;
/** One indivisible read and write. */
export const ATOMIC = 4;
/** Takes or releases the lock word, and with it the CPU. */
export const LOCK = 8;
/** Touches the RCU domain instead of bytes. */
export const RCU = 16;
/** Reads at `op.from + i` as well as writing at `op.to + i`. */
export const COPY = 32;

/** Also ends or begins the life of an element, that is writes its generation: the one that stands at `op.at`. */
export const BEGIN = 64;
/** The same for `op.old`. */
export const END = 128;
/** May evict: then it writes elements and buckets of the whole map. */
export const EVICT = 256;
/** Also writes the free-list link of `op.release`. */
export const GIVE = 512;

export type Run = (ground: Ground, op: number) => Status;
interface Row {
  readonly name: string;
  readonly access: number;
  /** 0: the length stands in `op.length`. */
  readonly size: number;
  readonly run: Run;
}

const idle: Row = { name: "idle", access: 0, size: 0, run: () => DONE };
/** Many more numbers than there are steps. */
const rows: Row[] = new Array(1 << 14).fill(idle);

/** Defines a step and gives its number. Each name is used once. */
export function step(name: string, access: number, size: number, run: Run): number {
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash, 31) + name.charCodeAt(at);
  const number = Math.imul(hash, 0x9e3779b1) >>> 18;
  if (number === 0 || rows[number] !== idle) {
    throw new Error(`\`${name}\` and \`${rows[number].name}\` have one number: one of them wants another name`);
  }
  rows[number] = { name, access, size, run };
  return number;
}

export function rowOf(pc: number): Row {
  return rows[pc];
}

/**
 * Takes the lock word at `op.at`; false if that must wait. Linux holds these locks with interrupts off, so that nothing else
 * runs on the CPU meanwhile: what belongs to a CPU alone, such as the spare element of a hash, needs no other protection.
 */
export function acquire(ground: Ground, op: number): boolean {
  const { i32 } = ground.memory;
  const at = i32[op + w.at] >> 2;
  if (i32[at] !== 0 || isShutOut(ground, op)) return false;
  i32[at] = 1;
  if (i32[op + w.held]++ === 0) i32[holderOf(ground, op)] = op;
  return true;
}

/** Releases the lock word at `op.at`. */
export function release(ground: Ground, op: number): void {
  const { i32 } = ground.memory;
  i32[i32[op + w.at] >> 2] = 0;
  if (--i32[op + w.held] === 0) i32[holderOf(ground, op)] = 0;
}

/** Index of the word that says which operation holds the operation's CPU. */
export function holderOf(ground: Ground, op: number): number {
  return ground.holders + ground.memory.i32[op + w.cpu];
}

/** Whether another operation holds its CPU. */
function isShutOut(ground: Ground, op: number): boolean {
  const holder = ground.memory.i32[holderOf(ground, op)];
  return holder !== 0 && holder !== op;
}

/** Runs one step. A blocked operation stays where it is and may be tried again. */
export function advance(ground: Ground, op: number): Status {
  const pc = ground.memory.i32[op + w.pc];
  if (pc === 0) return DONE;
  const status = isShutOut(ground, op) ? BLOCKED : rows[pc].run(ground, op);
  ground.memory.i32[op + w.status] = status;
  return status;
}

/** Runs until it is done or blocked. */
export function run(ground: Ground, op: number): Status {
  return isShutOut(ground, op) ? BLOCKED : runAnyway(ground, op);
}

/** The same even while another operation holds the CPU: for those that only read, and might as well do so from another. */
export function runAnyway(ground: Ground, op: number): Status {
  for (;;) {
    const pc = ground.memory.i32[op + w.pc];
    if (pc === 0) return DONE;
    const status = rows[pc].run(ground, op);
    if (status !== RUNNING) {
      ground.memory.i32[op + w.status] = status;
      return status;
    }
  }
}

/** The next step is row `pc`, and it will touch `at`. */
export function go(ground: Ground, op: number, pc: number, at: number): Status {
  ground.memory.i32[op + w.pc] = pc;
  ground.memory.i32[op + w.at] = at;
  return RUNNING;
}

/** Ends an operation with a number (an errno, a handle) as its result. */
export function finish(ground: Ground, op: number, value: number): Status {
  const { i32 } = ground.memory;
  i32[op + w.lo] = value;
  i32[op + w.hi] = value < 0 ? -1 : 0;
  return end(ground, op);
}

/** Ends an operation with a null pointer. */
export function finishNull(ground: Ground, op: number): Status {
  return finish(ground, op, 0);
}

/** Ends an operation with a pointer to `size` bytes whose lives are counted by the word at `generationAt`. */
export function finishPointer(ground: Ground, op: number, at: number, size: number, generationAt: number): Status {
  const { i32 } = ground.memory;
  i32[op + w.lo] = at;
  i32[op + w.hi] = POINTER_HIGH;
  i32[op + w.region] = ground.memory.regionAt(at);
  i32[op + w.generationAt] = generationAt;
  i32[op + w.generation] = i32[generationAt >> 2];
  i32[op + w.size] = size;
  return end(ground, op);
}

/** Leaves the read-side section that userspace's operations run in, and waits where bpf(2) waits. */
function end(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  i32[op + w.pc] = 0;
  if (i32[op + w.user] !== 0) {
    ground.rcu.unlock(i32[op + w.reader]);
    if (i32[op + w.wait] === WAIT_AT_END && i32[op + w.lo] === 0) {
      const wait = ground.rcu.startWait(); // memory may grow here: `i32` is not to be used again
      ground.memory.i32[op + w.wait] = wait;
      return go(ground, op, waitForReaders, 0);
    }
  }
  i32[op + w.status] = DONE;
  return DONE;
}

/** In `op.wait`: a grace period must pass before a successful operation returns. */
export const WAIT_AT_END = -1;

const waitForReaders = step("rcu: wait for the readers", RCU, 0, (ground, op) => {
  const { i32 } = ground.memory;
  return ground.rcu.isDue(i32[op + w.wait]) ? endWait(ground, op) : BLOCKED;
});

/** Ends an operation that has nothing left to do but wait for the readers. */
export function endWait(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  ground.rcu.endWait(i32[op + w.wait]);
  i32[op + w.wait] = 0;
  i32[op + w.pc] = 0;
  return DONE;
}

/** Index in `i32` of the header of the operation's map. */
export function mapOf(ground: Ground, op: number): number {
  return ground.memory.i32[op + w.map] >> 2;
}

/** Whether the map's values have a lock or a timer in them. */
export function hasFields(ground: Ground, header: number): boolean {
  const { i32 } = ground.memory;
  return i32[header + map.lockField] >= 0 || i32[header + map.timerField] >= 0;
}
