// What bpf(2) answers: error numbers, iteration, per-CPU values, ring buffers. The whole space is compared with the
// running kernel elsewhere; here stand the cases that a reader would ask about.
import { describe, expect, it } from "vitest";
import type { MapDef } from "../../src/isa/program.ts";
import { create, errno, errnoName } from "../../src/maps/errno.ts";
import { op as w } from "../../src/maps/layout.ts";
import { number, numbers, rig, u32, u64 } from "./rig.ts";

describe("creation", () => {
  it.each<[Partial<MapDef>, string]>([
    [{ maxEntries: 0 }, "EINVAL"],
    [{ keySize: 0 }, "EINVAL"],
    [{ valueSize: 0 }, "EINVAL"],
    [{ flags: 1 << 20 }, "EINVAL"],
    [{ valueSize: 1 << 23 }, "E2BIG"],
    [{ flags: create.BPF_F_NO_COMMON_LRU }, "EINVAL"],
    [{ flags: create.BPF_F_RDONLY | create.BPF_F_WRONLY }, "EINVAL"],
    [{ flags: create.BPF_F_RDONLY_PROG | create.BPF_F_WRONLY_PROG }, "EINVAL"],
    [{ type: "lru_hash", flags: create.BPF_F_NO_PREALLOC }, "ENOTSUPP"],
    [{ type: "array", flags: create.BPF_F_NO_PREALLOC }, "EINVAL"],
    [{ type: "array", keySize: 8 }, "EINVAL"],
    [{ type: "percpu_array", valueSize: 32769 }, "E2BIG"],
    [{ type: "array", valueSize: 1 << 20, maxEntries: 1 << 20 }, "ENOMEM"],
    [{ type: "queue" }, "EINVAL"],
    [{ type: "ringbuf", keySize: 0, valueSize: 0, maxEntries: 1000 }, "EINVAL"],
    [{ type: "array_of_maps", valueSize: 4 }, "EBADF"],
    [{ type: "array_of_maps", valueSize: 8 }, "EINVAL"],
    [{ type: "percpu_hash", fields: [{ kind: "spin_lock", offset: 0 }] }, "EOPNOTSUPP"],
  ])("%o is refused with %s", (def, wanted) => {
    const { user } = rig();
    const got = user.create({ name: "m", type: "hash", keySize: 4, valueSize: 8, maxEntries: 4, flags: 0, ...def });
    expect(got < 0 ? errnoName(got) : got).toBe(wanted);
  });
});

