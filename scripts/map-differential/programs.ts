// Random programs that operate on one map, each run by the kernel and by the laboratory. What helpers return and what
// is read through pointers goes into a second map, slot by slot; in the end the maps' contents are compared as well.
// A pointer may be kept over other operations, so that the reuse of elements shows; all happens in one program, hence
// on one CPU, which makes even the evictions of LRU tables comparable.
import { assemble } from "../../src/asm/assemble.ts";
import type { MapDef, Program } from "../../src/isa/program.ts";
import { below, holdsObjects, isHash, isKeyless, isPerCpu, type Kind, pick, type Random, typeOf } from "./shapes.ts";

export interface Drawn {
  readonly def: MapDef;
  readonly program: Program;
  /** What each slot of `out` is the result of. */
  readonly slots: readonly string[];
  /** Of a map of maps: the keys that hold the inner map of the same number. */
  readonly outer: readonly number[];
}

/** How far below the frame pointer the program has its own words. */
const KEY = 8;
const VALUE = 32;
const KEPT = 40;
/** Stands in a slot for "there is none"; no value is negative. */
const NONE = -1;

export const innerDef: MapDef = {
  name: "inner",
  type: "hash",
  keySize: 4,
  valueSize: 8,
  maxEntries: 3,
  flags: 0,
};

/** Draws a map and a program of `count` operations. */
export function draw(kind: Exclude<Kind, "prog_array">, random: Random, count: number): Drawn {
  const def = shape(kind, random);
  const writer = new Writer(def, random);
  for (let i = 0; i < count; i++) writer.operation();
  const made = assemble(writer.text());
  if (!made.ok) throw new Error(made.diagnostics.map(({ text }) => text).join("\n"));
  return { def, program: made.value, slots: writer.slots, outer: writer.outer };
}

function shape(kind: Kind, random: Random): MapDef {
  const type = typeOf(kind);
  const locked = (kind === "array" || kind === "hash" || kind === "no_prealloc_hash") && random() < 0.3;
  let flags = kind === "no_prealloc_hash" ? 1 : 0;
  if (kind.startsWith("lru") && random() < 0.4) flags = 2;
  if (kind === "percpu_hash" && random() < 0.4) flags = 1;
  return {
    name: "m",
    type,
    keySize: isKeyless(type) ? 0 : isHash(type) && !holdsObjects(type) ? pick(random, [4, 8]) : 4,
    valueSize: type === "ringbuf" ? 0 : holdsObjects(type) ? 4 : locked ? 16 : pick(random, [8, 16, 24]),
    maxEntries: type === "ringbuf" ? 4096 : pick(random, [1, 2, 3, 4, 6, 8, 9, 12, 16]),
    flags,
    inner: holdsObjects(type) ? innerDef : undefined,
    fields: locked ? [{ kind: "spin_lock", offset: 0 }] : undefined,
  };
}

class Writer {
  readonly slots: string[] = [];
  readonly outer: readonly number[];
  private readonly def: MapDef;
  private readonly random: Random;
  private readonly lines: string[] = [];
  private labels = 0;

  constructor(def: MapDef, random: Random) {
    this.def = def;
    this.random = random;
    const keys = Array.from({ length: Math.min(def.maxEntries, 4) }, (_, key) => key);
    this.outer = def.inner === undefined ? [] : keys.filter(() => random() < 0.7);
  }

  operation(): void {
    const { type } = this.def;
    if (type === "ringbuf") this.ring();
    else if (isKeyless(type)) this.queue();
    else if (this.def.inner !== undefined) this.ofMaps();
    else this.keyed();
  }

  text(): string {
    const { def } = this;
    const map = (
      name: string,
      { type, keySize, valueSize, maxEntries, flags, fields = [] }: MapDef,
      rest = "",
    ): string =>
      `.map ${name}, type=${type}, ${isKeyless(type) ? "" : `key=${keySize}, `}${type === "ringbuf" ? "" : `value=${valueSize}, `}max=${maxEntries}, flags=${flags}${fields.map(({ kind, offset }) => `, ${kind}=${offset}`).join("")}${rest}`;
    return [
      ".prog xdp",
      ".rcu implicit",
      ...(def.inner === undefined ? [] : [map("inner", def.inner)]),
      map("m", def, def.inner === undefined ? "" : ", inner=inner"),
      `.map out, type=array, key=4, value=${this.slots.length * 8}, max=1`,
      ` *(u64 *)(r10 - ${KEPT}) = 0`,
      ` *(u32 *)(r10 - ${KEY}) = 0`,
      ...this.argument(2, KEY),
      " r1 = out ll",
      " call bpf_map_lookup_elem",
      " if r0 == 0 goto end",
      " r9 = r0",
      ...this.lines,
      "end:",
      " r0 = 0",
      " exit",
      "",
    ].join("\n");
  }

