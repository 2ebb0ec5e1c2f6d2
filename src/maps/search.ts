// Finding a key in a hash table: from the bucket along a chain that ends in a marker naming its bucket. A reader takes
// no lock; an element that was reused under it may lead it into another bucket's chain, which the marker tells, and it
// starts again (concurrency.md, M4). Writers walk the same way with the bucket locked.
import { acquire, type Ground, go, LOCK, mapOf, READ, step } from "./ground.ts";
import { hashKey, sameBytes } from "./key.ts";
import { BLOCKED, BUCKET_BYTES, element, map, type Status, op as w } from "./layout.ts";

interface Ends {
  /** `op.current` is the element, `op.previous` the address of the link to it. */
  readonly found: (ground: Ground, op: number) => Status;
  readonly missing: (ground: Ground, op: number) => Status;
}

/** What an operation does with the outcome, by operation code. */
const ends: Ends[] = [];
export function onSearch(code: number, outcome: Ends): void {
  ends[code] = outcome;
}

/** Whether the walk holds the bucket's lock: `op.phase`. */
export const LOCKLESS = 0;
export const LOCKED = 1;

/** Computes the hash and the bucket; to be done before anything else here. */
export function aim(ground: Ground, op: number): void {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const hash = hashKey(ground.memory, i32[op + w.key], i32[header + map.keySize], i32[header + map.seed]);
  i32[op + w.hash] = hash;
  i32[op + w.bucket] = i32[header + map.buckets] + (hash & i32[header + map.bucketMask]) * BUCKET_BYTES;
}

export function searchLockless(ground: Ground, op: number): Status {
  ground.memory.i32[op + w.phase] = LOCKLESS;
  return go(ground, op, readBucket, ground.memory.i32[op + w.bucket]);
}

export function searchLocked(ground: Ground, op: number): Status {
  return go(ground, op, lockBucket, ground.memory.i32[op + w.bucket] + 4);
}

const lockBucket = step("hash: lock the bucket", LOCK, 4, (ground, op) => {
  const { i32 } = ground.memory;
  if (!acquire(ground, op)) return BLOCKED;
  i32[op + w.phase] = LOCKED;
  return go(ground, op, readBucket, i32[op + w.bucket]);
});

const readBucket = step("hash: read the bucket", READ, 4, (ground, op) => {
  const { i32 } = ground.memory;
  i32[op + w.first] = i32[i32[op + w.at] >> 2];
  return follow(ground, op, i32[op + w.at], i32[op + w.first]);
});

/** Goes on to the element that the link at `from` names, or ends at the marker. */
function follow(ground: Ground, op: number, from: number, to: number): Status {
  const { i32 } = ground.memory;
  i32[op + w.previous] = from;
  i32[op + w.current] = to;
  if ((to & 1) === 0) return go(ground, op, readHash, to + element.hash * 4);
  const header = mapOf(ground, op);
  const bucket = i32[header + map.buckets] + (to >>> 1) * BUCKET_BYTES;
  if (bucket !== i32[op + w.bucket]) return go(ground, op, readBucket, i32[op + w.bucket]);
  return ends[i32[op + w.code]].missing(ground, op);
}

const readHash = step("hash: compare the hash", READ, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const current = i32[op + w.current];
  if (i32[i32[op + w.at] >> 2] !== i32[op + w.hash]) return go(ground, op, readLink, current);
  return compareFrom(ground, op, 0);
});

function compareFrom(ground: Ground, op: number, i: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  i32[op + w.i] = i;
  i32[op + w.length] = Math.min(8, i32[header + map.keySize] - i);
  return go(ground, op, compareKey, i32[op + w.current] + i32[header + map.keyOffset] + i);
}

const compareKey = step("hash: compare a key word", READ, 0, (ground, op) => {
  const { i32 } = ground.memory;
  const i = i32[op + w.i];
  if (!sameBytes(ground.memory, i32[op + w.at], i32[op + w.key] + i, i32[op + w.length])) {
    return go(ground, op, readLink, i32[op + w.current]);
  }
  if (i + 8 < i32[mapOf(ground, op) + map.keySize]) return compareFrom(ground, op, i + 8);
  return ends[i32[op + w.code]].found(ground, op);
});

const readLink = step("hash: follow the link", READ, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const current = i32[op + w.at];
  return follow(ground, op, current, i32[current >> 2]);
});

export function isPercpu(ground: Ground, header: number): boolean {
  return ground.memory.i32[header + map.percpu] !== 0;
}

/** Address of the value of `item` that CPU `cpu` sees. */
export function valueFor(ground: Ground, header: number, item: number, cpu: number): number {
  const { i32 } = ground.memory;
  const at = item + i32[header + map.valueOffset];
  return isPercpu(ground, header) ? at + cpu * i32[header + map.slot] : at;
}

/** Address of an element's generation word. */
export function generationOf(item: number): number {
  return item + element.generation * 4;
}