describe("operations", () => {
  type Op = readonly ["update" | "delete" | "lookup" | "take", number, number?];
  it.each<[Partial<MapDef>, Op, string]>([
    [{}, ["update", 1, 1], "EEXIST"],
    [{}, ["update", 9, 2], "ENOENT"],
    [{}, ["update", 1, 3], "EINVAL"],
    [{}, ["update", 1, 4], "EINVAL"],
    [{}, ["update", 9, 0], "E2BIG"],
    [{}, ["update", 1, 0], "0"],
    [{}, ["delete", 9], "ENOENT"],
    [{}, ["lookup", 9], "ENOENT"],
    [{}, ["lookup", 1, 1], "EINVAL"],
    [{}, ["lookup", 1, 4], "EINVAL"],
    [{}, ["take", 9], "ENOENT"],
    [{ flags: 1 }, ["update", 9, 0], "E2BIG"],
    [{ type: "lru_hash" }, ["update", 9, 0], "0"],
    [{ type: "lru_hash" }, ["update", 9, 4], "EINVAL"],
    [{ type: "percpu_hash" }, ["update", 9, 0], "E2BIG"],
    [{ type: "array" }, ["update", 2, 0], "E2BIG"],
    [{ type: "array" }, ["update", 1, 1], "EEXIST"],
    [{ type: "array" }, ["update", 2, 1], "E2BIG"],
    [{ type: "array" }, ["update", 1, 2], "0"],
    [{ type: "array" }, ["delete", 1], "EINVAL"],
    [{ type: "array" }, ["lookup", 2], "ENOENT"],
    [{ type: "array" }, ["take", 1], "ENOTSUPP"],
    [{ type: "percpu_array" }, ["update", 1, 4], "EINVAL"],
    [{ type: "prog_array", valueSize: 4 }, ["delete", 1], "0"],
    [{ type: "prog_array", valueSize: 4 }, ["delete", 2], "E2BIG"],
    [{ type: "prog_array", valueSize: 4 }, ["update", 1, 2], "EINVAL"],
  ])("a full map of two, %o: %o gives %s", (def, [what, key, flags = 0], wanted) => {
    const { user, make } = rig();
    const id = make({ maxEntries: 2, ...def });
    const value = new Uint8Array(user.valueBytes(id)).fill(1);
    for (const each of [0, 1]) expect(user.update(id, u32(each), value)).toBe(0);
    const got = {
      update: () => user.update(id, u32(key), value, flags),
      delete: () => user.delete(id, u32(key)),
      lookup: () => user.lookup(id, u32(key), flags).errno,
      take: () => user.lookupAndDelete(id, u32(key), flags).errno,
    }[what]();
    expect(got === 0 ? "0" : errnoName(got)).toBe(wanted);
  });

  it("a map made for one side denies the other with EPERM", () => {
    const { user, make } = rig();
    const reads = make({ flags: create.BPF_F_RDONLY });
    const writes = make({ flags: create.BPF_F_WRONLY });
    expect(user.update(reads, u32(1), u64(1))).toBe(-errno.EPERM);
    expect(user.lookup(writes, u32(1)).errno).toBe(-errno.EPERM);
    expect(user.lookupAndDelete(reads, u32(1)).errno).toBe(-errno.EPERM);
  });

  it("of two mistakes bpf(2) names a lookup's flag first, and an update's permission", () => {
    const { user, make } = rig();
    const writes = make({ flags: create.BPF_F_WRONLY });
    expect([user.lookup(writes, u32(1), 1).errno, user.lookup(writes, u32(1), 4).errno]).toEqual([-22, -1]);
    expect(user.lookup(99, u32(1), 1).errno).toBe(-errno.EINVAL);
    expect(user.update(make({ flags: create.BPF_F_RDONLY }), u32(1), u64(1), 8)).toBe(-errno.EPERM);
  });

  it.each(["hash", "lru_hash", "percpu_hash", "array", "percpu_array", "queue", "prog_array"] as const)(
    "%s: flags have 64 bits, and the upper ones mean nothing",
    (type) => {
      const { user, make } = rig();
      const id = make({
        type,
        ...(type === "queue" ? { keySize: 0 } : {}),
        ...(type === "prog_array" ? { valueSize: 4 } : {}),
      });
      const [key, value] = [new Uint8Array(type === "queue" ? 0 : 4), new Uint8Array(user.valueBytes(id))];
      expect(user.update(id, key, value.fill(1), 0)).toBe(0);
      const flags = [2 ** 32, 2 ** 32 + 1, 2 ** 52];
      expect(flags.map((each) => user.update(id, key, value, each))).toEqual([-22, -22, -22]);
      expect(flags.map((each) => user.lookup(id, key, each).errno)).toEqual([-22, -22, -22]);
      expect(flags.map((each) => user.lookupAndDelete(id, key, each).errno)).toEqual([-22, -22, -22]);
    },
  );

  it("BPF_F_LOCK leaves the lock alone and works in place", () => {
    const { user, make, program, memory } = rig();
    const id = make({ valueSize: 16, fields: [{ kind: "spin_lock", offset: 0 }] });
    const run = program(0);
    user.update(id, u32(1), u64(1, 2));
    const p = run.lookup(id, u32(1));
    memory.i32[p >> 2] = 1;
    expect(user.update(id, u32(1), u64(7, 8), 4)).toBe(-errno.EBUSY);
    memory.i32[p >> 2] = 0;
    expect(user.update(id, u32(1), u64(7, 8), 4)).toBe(0);
    expect([memory.i32[p >> 2], memory.i32[(p >> 2) + 2]]).toEqual([0, 8]);
    expect(numbers(user.lookup(id, u32(1), 4).value)).toEqual([0, 8]);
  });
});

