// `.map` and `.entry`: maps and what is in them before the first run.

import { didYouMean } from "../diag/suggest.ts";
import type { MapDef, MapType, ValueField } from "../isa/program.ts";
import type { Cursor } from "./cursor.ts";
import { clip } from "./cursor.ts";
import { expression } from "./expression.ts";
import { fail, report } from "./report.ts";
import type { EntryPart, Unit } from "./unit.ts";

/** What the kernel demands of a map's sizes (map_alloc_check of each type): a number, or 0 for "none of its own". */
interface Shape {
  readonly key: number | "any";
  readonly value: number | "any";
  readonly inner?: true;
  /** How many entries there can be is not the program's to say. */
  readonly max?: 0;
}
const shapes = new Map<MapType, Shape>(
  Object.entries({
    array: { key: 4, value: "any" },
    hash: { key: "any", value: "any" },
    percpu_array: { key: 4, value: "any" },
    percpu_hash: { key: "any", value: "any" },
    lru_hash: { key: "any", value: "any" },
    lru_percpu_hash: { key: "any", value: "any" },
    array_of_maps: { key: 4, value: 4, inner: true },
    hash_of_maps: { key: "any", value: 4, inner: true },
    prog_array: { key: 4, value: 4 },
    ringbuf: { key: 0, value: 0 },
    queue: { key: 0, value: "any" },
    stack: { key: 0, value: "any" },
    perf_event_array: { key: 4, value: 4 },
    stack_trace: { key: 4, value: "any" },
    cgroup_array: { key: 4, value: 4 },
    devmap: { key: 4, value: "any" },
    devmap_hash: { key: 4, value: "any" },
    cpumap: { key: 4, value: "any" },
    xskmap: { key: 4, value: 4 },
    sockmap: { key: 4, value: "any" },
    sockhash: { key: "any", value: "any" },
    reuseport_sockarray: { key: 4, value: "any" },
    cgroup_storage: { key: "any", value: "any", max: 0 },
    percpu_cgroup_storage: { key: "any", value: "any", max: 0 },
    sk_storage: { key: 4, value: "any", max: 0 },
    user_ringbuf: { key: 0, value: 0 },
  } satisfies Record<MapType, Shape>) as readonly (readonly [MapType, Shape])[],
);

const flagBits = new Map([
  ["no_prealloc", 0x1],
  ["no_common_lru", 0x2],
  ["numa_node", 0x4],
  ["rdonly", 0x8],
  ["wronly", 0x10],
  ["zero_seed", 0x40],
  ["rdonly_prog", 0x80],
  ["wronly_prog", 0x100],
  ["clone", 0x200],
  ["mmapable", 0x400],
  ["preserve_elems", 0x800],
  ["inner_map", 0x1000],
]);

const attributes = ["type", "key", "value", "max", "flags", "inner", "spin_lock", "timer"] as const;
type Attribute = (typeof attributes)[number];

/** `.map name, type=hash, key=4, value=8, max=16`; the cursor stands after `.map`. */
export function mapDirective(cursor: Cursor, unit: Unit): void {
  const token = cursor.peek();
  if (token?.kind !== "word") cursor.unexpected("the name of the map");
  cursor.at++;
  const at = cursor.spanOf(token);
  const before = unit.maps.get(token.text)?.at ?? unit.labels.get(token.text)?.at;
  if (before !== undefined) {
    const diagnostic = report("error", "E0107", at, `\`${token.text}\` is already defined`);
    unit.error({ ...diagnostic, notes: [{ event: "defined", at: before, text: "first defined here" }] });
    return;
  }
  cursor.punct(",");
  const { def, inner } = definition(cursor, token.text, false);
  unit.maps.set(token.text, { def: { ...def, at }, at, ...(inner ? { inner } : {}) });
}

interface Given {
  type?: { value: MapType; at: ReturnType<Cursor["here"]> };
  numbers: Map<Attribute, { value: number; at: ReturnType<Cursor["here"]> }>;
  innerName?: { name: string; at: ReturnType<Cursor["here"]> };
  innerDef?: MapDef;
}

/** Attributes up to the end of the line, or for an inner map up to the closing parenthesis. */
function definition(cursor: Cursor, name: string, nested: boolean) {
  const first = cursor.at;
  const given: Given = { numbers: new Map() };
  const seen = new Set<string>();
  while (!cursor.done && !(nested && cursor.isPunct(")"))) {
    const token = cursor.peek();
    const key = token?.kind === "word" ? attributes.find((a) => a === token.text.toLowerCase()) : undefined;
    if (token === undefined || key === undefined) {
      if (token?.kind !== "word") return cursor.unexpected("an attribute such as `type=hash`");
      const help = didYouMean(token.text, attributes) ?? `attributes are ${attributes.join(", ")}`;
      return fail("E0109", cursor.spanOf(token), `unknown attribute \`${clip(token.text)}\``, { help });
    }
    if (seen.has(key)) fail("E0107", cursor.spanOf(token), `\`${key}\` is given twice`);
    seen.add(key);
    cursor.at++;
    cursor.expect("=", `after \`${key}\``);
    attribute(cursor, key, given, nested);
    if (!cursor.punct(",") && !cursor.done && !(nested && cursor.isPunct(")"))) cursor.unexpected("`,`");
  }
  return finish(cursor, name, given, first);
}

