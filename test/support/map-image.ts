// The law of map operations as code: after each of a random sequence the memory holds the same bytes as after the operation in
// steps, and the answer is the same. Two machines go through one sequence, one in steps, the other in code wherever there is
// some. The records of operations are not compared: what is in them means nothing once an operation is over.
import type { MapDef, MapType } from "../../src/isa/program.ts";
import { Compiled } from "../../src/maps/compiled/compiled.ts";
import { arrayLookup, hashLookup, isChanged, remove, update } from "../../src/maps/compiled/functions.ts";
import { familyOf, isArray, OUTSIDE, shapeOfMap } from "../../src/maps/compiled/shape.ts";
import { map, OP_WORDS, op as w } from "../../src/maps/layout.ts";
import { Maps } from "../../src/maps/maps.ts";
import { Userspace } from "../../src/maps/userspace.ts";
import { kind } from "../../src/memory/layout.ts";
import { Memory } from "../../src/memory/memory.ts";
import { RcuDomain } from "../../src/rcu/domain.ts";
import { get, getGlobal, i32, type } from "../../src/wasm/code.ts";
import { compile, type Func, isValid, moduleBytes, onMemory } from "../../src/wasm/module.ts";

export interface Shape {
  readonly name: string;
  readonly def: Partial<MapDef> & { readonly type: MapType };
}

const small = { keySize: 4, valueSize: 8, maxEntries: 24 };
export const shapes: readonly Shape[] = [
  { name: "hash", def: { type: "hash", ...small } },
  { name: "hash, odd sizes", def: { type: "hash", keySize: 7, valueSize: 13, maxEntries: 5 } },
  { name: "hash, long", def: { type: "hash", keySize: 70, valueSize: 100, maxEntries: 20 } },
  { name: "hash, one by one", def: { type: "hash", ...small, flags: 1 } },
  { name: "hash with a lock", def: { type: "hash", ...small, fields: [{ kind: "spin_lock", offset: 4 }] } },
  { name: "percpu_hash", def: { type: "percpu_hash", ...small, valueSize: 12 } },
  { name: "percpu_hash, one by one", def: { type: "percpu_hash", ...small, flags: 1 } },
  { name: "lru_hash", def: { type: "lru_hash", ...small } },
  { name: "lru_hash of each CPU", def: { type: "lru_hash", ...small, flags: 2 } },
  { name: "lru_percpu_hash", def: { type: "lru_percpu_hash", ...small, keySize: 16 } },
  // Enough that a rotation stops in the middle of the inactive elements.
  { name: "lru_hash, large", def: { type: "lru_hash", ...small, maxEntries: 600 } },
  { name: "array", def: { type: "array", ...small, valueSize: 20 } },
  { name: "percpu_array", def: { type: "percpu_array", ...small, valueSize: 12 } },
];

/** A machine's memory and one map in it, with room for a key and a value. */
function side(def: MapDef, cpus: number) {
  const memory = new Memory();
  const rcu = new RcuDomain(memory, cpus + 1);
  const maps = new Maps(memory, rcu, { cpus });
  const user = new Userspace(maps, 0, cpus);
  const id = user.create(def);
  if (id <= 0) throw new Error(`${def.type} was refused: ${id}`);
  const ops = Array.from({ length: cpus }, (_, cpu) => maps.newOperation(cpu, cpu, false));
  const key = memory.allocate(256, 8, kind.scratch, 0);
  const value = memory.allocate(256, 8, kind.scratch, 0);
  return { memory, maps, user, id, ops, key, value, header: maps.address(id) };
}
type Side = ReturnType<typeof side>;

/** What an operation is about: addresses of key and value, and the CPU it runs on. */
interface About {
  readonly key: number;
  readonly value: number;
  readonly cpu: number;
}

interface Doing {
  lookup(about: About): number;
  update(about: About, flags: number): number;
  remove(about: About): number;
}

function inSteps({ maps, memory, id, ops }: Side): Doing {
  const run = (cpu: number, start: (op: number) => void): number => {
    start(ops[cpu]);
    maps.run(ops[cpu]);
    return memory.i32[ops[cpu] + w.lo];
  };
  return {
    lookup: ({ cpu, key }) => run(cpu, (op) => maps.lookup(op, id, key)),
    update: ({ cpu, key, value }, flags) => run(cpu, (op) => maps.update(op, id, key, value, flags)),
    remove: ({ cpu, key }) => run(cpu, (op) => maps.remove(op, id, key)),
  };
}

/** How often code did an operation, and how often it left it to the steps. */
export interface Done {
  inCode: number;
  left: number;
}

/** By one function for all maps of a family. */
function inFamily(at: Side, cpus: number, done: Done): Doing {
  const { maps, memory, header, ops } = at;
  const steps = inSteps(at);
  const compiled = new Compiled(memory, cpus, maps.holders);
  compiled.compile();
  const code = compiled.of(header);
  const counted = (answer: number | undefined, otherwise: () => number): number => {
    if (answer === undefined || answer === OUTSIDE) done.left++;
    else done.inCode++;
    return answer === undefined || answer === OUTSIDE ? otherwise() : answer;
  };
  const valueIn = (item: number | undefined, cpu: number): number | undefined => {
    if (item === undefined || item === 0) return item;
    const word = (name: number) => memory.i32[(header >> 2) + name];
    return item + word(map.valueOffset) + (word(map.percpu) === 0 ? 0 : cpu * word(map.slot));
  };
  return {
    lookup: (about) => {
      const { key, cpu } = about;
      return counted(valueIn(code?.lookup?.(key, 0, 0, cpu, header, ops[cpu]), cpu), () => steps.lookup(about));
    },
    update: (about, flags) => {
      const { key, value, cpu } = about;
      return counted(code?.update?.(key, value, flags, cpu, header, ops[cpu]), () => steps.update(about, flags));
    },
    remove: (about) => {
      const { key, cpu } = about;
      return counted(code?.remove?.(key, 0, 0, cpu, header, ops[cpu]), () => steps.remove(about));
    },
  };
}

