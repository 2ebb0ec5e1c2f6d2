// Changing hash tables. An update fills a new element, puts it in front of the chain and then takes the old one out, so
// that a reader sees either whole (concurrency.md, M5); per-CPU values, values under BPF_F_LOCK and the slots of outer
// maps are written in place. All of it happens with the bucket locked.
import { clearTimer, copy, copyLocked } from "./copy.ts";
import { allocation, giveBack } from "./elements.ts";
import { BPF_ANY, BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, create, errno } from "./errno.ts";
import {
  ATOMIC,
  END,
  finish,
  type Ground,
  go,
  hasFields,
  LOCK,
  mapOf,
  READ,
  release,
  runAnyway,
  step,
  WRITE,
} from "./ground.ts";
import { code, element, map, mapType, type Status, op as w } from "./layout.ts";
import { evict, lruGiveBack } from "./lru.ts";
import { copyOut, succeed } from "./read.ts";
import { drop, dropInner } from "./refs.ts";
import { aim, isPercpu, LOCKLESS, onSearch, searchLocked, searchLockless } from "./search.ts";

function isLru(ground: Ground, header: number): boolean {
  const type = ground.memory.i32[header + map.type];
  return type === mapType.lru_hash || type === mapType.lru_percpu_hash;
}

/** What the flags say about a key that is or is not there; 0 if they agree. */
function refusal(flags: number, found: boolean): number {
  const wanted = flags & ~BPF_F_LOCK;
  if (found && wanted === BPF_NOEXIST) return -errno.EEXIST;
  if (!found && wanted === BPF_EXIST) return -errno.ENOENT;
  return 0;
}

/** An update. For a map of maps `op.fresh` is already the inner map, and its reference is counted. */
export function startUpdate(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const flags = i32[op + w.flags];
  const lockable = i32[header + map.type] === mapType.hash;
  const wanted = lockable ? flags & ~BPF_F_LOCK : flags;
  if (i32[op + w.flagsHigh] !== 0 || wanted >>> 0 > BPF_EXIST) return fail(ground, op, -errno.EINVAL);
  if (flags & BPF_F_LOCK && i32[header + map.lockField] < 0) return fail(ground, op, -errno.EINVAL);
  i32[op + w.error] = 0;
  i32[op + w.old] = 0;
  i32[op + w.fresh] = 0;
  i32[op + w.release] = 0;
  aim(ground, op);
  if (flags & BPF_F_LOCK) return searchLockless(ground, op);
  if (!isLru(ground, header)) return searchLocked(ground, op);
  if (isPercpu(ground, header) && flags === BPF_EXIST) return searchLocked(ground, op);
  return evict(ground, op, afterEvict);
}

/** Ends an update with an error; the inner map that it was to store is let go. */
function fail(ground: Ground, op: number, error: number): Status {
  const { i32 } = ground.memory;
  if (i32[mapOf(ground, op) + map.type] === mapType.hash_of_maps) drop(ground, i32[op + w.inner]);
  return finish(ground, op, error);
}

// An LRU table finds room first, perhaps by throwing out another key, and only then looks (M10).
const afterEvict = step("lru: fill the element", 0, 0, (ground, op) => {
  const { i32 } = ground.memory;
  if (i32[op + w.fresh] === 0) return finish(ground, op, -errno.ENOMEM);
  return fillKey(ground, op);
});

export function startDelete(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  i32[op + w.release] = 0;
  if (i32[op + w.code] === code.lookupAndDelete) {
    const flags = i32[op + w.flags];
    const unlockable = flags & BPF_F_LOCK && i32[mapOf(ground, op) + map.lockField] < 0;
    if ((flags & ~BPF_F_LOCK) !== BPF_ANY || unlockable) return finish(ground, op, -errno.EINVAL);
  }
  aim(ground, op);
  return searchLocked(ground, op);
}

onSearch(code.update, {
  found(ground, op) {
    const { i32 } = ground.memory;
    const header = mapOf(ground, op);
    const flags = i32[op + w.flags];
    const item = i32[op + w.current];
    const value = item + i32[header + map.valueOffset];
    const lockless = i32[op + w.phase] === LOCKLESS;
    const error = refusal(flags, true);
    if (error !== 0) return lockless ? finish(ground, op, error) : refuse(ground, op, error);
    if (flags & BPF_F_LOCK) {
      const resume = lockless ? succeed : unlockBucket;
      const at = i32[op + w.bucket] + 4;
      return copyLocked(ground, op, value, i32[op + w.value], value, i32[header + map.valueSize], resume, at);
    }
    if (i32[header + map.type] === mapType.hash_of_maps) return go(ground, op, exchangeInner, value);
    if (isPercpu(ground, header)) {
      if (!isLru(ground, header)) return writeCpus(ground, op, value, unlockBucket, i32[op + w.bucket] + 4);
      i32[op + w.release] = i32[op + w.fresh];
      return go(ground, op, markUsed, item + element.referenced * 4);
    }
    i32[op + w.old] = item;
    return isLru(ground, header) ? go(ground, op, writeLink, i32[op + w.fresh]) : allocate(ground, op);
  },
  missing(ground, op) {
    const { i32 } = ground.memory;
    const lockless = i32[op + w.phase] === LOCKLESS;
    const error = refusal(i32[op + w.flags], false);
    if (error !== 0) return lockless ? finish(ground, op, error) : refuse(ground, op, error);
    if (lockless) return searchLocked(ground, op);
    const header = mapOf(ground, op);
    if (!isLru(ground, header)) return allocate(ground, op);
    return isPercpu(ground, header) ? fillCpus(ground, op) : go(ground, op, writeLink, i32[op + w.fresh]);
  },
});