describe("iteration", () => {
  it("of an array goes by index; an index out of range leads to the first", () => {
    const { user, make } = rig();
    const id = make({ type: "array", maxEntries: 3 });
    expect([...user.entries(id)].map(([key]) => number(key))).toEqual([0, 1, 2]);
    expect(number(user.nextKey(id, u32(77)).key)).toBe(0);
    expect(user.nextKey(id, u32(2)).errno).toBe(-errno.ENOENT);
  });

  it("of a hash visits each key once and begins anew when the key has gone", () => {
    const { user, make } = rig();
    const id = make({ maxEntries: 64 });
    for (let i = 0; i < 64; i++) user.update(id, u32(i), u64(i));
    const keys = [...user.entries(id)].map(([key, value]) => [number(key), numbers(value)[0]]);
    expect(keys.map(([key]) => key).sort((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, i) => i));
    expect(keys.every(([key, value]) => key === value)).toBe(true);
    const first = user.nextKey(id, null).key;
    user.delete(id, u32(20));
    expect(user.nextKey(id, u32(20)).key).toEqual(number(first) === 20 ? user.nextKey(id, null).key : first);
  });

  it("for a program goes on when the callback deletes its element", () => {
    const { maps, make, program, memory, value } = rig();
    const id = make({});
    const { op, update, delete: remove, finish } = program(0);
    for (const key of [1, 2, 3]) update(id, u32(key), u64(key));
    const cursor = value + 128;
    const seen: number[] = [];
    for (;;) {
      maps.nextElement(op, id, cursor);
      const p = finish();
      if (p === 0) break;
      const key = memory.i32[memory.i32[op + w.keyResult] >> 2];
      seen.push(key);
      remove(id, u32(key));
    }
    expect(seen.sort()).toEqual([1, 2, 3]);
    expect(maps.word(id, 14)).toBe(0);
  });
});

describe("per-CPU maps", () => {
  it.each(["percpu_array", "percpu_hash", "lru_percpu_hash"] as const)("%s: each CPU has its own", (type) => {
    const { user, make, program } = rig();
    const id = make({ type });
    expect(user.update(id, u32(1), u64(10, 20))).toBe(0);
    program(1).update(id, u32(1), u64(21));
    expect(numbers(user.lookup(id, u32(1)).value)).toEqual([10, 21]);
    const [p, q] = [program(0).lookup(id, u32(1)), program(1).lookup(id, u32(1))];
    expect(q - p).toBe(8);
  });

  it("userspace may give one value for all CPUs", () => {
    const { user, make } = rig();
    const id = make({ type: "percpu_hash", valueSize: 4 });
    expect(user.update(id, u32(1), u32(7))).toBe(0);
    expect(numbers(user.lookup(id, u32(1)).value)).toEqual([7, 7]);
    expect(user.update(id, u32(1), new Uint8Array(12))).toBe(-errno.EINVAL);
  });

  it("a program's new element is zero on the other CPUs", () => {
    const { user, make, program } = rig();
    const id = make({ type: "percpu_hash" });
    user.update(id, u32(1), u64(7, 7));
    user.delete(id, u32(1));
    program(1).update(id, u32(2), u64(5));
    expect(numbers(user.lookup(id, u32(2)).value)).toEqual([0, 5]);
  });

  it("lookup_percpu finds another CPU's value, and nothing for a CPU that is not there", () => {
    const { maps, make, program, user, key, put, memory } = rig();
    const id = make({ type: "percpu_array" });
    user.update(id, u32(3), u64(30, 31));
    const { op, finish } = program(0);
    put(key, u32(3));
    maps.lookupPercpu(op, id, key, 1);
    expect(memory.i32[finish() >> 2]).toBe(31);
    maps.lookupPercpu(op, id, key, 2);
    expect(finish()).toBe(0);
  });
});

