// `bpflab litmus`: scenarios judged by every interleaving, and litmus tests by a memory model (litmus-herd.ts). Between slices of the walk the process looks at its signals,
// so that an interrupt gives what is known by then.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import type { Source } from "../../lab/asm.ts";
import {
  type JudgeOptions,
  memoryModels,
  parseSchedule,
  readScenario,
  type Scenario,
  type ScenarioFile,
  scheduleText,
  tell,
  timeline,
  type Verdict,
  type Progress as WalkProgress,
} from "../../lab/litmus.ts";
import { judgedBy, Walkers } from "../../lab/node-walkers.ts";
import { expand, readBytes, reasonOf } from "../files.ts";
import { exit, UsageError, worst } from "../io.ts";
import { isLitmusTest, judgeTest } from "../litmus-herd.ts";
import {
  counterexample,
  finalsText,
  interleaving,
  misalignedText,
  nearMissText,
  racesText,
  variantsText,
  verdictText,
} from "../litmus-text.ts";
import { Progress } from "../progress.ts";
import { jsonDiagnostics, type Session } from "../session.ts";

/** No program that a scenario names is longer. */
const longestProgram = 1 << 20;
const mostThreads = 64;

export async function run(session: Session): Promise<number> {
  const threads = session.args.number("threads");
  if (threads !== undefined && (threads === 0 || threads > mostThreads)) {
    throw new UsageError(`--threads wants a number from 1 to ${mostThreads}, not ${threads}`);
  }
  const team = new Walkers(threads);
  try {
    return await judgeAll(session, team);
  } finally {
    await team.close();
  }
}

async function judgeAll(session: Session, team: Walkers): Promise<number> {
  const { args, io } = session;
  const files = expand(args.operands, [".yaml", ".yml", ".litmus"]);
  const exits: number[] = [];
  const documents: Readonly<Record<string, unknown>>[] = [];
  const tests: Readonly<Record<string, unknown>>[] = [];
  for (const [at, name] of files.entries()) {
    if (/\.(?:bpf|s|asm|o)$/.test(name)) {
      throw new UsageError(
        `${name} is a program: litmus wants a scenario (.yaml) that runs it, or a litmus test (.litmus)`,
      );
    }
    const text = new TextDecoder("utf-8").decode(await readBytes(name, io));
    const source: Source = { name: name === "-" ? "<stdin>" : name, text };
    if (isLitmusTest(source)) {
      if (at > 0 && !session.json) session.out("\n");
      exits.push(judgeTest(session, source, tests));
      continue;
    }
    const memory = args.choice("memory", memoryModels);
    if (memory === "bpf") {
      throw new UsageError(
        "--memory bpf: a scenario is judged by sequential consistency (sc) or total store order (tso)",
      );
    }
    const read = readScenario(source, (file) => program(file, name));
    if (!read.ok) {
      if (session.json) documents.push({ file: name, diagnostics: jsonDiagnostics(read.diagnostics) });
      else session.out(session.text(read.diagnostics, name));
      exits.push(exit.usage);
      continue;
    }
    if (at > 0 && !session.json) session.out("\n");
    const file = memory === undefined ? read.value : withMemory(read.value, memory);
    exits.push(await judgeFile(session, team, name, file, documents));
  }
  if (session.json) {
    session.document({
      ...(documents.length > 0 || tests.length === 0 ? { scenarios: documents } : {}),
      ...(tests.length > 0 ? { litmus: tests } : {}),
    });
  }
  return worst(exits);
}

/** The scenario and its variants with the memory that the command line asks for. */
function withMemory(file: ScenarioFile, memory: Scenario["profile"]["memory"]): ScenarioFile {
  const changed = (scenario: Scenario): Scenario => ({ ...scenario, profile: { ...scenario.profile, memory } });
  return {
    ...file,
    scenario: changed(file.scenario),
    variants: file.variants.map((each) => ({ ...each, scenario: changed(each.scenario) })),
  };
}

