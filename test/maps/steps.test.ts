// Every operation, stopped after every one of its steps: the machine restored to that point must end with the same
// bytes, and no step may write where its footprint did not say.
import { expect, it } from "vitest";
import type { MapDef } from "../../src/isa/program.ts";
import { code, DONE, map, OP_WORDS, op as w } from "../../src/maps/layout.ts";
import type { Maps } from "../../src/maps/maps.ts";
import { digest, rig, u32, u64 } from "./rig.ts";

interface Place {
  readonly maps: Maps;
  readonly id: number;
  readonly key: number;
  readonly value: number;
}
type Start = (op: number, place: Place) => number;
interface Case {
  readonly name: string;
  readonly def: Partial<MapDef>;
  readonly start: Start;
  readonly user?: boolean;
  /** The key the operation is about; 1 to 3 are in the map. */
  readonly key?: number;
}

const update: Start = (op, { maps, id, key, value }) => maps.update(op, id, key, value, 0);
const locked: Start = (op, { maps, id, key, value }) => maps.update(op, id, key, value, 4);
const lookup: Start = (op, { maps, id, key }) => maps.lookup(op, id, key);
const copyOut: Start = (op, { maps, id, key, value }) => maps.lookupInto(op, id, key, value, 0);
const remove: Start = (op, { maps, id, key }) => maps.remove(op, id, key);
const take: Start = (op, { maps, id, key, value }) => maps.lookupAndDelete(op, id, key, value, 0);
const next: Start = (op, { maps, id, key, value }) => maps.nextKey(op, id, key, value);
const walk: Start = (op, { maps, id, value }) => maps.nextElement(op, id, value + 64);

const lock = [{ kind: "spin_lock", offset: 8 }] as const;
const shapes: readonly [string, Partial<MapDef>][] = [
  ["hash", { type: "hash", valueSize: 24 }],
  ["hash, one by one", { type: "hash", valueSize: 24, flags: 1 }],
  ["hash, one bucket", { type: "hash", valueSize: 24, keySize: 12 }],
  ["locked hash", { type: "hash", valueSize: 24, fields: lock }],
  ["lru", { type: "lru_hash", valueSize: 24, maxEntries: 4 }],
  ["lru of each CPU", { type: "lru_hash", valueSize: 24, maxEntries: 4, flags: 2 }],
  ["percpu hash", { type: "percpu_hash", valueSize: 12 }],
  ["percpu lru", { type: "lru_percpu_hash", valueSize: 12, maxEntries: 4 }],
  ["array", { type: "array", valueSize: 20 }],
  ["locked array", { type: "array", valueSize: 24, fields: lock }],
  ["percpu array", { type: "percpu_array", valueSize: 12 }],
];
const cases: Case[] = [];
for (const [name, def] of shapes) {
  for (const user of [false, true]) {
    const who = user ? "user" : "program";
    for (const key of [2, 5]) {
      cases.push({ name: `${name}: ${who} updates ${key}`, def, start: update, user, key });
      cases.push({ name: `${name}: ${who} deletes ${key}`, def, start: remove, user, key });
      cases.push({ name: `${name}: ${who} looks up ${key}`, def, start: user ? copyOut : lookup, user, key });
      if (def.fields !== undefined) cases.push({ name: `${name}: ${who} locks ${key}`, def, start: locked, user, key });
      if (user) cases.push({ name: `${name}: after ${key}`, def, start: next, user, key });
      if (user) cases.push({ name: `${name}: takes ${key}`, def, start: take, user, key });
    }
  }
  cases.push({ name: `${name}: walks`, def, start: walk });
}
for (const type of ["queue", "stack"] as const) {
  const def = { type, keySize: 0, valueSize: 12 };
  cases.push({ name: `${type}: push`, def, start: (op, { maps, id, value }) => maps.push(op, id, value, 0) });
  cases.push({ name: `${type}: pop`, def, start: (op, { maps, id, value }) => maps.pop(op, id, value) });
  cases.push({ name: `${type}: peek`, def, start: (op, { maps, id, value }) => maps.peek(op, id, value) });
}
const ring = { type: "ringbuf", keySize: 0, valueSize: 0, maxEntries: 4096 } as const;
cases.push({ name: "ringbuf: reserve", def: ring, start: (op, { maps, id }) => maps.ringbufReserve(op, id, 20, 0) });
cases.push({
  name: "ringbuf: output",
  def: ring,
  start: (op, { maps, id, value }) => maps.ringbufOutput(op, id, value, 20, 0),
});
cases.push({ name: "ringbuf: query", def: ring, start: (op, { maps, id }) => maps.ringbufQuery(op, id, 3) });
/** Ends a record that was reserved before. */
const ending =
  (how: "ringbufSubmit" | "ringbufDiscard"): Start =>
  (op, { maps, id }) => {
    maps.ringbufReserve(op, id, 20, 0);
    maps.run(op);
    return maps[how](op, maps.memory.i32[op + w.lo]);
  };
