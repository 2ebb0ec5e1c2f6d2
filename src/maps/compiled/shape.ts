// What code for a map's operations is made from: the words of its header, as constants where the map is known, as loads where one
// function serves all maps of a kind. Which steps there are (elements made beforehand or one by one, a value a CPU, an
// LRU order) is known in either case.
import type { Memory } from "../../memory/memory.ts";
import { type Code, get, i32 } from "../../wasm/code.ts";
import { create } from "../errno.ts";
import { map, mapType } from "../layout.ts";

export type Word = keyof typeof map;

/** An address in two parts: what is computed, and what the access adds. */
export interface Address {
  readonly from: Code;
  readonly offset: number;
}

/** The answer of a change that is no errno: the machine's own operation is to do it, and nothing was changed. */
export const OUTSIDE = 1;

/** The maps that one code serves, whatever their sizes. */
export interface Family {
  readonly type: number;
  readonly preallocated: boolean;
  /** Neither a lock nor a timer in the values: they may be copied whole. */
  readonly plain: boolean;
  /** LRU lists that all CPUs share. */
  readonly common: boolean;
}

export interface Shape extends Family, Site {
  readonly percpu: boolean;
  readonly lru: boolean;
  /** A word of the header. */
  word(name: Word): Code;
  /** The same where it is known now. */
  constant(name: Word): number | undefined;
  /** Where a word of the header is. */
  at(name: Word): Address;
}

/** What the code stands on besides the map. */
export interface Site {
  readonly cpus: number;
  /** The number of the CPU that it runs on. */
  readonly cpu: Code;
  /** Not 0 while an operation that is in the middle of something holds that CPU. */
  readonly held: Code;
}

export function familyOf({ i32: words }: Memory, address: number): Family {
  const header = address >> 2;
  const flags = words[header + map.flags];
  return {
    type: words[header + map.type],
    preallocated: (flags & create.BPF_F_NO_PREALLOC) === 0,
    plain: words[header + map.lockField] < 0 && words[header + map.timerField] < 0,
    common: (flags & create.BPF_F_NO_COMMON_LRU) === 0,
  };
}

/** The map at an address: its header's words are constants but for those that operations change. */
export function shapeOfMap(memory: Memory, address: number, site: Site): Shape {
  const constant = (name: Word) => (changing.has(name) ? undefined : memory.i32[(address >> 2) + map[name]]);
  return {
    ...shape(familyOf(memory, address), site),
    word: (name) => {
      const value = constant(name);
      return value === undefined ? i32.load(i32.const(0), address + map[name] * 4) : i32.const(value);
    },
    constant,
    at: (name) => ({ from: i32.const(0), offset: address + map[name] * 4 }),
  };
}

/** Any map of a family; `header` is the local that holds its address. */
export function shapeOfFamily(family: Family, header: number, site: Site): Shape {
  return {
    ...shape(family, site),
    word: (name) => i32.load(get(header), map[name] * 4),
    constant: () => undefined,
    at: (name) => ({ from: get(header), offset: map[name] * 4 }),
  };
}

const changing: ReadonlySet<Word> = new Set(["count", "slab", "slabUsed", "refs", "freeAfter", "sleepable"]);

export const isArray = ({ type: number }: Family): boolean =>
  number === mapType.array || number === mapType.percpu_array;

const percpuTypes: readonly number[] = [mapType.percpu_array, mapType.percpu_hash, mapType.lru_percpu_hash];
const lruTypes: readonly number[] = [mapType.lru_hash, mapType.lru_percpu_hash];

function shape(family: Family, site: Site) {
  return {
    ...family,
    ...site,
    percpu: percpuTypes.includes(family.type),
    lru: lruTypes.includes(family.type),
  };
}

const number = i32.const;

/** The address so many bytes behind another as a header's word says. */
function behind(shape: Shape, from: Code, by: Word): Address {
  const known = shape.constant(by);
  return known === undefined ? { from: i32.add(from, shape.word(by)), offset: 0 } : { from, offset: known };
}

export const keyOf = (shape: Shape, item: Code): Address => behind(shape, item, "keyOffset");

/** The first value of the element at `item`. */
export const valuesOf = (shape: Shape, item: Code): Address => behind(shape, item, "valueOffset");

/** The value in it that a CPU sees. */
export function valueFor(shape: Shape, item: Code, cpu: Code = shape.cpu): Address {
  const { from, offset } = valuesOf(shape, item);
  if (!shape.percpu || shape.cpus === 1) return { from, offset };
  return { from: i32.add(from, i32.mul(cpu, shape.word("slot"))), offset };
}

export const whole = ({ from, offset }: Address): Code => (offset === 0 ? from : i32.add(from, number(offset)));

/** The CPU's word in a table of one word a CPU. */
export function ofCpu(shape: Shape, table: Word): Address {
  const known = shape.constant(table);
  if (shape.cpus === 1)
    return known === undefined ? { from: shape.word(table), offset: 0 } : { from: number(0), offset: known };
  const index = i32.shl(shape.cpu, number(2));
  return known === undefined ? { from: i32.add(shape.word(table), index), offset: 0 } : { from: index, offset: known };
}
