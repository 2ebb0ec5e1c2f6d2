// When the memory of a value is used again (concurrency.md, M7): what a pointer taken before sees afterwards. Programs do
// all of it on one CPU, here and, where there is one, on the running kernel; the numbers are Linux 6.18's with two CPUs.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { Program } from "../../src/isa/program.ts";
import { judgeAndRun } from "../../src/kernel/judge.ts";
import { op as w } from "../../src/maps/layout.ts";
import { Machine } from "../../src/vm/machine.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";
import { numbers, rig, u32, u64 } from "./rig.ts";

type Step = readonly ["delete", number] | readonly ["update", number, number];
interface Case {
  readonly name: string;
  /** The map, as its line in a program says it. */
  readonly map: string;
  /** Keys put in first, each with itself as its value. */
  readonly keys: readonly number[];
  /** *p after each step, with p = lookup(1). */
  readonly seen: readonly (readonly [Step, number])[];
}

const removal = (...seen: readonly [number, number]): Case["seen"] => [
  [["delete", 1], seen[0]],
  [["update", 2, 77], seen[1]],
];
const replacement = (...seen: readonly [number, number, number]): Case["seen"] => [
  [["update", 1, 5], seen[0]],
  [["update", 2, 9], seen[1]],
  [["update", 1, 6], seen[2]],
];

/** Two elements come free, and the last of them is used first. */
const lastFirst: Case["seen"] = [
  [["delete", 1], 1],
  [["delete", 2], 1],
  [["update", 3, 7], 1],
  [["update", 4, 8], 8],
];

const both = [1, 2];
const cases: readonly Case[] = [
  { name: "array", map: "type=array, max=8", keys: both, seen: replacement(5, 5, 6) },
  { name: "per-CPU array", map: "type=percpu_array, max=8", keys: both, seen: replacement(5, 5, 6) },
  { name: "hash", map: "type=hash, max=8", keys: [1], seen: removal(1, 77) },
  // The old element becomes the CPU's spare, and the next replacement takes that.
  { name: "hash", map: "type=hash, max=8", keys: both, seen: replacement(1, 9, 9) },
  // Here 2 is new, and comes from the free list.
  { name: "hash with one key", map: "type=hash, max=8", keys: [1], seen: replacement(1, 1, 6) },
  { name: "hash", map: "type=hash, max=8", keys: both, seen: lastFirst },
  { name: "hash, not preallocated", map: "type=hash, max=8, flags=1", keys: [1], seen: removal(1, 77) },
  { name: "hash, not preallocated", map: "type=hash, max=8, flags=1", keys: both, seen: lastFirst },
  { name: "hash, not preallocated", map: "type=hash, max=8, flags=1", keys: both, seen: replacement(1, 9, 9) },
  { name: "per-CPU hash", map: "type=percpu_hash, max=8", keys: [1], seen: removal(1, 77) },
  { name: "per-CPU hash", map: "type=percpu_hash, max=8", keys: both, seen: replacement(5, 5, 6) },
  { name: "LRU", map: "type=lru_hash, max=8", keys: [1], seen: removal(1, 77) },
  // The CPU's free list takes two elements at a time. The keys used them up, so it took two more before the old elements
  // came free. Those went to the common list, and of them the one that came last, key 2's, is used first.
  { name: "LRU", map: "type=lru_hash, max=8", keys: both, seen: replacement(1, 1, 1) },
  { name: "LRU", map: "type=lru_hash, max=8", keys: both, seen: lastFirst },
  // Of sixteen it takes four: the elements of the keys are still its own, and come back to it.
  { name: "larger LRU", map: "type=lru_hash, max=16", keys: both, seen: replacement(1, 9, 9) },
  { name: "smaller LRU", map: "type=lru_hash, max=4", keys: both, seen: replacement(1, 9, 9) },
  // An update asks for an element before it knows that it needs none: what it gets in vain keeps its value.
  {
    name: "small per-CPU LRU",
    map: "type=lru_percpu_hash, max=2",
    keys: [1],
    seen: [
      [["update", 2, 5], 1],
      [["update", 2, 9], 1],
      [["update", 1, 6], 6],
    ],
  },
  { name: "LRU of each CPU", map: "type=lru_hash, max=8, flags=2", keys: [1], seen: removal(1, 77) },
  { name: "LRU of each CPU", map: "type=lru_hash, max=8, flags=2", keys: both, seen: replacement(1, 9, 9) },
  { name: "small LRU of each CPU", map: "type=lru_hash, max=4, flags=2", keys: both, seen: replacement(1, 9, 6) },
];

