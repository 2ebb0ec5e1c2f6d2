// A scenario on a real machine: maps made, programs loaded, a thread for each, and one step at a time. The explorer
// (explore.ts) sees steps as table look-ups (transitions.ts); here they are made, by the interpreter and the maps
// themselves. There is no second meaning of an instruction or of a map operation.
import type { Diagnostic, Outcome } from "../diag/diagnostic.ts";
import { errnoName } from "../maps/errno.ts";
import { hold, useSleepably } from "../maps/refs.ts";
import { region } from "../memory/layout.ts";
import { PLAIN, TRACE } from "../rcu/domain.ts";
import { Machine } from "../vm/machine.ts";
import { CPU_WORDS, STACK_BYTES } from "../vm/registers.ts";
import { type Actor, DONE, PRIVATE, type Touch, VISIBLE, Words } from "./actor.ts";
import { Checks, type Violation } from "./checks.ts";
import { keyBytes } from "./contents.ts";
import type { Atom } from "./expression.ts";
import { KernelThread } from "./kernel-thread.ts";
import { placements } from "./placement.ts";
import { ProgramThread } from "./program-thread.ts";
import { Properties } from "./properties.ts";
import { MOST_THREADS, Races } from "./races.ts";
import type { ProgramThread as ProgramDef, Scenario, UserThread as UserDef } from "./scenario.ts";
import { MapWords, RcuWords } from "./shared.ts";
import { StoreBuffer } from "./store-buffer.ts";
import { UserThread } from "./user-thread.ts";

export interface ModelOptions {
  /** Runs a thread on to its next step that others could notice; otherwise every small step counts. */
  readonly fuse?: boolean;
}

/** What one step did. */
export interface Made {
  /** False: it must wait, and nothing has changed. */
  readonly ran: boolean;
  readonly violation?: Violation;
  /** How many possibilities each choice had, in the order in which the step asked. */
  readonly choices: readonly number[];
}

/** The parts of the shared words. */
export const MAPS = 1;
export const RCU = 2;
export const BOTH = 3;
export type Part = typeof MAPS | typeof RCU | typeof BOTH;

/** Called around each small step of a thread, for telling what happens. */
export interface Witness {
  before(thread: Actor, touches: readonly Touch[]): void;
  after(thread: Actor, ran: boolean): void;
}

export class Model {
  readonly scenario: Scenario;
  readonly machine: Machine;
  readonly ids: ReadonlyMap<string, number>;
  readonly threads: readonly Actor[];
  readonly programs: readonly ProgramThread[];
  readonly users: readonly UserThread[];
  readonly properties: Properties;
  readonly checks: Checks;
  /** The shared words: of the RCU domain, and all others. */
  readonly rcuWords: RcuWords;
  readonly mapWords: MapWords;
  readonly fuse: boolean;
  /** Maps are freed while programs may use them. */
  readonly freeing: boolean;
  /** Follows what orders accesses, where an assertion is about data races. */
  readonly races: Races | undefined;
  witness: Witness | undefined;
  /** No step was made yet. */
  fresh = true;
  /** What choices to make in the next step; the first possibility where there is none. */
  #script: readonly number[] = [];
  #asked: number[] = [];
  /** The step being made touches the RCU domain alone. */
  #isRcu = false;

