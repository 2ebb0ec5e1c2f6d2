// Steps as table look-ups. What a step of a thread does depends on the thread's private words and on shared words: those
// of the maps, those of the RCU domain, or both, which the private words tell beforehand. All are interned
// (interner.ts), so a few numbers name the step. The machine makes each step once, when it is first asked for; whoever
// walks the states (explore.ts) reads a table after that.
import { type Touch, Words } from "./actor.ts";
import type { Violation } from "./checks.ts";
import { doubled, Interner, mix } from "./interner.ts";
import { BOTH, MAPS, type Model, type Part, RCU } from "./model.ts";

/** What a thread can do in a state. */
export const NOTHING = 0;
export const WAITS = 1;
export const ONE = 2;
export const MANY = 3;

/**
 * Words of a table row: key (private number plus 1, 0 for an empty row; numbers of the shared parts, -1 for one that does
 * not matter), what can be done, the numbers afterwards (-1: as before; MANY: the first of the outcomes, and how many), the
 * violation plus 1, and two words for whoever reduces.
 */
export const row = {
  own: 0,
  maps: 1,
  rcu: 2,
  can: 3,
  nextOwn: 4,
  nextMaps: 5,
  nextRcu: 6,
  violation: 7,
  reads: 8,
  writes: 9,
} as const;
const ROW = 10;
/** Words of one of several outcomes. */
export const OUTCOME = 4;

/** Tells what a step touches as bits, for the reduction; see independence.ts. */
export type Judge = (thread: number, touches: readonly Touch[]) => readonly [reads: number, writes: number];

interface Found {
  readonly own: number;
  readonly maps: number;
  readonly rcu: number;
  readonly violation: number;
  readonly choices: readonly number[];
}

export class Transitions {
  readonly model: Model;
  /** Numbers of a state: one for each thread, then that of the maps' words, then that of the RCU domain's. */
  readonly width: number;
  readonly mapsAt: number;
  readonly rcuAt: number;
  readonly owns: readonly Interner[];
  readonly maps = new Interner();
  readonly rcus = new Interner();
  /** Rows of each thread; replaced when they grow. */
  readonly rows: Int32Array[];
  readonly #filled: number[];
  /** For each private number of a thread, the part that its next step depends on; 0 while nobody asked. */
  readonly #parts: Int32Array[];
  /** Outcomes of steps with choices: private number, shared numbers, violation plus 1. */
  outcomes: Int32Array = new Int32Array(256);
  #outcomeCount = 0;
  readonly choices: (readonly number[])[] = [];
  readonly violations: Violation[] = [];
  readonly #violationNumbers = new Map<string, number>();
  readonly #buffer = new Words();
  #loadedMaps = -1;
  /** Steps that the machine made. */
  made = 0;
  readonly #judge: Judge | undefined;
  readonly #strict: boolean;

  /** `strict`: see to it that each step keeps to the part of the shared words that it named. */
  constructor(model: Model, judge?: Judge, strict = false) {
    this.model = model;
    this.#strict = strict;
    const { threads } = model;
    this.width = threads.length + 2;
    this.mapsAt = threads.length;
    this.rcuAt = threads.length + 1;
    this.owns = threads.map(() => new Interner());
    this.rows = threads.map(() => new Int32Array(64 * ROW));
    this.#parts = threads.map(() => new Int32Array(64));
    this.#filled = threads.map(() => 0);
    this.#judge = judge;
  }

  /** The numbers of the state that the machine is in. */
  current(): Int32Array {
    const tuple = new Int32Array(this.width);
    for (let at = 0; at < this.mapsAt; at++) tuple[at] = this.#internOwn(at);
    tuple[this.mapsAt] = this.#internMaps();
    tuple[this.rcuAt] = this.#internRcu();
    return tuple;
  }