  private add(...lines: string[]): void {
    this.lines.push(...lines);
  }

  private label(): string {
    return `l${this.labels++}`;
  }

  private argument(register: number, below: number): string[] {
    return [` r${register} = r10`, ` r${register} += -${below}`];
  }

  /** The number in a register is the result of `what`. */
  private record(what: string, register = 0): void {
    this.add(` *(u64 *)(r9 + ${this.slots.length * 8}) = r${register}`);
    this.slots.push(what);
  }

  private below(limit: number): number {
    return below(this.random, limit);
  }

  /** Puts a key on the stack; its number. */
  private key(most = this.def.maxEntries, size = this.def.keySize): number {
    const key = this.below(Math.ceil(most * 1.3) + 2);
    this.add(` *(u${size * 8} *)(r10 - ${KEY}) = ${key}`);
    return key;
  }

  private value(size = this.def.valueSize): number {
    const value = this.below(1_000_000);
    for (let at = 0; at < size; at += 8) this.add(` *(u64 *)(r10 - ${VALUE - at}) = ${value + at}`);
    return value;
  }

  private flags(register: number, known: readonly number[]): number {
    const flags = this.random() < 0.7 ? 0 : pick(this.random, [...known, 3, 5, 8, 2 ** 31, 2 ** 32, 2 ** 32 + 1]);
    this.add(flags < 2 ** 31 ? ` r${register} = ${flags}` : ` r${register} = ${flags} ll`);
    return flags;
  }

  /** Follows the pointer in r0, which may be null, and records what is there. */
  private follow(what: string, offset = this.def.valueSize - 8): void {
    const none = this.label();
    this.add(` r1 = ${NONE}`, ` if r0 == 0 goto ${none}`, ` r1 = *(u64 *)(r0 + ${offset})`, `${none}:`);
    this.record(what, 1);
  }

  private keyed(): void {
    const chance = this.random();
    if (chance < 0.4) {
      const [key, value] = [this.key(), this.value()];
      this.add(" r1 = m ll", ...this.argument(2, KEY), ...this.argument(3, VALUE));
      const flags = this.flags(4, [1, 2, 4]);
      this.add(" call bpf_map_update_elem");
      this.record(`update ${key} = ${value}, flags ${flags}`);
    } else if (chance < 0.55) {
      const key = this.key();
      this.add(" r1 = m ll", ...this.argument(2, KEY), " call bpf_map_delete_elem");
      this.record(`delete ${key}`);
    } else if (chance < 0.7 && isPerCpu(this.def.type)) {
      const [key, far] = [this.key(), this.random() < 0.2];
      this.add(" call bpf_get_smp_processor_id", ` r3 = ${far ? 100000 : "r0"}`);
      this.add(" r1 = m ll", ...this.argument(2, KEY), " call bpf_map_lookup_percpu_elem");
      this.follow(`lookup ${key} of ${far ? "no CPU" : "this CPU"}`);
    } else if (chance < 0.8) {
      const [key, keep] = [this.key(), this.random() < 0.4];
      this.add(" r1 = m ll", ...this.argument(2, KEY), " call bpf_map_lookup_elem");
      if (keep) this.add(` *(u64 *)(r10 - ${KEPT}) = r0`);
      this.follow(`lookup ${key}${keep ? ", kept" : ""}`);
    } else if (this.reusesAtOnce) this.kept();
  }

  /**
   * Linux holds no more than three freed per-CPU values of a table that is not preallocated ready for reuse, the
   * laboratory all of them: what a pointer to a deleted one sees is not compared.
   */
  private get reusesAtOnce(): boolean {
    return this.def.type !== "percpu_hash" || this.def.flags === 0;
  }

