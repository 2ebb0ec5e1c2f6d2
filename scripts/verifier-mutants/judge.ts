// What a broken verifier is held against, the quickest first: the laws of the domain and how sharp it is (T1, T2), the
// tests of the walk, programs kept as files, verdicts of the running kernel (T4), and runs beside the states (T3).
// Bundled with one file replaced and run by verifier-mutants.ts; prints the first thing that noticed, as JSON.
import { readFileSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { aluOps } from "../../src/isa/alu.ts";
import { jumpOps } from "../../src/isa/jump.ts";
import { verify } from "../../src/verifier/verify.ts";
import { compare } from "../../test/support/compare.ts";
import { Campaign } from "../../test/support/containment-campaign.ts";
import { corpusFiles, departure, expectationFor, programOf } from "../../test/support/corpus.ts";
import { generate, randomFrom } from "../../test/support/generate.ts";
import { counterexamples, laws } from "../../test/verifier/domain/laws.ts";
import { census, smallOperators } from "../../test/verifier/domain/small.ts";
import { castTally, compareTally, crossTally, operatorTally, type Tally } from "../../test/verifier/domain/windows.ts";
import "../../test/corpus/explained.test.ts";
import "../../test/corpus/verdicts.test.ts";
import "../../test/verifier/ahead.test.ts";
import "../../test/verifier/bounds-text.test.ts";
import "../../test/verifier/domain/precision.test.ts";
import "../../test/verifier/depth.test.ts";
import "../../test/verifier/edges.test.ts";
import "../../test/verifier/global.test.ts";
import "../../test/verifier/domain/tnum.test.ts";
import "../../test/verifier/kept.test.ts";
import "../../test/verifier/kernel-log.test.ts";
import "../../test/verifier/liveness.test.ts";
import "../../test/verifier/log.test.ts";
import "../../test/verifier/loops.test.ts";
import "../../test/verifier/mark.test.ts";
import "../../test/verifier/steps.test.ts";
import "../../test/verifier/stop.test.ts";
import "../../test/verifier/structure.test.ts";
import "../../test/verifier/unprivileged.test.ts";
import "../../test/verifier/relied-edges.test.ts";
import "../../test/verifier/walk-edges.test.ts";
import "../../test/verifier/widen.test.ts";
import "../../test/verifier/search.test.ts";
import {
  type Baseline,
  beginsWith,
  boundaryPrograms,
  judged,
  LIMITS,
  loggedRecords,
  recordVerdict,
  sharpness,
  smallRecords,
  sources,
} from "./programs.ts";
import { firstFailure } from "./vitest.ts";

const [, , path = "", mode = "judge"] = process.argv;

function* scores(): Generator<readonly [name: string, unsound: number, score: number]> {
  const share = { stride: 149, first: 0 };
  const of = (name: string, { unsound, tight, bounds }: Tally) => [name, unsound.length, tight / bounds] as const;
  for (const [name, operator] of Object.entries(smallOperators)) {
    const { unsound, optimal, pairs } = census(4, operator);
    yield [`tnum ${name}`, unsound.length, optimal / pairs];
  }
  for (const op of aluOps) yield of(op, operatorTally(op, share));
  for (const op of jumpOps) yield of(op, compareTally(op, share));
  yield of("casts", castTally());
  yield of("crossings", crossTally({ stride: 499, first: 3 }));
}

function corpusDepartures(): string | undefined {
  for (const folder of ["cve", "rcu"]) {
    for (const file of corpusFiles(`../corpus/${folder}`)) {
      const program = programOf(file);
      for (const rcu of ["implicit", "explicit"] as const) {
        if (folder !== "rcu" && rcu === "explicit") continue;
        const expected = expectationFor(program, rcu);
        if (expected && departure(program, verify(program, { rcu }, { limits: LIMITS }), expected))
          return `${folder}/${file.name}`;
      }
    }
  }
  return undefined;
}

/** The laws of the domain, in which nothing else of the verifier runs. */
function lawbroken(baseline: Baseline): string | undefined {
  for (const [name, unsound, score] of scores()) {
    if (unsound > 0) return `T1: ${name} is unsound`;
    if (score < (baseline.scores[name] ?? 0)) return `T1: ${name} is less sharp`;
  }
  for (const law of laws) {
    const found = counterexamples(law, 300);
    if (found.length > 0) return `T2: ${law.name}: ${found[0]}`;
  }
  return undefined;
}

async function judge(baseline: Baseline): Promise<string | undefined> {
  const broken = mode === "judge" ? lawbroken(baseline) : undefined;
  if (broken !== undefined) return broken;
  const failing = await firstFailure();
  if (failing !== undefined) return `tests: ${failing}`;
  const departed = corpusDepartures();
  if (departed !== undefined) return `corpus: ${departed}`;
  const walks = new Walks();
  for (const [n, { name, programs, privileged }] of sources.entries()) {
    const made = programs(baseline.seed);
    for (const [at, expected] of (baseline.verdicts[n] ?? []).entries()) {
      const found = judged(made.next().value, privileged, expected.log !== undefined);
      if (expected.answer !== 2 && found.answer !== expected.answer) return `T4: ${name} ${at}`;
      if (expected.log !== undefined && !beginsWith(found.log, expected.log)) return `T4: the log of ${name} ${at}`;
      walks.compare(`${name} ${at}`, found.walked, expected);
    }
  }
  for (const [at, record] of smallRecords(baseline.corpus).entries()) {
    const found = recordVerdict(record);
    const expected = baseline.recorded[at];
    if (expected === undefined || found.said !== expected.said) return `T7: ${record.id}`;
    walks.compare(record.id, found.walked, expected);
  }
  const now = sharpness(loggedRecords(baseline.corpus));
  const then = baseline.sharpness;
  if (now.agreeing < then.agreeing) return `states: ${now.agreeing} agree with the kernel's`;
  if (now.equal < then.equal) return `states: ${now.equal} equal the kernel's`;
  const campaign = new Campaign(4711, 6);
  for (let at = 0; at < 250; at++) {
    const violation = campaign.next();
    if (violation !== undefined) return `T3: program ${at}: ${violation.text}`;
  }
  const random = randomFrom(815);
  for (let at = 0; at < 600; at++) {
    const { difference } = compare(generate(random));
    if (difference !== undefined) return `oracle: program ${at}: ${difference}`;
  }
  return walks.longer ?? busier(baseline);
}

/** What was kept from the tests before makes a few calls of millions more or less. */
const SLACK = 1.0005;

/** What a shortcut is for, without a clock: no more functions are called than the right verifier calls. */
function busier({ corpus, calls }: Baseline): string | undefined {
  const now = callsOf(corpus);
  return now > calls * SLACK ? `calls: ${now}, not ${calls}` : undefined;
}

function callsOf(corpus: string): number {
  const records = smallRecords(corpus).filter((_, at) => at % 4 === 0);
  const work = (): void => {
    const programs = boundaryPrograms(4242);
    for (let at = 0; at < 200; at++) judged(programs.next().value, at % 4 > 0);
    for (const record of records) recordVerdict(record);
  };
  // Once, so that everything is there that is made when it is first asked for.
  work();
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  work();
  let calls = 0;
  session.post("Profiler.takePreciseCoverage", (_, { result }) => {
    for (const { url, functions } of result) {
      if (url.startsWith("file:")) for (const { ranges } of functions) calls += ranges[0]?.count ?? 0;
    }
  });
  session.disconnect();
  return calls;
}

/** How far programs are walked: as far as the kernel walks them, or at least no further than the right verifier does. */
class Walks {
  /** The first that is walked otherwise. */
  longer: string | undefined;

  compare(
    name: string,
    walked: number,
    { walked: right, exact }: { readonly walked: number; readonly exact: boolean },
  ) {
    if (exact ? walked !== right : walked > right)
      this.longer ??= `walks: ${name}: ${walked} instructions, not ${right}`;
  }
}

if (mode === "baseline") {
  // What the campaign cannot know without the verifier as it is; the rest is in the file.
  const known: Baseline = JSON.parse(readFileSync(path, "utf8"));
  const found = {
    calls: callsOf(known.corpus),
    scores: Object.fromEntries([...scores()].map(([name, , score]) => [name, score])),
    sharpness: sharpness(loggedRecords(known.corpus)),
  };
  writeFileSync(path, JSON.stringify({ ...known, ...found }));
} else {
  const baseline: Baseline = JSON.parse(readFileSync(path, "utf8"));
  let killer: string | undefined;
  try {
    killer = await judge(baseline);
  } catch (error) {
    killer = `throws: ${error instanceof Error ? error.message : error}`;
  }
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ killer: killer?.split("\n")[0] ?? null, seconds: (user + system) / 1e6 }));
}
