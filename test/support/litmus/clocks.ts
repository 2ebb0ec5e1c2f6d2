// Data races of one schedule by vector clocks, with every access kept: an oracle for the sets that the explorer keeps of
// those that may still race. It learns of sections and locks what a bystander sees of the machine.
import { type Actor, type Touch, VISIBLE } from "../../../src/litmus/actor.ts";
import type { Model } from "../../../src/litmus/model.ts";
import { ProgramThread } from "../../../src/litmus/program-thread.ts";
import { UserThread } from "../../../src/litmus/user-thread.ts";
import { map, mapType, op as w } from "../../../src/maps/layout.ts";
import { kind, region } from "../../../src/memory/layout.ts";

type Clock = number[];

interface Made {
  readonly thread: number;
  readonly at: number;
  readonly address: number;
  readonly size: number;
  readonly access: "read" | "write" | "atomic";
  readonly plain: boolean;
  readonly meets: boolean;
}

export class Clocks {
  readonly found = new Set<string>();
  readonly #model: Model;
  readonly #clocks: Clock[];
  readonly #carried = new Map<string, Clock>();
  readonly #made: Made[] = [];
  #step: (() => void)[] = [];
  #depths: readonly number[] = [];
  #waits = -1;
  #waiters: readonly number[] = [];

  constructor(model: Model) {
    this.#model = model;
    this.#clocks = model.threads.map((_, at) => model.threads.map((__, other) => (other === at ? 1 : 0)));
    model.witness = {
      before: (thread, touches) => this.#before(thread, touches),
      after: (thread, ran) => this.#after(thread, ran),
    };
  }

