// Maps after all is read: inner maps by name, and initial entries as bytes of the right size.

import { didYouMean } from "../diag/suggest.ts";
import type { MapDef, MapEntry, MapType } from "../isa/program.ts";
import { clip } from "./cursor.ts";
import { fail } from "./report.ts";
import type { EntryDraft, EntryPart, Unit } from "./unit.ts";

export function resolveMaps(unit: Unit): readonly MapDef[] {
  const entries = new Map<string, MapEntry[]>();
  for (const draft of unit.entries) {
    if (unit.full) break;
    unit.attempt(() => {
      const list = entries.get(draft.map) ?? [];
      list.push(entry(draft, unit));
      entries.set(draft.map, list);
      const max = unit.maps.get(draft.map)?.def.maxEntries ?? 0;
      if (list.length > max) fail("E0109", draft.at, `\`${draft.map}\` holds at most ${max} entries`);
    });
  }
  return [...unit.maps].map(([name, draft]) => {
    const own = entries.get(name);
    return { ...draft.def, ...inner(unit, name), ...(own ? { entries: own } : {}) };
  });
}

function inner(unit: Unit, name: string): { inner?: MapDef } {
  const wanted = unit.maps.get(name)?.inner;
  if (wanted === undefined) return {};
  const found = unit.maps.get(wanted.name)?.def;
  let result: { inner?: MapDef } = {};
  unit.attempt(() => {
    if (found === undefined) {
      const help = didYouMean(wanted.name, unit.maps.keys());
      fail("E0105", wanted.at, `there is no map \`${clip(wanted.name)}\``, { help });
    }
    if (found.type === "array_of_maps" || found.type === "hash_of_maps") {
      fail("E0109", wanted.at, "an inner map cannot hold maps");
    }
    result = { inner: found };
  });
  return result;
}

const arrays: ReadonlySet<MapType> = new Set(["array", "percpu_array", "array_of_maps", "prog_array"]);

function entry(draft: EntryDraft, unit: Unit): MapEntry {
  const map = unit.maps.get(draft.map)?.def;
  if (map === undefined) {
    const help = didYouMean(draft.map, unit.maps.keys());
    return fail("E0105", draft.mapAt, `there is no map \`${clip(draft.map)}\``, { help });
  }
  if (map.type === "ringbuf") fail("E0109", draft.mapAt, "a ring buffer begins empty");
  const key = bytes(draft.key, map.keySize, "key");
  if (arrays.has(map.type)) {
    const index = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
    if (index >= map.maxEntries) {
      fail("E0109", draft.key.at, `the keys of \`${map.name}\` are from 0 to ${map.maxEntries - 1}, not ${index}`);
    }
  }
  if (map.type === "array_of_maps" || map.type === "hash_of_maps") {
    return { key, value: { map: named(draft.value, unit.maps, "a map") }, at: draft.at };
  }
  if (map.type === "prog_array") {
    return { key, value: { func: named(draft.value, unit.labels, "a function") }, at: draft.at };
  }
  return { key, value: { bytes: bytes(draft.value, map.valueSize, "value") }, at: draft.at };
}

function named(part: EntryPart, known: ReadonlyMap<string, unknown>, what: string): string {
  if (part.kind !== "name") return fail("E0109", part.at, `the value must be the name of ${what}`);
  if (known.has(part.name)) return part.name;
  const help = didYouMean(part.name, known.keys());
  return fail("E0105", part.at, `\`${clip(part.name)}\` is not ${what}`, { help });
}

/** An integer in `size` bytes, the least significant first; or bytes of just that size. */
function bytes(part: EntryPart, size: number, what: string): Uint8Array {
  if (part.kind === "name") return fail("E0109", part.at, `the ${what} must be a number or \`hex:…\``);
  if (part.kind === "bytes") {
    if (part.bytes.length === size) return part.bytes;
    return fail("E0109", part.at, `the ${what} has ${size} bytes, not ${part.bytes.length}`);
  }
  const bits = BigInt(size) * 8n;
  const { value } = part;
  // An expression has at most 128 bits, so larger sizes hold every value.
  const limit = bits > 256n ? 256n : bits;
  if (size === 0 ? value !== 0n : value < -(1n << (limit - 1n)) || value >= 1n << limit) {
    fail("E0103", part.at, `the number does not fit in the ${size} bytes of the ${what}`);
  }
  const sign = value < 0n ? 0xff : 0;
  const out = new Uint8Array(size).fill(sign);
  for (let at = 0; at < Math.min(size, 32); at++) out[at] = Number((value >> BigInt(at * 8)) & 0xffn);
  return out;
}