  #internOwn(at: number): number {
    this.#buffer.length = 0;
    this.model.threads[at].encode(this.#buffer);
    return this.owns[at].intern(this.#buffer.at, this.#buffer.length);
  }

  #internMaps(): number {
    this.#buffer.length = 0;
    this.model.mapWords.encode(this.#buffer);
    return (this.#loadedMaps = this.maps.intern(this.#buffer.at, this.#buffer.length));
  }

  #internRcu(): number {
    this.#buffer.length = 0;
    this.model.rcuWords.encode(this.#buffer);
    return this.rcus.intern(this.#buffer.at, this.#buffer.length);
  }

  loadOwn(at: number, own: number): void {
    this.model.threads[at].decode(this.owns[at].words, this.owns[at].start(own));
  }

  loadMaps(maps: number): void {
    if (this.#loadedMaps === maps) return;
    this.model.mapWords.decode(this.maps.words, this.maps.start(maps));
    this.#loadedMaps = maps;
  }

  #loadRcu(rcu: number): void {
    this.model.rcuWords.decode(this.rcus.words, this.rcus.start(rcu));
  }

  /** Puts the machine into a state. */
  load(tuple: Int32Array, from = 0): void {
    this.loadMaps(tuple[from + this.mapsAt]);
    this.#loadRcu(tuple[from + this.rcuAt]);
    for (let at = 0; at < this.mapsAt; at++) this.loadOwn(at, tuple[from + at]);
  }

  /** Index in `rows[thread]` of the row for the step of a thread in a state. */
  find(thread: number, tuples: Int32Array, from: number): number {
    const own = tuples[from + thread];
    const part = own < this.#parts[thread].length ? this.#parts[thread][own] : 0;
    if (part === 0) return this.#make(thread, tuples, from);
    const maps = part === RCU ? -1 : tuples[from + this.mapsAt];
    const rcu = part === MAPS ? -1 : tuples[from + this.rcuAt];
    const rows = this.rows[thread];
    let slot = place(rows, own, maps, rcu);
    for (; rows[slot] !== 0; slot = slot + ROW === rows.length ? 0 : slot + ROW) {
      if (rows[slot] === own + 1 && rows[slot + row.maps] === maps && rows[slot + row.rcu] === rcu) return slot;
    }
    return this.#make(thread, tuples, from);
  }

  #make(thread: number, tuples: Int32Array, from: number): number {
    const own = tuples[from + thread];
    this.loadMaps(tuples[from + this.mapsAt]);
    this.#loadRcu(tuples[from + this.rcuAt]);
    this.loadOwn(thread, own);
    const part = this.#partOf(thread, own);
    const fresh = new Int32Array(ROW);
    fresh[row.own] = own + 1;
    fresh[row.maps] = part === RCU ? -1 : tuples[from + this.mapsAt];
    fresh[row.rcu] = part === MAPS ? -1 : tuples[from + this.rcuAt];
    const known = this.#lookup(thread, fresh);
    if (known >= 0) return known;
    this.#execute(thread, tuples, from, part, fresh);
    if (++this.#filled[thread] * 2 * ROW > this.rows[thread].length) this.#grow(thread);
    return put(this.rows[thread], fresh, 0);
  }

  #lookup(thread: number, key: Int32Array): number {
    const rows = this.rows[thread];
    let slot = place(rows, key[0] - 1, key[1], key[2]);
    for (; rows[slot] !== 0; slot = slot + ROW === rows.length ? 0 : slot + ROW) {
      if (rows[slot] === key[0] && rows[slot + 1] === key[1] && rows[slot + 2] === key[2]) return slot;
    }
    return -1;
  }

  #partOf(thread: number, own: number): Part {
    while (own >= this.#parts[thread].length) this.#parts[thread] = doubled(this.#parts[thread]);
    const known = this.#parts[thread][own];
    if (known !== 0) return known as Part;
    // Whether the kernel has calls to make is no thread's private business.
    const part = this.model.isDone(thread) ? (this.model.freeing ? BOTH : MAPS) : this.model.partOf(thread);
    this.#parts[thread][own] = part;
    return part;
  }

  #grow(thread: number): void {
    const old = this.rows[thread];
    const rows = new Int32Array(old.length * 2);
    for (let slot = 0; slot < old.length; slot += ROW) if (old[slot] !== 0) put(rows, old, slot);
    this.rows[thread] = rows;
  }

  #execute(thread: number, tuples: Int32Array, from: number, part: Part, fresh: Int32Array): void {
    const { model } = this;
    if (model.isDone(thread)) return;
    if (this.#judge !== undefined) {
      const [reads, writes] = this.#judge(thread, model.threads[thread].touches());
      fresh[row.reads] = reads;
      fresh[row.writes] = writes;
    }
    const found: Found[] = [];
    for (let choices: number[] | undefined = []; choices !== undefined; ) {
      if (choices.length > 0) {
        this.loadMaps(tuples[from + this.mapsAt]);
        this.#loadRcu(tuples[from + this.rcuAt]);
        this.loadOwn(thread, tuples[from + thread]);
      }
      const made = model.step(thread, choices);
      this.made++;
      // Whatever happened, the words in memory are known again after this.
      const maps = part === RCU && !this.#strict ? -1 : this.#internMaps();
      const rcu = part === MAPS && !this.#strict ? -1 : this.#internRcu();
      const taken = made.choices.map((_, at) => choices?.[at] ?? 0);
      if (made.ran) {
        const violation = made.violation === undefined ? 0 : this.#violation(made.violation) + 1;
        if (this.#strict)
          this.#keepsTo(part, thread, maps === tuples[from + this.mapsAt], rcu === tuples[from + this.rcuAt]);
        const own = this.#internOwn(thread);
        found.push({ own, maps: part === RCU ? -1 : maps, rcu: part === MAPS ? -1 : rcu, violation, choices: taken });
      }
      choices = following(taken, made.choices);
    }
    this.#enter(fresh, found);
  }

  #keepsTo(part: Part, thread: number, sameMaps: boolean, sameRcu: boolean): void {
    const kept = part === BOTH || (part === RCU ? sameMaps : sameRcu);
    if (!kept) throw new Error(`a step of ${this.model.threads[thread].name} touches what it did not name`);
  }

