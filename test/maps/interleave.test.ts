// Operations of two CPUs and of userspace, which shares the first CPU, their steps interleaved at random: whatever the
// order, no element is lost, linked twice or free while linked, no lock stays taken, and every key is there once.
// RUNS=50000 npx vitest run test/maps/interleave.test.ts tries that many orders of each shape instead of a few.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MapDef } from "../../src/isa/program.ts";
import { create, errno } from "../../src/maps/errno.ts";
import { BLOCKED, DONE, element, map, op as w } from "../../src/maps/layout.ts";
import { digest, number, numbers, rig, u32, u64 } from "./rig.ts";

const shapes: readonly Partial<MapDef>[] = [
  { type: "hash", maxEntries: 4, valueSize: 16 },
  { type: "hash", maxEntries: 4, valueSize: 16, flags: 1 },
  { type: "percpu_hash", maxEntries: 4 },
  { type: "lru_hash", maxEntries: 4, valueSize: 16 },
  { type: "lru_hash", maxEntries: 4, valueSize: 16, flags: 2 },
  { type: "lru_percpu_hash", maxEntries: 4 },
];
const runs = Number(process.env.RUNS ?? 150);
/** More than any three operations need; what takes longer never ends. */
const mostSteps = 10_000;

type Rig = ReturnType<typeof rig>;

/** The nodes of a list, by following `link` from `first` to an `end`; "broken" when it has more than a map has. */
function follow(first: number, end: (at: number) => boolean, link: (at: number) => number): number[] | "broken" {
  const found: number[] = [];
  for (let at = first; !end(at); at = link(at)) {
    if (found.length > 64) return "broken";
    found.push(at);
  }
  return found;
}

/** The elements in each of an LRU table's lists (lru.ts says where their heads are), and which of the lists are free ones. */
function lruLists({ memory, maps }: Rig, id: number): { free: boolean; items: number[] | "broken" }[] {
  const state = maps.word(id, map.lru);
  if (state === 0) return [];
  const own = (maps.word(id, map.flags) & 2) !== 0;
  const local = state + 48;
  const free = own ? [state, state + 48] : [state, local, local + 24];
  const used = own ? [state + 8, state + 16, state + 56, state + 64] : [state + 8, state + 16, local + 8, local + 32];
  return [...free, ...used].map((head) => {
    const nodes = follow(
      memory.i32[head >> 2],
      (at) => at === head,
      (at) => memory.i32[at >> 2],
    );
    return {
      free: free.includes(head),
      items: nodes === "broken" ? nodes : nodes.map((node) => node - element.next * 4),
    };
  });
}

/** The elements that are not in the table, spares included. */
function freeElements(world: Rig, id: number): number[] | "broken" {
  const { memory, maps } = world;
  if (maps.word(id, map.lru) !== 0) {
    const lists = lruLists(world, id);
    if (lists.some(({ items }) => items === "broken")) return "broken";
    return lists.flatMap(({ free, items }) => (free && items !== "broken" ? items : []));
  }
  const found: number[] = [];
  for (const cpu of [0, 1]) {
    const list = follow(
      memory.i32[(maps.word(id, map.freeLists) >> 2) + cpu],
      (at) => at === 0,
      (at) => memory.i32[(at >> 2) + element.free],
    );
    if (list === "broken") return list;
    const spare = memory.i32[(maps.word(id, map.extra) >> 2) + cpu];
    found.push(...list, ...(spare === 0 ? [] : [spare]));
  }
  return found;
}

/** What is wrong with a map that no operation is working on. */
function problems(world: Rig, id: number, def: Partial<MapDef>): string[] {
  const { memory, maps, user } = world;
  const found: string[] = [];
  const linked: number[] = [];
  for (let bucket = 0; bucket <= maps.word(id, map.bucketMask); bucket++) {
    const at = (maps.word(id, map.buckets) >> 2) + bucket * 2;
    if (memory.i32[at + 1] !== 0) found.push("a bucket stays locked");
    const chain = follow(
      memory.i32[at],
      (item) => (item & 1) !== 0,
      (item) => memory.i32[item >> 2],
    );
    if (chain === "broken") return [...found, "a chain has no end"];
    linked.push(...chain);
  }
  for (const cpu of [0, 1]) if (maps.holder(cpu) !== 0) found.push("a CPU stays held");
  if (linked.some((item) => memory.i32[(item >> 2) + element.generation] & 1)) found.push("linked and not alive");
  const free = freeElements(world, id);
  if (free === "broken") return [...found, "a free list has no end"];
  const lists = lruLists(world, id).flatMap(({ items }) => (items === "broken" ? [] : items));
  if (new Set(lists).size !== lists.length) found.push("an element is in two lists");
  if (new Set([...free, ...linked]).size !== free.length + linked.length) found.push("free twice, or free and linked");
  // A table that is not preallocated has what it ever asked for; a plain one that is has a spare for each CPU.
  const made = (def.maxEntries ?? 0) + (def.type === "hash" ? 2 : 0);
  const total = (def.flags ?? 0) & create.BPF_F_NO_PREALLOC ? maps.word(id, map.slabUsed) : made;
  if (free.length + linked.length !== total) found.push("an element or a spare is lost");
  const keys: number[] = [];
  for (const [key] of user.entries(id)) {
    // A key that is there twice leads back to itself.
    if (keys.push(number(key)) > total) return [...found, "a walk has no end"];
  }
  if (new Set(keys).size !== keys.length) found.push(`keys ${keys}`);
  if (keys.length !== maps.word(id, map.count)) found.push(`${keys.length} keys, count ${maps.word(id, map.count)}`);
  return found;
}

