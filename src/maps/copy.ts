// Copying between memory that is shared and memory that is not, 8 bytes a step: the tearing that a reader of a value
// may see lies between these steps, never inside one (concurrency.md, M2). Locks and timers in a value are not
// copied. Also the lock word of a value, under which BPF_F_LOCK copies (M8).
import type { Memory } from "../memory/memory.ts";
import { acquire, COPY, type Ground, go, LOCK, mapOf, release, step, WRITE } from "./ground.ts";
import { BLOCKED, map, type Status, op as w } from "./layout.ts";

/** Orders of more than this many words are not enumerated: such a copy ascends. */
const MOST_FREE_WORDS = 30;
const TIMER_BYTES = 16;

/** Copies `count` bytes, then goes to row `resume`, which will touch `at`. `from` 0 writes zeroes. */
export function copy(
  ground: Ground,
  op: number,
  from: number,
  to: number,
  count: number,
  resume: number,
  at: number,
  skipFields = 0,
): Status {
  const { i32 } = ground.memory;
  if (count === 0) return go(ground, op, resume, at);
  i32[op + w.from] = from;
  i32[op + w.to] = to;
  i32[op + w.bytes] = count;
  i32[op + w.resume] = resume;
  i32[op + w.after] = at;
  i32[op + w.skipFields] = skipFields;
  const words = (count + 7) >> 3;
  if (ground.profile.copyOrder === "free" && words <= MOST_FREE_WORDS && words > 1) {
    i32[op + w.mask] = (1 << words) - 1;
    return pickWord(ground, op);
  }
  i32[op + w.mask] = 0;
  return aimAt(ground, op, 0);
}

function aimAt(ground: Ground, op: number, i: number): Status {
  const { i32 } = ground.memory;
  i32[op + w.i] = i;
  i32[op + w.length] = Math.min(8, i32[op + w.bytes] - i);
  return go(ground, op, copyWord, i32[op + w.to] + i);
}

function pickWord(ground: Ground, op: number): Status {
  let mask = ground.memory.i32[op + w.mask];
  let left = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) left++;
  for (let skip = left > 1 ? ground.choose(left) : 0; skip > 0; skip--) mask &= mask - 1;
  const lowest = mask & -mask;
  ground.memory.i32[op + w.mask] ^= lowest;
  return aimAt(ground, op, (31 - Math.clz32(lowest)) << 3);
}

const copyWord = step("copy: one word", COPY | WRITE, 0, (ground, op) => {
  const memory = ground.memory;
  const { i32 } = memory;
  const i = i32[op + w.i];
  const from = i32[op + w.from];
  const to = i32[op + w.to] + i;
  const count = i32[op + w.length];
  if (i32[op + w.skipFields] !== 0) copyAround(ground, op, from + i, to, i, count);
  else if (from === 0) memory.u8.fill(0, to, to + count);
  else copyBytes(memory, from + i, to, count);
  if (i32[op + w.mask] !== 0) return pickWord(ground, op);
  const ascending = ground.profile.copyOrder === "ascending" || i32[op + w.bytes] > MOST_FREE_WORDS * 8;
  if (ascending && i + 8 < i32[op + w.bytes]) return aimAt(ground, op, i + 8);
  return go(ground, op, i32[op + w.resume], i32[op + w.after]);
});

function copyBytes(memory: Memory, from: number, to: number, count: number): void {
  if (count === 8 && ((from | to) & 3) === 0) {
    const { i32 } = memory;
    i32[to >> 2] = i32[from >> 2];
    i32[(to >> 2) + 1] = i32[(from >> 2) + 1];
    return;
  }
  const { u8 } = memory;
  for (let i = 0; i < count; i++) u8[to + i] = u8[from + i];
}

/** Copies the bytes of a word that belong to no special field. */
function copyAround(ground: Ground, op: number, from: number, to: number, offset: number, count: number): void {
  const { u8, i32 } = ground.memory;
  const header = mapOf(ground, op);
  const lock = i32[header + map.lockField];
  const timer = i32[header + map.timerField];
  for (let i = 0; i < count; i++) {
    const at = offset + i;
    if (lock >= 0 && at >= lock && at < lock + 4) continue;
    if (timer >= 0 && at >= timer && at < timer + TIMER_BYTES) continue;
    u8[to + i] = u8[from + i];
  }
}

/** Stops the timer in a value: its words become zero, which is how the machine sees that it was cancelled. */
export function clearTimer(ground: Ground, header: number, value: number): void {
  const timer = ground.memory.i32[header + map.timerField];
  if (timer >= 0) ground.memory.u8.fill(0, value + timer, value + timer + TIMER_BYTES);
}

/** Copies a value under the lock in it, then goes on. `value` is the end in the map, whose lock is taken. */
export function copyLocked(
  ground: Ground,
  op: number,
  value: number,
  from: number,
  to: number,
  count: number,
  resume: number,
  at: number,
): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  i32[op + w.from] = from;
  i32[op + w.to] = to;
  i32[op + w.bytes] = count;
  i32[op + w.lockResume] = resume;
  i32[op + w.lockAfter] = at;
  return go(ground, op, lockValue, value + i32[header + map.lockField]);
}

const lockValue = step("copy: lock the value", LOCK, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const at = i32[op + w.at];
  if (!acquire(ground, op)) return BLOCKED;
  return copy(ground, op, i32[op + w.from], i32[op + w.to], i32[op + w.bytes], unlockValue, at, 1);
});

const unlockValue = step("copy: unlock the value", LOCK, 4, (ground, op) => {
  const { i32 } = ground.memory;
  release(ground, op);
  return go(ground, op, i32[op + w.lockResume], i32[op + w.lockAfter]);
});
