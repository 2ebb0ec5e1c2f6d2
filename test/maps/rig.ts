// A machine's memory, RCU and maps without a machine, and the shorthand that the tests of this folder speak.
import type { MapDef } from "../../src/isa/program.ts";
import { op as w } from "../../src/maps/layout.ts";
import { Maps, type MapsOptions } from "../../src/maps/maps.ts";
import { Userspace } from "../../src/maps/userspace.ts";
import { kind } from "../../src/memory/layout.ts";
import { Memory } from "../../src/memory/memory.ts";
import { RcuDomain, type RcuOptions } from "../../src/rcu/domain.ts";

export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** Numbers as 8-byte words. */
export function u64(...values: number[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer);
}

export function numbers(bytes: Uint8Array): number[] {
  return [...new BigUint64Array(bytes.slice().buffer)].map(Number);
}

export function number(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** Two CPUs; readers 0 and 1 are theirs, 2 is userspace. */
export function rig(options: Partial<MapsOptions> = {}, rcuOptions: RcuOptions = {}) {
  const memory = new Memory();
  const rcu = new RcuDomain(memory, 3, rcuOptions);
  const maps = new Maps(memory, rcu, { cpus: 2, ...options });
  const user = new Userspace(maps, 0, 2);
  const scratch = memory.allocate(256, 8, kind.scratch, 0);
  const key = scratch;
  const value = scratch + 64;
  const result = (op: number) => memory.i32[op + w.lo];
  const put = (at: number, bytes: Uint8Array) => memory.u8.set(bytes, at);

  /** The operations of a program on one CPU, run to their end; keys and values as bytes, results as the low word. */
  function program(cpu: number) {
    const op = maps.newOperation(cpu, cpu, false);
    const finish = () => {
      maps.run(op);
      return result(op);
    };
    return {
      op,
      lookup(id: number, k: Uint8Array) {
        put(key, k);
        maps.lookup(op, id, key);
        return finish();
      },
      update(id: number, k: Uint8Array, v: Uint8Array, flags = 0) {
        put(key, k);
        put(value, v);
        maps.update(op, id, key, value, flags);
        return finish();
      },
      delete(id: number, k: Uint8Array) {
        put(key, k);
        maps.remove(op, id, key);
        return finish();
      },
      finish,
    };
  }
  const make = (def: Partial<MapDef>): number => {
    const id = user.create({ name: "m", type: "hash", keySize: 4, valueSize: 8, maxEntries: 8, flags: 0, ...def });
    if (id <= 0) throw new Error(`the map was refused: ${id}`);
    return id;
  };
  return { memory, rcu, maps, user, program, make, key, value, put, result };
}

/** A number that stands for all bytes of a memory: FNV-1a over its words. */
export function digest(memory: Memory): string {
  let a = 0x811c9dc5;
  let b = 0x1234567;
  for (let i = 0; i < memory.used >> 2; i++) {
    a = Math.imul(a ^ memory.i32[i], 0x01000193);
    b = Math.imul(b ^ (memory.i32[i] + i), 0x85ebca6b) ^ (b >>> 13);
  }
  return `${memory.used}:${a}:${b}`;
}
