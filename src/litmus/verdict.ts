// The verdict on a scenario: first the few-preemption schedules, whose counterexample is easy to read; then every
// interleaving, counted where they are few, with reductions where they are many; and where there are too many even
// for that, an answer that names its bound.
import type { Outcome } from "../diag/diagnostic.ts";
import { Unwalkable } from "./actor.ts";
import { ENDLESS, type Violation } from "./checks.ts";
import { NO_MORE_ROOM } from "./exchange.ts";
import { Exploration, endlessAt, type Failure } from "./explore.ts";
import {
  assertionText,
  counted,
  isUnmet,
  type JudgeOptions,
  observationsOf,
  type Progress,
  unmetFailure,
  type Verdict,
  type Walked,
} from "./judgement.ts";
import { Model, problem } from "./model.ts";
import { nearMiss } from "./near-miss.ts";
import { Observer } from "./observe.ts";
import { type OrderedOptions, ordered } from "./ordered.ts";
import { lineAt, partsOf } from "./program-place.ts";
import { AmpleSets } from "./reduce.ts";
import { sample } from "./sample.ts";
import type { Assertion, Scenario } from "./scenario.ts";
import type { Move } from "./schedule.ts";
import { addSeen } from "./seen.ts";
import { type Team, TeamWalk } from "./team.ts";
import { Transitions } from "./transitions.ts";
import type { Broken } from "./walker.ts";

/** Below so many states no reduction is worth its while, and the interleavings are counted. */
const SMALL = 60_000;
const SLICE = 20_000;
/** Schedules tried by chance. */
const CHANCES = 20_000;
/** The readable counterexamples are few steps away: so many preemptions and places are tried before all is walked. */
const READABLE = { preemptions: 2, places: 4_000 };
const READABLE_AFTER = { preemptions: 1000, places: 400_000 };

/** Judges a scenario; yields from time to time, for progress and so that it can be stopped. */
export function* judging(scenario: Scenario, options: JudgeOptions = {}): Generator<Progress, Outcome<Verdict>> {
  const made = Model.build(scenario, { fuse: options.fuse ?? true });
  if (!made.ok) return made;
  try {
    const verdict = yield* new Judge(made.value, options).run();
    return { ok: true, value: verdict, diagnostics: [] };
  } catch (error) {
    if (error instanceof Unwalkable) return { ok: false, diagnostics: [problem(scenario, error.message)] };
    throw error;
  }
}

