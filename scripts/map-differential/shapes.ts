// Which maps the comparison makes: valid ones to operate on, and arbitrary ones to see them refused.
import type { MapDef, MapType, ValueField } from "../../src/isa/program.ts";

export type Random = () => number;

export const below = (random: Random, limit: number): number => Math.floor(random() * limit);
export const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)] ?? list[0];

export const flag = {
  noPrealloc: 1,
  noCommonLru: 2,
  readOnly: 8,
  writeOnly: 16,
  zeroSeed: 64,
  mmapable: 1024,
  innerMap: 4096,
} as const;

/** A kind of map to compare: `no_prealloc_hash` is a hash whose elements come from the allocator. */
export const kinds = [
  "array",
  "hash",
  "no_prealloc_hash",
  "percpu_array",
  "percpu_hash",
  "lru_hash",
  "lru_percpu_hash",
  "array_of_maps",
  "hash_of_maps",
  "prog_array",
  "ringbuf",
  "queue",
  "stack",
] as const;
export type Kind = (typeof kinds)[number];

export function typeOf(kind: Kind): MapType {
  return kind === "no_prealloc_hash" ? "hash" : kind;
}

export const isHash = (type: MapType): boolean => type.includes("hash");
export const isLru = (type: MapType): boolean => type.startsWith("lru_");
export const isPerCpu = (type: MapType): boolean => type.includes("percpu");
export const isKeyless = (type: MapType): boolean => type === "queue" || type === "stack" || type === "ringbuf";
export const holdsObjects = (type: MapType): boolean => type === "prog_array" || type.endsWith("_of_maps");

/** The template of maps of maps, and what else is offered to them as a value. */
export function innerMaps(random: Random): readonly MapDef[] {
  const template: MapDef = {
    name: "template",
    type: pick(random, ["array", "hash", "lru_hash"]),
    keySize: 4,
    valueSize: pick(random, [4, 8]),
    maxEntries: pick(random, [1, 4]),
    flags: 0,
  };
  const flags =
    template.type === "array" ? flag.innerMap : template.type === "hash" ? flag.noPrealloc : flag.noCommonLru;
  return [
    template,
    { ...template, name: "same" },
    { ...template, name: "longer", maxEntries: template.maxEntries + 1 },
    { ...template, name: "wider", valueSize: 16 },
    { ...template, name: "flagged", flags },
    { ...template, name: "percpu", type: "percpu_array" },
    { ...template, name: "outer", type: "array_of_maps", valueSize: 4, flags: 0, inner: template },
    { ...template, name: "programs", type: "prog_array", valueSize: 4, flags: 0 },
    { ...template, name: "ring", type: "ringbuf", keySize: 0, valueSize: 0, maxEntries: 4096 },
    { ...template, name: "queue", type: "queue", keySize: 0 },
    { ...template, name: "locked", type: "hash", valueSize: 8, fields: [{ kind: "spin_lock", offset: 4 }] },
  ];
}

/** A map that both sides should make, small enough that it fills up. */
export function validShape(kind: Kind, random: Random, inner: MapDef | undefined): MapDef {
  const type = typeOf(kind);
  const hashed = isHash(type);
  const valueSize = holdsObjects(type) ? 4 : type === "ringbuf" ? 0 : pick(random, [1, 3, 4, 7, 8, 12, 24, 64, 257]);
  const optional = [0, 0, 0, flag.readOnly, flag.writeOnly, ...(hashed ? [flag.zeroSeed] : [])];
  let flags = random() < 0.3 ? pick(random, optional) : 0;
  if (kind === "no_prealloc_hash") flags |= flag.noPrealloc;
  if (kind === "lru_hash" && random() < 0.2) flags |= flag.noCommonLru;
  if (kind === "percpu_hash" && random() < 0.3) flags |= flag.noPrealloc;
  if (kind === "hash_of_maps" && random() < 0.3) flags |= flag.noPrealloc;
  if (kind === "array" && random() < 0.2) flags |= pick(random, [flag.mmapable, flag.innerMap]);
  const fields = validFields(type, random);
  return {
    name: kind,
    type,
    keySize: isKeyless(type) ? 0 : hashed ? pick(random, [1, 2, 4, 5, 8, 13, 16]) : 4,
    valueSize: fields === undefined ? valueSize : Math.max(32, (valueSize + 7) & ~7),
    maxEntries:
      type === "ringbuf"
        ? pick(random, [4096, 8192])
        : (lruSize(type, random) ?? pick(random, [1, 2, 3, 5, 8, 30, hashed && !holdsObjects(type) ? 100 : 4])),
    flags,
    inner: type.endsWith("_of_maps") ? inner : undefined,
    fields,
  };
}