cases.push({ name: "ringbuf: submit", def: ring, start: ending("ringbufSubmit") });
cases.push({ name: "ringbuf: discard", def: ring, start: ending("ringbufDiscard") });
const programs = { type: "prog_array", valueSize: 4 } as const;
cases.push({ name: "programs: user stores", def: programs, start: update, user: true });
cases.push({ name: "programs: user empties", def: programs, start: remove, user: true });
cases.push({ name: "programs: user looks", def: programs, start: copyOut, user: true });
cases.push({
  name: "programs: tail call",
  def: programs,
  start: (op, { maps, id, key }) => maps.tailCall(op, id, key),
});
for (const type of ["percpu_array", "percpu_hash", "lru_percpu_hash"] as const) {
  const start: Start = (op, { maps, id, key }) => maps.lookupPercpu(op, id, key, 1);
  cases.push({ name: `${type}: looks up the other CPU's`, def: { type, valueSize: 12 }, start });
}
for (const type of ["lru_hash", "lru_percpu_hash"] as const) {
  for (const flags of [0, 2]) {
    const def = { type, flags, valueSize: 12, maxEntries: 2 };
    cases.push({ name: `full ${type}, flags ${flags}: evicts for 5`, def, start: update, key: 5 });
    cases.push({ name: `full ${type}, flags ${flags}: takes one in vain`, def, start: update, key: 3 });
  }
}
cases.push({
  name: "outer array: exchange",
  def: { type: "array_of_maps", valueSize: 4, inner: inner() },
  start: update,
  user: true,
});
cases.push({
  name: "outer hash: exchange",
  def: { type: "hash_of_maps", valueSize: 4, inner: inner() },
  start: update,
  user: true,
});
cases.push({
  name: "outer hash: a new key",
  def: { type: "hash_of_maps", valueSize: 4, inner: inner() },
  start: update,
  user: true,
  key: 5,
});
cases.push({
  name: "outer hash: delete",
  def: { type: "hash_of_maps", valueSize: 4, inner: inner() },
  start: remove,
  user: true,
});
cases.push({ name: "outer hash: lookup", def: { type: "hash_of_maps", valueSize: 4, inner: inner() }, start: lookup });

function inner(): MapDef {
  return { name: "inner", type: "array", keySize: 4, valueSize: 8, maxEntries: 2, flags: 0 };
}

/** A map of the case with a few entries, and the operation about to start on CPU 0. */
function ready({ def, user = false, key: wanted = 1 }: Case) {
  const world = rig();
  const { maps, user: userspace, make, key, value, put } = world;
  const id = make(def);
  const size = def.keySize ?? 4;
  const keyOf = (n: number) => Uint8Array.from({ length: size }, (_, i) => (i === 0 ? n : 0));
  const outer = def.inner !== undefined;
  const first = outer ? make(inner()) : 0;
  const second = outer ? make(inner()) : 0;
  for (const n of def.type === "ringbuf" ? [] : [1, 2, 3]) {
    const bytes = new Uint8Array(userspace.valueBytes(id)).fill(n);
    const failed = userspace.update(id, keyOf(n), outer ? u32(first) : bytes);
    if (failed !== 0) throw new Error(`the map could not be filled: ${failed}`);
  }
  if (outer) maps.close(first);
  put(key, keyOf(wanted));
  put(value, outer ? u32(second) : u64(11, 12, 13, 14));
  const op = maps.newOperation(0, user ? 2 : 0, user);
  return { ...world, id, op };
}

it("fills the table of operations", () => {
  expect(cases.length).toBeGreaterThan(100);
  expect(Object.keys(code)).toContain("query");
});

it.each(cases)("$name", (test) => {
  const { memory, maps, id, op, key, value } = ready(test);
  const place = { maps, id, key, value };
  test.start(op, place);
  const stops = [memory.snapshot()];
  const strays: string[] = [];
  let before = memory.u8.slice();
  while (memory.i32[op] !== 0) {
    const name = maps.stepName(op);
    const allowed = maps.footprint(op).filter(({ kind }) => kind !== "read");
    const header = maps.address(id);
    const bookkeeping = [header + map.count * 4, header + map.pending * 4].map((address) => ({ address, size: 4 }));
    const own = { address: op * 4, size: OP_WORDS * 4 };
    const status = maps.step(op);
    // Steps that make or drop maps and slabs also move the allocator's and RCU's words.
    const rare = /carve|exchange the slot|slot: exchange|unlock the bucket|count it out|wait/.test(name);
    for (let i = 0; i < before.length && !rare; i++) {
      if (memory.u8[i] === before[i]) continue;
      const inside = [...allowed, ...bookkeeping, own].some(({ address, size }) => i >= address && i < address + size);
      // A system call leaves its read-side section with its last step.
      if (!inside && status !== DONE) strays.push(`${name} wrote ${i}`);
    }
    before = memory.u8.slice();
    stops.push(memory.snapshot());
  }
  expect(strays).toEqual([]);
  const wanted = digest(memory);
  const others = stops.map((stop) => {
    memory.restore(stop);
    maps.run(op);
    return digest(memory);
  });
  expect(others.filter((other) => other !== wanted)).toEqual([]);
});
