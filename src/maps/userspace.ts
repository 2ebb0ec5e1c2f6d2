// Maps as userspace sees them through bpf(2): bytes in, bytes out, error numbers. Each call runs the same steps as a
// program's, on a record of its own, in a scratch area of linear memory; a scenario that wants to stop between steps
// starts the operation on `Maps` itself.
import type { MapDef } from "../isa/program.ts";
import { kind } from "../memory/layout.ts";
import { type Lock, Patience } from "../memory/lock.ts";
import { BPF_F_LOCK, errno, create as flag } from "./errno.ts";
import { endWait, run, runAnyway } from "./ground.ts";
import { BLOCKED, DONE, map, type Status, op as w } from "./layout.ts";
import type { Maps } from "./maps.ts";
import { consume } from "./ringbuf.ts";
import { abandon } from "./write.ts";

export interface Found {
  /** 0 or a negative error number. */
  readonly errno: number;
  readonly value: Uint8Array;
}

export interface FoundKey {
  readonly errno: number;
  readonly key: Uint8Array;
}

/** Milliseconds that an operation waits for other threads before it gives up. */
const PATIENCE = 10_000;
const NOTHING = new Uint8Array(0);

export class Userspace {
  readonly maps: Maps;
  /** The record its operations use; set `op.cpu` in it to move to another CPU. */
  readonly op: number;
  // Scratch: a key, a second key, a value. It is made anew when a map needs more.
  #scratch = 0;
  #size = 0;
  readonly #lock: Lock;

  constructor(maps: Maps, cpu: number, reader: number) {
    this.maps = maps;
    this.#lock = maps.memory.lock;
    this.op = maps.newOperation(cpu, reader, true);
  }

  /** The map's id, or a negative error number. */
  create(def: MapDef): number {
    return this.#lock.hold(() => this.maps.create(def));
  }

  /** Bytes of a value as bpf(2) passes it: all CPUs' for per-CPU maps, a handle for maps of maps and prog_array. */
  valueBytes(id: number): number {
    return this.maps.word(id, this.maps.word(id, map.percpu) !== 0 ? map.room : map.valueSize);
  }

  /** Flags are a number of up to 64 bits, as in bpf(2). Of a per-CPU map the value for one CPU goes to all. */
  update(id: number, key: Uint8Array, value: Uint8Array, flags = 0): number {
    const at = this.#place(id, key, this.#forEachCpu(id, value), flag.BPF_F_RDONLY);
    if (at < 0) return at;
    const high = Math.floor(flags / 2 ** 32);
    return this.#finish(() => this.maps.update(this.op, id, at, this.#valueAt(id, at), flags | 0, high));
  }

  lookup(id: number, key: Uint8Array, flags = 0): Found {
    if (unknown(flags)) return { errno: -errno.EINVAL, value: NOTHING };
    const at = this.#place(id, key, undefined, flag.BPF_F_WRONLY);
    if (at < 0) return { errno: at, value: NOTHING };
    const value = this.#valueAt(id, at);
    const result = this.#finish(() => this.maps.lookupInto(this.op, id, at, value, flags), runAnyway);
    return this.#taken(id, value, result);
  }

