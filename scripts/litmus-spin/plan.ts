// Random scenarios as plans: small enough that SPIN walks them whole, rich enough that each map type, each wait and each
// lock is in some. A plan is written twice, as a scenario for bpflab (scenario.ts) and as a Promela model (promela.ts);
// the two know nothing of each other.

export const kinds = [
  "array",
  "hash",
  "lru_hash",
  "percpu_array",
  "percpu_hash",
  "lru_percpu_hash",
  "array_of_maps",
  "hash_of_maps",
  "queue",
  "stack",
  "ringbuf",
  "prog_array",
] as const;
export type Kind = (typeof kinds)[number];

export interface MapPlan {
  readonly name: string;
  readonly kind: Kind;
  /** 8-byte words of a value that programs and scripts use. */
  readonly words: number;
  /** A bpf_spin_lock stands before the words. */
  readonly lock: boolean;
  /** The keys that are there at the start, with all words 0; those of an outer map hold the first of `inner`. */
  readonly keys: readonly number[];
  /** Of an outer map: the arrays that it holds in turn. */
  readonly inner: readonly string[];
}

export type Access =
  | { readonly kind: "add"; readonly word: number; readonly by: number }
  /** A load, an addition and a store. */
  | { readonly kind: "increase"; readonly word: number; readonly by: number }
  | { readonly kind: "set"; readonly word: number; readonly to: number }
  /** Adds what is read, times `by`, to the program's result. */
  | { readonly kind: "read"; readonly word: number; readonly by: number }
  | { readonly kind: "copy"; readonly from: number; readonly to: number };

/** A lookup, and what is done with what it found. A program whose lookup finds nothing ends. */
export type Block =
  | {
      readonly kind: "element";
      readonly map: string;
      readonly key: number;
      /** Where the map is an outer one: the key in what it holds. */
      readonly innerKey: number;
      readonly locked: boolean;
      readonly accesses: readonly Access[];
    }
  | { readonly kind: "push"; readonly map: string; readonly value: number }
  /** A record of 8 bytes, put in with one call or with two; or how far the ring has been filled, added to the result. */
  | { readonly kind: "ring"; readonly map: string; readonly how: "output" | "reserve" | "query" };

/** `whole`: one section around everything; `first`: around the first lookup only. */
export const sections = ["implicit", "whole", "first", "none"] as const;
export type Section = (typeof sections)[number];

export interface ProgramPlan {
  readonly name: string;
  readonly section: Section;
  readonly times: number;
  readonly blocks: readonly Block[];
  /** At its end it goes on with the program in the slot of this map, if there is one. */
  readonly tail?: string;
}

/** The program that scripts put into slots, and what it returns. */
export const OTHER = { name: "other", result: 77 };

export const waits = [
  "synchronize_rcu",
  "sync_map_access",
  "pf_key_close",
  "global",
  "private_expedited",
  "global_expedited",
] as const;
export type Wait = (typeof waits)[number];
/** The others are IPIs, which wait for nobody. */
export const waitsForReaders: ReadonlySet<Wait> = new Set(waits.slice(0, 4));

export type Command =
  | {
      readonly kind: "update";
      readonly map: string;
      readonly key: number;
      readonly values: readonly number[];
      readonly locked: boolean;
    }
  | { readonly kind: "exchange"; readonly map: string; readonly key: number; readonly inner: string }
  | { readonly kind: "delete"; readonly map: string; readonly key: number; readonly as: string }
  | {
      readonly kind: "lookup";
      readonly map: string;
      readonly key: number;
      readonly locked: boolean;
      readonly as: string;
    }
  | { readonly kind: "push"; readonly map: string; readonly value: number }
  | { readonly kind: "pop"; readonly map: string; readonly as: string }
  /** Puts the other program into a slot, or empties it. */
  | { readonly kind: "install"; readonly map: string }
  | { readonly kind: "remove"; readonly map: string; readonly as: string }
  | { readonly kind: "wait"; readonly how: Wait }
  | { readonly kind: "mark" };