/** The same in one go, and therefore by one thread: others could not be heard. */
export function judgeScenario(scenario: Scenario, options: Omit<JudgeOptions, "team"> = {}): Outcome<Verdict> {
  const steps = judging(scenario, options);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

class Judge {
  readonly #model: Model;
  readonly #scenario: Scenario;
  readonly #options: JudgeOptions;
  readonly #began = performance.now();
  readonly #transitions: Transitions;
  readonly #reduction: AmpleSets;
  readonly #start: Int32Array;
  readonly #mostStates: number;
  readonly #seconds: number;

  constructor(model: Model, options: JudgeOptions) {
    this.#model = model;
    this.#scenario = model.scenario;
    this.#options = options;
    this.#reduction = new AmpleSets(model);
    this.#transitions = new Transitions(model, this.#reduction.judge);
    this.#start = this.#transitions.current();
    this.#mostStates = options.states ?? this.#scenario.bounds.states;
    this.#seconds = options.seconds ?? this.#scenario.bounds.seconds;
  }

  get #milliseconds(): number {
    return performance.now() - this.#began;
  }

  get #stopped(): string | undefined {
    if (this.#options.signal?.aborted === true) return "it was interrupted";
    return this.#milliseconds > this.#seconds * 1000 ? `${this.#seconds} s were over` : undefined;
  }

  *run(): Generator<Progress, Verdict> {
    const limit =
      this.#options.preemptions === undefined ? this.#scenario.bounds.preemptions : this.#options.preemptions;
    if (limit !== null) return yield* this.#bounded(limit);
    if (this.#options.readable !== false && !this.#wantsFinals) {
      const first = yield* this.#search(READABLE);
      if (first.failure !== undefined) return this.#verdict({ failure: first.failure, places: first.places });
    }
    const { reduce } = this.#options;
    const team = this.#options.team?.size === 0 ? undefined : this.#options.team;
    if (reduce !== "always" && team?.from !== 0) {
      const walk = this.#walk(Math.min(SMALL, this.#mostStates), false);
      yield* this.#drive(walk);
      if (!walk.full || this.#stopped !== undefined) return yield* this.#conclude(walk);
    }
    const together = team === undefined ? undefined : this.#begin(team);
    if (together !== undefined) return yield* this.#together(together);
    return yield* this.#conclude(yield* this.#alone());
  }

  /** A walk through all that the budget allows, by one thread. */
  *#alone(all?: boolean): Generator<Progress, Exploration> {
    const walk = this.#walk(this.#mostStates, this.#options.reduce !== false, all);
    yield* this.#drive(walk);
    return walk;
  }

  #begin(team: Team): TeamWalk | undefined {
    return TeamWalk.begin(team, {
      scenario: this.#scenario,
      fuse: this.#model.fuse,
      reduce: this.#options.reduce !== false,
      symmetry: this.#options.reduce !== false,
      states: this.#mostStates,
      all: this.#wantsFinals,
    });
  }

  /** The same by several threads. */
  *#together(walk: TeamWalk): Generator<Progress, Verdict> {
    try {
      yield* this.#drive(walk);
    } finally {
      walk.leave();
    }
    const broken = walk.broken ?? walk.endless;
    if (walk.whole || broken === undefined) for (const seen of walk.seen) addSeen(this.#model, seen);
    if (broken !== undefined) return yield* this.#explain(walk, broken, walk.broken === undefined);
    if (walk.whole) return this.#verdict({ walk });
    const full = walk.over === NO_MORE_ROOM ? "the tables that threads share were full" : undefined;
    return yield* this.#undecided(walk, full);
  }

  /**
   * Which of several violations a team meets first is chance. So it is asked no more than whether there is one, and the
   * counterexample is looked for as one thread looks for it; only beyond the budget of that walk is it the team's.
   */
  *#explain(walk: TeamWalk, broken: Broken, endless: boolean): Generator<Progress, Verdict> {
    const told = walk.whole ? walk : counted(walk);
    if (this.#options.readable !== false && !endless) {
      const { failure } = yield* this.#search(READABLE_AFTER);
      if (failure !== undefined) return this.#verdict({ walk: told, failure });
    }
    const { failure } = yield* this.#alone(false);
    if (failure !== undefined) return this.#verdict({ walk: told, failure: yield* this.#readable(failure, !endless) });
    const schedule = walk.scheduleTo(broken);
    const preemptions = preemptionsOf(this.#transitions, this.#start, schedule);
    const violation = this.#violationAfter(schedule);
    return this.#verdict({ walk: told, failure: { violation, schedule, preemptions } });
  }

  /** Conditions on final states are told with all the final states there are. */
  get #wantsFinals(): boolean {
    return this.#scenario.assertions.some((each) => each.kind === "exists");
  }

  /** What is wrong after a schedule that comes to no good. */
  #violationAfter(schedule: readonly Move[]): Violation {
    const last = schedule[schedule.length - 1];
    const before = this.#after(schedule.slice(0, -1));
    const broken = last === undefined ? undefined : this.#transitions.broken(before, last);
    if (broken !== undefined) return broken;
    const tuple = this.#after(schedule);
    const observer = new Observer(this.#transitions);
    const wrong = observer.stuck(tuple, 0) ?? observer.broken(observer.values(tuple, 0));
    return wrong ?? endlessAt(this.#transitions, tuple);
  }

  #walk(states: number, reduce: boolean, all = this.#wantsFinals): Exploration {
    this.#transitions.load(this.#start);
    const reduction = reduce ? this.#reduction : undefined;
    return new Exploration(this.#transitions, {
      states,
      all,
      symmetry: this.#options.reduce !== false,
      ...(reduction === undefined || reduction.names.length === 0 ? { count: SMALL } : { reduction }),
    });
  }

  *#drive(walk: Exploration | TeamWalk): Generator<Progress, void> {
    while (!walk.advance(SLICE)) {
      if (this.#stopped !== undefined) {
        if (walk instanceof Exploration) return;
        walk.stop();
      }
      yield { states: walk.states.count, steps: walk.steps, depth: walk.depth, milliseconds: this.#milliseconds };
    }
  }

  #after(schedule: Failure["schedule"]): Int32Array {
    const tuple = this.#start.slice();
    for (const move of schedule) this.#transitions.follow(tuple, move);
    return tuple;
  }

  *#search(bounds: OrderedOptions) {
    this.#transitions.load(this.#start);
    const steps = ordered(this.#transitions, bounds);
    for (;;) {
      const next = steps.next();
      if (next.done) return next.value;
      if (this.#stopped !== undefined) return { complete: -1, places: next.value };
      yield { states: next.value, steps: 0, depth: 0, milliseconds: this.#milliseconds };
    }
  }

  *#bounded(preemptions: number): Generator<Progress, Verdict> {
    const { failure, complete, places } = yield* this.#search({ preemptions, places: this.#mostStates });
    if (failure !== undefined) return this.#verdict({ failure, places });
    if (complete === Number.POSITIVE_INFINITY) return this.#verdict({ places });
    const bound =
      complete >= 0 ? `no schedule with up to ${complete} preemptions breaks it` : (this.#stopped ?? "too many states");
    return this.#verdict({ places, bound });
  }

  *#conclude(walk: Exploration): Generator<Progress, Verdict> {
    if (walk.failure !== undefined) {
      return this.#verdict({ walk, failure: yield* this.#readable(walk.failure, false) });
    }
    if (walk.whole) return this.#verdict({ walk });
    return yield* this.#undecided(walk);
  }

  /** The most readable counterexample; `tried`: there is none among those that are looked for first. */
  *#readable(found: Failure, tried: boolean): Generator<Progress, Failure & { readonly preemptions: number }> {
    const { schedule, violation } = found;
    const endless = violation.assertion === ENDLESS;
    const goal = endless ? { goal: { tuple: this.#after(schedule), violation } } : {};
    const search = this.#options.readable !== false && (endless || !tried);
    const better = search ? yield* this.#search({ ...READABLE_AFTER, ...goal }) : undefined;
    return better?.failure ?? { ...found, preemptions: preemptionsOf(this.#transitions, this.#start, schedule) };
  }

  *#undecided(walk: Walked, reason?: string): Generator<Progress, Verdict> {
    if (this.#options.signal?.aborted === true) return this.#verdict({ walk, bound: "it was interrupted" });
    return yield* this.#byChance(walk, this.#stopped ?? reason ?? `${this.#mostStates} states were not enough`);
  }

  /** Beyond the budget: schedules by chance, for a tenth of the time that there was. */
  *#byChance(walk: Walked, reason: string): Generator<Progress, Verdict> {
    const seed = this.#options.seed ?? 1;
    const until = this.#milliseconds + this.#seconds * 100;
    const steps = sample(this.#transitions, new Observer(this.#transitions), this.#start, seed, CHANCES);
    let tried = 0;
    for (let next = steps.next(); ; next = steps.next()) {
      if (next.done) {
        tried = next.value.schedules;
        const { failure } = next.value;
        if (failure === undefined) break;
        const preemptions = preemptionsOf(this.#transitions, this.#start, failure.schedule);
        return this.#verdict({ walk, failure: { ...failure, preemptions } });
      }
      tried = next.value;
      if (this.#milliseconds > until || this.#options.signal?.aborted === true) break;
      yield { states: walk.states.count, steps: walk.steps, depth: 0, milliseconds: this.#milliseconds };
    }
    const bound = `${reason}, and ${tried} schedules by chance (seed ${seed}) broke nothing`;
    return this.#verdict({ walk, bound });
  }

  #isVacuous(assertion: Assertion, at: number): boolean {
    if (assertion.kind === "noDataRace") return this.#model.races?.looked === 0;
    const isJudged = assertion.kind === "access" || assertion.kind === "noTornRead";
    return isJudged && this.#model.checks.evaluated[at] === 0;
  }

  #misaligned({ name, split }: Model["programs"][number], at: number): Verdict["misaligned"] {
    // Of programs that are alike the first one's steps are made.
    const first = this.#transitions.twins?.first(at) ?? at;
    return [...new Set([...split, ...this.#model.programs[first].split])].map((place) => {
      const { program, pc } = partsOf(place);
      return { thread: name, pc, ...lineAt(this.#model.machine.loaded(program).code.program, pc) };
    });
  }

  #unreached(): Verdict["unreached"] {
    const programs = new Map<
      number,
      { readonly thread: string; readonly covered: Uint8Array; readonly code: readonly boolean[] }
    >();
    for (const each of this.#model.programs) {
      const known = programs.get(each.plan.program);
      if (known === undefined) {
        const code = this.#model.machine.loaded(each.plan.program).code.program.insns.map((insn) => insn !== null);
        programs.set(each.plan.program, { thread: each.name, covered: each.covered.slice(), code });
      } else
        each.covered.forEach((ran, pc) => {
          known.covered[pc] |= ran;
        });
    }
    return [...programs.values()].flatMap(({ thread, covered, code }) => {
      const pcs = code.flatMap((real, pc) => (real && covered[pc] === 0 ? [pc] : []));
      return pcs.length === 0 ? [] : [{ thread, pcs }];
    });
  }

  #verdict(found: {
    readonly walk?: Walked;
    readonly failure?: Failure & { readonly preemptions: number };
    readonly places?: number;
    readonly bound?: string;
  }): Verdict {
    const { walk, bound } = found;
    const { assertions } = this.#scenario;
    const finals = walk === undefined ? [] : walk.finals;
    const whole = walk?.whole === true;
    const observations = walk === undefined ? [] : observationsOf(assertions, walk);
    const unmet = whole ? assertions.find((each) => isUnmet(each, observations)) : undefined;
    const failure = found.failure ?? (unmet === undefined ? undefined : unmetFailure(assertions, unmet));
    const seeks = this.#options.nearMiss === true && whole && failure === undefined;
    const near = seeks ? nearMiss(this.#transitions, this.#start) : undefined;
    const status = failure !== undefined ? "violated" : bound !== undefined ? "unknown" : "holds";
    return {
      status,
      ...(bound === undefined ? {} : { bound }),
      ...(failure === undefined
        ? {}
        : { failure: { ...failure, assertion: assertionText(assertions, failure.violation.assertion) } }),
      ...(walk?.ways === undefined ? {} : { interleavings: walk.ways }),
      memory: this.#scenario.profile.memory,
      columns: walk?.observer.columns.map((each) => each.text) ?? [],
      finals,
      observations,
      races: [...(this.#model.races?.found.values() ?? [])],
      vacuous: whole ? assertions.filter((each, at) => this.#isVacuous(each, at)).map((each) => each.text) : [],
      misaligned: this.#model.programs.flatMap((each, at) => this.#misaligned(each, at)),
      unreached: whole ? this.#unreached() : [],
      ...(near === undefined ? {} : { nearMiss: near }),
      reductions: [...(this.#model.fuse ? ["step fusion"] : []), ...(walk?.reductions ?? [])],
      statistics: {
        states: walk?.states.count ?? found.places ?? 0,
        steps: walk?.steps ?? 0,
        made: this.#transitions.made + (walk?.made ?? 0),
        deepest: walk?.deepest ?? 0,
        bytes: (walk?.bytes ?? 0) || this.#transitions.bytes,
        milliseconds: this.#milliseconds,
        threads: walk?.threads ?? 1,
      },
    };
  }
}

/** How often a schedule takes the turn from a thread that could have gone on. */
export function preemptionsOf(transitions: Transitions, start: Int32Array, schedule: Failure["schedule"]): number {
  const tuple = start.slice();
  let last = -1;
  let count = 0;
  for (const move of schedule) {
    if (last >= 0 && last !== move.thread && transitions.enabled(last, tuple)) count++;
    transitions.follow(tuple, move);
    last = move.thread;
  }
  return count;
}