  #forEachCpu(id: number, value: Uint8Array): Uint8Array {
    const { maps } = this;
    const isOne = maps.word(id, map.percpu) !== 0 && value.length === maps.word(id, map.valueSize);
    if (!isOne) return value;
    const all = new Uint8Array(maps.word(id, map.room));
    for (let at = 0; at < all.length; at += maps.word(id, map.slot)) all.set(value, at);
    return all;
  }

  delete(id: number, key: Uint8Array): number {
    const at = this.#place(id, key, undefined, flag.BPF_F_RDONLY);
    return at < 0 ? at : this.#finish(() => this.maps.remove(this.op, id, at));
  }

  lookupAndDelete(id: number, key: Uint8Array, flags = 0): Found {
    if (unknown(flags)) return { errno: -errno.EINVAL, value: NOTHING };
    const at = this.#place(id, key, undefined, flag.BPF_F_RDONLY | flag.BPF_F_WRONLY);
    if (at < 0) return { errno: at, value: NOTHING };
    const value = this.#valueAt(id, at);
    const result = this.#finish(() => this.maps.lookupAndDelete(this.op, id, at, value, flags));
    return this.#taken(id, value, result);
  }

  nextKey(id: number, key: Uint8Array | null): FoundKey {
    const at = this.#place(id, key ?? new Uint8Array(this.maps.word(id, map.keySize)), undefined, flag.BPF_F_WRONLY);
    if (at < 0) return { errno: at, key: NOTHING };
    const out = this.#valueAt(id, at);
    const result = this.#finish(() => this.maps.nextKey(this.op, id, key === null ? 0 : at, out), runAnyway);
    const size = this.maps.word(id, map.keySize);
    return { errno: result, key: result === 0 ? this.maps.memory.u8.slice(out, out + size) : NOTHING };
  }

  /** Keys and values in the order of BPF_MAP_GET_NEXT_KEY. Empty slots of arrays of handles are left out. */
  *entries(id: number): Generator<readonly [Uint8Array, Uint8Array]> {
    let next = this.nextKey(id, null);
    while (next.errno === 0) {
      const { errno: missing, value } = this.lookup(id, next.key);
      if (missing === 0) yield [next.key, value];
      next = this.nextKey(id, next.key);
    }
  }

  /** The records of a ring buffer that are finished, oldest first; they are consumed. */
  consume(id: number): Uint8Array[] {
    const header = this.maps.address(id);
    return header === 0 ? [] : this.#lock.hold(() => consume(this.maps, header >> 2));
  }

  /** Copies key and value into the scratch area; its address, or a negative error number. */
  #place(id: number, key: Uint8Array, value: Uint8Array | undefined, denied: number): number {
    const { maps } = this;
    if (maps.address(id) === 0) return -errno.EBADF;
    if (maps.word(id, map.flags) & denied) return -errno.EPERM;
    const keySize = maps.word(id, map.keySize);
    const valueSize = this.valueBytes(id);
    if (key.length !== keySize || (value !== undefined && value.length !== valueSize)) return -errno.EINVAL;
    const need = round8(keySize) + Math.max(valueSize, keySize) + 8;
    if (need > this.#size) {
      this.#lock.hold(() => {
        if (this.#scratch !== 0) maps.memory.free(this.#scratch);
        this.#scratch = maps.memory.allocate(need * 2, 8, kind.internal, 0);
      });
      if (this.#scratch === 0) return -errno.ENOMEM;
      this.#size = need * 2;
    }
    const { u8 } = maps.memory;
    u8.fill(0, this.#scratch, this.#scratch + need);
    u8.set(key, this.#scratch);
    if (value !== undefined) u8.set(value, this.#scratch + round8(keySize));
    return this.#scratch;
  }

  #valueAt(id: number, at: number): number {
    return at + round8(this.maps.word(id, map.keySize));
  }

  #taken(id: number, at: number, result: number): Found {
    const value = result === 0 ? this.maps.memory.u8.slice(at, at + this.valueBytes(id)) : NOTHING;
    return { errno: result, value };
  }

  /**
   * Runs to the end. What waits for a reader that is still inside, or for a lock that somebody holds, waits while other threads
   * can go on; where there are none, or none of them does, the wait for readers is given up and the lock
   * gives EBUSY. Whoever wants to see the steps does them on `maps`.
   */
  #finish(start: () => Status, how = run): number {
    const { maps } = this;
    let status = this.#lock.hold(start);
    const wait = new Patience(maps.memory, PATIENCE);
    while (status !== DONE) {
      status = this.#lock.hold(() => how(maps, this.op));
      if (status === BLOCKED && !wait.goesOn()) break;
    }
    if (status !== DONE) this.#lock.hold(() => this.#giveUp());
    return maps.memory.i32[this.op + w.lo];
  }

  #giveUp(): void {
    const { maps } = this;
    if (maps.footprint(this.op)[0]?.kind === "rcu") endWait(maps, this.op);
    else abandon(maps, this.op);
  }
}

/** Looking up knows one flag. bpf(2) says so before it looks at the map. */
function unknown(flags: number): boolean {
  return flags !== 0 && flags !== BPF_F_LOCK;
}

function round8(size: number): number {
  return (size + 7) & -8;
}