  /** Reads, and perhaps writes, through the pointer that was kept. */
  private kept(): void {
    const none = this.label();
    const offset = this.def.valueSize - 8;
    this.add(` r2 = *(u64 *)(r10 - ${KEPT})`, ` r1 = ${NONE}`, ` if r2 == 0 goto ${none}`);
    this.add(` r1 = *(u64 *)(r2 + ${offset})`);
    const writes = this.random() < 0.3;
    if (writes) this.add(` *(u64 *)(r2 + ${offset}) = ${this.below(1_000_000)}`);
    this.add(`${none}:`);
    this.record(`the kept value${writes ? ", written" : ""}`, 1);
  }

  private ofMaps(): void {
    const done = this.label();
    const [key, inner] = [this.key(4), innerDef];
    this.add(" r1 = m ll", ...this.argument(2, KEY), " call bpf_map_lookup_elem", ` r6 = ${NONE}`);
    this.add(` if r0 == 0 goto ${done}`, " r1 = r0");
    const within = this.key(inner.maxEntries, 4);
    const chance = this.random();
    if (chance < 0.4) {
      const value = this.value(8);
      this.add(...this.argument(2, KEY), ...this.argument(3, VALUE));
      const flags = this.flags(4, [1, 2]);
      this.add(" call bpf_map_update_elem", " r6 = r0", `${done}:`);
      this.record(`update ${within} = ${value} in the map at ${key}, flags ${flags}`, 6);
    } else if (chance < 0.6) {
      this.add(...this.argument(2, KEY), " call bpf_map_delete_elem", " r6 = r0", `${done}:`);
      this.record(`delete ${within} in the map at ${key}`, 6);
    } else {
      this.add(...this.argument(2, KEY), " call bpf_map_lookup_elem", ` if r0 == 0 goto ${done}`);
      this.add(" r6 = *(u64 *)(r0 + 0)", `${done}:`);
      this.record(`lookup ${within} in the map at ${key}`, 6);
    }
  }

  private queue(): void {
    const chance = this.random();
    const value = this.value();
    this.add(" r1 = m ll", ...this.argument(2, VALUE));
    if (chance < 0.5) {
      const flags = this.flags(3, [1, 2, 4]);
      this.add(" call bpf_map_push_elem");
      this.record(`push ${value}, flags ${flags}`);
      return;
    }
    const what = chance < 0.8 ? "pop" : "peek";
    this.add(` call bpf_map_${what}_elem`);
    this.record(what);
    this.add(` r1 = *(u64 *)(r10 - ${VALUE - this.def.valueSize + 8})`);
    this.record(`the value of ${what}`, 1);
  }

  private ring(): void {
    if (this.random() < 0.4) this.reserve();
    else this.plainRing();
  }

  private plainRing(): void {
    const chance = this.random();
    if (chance < 0.6) {
      const [size, value] = [pick(this.random, [0, 1, 7, 8, 9, 16, 24]), this.value(24)];
      this.add(" r1 = m ll", ...this.argument(2, VALUE), ` r3 = ${size}`);
      if (size === 0) this.add(" r3 = 8");
      const flags = this.flags(4, [1, 2]);
      this.add(" call bpf_ringbuf_output");
      this.record(`output ${size || 8} bytes of ${value}, flags ${flags}`);
      return;
    }
    const which = pick(this.random, [0, 1, 2, 3, 4, 2 ** 32]);
    this.add(" r1 = m ll", which < 5 ? ` r2 = ${which}` : ` r2 = ${which} ll`, " call bpf_ringbuf_query");
    this.record(`query ${which}`);
  }

  /** A record that stays reserved while others are written. */
  private reserve(): void {
    const done = this.label();
    const size = pick(this.random, [8, 15, 16, 100, 1000, 2000, 4080, 4088, 4096]);
    this.add(" r1 = m ll", ` r2 = ${size}`);
    const flags = this.flags(3, [1]);
    this.add(" call bpf_ringbuf_reserve", ` r7 = ${NONE}`, ` if r0 == 0 goto ${done}`, " r8 = r0");
    this.add(` *(u64 *)(r8 + 0) = ${this.below(1_000_000)}`);
    for (let n = this.below(3); n > 0; n--) this.plainRing();
    const end = this.random() < 0.7 ? "submit" : "discard";
    this.add(" r1 = r8", ` r2 = ${pick(this.random, [0, 1, 2])}`, ` call bpf_ringbuf_${end}`, " r7 = 0", `${done}:`);
    this.record(`reserve ${size} bytes, flags ${flags}, ${end}`, 7);
  }
}