const text = ({ name, map, seen }: Case) =>
  `${name} (${map}): ${seen.map(([step, value]) => `${step.join(" ")} -> ${value}`).join(", ")}`;

/** A program that puts the keys in, takes p, and writes *p after each step into `out`; or one that does half of that. */
function program({ map, keys, seen }: Case, half?: "fill" | "watch"): Program {
  const keyed = (key: number) => `*(u32 *)(r10 - 4) = ${key}\n r2 = r10\n r2 += -4\n r1 = m ll\n`;
  const step = ([what, key, value]: Step) =>
    what === "delete"
      ? `${keyed(key)} call bpf_map_delete_elem\n`
      : `*(u64 *)(r10 - 16) = ${value}\n ${keyed(key)} r3 = r10\n r3 += -16\n r4 = 0\n call bpf_map_update_elem\n`;
  const made = assemble(`
.rcu implicit
.type socket_filter
.map m, ${map}, key=4, value=8
.map out, type=array, key=4, value=${seen.length * 8}, max=1
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = out ll
  call bpf_map_lookup_elem
  if r0 == 0 goto end
  r7 = r0
  ${(half === "watch" ? [] : keys).map((key) => step(["update", key, key])).join("")}
  ${half === "fill" ? "goto end" : ""}
  ${keyed(1)} call bpf_map_lookup_elem
  if r0 == 0 goto end
  r6 = r0
  ${seen.map(([each], at) => `${step(each)} r1 = *(u64 *)(r6 + 0)\n *(u64 *)(r7 + ${at * 8}) = r1\n`).join("")}
end:
  r0 = 0
  exit`);
  if (!made.ok) throw new Error(made.diagnostics.map((one) => one.text).join("\n"));
  return made.value;
}

/** What the laboratory's program saw; `fillCpu` other than 0: the keys were put in there, by another program. */
function seenHere(test: Case, fillCpu = 0, cpus = 2): number[] {
  const machine = new Machine({ cpus });
  const run = (each: Program, cpu: number) => {
    const loaded = machine.load(each);
    if (!loaded.ok) throw new Error(loaded.diagnostics[0].text);
    expect(loaded.value.run({ cpu })).toMatchObject({ kind: "exit", r0: 0n });
  };
  if (fillCpu !== 0) run(program(test, "fill"), fillCpu);
  run(program(test, fillCpu === 0 ? undefined : "watch"), 0);
  return numbers(machine.maps.lookup(machine.mapSet.byName("out"), u32(0)).value);
}

const wanted = ({ seen }: Case) => seen.map(([, value]) => value);

it.each(cases.map((test) => [text(test), test] as const))("%s", (_, test) => {
  expect(seenHere(test)).toEqual(wanted(test));
});

describe.skipIf(!kernelThere)("the running kernel", () => {
  it.each(cases.map((test) => [text(test), test] as const))("%s", (_, test) => {
    const kernel = theKernel();
    const { judgement, result } = judgeAndRun(kernel, program(test), {}, (fd, [, out]) => {
      kernel.testRun(fd, { data: new Uint8Array(64) });
      return numbers(kernel.lookup(out, u32(0)).value ?? new Uint8Array());
    });
    expect(judgement.message).toBe("");
    // The sizes at which an LRU table behaves otherwise depend on the number of CPUs.
    expect(result).toEqual(seenHere(test, 0, Math.min(kernel.cpus, 64)));
    if (kernel.cpus === 2) expect(result).toEqual(wanted(test));
  });
});

it("an LRU element goes back to the CPU that took it, so another CPU does not reuse it", () => {
  const larger = { name: "LRU", map: "type=lru_hash, max=16", keys: both };
  const seen = (seen: Case["seen"]) => seenHere({ ...larger, seen }, 1);
  expect(seen(removal(1, 1))).toEqual([1, 1]);
  expect(seen(replacement(1, 1, 1))).toEqual([1, 1, 1]);
  expect(seenHere({ ...larger, map: "type=hash, max=16", seen: replacement(1, 9, 9) }, 1)).toEqual([1, 9, 9]);
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