/** Each turn makes one of three do its next step, or begin an operation that the turn's number describes. */
function play(def: Partial<MapDef>, turns: readonly number[]): string[] {
  const world = rig();
  const { memory, maps, make, program, put } = world;
  const id = make(def);
  const ops = [program(0).op, program(1).op, maps.newOperation(0, 2, true)];
  const rooms = ops.map(() => memory.allocate(128, 8, 6, 0));
  // A step of an LRU table walks its lists: that they end is seen before the next one does.
  const step = (op: number): boolean => {
    const touchesLists = maps.stepName(op).startsWith("lru: ");
    maps.step(op);
    return !touchesLists || lruLists(world, id).every(({ items }) => items !== "broken");
  };
  for (const turn of turns) {
    const who = turn % 3;
    const [op, room] = [ops[who], rooms[who]];
    if (memory.i32[op] !== 0) {
      if (!step(op)) return ["a list has no end"];
      continue;
    }
    put(room, u32((turn >> 2) % 6));
    put(room + 64, u64(turn, turn));
    const what = (turn >> 5) % 4;
    if (what <= 1) maps.update(op, id, room, room + 64, 0);
    else if (what === 2) maps.remove(op, id, room);
    else if (who === 2) maps.lookupInto(op, id, room, room + 64, 0);
    else maps.lookup(op, id, room);
  }
  // Round robin to the end: one that waits for a lock gets it when the holder is done.
  for (let i = 0; i < mostSteps && ops.some((op) => memory.i32[op] !== 0); i++) {
    if (!step(ops[i % 3])) return ["a list has no end"];
  }
  return ops.some((op) => memory.i32[op] !== 0) ? ["an operation never ends"] : problems(world, id, def);
}

it.each(shapes)(
  "%o",
  (def) => {
    const turn = fc.nat({ max: 4095 });
    fc.assert(
      fc.property(fc.array(turn, { minLength: 20, maxLength: 600, size: "max" }), (turns) => {
        expect(play(def, turns)).toEqual([]);
      }),
      { numRuns: runs },
    );
  },
  30_000 + runs * 5,
);

it("two replacements on one CPU do not both take the spare", () => {
  const turns = [
    1, 813, 0, 2, 0, 433, 0, 0, 2176, 0, 0, 0, 0, 0, 4, 0, 190, 1789, 0, 4, 646, 1660, 165, 0, 0, 4, 3835, 985, 1283, 0,
    0, 3263, 0, 3320, 3584,
  ];
  expect(play(shapes[0], turns)).toEqual([]);
});

it("an operation in a locked section has its CPU for itself", () => {
  const world = rig();
  const { memory, maps, user, make, program, key, value, put } = world;
  const id = make({ maxEntries: 4 });
  for (const n of [1, 2]) user.update(id, u32(n), u64(n));
  const [first, other] = [program(0), program(1)];
  put(key, u32(1));
  put(value, u64(10));
  maps.update(first.op, id, key, value, 0);
  while (maps.holder(0) === 0) maps.step(first.op);
  expect([maps.holder(0), maps.holder(1)]).toEqual([first.op, 0]);
  // Userspace on the same CPU must wait if it writes; what it reads it could read from anywhere.
  expect(user.update(id, u32(2), u64(20))).toBe(-errno.EBUSY);
  expect(numbers(user.lookup(id, u32(2)).value)).toEqual([2]);
  expect([...user.entries(id)].length).toBe(2);
  const second = maps.newOperation(0, 0, false);
  const room = memory.allocate(64, 8, 6, 0);
  put(room, u32(2));
  maps.update(second, id, room, room + 8, 0);
  const before = digest(memory);
  expect(maps.run(second)).toBe(BLOCKED);
  memory.i32[second + w.status] = 0;
  expect(digest(memory)).toBe(before);
  maps.run(first.op);
  expect(maps.holder(0)).toBe(0);
  expect(maps.run(second)).toBe(DONE);
  expect(other.update(id, u32(3), u64(30))).toBe(0);
  expect(problems(world, id, { type: "hash", maxEntries: 4 })).toEqual([]);
});

