// Steps as table look-ups. What a step of a thread does depends on the thread's private words and on shared words: those
// of the maps, those of the RCU domain, or both, which the private words tell beforehand. All are interned
// (interner.ts), so a few numbers name the step. The machine makes each step once, when it is first asked for; whoever
// walks the states (explore.ts) reads a table after that. Of programs that are twins (twins.ts) the machine runs the
// first; the rows of the others are its rows with the two exchanged.

import { type Touch, Words } from "./actor.ts";
import type { Violation } from "./checks.ts";
import { Crossings } from "./crossings.ts";
import { doubled, Interner, type Strings } from "./interner.ts";
import { BOTH, MAPS, type Model, type Part, RCU } from "./model.ts";
import { MANY, NOTHING, ONE, OUTCOME, ROW, Rows, row, WAITS } from "./rows.ts";
import { TwinStates } from "./twin-states.ts";
import { Twins } from "./twins.ts";

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
  readonly owns: readonly Strings[];
  readonly maps: Strings;
  readonly rcus: Strings;
  readonly sides: Strings;
  /** Rows of each thread, in the order in which they were made; the array is replaced when it grows. */
  readonly rows: Int32Array[];
  readonly #tables: readonly Rows[];
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
  /** Threads of which one's steps are known by another's; none where they are made by the machine, every one. */
  readonly twins: TwinStates | undefined;
  readonly #judge: Judge | undefined;
  readonly #strict: boolean;
  readonly #crossings: Crossings;
  /** The state of twins that is asked for where the first of them would be asked. */
  readonly #asked: Int32Array;

  /**
   * `strict`: every step is made by the machine, and must keep to the part of the shared words that it named. `strings`:
   * where strings get the numbers that states are made of, called in the same order for the same scenario.
   */
  constructor(model: Model, judge?: Judge, strict = false, strings: () => Strings = () => new Interner()) {
    this.model = model;
    this.#strict = strict;
    const twins = strict ? undefined : Twins.of(model);
    this.twins = twins === undefined ? undefined : new TwinStates(twins, this, model);
    const { threads } = model;
    this.width = threads.length + 2;
    this.mapsAt = threads.length;
    this.rcuAt = threads.length + 1;
    this.maps = strings();
    this.rcus = strings();
    this.sides = strings();
    // What a twin's own words are numbered by stands in no state.
    this.owns = threads.map((_, at) => (this.#first(at) === at ? strings() : new Interner()));
    this.#tables = threads.map(() => new Rows());
    this.rows = this.#tables.map((each) => each.rows);
    this.#parts = threads.map(() => new Int32Array(64));
    this.#judge = judge;
    this.#crossings = new Crossings(model);
    this.#asked = new Int32Array(this.width);
  }

  /** The twin of a thread whose steps the machine makes. */
  #first(thread: number): number {
    return this.twins?.first(thread) ?? thread;
  }

  /** The numbers of the state that the machine is in. */
  current(): Int32Array {
    const tuple = new Int32Array(this.width);
    for (let at = 0; at < this.mapsAt; at++) tuple[at] = this.#internOwn(at);
    tuple[this.mapsAt] = this.internMaps();
    tuple[this.rcuAt] = this.internRcu();
    return tuple;
  }

  /** The number of the words that a thread has in the machine. */
  #internOwn(at: number, origin?: readonly number[]): number {
    const real = this.internWords(at, origin);
    return this.twins?.number(at, real) ?? real;
  }

  /** The same among this thread's words alone. `origin`: the step that led there, as the numbers before it and its choices. */
  internWords(at: number, origin?: readonly number[]): number {
    this.#buffer.length = 0;
    this.model.threads[at].encode(this.#buffer);
    return this.owns[at].intern(this.#buffer.at, this.#buffer.length, origin);
  }

  internMaps(): number {
    this.#buffer.length = 0;
    this.model.mapWords.encode(this.#buffer);
    return (this.#loadedMaps = this.maps.intern(this.#buffer.at, this.#buffer.length));
  }

  internRcu(): number {
    this.#buffer.length = 0;
    this.model.rcuWords.encode(this.#buffer);
    return this.rcus.intern(this.#buffer.at, this.#buffer.length);
  }

  loadOwn(at: number, own: number): void {
    const real = this.realOf(at, own);
    this.model.threads[at].decode(this.owns[at].words, this.owns[at].start(real));
  }

  /** The number of a thread's words among its own; to find it may leave the machine in another state. */
  realOf(at: number, own: number): number {
    return this.twins === undefined ? own : this.twins.real(at, own);
  }

  loadMaps(maps: number): void {
    if (this.#loadedMaps === maps) return;
    this.model.mapWords.decode(this.maps.words, this.maps.start(maps));
    this.#loadedMaps = maps;
  }

  loadRcu(rcu: number): void {
    this.model.rcuWords.decode(this.rcus.words, this.rcus.start(rcu));
  }

  /** Puts the machine into a state. */
  load(tuple: Int32Array, from = 0): void {
    for (let at = 0; at < this.mapsAt; at++) this.realOf(at, tuple[from + at]);
    this.loadMaps(tuple[from + this.mapsAt]);
    this.loadRcu(tuple[from + this.rcuAt]);
    for (let at = 0; at < this.mapsAt; at++) this.loadOwn(at, tuple[from + at]);
  }

  /** Index in `rows[thread]` of the row for the step of a thread in a state. */
  find(thread: number, tuples: Int32Array, from: number): number {
    const own = tuples[from + thread];
    const part = own < this.#parts[thread].length ? this.#parts[thread][own] : 0;
    if (part === 0) return this.#make(thread, tuples, from);
    const maps = part === RCU ? -1 : tuples[from + this.mapsAt];
    const rcu = part === MAPS ? -1 : tuples[from + this.rcuAt];
    const slot = this.#tables[thread].find(own, maps, rcu);
    return slot >= 0 ? slot : this.#make(thread, tuples, from);
  }

  /** Whether a row, found for another state, is the one for the step of a thread in this state. */
  fits(thread: number, slot: number, tuples: Int32Array, from: number): boolean {
    const rows = this.rows[thread];
    if (rows[slot] !== tuples[from + thread] + 1) return false;
    const maps = rows[slot + row.maps];
    const rcu = rows[slot + row.rcu];
    return (maps < 0 || maps === tuples[from + this.mapsAt]) && (rcu < 0 || rcu === tuples[from + this.rcuAt]);
  }

  #make(thread: number, tuples: Int32Array, from: number): number {
    const own = tuples[from + thread];
    const first = this.#first(thread);
    let part = this.#parts[first][own] as Part;
    if (first === thread || part === (0 as Part)) {
      this.loadMaps(tuples[from + this.mapsAt]);
      this.loadRcu(tuples[from + this.rcuAt]);
      this.loadOwn(first, own);
      part = this.#partOf(first, own);
    }
    if (first !== thread) this.#keepPart(thread, own, part);
    const fresh = new Int32Array(ROW);
    fresh[row.own] = own + 1;
    fresh[row.maps] = part === RCU ? -1 : tuples[from + this.mapsAt];
    fresh[row.rcu] = part === MAPS ? -1 : tuples[from + this.rcuAt];
    const known = this.#tables[thread].find(own, fresh[row.maps], fresh[row.rcu]);
    if (known >= 0) return known;
    if (part === RCU && this.#crossings.knows(first, own)) this.loadRcu(fresh[row.rcu]);
    if (part === RCU && this.#crossings.make(thread, first, own, fresh)) fresh[row.nextRcu] = this.internRcu();
    else if (first === thread) this.#execute(thread, tuples, from, part, fresh);
    else this.#derive(thread, first, tuples, from, part, fresh);
    const slot = this.#tables[thread].add(fresh);
    this.rows[thread] = this.#tables[thread].rows;
    return slot;
  }

  #partOf(thread: number, own: number): Part {
    const known = own < this.#parts[thread].length ? this.#parts[thread][own] : 0;
    if (known !== 0) return known as Part;
    // Whether the kernel has calls to make is no thread's private business.
    const part = this.model.isDone(thread) ? (this.model.freeing ? BOTH : MAPS) : this.model.partOf(thread);
    this.#keepPart(thread, own, part);
    return part;
  }

  #keepPart(thread: number, own: number, part: Part): void {
    while (own >= this.#parts[thread].length) this.#parts[thread] = doubled(this.#parts[thread]);
    this.#parts[thread][own] = part;
  }

  /** The row of a twin: that of the first of them, in the state with the two exchanged, exchanged again. */
  #derive(thread: number, first: number, tuples: Int32Array, from: number, part: Part, fresh: Int32Array): void {
    const twins = this.twins as TwinStates;
    const asked = this.#asked;
    const [maps, rcu] = [tuples[from + this.mapsAt], tuples[from + this.rcuAt]];
    asked[first] = tuples[from + thread];
    asked[this.mapsAt] = part === RCU ? maps : twins.exchangedMaps(first, thread, maps);
    asked[this.rcuAt] = part === MAPS ? rcu : twins.exchangedRcu(first, thread, rcu);
    const slot = this.find(first, asked, 0);
    const rows = this.rows[first];
    const exchanged = (
      own: number,
      maps: number,
      rcu: number,
      violation: number,
      choices: readonly number[],
    ): Found => ({
      own,
      maps: maps < 0 ? maps : twins.exchangedMaps(first, thread, maps),
      rcu: rcu < 0 ? rcu : twins.exchangedRcu(first, thread, rcu),
      violation: violation === 0 ? 0 : this.#violationOf(thread, tuples, from, choices),
      choices,
    });
    fresh[row.reads] = rows[slot + row.reads];
    fresh[row.writes] = rows[slot + row.writes];
    const can = rows[slot + row.can];
    const found: Found[] = [];
    if (can === ONE) {
      const [own, maps, rcu] = [rows[slot + row.nextOwn], rows[slot + row.nextMaps], rows[slot + row.nextRcu]];
      found.push(exchanged(own, maps, rcu, rows[slot + row.violation], []));
    }
    const start = rows[slot + row.nextOwn];
    for (let n = 0; can === MANY && n < rows[slot + row.nextMaps]; n++) {
      const [own, maps, rcu, violation] = this.outcomes.subarray((start + n) * OUTCOME, (start + n + 1) * OUTCOME);
      found.push(exchanged(own, maps, rcu, violation, this.choices[start + n]));
    }
    if (can !== NOTHING) this.#enter(fresh, found);
  }

  /** What a twin's step breaks, in its own name: the machine is asked. */
  #violationOf(thread: number, tuples: Int32Array, from: number, choices: readonly number[]): number {
    this.realOf(thread, tuples[from + thread]);
    this.loadMaps(tuples[from + this.mapsAt]);
    this.loadRcu(tuples[from + this.rcuAt]);
    this.loadOwn(thread, tuples[from + thread]);
    const { violation } = this.model.step(thread, choices);
    this.made++;
    this.forgetMaps();
    if (violation === undefined) throw new Error(`${this.model.threads[thread].name} does not do what its twin does`);
    return this.#violation(violation) + 1;
  }

  /** The maps in memory are not those that were loaded. */
  forgetMaps(): void {
    this.internMaps();
  }

  #execute(thread: number, tuples: Int32Array, from: number, part: Part, fresh: Int32Array): void {
    const { model } = this;
    if (model.isDone(thread)) return;
    if (this.#judge !== undefined) {
      const [reads, writes] = this.#judge(thread, model.threads[thread].touches());
      fresh[row.reads] = reads;
      fresh[row.writes] = writes;
    }
    const crossing = part === RCU && !this.#strict ? this.#crossings.begin(thread) : undefined;
    const found: Found[] = [];
    for (let choices: number[] | undefined = []; choices !== undefined; ) {
      if (choices.length > 0) {
        this.loadMaps(tuples[from + this.mapsAt]);
        this.loadRcu(tuples[from + this.rcuAt]);
        this.loadOwn(thread, tuples[from + thread]);
      }
      const made = model.step(thread, choices);
      this.made++;
      // Whatever happened, the words in memory are known again after this.
      const maps = part === RCU && !this.#strict ? -1 : this.internMaps();
      const rcu = part === MAPS && !this.#strict ? -1 : this.internRcu();
      const taken = made.choices.map((_, at) => choices?.[at] ?? 0);
      if (made.ran) {
        const violation = made.violation === undefined ? 0 : this.#violation(made.violation) + 1;
        if (this.#strict)
          this.#keepsTo(part, thread, maps === tuples[from + this.mapsAt], rcu === tuples[from + this.rcuAt]);
        const before = [tuples[from + thread], tuples[from + this.mapsAt], tuples[from + this.rcuAt]];
        const own = this.#internOwn(thread, this.twins === undefined ? undefined : [...before, ...taken]);
        found.push({ own, maps: part === RCU ? -1 : maps, rcu: part === MAPS ? -1 : rcu, violation, choices: taken });
      }
      choices = following(taken, made.choices);
    }
    this.#enter(fresh, found);
    if (crossing !== undefined) this.#crossings.learn(thread, tuples[from + thread], crossing, fresh);
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

  /** What a move breaks that breaks something. */
  broken(
    tuple: Int32Array,
    { thread, choices }: { readonly thread: number; readonly choices: readonly number[] },
  ): Violation {
    const slot = this.find(thread, tuple, 0);
    const rows = this.rows[thread];
    let number = rows[slot + row.violation];
    const start = rows[slot + row.nextOwn];
    for (let n = 0; rows[slot + row.can] === MANY && n < rows[slot + row.nextMaps]; n++) {
      if (this.choices[start + n].join() === choices.join()) number = this.outcomes[(start + n) * OUTCOME + 3];
    }
    return this.violations[number - 1];
  }

  /** Bytes of all tables. */
  get bytes(): number {
    const tables = this.#tables.reduce((sum, each) => sum + each.bytes, this.outcomes.length * 4);
    return this.owns.reduce((sum, each) => sum + each.bytes, tables + this.maps.bytes + this.rcus.bytes);
  }
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
