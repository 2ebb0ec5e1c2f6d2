// The contents of a program's maps as data: what a run left in them, and entries to put in before one.
import type { MapDef, Program } from "../isa/program.ts";
import { errnoName } from "../maps/errno.ts";
import type { Machine } from "../vm/machine.ts";

/** Bytes in hexadecimal; `number` besides for sizes that are numbers, little-endian, as a string of digits. */
export interface Bytes {
  readonly hex: string;
  readonly number?: string;
}

export interface Entry {
  readonly key?: Bytes;
  readonly value: Bytes;
  /** Per-CPU maps: the value of each CPU. */
  readonly cpus?: readonly Bytes[];
  /** Maps of maps: the name of the inner map. */
  readonly map?: string;
}

export interface Contents {
  readonly name: string;
  readonly type: MapDef["type"];
  readonly maxEntries: number;
  readonly entries: readonly Entry[];
  /** Elements of an array that are all zero and left out of `entries`. */
  readonly zeros?: number;
}

export function contents(machine: Machine, program: Program): readonly Contents[] {
  return program.maps.map((def) => contentsOf(machine, def));
}

function contentsOf(machine: Machine, def: MapDef): Contents {
  const id = machine.mapSet.byName(def.name);
  const head = { name: def.name, type: def.type, maxEntries: def.maxEntries };
  if (id === 0) return { ...head, entries: [] };
  if (def.type === "ringbuf")
    return { ...head, entries: machine.maps.consume(id).map((each) => ({ value: bytes(each) })) };
  if (def.type === "queue" || def.type === "stack") return { ...head, entries: drain(machine, id) };
  const entries: Entry[] = [];
  let zeros = 0;
  for (const [key, value] of machine.maps.entries(id)) {
    if (def.type.endsWith("array") && value.every((byte) => byte === 0)) zeros++;
    else entries.push(entry(machine, def, key, value));
  }
  return { ...head, entries, ...(zeros === 0 ? {} : { zeros }) };
}

function entry(machine: Machine, def: MapDef, key: Uint8Array, value: Uint8Array): Entry {
  const base = { key: bytes(key), value: bytes(value) };
  if (def.type.includes("percpu")) {
    const stride = (def.valueSize + 7) & ~7;
    const cpus = machine.cpus.map((_, at) => bytes(value.slice(at * stride, at * stride + def.valueSize)));
    return { key: base.key, value: cpus[0] ?? base.value, cpus };
  }
  if (def.type.endsWith("_of_maps")) {
    const inner = machine.mapSet.definition(new DataView(value.buffer, value.byteOffset).getUint32(0, true));
    return { ...base, ...(inner === undefined ? {} : { map: inner.name }) };
  }
  return base;
}

/** A queue or a stack is read by taking from it. */
function drain(machine: Machine, id: number): readonly Entry[] {
  const entries: Entry[] = [];
  for (;;) {
    const found = machine.maps.lookupAndDelete(id, new Uint8Array());
    if (found.errno !== 0) return entries;
    entries.push({ value: bytes(found.value) });
  }
}

function bytes(of: Uint8Array): Bytes {
  const hex = Array.from(of, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (![1, 2, 4, 8].includes(of.length)) return { hex };
  return { hex, number: of.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n).toString() };
}

/**
 * Puts entries into a map: `[{"key": …, "value": …}, …]` or `{"key": value, …}`, where each is a number, a string of
 * decimal digits, hexadecimal bytes as `contents` gives them ({"hex": …} or "0x…"), or a list of bytes. The answer is
 * what is wrong, if anything is.
 */
export function fill(machine: Machine, def: MapDef, entries: unknown): string | undefined {
  const id = machine.mapSet.byName(def.name);
  if (id === 0) return `there is no map ${def.name}`;
  const list = Array.isArray(entries)
    ? entries
    : isRecord(entries)
      ? (entries.entries ?? Object.entries(entries).map(([key, value]) => ({ key, value })))
      : undefined;
  if (!Array.isArray(list)) return "it is neither a list of entries nor an object";
  for (const [at, each] of list.entries()) {
    if (!isRecord(each)) return `entry ${at} is no object`;
    const key = def.keySize === 0 ? new Uint8Array() : toBytes(each.key, def.keySize);
    if (typeof key === "string") return `entry ${at}: its key ${key}`;
    const value = toBytes(each.value, def.valueSize);
    if (typeof value === "string") return `entry ${at}: its value ${value}`;
    const done = machine.maps.update(id, key, perCpu(machine, def, value));
    if (done < 0) return `entry ${at} is refused: ${errnoName(done)}`;
  }
  return undefined;
}

/** The same value for every CPU, as bpf(2) takes them: padded to 8 bytes each. */
function perCpu(machine: Machine, def: MapDef, value: Uint8Array): Uint8Array {
  if (!def.type.includes("percpu")) return value;
  const stride = (def.valueSize + 7) & ~7;
  const all = new Uint8Array(stride * machine.cpus.length);
  for (let at = 0; at < machine.cpus.length; at++) all.set(value, at * stride);
  return all;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The bytes, or what is wrong with them. */
function toBytes(value: unknown, size: number): Uint8Array | string {
  if (isRecord(value)) return typeof value.hex === "string" ? hexBytes(value.hex, size) : "is an object without `hex`";
  if (Array.isArray(value)) {
    const good = value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256);
    if (!good) return "has something in its list that is no byte";
    return value.length === size ? Uint8Array.from(value) : `has ${value.length} bytes, not ${size}`;
  }
  if (typeof value === "string" && /^0x/i.test(value)) return hexBytes(value.slice(2), size);
  if (typeof value === "number" && !Number.isSafeInteger(value)) return "is no whole number";
  if (typeof value !== "number" && !(typeof value === "string" && /^-?\d+$/.test(value)))
    return "is missing or no number";
  if (size > 8) return `has ${size} bytes: write them in hexadecimal`;
  const number = BigInt(value);
  const fits = number >= -(1n << BigInt(size * 8 - 1)) && number < 1n << BigInt(size * 8);
  if (!fits) return `does not fit in ${size} bytes`;
  const least = BigInt.asUintN(size * 8, number);
  return Uint8Array.from({ length: size }, (_, at) => Number((least >> BigInt(at * 8)) & 0xffn));
}

function hexBytes(text: string, size: number): Uint8Array | string {
  const digits = text.replace(/[\s_]/g, "");
  if (!/^(?:[0-9a-f]{2})*$/i.test(digits)) return "is not in hexadecimal";
  const out = Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return out.length === size ? out : `has ${out.length} bytes, not ${size}`;
}
