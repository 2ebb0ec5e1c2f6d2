// The commands of userspace scripts, one row of keys each.

import type { Span } from "../diag/source.ts";
import { didYouMean } from "../diag/suggest.ts";
import type { MapDef } from "../isa/program.ts";
import { BPF_ANY, BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST } from "../maps/errno.ts";
import { clip, type Fields, type Reader } from "./reader.ts";
import { type Command, fences, waits } from "./scenario.ts";
import type { Tree } from "./tree.ts";

const keysOf: Readonly<Record<string, readonly string[]>> = {
  update: ["map", "key", "value", "flags", "as"],
  delete: ["map", "key", "as"],
  lookup: ["map", "key", "flags", "as"],
  lookup_and_delete: ["map", "key", "flags", "as"],
  next_key: ["map", "key", "as"],
  batch: ["update", "delete", "lookup", "entries", "keys", "as"],
  freeze: ["map"],
  create: ["map"],
  free: ["map"],
};
const plain = [...waits, ...fences];
export const commandWords = [...Object.keys(keysOf), "mark", "membarrier", ...plain];

const updateFlags: ReadonlyMap<string, number> = new Map([
  ["any", BPF_ANY],
  ["noexist", BPF_NOEXIST],
  ["exist", BPF_EXIST],
  ["lock", BPF_F_LOCK],
]);

/** A command, or the several that a batch stands for. */
export function readCommand(reader: Reader, tree: Tree): readonly Command[] {
  const text = reader.source.text.slice(tree.at.start, tree.at.end).trim();
  const pair =
    tree.kind === "map" && tree.pairs.length === 1
      ? tree.pairs[0]
      : tree.kind === "scalar"
        ? {
            key: String(tree.value),
            keyAt: tree.at,
            value: { kind: "scalar", at: tree.at, value: null, block: false } as const,
          }
        : undefined;
  if (pair === undefined) {
    reader.wrong(tree.at, "a command is one word, or one `word: {…}`");
    return [];
  }
  const base = { label: pair.key, text, at: pair.keyAt };
  const wait = waits.find((each) => each === pair.key);
  if (wait !== undefined) return [{ ...base, kind: "wait", how: wait }];
  const fence = fences.find((each) => each === pair.key);
  if (fence !== undefined) return [{ ...base, kind: "fence", how: fence }];
  if (pair.key === "membarrier") return [membarrier(reader, base, pair.value)];
  if (pair.key === "mark") return [{ ...base, kind: "mark", mark: reader.text(pair) }];
  const keys = keysOf[pair.key];
  if (keys === undefined) {
    const help = didYouMean(pair.key, commandWords) ?? `commands are ${commandWords.join(", ")}`;
    reader.wrong(pair.keyAt, `there is no command \`${clip(pair.key)}\``, help);
    return [];
  }
  // `free: old` stands for `free: {map: old}`.
  const short = keys.length === 1 && pair.value.kind === "scalar";
  const fields: Fields = short
    ? new Map([["map", { key: "map", keyAt: pair.keyAt, value: pair.value }]])
    : reader.fields(pair.value, `\`${pair.key}\``, keys);
  if (pair.key === "batch") return batch(reader, base, fields);
  const def = reader.map(fields.get("map"), pair.keyAt);
  return def === undefined ? [] : [single(reader, base, pair.key, def, fields)];
}

type Base = Pick<Command, "label" | "text" | "at">;

function membarrier(reader: Reader, base: Base, value: Tree): Command {
  const pair = { key: "membarrier", keyAt: value.at, value };
  const how = reader.choice(pair, ["global", "private_expedited", "global_expedited"], "global");
  if (how === "global") return { ...base, kind: "wait", how: "membarrier_global" };
  return { ...base, kind: "fence", how: `membarrier_${how}` };
}

