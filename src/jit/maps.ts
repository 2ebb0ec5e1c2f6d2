// Map operations in compiled code: where a call is proven to be about one map, the elements of an array are found in place, and
// the rest is a function made for that map (maps/compiled), on the maps' own memory. What such a function leaves undone
// goes the way of all other calls.
import type { Insn } from "../isa/insn.ts";
import {
  arrayLookup,
  hashLookup,
  isChanged,
  isHash,
  isOuter,
  lookupOfAny,
  percpuLookup,
  remove,
  update,
} from "../maps/compiled/functions.ts";
import { familyOf, isArray, type Shape, type Site, shapeOfMap } from "../maps/compiled/shape.ts";
import { mapType } from "../maps/layout.ts";
import type { Maps } from "../maps/maps.ts";
import { type Code, call, getGlobal, i32 } from "../wasm/code.ts";
import type { Func } from "../wasm/module.ts";

/** The numbers of the helpers that are done here. */
const helper = { lookup: 1, update: 2, remove: 3, lookupPercpu: 195 } as const;

/** What stands in place of a call; operands are 32 bits, `spare` is a local of 32 bits. */
export type MapCall =
  /** Gives a pointer or null. */
  | { readonly kind: "lookup"; readonly code: (key: Code, spare: number) => Code }
  /** The same for the value of a CPU that is named. */
  | { readonly kind: "lookupPercpu"; readonly code: (key: Code, cpu: Code) => Code }
  /** Gives a pointer, null, or ELSEWHERE. */
  | { readonly kind: "lookupAny"; readonly code: (map: Code, key: Code) => Code }
  /** Give an errno, 0, or OUTSIDE. */
  | { readonly kind: "update"; readonly code: (key: Code, value: Code, flags: Code) => Code }
  | { readonly kind: "remove"; readonly code: (key: Code) => Code };

export interface Around {
  readonly maps: Maps;
  /** The global that holds the number of the CPU. */
  readonly cpuIndex: number;
  /** The number of the first function made here. */
  readonly first: number;
}

/** The calls of one program, and the functions that they need; each is made once. */
export class MapCode {
  readonly functions: Func[] = [];
  readonly #around: Around;
  readonly #site: Site;
  readonly #made = new Map<string, MapCall | undefined>();

  constructor(around: Around) {
    this.#around = around;
    const { maps, cpuIndex } = around;
    const cpu = getGlobal(cpuIndex);
    this.#site = { cpus: maps.cpus, cpu, held: i32.load(i32.shl(cpu, i32.const(2)), maps.holders * 4) };
  }

  /**
   * `map`: the address of the map that the call is about, where it is one. Undefined: the call is one of those that leave. Where threads share the memory these are all but lookups in arrays: whoever
   * walks a chain or changes one holds the machine meanwhile.
   */
  inPlaceOf(insn: Insn, map: number | undefined): MapCall | undefined {
    if (insn.kind !== "callHelper") return undefined;
    const name = `${insn.id} ${map}`;
    if (!this.#made.has(name)) this.#made.set(name, map === undefined ? this.#any(insn.id) : this.#of(insn.id, map));
    return this.#made.get(name);
  }

  #any(id: number): MapCall | undefined {
    if (id !== helper.lookup || this.#around.maps.memory.shared) return undefined;
    const func = this.#add(lookupOfAny(this.#site));
    return { kind: "lookupAny", code: (map, key) => call(func, [map, key]) };
  }

  #of(id: number, map: number): MapCall | undefined {
    const { memory } = this.#around.maps;
    const shape = shapeOfMap(memory, map, this.#site);
    if (memory.shared && !(id === helper.lookup && isArray(shape))) return undefined;
    if (id === helper.lookup) return this.#lookup(shape);
    if (id === helper.lookupPercpu && shape.percpu) {
      const func = this.#add(percpuLookup(shape));
      return { kind: "lookupPercpu", code: (key, cpu) => call(func, [key, cpu]) };
    }
    if (!isChanged(familyOf(memory, map))) return undefined;
    if (id === helper.update) {
      const func = this.#add(update(shape));
      return { kind: "update", code: (...operands) => call(func, operands) };
    }
    if (id === helper.remove && !isArray(shape)) {
      const func = this.#add(remove(shape));
      return { kind: "remove", code: (key) => call(func, key) };
    }
    return undefined;
  }

  #lookup(shape: Shape): MapCall | undefined {
    if (isArray(shape) || shape.type === mapType.array_of_maps) {
      return { kind: "lookup", code: (key, spare) => arrayLookup(shape, key, spare) };
    }
    if (!isHash(shape) && !isOuter(shape)) return undefined;
    const func = this.#add(hashLookup(shape));
    return { kind: "lookup", code: (key) => call(func, key) };
  }

  #add(func: Func): number {
    return this.#around.first + this.functions.push(func) - 1;
  }
}
