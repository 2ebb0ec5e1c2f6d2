// The states of twins (twins.ts) under numbers that mean the same for each: a number of private words is that of the first
// twin's; those of another are found, where the machine needs them, by making the same steps with it. Shared words with
// two twins exchanged are found once for each number.

import { Words } from "./actor.ts";
import type { Strings } from "./interner.ts";
import type { Model } from "./model.ts";
import { PerState } from "./states.ts";
import type { Twins } from "./twins.ts";

/** How numbers become words in the machine, and the other way round (transitions.ts). */
export interface Numbers {
  readonly owns: readonly Strings[];
  readonly maps: Strings;
  /** What shared words have of one thread, as text. */
  readonly sides: Strings;
  readonly mapsAt: number;
  readonly rcuAt: number;
  made: number;
  loadMaps(maps: number): void;
  loadRcu(rcu: number): void;
  loadOwn(at: number, own: number): void;
  internWords(at: number): number;
  internMaps(): number;
  internRcu(): number;
  forgetMaps(): void;
}

/** Shared words with two threads exchanged: number plus 1. */
interface Exchanged {
  readonly maps: PerState;
  readonly rcu: PerState;
}

export class TwinStates {
  readonly groups: Twins["groups"];
  readonly #twins: Twins;
  readonly #transitions: Numbers;
  readonly #model: Model;
  readonly #first: Int32Array;
  /** Of the other twins: the number of their own words for a number that all have, plus 1, and the other way round. */
  readonly #reals: readonly PerState[];
  readonly #numbers: readonly PerState[];
  readonly #exchanged = new Map<number, Exchanged>();
  /** Of each thread, by number of shared words: what they have of it, as a number that means the same for all twins, plus 1. */
  readonly #mapSides: readonly PerState[];
  readonly #rcuSides: readonly PerState[];
  readonly #text = new Words();

  constructor(twins: Twins, transitions: Numbers, model: Model) {
    this.groups = twins.groups;
    this.#twins = twins;
    this.#transitions = transitions;
    this.#model = model;
    const each = <T>(make: (at: number) => T): T[] => model.threads.map((_, at) => make(at));
    this.#first = Int32Array.from(model.threads.keys());
    for (const group of twins.groups) for (const at of group) this.#first[at] = group[0];
    this.#reals = each(() => new PerState());
    this.#numbers = each(() => new PerState());
    this.#mapSides = each(() => new PerState());
    this.#rcuSides = each(() => new PerState());
  }

  /** The twin of a thread whose steps the machine makes; the thread itself where it has none. */
  first(thread: number): number {
    return this.#first[thread];
  }

  /** The number that all twins have for a thread's words. */
  number(thread: number, real: number): number {
    if (this.#first[thread] === thread) return real;
    const known = this.#numbers[thread].get(real);
    if (known !== 0) return known - 1;
    // At the start twins are alike.
    if (real !== 0) throw new Error(`${this.#model.threads[thread].name} is where none of its twins has been`);
    this.#keep(thread, 0, 0);
    return 0;
  }

  #keep(thread: number, own: number, real: number): void {
    this.#reals[thread].set(own, real + 1);
    this.#numbers[thread].set(real, own + 1);
  }

  /** The number of a thread's words among its own. */
  real(thread: number, own: number): number {
    const first = this.#first[thread];
    if (first === thread) return own;
    const known = this.#reals[thread].get(own);
    if (known !== 0) return known - 1;
    const transitions = this.#transitions;
    // The step that first led there.
    const origin = transitions.owns[first].note(own);
    if (origin === undefined) throw new Error("a state has words that nobody has seen");
    const [before, theirMaps, theirRcu, ...choices] = origin;
    const maps = this.exchangedMaps(first, thread, theirMaps);
    const rcu = this.exchangedRcu(first, thread, theirRcu);
    this.real(thread, before);
    transitions.loadMaps(maps);
    transitions.loadRcu(rcu);
    transitions.loadOwn(thread, before);
    this.#model.step(thread, choices);
    transitions.made++;
    const real = transitions.internWords(thread);
    transitions.forgetMaps();
    this.#keep(thread, own, real);
    return real;
  }

  #between(a: number, b: number): Exchanged {
    const at = a < b ? a * this.#first.length + b : b * this.#first.length + a;
    let found = this.#exchanged.get(at);
    if (found === undefined) this.#exchanged.set(at, (found = { maps: new PerState(), rcu: new PerState() }));
    return found;
  }

  /** The number of the maps' words with two threads exchanged. */
  exchangedMaps(a: number, b: number, maps: number): number {
    const table = this.#between(a, b).maps;
    const known = table.get(maps);
    if (known !== 0) return known - 1;
    const transitions = this.#transitions;
    let other = maps;
    if (this.#twins.concerns(a, b, transitions.maps.words, transitions.maps.start(maps))) {
      transitions.loadMaps(maps);
      this.#twins.exchange(a, b);
      other = transitions.internMaps();
    }
    table.set(maps, other + 1);
    table.set(other, maps + 1);
    return other;
  }

  /** The number of the RCU domain's words with two threads exchanged. */
  exchangedRcu(a: number, b: number, rcu: number): number {
    const table = this.#between(a, b).rcu;
    const known = table.get(rcu);
    if (known !== 0) return known - 1;
    this.#transitions.loadRcu(rcu);
    this.#model.machine.rcu.exchange(a, b);
    const other = this.#transitions.internRcu();
    table.set(rcu, other + 1);
    table.set(other, rcu + 1);
    return other;
  }

  /** Orders two twins in a state: 0 where to exchange them changes nothing. */
  compare(a: number, b: number, tuples: Int32Array, from: number): number {
    const own = tuples[from + a] - tuples[from + b];
    if (own !== 0) return own;
    const { mapsAt, rcuAt } = this.#transitions;
    const rcu = this.#rcuSide(a, tuples[from + rcuAt]) - this.#rcuSide(b, tuples[from + rcuAt]);
    return rcu !== 0 ? rcu : this.#mapSide(a, tuples[from + mapsAt]) - this.#mapSide(b, tuples[from + mapsAt]);
  }

  #rcuSide(thread: number, rcu: number): number {
    const known = this.#rcuSides[thread].get(rcu);
    if (known !== 0) return known;
    this.#transitions.loadRcu(rcu);
    const side = this.#side(this.#model.machine.rcu.text(thread));
    this.#rcuSides[thread].set(rcu, side);
    return side;
  }

  #mapSide(thread: number, maps: number): number {
    const known = this.#mapSides[thread].get(maps);
    if (known !== 0) return known;
    this.#transitions.loadMaps(maps);
    const side = this.#side(this.#twins.text(thread));
    this.#mapSides[thread].set(maps, side);
    return side;
  }

  #side(text: string): number {
    this.#text.length = 0;
    for (let at = 0; at < text.length; at++) this.#text.push(text.charCodeAt(at));
    return this.#transitions.sides.intern(this.#text.at, this.#text.length) + 1;
  }

  /** Exchanges two threads of a state. */
  exchange(a: number, b: number, tuples: Int32Array, from: number): void {
    const { mapsAt, rcuAt } = this.#transitions;
    const own = tuples[from + a];
    tuples[from + a] = tuples[from + b];
    tuples[from + b] = own;
    tuples[from + mapsAt] = this.exchangedMaps(a, b, tuples[from + mapsAt]);
    tuples[from + rcuAt] = this.exchangedRcu(a, b, tuples[from + rcuAt]);
  }
}
