// Lookups in compiled code, on the maps' own memory: where a call of bpf_map_lookup_elem is known to be about one map, the
// elements of an array are found by a multiplication, and those of a hash table by a function made for that map, with
// the key's length, the seed and the table's place as constants. What such an operation does to memory is what
// maps/search.ts does step by step; an update still goes there.
import type { Insn } from "../isa/insn.ts";
import { BUCKET_BYTES, element, map, mapType } from "../maps/layout.ts";
import { POINTER_HIGH } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";
import {
  block,
  type Code,
  choose,
  get,
  give,
  go,
  goIf,
  i32,
  i64,
  Label,
  loop,
  set,
  tee,
  type,
  unreachable,
  when,
} from "../wasm/code.ts";
import type { Func } from "../wasm/module.ts";

/** The number of bpf_map_lookup_elem. */
export const MAP_LOOKUP = 1;
/** A longer key is looked up by the machine: its comparison would not be worth unrolling. */
const LONGEST_KEY = 64;

/** Which registers hold the address of which map, as far as one block tells: the slot of the load, -1 for others. */
export class Known {
  readonly slots = new Int32Array(11).fill(-1);

  pass(insn: Insn, pc: number): void {
    const { slots } = this;
    if (insn.kind === "imm64") slots[insn.dst] = insn.what === "mapFd" || insn.what === "mapIdx" ? pc : -1;
    else if (insn.kind === "alu" && insn.op === "mov" && insn.width === 64 && insn.src.kind === "reg") {
      slots[insn.dst] = slots[insn.src.reg];
    } else if (insn.kind === "atomic") {
      slots[insn.src] = -1;
      slots[0] = -1;
    } else if (insn.kind.startsWith("call")) slots.fill(-1, 0, 6);
    else if (insn.kind === "packet") slots.fill(-1, 0, 6);
    else if (insn.kind !== "jump" && "dst" in insn) slots[insn.dst] = -1;
  }
}

type Header = Readonly<Record<keyof typeof map, number>>;

/** The words of a header, which do not change while a program holds the map. */
function headerAt({ i32: words }: Memory, address: number): Header {
  const at = Object.entries(map).map(([name, word]) => [name, words[(address >> 2) + word]] as const);
  return Object.fromEntries(at) as Header;
}

/** How elements of a map are found: in place, or by a function of the key's address. */
export type Lookup =
  | { readonly kind: "inline"; readonly code: (key: Code, address: number, cpuIndex: Code) => Code }
  | { readonly kind: "function"; readonly func: (cpuIndex: Code) => Func };

/** Undefined: the machine's own helper serves. */
export function lookupIn(memory: Memory, address: number): Lookup | undefined {
  const header = headerAt(memory, address);
  switch (header.type) {
    case mapType.array:
    case mapType.percpu_array:
      return { kind: "inline", code: (key, local, cpuIndex) => arrayLookup(header, key, local, cpuIndex) };
    case mapType.hash:
    case mapType.percpu_hash:
    case mapType.lru_hash:
    case mapType.lru_percpu_hash:
      // Where other CPUs change the chain meanwhile, a walk has to notice it: the machine's own does.
      if (header.keySize > LONGEST_KEY || memory.shared) return undefined;
      return { kind: "function", func: (cpuIndex) => hashLookup(header, cpuIndex) };
    default:
      return undefined;
  }
}

const pointer = (address: Code): Code => i64.or(i64.fromU(address), i64.const(BigInt(POINTER_HIGH) << 32n));
const null64 = i64.const(0n);
const number = i32.const;

/** The value that a CPU sees in an element. */
function valueFor({ percpu, slot }: Header, at: Code, cpuIndex: Code): Code {
  return percpu === 0 ? at : i32.add(at, i32.mul(cpuIndex, number(slot)));
}

function arrayLookup(header: Header, key: Code, local: number, cpuIndex: Code): Code {
  const item = i32.add(number(header.values), i32.mul(get(local), number(header.stride)));
  return choose(
    type.i64,
    i32.ltU(tee(local, i32.load(key)), number(header.maxEntries)),
    pointer(valueFor(header, item, cpuIndex)),
    null64,
  );
}

const mixed = (hash: Code, local: number): Code => [
  set(local, i32.mul(hash, number(0xc2b2ae3d))),
  i32.xor(get(local), i32.shrU(get(local), number(15))),
];

/** The bytes of a key as words; the last is what is left, which counts even when there is nothing (key.ts). */
function keyWords(address: Code, size: number): readonly Code[] {
  const words: Code[] = [];
  let at = 0;
  for (; at + 4 <= size; at += 4) words.push(i32.load(address, at));
  const rest: Code[] = [];
  for (let shift = 0; at < size; at++, shift += 8) rest.push(i32.shl(i32.load8U(address, at), number(shift)));
  words.push(rest.length === 0 ? number(0) : rest.reduce((all, byte) => i32.or(all, byte)));
  return words;
}

function hashLookup(header: Header, cpuIndex: Code): Func {
  const [KEY, HASH, BUCKET, CURRENT] = [0, 1, 2, 3];
  const words = keyWords(get(KEY), header.keySize);
  const others = keyWords(i32.add(get(CURRENT), number(header.keyOffset)), header.keySize);
  const hash: Code[] = [set(HASH, number(header.seed ^ Math.imul(header.keySize, 0x85ebca6b)))];
  for (const word of words) hash.push(set(HASH, mixed(i32.xor(get(HASH), i32.mul(word, number(0x9e3779b1))), HASH)));
  for (const [shift, factor] of [
    [16, 0x21f0aaad],
    [15, 0x735a2d97],
  ] as const) {
    hash.push(set(HASH, i32.mul(i32.xor(get(HASH), i32.shrU(get(HASH), number(shift))), number(factor))));
  }
  hash.push(set(HASH, i32.xor(get(HASH), i32.shrU(get(HASH), number(15)))));
  const bucketOf = (index: Code): Code => i32.add(number(header.buckets), i32.mul(index, number(BUCKET_BYTES)));
  const [again, walk, other] = ["again", "walk", "other"].map((name) => new Label(name));
  const differs = words.slice(0, header.keySize % 4 === 0 ? -1 : undefined).map((word, n) => i32.ne(word, others[n]));
  const used =
    header.type === mapType.lru_hash || header.type === mapType.lru_percpu_hash
      ? i32.store(get(CURRENT), number(1), element.referenced * 4)
      : [];
  const value = valueFor(header, i32.add(get(CURRENT), number(header.valueOffset)), cpuIndex);
  return {
    parameters: [type.i32],
    results: [type.i64],
    locals: [type.i32, type.i32, type.i32],
    body: [
      hash,
      set(BUCKET, bucketOf(i32.and(get(HASH), number(header.bucketMask)))),
      loop(again, [
        set(CURRENT, i32.load(get(BUCKET))),
        loop(walk, [
          when(i32.and(get(CURRENT), number(1)), [
            goIf(i32.ne(bucketOf(i32.shrU(get(CURRENT), number(1))), get(BUCKET)), again),
            give(null64),
          ]),
          block(other, [
            goIf(i32.ne(i32.load(get(CURRENT), element.hash * 4), get(HASH)), other),
            differs.map((difference) => goIf(difference, other)),
            used,
            give(pointer(value)),
          ]),
          set(CURRENT, i32.load(get(CURRENT), element.link * 4)),
          go(walk),
        ]),
      ]),
      unreachable,
    ],
  };
}
