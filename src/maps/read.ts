// Looking up and walking hash tables. A program gets a pointer into the element; userspace gets a copy, word by word,
// of what it then is.
import { copy, copyLocked } from "./copy.ts";
import { BPF_F_LOCK, errno } from "./errno.ts";
import { finish, finishNull, finishPointer, type Ground, go, hasFields, mapOf, READ, step, WRITE } from "./ground.ts";
import { BUCKET_BYTES, code, element, map, mapType, type Status, op as w } from "./layout.ts";
import { aim, generationOf, isPercpu, onSearch, searchLockless, valueFor } from "./search.ts";

export function startLookup(ground: Ground, op: number): Status {
  aim(ground, op);
  return searchLockless(ground, op);
}

export function startNext(ground: Ground, op: number): Status {
  if (ground.memory.i32[op + w.key] === 0) return scanFrom(ground, op, 0);
  aim(ground, op);
  return searchLockless(ground, op);
}

/** An operation that is over with 0. */
export const succeed = step("done", 0, 0, (ground, op) => finish(ground, op, 0));

/** Copies a found value out to userspace; under its lock if that was asked for. */
export function copyOut(ground: Ground, op: number, item: number, resume = succeed, at = 0): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const value = item + i32[header + map.valueOffset];
  const out = i32[op + w.value];
  const size = isPercpu(ground, header) ? i32[header + map.room] : i32[header + map.valueSize];
  if (i32[op + w.flags] & BPF_F_LOCK) return copyLocked(ground, op, value, value, out, size, resume, at);
  return copy(ground, op, value, out, size, resume, at, hasFields(ground, header) ? 1 : 0);
}

onSearch(code.lookup, {
  found(ground, op) {
    const { i32 } = ground.memory;
    const header = mapOf(ground, op);
    const item = i32[op + w.current];
    const type = i32[header + map.type];
    if (type === mapType.hash_of_maps) return go(ground, op, readInner, item + i32[header + map.valueOffset]);
    if (i32[op + w.user] !== 0) return copyOut(ground, op, item);
    // Only a program's look counts as use; userspace may read without keeping an element alive.
    const marks = type === mapType.lru_hash || type === mapType.lru_percpu_hash;
    if (marks) return go(ground, op, markReferenced, item + element.referenced * 4);
    return givePointer(ground, op, i32[op + w.cpu]);
  },
  missing: (ground, op) =>
    ground.memory.i32[op + w.user] !== 0 ? finish(ground, op, -errno.ENOENT) : finishNull(ground, op),
});

onSearch(code.lookupPercpu, {
  found(ground, op) {
    const { i32 } = ground.memory;
    const item = i32[op + w.current];
    const lru = i32[mapOf(ground, op) + map.type] === mapType.lru_percpu_hash;
    if (lru) return go(ground, op, markReferenced, item + element.referenced * 4);
    return givePointer(ground, op, i32[op + w.flags]);
  },
  missing: finishNull,
});

function givePointer(ground: Ground, op: number, cpu: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const item = i32[op + w.current];
  const value = valueFor(ground, header, item, cpu);
  return finishPointer(ground, op, value, i32[header + map.valueSize], generationOf(item));
}

const markReferenced = step("lru: mark as used", WRITE, 4, (ground, op) => {
  const { i32 } = ground.memory;
  i32[i32[op + w.at] >> 2] = 1;
  return givePointer(ground, op, i32[op + w.code] === code.lookupPercpu ? i32[op + w.flags] : i32[op + w.cpu]);
});

/** Reads a slot that holds an inner map: a pointer for a program, the map's id for userspace. */
export const readInner = step("outer: read the slot", READ, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const inner = i32[i32[op + w.at] >> 2];
  if (i32[op + w.user] === 0) {
    if (inner === 0) return finishNull(ground, op);
    const region = ground.memory.regionAt(inner);
    return finishPointer(ground, op, inner, 0, ground.memory.generationAt(region, inner));
  }
  if (inner === 0) return finish(ground, op, -errno.ENOENT);
  i32[i32[op + w.value] >> 2] = i32[(inner >> 2) + map.id];
  return finish(ground, op, 0);
});

onSearch(code.next, {
  found: (ground, op) => go(ground, op, readNext, ground.memory.i32[op + w.current]),
  // The key has gone: the walk begins anew.
  missing: (ground, op) => scanFrom(ground, op, 0),
});

const readNext = step("hash: read the next link", READ, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const next = i32[i32[op + w.at] >> 2];
  if ((next & 1) === 0) return give(ground, op, next);
  return scanFrom(ground, op, (i32[op + w.hash] & i32[mapOf(ground, op) + map.bucketMask]) + 1);
});

/** Looks for the first element of bucket `index` or a later one. */
function scanFrom(ground: Ground, op: number, index: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  i32[op + w.first] = index;
  if (index <= i32[header + map.bucketMask]) {
    return go(ground, op, scanBucket, i32[header + map.buckets] + index * BUCKET_BYTES);
  }
  return i32[op + w.code] === code.next ? finish(ground, op, -errno.ENOENT) : finishNull(ground, op);
}

const scanBucket = step("hash: read a bucket", READ, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const found = i32[i32[op + w.at] >> 2];
  if ((found & 1) !== 0) return scanFrom(ground, op, i32[op + w.first] + 1);
  return give(ground, op, found);
});

function give(ground: Ground, op: number, item: number): Status {
  const { i32 } = ground.memory;
  i32[op + w.current] = item;
  if (i32[op + w.code] === code.nextElement) return go(ground, op, readAhead, item);
  const header = mapOf(ground, op);
  return copy(ground, op, item + i32[header + map.keyOffset], i32[op + w.value], i32[header + map.keySize], succeed, 0);
}

/**
 * The next element for bpf_for_each_map_elem. The cursor is two words at `op.key`: the bucket, and the element to
 * visit next (0: look in the bucket). The link is read before the callback runs, as Linux does, so a callback
 * may delete its element.
 */
export function startNextElement(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const cursor = i32[op + w.key] >> 2;
  i32[op + w.first] = i32[cursor];
  if (i32[cursor + 1] !== 0) return give(ground, op, i32[cursor + 1]);
  return scanFrom(ground, op, i32[cursor]);
}

const readAhead = step("hash: read the link ahead", READ, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const cursor = i32[op + w.key] >> 2;
  const next = i32[i32[op + w.at] >> 2];
  const atEnd = (next & 1) !== 0;
  i32[cursor] = atEnd ? i32[op + w.first] + 1 : i32[op + w.first];
  i32[cursor + 1] = atEnd ? 0 : next;
  const header = mapOf(ground, op);
  i32[op + w.keyResult] = i32[op + w.current] + i32[header + map.keyOffset];
  return givePointer(ground, op, i32[op + w.cpu]);
});
