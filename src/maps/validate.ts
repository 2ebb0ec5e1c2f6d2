// What BPF_MAP_CREATE accepts: sizes, flags and fields by map type, with the error number of the running kernel (6.18).
import { isMachineMap, type MachineMapType } from "../isa/map-types.ts";
import type { MapDef, MapType } from "../isa/program.ts";
import { errno, create as flag } from "./errno.ts";

const NUMA = flag.BPF_F_NUMA_NODE;
const ACCESS = flag.BPF_F_RDONLY | flag.BPF_F_WRONLY | flag.BPF_F_RDONLY_PROG | flag.BPF_F_WRONLY_PROG;
const HASH = flag.BPF_F_NO_PREALLOC | flag.BPF_F_NO_COMMON_LRU | NUMA | ACCESS | flag.BPF_F_ZERO_SEED;
const ARRAY = NUMA | flag.BPF_F_MMAPABLE | ACCESS | flag.BPF_F_PRESERVE_ELEMS | flag.BPF_F_INNER_MAP;

/** Flags that a type knows; more conditions follow below. */
const flagsOf = {
  hash: HASH,
  percpu_hash: HASH,
  lru_hash: HASH,
  lru_percpu_hash: HASH,
  hash_of_maps: HASH,
  array: ARRAY,
  percpu_array: ARRAY,
  array_of_maps: ARRAY,
  prog_array: ARRAY,
  queue: NUMA | ACCESS,
  stack: NUMA | ACCESS,
  ringbuf: NUMA,
} as const satisfies Record<MachineMapType, number>;

/** The largest object kmalloc gives, and the largest value a CPU may have of its own. */
const MOST_OBJECT = 1 << 22;
const MOST_PERCPU = 32768;
/** Linux's element header; ours differs, the limit does not. */
const KERNEL_ELEMENT = 48;
const PAGE = 4096;

export function isHashType(type: MapType): boolean {
  return type.includes("hash");
}

/** 0, or the negative error number that creation fails with. */
export function validate(def: MapDef): number {
  const both = flag.BPF_F_RDONLY | flag.BPF_F_WRONLY;
  if ((def.flags & both) === both) return -errno.EINVAL;
  const error = sizes(def);
  return error !== 0 ? error : fields(def);
}

function sizes(def: MapDef): number {
  const { type, flags, keySize, valueSize, maxEntries } = def;
  if (!isMachineMap(type)) return -errno.ENOTSUPP; // no such objects here
  const bothProg = flag.BPF_F_RDONLY_PROG | flag.BPF_F_WRONLY_PROG;
  const unknown = (flags & ~flagsOf[type]) !== 0 || (flags & bothProg) === bothProg;
  switch (type) {
    case "ringbuf":
      if (unknown || keySize !== 0 || valueSize !== 0) return -errno.EINVAL;
      return maxEntries === 0 || maxEntries % PAGE !== 0 || !isPowerOf2(maxEntries) ? -errno.EINVAL : 0;
    case "queue":
    case "stack":
      if (unknown || maxEntries === 0 || keySize !== 0 || valueSize === 0) return -errno.EINVAL;
      return valueSize > MOST_OBJECT ? -errno.E2BIG : 0;
    case "array":
    case "percpu_array":
      return array(def, unknown);
    case "array_of_maps":
    case "prog_array":
      if (valueSize !== 4 || (flags & bothProg) !== 0) return -errno.EINVAL;
      return array(def, unknown) || inner(def);
    case "hash_of_maps":
      if (valueSize !== 4) return -errno.EINVAL;
      return hash(def, unknown) || inner(def);
    case "hash":
    case "percpu_hash":
    case "lru_hash":
    case "lru_percpu_hash":
      return hash(def, unknown);
    default:
      return type satisfies never;
  }
}

function isPowerOf2(value: number): boolean {
  return value > 0 && Math.log2(value) % 1 === 0;
}

function array({ type, flags, keySize, valueSize, maxEntries }: MapDef, unknown: boolean): number {
  const percpu = type === "percpu_array";
  if (maxEntries === 0 || keySize !== 4 || valueSize === 0 || unknown) return -errno.EINVAL;
  if (percpu && flags & NUMA) return -errno.EINVAL;
  if (type !== "array" && flags & (flag.BPF_F_MMAPABLE | flag.BPF_F_INNER_MAP)) return -errno.EINVAL;
  if (flags & flag.BPF_F_PRESERVE_ELEMS) return -errno.EINVAL;
  if (valueSize > 0x7fffffff) return -errno.E2BIG;
  return percpu && valueSize + 7 - ((valueSize + 7) % 8) > MOST_PERCPU ? -errno.E2BIG : 0;
}

function hash({ type, flags, keySize, valueSize, maxEntries }: MapDef, unknown: boolean): number {
  const percpu = type === "percpu_hash" || type === "lru_percpu_hash";
  const lru = type === "lru_hash" || type === "lru_percpu_hash";
  if (unknown || (!lru && flags & flag.BPF_F_NO_COMMON_LRU)) return -errno.EINVAL;
  if (lru && flags & flag.BPF_F_NO_PREALLOC) return -errno.ENOTSUPP;
  if (flags & NUMA && (percpu || flags & flag.BPF_F_NO_COMMON_LRU)) return -errno.EINVAL;
  if (maxEntries === 0 || keySize === 0 || valueSize === 0) return -errno.EINVAL;
  if (keySize + valueSize >= MOST_OBJECT - KERNEL_ELEMENT) return -errno.E2BIG;
  if (percpu && valueSize + 7 - ((valueSize + 7) % 8) > MOST_PERCPU) return -errno.E2BIG;
  return maxEntries > 0x80000000 ? -errno.E2BIG : 0;
}

/** The template of an outer map: one level only, and a type that can be compared. */
function inner({ type, inner: template }: MapDef): number {
  if (type === "prog_array") return 0;
  if (template === undefined) return -errno.EBADF;
  if (template.type === "array_of_maps" || template.type === "hash_of_maps") return -errno.EINVAL;
  if (template.type === "prog_array") return -errno.ENOTSUPP;
  return validate(template);
}

function fields({ type, flags, valueSize, fields: list = [] }: MapDef): number {
  if (list.length === 0) return 0;
  const seen = new Set<string>();
  for (const { kind, offset } of list) {
    const size = kind === "timer" ? 16 : 4;
    if (seen.has(kind) || offset % (kind === "timer" ? 8 : 4) !== 0 || offset + size > valueSize) return -errno.EINVAL;
    seen.add(kind);
  }
  if (flags & (flag.BPF_F_RDONLY_PROG | flag.BPF_F_WRONLY_PROG)) return -errno.EACCES;
  const holds = seen.has("timer") && type === "lru_hash" && seen.size === 1;
  return type === "hash" || type === "array" || holds ? 0 : -errno.EOPNOTSUPP;
}
