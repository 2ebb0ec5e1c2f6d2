// What an address is to whoever looks for data races: bytes of a key or value, a pointer that is published and followed,
// one of the kernel's own lists, or nothing that races are about.
import { element, map, mapType } from "../maps/layout.ts";
import type { Maps } from "../maps/maps.ts";
import { kind, region } from "../memory/layout.ts";
import { keyAt } from "./contents.ts";

/** Bytes that a timer in a value has. */
const TIMER_BYTES = 16;
const LOCK_BYTES = 4;

export type Place =
  /** Bytes of a key or a value, without those of a lock or timer in it. */
  | { readonly kind: "bytes"; readonly address: number; readonly size: number; readonly percpu: boolean }
  /** A slot of an outer map, or else a link or a bucket's head: written when what it names is ready, followed by readers. */
  | { readonly kind: "pointer"; readonly slot: boolean }
  /** A list of free elements, which is used under a lock of its own. */
  | { readonly kind: "list"; readonly address: number };

const link: Place = { kind: "pointer", slot: false };
const slot: Place = { kind: "pointer", slot: true };

/** What is at an address; undefined where two threads may meet without a race. */
export function placeAt(maps: Maps, address: number, size: number): Place | undefined {
  const { memory } = maps;
  const { i32 } = memory;
  const id = memory.regionAt(address);
  if (id === 0) return undefined;
  const what = memory.regionWord(id, region.kind);
  if (what !== kind.mapValues && what !== kind.mapInternal) return undefined;
  const header = maps.address(memory.regionWord(id, region.owner)) >> 2;
  if (header === 0) return undefined;
  const base = memory.regionWord(id, region.base);
  if (what === kind.mapInternal) {
    if (base === i32[header + map.freeLists] || base === i32[header + map.extra]) return { kind: "list", address };
    if (base === i32[header + map.lru]) return { kind: "list", address: base };
    return base === i32[header + map.buckets] ? link : slot;
  }
  const percpu = i32[header + map.percpu] !== 0;
  if (i32[header + map.buckets] === 0) return without(i32, header, address - base, { address, size, percpu });
  const inElement = (address - base) % i32[header + map.stride];
  if (inElement < i32[header + map.keyOffset]) return inElement === element.link * 4 ? link : undefined;
  if (inElement < i32[header + map.valueOffset]) return { kind: "bytes", address, size, percpu: false };
  if (i32[header + map.type] === mapType.hash_of_maps) return slot;
  return without(i32, header, inElement - i32[header + map.valueOffset], { address, size, percpu });
}

/** The bytes of an access to a value, without those of its lock or timer, which no copy touches. */
function without(
  i32: Int32Array,
  header: number,
  offset: number,
  bytes: { readonly address: number; readonly size: number; readonly percpu: boolean },
): Place | undefined {
  let { address, size } = bytes;
  const stride = i32[header + map.buckets] === 0 ? i32[header + map.stride] : 0;
  let from = stride === 0 ? offset : offset % stride;
  for (const [field, length] of [
    [i32[header + map.lockField], LOCK_BYTES],
    [i32[header + map.timerField], TIMER_BYTES],
  ]) {
    if (field < 0 || from >= field + length || from + size <= field) continue;
    const before = Math.max(0, field - from);
    const behind = Math.max(0, from + size - field - length);
    if (before === 0) {
      address += size - behind;
      from += size - behind;
    }
    size = before === 0 ? behind : before;
  }
  return size === 0 ? undefined : { kind: "bytes", address, size, percpu: bytes.percpu };
}

/** `pair[0] + 8`, for the bytes of a key or value. */
export function placeName(maps: Maps, address: number): string {
  const { memory } = maps;
  const { i32 } = memory;
  const id = memory.regionAt(address);
  const owner = memory.regionWord(id, region.owner);
  const header = maps.address(owner) >> 2;
  const name = maps.definition(owner)?.name ?? "a map";
  if (header === 0) return name;
  const base = memory.regionWord(id, region.base);
  const bytes = base === i32[header + map.values] ? keyAt(maps, owner, address) : undefined;
  const key = bytes === undefined || i32[header + map.keySize] === 0 ? "" : `[${numberOf(bytes)}]`;
  const inElement = (address - base) % Math.max(1, i32[header + map.stride]);
  if (inElement < i32[header + map.valueOffset]) return `the key of ${name}${key}`;
  const offset = inElement - i32[header + map.valueOffset];
  return `${name}${key}${offset === 0 ? "" : ` + ${offset}`}`;
}

function numberOf(bytes: Uint8Array): string {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n).toString();
}