const allocate = allocation(-errno.E2BIG, -errno.ENOMEM, { taken: fillKey, refused: refuse });

/** Unlocks and ends with an error; an element made in vain goes back. */
function refuse(ground: Ground, op: number, error: number): Status {
  const { i32 } = ground.memory;
  i32[op + w.error] = error;
  if (isLru(ground, mapOf(ground, op))) i32[op + w.release] = i32[op + w.fresh];
  return unlock(ground, op);
}

function unlock(ground: Ground, op: number): Status {
  return go(ground, op, unlockBucket, ground.memory.i32[op + w.bucket] + 4);
}

function fillKey(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const to = i32[op + w.fresh] + i32[header + map.keyOffset];
  return copy(ground, op, i32[op + w.key], to, i32[header + map.keySize], fillValue, 0);
}

const fillValue = step("hash: fill the value", 0, 0, (ground, op) => {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const value = i32[op + w.fresh] + i32[header + map.valueOffset];
  const from = i32[op + w.value];
  const size = i32[header + map.valueSize];
  const at = i32[op + w.fresh] + element.hash * 4;
  // Of an LRU table that is done once the key is known to be missing: else the values are written in place.
  if (isPercpu(ground, header)) return isLru(ground, header) ? go(ground, op, writeHash, at) : fillCpus(ground, op);
  if (i32[header + map.type] === mapType.hash_of_maps) return go(ground, op, fillInner, value);
  if (i32[op + w.flags] & BPF_F_LOCK && ground.profile.lockedFill) {
    return copyLocked(ground, op, value, from, value, size, writeHash, at);
  }
  return copy(ground, op, from, value, size, writeHash, at, hasFields(ground, header) ? 1 : 0);
});

/** Fills a new per-CPU element. A program's is zero for all other CPUs. */
function fillCpus(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const value = i32[op + w.fresh] + i32[header + map.valueOffset];
  if (i32[op + w.user] !== 0) return fillOwnCpus(ground, op);
  return copy(ground, op, 0, value, i32[header + map.room], fillOwn, value);
}

const fillOwn = step("hash: fill this CPU's value", 0, 0, fillOwnCpus);

function fillOwnCpus(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const fresh = i32[op + w.fresh];
  const value = fresh + i32[header + map.valueOffset];
  if (isLru(ground, header)) return writeCpus(ground, op, value, writeLink, fresh);
  return writeCpus(ground, op, value, writeHash, fresh + element.hash * 4);
}

const fillInner = step("outer: fill the slot", WRITE, 4, (ground, op) => {
  const { i32 } = ground.memory;
  i32[i32[op + w.at] >> 2] = i32[op + w.inner];
  return go(ground, op, writeHash, i32[op + w.fresh] + element.hash * 4);
});

/** Writes the values that this operation is about: this CPU's for a program, every CPU's for userspace. */
function writeCpus(ground: Ground, op: number, value: number, resume: number, at: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  if (i32[op + w.user] !== 0) return copy(ground, op, i32[op + w.value], value, i32[header + map.room], resume, at);
  const own = value + i32[op + w.cpu] * i32[header + map.slot];
  return copy(ground, op, i32[op + w.value], own, i32[header + map.valueSize], resume, at);
}

const writeHash = step("hash: write the hash", WRITE, 4, (ground, op) => {
  const { i32 } = ground.memory;
  i32[i32[op + w.at] >> 2] = i32[op + w.hash];
  if (isLru(ground, mapOf(ground, op))) return searchLocked(ground, op);
  return go(ground, op, writeLink, i32[op + w.fresh]);
});

const writeLink = step("hash: link the new element", WRITE, 4, (ground, op) => {
  const { i32 } = ground.memory;
  i32[i32[op + w.at] >> 2] = i32[op + w.first];
  return go(ground, op, publish, i32[op + w.bucket]);
});

const publish = step("hash: publish at the head", WRITE, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  i32[i32[op + w.at] >> 2] = i32[op + w.fresh];
  i32[op + w.error] = 0;
  const old = i32[op + w.old];
  if (old === 0) {
    // A table without preallocation counted it when it asked for room.
    if ((i32[header + map.flags] & create.BPF_F_NO_PREALLOC) === 0) i32[header + map.count]++;
    return unlock(ground, op);
  }
  i32[op + w.release] = isLru(ground, header) || i32[header + map.flags] & create.BPF_F_NO_PREALLOC ? old : 0;
  // The first element's link was the bucket; now the new element stands between.
  if (i32[op + w.previous] === i32[op + w.bucket]) i32[op + w.previous] = i32[op + w.fresh];
  return go(ground, op, unlink, i32[op + w.previous]);
});

