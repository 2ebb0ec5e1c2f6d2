// The assertions of a scenario, judged step by step. What a step did is told by what it was going to touch; conditions
// over map contents are evaluated on memory after it.

import { map, op as w } from "../maps/layout.ts";
import type { Maps } from "../maps/maps.ts";
import type { Memory } from "../memory/memory.ts";
import { elementNext, readsNext } from "./access-at.ts";
import type { Touch } from "./actor.ts";
import { elementWord, isLinked, keyAt, keyBytes, mapAt } from "./contents.ts";
import { type Atom, evaluate } from "./expression.ts";
import { ProgramThread } from "./program-thread.ts";
import type { Properties } from "./properties.ts";
import { type Race, raceText } from "./races.ts";
import { type Assertion, matches } from "./scenario.ts";
import type { UserThread } from "./user-thread.ts";

/** What a step did that an assertion forbids: the assertion's index, or one of these. */
export const FAULT = -1;
export const DEADLOCK = -2;
export const ENDLESS = -3;
export interface Violation {
  readonly assertion: number;
  readonly text: string;
  /** The two accesses, where it is a data race. */
  readonly race?: Race;
}

type Access = Extract<Assertion, { kind: "access" }> & {
  readonly index: number;
  readonly threads: ReadonlySet<string>;
};
type Condition = Extract<Assertion, { kind: "never" | "always" }> & { readonly index: number };

export class Checks {
  readonly #assertions: readonly Assertion[];
  readonly #maps: Maps;
  readonly #memory: Memory;
  readonly #properties: Properties;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #accesses: readonly Access[];
  readonly #conditions: readonly Condition[];
  /** The assertion about torn reads of each map. */
  readonly #torn: ReadonlyMap<number, number>;
  readonly #stale: number;
  readonly #freed: number;
  /** The assertion that data races break. */
  readonly #race: number;
  /** How often each assertion had something to judge. */
  readonly evaluated: number[];

