// Arrays: elements that always exist, at an address that never changes, written in place (concurrency.md, M1 to M3).
// Per-CPU arrays hold each CPU's values one after another in the element.
import { clearTimer, copy, copyLocked } from "./copy.ts";
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST, errno } from "./errno.ts";
import { finish, finishNull, finishPointer, type Ground, hasFields, mapOf, step } from "./ground.ts";
import { code, map, mapType, type Status, op as w } from "./layout.ts";
import { copyOut } from "./read.ts";
import { isPercpu } from "./search.ts";

/** The index at the key's address. */
export function indexOf(ground: Ground, op: number): number {
  const key = ground.memory.i32[op + w.key];
  return ground.memory.view.getUint32(key, true);
}

export function lookupArray(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const index = indexOf(ground, op);
  const user = i32[op + w.user] !== 0;
  if (index >= i32[header + map.maxEntries] >>> 0) {
    return user ? finish(ground, op, -errno.ENOENT) : finishNull(ground, op);
  }
  const item = i32[header + map.values] + index * i32[header + map.stride];
  if (user) return copyOut(ground, op, item);
  return pointTo(ground, op, item, i32[op + w.code] === code.lookupPercpu ? i32[op + w.flags] : i32[op + w.cpu]);
}

function pointTo(ground: Ground, op: number, item: number, cpu: number): Status {
  const { memory } = ground;
  const header = mapOf(ground, op);
  const value = isPercpu(ground, header) ? item + cpu * memory.i32[header + map.slot] : item;
  const lives = memory.generationAt(memory.regionAt(value), value);
  return finishPointer(ground, op, value, memory.i32[header + map.valueSize], lives);
}

export function updateArray(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const flags = i32[op + w.flags];
  const index = indexOf(ground, op);
  const percpu = i32[header + map.type] === mapType.percpu_array;
  const user = i32[op + w.user] !== 0;
  const wanted = percpu && user ? flags : flags & ~BPF_F_LOCK;
  if (i32[op + w.flagsHigh] !== 0 || wanted >>> 0 > BPF_EXIST) return finish(ground, op, -errno.EINVAL);
  if (index >= i32[header + map.maxEntries] >>> 0) return finish(ground, op, -errno.E2BIG);
  if (flags & BPF_NOEXIST) return finish(ground, op, -errno.EEXIST);
  if (flags & BPF_F_LOCK && i32[header + map.lockField] < 0) return finish(ground, op, -errno.EINVAL);
  const item = i32[header + map.values] + index * i32[header + map.stride];
  const from = i32[op + w.value];
  i32[op + w.current] = item;
  if (percpu) {
    if (user) return copy(ground, op, from, item, i32[header + map.room], written, 0);
    const own = item + i32[op + w.cpu] * i32[header + map.slot];
    return copy(ground, op, from, own, i32[header + map.valueSize], written, 0);
  }
  const size = i32[header + map.valueSize];
  if (flags & BPF_F_LOCK) return copyLocked(ground, op, item, from, item, size, written, 0);
  return copy(ground, op, from, item, size, written, 0, hasFields(ground, header) ? 1 : 0);
}

// Fields that own something, such as a timer, lose it.
const written = step("array: end", 0, 0, (ground, op) => {
  clearTimer(ground, mapOf(ground, op), ground.memory.i32[op + w.current]);
  return finish(ground, op, 0);
});

export function nextArray(ground: Ground, op: number): Status {
  const { i32, view } = ground.memory;
  const most = i32[mapOf(ground, op) + map.maxEntries] >>> 0;
  const index = i32[op + w.key] === 0 ? 0xffffffff : indexOf(ground, op);
  if (index === most - 1) return finish(ground, op, -errno.ENOENT);
  view.setUint32(i32[op + w.value], index >= most ? 0 : index + 1, true);
  return finish(ground, op, 0);
}

/** The next element for bpf_for_each_map_elem; the cursor's first word is its index, and the key is the operation's. */
export function nextElementArray(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const cursor = i32[op + w.key] >> 2;
  const index = i32[cursor];
  if (index >>> 0 >= i32[header + map.maxEntries] >>> 0) return finishNull(ground, op);
  i32[cursor] = index + 1;
  i32[op + w.keyRoom] = index;
  i32[op + w.keyResult] = (op + w.keyRoom) << 2;
  return pointTo(ground, op, i32[header + map.values] + index * i32[header + map.stride], i32[op + w.cpu]);
}