it("an eviction that finds only a locked bucket waits and has changed nothing", () => {
  const world = rig();
  const { memory, maps, user, make, program, key, value, put } = world;
  const def = { type: "lru_hash", maxEntries: 1 } as const;
  const id = make(def);
  user.update(id, u32(1), u64(1));
  const [evicting, removing] = [program(0), program(1)];
  put(key, u32(1));
  maps.remove(removing.op, id, key);
  while (maps.holder(1) === 0) maps.step(removing.op);
  put(value, u32(2));
  maps.update(evicting.op, id, value, value, 0);
  const before = digest(memory);
  expect(maps.run(evicting.op)).toBe(BLOCKED);
  memory.i32[evicting.op + w.status] = 0;
  expect(digest(memory)).toBe(before);
  maps.run(removing.op);
  maps.run(evicting.op);
  expect([...user.entries(id)].map(([each]) => number(each))).toEqual([2]);
  expect(problems(world, id, def)).toEqual([]);
});

describe("userspace that gives up waiting has nothing in its hands", () => {
  it.each([0, 2])("an element of an LRU table with flags %i, while another CPU holds the bucket", (flags) => {
    const world = rig();
    const { maps, user, make, program, key, put } = world;
    const def = { type: "lru_hash", maxEntries: 2, flags } as const;
    const id = make(def);
    const other = program(1);
    other.update(id, u32(1), u64(1));
    put(key, u32(1));
    maps.remove(other.op, id, key);
    while (maps.holder(1) === 0) maps.step(other.op);
    expect(user.update(id, u32(1), u64(7))).toBe(-errno.EBUSY);
    maps.run(other.op);
    expect(problems(world, id, def)).toEqual([]);
    expect(user.update(id, u32(1), u64(8))).toBe(0);
  });

  it.each([0, 1])("the bucket of a hash with flags %i, while somebody holds the value's lock", (flags) => {
    const world = rig();
    const { memory, maps, user, make, program } = world;
    const def = {
      type: "hash",
      maxEntries: 1,
      valueSize: 16,
      flags,
      fields: [{ kind: "spin_lock", offset: 0 }],
    } as const;
    const id = make(def);
    user.update(id, u32(1), u64(1, 1));
    const p = program(0).lookup(id, u32(1)) >> 2;
    memory.i32[p] = 1;
    expect(user.lookupAndDelete(id, u32(1), 4).errno).toBe(-errno.EBUSY);
    expect([user.delete(id, u32(1)), maps.holder(0)]).toEqual([0, 0]);
    // The element waits to be used again; the key that is put in takes it and finds its lock taken.
    expect(user.update(id, u32(2), u64(0, 2), 4)).toBe(-errno.EBUSY);
    memory.i32[p] = 0;
    expect([user.update(id, u32(2), u64(0, 2), 4), user.delete(id, u32(2))]).toEqual([0, 0]);
    expect(maps.word(id, map.count)).toBe(0);
  });
});

it("a reader of a value that is written sees words of both, and under BPF_F_LOCK of one", () => {
  for (const flags of [0, 4]) {
    const torn = new Set<string>();
    for (let stop = 0; stop < 12; stop++) {
      const { memory, maps, user, make, key, value, put } = rig();
      const id = make({ type: "array", valueSize: 24, fields: [{ kind: "spin_lock", offset: 0 }] });
      user.update(id, u32(1), u64(0, 1, 1));
      const [writer, reader] = [maps.newOperation(0, 0, false), maps.newOperation(1, 2, true)];
      put(key, u32(1));
      put(value, u64(0, 2, 2));
      const out = memory.allocate(64, 8, 6, 0);
      maps.update(writer, id, key, value, flags);
      for (let i = 0; i < stop; i++) maps.step(writer);
      maps.lookupInto(reader, id, key, out, flags);
      for (let i = 0; i < 100; i++) {
        if (memory.i32[reader] !== 0 && maps.run(reader) === 1) break;
        maps.step(writer);
      }
      torn.add(`${memory.i32[(out >> 2) + 2]}${memory.i32[(out >> 2) + 4]}`);
    }
    expect([...torn].sort()).toEqual(flags === 0 ? ["11", "21", "22"] : ["11", "22"]);
  }
});
