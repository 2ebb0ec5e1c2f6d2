// Random operations on one kind of map, carried out by both sides, and what they disagree on.
import type { MapDef } from "../../src/isa/program.ts";
import { LruRules } from "./lru.ts";
import * as shapes from "./shapes.ts";
import { type Answer, type Content, hex, type Operation, refusedByBtf, type Side } from "./side.ts";

export interface Difference {
  /** What the difference is about, without the values: equal ones are counted together. */
  readonly signature: string;
  readonly detail: string;
}

export interface Names {
  readonly first: string;
  readonly second: string;
}

/** The map under test; the objects that maps of maps and of programs are offered have the names after it. */
const target = 0;
const absent = 99;
/**
 * All of one type. The kernel refuses (EINVAL) a program of another type than the first that a prog_array took; the
 * laboratory's prog_array does not know the types of programs, so that rule is left out of the comparison.
 */
const programNames = [1, 2, 3];

export class Comparison {
  operations = 0;
  readonly differences: Difference[] = [];
  private readonly kind: shapes.Kind;
  private readonly random: shapes.Random;
  private readonly first: Side;
  private readonly second: Side;
  private readonly names: Names;
  private readonly cpus: number;

  constructor(kind: shapes.Kind, random: shapes.Random, sides: readonly [Side, Side], names: Names, cpus: number) {
    this.kind = kind;
    this.random = random;
    [this.first, this.second] = sides;
    this.names = names;
    this.cpus = cpus;
  }

  /** One map's life: created, operated on, given up. */
  episode(length: number): void {
    const inner = shapes.innerMaps(this.random);
    for (let n = 0; n < 40; n++) this.refusals(shapes.pick(this.random, inner));
    const def = shapes.validShape(this.kind, this.random, inner[0]);
    if (this.create(target, def)) this.live(def, inner, length);
    this.reset();
  }

  private live(def: MapDef, inner: readonly MapDef[], length: number): void {
    if (def.type === "prog_array") {
      const type = shapes.pick(this.random, ["socket_filter", "xdp"]);
      for (const name of programNames) for (const side of this.sides()) side.program(name, type);
    }
    const offered =
      def.inner === undefined ? [] : inner.flatMap((each, at) => (this.create(at + 1, each) ? at + 1 : []));
    const evicting = shapes.isLru(def.type) && def.maxEntries < 4096;
    const lru = evicting ? this.sides().map(() => new LruRules(def, this.cpus)) : undefined;
    const keys = shapes.isKeyless(def.type) ? 1 : Math.min(Math.ceil(def.maxEntries * 1.5) + 2, 160);
    for (let n = 0; n < length; n++) {
      if (this.random() < 0.02) this.walk(def, keys, lru);
      else this.step(def, this.operation(def, keys, offered), lru);
    }
    this.walk(def, keys, lru);
  }

  private sides(): readonly [Side, Side] {
    return [this.first, this.second];
  }

  private reset(): void {
    for (const side of this.sides()) side.reset();
  }

  private refusals(inner: MapDef | undefined): void {
    const def = shapes.arbitraryShape(this.kind, this.random, inner, this.cpus);
    if (def === undefined) return;
    this.create(target, def);
    this.reset();
  }

  private create(name: number, def: MapDef): boolean {
    this.operations++;
    const [first, second] = this.sides().map((side) => side.create(name, def));
    if (first !== second && !(first === refusedByBtf && second !== "ok")) {
      const { inner, fields, ...plain } = def;
      this.report(`create: ${first} / ${second}`, JSON.stringify({ ...plain, inner: inner?.type, fields }));
    }
    return first === "ok" && second === "ok";
  }

  private operation(def: MapDef, keys: number, offered: readonly number[]): Operation {
    const { random } = this;
    const key = this.key(def, keys);
    const base = { map: target, key };
    const flags = random() < 0.7 ? 0 : shapes.pick(random, [1, 2, 3, 4, 5, 6, 7, 8, 16, 2 ** 32, 2 ** 32 + 1]);
    // A change of a map of maps waits for all programs (15 ms): few of them are worth that.
    const changes = def.inner === undefined ? 0.55 : 0.06;
    const chance = random();
    if (chance < changes * 0.7) return { op: "update", ...base, value: this.content(def, offered), flags };
    if (chance < changes) return { op: "delete", ...base };
    if (chance < changes + 0.1) return { op: "lookupAndDelete", ...base, flags: random() < 0.7 ? 0 : flags };
    if (chance < changes + 0.2) return { op: "nextKey", map: target, key: random() < 0.3 ? undefined : key };
    if (def.inner !== undefined && chance > 0.9) {
      const bad = shapes.pick(random, [absent, ...offered.filter((name) => name > 3)]);
      return { op: "update", ...base, value: { kind: "map", name: bad }, flags };
    }
    return { op: "lookup", ...base, flags: random() < 0.8 ? 0 : flags };
  }

