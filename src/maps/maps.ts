// The maps of one machine: creation, names, and the start of every operation. An operation is a record of words
// (layout.ts, `op`); it is started here, then stepped or run, and its result stands in it. Operations are started with
// int32 words only, so that helpers and compiled programs call them without conversion.
import type { MapDef } from "../isa/program.ts";
import { head, kind, region as word } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";
import type { RcuDomain } from "../rcu/domain.ts";
import { lookupArray, nextArray, nextElementArray, updateArray } from "./array.ts";
import { build } from "./build.ts";
import { Compiled, type Operations } from "./compiled/compiled.ts";
import { BPF_F_LOCK, errno } from "./errno.ts";
import { type Access, footprint } from "./footprint.ts";
import * as ground from "./ground.ts";
import { code, map, mapType, OP_WORDS, type Status, op as w } from "./layout.ts";
import { startQueue } from "./queue.ts";
import { startLookup, startNext, startNextElement } from "./read.ts";
import { drop, freeLater, headerAddress } from "./refs.ts";
import { startCommit, startQuery, startReserve } from "./ringbuf.ts";
import { deleteSlot, lookupSlot, shapeOf, takeHandle, updateSlot } from "./slots.ts";
import { validate } from "./validate.ts";
import { startDelete, startUpdate } from "./write.ts";

export interface MapsOptions {
  readonly cpus: number;
  readonly profile?: Partial<ground.Profile>;
  readonly choose?: (n: number) => number;
  readonly isProgram?: (handle: number) => boolean;
}

const linux618: ground.Profile = {
  outerUpdateWaits: true,
  copyOrder: "ascending",
  lockedFill: true,
  eviction: "kernel",
  innerMapFree: "both",
};
const FIRST_MAPS = 32;

/** A definition that can be sent to another thread: all but where it was written. */
export function withoutSource({ at: _, ...def }: MapDef): MapDef {
  return {
    ...def,
    ...(def.inner === undefined ? {} : { inner: withoutSource(def.inner) }),
    ...(def.entries === undefined ? {} : { entries: def.entries.map(({ key, value }) => ({ key, value })) }),
  };
}

export class Maps implements ground.Ground {
  readonly memory: Memory;
  readonly rcu: RcuDomain;
  readonly cpus: number;
  readonly holders: number;
  readonly profile: ground.Profile;
  readonly choose: (n: number) => number;
  readonly isProgram: (handle: number) => boolean;
  readonly freeMapCall: number;
  // Definitions never change once a map has its id; whether it still lives is a word.
  readonly #defs = new Map<number, MapDef>();
  readonly #root: number;
  readonly #compiled: Compiled;