  constructor(
    assertions: readonly Assertion[],
    maps: Maps,
    properties: Properties,
    ids: ReadonlyMap<string, number>,
    threads: readonly string[],
  ) {
    this.#assertions = assertions;
    this.#maps = maps;
    this.#memory = maps.memory;
    this.#properties = properties;
    this.#ids = ids;
    this.evaluated = assertions.map(() => 0);
    const indexed = assertions.map((each, index) => ({ ...each, index }));
    this.#accesses = indexed.flatMap((each) =>
      each.kind === "access" ? [{ ...each, threads: new Set(threads.filter((name) => matches(each.by, name))) }] : [],
    );
    this.#conditions = indexed.flatMap((each) => (each.kind === "never" || each.kind === "always" ? [each] : []));
    const find = (kind: Assertion["kind"]) => assertions.findIndex((each) => each.kind === kind);
    this.#torn = new Map(
      assertions.flatMap((each, index) =>
        each.kind === "noTornRead" ? [[ids.get(each.map) ?? 0, index] as const] : [],
      ),
    );
    this.#stale = find("noStaleElement");
    this.#freed = find("noUseAfterFree");
    this.#race = assertions.findIndex((each) => each.kind === "noDataRace" && !each.reports);
  }

  /** Whether anything is to be known of a step before it is made. */
  get needsTouches(): boolean {
    return this.#accesses.length > 0 || this.#torn.size > 0;
  }

  /** Before a step: what it touches decides about accesses and tears. */
  before(thread: ProgramThread | UserThread, touches: readonly Touch[]): Violation | undefined {
    let found: Violation | undefined;
    for (const touch of touches) {
      if (touch.kind === "rcu" || touch.kind === "wait" || touch.kind === "mark" || touch.kind === "unknown") continue;
      found ??= this.#access(thread, touch);
      if (this.#torn.size > 0) found ??= this.#tear(thread, touch);
    }
    return found;
  }

  #access(thread: ProgramThread | UserThread, touch: Touch): Violation | undefined {
    for (const each of this.#accesses) {
      if (!each.threads.has(thread.name)) continue;
      const writes = touch.kind === "write" || touch.kind === "atomic";
      const reads = touch.kind === "read" || touch.kind === "atomic";
      if (each.access === "write" ? !writes : each.access === "read" ? !reads : !writes && !reads) continue;
      const at = mapAt(this.#maps, touch.address);
      if (!at.contents || at.id !== this.#ids.get(each.map)) continue;
      if (each.key !== undefined && !this.#isKey(at.id, touch.address, each.key)) continue;
      this.evaluated[each.index]++;
      if (each.after !== undefined && !this.#properties.passed(each.after)) continue;
      if (each.before !== undefined && this.#properties.passed(each.before)) continue;
      const when = each.after !== undefined ? ` after ${each.after}` : "";
      const verb = writes ? "writes to" : "reads";
      return { assertion: each.index, text: `${thread.name} ${verb} ${each.map}${when}` };
    }
    return undefined;
  }

  #isKey(id: number, address: number, key: Uint8Array): boolean {
    const found = keyAt(this.#maps, id, address);
    return found?.every((byte, at) => byte === key[at]) === true && isLinked(this.#maps, id, address);
  }

  /** Tags what is written with its write, and compares the tags of what is read. */
  #tear(thread: ProgramThread | UserThread, touch: Touch): Violation | undefined {
    if (!this.#properties.isWatched(touch.address)) return undefined;
    let found: Violation | undefined;
    const reads = touch.kind === "read" || touch.kind === "atomic";
    const copies = thread instanceof ProgramThread ? thread.inside && readsNext(thread.cpu) : thread.operating;
    if (reads && copies && touch.size > 0) found = this.#read(thread, touch);
    if (touch.kind === "write" || touch.kind === "atomic") {
      this.#properties.setTag(touch.address, touch.size, this.#tagOf(thread));
    }
    return found;
  }

  /** The number of a thread's write in progress. */
  #tagOf(thread: ProgramThread | UserThread): number {
    const own = thread instanceof ProgramThread ? thread.plan.cpu.index : thread.plan.reader;
    return ((own + 1) << 16) | (thread.logical.writes & 0xffff);
  }

  #read(thread: ProgramThread | UserThread, touch: Touch): Violation | undefined {
    const base = this.#readBase(thread);
    if (base === 0) return undefined;
    const { id } = mapAt(this.#maps, touch.address);
    const assertion = this.#torn.get(id) ?? 0;
    this.evaluated[assertion]++;
    const tag = this.#properties.tag(touch.address);
    // What the thread wrote itself it knows.
    if (tag >> 16 === this.#tagOf(thread) >> 16) return undefined;
    const before = thread.logical.tag(base);
    if (before === -1) {
      thread.logical.setTag(base, tag);
      return undefined;
    }
    if (before === tag) return undefined;
    const name = this.#maps.definition(id)?.name ?? "a map";
    return {
      assertion,
      text: `${thread.name} reads a value of ${name} that is half of one write and half of another`,
    };
  }

  /** The value that is being read: where an operation copies from, or the element of a load. */
  #readBase(thread: ProgramThread | UserThread): number {
    if (thread instanceof ProgramThread) return elementNext(thread.cpu);
    const { i32 } = this.#memory;
    const from = i32[thread.op + w.from];
    return i32[thread.op + w.user] !== 0 && this.#properties.isWatched(from) ? from : 0;
  }

  /** A data race that a step completed. */
  raced(race: Race | undefined): Violation | undefined {
    return race === undefined || this.#race < 0 ? undefined : { assertion: this.#race, text: raceText(race), race };
  }

  /** After a step: faults, warnings about stale elements, and conditions where contents of maps may have changed. */
  after(thread: ProgramThread | UserThread | undefined, changed: boolean): Violation | undefined {
    if (thread instanceof ProgramThread) {
      const found = this.#fault(thread);
      if (found !== undefined) return found;
    }
    for (const each of changed ? this.#conditions : []) {
      this.evaluated[each.index]++;
      const holds = evaluate(each.expression, (atom) => this.element(atom)) !== 0n;
      if (holds === (each.kind === "always")) continue;
      return {
        assertion: each.index,
        text: each.kind === "always" ? "the condition no longer holds" : "the condition holds",
      };
    }
    return undefined;
  }

  #fault(thread: ProgramThread): Violation | undefined {
    const { fault, warnings } = thread.cpu;
    if (fault !== null) {
      const freed = fault.kind === "released" && this.#freed >= 0;
      return { assertion: freed ? this.#freed : FAULT, text: `${thread.name}: ${fault.text}` };
    }
    if (this.#stale < 0) return undefined;
    const stale = warnings.find((each) => each.kind === "stale");
    return stale === undefined ? undefined : { assertion: this.#stale, text: `${thread.name}: ${stale.text}` };
  }

  /** The value of an atom that is in a map, or the number of the map it names. */
  element(atom: Atom): bigint {
    const name = atom.kind === "element" ? atom.map : atom.name;
    const id = this.#ids.get(name) ?? 0;
    if (atom.kind === "variable") return BigInt(id);
    return elementWord(this.#maps, id, keyBytes(atom.key, this.#maps.word(id, map.keySize)), atom.word);
  }

  get assertions(): readonly Assertion[] {
    return this.#assertions;
  }
}