/** Something that is known at the end: a word of an element, a variable of the script, a program's result. */
export type Atom =
  | { readonly kind: "word"; readonly map: string; readonly key: number; readonly word: number }
  | { readonly kind: "variable"; readonly name: string; readonly word: number }
  | { readonly kind: "result"; readonly program: string };

export type Claim =
  /** These values are never found together at the end. */
  | { readonly kind: "not"; readonly values: readonly (readonly [Atom, number])[] }
  /** No program writes to the map after the mark. */
  | { readonly kind: "quiet"; readonly map: string };

export interface Plan {
  /** Updating an outer map waits for readers. */
  readonly outerWaits: boolean;
  readonly maps: readonly MapPlan[];
  readonly programs: readonly ProgramPlan[];
  readonly script: readonly Command[];
}

export class Dice {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  /** From 1 to n. */
  some(n: number): number {
    return 1 + this.below(n);
  }

  chance(of: number): boolean {
    return this.#random() < of;
  }

  one<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  times<T>(n: number, make: (at: number) => T): T[] {
    return Array.from({ length: n }, (_, at) => make(at));
  }
}

/** Those that stand by themselves, the plain ones twice. */
const single: readonly Kind[] = [
  "array",
  "array",
  "hash",
  "hash",
  "lru_hash",
  "percpu_array",
  "percpu_hash",
  "lru_percpu_hash",
  "queue",
  "stack",
  "ringbuf",
  "prog_array",
];
/** Those without keys that a plan needs to know of. */
const keyless: ReadonlySet<Kind> = new Set(["queue", "stack", "ringbuf", "prog_array"]);

/** Keys that elements have; a script may ask for one more, which is not there. */
export const KEYS = 2;

export function randomPlan(dice: Dice): Plan {
  const maps: MapPlan[] = [];
  const add = (kind: Kind, name: string, inner: readonly string[] = []): void => {
    const plain = kind === "array" || kind === "hash";
    const words = plain && dice.chance(0.5) ? 2 : 1;
    const lock = inner.length === 0 && kind === "array" && dice.chance(0.6);
    const keys = keyless.has(kind) ? [] : inner.length > 0 ? [0] : dice.times(KEYS, (key) => key);
    maps.push({ name, kind, words, lock, keys, inner });
  };
  if (dice.chance(0.35)) {
    for (const name of ["old", "fresh"])
      maps.push({ name, kind: "array", words: 1, lock: false, keys: [0, 1], inner: [] });
    add(dice.chance(0.5) ? "array_of_maps" : "hash_of_maps", "outer", ["old", "fresh"]);
  }
  if (maps.length === 0 || dice.chance(0.4)) add(dice.one(single), "m");
  if (maps.length === 1 && dice.chance(0.4)) add(dice.one(single), "n");
  const programs = dice.times(dice.some(2), (at) => randomProgram(dice, `cpu${at}`, maps));
  return { outerWaits: dice.chance(0.3), maps, programs, script: randomScript(dice, maps) };
}

function randomProgram(dice: Dice, name: string, maps: readonly MapPlan[]): ProgramPlan {
  const others = maps.filter(({ kind }) => kind !== "prog_array");
  const blocks = others.length === 0 ? [] : dice.times(dice.some(2), () => randomBlock(dice, dice.one(others)));
  const first = dice.chance(0.2) ? "implicit" : dice.one(sections);
  const slots = maps.find(({ kind }) => kind === "prog_array");
  const tail = slots !== undefined && dice.chance(0.8) ? { tail: slots.name } : {};
  return { name, section: first, times: dice.chance(0.2) ? 2 : 1, blocks, ...tail };
}

function randomBlock(dice: Dice, map: MapPlan): Block {
  if (map.kind === "ringbuf")
    return { kind: "ring", map: map.name, how: dice.one(["output", "reserve", "query"] as const) };
  if (map.keys.length === 0) return { kind: "push", map: map.name, value: dice.some(9) };
  const outer = map.inner.length > 0;
  return {
    kind: "element",
    map: map.name,
    key: outer ? 0 : dice.below(KEYS),
    innerKey: dice.below(KEYS),
    locked: map.lock && dice.chance(0.7),
    accesses: dice.times(dice.some(2), () => randomAccess(dice, outer ? 1 : map.words)),
  };
}

