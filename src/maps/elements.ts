// Where the elements of a hash table come from and go to. Whatever is freed is handed out again at once, last in first
// out, on the CPU that freed it, while readers may still hold it (concurrency.md, M7): preallocated elements through a
// list for each CPU, others through the same lists fed from slabs.
import { kind } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";
import { create as flag } from "./errno.ts";
import { ATOMIC, BEGIN, GIVE, type Ground, go, mapOf, step, WRITE } from "./ground.ts";
import { element, map, type Status, op as w } from "./layout.ts";

interface Ends {
  readonly taken: (ground: Ground, op: number) => Status;
  /** There is none: `error` says why. */
  readonly refused: (ground: Ground, op: number, error: number) => Status;
}

/** Elements a slab holds: a slab is one region of memory. */
export const SLAB = 16;

/** Steps that leave a new element in `op.fresh`, given what to do with it; `op.old` is the element it replaces, or 0. */
export function allocation(full: number, exhausted: number, ends: Ends): (ground: Ground, op: number) => Status {
  const takeExtra = step("element: exchange the spare", ATOMIC | BEGIN, 4, (ground, op) => {
    const { i32 } = ground.memory;
    const at = i32[op + w.at] >> 2;
    const fresh = i32[at];
    i32[at] = i32[op + w.old];
    return taken(ground, op, fresh);
  });

  const popFree = step("element: pop a free list", ATOMIC | BEGIN, 4, (ground, op) => {
    const { i32 } = ground.memory;
    const at = i32[op + w.at];
    const found = i32[at >> 2];
    if (found !== 0) {
      i32[at >> 2] = i32[(found >> 2) + element.free];
      return taken(ground, op, found);
    }
    const header = mapOf(ground, op);
    // A preallocated table steals from the other CPUs, in order; a slab cache does not.
    if (i32[header + map.flags] & flag.BPF_F_NO_PREALLOC) return go(ground, op, carve, (header + map.slabUsed) << 2);
    const lists = i32[header + map.freeLists];
    const next = (((at - lists) >> 2) + 1) % ground.cpus;
    if (next === i32[op + w.cpu]) return ends.refused(ground, op, full);
    return go(ground, op, popFree, lists + next * 4);
  });

  const countUp = step("element: count it in", ATOMIC, 4, (ground, op) => {
    const { i32 } = ground.memory;
    const header = mapOf(ground, op);
    if (i32[header + map.count] >>> 0 >= i32[header + map.maxEntries] >>> 0) return ends.refused(ground, op, full);
    i32[header + map.count]++;
    return pop(ground, op);
  });

  const carve = step("element: carve from a slab", ATOMIC, 4, (ground, op) => {
    const fresh = carveSlab(ground.memory, mapOf(ground, op));
    if (fresh !== 0) return taken(ground, op, fresh);
    if (ground.memory.i32[op + w.old] === 0) ground.memory.i32[mapOf(ground, op) + map.count]--;
    return ends.refused(ground, op, exhausted);
  });

  function pop(ground: Ground, op: number): Status {
    const { i32 } = ground.memory;
    return go(ground, op, popFree, i32[mapOf(ground, op) + map.freeLists] + i32[op + w.cpu] * 4);
  }

  function taken(ground: Ground, op: number, fresh: number): Status {
    const { i32 } = ground.memory;
    i32[op + w.fresh] = fresh;
    i32[(fresh >> 2) + element.generation]++;
    return ends.taken(ground, op);
  }

  return (ground, op) => {
    const { i32 } = ground.memory;
    const header = mapOf(ground, op);
    const replaces = i32[op + w.old] !== 0;
    if (i32[header + map.flags] & flag.BPF_F_NO_PREALLOC) {
      return replaces ? pop(ground, op) : go(ground, op, countUp, (header + map.count) << 2);
    }
    if (replaces) return go(ground, op, takeExtra, i32[header + map.extra] + i32[op + w.cpu] * 4);
    return pop(ground, op);
  };
}

/** Gives `op.release` back to this CPU's list, then goes to row `resume`. */
export function giveBack(ground: Ground, op: number, resume: number): Status {
  const { i32 } = ground.memory;
  i32[op + w.resume] = resume;
  return go(ground, op, pushFree, i32[mapOf(ground, op) + map.freeLists] + i32[op + w.cpu] * 4);
}

const pushFree = step("element: push on a free list", WRITE | GIVE, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const at = i32[op + w.at] >> 2;
  const item = i32[op + w.release];
  i32[(item >> 2) + element.free] = i32[at];
  i32[at] = item;
  return go(ground, op, i32[op + w.resume], 0);
});

/** An element out of the map's newest slab, or of a new one; 0 when memory is exhausted. */
function carveSlab(memory: Memory, header: number): number {
  const stride = memory.i32[header + map.stride];
  if (memory.i32[header + map.slab] === 0 || memory.i32[header + map.slabUsed] === SLAB) {
    const slab = memory.allocate(stride * SLAB, 8, kind.mapValues, memory.i32[header + map.id]);
    if (slab === 0) return 0;
    divide(memory, header, slab);
    memory.i32[header + map.slab] = slab;
    memory.i32[header + map.slabUsed] = 0;
  }
  const { i32 } = memory;
  const item = i32[header + map.slab] + i32[header + map.slabUsed]++ * stride;
  i32[(item >> 2) + element.generation] = 1;
  return item;
}

/** Says where in the region at `base` the values of this map's elements are. */
export function divide(memory: Memory, header: number, base: number): void {
  const { i32 } = memory;
  memory.divide(base, {
    stride: i32[header + map.stride],
    first: i32[header + map.valueOffset],
    length: i32[header + map.room],
    generationAt: element.generation * 4,
  });
}

/** Puts `count` preallocated elements on the CPUs' lists in equal parts, and takes a spare for each CPU if asked. */
export function populate(memory: Memory, header: number, count: number, cpus: number, spares: boolean): void {
  const { i32 } = memory;
  const lists = i32[header + map.freeLists] >> 2;
  const stride = i32[header + map.stride];
  let item = i32[header + map.values];
  for (let cpu = 0; cpu < cpus; cpu++) {
    const part = Math.floor(count / cpus) + (cpu < count % cpus ? 1 : 0);
    for (let i = 0; i < part; i++, item += stride) {
      i32[(item >> 2) + element.generation] = 1;
      i32[(item >> 2) + element.free] = i32[lists + cpu];
      i32[lists + cpu] = item;
    }
  }
  if (!spares) return;
  for (let cpu = 0, from = 0; cpu < cpus; cpu++) {
    while (i32[lists + from] === 0) from++;
    const spare = i32[lists + from];
    i32[lists + from] = i32[(spare >> 2) + element.free];
    i32[(i32[header + map.extra] >> 2) + cpu] = spare;
  }
}
