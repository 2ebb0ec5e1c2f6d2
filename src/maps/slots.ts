// Arrays whose elements name something: inner maps (array_of_maps) and programs (prog_array). A slot is one word that
// is exchanged whole; 0 is empty. Programs only read it (concurrency.md, M11 and M14).
import { indexOf } from "./array.ts";
import { create, errno } from "./errno.ts";
import { ATOMIC, finish, finishNull, type Ground, go, mapOf, READ, step } from "./ground.ts";
import { INNER_WORDS, map, mapType, type Status, op as w } from "./layout.ts";
import { readInner } from "./read.ts";
import { dropInner, headerAddress, hold } from "./refs.ts";

function slotAddress(ground: Ground, op: number): number {
  const { i32 } = ground.memory;
  const header = mapOf(ground, op);
  const index = indexOf(ground, op);
  if (index >= i32[header + map.maxEntries] >>> 0) return 0;
  return i32[header + map.values] + index * i32[header + map.stride];
}

export function lookupSlot(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  const slot = slotAddress(ground, op);
  const inner = i32[mapOf(ground, op) + map.type] === mapType.array_of_maps;
  if (slot !== 0) return go(ground, op, inner ? readInner : readProgram, slot);
  return i32[op + w.user] !== 0 ? finish(ground, op, -errno.ENOENT) : finishNull(ground, op);
}

/** The program of a slot: for userspace its handle, for a tail call likewise in the result, 0 for none. */
const readProgram = step("prog_array: read the slot", READ, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const program = i32[i32[op + w.at] >> 2];
  if (i32[op + w.user] === 0) return finish(ground, op, program);
  if (program === 0) return finish(ground, op, -errno.ENOENT);
  i32[i32[op + w.value] >> 2] = program;
  return finish(ground, op, 0);
});

/** Stores the map or program whose handle stands at the value's address. */
export function updateSlot(ground: Ground, op: number): Status {
  const { i32 } = ground.memory;
  if (i32[op + w.user] === 0) return finish(ground, op, -errno.EOPNOTSUPP);
  if (i32[op + w.flags] !== 0 || i32[op + w.flagsHigh] !== 0) return finish(ground, op, -errno.EINVAL);
  const slot = slotAddress(ground, op);
  if (slot === 0) return finish(ground, op, -errno.E2BIG);
  const error = takeHandle(ground, op);
  return error === 0 ? go(ground, op, exchange, slot) : finish(ground, op, error);
}

export function deleteSlot(ground: Ground, op: number): Status {
  if (ground.memory.i32[op + w.user] === 0) return finish(ground, op, -errno.EOPNOTSUPP);
  const slot = slotAddress(ground, op);
  if (slot === 0) return finish(ground, op, -errno.E2BIG);
  ground.memory.i32[op + w.inner] = 0;
  return go(ground, op, exchange, slot);
}

/** Puts into `op.inner` what the handle at the value's address names, with a reference; an error number if it may not be. */
export function takeHandle(ground: Ground, op: number): number {
  const { i32, view } = ground.memory;
  const handle = view.getInt32(i32[op + w.value], true);
  const header = mapOf(ground, op);
  if (i32[header + map.type] === mapType.prog_array) {
    i32[op + w.inner] = handle;
    return ground.isProgram(handle) ? 0 : -errno.EBADF;
  }
  const inner = headerAddress(ground.memory, handle);
  if (inner === 0) return -errno.EBADF;
  if (!sameShape(ground, header, inner >> 2)) return -errno.EINVAL;
  i32[op + w.inner] = inner;
  hold(ground, inner);
  return 0;
}

/** Whether a map is what the outer map was made for. Only arrays must agree in length, unless made with BPF_F_INNER_MAP. */
function sameShape(ground: Ground, outer: number, inner: number): boolean {
  const { i32 } = ground.memory;
  const free = i32[inner + map.type] !== mapType.array || (i32[outer + map.inner + 4] & create.BPF_F_INNER_MAP) !== 0;
  const words = shapeOf(i32, inner);
  for (let i = 0; i < INNER_WORDS; i++) {
    if (i === 3 && free) continue;
    if (words[i] !== i32[outer + map.inner + i]) return false;
  }
  return true;
}

/** The words of a map that an outer map remembers of its template. */
export function shapeOf(i32: Int32Array, header: number): readonly number[] {
  const words = [map.type, map.keySize, map.valueSize, map.maxEntries, map.flags, map.lockField, map.timerField];
  return words.map((word) => i32[header + word]);
}

const exchange = step("slot: exchange", ATOMIC, 4, (ground, op) => {
  const { i32 } = ground.memory;
  const at = i32[op + w.at] >> 2;
  const old = i32[at];
  const removes = i32[op + w.inner] === 0;
  i32[at] = i32[op + w.inner];
  if (i32[mapOf(ground, op) + map.type] === mapType.array_of_maps) dropInner(ground, old, mapOf(ground, op));
  return finish(ground, op, removes && old === 0 ? -errno.ENOENT : 0);
});
