// What the words of a map, of an element and of an operation mean. All of it is linear memory: a map is the address of
// its header, an element the address of its header, an operation the index (address / 4) of its record.
export { mapTypeNumber as mapType } from "../isa/map-types.ts";

/** Words of a map header. Its address is the map pointer that programs hold. */
export const MAP_BYTES = 192;
export const map = {
  id: 0,
  type: 1,
  keySize: 2,
  valueSize: 3,
  maxEntries: 4,
  flags: 5,
  /** Handles, slots of outer maps and programs that hold it. */
  refs: 6,
  /** Once it has stood in an outer map it is freed after the last reference went and readers left: `wait`. */
  freeAfter: 7,
  seed: 8,
  /** First element (array storage, preallocated pool, ring data); 0 if none. */
  values: 9,
  /** Distance of elements, offset of the value in one, bytes of one value with padding, and of all CPUs' values. */
  stride: 10,
  valueOffset: 11,
  slot: 12,
  room: 13,
  count: 14,
  buckets: 15,
  bucketMask: 16,
  /** One word a CPU: the first free element. */
  freeLists: 17,
  /** One word a CPU: the element that the next replacement on it will use (preallocated hash only). */
  extra: 18,
  /** Offsets of special fields in a value; -1 if there is none. */
  lockField: 19,
  timerField: 20,
  /** The last slab of elements made one by one (BPF_F_NO_PREALLOC), and how much of it is handed out. */
  slab: 21,
  slabUsed: 22,
  lru: 23,
  cpus: 24,
  /** Queue, stack and ring buffer: positions, and the lock. */
  head: 25,
  tail: 26,
  pending: 27,
  lock: 28,
  /** Offset of the key in a hash element. */
  keyOffset: 29,
  /** 1 if every CPU has a value of its own in each element. */
  percpu: 30,
  /** Template of the inner maps: type, key and value size, entries, flags, lock and timer offset. */
  inner: 32,
  /** How many sleepable programs may use it. */
  sleepable: 39,
} as const;
export const INNER_WORDS = 7;

/** What a map that stood in an outer one waits for: ordinary readers, or those of tasks trace and then these. */
export const wait = { nothing: 0, readers: 1, both: 2 } as const;

/**
 * Words of a hash element. `link` is the next element's address or an odd end marker, `bucket << 1 | 1`.
 * `generation` is even while the element is in the map and odd while it is not: leaving and coming back each add one,
 * so a remembered generation plus one means deleted, anything else reused.
 * The key follows, padded to 8, then the value, or one value a CPU.
 */
export const element = {
  link: 0,
  hash: 1,
  generation: 2,
  free: 3,
  next: 4,
  previous: 5,
  place: 6,
  referenced: 7,
} as const;
export const ELEMENT_BYTES = 16;
export const LRU_ELEMENT_BYTES = 32;

/** Words of a bucket. */
export const BUCKET_BYTES = 8;

/** Words of an operation record: what it is, how far it is, what it found. */
export const OP_WORDS = 64;
export const op = {
  /** The next step's row, 0 when there is none. */
  pc: 0,
  code: 1,
  map: 2,
  key: 3,
  value: 4,
  flags: 5,
  flagsHigh: 6,
  /** Whose per-CPU data it uses, and which RCU reader it is. */
  cpu: 7,
  reader: 8,
  /** 1 for an operation of userspace: values are copied out and cover all CPUs. */
  user: 9,
  status: 10,
  lo: 11,
  hi: 12,
  /** Of a returned pointer: its region, the generation it was born with, the word to compare that with, its extent. */
  region: 13,
  generation: 14,
  generationAt: 15,
  size: 16,
  /** Address of the key that goes with a returned value (for each). */
  keyResult: 17,
  /** What the next step touches. */
  at: 18,
  length: 19,
  // Locals.
  hash: 20,
  bucket: 21,
  first: 22,
  previous: 23,
  current: 24,
  fresh: 25,
  old: 26,
  phase: 27,
  i: 28,
  error: 29,
  from: 30,
  to: 31,
  bytes: 32,
  /** Words still to copy, where their order is free. */
  mask: 33,
  skipFields: 34,
  /** The row after a copy and what it touches; the same after a copy under a value's lock. */
  resume: 35,
  after: 36,
  lockResume: 37,
  lockAfter: 41,
  /** The grace period it waits for. */
  wait: 38,
  /** The element to give back once the bucket is unlocked. */
  release: 39,
  /** Room for a key that has no other place (the index of an array element). */
  keyRoom: 40,
  /** The inner map that goes into a slot, and then the one that came out of it. */
  inner: 42,
  /** Bytes of a ring buffer record. */
  recordSize: 43,
  /** Locks it holds. With the first it gets its CPU for itself, with the last it gives it back. */
  held: 44,
} as const;

/** Operations. */
export const code = {
  none: 0,
  lookup: 1,
  update: 2,
  remove: 3,
  next: 4,
  lookupAndDelete: 5,
  lookupPercpu: 6,
  nextElement: 7,
  push: 8,
  pop: 9,
  peek: 10,
  reserve: 11,
  submit: 12,
  discard: 13,
  output: 14,
  query: 15,
  tailCall: 16,
} as const;

export const RUNNING = 0;
export const DONE = 1;
export const BLOCKED = 2;
export type Status = typeof RUNNING | typeof DONE | typeof BLOCKED;