const unlink = step("hash: unlink the element", WRITE | END, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const old = i32[op + w.old] >> 2;
  i32[i32[op + w.at] >> 2] = i32[old + element.link];
  i32[old + element.generation]++;
  clearTimer(ground, header, i32[op + w.old] + i32[header + map.valueOffset]);
  if (i32[op + w.code] === code.update && isLru(ground, header)) {
    i32[(i32[op + w.fresh] >> 2) + element.referenced] = 1;
  }
  return unlock(ground, op);
});

const markUsed = step("lru: mark the written as used", WRITE, 4, (ground, op) => {
  const { i32 } = ground.memory;
  i32[i32[op + w.at] >> 2] = 1;
  const value = i32[op + w.current] + i32[mapOf(ground, op) + map.valueOffset];
  return writeCpus(ground, op, value, unlockBucket, i32[op + w.bucket] + 4);
});

const unlockBucket = step("hash: unlock the bucket", LOCK, 4, (ground, op) => {
  const { i32 } = ground.memory;
  release(ground, op);
  const error = i32[op + w.error];
  if (i32[op + w.release] === 0) {
    return error !== 0 && i32[op + w.code] === code.update ? fail(ground, op, error) : finish(ground, op, error);
  }
  if (isLru(ground, mapOf(ground, op))) return lruGiveBack(ground, op, ended);
  return giveBack(ground, op, ended);
});

const ended = step("hash: end", 0, 0, (ground, op) => {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  if (i32[op + w.code] !== code.update) return go(ground, op, countDown, (header + map.count) << 2);
  return finish(ground, op, i32[op + w.error]);
});

const countDown = step("element: count it out", ATOMIC, 4, (ground, op) => {
  const { i32 } = ground.memory;
  i32[i32[op + w.at] >> 2]--;
  if (i32[mapOf(ground, op) + map.type] === mapType.hash_of_maps)
    dropInner(ground, i32[op + w.inner], mapOf(ground, op));
  return finish(ground, op, 0);
});

// 6.18 puts the new inner map in the old one's place; no reader finds the key missing or twice.
const exchangeInner = step("outer: exchange the slot", WRITE, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const at = i32[op + w.at] >> 2;
  const old = i32[at];
  i32[at] = i32[op + w.inner];
  i32[op + w.inner] = old;
  return go(ground, op, unlockInner, i32[op + w.bucket] + 4);
});

const unlockInner = step("outer: unlock the bucket", LOCK, 4, (ground, op) => {
  const { i32 } = ground.memory;
  release(ground, op);
  dropInner(ground, i32[op + w.inner], mapOf(ground, op));
  return finish(ground, op, 0);
});

function remove(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  i32[op + w.old] = i32[op + w.current];
  i32[op + w.release] = i32[op + w.current];
  i32[op + w.error] = 0;
  const header = mapOf(ground, op);
  if (i32[header + map.type] !== mapType.hash_of_maps) return go(ground, op, unlink, i32[op + w.previous]);
  return go(ground, op, readOld, i32[op + w.current] + i32[header + map.valueOffset]);
}

const readOld = step("outer: read the slot that goes", READ, 4, (ground, op) => {
  const { i32 } = ground.memory;
  i32[op + w.inner] = i32[i32[op + w.at] >> 2];
  return go(ground, op, unlink, i32[op + w.previous]);
});

function absent(ground: Ground, op: number): Status {
  ground.memory.i32[op + w.error] = -errno.ENOENT;
  return unlock(ground, op);
}

onSearch(code.remove, { found: remove, missing: absent });

/**
 * Ends an operation that waits for a lock with EBUSY, and lets go what it holds. While it waits for the bucket that can be
 * an element of an LRU table; while it waits for a value, the bucket and a new element.
 */
export function abandon(ground: Ground, op: number): void {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const updates = i32[op + w.code] === code.update && i32[header + map.buckets] !== 0;
  const fresh = updates ? i32[op + w.fresh] : 0;
  if (fresh !== 0 && !isLru(ground, header)) {
    i32[(fresh >> 2) + element.generation]++;
    if (i32[header + map.flags] & create.BPF_F_NO_PREALLOC) i32[header + map.count]--;
  }
  i32[op + w.release] = fresh;
  i32[op + w.error] = -errno.EBUSY;
  if (i32[op + w.held] !== 0) unlock(ground, op);
  else if (fresh !== 0) lruGiveBack(ground, op, ended);
  else if (updates) fail(ground, op, -errno.EBUSY);
  else finish(ground, op, -errno.EBUSY);
  runAnyway(ground, op);
}

const removeAfterCopy = step("hash: take the element out", 0, 0, remove);
onSearch(code.lookupAndDelete, {
  found: (ground, op) => copyOut(ground, op, ground.memory.i32[op + w.current], removeAfterCopy),
  missing: absent,
});
