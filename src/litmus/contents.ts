// What maps hold, read off memory without a step: for conditions, and for telling what a step changed.
import { element, map, mapType } from "../maps/layout.ts";
import type { Maps } from "../maps/maps.ts";
import { kind, region } from "../memory/layout.ts";

/** Address of the element's value for a key; 0 if there is none. */
export function valueAddress(maps: Maps, id: number, key: Uint8Array): number {
  const { i32, u8 } = maps.memory;
  const header = maps.address(id) >> 2;
  if (header === 0) return 0;
  const type = i32[header + map.type];
  if (i32[header + map.buckets] === 0) {
    const index = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
    if (type === mapType.ringbuf || index >= i32[header + map.maxEntries]) return 0;
    return i32[header + map.values] + index * i32[header + map.stride];
  }
  const size = i32[header + map.keySize];
  for (let bucket = 0; bucket <= i32[header + map.bucketMask]; bucket++) {
    let item = i32[(i32[header + map.buckets] >> 2) + bucket * 2];
    for (let steps = 0; (item & 1) === 0 && steps <= i32[header + map.maxEntries] * 2; steps++) {
      const at = item + i32[header + map.keyOffset];
      let same = true;
      for (let i = 0; i < size && same; i++) same = u8[at + i] === key[i];
      if (same) return item + i32[header + map.valueOffset];
      item = i32[item >> 2];
    }
  }
  return 0;
}

const ENOENT = -2n;

/** An 8-byte word of an element as a number; of a per-CPU map the sum over the CPUs; of a map of maps the id of the inner map. -2 (ENOENT) where there is none. */
export function elementWord(maps: Maps, id: number, key: Uint8Array, word: number): bigint {
  const at = valueAddress(maps, id, key);
  if (at === 0) return ENOENT;
  const { i32 } = maps.memory;
  const header = maps.address(id) >> 2;
  const type = i32[header + map.type];
  if (type === mapType.array_of_maps || type === mapType.hash_of_maps) {
    const inner = i32[at >> 2];
    return inner === 0 ? ENOENT : BigInt(i32[inner >> 2]);
  }
  const size = Math.min(8, i32[header + map.valueSize] - word * 8);
  if (size <= 0) return 0n;
  const copies = i32[header + map.percpu] === 0 ? 1 : maps.cpus;
  let sum = 0n;
  for (let cpu = 0; cpu < copies; cpu++)
    sum += number(maps.memory.u8, at + cpu * i32[header + map.slot] + word * 8, size);
  return BigInt.asUintN(64, sum);
}

function number(u8: Uint8Array, at: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(u8[at + i]);
  return value;
}

/** The map that the byte at an address belongs to: its id, whether the byte is one of its values or slots; 0 if none. */
export function mapAt(maps: Maps, address: number): { readonly id: number; readonly contents: boolean } {
  const { memory } = maps;
  const id = memory.regionAt(address);
  if (id === 0) return { id: 0, contents: false };
  const what = memory.regionWord(id, region.kind);
  const ours = what === kind.mapValues || what === kind.mapHeader || what === kind.ringbuf || what === kind.mapInternal;
  if (!ours) return { id: 0, contents: false };
  const owner = memory.regionWord(id, region.owner);
  const values = maps.word(owner, map.values);
  return { id: owner, contents: what !== kind.mapHeader && memory.regionAt(values) === id };
}

/** The bytes of the key of the element that an address lies in; undefined where it is in none. */
export function keyAt(maps: Maps, id: number, address: number): Uint8Array | undefined {
  const { i32, u8 } = maps.memory;
  const header = maps.address(id) >> 2;
  const base = i32[header + map.values];
  const stride = i32[header + map.stride];
  if (stride === 0 || address < base) return undefined;
  const index = Math.floor((address - base) / stride);
  if (i32[header + map.buckets] === 0) {
    const key = new Uint8Array(4);
    new DataView(key.buffer).setUint32(0, index, true);
    return key;
  }
  const at = base + index * stride + i32[header + map.keyOffset];
  return u8.slice(at, at + i32[header + map.keySize]);
}

/** Whether the element that holds an address is in its map now. */
export function isLinked(maps: Maps, id: number, address: number): boolean {
  const { i32 } = maps.memory;
  const header = maps.address(id) >> 2;
  if (i32[header + map.buckets] === 0) return true;
  const base = i32[header + map.values];
  const stride = i32[header + map.stride];
  const item = base + Math.floor((address - base) / stride) * stride;
  return (i32[(item >> 2) + element.generation] & 1) === 0;
}

/** A key of so many bytes. */
export function keyBytes(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at < 8 ? Number((value >> BigInt(at * 8)) & 0xffn) : 0));
}