function single(reader: Reader, base: Base, kind: string, def: MapDef, fields: Fields): Command {
  const named = fields.has("as") ? { as: variable(reader, fields) } : {};
  switch (kind) {
    case "freeze":
    case "create":
    case "free":
      return { ...base, kind, map: def.name };
    case "next_key": {
      const key = fields.has("key") ? { key: keyOf(reader, def, fields, base.at) } : {};
      return { ...base, kind, map: def.name, ...key, ...named };
    }
    case "update": {
      const value = fields.get("value");
      if (value === undefined) reader.wrong(base.at ?? def.at ?? whole(reader), "`value` is missing");
      const given = value === undefined ? { bytes: new Uint8Array(def.valueSize) } : reader.value(value.value, def);
      const key = keyOf(reader, def, fields, base.at);
      return { ...base, kind, map: def.name, key, value: given, flags: flags(reader, fields), ...named };
    }
    case "delete":
      return { ...base, kind, map: def.name, key: keyOf(reader, def, fields, base.at), ...named };
    default: {
      const what = kind === "lookup" ? "lookup" : "lookup_and_delete";
      return {
        ...base,
        kind: what,
        map: def.name,
        key: keyOf(reader, def, fields, base.at),
        flags: flags(reader, fields),
        ...named,
      };
    }
  }
}

function whole(reader: Reader): Span {
  return { source: reader.source, start: 0, end: 1 };
}

function keyOf(reader: Reader, def: MapDef, fields: Fields, at: Span | undefined): Uint8Array {
  const key = fields.get("key");
  if (key !== undefined) return reader.bytes(key.value, def.keySize, "the key");
  if (def.keySize > 0) reader.wrong(at ?? whole(reader), "`key` is missing");
  return new Uint8Array(def.keySize);
}

function flags(reader: Reader, fields: Fields): number {
  const pair = fields.get("flags");
  if (pair === undefined) return 0;
  const words = pair.value.kind === "list" ? pair.value.items : [pair.value];
  let bits = 0;
  for (const word of words) {
    const bit = word.kind === "scalar" ? updateFlags.get(String(word.value)) : undefined;
    if (bit === undefined) reader.wrong(word.at, "flags are any, noexist, exist, lock");
    bits |= bit ?? 0;
  }
  return bits;
}

function variable(reader: Reader, fields: Fields): string {
  const pair = fields.get("as");
  const name = reader.text(pair);
  if (pair !== undefined && !/^[A-Za-z_]\w*$/.test(name))
    reader.wrong(pair.value.at, "a variable is made of letters, digits and `_`");
  return name;
}

/** A batch is its single operations one after another; readers are waited for once. */
function batch(reader: Reader, base: Base, fields: Fields): readonly Command[] {
  const kind = (["update", "delete", "lookup"] as const).find((each) => fields.has(each));
  const at = base.at ?? whole(reader);
  if (kind === undefined) {
    reader.wrong(at, "a batch says `update`, `delete` or `lookup` with the name of a map");
    return [];
  }
  const def = reader.map(fields.get(kind), at);
  if (def === undefined) return [];
  const label = { ...base, label: "batch" };
  if (kind === "update") {
    const entries = fields.get("entries");
    const pairs = entries === undefined ? [] : reader.pairs(entries.value, "`entries`");
    return pairs.map((pair, n): Command => {
      const number = /^\d+$/.test(pair.key) ? BigInt(pair.key) : 0n;
      const key = reader.bytes({ kind: "scalar", at: pair.keyAt, value: number, block: false }, def.keySize, "the key");
      const value = reader.value(pair.value, def);
      const quiet = n + 1 < pairs.length ? { quiet: true as const } : {};
      return { ...label, kind, map: def.name, key, value, flags: 0, ...quiet };
    });
  }
  const keys = fields.get("keys");
  const items = keys === undefined ? [] : reader.items(keys.value, "`keys`");
  const name = fields.has("as") ? variable(reader, fields) : undefined;
  return items.map((item, n): Command => {
    const key = reader.bytes(item, def.keySize, "the key");
    const one = { ...label, map: def.name, key };
    if (kind === "delete") return { ...one, kind, ...(n + 1 < items.length ? { quiet: true as const } : {}) };
    return { ...one, kind, flags: 0, ...(name === undefined ? {} : { as: `${name}${n}` }) };
  });
}