  #enter(fresh: Int32Array, found: readonly Found[]): void {
    if (found.length === 0) fresh[row.can] = WAITS;
    else if (found.length === 1 && found[0].choices.length === 0) {
      fresh[row.can] = ONE;
      fresh[row.nextOwn] = found[0].own;
      fresh[row.nextMaps] = found[0].maps;
      fresh[row.nextRcu] = found[0].rcu;
      fresh[row.violation] = found[0].violation;
    } else {
      fresh[row.can] = MANY;
      fresh[row.nextOwn] = this.#outcomeCount;
      fresh[row.nextMaps] = found.length;
      for (const { own, maps, rcu, violation, choices } of found) {
        while ((this.#outcomeCount + 1) * OUTCOME > this.outcomes.length) this.outcomes = doubled(this.outcomes);
        this.outcomes.set([own, maps, rcu, violation], this.#outcomeCount * OUTCOME);
        this.choices[this.#outcomeCount++] = choices;
      }
    }
  }

  #violation(violation: Violation): number {
    const key = `${violation.assertion} ${violation.text}`;
    let number = this.#violationNumbers.get(key);
    if (number === undefined) {
      number = this.violations.push(violation) - 1;
      this.#violationNumbers.set(key, number);
    }
    return number;
  }

  /** Whether a thread can make a step. */
  enabled(thread: number, tuple: Int32Array, from = 0): boolean {
    const slot = this.find(thread, tuple, from);
    const can = this.rows[thread][slot + row.can];
    return can === ONE || can === MANY;
  }

  /** Makes a move; false if the thread cannot go on, or its step has no such choices. */
  follow(tuple: Int32Array, move: { readonly thread: number; readonly choices: readonly number[] }): boolean {
    const slot = this.find(move.thread, tuple, 0);
    const rows = this.rows[move.thread];
    const can = rows[slot + row.can];
    let from = rows;
    let at = slot + row.nextOwn;
    if (can === MANY) {
      const start = rows[slot + row.nextOwn];
      let n = 0;
      while (n < rows[slot + row.nextMaps] && this.choices[start + n].join() !== move.choices.join()) n++;
      if (n === rows[slot + row.nextMaps]) return false;
      from = this.outcomes;
      at = (start + n) * OUTCOME;
    } else if (can !== ONE) return false;
    tuple[move.thread] = from[at];
    if (from[at + 1] >= 0) tuple[this.mapsAt] = from[at + 1];
    if (from[at + 2] >= 0) tuple[this.rcuAt] = from[at + 2];
    return true;
  }

  /** Bytes of all tables. */
  get bytes(): number {
    const tables = this.rows.reduce((sum, each) => sum + each.length * 4, this.outcomes.length * 4);
    return this.owns.reduce((sum, each) => sum + each.bytes, tables + this.maps.bytes + this.rcus.bytes);
  }
}

/** Where the search for a row begins. */
function place(rows: Int32Array, own: number, maps: number, rcu: number): number {
  // Rows are a power of two of them.
  const mask = rows.length / ROW - 1;
  return (mix(Math.imul(own, 0x9e3779b1) ^ Math.imul(maps, 0x85ebca6b) ^ rcu) & mask) * ROW;
}

/** Copies a row into its place in a table that has room. */
function put(rows: Int32Array, from: Int32Array, start: number): number {
  let slot = place(rows, from[start + row.own] - 1, from[start + row.maps], from[start + row.rcu]);
  while (rows[slot] !== 0) slot = slot + ROW === rows.length ? 0 : slot + ROW;
  for (let i = 0; i < ROW; i++) rows[slot + i] = from[start + i];
  return slot;
}

/** The next sequence of choices after `taken`, whose numbers of possibilities are `of`; undefined after the last. */
function following(taken: readonly number[], of: readonly number[]): number[] | undefined {
  const next = [...taken];
  for (let at = next.length - 1; at >= 0; at--) {
    if (++next[at] < of[at]) return next.slice(0, at + 1);
    next.pop();
  }
  return undefined;
}