describe("LRU", () => {
  it.each([
    [0, 4],
    [0, 100],
    [create.BPF_F_NO_COMMON_LRU, 8],
    [create.BPF_F_NO_COMMON_LRU, 101],
  ])("flags %i: never holds more than its %i entries and always takes a new one", (flags, maxEntries) => {
    const { user, make, program, maps } = rig();
    const id = make({ type: "lru_hash", flags, maxEntries });
    const most = maps.word(id, 4);
    const cpus = [program(0), program(1)];
    const wrong: number[] = [];
    for (let i = 0; i < 5 * maxEntries; i++) {
      const { update, lookup } = cpus[(i * 7) % 3 === 0 ? 1 : 0];
      if (update(id, u32(i), u64(i)) !== 0 || lookup(id, u32(i)) === 0) wrong.push(i);
      const held = [...user.entries(id)].length;
      if (held > most || held !== maps.word(id, 14)) wrong.push(i);
    }
    expect(wrong).toEqual([]);
  });
});

describe("queue and stack", () => {
  it.each([
    ["queue", [1, 2, 3]],
    ["stack", [3, 2, 1]],
  ] as const)("%s", (type, order) => {
    const { user, make } = rig();
    const none = new Uint8Array(0);
    const id = make({ type, keySize: 0, maxEntries: 3 });
    for (const i of [1, 2, 3]) expect(user.update(id, none, u64(i))).toBe(0);
    expect(user.update(id, none, u64(4))).toBe(-errno.E2BIG);
    expect(numbers(user.lookup(id, none).value)).toEqual([order[0]]);
    expect(order.map(() => numbers(user.lookupAndDelete(id, none).value)[0])).toEqual(order);
    expect(user.lookupAndDelete(id, none).errno).toBe(-errno.ENOENT);
    for (const i of [1, 2, 3, 4]) user.update(id, none, u64(i), 2); // BPF_EXIST drops the oldest
    expect(numbers(user.lookup(id, none).value)).toEqual([type === "queue" ? 2 : 4]);
  });
});

describe("ring buffer", () => {
  it("gives records in order, wraps, leaves out the discarded and stops at the busy", () => {
    const { maps, user, make, program, memory } = rig();
    const id = make({ type: "ringbuf", keySize: 0, valueSize: 0, maxEntries: 4096 });
    const { op, finish } = program(0);
    const reserve = (size: number) => {
      maps.ringbufReserve(op, id, size, 0);
      return finish();
    };
    const got: number[] = [];
    for (let i = 0; i < 20; i++) {
      const record = reserve(1000);
      memory.u8.fill(i, record, record + 1000);
      maps.ringbufSubmit(op, record);
      finish();
      for (const bytes of user.consume(id)) got.push(bytes.length === 1000 && bytes.every((b) => b === i) ? i : -1);
    }
    expect(got).toEqual(Array.from({ length: 20 }, (_, i) => i));
    const [a, b, c] = [reserve(8), reserve(16), reserve(24)];
    expect(reserve(4096 - 8)).toBe(0);
    maps.ringbufDiscard(op, a);
    finish();
    maps.ringbufSubmit(op, c);
    finish();
    expect(user.consume(id)).toEqual([]);
    maps.ringbufSubmit(op, b);
    finish();
    expect(user.consume(id).map(({ length }) => length)).toEqual([16, 24]);
    expect([reserve(4089), reserve(4080)].map((p) => p > 0)).toEqual([false, true]);
  });
});