  constructor(memory: Memory, rcu: RcuDomain, options: MapsOptions) {
    this.memory = memory;
    this.rcu = rcu;
    this.cpus = options.cpus;
    this.profile = { ...linux618, ...options.profile };
    this.choose = options.choose ?? (() => 0);
    this.isProgram = options.isProgram ?? ((handle) => handle !== 0);
    this.freeMapCall = rcu.register({ name: "free map", run: (header, over) => freeLater(this, header, over) });
    this.holders = memory.reserve(options.cpus * 4) >> 2;
    this.#compiled = new Compiled(memory, options.cpus, this.holders);
    // Maps made, address of the table of their headers by id, its capacity.
    const root = memory.reserve(16);
    const table = memory.reserve(FIRST_MAPS * 4);
    this.#root = root >> 2;
    memory.i32[head.maps] = root;
    memory.i32[this.#root + 1] = table;
    memory.i32[this.#root + 2] = FIRST_MAPS;
  }

  /** BPF_MAP_CREATE: the new map's id (from 1), or a negative error number. */
  create(def: MapDef): number {
    const error = validate(def);
    if (error !== 0) return error;
    const id = this.memory.i32[this.#root] + 1;
    const shape = def.inner === undefined ? [] : this.#shape(def.inner);
    const header = build(this.memory, this.cpus, def, id, shape);
    if (header < 0) return header;
    if (!this.#enter(id, header)) return -errno.ENOMEM;
    this.#defs.set(id, def);
    return id;
  }

  /** The words by which a map of this definition would be compared with a template. */
  #shape(def: MapDef): readonly number[] {
    const offset = (name: string) => def.fields?.find((field) => field.kind === name)?.offset ?? -1;
    const words = new Int32Array(MAP_WORDS);
    words[map.type] = mapType[def.type];
    words[map.keySize] = def.keySize;
    words[map.valueSize] = def.valueSize;
    words[map.maxEntries] = def.maxEntries;
    words[map.flags] = def.flags;
    words[map.lockField] = offset("spin_lock");
    words[map.timerField] = offset("timer");
    return shapeOf(words, 0);
  }

  #enter(id: number, header: number): boolean {
    const capacity = this.memory.i32[this.#root + 2];
    if (id >= capacity) {
      const moved = this.memory.reserve(capacity * 8);
      if (moved === 0) return false;
      const from = this.memory.i32[this.#root + 1];
      this.memory.u8.copyWithin(moved, from, from + capacity * 4);
      this.memory.i32[this.#root + 1] = moved;
      this.memory.i32[this.#root + 2] = capacity * 2;
    }
    this.memory.i32[this.#root] = id;
    this.memory.i32[(this.memory.i32[this.#root + 1] >> 2) + id] = header;
    return true;
  }

  /** Address of a map's header, which is what programs hold; 0 if there is no such map. */
  address(id: number): number {
    return headerAddress(this.memory, id);
  }

  /** The map whose header begins at `address`; 0 if none. */
  mapIdAt(address: number): number {
    const region = this.memory.regionAt(address);
    if (region === 0 || this.memory.regionWord(region, word.kind) !== kind.mapHeader || !this.memory.isLive(region))
      return 0;
    const id = this.memory.i32[address >> 2];
    return headerAddress(this.memory, id) === address ? id : 0;
  }

  /** How a map was declared; undefined if it is gone. */
  definition(id: number): MapDef | undefined {
    return this.address(id) === 0 ? undefined : this.#defs.get(id);
  }

  /** Every map that was made, for `adopt` in another thread. */
  definitions(): readonly (readonly [number, MapDef])[] {
    return [...this.#defs].map(([id, def]) => [id, withoutSource(def)]);
  }

  /** Takes over the maps of a memory that another thread shares. */
  adopt(definitions: readonly (readonly [number, MapDef])[]): void {
    for (const [id, def] of definitions) this.#defs.set(id, def);
  }

  byName(name: string): number {
    for (const [id, def] of this.#defs) if (def.name === name && this.address(id) !== 0) return id;
    return 0;
  }

  /** Drops the creator's handle. */
  close(id: number): void {
    const header = this.address(id);
    if (header !== 0) drop(this, header);
  }

  /** A word of a map's header (layout.ts, `map`). */
  word(id: number, name: number): number {
    return this.memory.i32[(this.address(id) >> 2) + name];
  }

  /** A new operation record for a CPU and RCU reader; its index. `user` makes its operations those of bpf(2). */
  newOperation(cpu: number, reader: number, user: boolean): number {
    const index = this.memory.allocate(OP_WORDS * 4, 8, kind.op, cpu) >> 2;
    if (index === 0) throw new Error("no memory is left for an operation");
    this.memory.i32[index + w.cpu] = cpu;
    this.memory.i32[index + w.reader] = reader;
    this.memory.i32[index + w.user] = user ? 1 : 0;
    return index;
  }

  step(op: number): Status {
    return ground.advance(this, op);
  }

  run(op: number): Status {
    return ground.run(this, op);
  }

  /** The operation that holds a CPU, because it is inside a section that Linux runs with interrupts off; 0 if none does. */
  holder(cpu: number): number {
    return this.memory.i32[this.holders + cpu];
  }

  /** What is done to the map with the header at an address in one go; undefined where steps count, or there is no code. */
  inOneGo(header: number): Operations | undefined {
    return this.profile.copyOrder === "free" ? undefined : this.#compiled.of(header);
  }

  /** The name of the next step, for display. */
  stepName(op: number): string {
    return ground.rowOf(this.memory.i32[op + w.pc]).name;
  }

  /** What the next step will touch, before it runs. */
  footprint(op: number): readonly Access[] {
    return footprint(this, op);
  }

  lookup(op: number, id: number, key: number, flags = 0): Status {
    const type = this.#begin(op, code.lookup, id, key, 0, flags);
    if (type === 0) return this.#gone(op);
    if (type === mapType.array || type === mapType.percpu_array) return lookupArray(this, op);
    if (type === mapType.array_of_maps || type === mapType.prog_array) return lookupSlot(this, op);
    return isHash(type) ? startLookup(this, op) : this.#unsupported(op);
  }

  /** The same with a place to copy the value to (userspace). */
  lookupInto(op: number, id: number, key: number, value: number, flags: number): Status {
    const type = this.#begin(op, code.lookup, id, key, value, flags);
    if (type === 0) return this.#gone(op);
    if (flags & ~BPF_F_LOCK || this.#unlockable(op)) return ground.finish(this, op, -errno.EINVAL);
    if (type === mapType.array || type === mapType.percpu_array) return lookupArray(this, op);
    if (type === mapType.array_of_maps || type === mapType.prog_array) return lookupSlot(this, op);
    if (type === mapType.queue || type === mapType.stack) return this.#as(op, code.peek, startQueue);
    return isHash(type) ? startLookup(this, op) : this.#unsupported(op);
  }

  lookupPercpu(op: number, id: number, key: number, cpu: number): Status {
    const type = this.#begin(op, code.lookupPercpu, id, key, 0, cpu);
    if (type === 0) return this.#gone(op);
    if (cpu >>> 0 >= this.cpus) return ground.finishNull(this, op);
    if (type === mapType.percpu_array) return lookupArray(this, op);
    return type === mapType.percpu_hash || type === mapType.lru_percpu_hash
      ? startLookup(this, op)
      : this.#unsupported(op);
  }

  update(op: number, id: number, key: number, value: number, flags: number, flagsHigh = 0): Status {
    const type = this.#begin(op, code.update, id, key, value, flags, flagsHigh);
    if (type === 0) return this.#gone(op);
    if (this.#unlockable(op)) return ground.finish(this, op, -errno.EINVAL);
    if (type === mapType.array || type === mapType.percpu_array) return updateArray(this, op);
    if (type === mapType.prog_array) return updateSlot(this, op);
    if (type === mapType.array_of_maps) {
      this.#willWait(op);
      return updateSlot(this, op);
    }
    if (type === mapType.hash_of_maps) return this.#updateHashOfMaps(op);
    if (type === mapType.queue || type === mapType.stack) return this.#as(op, code.push, startQueue);
    return isHash(type) ? startUpdate(this, op) : this.#unsupported(op);
  }

  #updateHashOfMaps(op: number): Status {
    if (this.memory.i32[op + w.user] === 0) return ground.finish(this, op, -errno.EOPNOTSUPP);
    const error = takeHandle(this, op);
    if (error !== 0) return ground.finish(this, op, error);
    this.#willWait(op);
    return startUpdate(this, op);
  }

  /** Removes a key. */
  remove(op: number, id: number, key: number): Status {
    const type = this.#begin(op, code.remove, id, key, 0, 0);
    if (type === 0) return this.#gone(op);
    if (type === mapType.array_of_maps || type === mapType.hash_of_maps) this.#willWait(op);
    if (type === mapType.array_of_maps || type === mapType.prog_array) return deleteSlot(this, op);
    if (isHash(type)) return startDelete(this, op);
    return type === mapType.ringbuf ? this.#unsupported(op) : ground.finish(this, op, -errno.EINVAL);
  }

  /** BPF_MAP_GET_NEXT_KEY: the key after the one at `key` (0: the first) goes to `out`. */
  nextKey(op: number, id: number, key: number, out: number): Status {
    const type = this.#begin(op, code.next, id, key, out, 0);
    if (type === 0) return this.#gone(op);
    if (isHash(type)) return startNext(this, op);
    if (type === mapType.queue || type === mapType.stack) return ground.finish(this, op, -errno.EINVAL);
    return type === mapType.ringbuf ? this.#unsupported(op) : nextArray(this, op);
  }

  lookupAndDelete(op: number, id: number, key: number, value: number, flags: number): Status {
    const type = this.#begin(op, code.lookupAndDelete, id, key, value, flags);
    if (type === 0) return this.#gone(op);
    if (flags & ~BPF_F_LOCK || this.#unlockable(op)) return ground.finish(this, op, -errno.EINVAL);
    if (type === mapType.queue || type === mapType.stack) {
      return flags === 0 ? this.#as(op, code.pop, startQueue) : ground.finish(this, op, -errno.EINVAL);
    }
    return isHash(type) && type !== mapType.hash_of_maps ? startDelete(this, op) : this.#unsupported(op);
  }

  /** The next element of a for-each walk; `cursor` is the address of two words, zero to begin with. */
  nextElement(op: number, id: number, cursor: number): Status {
    const type = this.#begin(op, code.nextElement, id, cursor, 0, 0);
    if (type === 0) return this.#gone(op);
    if (type === mapType.array || type === mapType.percpu_array) return nextElementArray(this, op);
    return isHash(type) ? startNextElement(this, op) : this.#unsupported(op);
  }

  push(op: number, id: number, value: number, flags: number, flagsHigh = 0): Status {
    return this.#queue(op, code.push, id, value, flags, flagsHigh);
  }

  pop(op: number, id: number, value: number): Status {
    return this.#queue(op, code.pop, id, value, 0, 0);
  }

  peek(op: number, id: number, value: number): Status {
    return this.#queue(op, code.peek, id, value, 0, 0);
  }

  ringbufReserve(op: number, id: number, size: number, flags: number, flagsHigh = 0): Status {
    if (this.#begin(op, code.reserve, id, 0, 0, flags, flagsHigh) !== mapType.ringbuf) return this.#unsupported(op);
    this.memory.i32[op + w.recordSize] = size;
    return startReserve(this, op);
  }

  ringbufOutput(op: number, id: number, data: number, size: number, flags: number, flagsHigh = 0): Status {
    if (this.#begin(op, code.output, id, 0, data, flags, flagsHigh) !== mapType.ringbuf) return this.#unsupported(op);
    this.memory.i32[op + w.recordSize] = size;
    return startReserve(this, op);
  }

  /** `record` is the address that reserve gave. */
  ringbufSubmit(op: number, record: number): Status {
    this.#begin(op, code.submit, 0, 0, record, 0);
    return startCommit(this, op);
  }

  ringbufDiscard(op: number, record: number): Status {
    this.#begin(op, code.discard, 0, 0, record, 0);
    return startCommit(this, op);
  }

  ringbufQuery(op: number, id: number, which: number, whichHigh = 0): Status {
    if (this.#begin(op, code.query, id, 0, 0, which, whichHigh) !== mapType.ringbuf) return this.#unsupported(op);
    return startQuery(this, op);
  }

  /** The handle of the program in a slot of a prog_array, in the result; 0 if there is none. `key` holds the index. */
  tailCall(op: number, id: number, key: number): Status {
    if (this.#begin(op, code.tailCall, id, key, 0, 0) !== mapType.prog_array) return this.#unsupported(op);
    return lookupSlot(this, op);
  }

  #queue(op: number, what: number, id: number, value: number, flags: number, flagsHigh: number): Status {
    const type = this.#begin(op, what, id, 0, value, flags, flagsHigh);
    return type === mapType.queue || type === mapType.stack ? startQueue(this, op) : this.#unsupported(op);
  }

  #as(op: number, what: number, start: (ground: ground.Ground, op: number) => Status): Status {
    this.memory.i32[op + w.code] = what;
    return start(this, op);
  }

  /** Fills the record; the map's type, or 0 if the map is gone. Userspace's operations enter a read-side section. */
  #begin(op: number, what: number, id: number, key: number, value: number, flags: number, flagsHigh = 0): number {
    const { i32 } = this.memory;
    const header = headerAddress(this.memory, id);
    i32[op + w.code] = what;
    i32[op + w.map] = header;
    i32[op + w.key] = key;
    i32[op + w.value] = value;
    i32[op + w.flags] = flags;
    i32[op + w.flagsHigh] = flagsHigh;
    i32[op + w.status] = 0;
    i32[op + w.region] = 0;
    i32[op + w.wait] = 0;
    if (i32[op + w.user] !== 0) this.rcu.lock(i32[op + w.reader]);
    return header === 0 ? 0 : i32[(header >> 2) + map.type];
  }

  /** Updating or deleting in a map of maps waits for the programs that run (M12). */
  #willWait(op: number): void {
    if (this.profile.outerUpdateWaits) this.memory.i32[op + w.wait] = ground.WAIT_AT_END;
  }

  /** bpf(2) asks before the map does: BPF_F_LOCK needs a lock in the value. */
  #unlockable(op: number): boolean {
    const { i32 } = this.memory;
    if (i32[op + w.user] === 0 || (i32[op + w.flags] & BPF_F_LOCK) === 0) return false;
    return i32[(i32[op + w.map] >> 2) + map.lockField] < 0;
  }

  #gone(op: number): Status {
    return ground.finish(this, op, -errno.EBADF);
  }

  #unsupported(op: number): Status {
    return ground.finish(this, op, this.memory.i32[op + w.user] !== 0 ? -errno.ENOTSUPP : -errno.EOPNOTSUPP);
  }
}

const MAP_WORDS = 64;

function isHash(type: number): boolean {
  return (
    type === mapType.hash ||
    type === mapType.percpu_hash ||
    type === mapType.lru_hash ||
    type === mapType.lru_percpu_hash ||
    type === mapType.hash_of_maps
  );
}
