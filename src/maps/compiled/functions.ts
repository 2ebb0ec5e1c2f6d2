// Operations as functions: for one map, with all that does not change in it as constants, or for every map of a family. Where
// there is none for a map, the machine's operation in steps serves.
import { POINTER_HIGH } from "../../memory/layout.ts";
import { block, type Code, choose, get, give, go, i32, i64, set, type, when } from "../../wasm/code.ts";
import { Frame } from "../../wasm/frame.ts";
import type { Func } from "../../wasm/module.ts";
import { element, mapType } from "../layout.ts";
import { labels } from "./bytes.ts";
import { removed, updated } from "./change.ts";
import { aimed, found, indexed, search, walkOf } from "./find.ts";
import { type Family, isArray, type Shape, type Site, shapeOfFamily, valueFor, whole } from "./shape.ts";

const hashes: readonly number[] = [
  mapType.hash,
  mapType.percpu_hash,
  mapType.lru_hash,
  mapType.lru_percpu_hash,
  mapType.hash_of_maps,
];
const outers: readonly number[] = [mapType.hash_of_maps, mapType.array_of_maps];

export const isHash = (family: Family): boolean => hashes.includes(family.type);
export const isOuter = (family: Family): boolean => outers.includes(family.type);

/** Whether code can find keys of such maps, and whether it can change such maps. */
export const isFound = (family: Family): boolean => isArray(family) || isHash(family) || isOuter(family);
export function isChanged(family: Family): boolean {
  return family.plain && !isOuter(family) && (isArray(family) || (isHash(family) && family.common));
}

const null64 = i64.const(0n);

export function pointer(address: Code): Code {
  return i64.or(i64.fromU(address), i64.const(BigInt(POINTER_HIGH) << 32n));
}

/** What a program gets for an element: its value, or the map in its slot. `spare` is a local of 32 bits. */
function given(shape: Shape, item: Code, spare: number, cpu: Code): Code {
  const { from, offset } = valueFor(shape, item, cpu);
  if (!isOuter(shape)) return pointer(whole({ from, offset }));
  return [set(spare, i32.load(from, offset)), choose(type.i64, get(spare), pointer(get(spare)), null64)];
}

/** An array's lookup in place, into the local of 32 bits `spare`. */
export function arrayLookup(shape: Shape, key: Code, spare: number, cpu: Code = shape.cpu): Code {
  const item = i32.add(shape.word("values"), i32.mul(get(spare), shape.word("stride")));
  return [
    set(spare, i32.load(key)),
    choose(type.i64, i32.ltU(get(spare), shape.word("maxEntries")), given(shape, item, spare, cpu), null64),
  ];
}

function func(parameters: number, result: number, body: (frame: Frame) => Code): Func {
  const frame = new Frame(Array.from({ length: parameters }, () => type.i32));
  const code = body(frame);
  return { parameters: frame.parameters, results: [result], locals: frame.locals, body: code };
}

/** A hash table's lookup: from the key's address to a pointer or null. */
export function hashLookup(shape: Shape): Func {
  return func(1, type.i64, (frame) => {
    const spare = frame.narrow();
    return [found(shape, frame, 0, (item) => given(shape, item, spare, shape.cpu)), null64];
  });
}

/** The lookup of a CPU's value: from the key's address and the number of the CPU to a pointer or null. */
export function percpuLookup(shape: Shape): Func {
  return func(2, type.i64, (frame) => {
    const [spare, cpu] = [frame.narrow(), get(1)];
    const code = isArray(shape)
      ? arrayLookup(shape, get(0), spare, cpu)
      : [found(shape, frame, 0, (item) => given(shape, item, spare, cpu)), null64];
    return [when(i32.geU(cpu, i32.const(shape.cpus)), give(null64)), code];
  });
}

/** From the addresses of key and value, and the flags in 32 bits, to an errno, 0 or OUTSIDE. */
export function update(shape: Shape): Func {
  return func(3, type.i32, (frame) => updated(shape, frame, { key: 0, value: 1, flags: 2 }));
}

/** From the address of a key to an errno, 0 or OUTSIDE. */
export function remove(shape: Shape): Func {
  return func(1, type.i32, (frame) => removed(shape, frame, { key: 0 }));
}

/** Where the parameters are that a family's functions have: key, value, flags, CPU, header, record. */
export const parameter = { key: 0, value: 1, flags: 2, cpu: 3, header: 4, record: 5 } as const;
const parameters = 6;

/** The same for any map of a family: all take the same parameters; a lookup gives the element's address, or 0. */
export const any = {
  lookup: (shape: Shape): Func =>
    func(parameters, type.i32, (frame) => {
      if (!isArray(shape)) return [found(shape, frame, parameter.key, (item) => item), i32.const(0)];
      const index = frame.narrow();
      return indexed(shape, get(parameter.key), index, give(i32.const(0)));
    }),
  update: (shape: Shape): Func => func(parameters, type.i32, (frame) => updated(shape, frame, parameter)),
  remove: (shape: Shape): Func => func(parameters, type.i32, (frame) => removed(shape, frame, parameter)),
};

/** What `lookupOfAny` gives for a map that it does not know; no pointer and no null. */
export const ELSEWHERE = -1n;

/** The lookup of a map that is known only when it runs: from the addresses of its header and of the key. */
export function lookupOfAny(site: Site): Func {
  return func(2, type.i64, (frame) => {
    const [HEADER, KEY] = [0, 1];
    const [kind, item] = [frame.narrow(), frame.narrow()];
    const shapeOf = (number: number) =>
      shapeOfFamily({ type: number, preallocated: true, plain: true, common: true }, HEADER, site);
    const [array, hash] = [mapType.array, mapType.hash].map(shapeOf);
    const isOneOf = (...types: readonly number[]): Code =>
      types.map((one) => i32.eq(get(kind), i32.const(one))).reduce((a, b) => i32.or(a, b));
    const arrays = [mapType.array, mapType.percpu_array, mapType.array_of_maps];
    const used = i32.store(get(item), i32.const(1), element.referenced * 4);
    const [there] = labels("there");
    const walk = walkOf(frame, KEY);
    return [
      set(kind, hash.word("type")),
      block(there, [
        when(isOneOf(...arrays), [set(item, indexed(array, get(KEY), item, give(null64))), go(there)]),
        when(i32.eqz(isOneOf(...hashes)), give(i64.const(ELSEWHERE))),
        aimed(hash, frame, walk),
        search(hash, frame, walk, [
          set(item, get(walk.current)),
          when(isOneOf(mapType.lru_hash, mapType.lru_percpu_hash), used),
          go(there),
        ]),
        give(null64),
      ]),
      set(item, i32.add(get(item), hash.word("valueOffset"))),
      when(hash.word("percpu"), set(item, i32.add(get(item), i32.mul(site.cpu, hash.word("slot"))))),
      when(isOneOf(...outers), set(item, i32.load(get(item)))),
      choose(type.i64, get(item), pointer(get(item)), null64),
    ];
  });
}