function randomAccess(dice: Dice, words: number): Access {
  const word = dice.below(words);
  switch (dice.below(words > 1 ? 5 : 4)) {
    case 0:
      return { kind: "add", word, by: dice.some(3) };
    case 1:
      return { kind: "increase", word, by: dice.some(3) };
    case 2:
      return { kind: "set", word, to: dice.some(9) };
    case 3:
      return { kind: "read", word, by: dice.chance(0.5) ? 1 : 10 };
    default:
      return { kind: "copy", from: word, to: 1 - word };
  }
}

function randomScript(dice: Dice, maps: readonly MapPlan[]): readonly Command[] {
  const script: Command[] = [];
  const outer = maps.find((map) => map.inner.length > 0);
  let variables = 0;
  const fresh = (): string => `v${variables++}`;
  if (outer !== undefined && dice.chance(0.8)) {
    script.push({ kind: "exchange", map: outer.name, key: 0, inner: "fresh" });
    if (dice.chance(0.7)) script.push(randomWait(dice));
    script.push({ kind: "mark" }, { kind: "lookup", map: "old", key: dice.below(KEYS), locked: false, as: fresh() });
  }
  for (let left = dice.some(script.length > 0 ? 1 : 3); left > 0; left--) {
    const map = dice.one(maps);
    // Nobody reads a ring: scripts leave it alone.
    if (map.kind === "ringbuf" || dice.chance(0.3)) script.push(randomWait(dice));
    else if (map.kind === "prog_array") {
      if (dice.chance(0.7)) script.push({ kind: "install", map: map.name });
      else script.push({ kind: "remove", map: map.name, as: fresh() });
    } else if (map.keys.length === 0) {
      if (dice.chance(0.5)) script.push({ kind: "push", map: map.name, value: dice.some(9) });
      else script.push({ kind: "pop", map: map.name, as: fresh() });
    } else if (map.inner.length > 0) {
      script.push({ kind: "exchange", map: map.name, key: 0, inner: dice.one(map.inner) });
    } else script.push(randomOperation(dice, map, fresh));
  }
  return script;
}

function randomWait(dice: Dice): Command {
  return { kind: "wait", how: dice.one(waits) };
}

function randomOperation(dice: Dice, map: MapPlan, fresh: () => string): Command {
  const key = dice.below(KEYS);
  const isLru = map.kind.startsWith("lru");
  const deletes = map.kind === "hash" || map.kind === "percpu_hash" || isLru;
  const what = dice.below(deletes ? 4 : 3);
  const locked = map.lock && dice.chance(0.5);
  if (what === 0) return { kind: "lookup", map: map.name, key, locked, as: fresh() };
  if (what === 3) return { kind: "delete", map: map.name, key, as: fresh() };
  // A table with an LRU list gives its elements out again in an order of its own: nothing is inserted into one.
  if (isLru) return { kind: "lookup", map: map.name, key, locked: false, as: fresh() };
  return { kind: "update", map: map.name, key, values: dice.times(map.words, () => dice.some(9)), locked };
}

/** What can be claimed about the end of a plan. */
export function atomsOf(plan: Plan): readonly Atom[] {
  const found: Atom[] = plan.programs.map(({ name }) => ({ kind: "result", program: name }));
  for (const map of plan.maps) {
    if (map.inner.length > 0 || map.keys.length === 0) continue;
    for (const key of map.keys) {
      for (let word = 0; word < map.words; word++) found.push({ kind: "word", map: map.name, key, word });
    }
  }
  for (const command of plan.script) {
    if (!("as" in command)) continue;
    const words = command.kind === "lookup" ? (plan.maps.find(({ name }) => name === command.map)?.words ?? 1) : 1;
    for (let word = 0; word < words; word++) found.push({ kind: "variable", name: command.as, word });
  }
  return found;
}