/** By functions made for the map, one module a CPU, as a compiled program has them. */
function inPlace(at: Side, cpus: number, done: Done): Doing {
  const { maps, memory, header } = at;
  const steps = inSteps(at);
  const cpu = getGlobal(0);
  const shape = shapeOfMap(memory, header, {
    cpus,
    cpu,
    held: i32.load(i32.shl(cpu, i32.const(2)), maps.holders * 4),
  });
  const lookup: Func = isArray(shape)
    ? { parameters: [type.i32], results: [type.i64], locals: [type.i32], body: arrayLookup(shape, get(0), 1) }
    : hashLookup(shape);
  const family = familyOf(memory, header);
  const functions: Func[] = [{ ...lookup, name: "lookup" }];
  if (isChanged(family)) functions.push({ ...update(shape), name: "update" });
  if (isChanged(family) && !isArray(family)) functions.push({ ...remove(shape), name: "remove" });
  const bytes = moduleBytes({ constants: ["cpu"], functions });
  if (!isValid(bytes)) throw new Error("the module is not valid");
  const module = compile(bytes);
  if (module === undefined) throw new Error("nothing can be compiled here");
  const on = Array.from({ length: cpus }, (_, n) => onMemory(module, memory.wasm, { cpu: n })) as readonly Readonly<
    Record<string, ((...numbers: number[]) => number | bigint) | undefined>
  >[];
  const counted = (answer: number | bigint | undefined, otherwise: () => number): number => {
    if (answer === undefined || answer === OUTSIDE) {
      done.left++;
      return otherwise();
    }
    done.inCode++;
    return Number(BigInt.asIntN(32, BigInt(answer)));
  };
  return {
    lookup: (about) => counted(on[about.cpu].lookup?.(about.key), () => steps.lookup(about)),
    update: (about, flags) => {
      const { key, value, cpu } = about;
      return counted(on[cpu].update?.(key, value, flags), () => steps.update(about, flags));
    },
    remove: (about) => counted(on[about.cpu].remove?.(about.key), () => steps.remove(about)),
  };
}

export const ways = { family: inFamily, place: inPlace };
export type Way = keyof typeof ways;

export interface Report {
  readonly difference?: string;
  readonly done: Done;
}

/** One random sequence on a map; the report says where the two sides came apart, if they did. */
export function sameImages({ def }: Shape, way: Way, cpus: number, random: () => number, operations: number): Report {
  const full: MapDef = { name: "m", keySize: 4, valueSize: 8, maxEntries: 8, flags: 0, ...def };
  const [a, b] = [side(full, cpus), side(full, cpus)];
  const done: Done = { inCode: 0, left: 0 };
  const [steps, code] = [inSteps(a), ways[way](b, cpus, done)];
  const below = (n: number) => Math.floor(random() * n);
  for (let n = 0; n < operations; n++) {
    const key = new Uint8Array(full.keySize).fill(below(3) === 0 ? 0 : 7, 4);
    // Few enough keys that they meet again, and more than there is room for.
    new DataView(key.buffer).setUint16(0, below(Math.ceil(full.maxEntries * 1.6)), true);
    const value = Uint8Array.from({ length: full.valueSize }, () => below(256));
    const cpu = below(cpus);
    const what = below(10);
    // Keys and values need not be aligned.
    const away = below(2) * below(8);
    const flags = below(8) === 0 ? below(6) : below(3);
    const results = ([a, b] as const).map((one, which) => {
      if (what === 9) return one.user.update(one.id, key, value);
      const about = { key: one.key + away, value: one.value + away, cpu };
      one.memory.u8.set(key, about.key);
      one.memory.u8.set(value, about.value);
      const doing = which === 0 ? steps : code;
      if (what < 3) return doing.lookup(about);
      return what < 7 ? doing.update(about, flags) : doing.remove(about);
    });
    const doing = what === 9 ? "userspace updates" : what < 3 ? "lookup" : what < 7 ? `update ${flags}` : "remove";
    const where = `operation ${n}, ${doing} of key ${key[0] + 256 * key[1]} on CPU ${cpu}`;
    if (results[0] !== results[1])
      return { difference: `${where}: ${results[0]} in steps, ${results[1]} in code`, done };
    const at = firstDifference(a, b);
    if (at >= 0) {
      const [x, y] = [a, b].map(({ memory }) => memory.i32[at >> 2] >>> 0);
      return { difference: `${where}: the word at ${at} is ${x} in steps, ${y} in code`, done };
    }
  }
  return { done };
}

/** The address of the first byte that differs outside of operation records; -1 if none does. */
function firstDifference(a: Side, b: Side): number {
  const [x, y] = [a.memory, b.memory];
  if (x.used !== y.used) return 0;
  for (const record of [...a.ops, a.user.op]) {
    y.i32.set(x.i32.subarray(record, record + OP_WORDS), record);
  }
  const used = x.used;
  if (Buffer.compare(Buffer.from(x.u8.buffer, 0, used), Buffer.from(y.u8.buffer, 0, used)) === 0) return -1;
  for (let at = 0; at < used; at += 4) if (x.i32[at >> 2] !== y.i32[at >> 2]) return at;
  return -1;
}
