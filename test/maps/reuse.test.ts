// When the memory of a value is used again: what a pointer taken before sees afterwards. The numbers were measured on
// Linux 6.18 with a program that does all of it on one CPU (a later one of it fills the map from the other).
import { expect, it } from "vitest";
import type { MapType } from "../../src/isa/program.ts";
import { create } from "../../src/maps/errno.ts";
import { op as w } from "../../src/maps/layout.ts";
import { rig, u32, u64 } from "./rig.ts";

type Step = readonly ["delete", number] | readonly ["update", number, number];
const removal: readonly Step[] = [
  ["delete", 1],
  ["update", 2, 77],
];
const replacement: readonly Step[] = [
  ["update", 1, 5],
  ["update", 2, 9],
  ["update", 1, 6],
];

/** *p after each step, with p = lookup(1). */
function seen(type: MapType, flags: number, filled: readonly number[], steps: readonly Step[], fillCpu = 0): number[] {
  const { memory, make, program } = rig();
  const id = make({ type, flags, maxEntries: 16 });
  const filler = program(fillCpu);
  for (const key of filled) filler.update(id, u32(key), u64(key));
  const running = program(0);
  const p = running.lookup(id, u32(1));
  return steps.map(([what, key, value = 0]) => {
    if (what === "delete") running.delete(id, u32(key));
    else running.update(id, u32(key), u64(value));
    return memory.i32[p >> 2];
  });
}

it.each([
  ["hash", 0, [1, 77], [1, 9, 9]],
  ["hash", create.BPF_F_NO_PREALLOC, [1, 77], [1, 9, 9]],
  ["lru_hash", 0, [1, 77], [1, 9, 9]],
] as const)("%s with flags %i reuses an element at once", (type, flags, afterRemoval, afterReplacement) => {
  expect(seen(type, flags, [1], removal)).toEqual(afterRemoval);
  expect(seen(type, flags, [1, 2], replacement)).toEqual(afterReplacement);
});

it("an LRU element goes back to the CPU that took it, so another CPU does not reuse it", () => {
  expect(seen("lru_hash", 0, [1, 2], replacement, 1)).toEqual([1, 1, 1]);
  expect(seen("hash", 0, [1, 2], replacement, 1)).toEqual([1, 9, 9]);
});

it("an array element stays where it is and is written in place", () => {
  expect(seen("array", 0, [1, 2], replacement)).toEqual([5, 5, 6]);
});

it("the generation beside a pointer tells a deleted element from a reused one", () => {
  const { memory, make, program } = rig();
  const id = make({});
  const { op, lookup, update, delete: remove } = program(0);
  update(id, u32(1), u64(1));
  const p = lookup(id, u32(1));
  const [born, at] = [memory.i32[op + w.generation], memory.i32[op + w.generationAt]];
  expect(born % 2).toBe(0);
  expect(memory.generationAt(memory.regionAt(p), p + 4)).toBe(at);
  remove(id, u32(1));
  expect(memory.i32[at >> 2]).toBe(born + 1);
  update(id, u32(2), u64(2));
  expect(memory.i32[at >> 2]).toBe(born + 2);
  expect(lookup(id, u32(2))).toBe(p);
});

it("a region of elements lets a program touch a value's own bytes and nothing beside them", () => {
  const { memory, make, program } = rig();
  const id = make({ valueSize: 8, keySize: 4 });
  const { update, lookup } = program(0);
  update(id, u32(1), u64(1));
  const p = lookup(id, u32(1));
  const region = memory.regionAt(p);
  expect([-1, 0, 1].map((by) => memory.fits(region, p + by, 8))).toEqual([false, true, false]);
});
