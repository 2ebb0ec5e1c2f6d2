// The ring buffer. Records follow one another, each with a header of 8 bytes: its length with the marks "busy" and
// "discarded", and a word that counts the lives of the place, so that a program's pointer to a submitted record is
// known to be stale. Positions only grow; the place of a record is its position in the ring. Linux maps the ring twice
// in a row so that a record over its end is contiguous; here the storage is twice as long for the same purpose.
import { copy } from "./copy.ts";
import { BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP, errno, ringbufQuery } from "./errno.ts";
import {
  ATOMIC,
  acquire,
  finish,
  finishNull,
  finishPointer,
  type Ground,
  go,
  LOCK,
  mapOf,
  READ,
  release,
  step,
  WRITE,
} from "./ground.ts";
import { BLOCKED, code, map, type Status, op as w } from "./layout.ts";

const RECORD_HEADER = 8;
const BUSY = 1 << 31;
const DISCARDED = 1 << 30;
const MOST_RECORD = 0x3fffffff;

/** The bytes a record of `size` takes up. */
function extent(size: number): number {
  return (size + RECORD_HEADER + 7) & -8;
}

function recordAt(ground: Ground, header: number, position: number): number {
  const { i32 } = ground.memory;
  return i32[header + map.values] + (position & (i32[header + map.maxEntries] - 1));
}

/** reserve and output; the size stands in `op.recordSize`. */
export function startReserve(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const output = i32[op + w.code] === code.output;
  const allowed = output ? BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP : 0;
  if (i32[op + w.flags] & ~allowed || i32[op + w.flagsHigh] !== 0) {
    return output ? finish(ground, op, -errno.EINVAL) : finishNull(ground, op);
  }
  const size = i32[op + w.recordSize] >>> 0;
  if (size > MOST_RECORD || extent(size) > i32[header + map.maxEntries]) return full(ground, op);
  return go(ground, op, readConsumer, (header + map.tail) << 2);
}

function full(ground: Ground, op: number): Status {
  return ground.memory.i32[op + w.code] === code.output ? finish(ground, op, -errno.EAGAIN) : finishNull(ground, op);
}

const readConsumer = step("ringbuf: read the consumer's position", READ, 4, (ground, op) => {
  const { i32 } = ground.memory;
  i32[op + w.old] = i32[i32[op + w.at] >> 2];
  return go(ground, op, lock, (mapOf(ground, op) + map.lock) << 2);
});

const lock = step("ringbuf: lock", LOCK, 4, (ground, op) => {
  const { i32 } = ground.memory;
  if (!acquire(ground, op)) return BLOCKED;
  i32[op + w.error] = 0;
  return passFinished(ground, op, i32[mapOf(ground, op) + map.pending]);
});

/** The oldest record still busy limits how far producers may run ahead. */
function passFinished(ground: Ground, op: number, position: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  i32[op + w.first] = position;
  if (((i32[header + map.head] - position) | 0) > 0)
    return go(ground, op, readOldest, recordAt(ground, header, position));
  return claim(ground, op);
}

const readOldest = step("ringbuf: read the oldest record's state", READ, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const length = i32[i32[op + w.at] >> 2];
  if (length & BUSY) return claim(ground, op);
  return passFinished(ground, op, i32[op + w.first] + extent(length & ~DISCARDED));
});

function claim(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  i32[header + map.pending] = i32[op + w.first];
  const end = i32[header + map.head] + extent(i32[op + w.recordSize]);
  const mask = i32[header + map.maxEntries] - 1;
  const fits = (end - i32[op + w.old]) >>> 0 <= mask && (end - i32[op + w.first]) >>> 0 <= mask;
  if (!fits) {
    i32[op + w.error] = 1;
    return go(ground, op, unlock, (header + map.lock) << 2);
  }
  i32[op + w.current] = recordAt(ground, header, i32[header + map.head]);
  i32[op + w.fresh] = end;
  return go(ground, op, writeLength, i32[op + w.current]);
}

const writeLength = step("ringbuf: mark the record busy", WRITE, 8, (ground, op) => {
  const { i32 } = ground.memory;
  const at = i32[op + w.at] >> 2;
  i32[at] = i32[op + w.recordSize] | BUSY;
  i32[at + 1]++;
  return go(ground, op, writeProducer, (mapOf(ground, op) + map.head) << 2);
});

const writeProducer = step("ringbuf: move the producer's position", WRITE, 4, (ground, op) => {
  const { i32 } = ground.memory;
  i32[i32[op + w.at] >> 2] = i32[op + w.fresh];
  return go(ground, op, unlock, (mapOf(ground, op) + map.lock) << 2);
});

const unlock = step("ringbuf: unlock", LOCK, 4, (ground, op) => {
  const { i32 } = ground.memory;
  release(ground, op);
  if (i32[op + w.error] !== 0) return full(ground, op);
  const record = i32[op + w.current];
  const size = i32[op + w.recordSize];
  if (i32[op + w.code] === code.reserve) {
    return finishPointer(ground, op, record + RECORD_HEADER, size, record + 4);
  }
  return copy(ground, op, i32[op + w.value], record + RECORD_HEADER, size, commit, record);
});

/** submit and discard: the record's address, behind its header, stands in `op.value`. */
export function startCommit(ground: Ground, op: number): Status {
  return go(ground, op, commit, ground.memory.i32[op + w.value] - RECORD_HEADER);
}

const commit = step("ringbuf: release the record", ATOMIC, 8, (ground, op) => {
  const { i32 } = ground.memory;
  const at = i32[op + w.at] >> 2;
  i32[at] = (i32[at] & ~BUSY) | (i32[op + w.code] === code.discard ? DISCARDED : 0);
  i32[at + 1]++;
  return finish(ground, op, 0);
});

export function startQuery(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const which = i32[op + w.flags];
  const size = i32[header + map.maxEntries];
  if (i32[op + w.flagsHigh] !== 0) return finish(ground, op, 0);
  if (which === ringbufQuery.BPF_RB_RING_SIZE) return finish(ground, op, size);
  const known = which >>> 0 <= ringbufQuery.BPF_RB_PROD_POS;
  return known ? go(ground, op, readPositions, (header + map.head) << 2) : finish(ground, op, 0);
}

const readPositions = step("ringbuf: read the positions", READ, 8, (ground, op) => {
  const { i32 } = ground.memory;
  const at = i32[op + w.at] >> 2;
  const which = i32[op + w.flags];
  if (which === ringbufQuery.BPF_RB_CONS_POS) return finish(ground, op, i32[at + 1]);
  return finish(ground, op, which === ringbufQuery.BPF_RB_PROD_POS ? i32[at] : i32[at] - i32[at + 1]);
});

/** What userspace reads: the records finished so far, up to the first that is busy. They are consumed. */
export function consume(ground: Pick<Ground, "memory">, header: number): Uint8Array[] {
  const { i32, u8 } = ground.memory;
  const found: Uint8Array[] = [];
  const mask = i32[header + map.maxEntries] - 1;
  while (((i32[header + map.head] - i32[header + map.tail]) | 0) > 0) {
    const at = i32[header + map.values] + (i32[header + map.tail] & mask);
    const length = i32[at >> 2];
    if (length & BUSY) break;
    const size = length & ~DISCARDED;
    if ((length & DISCARDED) === 0) found.push(u8.slice(at + RECORD_HEADER, at + RECORD_HEADER + size));
    i32[header + map.tail] += extent(size);
  }
  return found;
}
