// The operations in one go on a machine's memory, for whoever has no code of its own: the interpreter's calls that nobody watches.
// One module serves all maps; it is compiled once for machines of so many CPUs.
import type { Memory } from "../../memory/memory.ts";
import { get, getGlobal, i32 } from "../../wasm/code.ts";
import { compile, type Func, type Module, moduleBytes, onMemory } from "../../wasm/module.ts";
import { mapType } from "../layout.ts";
import { any, isChanged, parameter } from "./functions.ts";
import { type Family, familyOf, isArray, type Site, shapeOfFamily } from "./shape.ts";

/** The parameters of functions.ts, `parameter`: addresses, but for `record`, the index of an operation. */
export type Operation = (
  key: number,
  value: number,
  flags: number,
  cpu: number,
  header: number,
  record: number,
) => number;

export interface Operations {
  /** The address of the element, 0 where there is none. */
  readonly lookup: Operation | undefined;
  /** An errno, 0 or OUTSIDE. */
  readonly update: Operation | undefined;
  readonly remove: Operation | undefined;
}

const types = [
  mapType.hash,
  mapType.percpu_hash,
  mapType.lru_hash,
  mapType.lru_percpu_hash,
  mapType.array,
  mapType.percpu_array,
];
const chained: readonly number[] = [mapType.hash, mapType.percpu_hash];
const ordered: readonly number[] = [mapType.lru_hash, mapType.lru_percpu_hash];
/** Only chains may be made one by one, and only LRU tables have lists of each CPU. */
const families: readonly Family[] = types.flatMap((type) =>
  (chained.includes(type) ? [true, false] : [true]).flatMap((preallocated) =>
    (ordered.includes(type) ? [true, false] : [true]).flatMap((common) =>
      [true, false].map((plain) => ({ type, preallocated, plain, common })),
    ),
  ),
);
/** A family as a number: its type, and a bit for each of the rest. */
const numberOf = ({ type, preallocated, plain, common }: Family): number =>
  (type << 3) | (Number(preallocated) << 2) | (Number(plain) << 1) | Number(common);

function functionsOf(cpus: number): readonly Func[] {
  const cpu = get(parameter.cpu);
  const held = i32.load(i32.add(getGlobal(0), i32.shl(cpu, i32.const(2))));
  const site: Site = { cpus, cpu, held };
  return families.flatMap((family) => {
    const shape = shapeOfFamily(family, parameter.header, site);
    const made = (what: keyof Operations): Func => ({ ...any[what](shape), name: `${what} ${numberOf(family)}` });
    if (!isChanged(family)) return [made("lookup")];
    return isArray(family) ? [made("lookup"), made("update")] : [made("lookup"), made("update"), made("remove")];
  });
}

/** Compiling takes about 6 ms, an operation in steps half a microsecond longer than in code. */
const WORTH_COMPILING = 8192;

/** By the number of CPUs. */
const modules = new Map<number, Module | undefined>();

export class Compiled {
  readonly #memory: Memory;
  readonly #cpus: number;
  readonly #holders: number;
  #asked = 0;
  /** By the families' numbers, once there is code for them. */
  #families: readonly Operations[] | undefined;

  /** `holders` is the index of the words, one a CPU, that say which operation holds it. */
  constructor(memory: Memory, cpus: number, holders: number) {
    this.#memory = memory;
    this.#cpus = cpus;
    this.#holders = holders;
  }

  /**
   * What there is for the map at an address; undefined where threads share the memory, where nothing can be compiled, and
   * as long as too few have asked for compiling to be worth while.
   */
  of(header: number): Operations | undefined {
    if (this.#families === undefined) {
      if (this.#memory.shared) return undefined;
      if (++this.#asked < WORTH_COMPILING && !modules.has(this.#cpus)) return undefined;
      this.compile();
    }
    return this.#families?.[numberOf(familyOf(this.#memory, header))];
  }

  /** Has the code made at once. */
  compile(): void {
    if (!modules.has(this.#cpus)) {
      modules.set(this.#cpus, compile(moduleBytes({ constants: ["holders"], functions: functionsOf(this.#cpus) })));
    }
    const module = modules.get(this.#cpus);
    if (module === undefined) return;
    const exported = onMemory(module, this.#memory.wasm, { holders: this.#holders * 4 });
    const found: Operations[] = [];
    for (const family of families) {
      const one = (what: keyof Operations) => exported[`${what} ${numberOf(family)}`] as Operation | undefined;
      found[numberOf(family)] = { lookup: one("lookup"), update: one("update"), remove: one("remove") };
    }
    this.#families = found;
  }
}
