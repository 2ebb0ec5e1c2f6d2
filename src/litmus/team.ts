// A walk by several threads, seen from the one that asked for it. It walks itself from the beginning; when the space has shown
// itself to be large it calls the others, who come from elsewhere: this folder knows no threads (lab/node-walkers.ts has
// those of Node). Whoever drives it lets events come in between two slices, for that is how the others report.
import { Exchange, GOING, MANY_STATES, NO_MORE_ROOM, type Over, STOPPED, WALKED } from "./exchange.ts";
import { type Final, Finals } from "./finals.ts";
import { hashOf } from "./interner.ts";
import { Model } from "./model.ts";
import type { Observer } from "./observe.ts";
import type { Move } from "./schedule.ts";
import type { Seen } from "./seen.ts";
import type { SharedStates } from "./shared-states.ts";
import type { WalkMemory } from "./walk-memory.ts";
import { AWAY, type Broken, WAITING, Walker, type WalkReport, type WalkTask } from "./walker.ts";

/** Threads that can be called to a walk. */
export interface Team {
  /** How many, besides the one that calls them. */
  readonly size: number;
  /** They are called when there are so many states; with 0 the walk begins when all are there. */
  readonly from: number;
  readonly memory: WalkMemory;
  call(task: WalkTask): Crew;
}

/** Threads that were called to a walk. */
export interface Crew {
  /** Of those that took part and are through. */
  readonly reports: readonly WalkReport[];
  /** Why one of them ended before it was through. */
  readonly problem: Error | undefined;
}

/** Milliseconds that this thread waits for others before it looks after its own business. */
const NAP = 5;
const SLICE = 50_000;

/**
 * Takes part in a walk, in a thread that was called to it: returns when the walk is over, with nothing if it was over before.
 */
export function walkAlong(task: WalkTask): WalkReport | undefined {
  const exchange = exchangeOf(task);
  // The memory of a walk that is over may be another's: it is looked at by those alone for whom the walk waits.
  if (!exchange.join(false)) return undefined;
  const model = built(task);
  if (likenessOf(model) !== task.likeness) throw new Error("its machine is not that of the thread that called it");
  const walker = new Walker(task, model, exchange, false);
  walker.states.prepare();
  exchange.enter();
  for (;;) {
    const { events } = exchange;
    const so = walker.advance(SLICE);
    if (so === AWAY) return walker.report;
    if (so === WAITING) exchange.wait(events, NAP);
  }
}

function likenessOf({ machine }: Model): number {
  return hashOf(machine.memory.i32, 0, machine.memory.used >> 2);
}

function exchangeOf({ buffers }: WalkTask): Exchange {
  return new Exchange(buffers.exchange, buffers.ends !== undefined);
}

function built({ scenario, fuse }: WalkTask): Model {
  const made = Model.build(scenario, { fuse });
  // It was built before, elsewhere.
  if (!made.ok) throw new Error(made.diagnostics[0]?.text);
  return made.value;
}

export class TeamWalk {
  readonly #team: Team;
  readonly #task: WalkTask;
  readonly #walker: Walker;
  #crew: Crew | undefined;
  #reports: readonly WalkReport[] = [];
  done = false;
  readonly #finals: Finals;

  private constructor(team: Team, task: WalkTask, model: Model) {
    this.#team = team;
    this.#task = task;
    const exchange = exchangeOf(task);
    exchange.join(true);
    this.#walker = new Walker(task, model, exchange, true);
    this.#walker.begin();
    this.#finals = new Finals(this.#walker.observer, undefined);
    team.memory.taken = true;
    if (team.from === 0) this.#crew = team.call(task);
  }

  /** Undefined where the memory for it is not to be had. */
  static begin(team: Team, options: Omit<WalkTask, "buffers" | "likeness">): TeamWalk | undefined {
    if (team.memory.taken) return undefined;
    const made = Model.build(options.scenario, { fuse: options.fuse });
    if (!made.ok) return undefined;
    try {
      const buffers = team.memory.for(made.value, options.states);
      return new TeamWalk(team, { ...options, buffers, likeness: likenessOf(made.value) }, made.value);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /** Walks on for about so many steps; true when it is over in all threads. */
  advance(steps: number): boolean {
    const { exchange } = this.#walker;
    const problem = this.#crew?.problem;
    if (problem !== undefined) {
      this.leave();
      throw problem;
    }
    if (this.#crew === undefined && this.states.count >= this.#team.from) this.#crew = this.#team.call(this.#task);
    const { events } = exchange;
    if (!exchange.isOpen && exchange.ready > 0) {
      this.states.spread();
      exchange.open();
    }
    if (this.#team.from === 0 && exchange.ready < this.#team.size && exchange.over === GOING) {
      exchange.wait(events, NAP);
      return false;
    }
    const so = this.#walker.advance(steps);
    const reports = this.#crew?.reports ?? [];
    const all = so === AWAY && reports.length === exchange.joined - 1;
    if (so === WAITING || (so === AWAY && !all)) exchange.wait(exchange.over === GOING ? events : exchange.events, NAP);
    if (!all) return false;
    this.#reports = [this.#walker.report, ...reports];
    for (const each of this.#reports) for (const final of each.finals) this.#finals.add(final);
    this.done = true;
    this.#team.memory.taken = false;
    return true;
  }

  /** Ends it in all threads, as soon as each has looked at the state that it is at. */
  stop(): void {
    this.#walker.exchange.end(STOPPED);
  }

  /** Nobody is going to wait until the others are through. */
  leave(): void {
    if (this.done) return;
    this.stop();
    this.#team.memory.lose();
  }

  get over(): Over {
    return this.#walker.exchange.over;
  }

  /** Every state was looked at, or something broke. */
  get whole(): boolean {
    return this.done && this.over === WALKED;
  }

  get full(): boolean {
    return this.over === MANY_STATES || this.over === NO_MORE_ROOM;
  }

  get states(): SharedStates {
    return this.#walker.states;
  }

  get threads(): number {
    return this.#walker.exchange.joined;
  }

  get steps(): number {
    if (this.done) return this.#sum((each) => each.steps);
    return this.#walker.steps * this.threads;
  }
  get made(): number {
    return this.#sum((each) => each.made);
  }

  get depth(): number {
    return this.#walker.depth;
  }

  get deepest(): number {
    return Math.max(...this.#reports.map((each) => each.deepest));
  }

  get bytes(): number {
    return this.#walker.bytes + this.#sum((each) => each.bytes);
  }

  #sum(of: (report: WalkReport) => number): number {
    return this.#reports.reduce((sum, each) => sum + of(each), 0);
  }

  get observer(): Observer {
    return this.#walker.observer;
  }

  get reductions(): readonly string[] {
    return this.#walker.reductions;
  }

  /** In an order that does not tell who met them first. */
  get finals(): readonly Final[] {
    return [...this.#finals.found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, final]) => final);
  }

  get seen(): readonly Seen[] {
    return this.#reports.map((each) => each.seen);
  }

  /** Something breaks, as one of the threads met it. */
  get broken(): Broken | undefined {
    return this.#reports.find((each) => each.broken !== undefined)?.broken;
  }

  /** There are circles that nobody gets out of: a state on one, or on the way to it. */
  get endless(): Broken | undefined {
    const state = this.whole && this.#task.buffers.ends !== undefined ? this.#walker.endless : -1;
    return state < 0 ? undefined : { state, thread: -1, outcome: 0 };
  }

  scheduleTo(broken: Broken): readonly Move[] {
    return this.#walker.scheduleTo(broken);
  }
}