  private key(def: MapDef, keys: number): Uint8Array {
    const key = new Uint8Array(def.keySize);
    const view = new DataView(key.buffer);
    const index = shapes.below(this.random, keys);
    const far = !shapes.isHash(def.type) && this.random() < 0.05;
    if (def.keySize >= 4) view.setUint32(def.keySize - 4, far ? 0xffffffff - index : index, true);
    else if (def.keySize > 0) view.setUint8(0, index);
    return key;
  }

  private content(def: MapDef, offered: readonly number[]): Content {
    const { random } = this;
    if (def.type === "prog_array") return { kind: "program", name: shapes.pick(random, [...programNames, absent]) };
    if (def.inner !== undefined) return { kind: "map", name: shapes.pick(random, [...offered, absent]) };
    const size = shapes.isPerCpu(def.type) ? ((def.valueSize + 7) & ~7) * this.cpus : def.valueSize;
    return { kind: "bytes", bytes: Uint8Array.from({ length: size }, () => shapes.below(random, 256)) };
  }

  private step(def: MapDef, operation: Operation, lru: readonly LruRules[] | undefined): void {
    this.operations++;
    const answers = this.sides().map((side) => side.run(operation));
    if (lru !== undefined) {
      lru.forEach((rules, at) => {
        const side = this.sides()[at];
        const answer = answers[at];
        if (side === undefined || answer === undefined) return;
        for (const broken of rules.check(operation, answer, side)) this.reportLru(at, broken, operation);
      });
      return;
    }
    const [first, second] = answers;
    if (first === undefined || second === undefined || same(def, operation, first, second)) return;
    const flags = "flags" in operation ? ` flags ${operation.flags}` : "";
    const what = operation.op === "update" ? `update with ${describe(operation.value)}` : operation.op;
    const signature = `${what}${flags}: ${first.result} / ${second.result}`;
    this.report(signature, `${write(def, operation)}\n    ${first.value ?? "-"}\n    ${second.value ?? "-"}`);
  }

  private reportLru(at: number, broken: string, operation: Operation): void {
    const name = at === 0 ? this.names.first : this.names.second;
    this.report(`${operation.op}: ${name}: ${broken}`, "");
  }

  /** All keys and values: as a sequence for arrays, as a set for hashes. */
  private walk(def: MapDef, keys: number, lru: readonly LruRules[] | undefined): void {
    if (shapes.isKeyless(def.type)) return;
    this.operations++;
    const walks = this.sides().map((side) => walk(side, Math.max(keys, def.maxEntries) * 2));
    if (lru !== undefined) {
      lru.forEach((rules, at) => {
        for (const broken of rules.checkWalk(walks[at] ?? [])) {
          this.report(`walk: ${at === 0 ? this.names.first : this.names.second}: ${broken}`, "");
        }
      });
      return;
    }
    const [first = "", second = ""] = walks.map((pairs) => {
      const lines = pairs.map(([key, value]) => `${key}=${value}`);
      return (shapes.isHash(def.type) ? lines.sort() : lines).join(" ");
    });
    if (first !== second) this.report("walk", `${write(def)}\n    ${first}\n    ${second}`);
  }

  private report(signature: string, detail: string): void {
    this.differences.push({ signature, detail });
  }
}

/** Of a hash only the set of keys is comparable, not their order: walks see to that. */
function same(def: MapDef, operation: Operation, first: Answer, second: Answer): boolean {
  if (operation.op === "nextKey" && shapes.isHash(def.type)) {
    const ends = (answer: Answer): boolean => answer.result === "ok" || answer.result === "ENOENT";
    if (operation.key !== undefined) return first.result === second.result || (ends(first) && ends(second));
    return first.result === second.result;
  }
  return first.result === second.result && first.value === second.value;
}

function walk(side: Side, most: number): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = [];
  let key: Uint8Array | undefined;
  while (pairs.length <= most) {
    const next = side.run({ op: "nextKey", map: target, key });
    if (next.value === undefined) return next.result === "ENOENT" ? pairs : [...pairs, ["", next.result]];
    key = new Uint8Array(Buffer.from(next.value, "hex"));
    const found = side.run({ op: "lookup", map: target, key, flags: 0 });
    pairs.push([next.value, found.value ?? found.result]);
  }
  return [...pairs, ["", "has no end"]];
}

function describe(content: Content): string {
  return content.kind === "bytes" ? "bytes" : `${content.kind} ${content.name}`;
}

function write(def: MapDef, operation?: Operation): string {
  const { type, keySize, valueSize, maxEntries, flags } = def;
  const head = `${type} ${keySize}->${valueSize} x${maxEntries} flags ${flags}${def.fields === undefined ? "" : " lock"}`;
  if (operation === undefined) return head;
  return `${head}: ${operation.op} ${operation.key === undefined ? "first" : hex(operation.key)}`;
}
