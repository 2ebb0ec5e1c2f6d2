// The maps of a scenario: what `maps:` says, as definitions.

import { isMachineMap, mapTypeNumber } from "../isa/map-types.ts";
import type { MapDef, MapEntry, MapType, ValueField } from "../isa/program.ts";
import { create } from "../maps/errno.ts";
import type { Reader } from "./reader.ts";
import type { Pair, Tree } from "./tree.ts";

const attributes = [
  "type",
  "key",
  "value",
  "entries",
  "flags",
  "inner",
  "spin_lock",
  "timer",
  "init",
  "create",
] as const;
const types = Object.keys(mapTypeNumber).filter((type): type is MapType => isMachineMap(type as MapType));
const flagNames = new Map<string, number>(
  Object.entries(create).map(([name, bit]) => [name.replace(/^BPF_F_/, "").toLowerCase(), bit]),
);
/** Map types whose keys are positions. */
const indexed: ReadonlySet<string> = new Set(["array", "percpu_array", "array_of_maps", "prog_array"]);
const keyless: ReadonlySet<string> = new Set(["queue", "stack", "ringbuf"]);

/** Reads the maps into `reader.maps`; the names of those that scripts will create. */
export function readMaps(reader: Reader, tree: Tree): ReadonlySet<string> {
  const later = new Set<string>();
  const inits: { readonly def: MapDef; readonly init: Pair }[] = [];
  for (const pair of reader.pairs(tree, "`maps`")) {
    if (!/^[A-Za-z_][\w-]*$/.test(pair.key))
      reader.wrong(pair.keyAt, "a map's name is made of letters, digits and `_`");
    const fields = reader.fields(pair.value, "a map", attributes);
    const def = definition(reader, pair, fields);
    reader.maps.set(pair.key, def);
    if (fields.has("create") && reader.choice(fields.get("create"), ["first", "later"], "first") === "later") {
      later.add(pair.key);
    }
    const init = fields.get("init");
    if (init !== undefined) inits.push({ def, init });
  }
  for (const { def, init } of inits) {
    const entries = reader.pairs(init.value, "`init`").map((each) => entry(reader, def, each));
    reader.maps.set(def.name, { ...template(reader, def, entries), entries });
  }
  for (const def of reader.maps.values()) {
    if (def.type.endsWith("_of_maps") && def.inner === undefined) {
      reader.wrong(
        def.at ?? { source: reader.source, start: 0, end: 1 },
        `\`${def.name}\` needs \`inner: MAP\` or an \`init\``,
      );
    }
  }
  return later;
}

function definition(reader: Reader, pair: Pair, fields: ReadonlyMap<string, Pair>): MapDef {
  const type = reader.choice(fields.get("type"), types, "array");
  if (!fields.has("type")) reader.wrong(pair.keyAt, "a map needs a `type`");
  const named = type.endsWith("_of_maps") || type === "prog_array";
  const keySize = keyless.has(type) ? 0 : reader.whole(fields.get("key"), 4, 1, 512);
  if (indexed.has(type) && keySize !== 4)
    reader.wrong(fields.get("key")?.value.at ?? pair.keyAt, "an array has keys of 4 bytes");
  const valueSize = type === "ringbuf" ? 0 : reader.whole(fields.get("value"), named ? 4 : 8, 1, 4096);
  const maxEntries = reader.whole(fields.get("entries"), type === "ringbuf" ? 4096 : 1, 1, 1 << 20);
  const special: ValueField[] = [];
  for (const kind of ["spin_lock", "timer"] as const) {
    const field = fields.get(kind);
    if (field !== undefined) special.push({ kind, offset: reader.whole(field, 0, 0, valueSize - 4) });
  }
  const inner = fields.get("inner");
  const def = inner === undefined ? undefined : reader.map(inner, pair.keyAt);
  return {
    name: pair.key,
    type,
    keySize,
    valueSize,
    maxEntries,
    flags: flags(reader, fields.get("flags")),
    ...(special.length === 0 ? {} : { fields: special }),
    ...(def === undefined ? {} : { inner: def }),
    at: pair.keyAt,
  };
}

function flags(reader: Reader, pair: Pair | undefined): number {
  if (pair === undefined) return 0;
  const words = pair.value.kind === "list" ? pair.value.items : [pair.value];
  let bits = 0;
  for (const word of words) {
    const name =
      word.kind === "scalar"
        ? String(word.value)
            .replace(/^BPF_F_/i, "")
            .toLowerCase()
        : "";
    const bit = flagNames.get(name);
    if (bit === undefined)
      reader.wrong(word.at, `there is no flag \`${name}\``, `flags are ${[...flagNames.keys()].join(", ")}`);
    bits |= bit ?? 0;
  }
  return bits;
}

function entry(reader: Reader, def: MapDef, pair: Pair): MapEntry {
  const number = /^(?:0x[0-9a-f]+|\d+)$/i.test(pair.key) ? BigInt(pair.key) : undefined;
  if (number === undefined) reader.wrong(pair.keyAt, "a key is a number");
  const key = reader.bytes(
    { kind: "scalar", at: pair.keyAt, value: number ?? 0n, block: false },
    def.keySize,
    "the key",
  );
  const value = reader.value(pair.value, def);
  if ("map" in value) return { key, value, at: pair.keyAt };
  // The value of a per-CPU map goes to every CPU.
  return { key, value, at: pair.keyAt };
}

/** An outer map takes the shape of the first map that is put into it. */
function template(reader: Reader, def: MapDef, entries: readonly MapEntry[]): MapDef {
  if (!def.type.endsWith("_of_maps") || def.inner !== undefined) return def;
  const first = entries.find((each) => "map" in each.value)?.value;
  const inner = first !== undefined && "map" in first ? reader.maps.get(first.map) : undefined;
  return inner === undefined ? def : { ...def, inner };
}

/** The `.map` line by which a program declares a map of the scenario. */
export function mapDirective(def: MapDef): string {
  return `.map ${def.name}, ${attributesOf(def)}${def.inner === undefined ? "" : `, inner=(${attributesOf(def.inner)})`}`;
}

function attributesOf(def: MapDef): string {
  const parts = [`type=${def.type}`];
  if (!keyless.has(def.type)) parts.push(`key=${def.keySize}`);
  if (def.type !== "ringbuf") parts.push(`value=${def.valueSize}`);
  parts.push(`max=${def.maxEntries}`);
  if (def.flags !== 0) parts.push(`flags=${def.flags}`);
  for (const field of def.fields ?? []) parts.push(`${field.kind}=${field.offset}`);
  return parts.join(", ");
}
