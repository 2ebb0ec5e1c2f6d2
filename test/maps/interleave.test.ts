// Operations of two CPUs and of userspace, their steps interleaved at random: whatever the order, no element is lost,
// linked twice or free while linked, no lock stays taken, and every key is there once.
import fc from "fast-check";
import { expect, it } from "vitest";
import type { MapDef } from "../../src/isa/program.ts";
import { element, map } from "../../src/maps/layout.ts";
import { number, rig, u32, u64 } from "./rig.ts";

const shapes: readonly Partial<MapDef>[] = [
  { type: "hash", maxEntries: 4, valueSize: 16 },
  { type: "hash", maxEntries: 4, valueSize: 16, flags: 1 },
  { type: "percpu_hash", maxEntries: 4 },
  { type: "lru_hash", maxEntries: 4, valueSize: 16 },
  { type: "lru_hash", maxEntries: 4, valueSize: 16, flags: 2 },
  { type: "lru_percpu_hash", maxEntries: 4 },
];

function problems(def: Partial<MapDef>, turns: readonly number[]): string[] {
  const { memory, maps, user, make, program, put } = rig();
  const id = make(def);
  const ops = [program(0).op, program(1).op, maps.newOperation(0, 2, true)];
  const rooms = ops.map(() => memory.allocate(128, 8, 6, 0));
  for (const turn of turns) {
    const who = turn % 3;
    const [op, room] = [ops[who], rooms[who]];
    if (memory.i32[op] !== 0) {
      maps.step(op);
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
  for (let i = 0; i < 10000 && ops.some((op) => memory.i32[op] !== 0); i++) maps.step(ops[i % 3]);
  const found: string[] = [];
  if (ops.some((op) => memory.i32[op] !== 0)) found.push("an operation never ends");
  const keys = [...user.entries(id)].map(([key]) => number(key));
  if (new Set(keys).size !== keys.length) found.push(`keys ${keys}`);
  if (keys.length !== maps.word(id, map.count)) found.push(`${keys.length} keys, count ${maps.word(id, map.count)}`);
  const linked = new Set<number>();
  for (let bucket = 0; bucket <= maps.word(id, map.bucketMask); bucket++) {
    const at = (maps.word(id, map.buckets) >> 2) + bucket * 2;
    if (memory.i32[at + 1] !== 0) found.push("a bucket stays locked");
    for (let item = memory.i32[at]; (item & 1) === 0; item = memory.i32[item >> 2]) {
      if (linked.has(item)) return [...found, "a chain has a cycle"];
      linked.add(item);
      if (memory.i32[(item >> 2) + element.generation] & 1) found.push("an element is linked and free");
    }
  }
  if (maps.word(id, map.lru) === 0) {
    const free = new Set<number>();
    for (let cpu = 0; cpu < 2; cpu++) {
      let item = memory.i32[(maps.word(id, map.freeLists) >> 2) + cpu];
      for (; item !== 0; item = memory.i32[(item >> 2) + element.free]) {
        if (free.has(item) || linked.has(item)) return [...found, "an element is free twice, or free and linked"];
        free.add(item);
      }
    }
    const spares = def.type === "hash" ? 2 : 0;
    const total = (def.flags ?? 0) & 1 ? maps.word(id, map.slabUsed) : (def.maxEntries ?? 0);
    const extra = (def.flags ?? 0) & 1 ? 0 : spares;
    if (free.size + linked.size !== total && extra === 0) found.push("an element is lost");
    if (extra > 0 && free.size + linked.size !== total) found.push("an element or spare is lost");
  }
  return found;
}

it.each(shapes)("%o", (def) => {
  const turn = fc.nat({ max: 4095 });
  fc.assert(
    fc.property(fc.array(turn, { minLength: 20, maxLength: 600 }), (turns) => {
      expect(problems(def, turns)).toEqual([]);
    }),
    { numRuns: 150 },
  );
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
