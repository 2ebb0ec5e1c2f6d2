// Making a map: its header, its storage, its free lists, all in linear memory. When memory is exhausted nothing is left
// behind but freed regions.
import type { MapDef } from "../isa/program.ts";
import { kind } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";
import { divide, populate } from "./elements.ts";
import { errno, create as flag } from "./errno.ts";
import { BUCKET_BYTES, ELEMENT_BYTES, INNER_WORDS, LRU_ELEMENT_BYTES, MAP_BYTES, map, mapType } from "./layout.ts";
import { lruBytes, lruPopulate } from "./lru.ts";
import { isHashType } from "./validate.ts";

/** The largest storage of one map; beyond it creation says ENOMEM, as Linux does at a larger figure. */
const MOST_BYTES = 0x40000000;

/** A new map's header address, or a negative error number. `template` is a map of the inner shape, 0 if none. */
export function build(memory: Memory, cpus: number, def: MapDef, id: number, template: readonly number[]): number {
  const plan = planOf(def, cpus);
  if (plan.bytes > MOST_BYTES) return -errno.ENOMEM;
  const header = memory.allocate(MAP_BYTES, 8, kind.mapHeader, id);
  if (header === 0) return -errno.ENOMEM;
  const at = header >> 2;
  const set = (word: number, value: number) => {
    memory.i32[at + word] = value;
  };
  set(map.id, id);
  set(map.type, mapType[def.type]);
  set(map.keySize, def.keySize);
  set(map.valueSize, def.valueSize);
  set(map.maxEntries, plan.entries);
  set(map.flags, def.flags);
  set(map.refs, 1);
  set(map.stride, plan.stride);
  set(map.keyOffset, plan.keyOffset);
  set(map.valueOffset, plan.valueOffset);
  set(map.slot, plan.slot);
  set(map.room, plan.room);
  set(map.percpu, def.type.includes("percpu") ? 1 : 0);
  set(map.cpus, cpus);
  set(map.seed, def.flags & flag.BPF_F_ZERO_SEED ? 0 : Math.imul(id, 0x9e3779b1) ^ 0x2545f491);
  set(map.lockField, fieldOffset(def, "spin_lock"));
  set(map.timerField, fieldOffset(def, "timer"));
  for (let i = 0; i < INNER_WORDS; i++) set(map.inner + i, template[i] ?? 0);
  const ready = storage(memory, at, def, id, plan, cpus);
  if (ready) return header;
  release(memory, at);
  memory.free(header);
  return -errno.ENOMEM;
}

function fieldOffset(def: MapDef, name: "spin_lock" | "timer"): number {
  return def.fields?.find((field) => field.kind === name)?.offset ?? -1;
}

interface Plan {
  readonly entries: number;
  /** Elements made beforehand. */
  readonly elements: number;
  readonly stride: number;
  readonly keyOffset: number;
  readonly valueOffset: number;
  readonly slot: number;
  readonly room: number;
  readonly bytes: number;
}

function round8(size: number): number {
  return Math.ceil(size / 8) * 8;
}

function planOf(def: MapDef, cpus: number): Plan {
  const { type, flags } = def;
  const percpu = type === "percpu_array" || type === "percpu_hash" || type === "lru_percpu_hash";
  const slot = round8(def.valueSize);
  const room = percpu ? slot * cpus : slot;
  if (type === "ringbuf") {
    const bytes = def.maxEntries * 2;
    return { entries: def.maxEntries, elements: 0, stride: 0, keyOffset: 0, valueOffset: 0, slot: 0, room: 0, bytes };
  }
  if (!isHashType(type)) {
    const elements = type === "queue" || type === "stack" ? def.maxEntries + 1 : def.maxEntries;
    const bytes = elements * room;
    return { entries: def.maxEntries, elements, stride: room, keyOffset: 0, valueOffset: 0, slot, room, bytes };
  }
  const lru = type === "lru_hash" || type === "lru_percpu_hash";
  let entries = def.maxEntries;
  if (flags & flag.BPF_F_NO_COMMON_LRU) entries = Math.ceil(entries / cpus) * cpus;
  const keyOffset = lru ? LRU_ELEMENT_BYTES : ELEMENT_BYTES;
  const valueOffset = keyOffset + round8(def.keySize);
  const stride = valueOffset + room;
  const spares = lru || percpu ? 0 : cpus;
  const elements = flags & flag.BPF_F_NO_PREALLOC ? 0 : entries + spares;
  const buckets = 2 ** Math.ceil(Math.log2(entries));
  const bytes = elements * stride + buckets * BUCKET_BYTES;
  return { entries, elements, stride, keyOffset, valueOffset, slot, room, bytes };
}

function storage(memory: Memory, at: number, def: MapDef, id: number, plan: Plan, cpus: number): boolean {
  const put = (word: number, bytes: number, what: number): boolean => {
    const base = memory.allocate(bytes, 8, what, id);
    memory.i32[at + word] = base;
    return base !== 0;
  };
  if (def.type === "ringbuf") return put(map.values, plan.bytes, kind.ringbuf);
  if (!isHashType(def.type)) {
    const named = def.type === "array_of_maps" || def.type === "prog_array";
    if (!put(map.values, plan.elements * plan.stride, named ? kind.mapInternal : kind.mapValues)) return false;
    const elements = { stride: plan.room, first: 0, length: def.valueSize, generationAt: -1 };
    if (!named) memory.divide(memory.i32[at + map.values], { ...elements, stride: plan.slot });
    return true;
  }
  const buckets = 2 ** Math.ceil(Math.log2(plan.entries));
  if (!put(map.buckets, buckets * BUCKET_BYTES, kind.mapInternal)) return false;
  const base = memory.i32[at + map.buckets] >> 2;
  for (let bucket = 0; bucket < buckets; bucket++) memory.i32[base + bucket * 2] = (bucket << 1) | 1;
  memory.i32[at + map.bucketMask] = buckets - 1;
  const lru = def.type === "lru_hash" || def.type === "lru_percpu_hash";
  if (!put(map.freeLists, cpus * 4, kind.mapInternal) || !put(map.extra, cpus * 4, kind.mapInternal)) return false;
  if (lru && !put(map.lru, lruBytes(cpus, def.flags), kind.mapInternal)) return false;
  if (plan.elements === 0) return true;
  if (!put(map.values, plan.elements * plan.stride, kind.mapValues)) return false;
  divide(memory, at, memory.i32[at + map.values]);
  if (lru) lruPopulate({ memory, cpus }, at, plan.elements);
  else populate(memory, at, plan.elements, cpus, !def.type.includes("percpu"));
  return true;
}

function release(memory: Memory, at: number): void {
  for (const word of [map.values, map.buckets, map.freeLists, map.extra, map.lru]) {
    if (memory.i32[at + word] !== 0) memory.free(memory.i32[at + word]);
  }
}