/** A lock, a timer or both, where a type may have them; the value has at least 32 bytes. */
function validFields(type: MapType, random: Random): readonly ValueField[] | undefined {
  const timed = type === "array" || type === "hash" || type === "lru_hash";
  if (!timed || random() < 0.6) return undefined;
  const timer: ValueField = { kind: "timer", offset: pick(random, [8, 16]) };
  const lock: ValueField = { kind: "spin_lock", offset: pick(random, [0, 4]) };
  return type === "lru_hash" ? [timer] : pick(random, [[lock], [timer], [lock, timer]]);
}

/** Either so large that nothing is evicted, or so small that much is. */
function lruSize(type: MapType, random: Random): number | undefined {
  if (!isLru(type)) return undefined;
  return random() < 0.5 ? 4096 : pick(random, [2, 4, 10, 30]);
}

const sizes = [0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 20, 64, 511, 512, 513, 1024, 4096];
const large = [32760, 32768, 32769, 65536, 4194303, 4194304, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff];
const counts = [0, 1, 2, 3, 4, 7, 8, 100, 1000, 4095, 4096, 4097, 8192, 12288, 65536];
const many = [0x80000000, 0x80000001, 0xffffffff];
/** The bits that say something of their own; those that announce another field of the attribute are left out. */
const bits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 17, 18, 20, 31];

/** Sizes and flags with no regard for what is allowed; undefined where a success would take too much memory. */
export function arbitraryShape(
  kind: Kind,
  random: Random,
  inner: MapDef | undefined,
  cpus: number,
): MapDef | undefined {
  const base = validShape(kind, random, inner);
  const type = base.type;
  const change = random();
  const keySize = change < 0.3 || random() < 0.1 ? pick(random, random() < 0.8 ? sizes : large) : base.keySize;
  const valueSize =
    (change >= 0.3 && change < 0.6) || random() < 0.1 ? pick(random, random() < 0.6 ? sizes : large) : base.valueSize;
  const maxEntries =
    (change >= 0.6 && change < 0.8) || random() < 0.1 ? pick(random, random() < 0.8 ? counts : many) : base.maxEntries;
  let flags = base.flags;
  if (change >= 0.8) for (let n = 1 + below(random, 2); n > 0; n--) flags ^= 1 << pick(random, bits);
  // What the kernel would set aside at once. Numbers that it refuses before that are of no concern.
  const bytes = (keySize + valueSize + 64) * Math.min(maxEntries, 1 << 20) * (isPerCpu(type) ? cpus : 1);
  const refusedEarly = maxEntries === 0 || keySize > 0x7fffffff || valueSize > 0x7fffffff;
  if (bytes > 1 << 24 && !refusedEarly) return undefined;
  const fields = keySize > 0 && valueSize > 0 && random() < 0.2 ? arbitraryFields(random, valueSize) : undefined;
  return { ...base, keySize, valueSize, maxEntries, flags: flags >>> 0, fields };
}

/**
 * A lock, a timer or both, on types that may have none. Linux ignores fields that overlap or are not aligned, as if
 * they had not been declared; the laboratory refuses them, which is why there are none here.
 */
function arbitraryFields(random: Random, valueSize: number): readonly ValueField[] {
  const timer: ValueField = { kind: "timer", offset: 8 * below(random, Math.min(valueSize, 64) >> 3) };
  const after = timer.offset + 16;
  const lock: ValueField = { kind: "spin_lock", offset: random() < 0.5 ? after : Math.max(0, timer.offset - 4) };
  return pick<readonly ValueField[]>(random, [[lock], [timer], timer.offset === 0 ? [timer] : [lock, timer]]);
}