  #join(thread: number, name: string): void {
    const carried = this.#carried.get(name);
    if (carried === undefined) return;
    this.#clocks[thread] = this.#clocks[thread].map((own, at) => Math.max(own, carried[at]));
  }

  #give(thread: number, name: string, anew = false): void {
    const before = anew ? undefined : this.#carried.get(name);
    this.#carried.set(
      name,
      this.#clocks[thread].map((own, at) => Math.max(own, before?.[at] ?? 0)),
    );
    this.#clocks[thread][thread]++;
  }

  #before(actor: Actor, touches: readonly Touch[]): void {
    this.#step = [];
    if (!(actor instanceof ProgramThread || actor instanceof UserThread)) return;
    const { machine, threads } = this.#model;
    const { mapSet, rcu } = machine;
    const { memory } = mapSet;
    const { i32 } = memory;
    const thread = threads.indexOf(actor);
    const reader = actor instanceof ProgramThread ? actor.cpu.index : actor.plan.reader;
    this.#depths = [rcu.depth(reader, 0), rcu.depth(reader, 1)];
    this.#waits = actor instanceof UserThread ? actor.waitsFor : -1;
    this.#waiters = rcu
      .pending()
      .flatMap((each) => (each.kind === 0 && each.waitsFor.includes(reader) ? [each.record] : []));
    if (actor.next() !== VISIBLE) return;
    const op = actor instanceof ProgramThread ? actor.operation : actor.operating ? actor.op : 0;
    const first: (() => void)[] = [];
    const last: (() => void)[] = [];
    for (const { kind: what, address, size } of touches) {
      if (what === "lock") {
        if (address >> 2 >= mapSet.holders && address >> 2 < mapSet.holders + mapSet.cpus) continue;
        if (i32[address >> 2] === 0) first.push(() => this.#join(thread, `lock ${address}`));
        else last.push(() => this.#give(thread, `lock ${address}`));
        continue;
      }
      const id = memory.regionAt(address);
      if (id === 0 || size > 8 || !["read", "write", "atomic"].includes(what)) continue;
      const header = mapSet.address(memory.regionWord(id, region.owner)) >> 2;
      const base = memory.regionWord(id, region.base);
      const area = memory.regionWord(id, region.kind);
      if (area === kind.mapInternal && (base === i32[header + map.freeLists] || base === i32[header + map.extra])) {
        first.push(() => this.#join(thread, `list ${address}`));
        last.push(() => this.#give(thread, `list ${address}`));
        continue;
      }
      const isHash = i32[header + map.buckets] !== 0;
      const inElement = isHash ? (address - base) % i32[header + map.stride] : 0;
      const isLink = area === kind.mapInternal || (isHash && area === kind.mapValues && inElement === 0);
      if (isLink) {
        const value = i32[address >> 2];
        if (what !== "write") first.push(() => this.#join(thread, `pointer ${value}`));
        const slot = area === kind.mapInternal && base !== i32[header + map.buckets];
        const fresh = slot || op === 0 ? 0 : i32[op + w.fresh];
        if (what !== "read")
          last.push(() => {
            const put = i32[address >> 2];
            if (put !== 0 && put % 2 === 0 && (fresh === 0 || put === fresh))
              this.#give(thread, `pointer ${put}`, true);
          });
        continue;
      }
      if (area !== kind.mapValues || (isHash && inElement < i32[header + map.keyOffset])) continue;
      if (i32[header + map.type] === mapType.hash_of_maps) continue;
      let [from, count] = [address, size];
      const lock = i32[header + map.lockField];
      // The maps of these scenarios have their lock first.
      if (lock === 0 && !isHash && (address - base) % i32[header + map.stride] === 0 && op !== 0)
        [from, count] = [from + 4, count - 4];
      const isKey = isHash && inElement < i32[header + map.valueOffset];
      const unaligned = actor instanceof ProgramThread && op === 0 && (actor.makesPiece || address % size !== 0);
      const plain = op === 0 ? unaligned : i32[header + (isKey ? map.keySize : map.valueSize)] > 8;
      const access = what as Made["access"];
      first.push(() =>
        this.#meet({
          thread,
          at: this.#clocks[thread][thread],
          address: from,
          size: count,
          access,
          plain,
          meets: access === "atomic",
        }),
      );
    }
    this.#step = [...first, ...last];
  }

  #meet(own: Made): void {
    for (const other of this.#made) {
      const meet = other.address < own.address + own.size && own.address < other.address + other.size;
      if (!meet || other.thread === own.thread || (other.access === "read" && own.access === "read")) continue;
      if (other.at <= this.#clocks[own.thread][other.thread]) continue;
      const isRace = other.plain || own.plain || other.address !== own.address || other.size !== own.size;
      if (!isRace && other.meets && own.meets) continue;
      const sides = [other, own].map(
        (each) => `${this.#model.threads[each.thread].name} ${each.access} ${each.address} ${each.size} ${each.plain}`,
      );
      this.found.add(`${isRace ? "race" : "relaxed"} ${sides.sort().join(", ")}`);
    }
    this.#made.push(own);
    this.#clocks[own.thread][own.thread]++;
  }

  #after(actor: Actor, ran: boolean): void {
    if (!ran || !(actor instanceof ProgramThread || actor instanceof UserThread)) return;
    const { machine, threads } = this.#model;
    const { rcu } = machine;
    const thread = threads.indexOf(actor);
    const reader = actor instanceof ProgramThread ? actor.cpu.index : actor.plan.reader;
    const now = [rcu.depth(reader, 0), rcu.depth(reader, 1)];
    const waits = actor instanceof UserThread ? actor.waitsFor : -1;
    for (const flavour of [0, 1])
      if (this.#depths[flavour] === 0 && now[flavour] > 0) this.#join(thread, `started ${flavour}`);
    if (this.#waits >= 0 && waits !== this.#waits) {
      this.#join(thread, `waited ${this.#waits}`);
      this.#carried.delete(`waited ${this.#waits}`);
    }
    for (const each of this.#step) each();
    for (const flavour of [0, 1]) {
      if (this.#depths[flavour] === 0 || now[flavour] > 0) continue;
      this.#give(thread, `left ${reader} ${flavour}`);
      for (const record of this.#waiters) this.#give(thread, `waited ${record}`);
    }
    if (waits >= 0 && waits !== this.#waits) {
      this.#give(thread, "started 0");
      for (let each = 0; each < rcu.readers; each++) this.#join(thread, `left ${each} 0`);
    }
  }
}

/** What the explorer's sets found on the same schedule, in the same words. */
export function setsFound(model: Model): ReadonlySet<string> {
  const pairs = [...(model.races?.found.values() ?? [])].map(({ kind: what, first, second }) => {
    const sides = [first, second].map(
      (each) => `${each.thread} ${each.access} ${each.address} ${each.bytes} ${each.plain}`,
    );
    return `${what} ${sides.sort().join(", ")}`;
  });
  return new Set(pairs);
}