  private constructor(scenario: Scenario, options: ModelOptions, parts: Parts) {
    this.scenario = scenario;
    this.fuse = options.fuse ?? true;
    this.machine = parts.machine;
    this.ids = parts.ids;
    this.freeing = parts.freeing;
    this.properties = parts.properties;
    this.programs = parts.programs;
    this.users = parts.users;
    const calls = parts.freeing ? [new KernelThread(parts.machine.rcu, (n) => this.#choose(n))] : [];
    this.threads = [...parts.programs, ...parts.users, ...calls, ...parts.buffers];
    parts.chooser.choose = (n) => this.#choose(n);
    const names = this.threads.map((each) => each.name);
    this.races = parts.races;
    this.checks = new Checks(scenario.assertions, parts.machine.mapSet, parts.properties, parts.ids, names);
    if (this.fuse) for (const thread of this.threads) this.#settleFirst(thread);
    const { memory, rcu } = this.machine;
    this.rcuWords = new RcuWords(
      memory,
      rcu,
      this.users.flatMap((each) => each.readerWords),
    );
    this.mapWords = new MapWords(memory, this.#ownRanges(), this.races?.words);
  }

  static build(scenario: Scenario, options: ModelOptions = {}): Outcome<Model> {
    const parts = assembleParts(scenario);
    if ("code" in parts) return { ok: false, diagnostics: [parts] };
    return { ok: true, value: new Model(scenario, options, parts), diagnostics: [] };
  }

  #choose(n: number): number {
    const at = this.#asked.length;
    this.#asked.push(n);
    return this.#script[at] ?? 0;
  }

  /** Makes one step of a thread, answering its questions with `choices`. */
  step(at: number, choices: readonly number[] = []): Made {
    const thread = this.threads[at];
    this.fresh = false;
    this.#isRcu = !this.isDone(at) && this.partOf(at) === RCU;
    this.#script = choices;
    this.#asked = [];
    const { violation, ran } = this.#small(thread);
    if (!ran || violation !== undefined) return { ran, violation, choices: this.#asked };
    const later = this.fuse ? this.#settle(thread) : undefined;
    return { ran: true, violation: later, choices: this.#asked };
  }

  /** Which of the shared words the next step of a thread may read or write. */
  partOf(at: number): Part {
    const thread = this.threads[at];
    if (this.freeing || this.races !== undefined) return BOTH;
    if (thread instanceof UserThread && thread.plan.observed) return BOTH;
    let part: Part = 0 as Part;
    for (const { kind } of thread.touches()) {
      part = (part | (kind === "rcu" || kind === "wait" ? RCU : kind === "unknown" ? BOTH : MAPS)) as Part;
    }
    return part;
  }

  /** Whether the next step of a thread is a program's that enters or leaves a section, and nothing else. */
  crosses(at: number): boolean {
    return this.threads[at] instanceof ProgramThread && this.threads[at].touches().every(({ kind }) => kind === "rcu");
  }

  /** How deep in sections a program is: ordinary ones, and those of tasks trace. */
  depths(at: number): readonly number[] {
    return [this.machine.rcu.depth(at, PLAIN), this.machine.rcu.depth(at, TRACE)];
  }

  /** The same at the start; a thread that would have to choose stays where it is, for its choices are steps to be tried. */
  #settleFirst(thread: Actor): void {
    const before = new Words();
    thread.encode(before);
    this.#asked = [];
    this.#settle(thread);
    if (this.#asked.length > 0) thread.decode(before.at, 0);
  }

  /** Runs a thread on through what nobody else can notice. */
  #settle(thread: Actor): Violation | undefined {
    while (thread.next() === PRIVATE) {
      const { ran, violation } = this.#small(thread);
      if (violation !== undefined) return violation;
      if (!ran) return undefined;
    }
    return undefined;
  }

  #small(thread: Actor): { readonly ran: boolean; readonly violation?: Violation } {
    const { checks, witness } = this;
    const acts = thread instanceof ProgramThread || thread instanceof UserThread ? thread : undefined;
    if (thread instanceof ProgramThread) {
      thread.cpu.fault = null;
      thread.cpu.warnings.length = 0;
    }
    const visible = thread.next() === VISIBLE;
    const asked = visible && (checks.needsTouches || this.races !== undefined);
    const touches = witness !== undefined || asked ? thread.touches() : [];
    witness?.before(thread, touches);
    const before = acts === undefined || !visible ? undefined : checks.before(acts, touches);
    if (acts !== undefined) this.races?.before(acts, visible ? touches : []);
    const ran = thread.step();
    witness?.after(thread, ran);
    if (!ran) return { ran };
    const race = acts === undefined ? undefined : this.races?.after(acts);
    return { ran, violation: before ?? checks.raced(race) ?? checks.after(acts, visible && !this.#isRcu) };
  }

  /** Whether a thread has nothing more to do. */
  isDone(at: number): boolean {
    return this.threads[at].next() === DONE;
  }

  /** The value of an atom when everything is over: a variable, a program's result, an element, the number of a map. */
  value(atom: Atom): bigint {
    if (atom.kind === "element") return this.checks.element(atom);
    const program = this.programs.find((each) => each.name === atom.name || `${each.name}.r0` === atom.name);
    if (program !== undefined) return program.result;
    const user = this.users.find((each) => each.variables.has(atom.name));
    return user === undefined ? this.checks.element(atom) : user.value(atom.name, atom.word);
  }

  /** The byte ranges that belong to one thread, or never change. */
  #ownRanges(): readonly (readonly [number, number])[] {
    const { memory, cpus } = this.machine;
    const found: (readonly [number, number])[] = [];
    const add = (from: number, bytes: number) => found.push([from, from + ((bytes + 7) & -8)]);
    for (const cpu of cpus) {
      add(cpu.base, CPU_WORDS * 4);
      for (const { address } of cpu.stacks) add(address, STACK_BYTES);
      for (const op of cpu.operations) add(op * 4, memory.regionWord(memory.regionAt(op * 4), region.block));
    }
    for (const program of this.programs) for (const range of program.own) add(...range);
    for (const user of this.users) for (const range of user.own) add(...range);
    for (const range of this.machine.rcu.ranges) add(...range);
    if (this.races !== undefined) add(...this.races.words.range);
    for (let index = 0; index < this.programs.length; index++) {
      const { address, code } = this.machine.loaded(this.programs[index].plan.program);
      add(address, code.words.length * 4);
    }
    return found;
  }
}

interface Parts {
  readonly machine: Machine;
  readonly ids: ReadonlyMap<string, number>;
  readonly freeing: boolean;
  readonly properties: Properties;
  readonly programs: readonly ProgramThread[];
  readonly users: readonly UserThread[];
  readonly buffers: readonly StoreBuffer[];
  readonly chooser: { choose: (n: number) => number };
  readonly races: Races | undefined;
}

type Problem = Diagnostic;

function assembleParts(scenario: Scenario): Parts | Problem {
  const { profile } = scenario;
  const programDefs = scenario.threads.filter((each): each is ProgramDef => each.kind === "program");
  const userDefs = scenario.threads.filter((each): each is UserDef => each.kind === "user");
  const { cpus, users: places } = placements(scenario);
  const chooser = { choose: (_n: number) => 0 };
  const machine = new Machine({
    cpus,
    users: Math.max(1, userDefs.length),
    rcu: { traceImpliesPlain: profile.rcuTraceImpliesRcuGp },
    maps: {
      profile: {
        outerUpdateWaits: profile.mimUpdateWaits,
        copyOrder: profile.copy === "words8" ? "free" : "ascending",
        lockedFill: profile.lockedFill,
        eviction: profile.eviction,
        innerMapFree: profile.innerMapFree,
      },
      choose: (n) => chooser.choose(n),
    },
  });
  const made = makeMaps(machine, scenario);
  if ("code" in made) return made;
  const plans: { readonly def: ProgramDef; readonly index: number }[] = [];
  const loaded = new Map<ProgramDef["program"], number>();
  for (const def of programDefs) {
    let index = loaded.get(def.program);
    if (index === undefined) {
      const outcome = machine.load(def.program);
      if (!outcome.ok) return outcome.diagnostics[0];
      loaded.set(def.program, (index = outcome.value.index));
    }
    plans.push({ def, index });
  }
  const ids = new Map(made);
  for (const program of loaded.keys()) {
    for (const each of program.maps) {
      const id = machine.mapSet.byName(each.name);
      ids.set(each.name, id);
      // A loaded program holds the maps that it names.
      hold(machine.mapSet, machine.mapSet.address(id));
      if (programDefs.some((def) => def.program === program && def.rcu === "sleepable")) {
        useSleepably(machine.mapSet, machine.mapSet.address(id));
      }
    }
  }
  if (Math.max(0, ...ids.values()) > 30) return problem(scenario, "a scenario has at most 30 maps");
  const commands = userDefs.flatMap((each) => each.script);
  const freeing = commands.some((each) => each.kind === "free");
  const waiting = commands.some((each) => each.kind === "wait" || isOuterChange(machine, ids, each));
  const marks = scenario.assertions.flatMap((each) =>
    each.kind === "access" ? [each.after, each.before].filter((mark) => mark !== undefined) : [],
  );
  const torn = scenario.assertions.flatMap((each) => (each.kind === "noTornRead" ? [ids.get(each.map) ?? 0] : []));
  const ordered = scenario.assertions.find((each) => each.kind === "noTornRead" || each.kind === "noDataRace");
  if (ordered !== undefined && profile.memory !== "sc") {
    const name = ordered.kind === "noTornRead" ? "no_torn_read" : "no_data_race";
    return problem(scenario, `\`${name}\` is judged under sequential consistency (memory: sc) only`, ordered.at);
  }
  const race = scenario.assertions.find((each) => each.kind === "noDataRace");
  if (race !== undefined && scenario.threads.length > MOST_THREADS) {
    return problem(scenario, `data races are looked for among at most ${MOST_THREADS} threads`, race.at);
  }
  const properties = new Properties(machine.memory, machine.mapSet, [...new Set(marks)], [...new Set(torn)]);
  for (const name of scenario.later) properties.hide(ids.get(name) ?? 0);
  const shared = new Set(places.flatMap((each) => each.cpus));
  const buffers =
    profile.memory === "sc" ? [] : plans.map(({ def }) => new StoreBuffer(`${def.name}'s stores`, machine.memory));
  const programs = plans.map(({ def, index }, at) => {
    machine.prepare(index, { cpu: at, ...(def.context === undefined ? {} : { ctx: def.context }) });
    while (machine.rcu.unlock(at));
    const plan = { name: def.name, cpu: machine.cpus[at], program: index, times: def.times, rcu: def.rcu };
    const buffer = buffers[at];
    return new ProgramThread(machine, {
      ...plan,
      shares: shared.has(at),
      freeing,
      cut: profile.misaligned,
      ...(buffer === undefined ? {} : { buffer }),
    });
  });
  const observed =
    freeing ||
    commands.some((each) => each.kind === "freeze" || each.kind === "create") ||
    (userDefs.length > 1 && waiting);
  const users = userDefs.map((def, at) => {
    const globalWaits = profile.membarrierGlobal === "rcu";
    const plan = { name: def.name, script: def.script, placement: places[at], reader: cpus + at, maps: ids };
    const choose = (n: number): number => chooser.choose(n);
    return new UserThread(machine, properties, { ...plan, choose, globalWaits, observed });
  });
  const races = race !== undefined ? new Races(machine, [...programs, ...users], waiting) : undefined;
  return { machine, ids, freeing, properties, programs, users, buffers, chooser, races };
}

function isOuterChange(
  machine: Machine,
  ids: ReadonlyMap<string, number>,
  command: { kind: string; map?: string },
): boolean {
  if (command.kind !== "update" && command.kind !== "delete") return false;
  const type = machine.mapSet.definition(ids.get(command.map ?? "") ?? 0)?.type;
  return type === "array_of_maps" || type === "hash_of_maps";
}

function makeMaps(machine: Machine, scenario: Scenario): ReadonlyMap<string, number> | Problem {
  const ids = new Map<string, number>();
  for (const def of scenario.maps) {
    const id = machine.maps.create(def);
    if (id < 0) return problem(scenario, `map \`${def.name}\` cannot be made: ${errnoName(id)}`, def.at);
    ids.set(def.name, id);
  }
  for (const def of scenario.maps) {
    const id = ids.get(def.name) ?? 0;
    for (const entry of def.entries ?? []) {
      const value =
        "bytes" in entry.value
          ? entry.value.bytes
          : "map" in entry.value
            ? keyBytes(BigInt(ids.get(entry.value.map) ?? 0), 4)
            : new Uint8Array(4);
      const done = machine.maps.update(id, entry.key, value);
      if (done < 0)
        return problem(scenario, `an entry of \`${def.name}\` is refused: ${errnoName(done)}`, entry.at ?? def.at);
    }
  }
  return ids;
}

/** What is wrong with a scenario, at the place of it that is given, or at its beginning. */
export function problem(scenario: Scenario, text: string, at?: Diagnostic["at"]): Problem {
  const whole = scenario.source === undefined ? undefined : { source: scenario.source, start: 0, end: 1 };
  return { code: "E0117", severity: "error", at: at ?? whole, text, notes: [] };
}