function attribute(cursor: Cursor, key: Attribute, given: Given, nested: boolean): void {
  const first = cursor.at;
  if (key === "type") {
    const token = cursor.peek();
    if (token?.kind !== "word") cursor.unexpected("a map type");
    const wanted = token.text.toLowerCase().replace(/^bpf_map_type_/, "");
    const type = [...shapes.keys()].find((known) => known === wanted);
    if (type === undefined) {
      const help = didYouMean(wanted, shapes.keys()) ?? `types are ${[...shapes.keys()].join(", ")}`;
      fail("E0109", cursor.here(), `unknown map type \`${clip(token.text)}\``, { help });
    }
    cursor.at++;
    given.type = { value: type, at: cursor.since(first) };
  } else if (key === "inner") {
    if (nested) fail("E0109", cursor.here(), "an inner map cannot hold maps");
    const token = cursor.peek();
    if (cursor.punct("(")) {
      given.innerDef = definition(cursor, "inner", true).def;
      cursor.expect(")", "after the inner map");
    } else if (token?.kind === "word") {
      cursor.at++;
      given.innerName = { name: token.text, at: cursor.spanOf(token) };
    } else cursor.unexpected("the name of a map, or its attributes in parentheses");
  } else {
    const value = key === "flags" ? flags(cursor) : expression(cursor);
    const at = cursor.since(first);
    if (value < 0n || value > 0xffffffffn) fail("E0109", at, `\`${key}\` must be from 0 to 4294967295`);
    given.numbers.set(key, { value: Number(value), at });
  }
}

function flags(cursor: Cursor): bigint {
  let bits = 0n;
  do {
    const token = cursor.peek();
    if (token?.kind !== "word") {
      bits |= expression(cursor);
      continue;
    }
    const name = token.text.toLowerCase().replace(/^bpf_f_/, "");
    const bit = flagBits.get(name);
    if (bit === undefined) {
      const help = didYouMean(name, flagBits.keys()) ?? `flags are ${[...flagBits.keys()].join(", ")}`;
      return fail("E0109", cursor.here(), `unknown flag \`${clip(token.text)}\``, { help });
    }
    bits |= BigInt(bit);
    cursor.at++;
  } while (cursor.punct("|"));
  return bits;
}

function finish(cursor: Cursor, name: string, given: Given, first: number) {
  const whole = cursor.since(first);
  if (given.type === undefined) return fail("E0109", whole, "a map needs a `type=`");
  const type = given.type.value;
  const shape = shapes.get(type);
  const size = (key: "key" | "value"): number => {
    const wanted = shape?.[key] ?? "any";
    const found = given.numbers.get(key);
    if (found !== undefined && wanted !== "any" && found.value !== wanted) {
      fail("E0109", found.at, `a map of type ${type} has ${key} size ${wanted}, not ${found.value}`);
    }
    if (found !== undefined && wanted === "any" && found.value === 0) fail("E0109", found.at, `the ${key} size is 0`);
    if (found === undefined && wanted === "any") fail("E0109", whole, `a map of type ${type} needs \`${key}=\``);
    return found?.value ?? (wanted === "any" ? 0 : wanted);
  };
  const [keySize, valueSize] = [size("key"), size("value")];
  const said = given.numbers.get("max");
  const max = said ?? (shape?.max === 0 ? { value: 0, at: whole } : undefined);
  if (max === undefined) return fail("E0109", whole, "a map needs `max=`, the most entries it can hold");
  if (max.value === 0 && shape?.max !== 0) fail("E0109", max.at, "`max` is 0");
  if (max.value !== 0 && shape?.max === 0) fail("E0109", max.at, `a map of type ${type} has no \`max\``);
  const hasInner = given.innerDef !== undefined || given.innerName !== undefined;
  if (shape?.inner && !hasInner) fail("E0109", whole, `a map of type ${type} needs \`inner=\``);
  if (!shape?.inner && hasInner) fail("E0109", whole, `a map of type ${type} holds no maps`);
  const fields: ValueField[] = [];
  for (const [kind, length] of [
    ["spin_lock", 4],
    ["timer", 16],
  ] as const) {
    const found = given.numbers.get(kind);
    if (found === undefined) continue;
    if (found.value + length > valueSize) fail("E0109", found.at, `a ${kind} of ${length} bytes does not fit there`);
    if (found.value % (kind === "timer" ? 8 : 4) !== 0) fail("E0109", found.at, `a ${kind} must be aligned`);
    fields.push({ kind, offset: found.value });
  }
  const def: MapDef = {
    name,
    type,
    keySize,
    valueSize,
    maxEntries: max.value,
    flags: given.numbers.get("flags")?.value ?? 0,
    ...(given.innerDef ? { inner: given.innerDef } : {}),
    ...(fields.length > 0 ? { fields } : {}),
  };
  return { def, inner: given.innerName };
}

/** `.entry map, key = value`; the cursor stands after `.entry`. */
export function entryDirective(cursor: Cursor, unit: Unit): void {
  const first = cursor.at - 1;
  const token = cursor.peek();
  if (token?.kind !== "word") cursor.unexpected("the name of a map");
  cursor.at++;
  cursor.punct(",");
  const key = entryPart(cursor, "a key");
  cursor.expect("=", "between key and value");
  const value = entryPart(cursor, "a value");
  unit.entries.push({ map: token.text, mapAt: cursor.spanOf(token), key, value, at: cursor.since(first) });
}

function entryPart(cursor: Cursor, what: string): EntryPart {
  const first = cursor.at;
  const token = cursor.peek();
  if (token?.kind === "hex") {
    cursor.at++;
    const pairs = token.digits.match(/../g) ?? [];
    const bytes = Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
    return { kind: "bytes", bytes, at: cursor.since(first) };
  }
  if (token?.kind === "word") {
    cursor.at++;
    return { kind: "name", name: token.text, at: cursor.since(first) };
  }
  if (token === undefined) return cursor.unexpected(what);
  return { kind: "integer", value: expression(cursor), at: cursor.since(first) };
}
