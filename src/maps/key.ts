// Keys: the hash that picks their bucket, seeded for each map, and the comparison of a key with an element's.
import type { Memory } from "../memory/memory.ts";

/** Mixes words by multiply and shift, four bytes at a time; the seed and the length take part. */
export function hashKey(memory: Memory, key: number, size: number, seed: number): number {
  let hash = seed ^ Math.imul(size, 0x85ebca6b);
  let i = 0;
  if ((key & 3) === 0) {
    const { i32 } = memory;
    for (; i + 4 <= size; i += 4) hash = mix(hash, i32[(key + i) >> 2]);
  } else {
    const { view } = memory;
    for (; i + 4 <= size; i += 4) hash = mix(hash, view.getInt32(key + i, true));
  }
  let rest = 0;
  for (let shift = 0; i < size; i++, shift += 8) rest |= memory.u8[key + i] << shift;
  hash = mix(hash, rest);
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return hash ^ (hash >>> 15);
}

function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ Math.imul(word, 0x9e3779b1), 0xc2b2ae3d);
  return h ^ (h >>> 15);
}

/** Whether `count` bytes at two addresses are the same. */
export function sameBytes(memory: Memory, a: number, b: number, count: number): boolean {
  if (((a | b) & 3) === 0 && (count & 3) === 0) {
    const { i32 } = memory;
    for (let i = 0; i < count >> 2; i++) if (i32[(a >> 2) + i] !== i32[(b >> 2) + i]) return false;
    return true;
  }
  const { u8 } = memory;
  for (let i = 0; i < count; i++) if (u8[a + i] !== u8[b + i]) return false;
  return true;
}