/** The text of a program that a scenario names, looked for beside the scenario. */
function program(file: string, scenario: string): { source: Source } | { error: string } {
  const path = isAbsolute(file) || scenario === "-" ? file : join(dirname(scenario), file);
  try {
    const bytes = readFileSync(path);
    if (bytes.length > longestProgram) return { error: "it is too long" };
    return { source: { name: path, text: new TextDecoder("utf-8").decode(bytes) } };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}

async function judgeFile(
  session: Session,
  team: Walkers,
  name: string,
  file: ScenarioFile,
  documents: Readonly<Record<string, unknown>>[],
): Promise<number> {
  const { args } = session;
  const wanted = args.text("variant");
  const all = new Map<string, Scenario>([
    ["default", file.scenario],
    ...file.variants.map((each) => [each.name, each.scenario] as const),
  ]);
  if (wanted !== undefined && !all.has(wanted)) {
    throw new UsageError(`${name} has no variant \`${wanted.slice(0, 60)}\`; there is ${[...all.keys()].join(", ")}`);
  }
  const replay = args.text("replay");
  if (replay !== undefined)
    return replayed(session, name, all.get(wanted ?? "default") ?? file.scenario, replay, documents);
  const one = wanted ?? (all.size === 1 ? "default" : undefined);
  const verdicts = new Map<string, Verdict>();
  const exits: number[] = [];
  const stop = { aborted: false };
  const onSignal = (): void => {
    stop.aborted = true;
  };
  process.once("SIGINT", onSignal);
  try {
    for (const [variant, scenario] of all) {
      if ((one !== undefined && variant !== one) || stop.aborted) continue;
      const verdict = await judge(session, team, { scenario, variant, signal: stop, one: one !== undefined });
      if (verdict === undefined) return exit.usage;
      verdicts.set(variant, verdict);
      exits.push(exitOf(verdict, file.expect.get(variant)?.verdict));
    }
  } finally {
    process.off("SIGINT", onSignal);
  }
  draw(session, name, one, all, verdicts);
  if (session.json)
    documents.push({
      file: name,
      name: file.scenario.name,
      variants: [...verdicts].map(([variant, each]) => document(variant, each, file)),
    });
  else if (one !== undefined) detail(session, name, all.get(one) ?? file.scenario, one, verdicts);
  else if (!session.quiet)
    session.out(`${session.paint("bold", file.scenario.name)}\n${variantsText(file, verdicts, session)}`);
  return worst(exits);
}

/** Writes the picture that `--svg` asks for: the counterexample, or else the near miss. */
function draw(
  session: Session,
  name: string,
  variant: string | undefined,
  all: ReadonlyMap<string, Scenario>,
  verdicts: ReadonlyMap<string, Verdict>,
): void {
  const file = session.args.text("svg");
  if (file === undefined) return;
  if (variant === undefined) throw new UsageError("--svg draws one variant: name it with --variant");
  const scenario = all.get(variant);
  const verdict = verdicts.get(variant);
  const schedule = verdict?.failure?.schedule ?? verdict?.nearMiss ?? [];
  if (scenario === undefined || schedule.length === 0) throw new UsageError("--svg: there is no interleaving to draw");
  const title = variant === "default" ? scenario.name : `${scenario.name}, ${variant}`;
  write(file, timeline(title, tell(scenario, schedule)));
  if (!session.json && !session.quiet) session.io.err(`${name}: drawn in ${file}\n`);
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${reasonOf(error)}`);
  }
}

function detail(
  session: Session,
  name: string,
  scenario: Scenario,
  variant: string,
  verdicts: ReadonlyMap<string, Verdict>,
): void {
  const verdict = verdicts.get(variant);
  if (verdict === undefined || session.quiet) return;
  session.out(verdictText(variant === "default" ? name : `${name}, ${variant}`, verdict, session));
  if (verdict.status === "violated") session.out(counterexample(scenario, verdict, session));
  else session.out(nearMissText(scenario, verdict, session));
  session.out(misalignedText(verdict, session));
  session.out(racesText(verdict, session));
  session.out(finalsText(verdict, session));
}

function replayed(
  session: Session,
  name: string,
  scenario: Scenario,
  text: string,
  documents: Readonly<Record<string, unknown>>[],
): number {
  const moves = parseSchedule(text, scenario.threads.length + 1);
  if (typeof moves === "string") throw new UsageError(`--replay: ${moves}`);
  const telling = tell(scenario, moves);
  if (telling.stuckAt !== undefined)
    throw new UsageError(`--replay: the thread of step ${telling.stuckAt} cannot go on there`);
  if (session.json)
    documents.push({ file: name, name: scenario.name, interleaving: telling.rows, threads: telling.threads });
  else session.out(interleaving(telling, session));
  return telling.violation === undefined ? exit.ok : exit.refused;
}

/** 1 for a verdict that is not the expected one, or is VIOLATED with nothing expected. */
function exitOf(verdict: Verdict, expected: string | undefined): number {
  if (verdict.status === "unknown") return exit.undecided;
  return verdict.status === (expected ?? "holds") ? exit.ok : exit.refused;
}

async function judge(
  session: Session,
  team: Walkers,
  asked: {
    readonly scenario: Scenario;
    readonly variant: string;
    readonly signal: { readonly aborted: boolean };
    readonly one: boolean;
  },
): Promise<Verdict | undefined> {
  const { scenario, variant, signal, one } = asked;
  const { args, io } = session;
  const states = args.number("states");
  if (states === 0) throw new UsageError("--states wants at least 1");
  const options: JudgeOptions = {
    signal,
    nearMiss: one,
    ...(states === undefined ? {} : { states }),
    ...(args.seconds("time-limit") === undefined ? {} : { seconds: args.seconds("time-limit") }),
    ...(args.number("preemptions") === undefined ? {} : { preemptions: args.number("preemptions") }),
    ...(args.number("seed") === undefined ? {} : { seed: args.number("seed") }),
    ...(args.flag("no-reduction") ? { reduce: false } : {}),
  };
  const progress = new Progress(io);
  const outcome = await judgedBy(team, scenario, options, (so) => progress.say(`${variant}: ${said(so)}`));
  progress.done();
  if (outcome.ok) return outcome.value;
  session.out(session.text(outcome.diagnostics, scenario.name));
  return undefined;
}

function said({ states, depth, milliseconds }: WalkProgress): string {
  const rate = Math.round(states / Math.max(1, milliseconds));
  return `states ${states}, ${rate}k/s, depth ${depth}`;
}

function document(variant: string, verdict: Verdict, file: ScenarioFile): Readonly<Record<string, unknown>> {
  const { failure } = verdict;
  const scenario =
    variant === "default" ? file.scenario : file.variants.find((each) => each.name === variant)?.scenario;
  const expected = file.expect.get(variant)?.verdict;
  const telling =
    failure === undefined || failure.schedule.length === 0 || scenario === undefined
      ? undefined
      : tell(scenario, failure.schedule);
  return {
    variant,
    verdict: verdict.status,
    ...(expected === undefined ? {} : { expected }),
    ...(verdict.bound === undefined ? {} : { bound: verdict.bound }),
    ...(verdict.interleavings === undefined ? {} : { interleavings: verdict.interleavings.toString() }),
    statistics: verdict.statistics,
    reductions: verdict.reductions,
    vacuous: verdict.vacuous,
    unreached: verdict.unreached,
    ...(verdict.nearMiss === undefined ? {} : { nearMiss: scheduleText(verdict.nearMiss) }),
    finals: verdict.finals.map((final) => ({
      states: final.states,
      values: Object.fromEntries(verdict.columns.map((column, at) => [column, final.values[at].toString()])),
    })),
    observations: verdict.observations,
    ...(verdict.misaligned.length === 0 ? {} : { misaligned: verdict.misaligned }),
    ...(verdict.races.length === 0 ? {} : { races: verdict.races.map(raceDocument) }),
    ...(failure === undefined
      ? {}
      : {
          failure: {
            assertion: failure.assertion,
            message: failure.violation.text,
            preemptions: failure.preemptions,
            schedule: scheduleText(failure.schedule),
            ...(telling === undefined ? {} : { threads: telling.threads, interleaving: telling.rows }),
          },
        }),
  };
}

/** Addresses of the simulated memory mean nothing to a reader. */
function raceDocument({ kind, place, first, second }: Verdict["races"][number]): Readonly<Record<string, unknown>> {
  const side = ({ address: _, ...rest }: typeof first) => rest;
  return { kind, place, first: side(first), second: side(second) };
}
