// `bpflab litmus` for a litmus test in herd7's syntax: its verdict under one memory model, as text or as a document.
import type { Source } from "../lab/asm.ts";
import { judgeLitmus, type LitmusVerdict, litmusText, memoryModels } from "../lab/litmus.ts";
import { exit, UsageError } from "./io.ts";
import { jsonDiagnostics, type Session } from "./session.ts";

export function isLitmusTest({ name, text }: Source): boolean {
  return name.endsWith(".litmus") || /^\s*BPF\s/.test(text);
}

/** What only a scenario has. */
const ofScenarios = ["variant", "replay", "preemptions", "time-limit", "threads"];

/** 1 if the test expects something else, or expects nothing and a `~exists` or `forall` is not so; 3 if it is too large. */
export function judgeTest(session: Session, source: Source, documents: Readonly<Record<string, unknown>>[]): number {
  const { args } = session;
  const foreign = ofScenarios.find((each) => args.text(each) !== undefined);
  if (foreign !== undefined) throw new UsageError(`--${foreign} is for scenarios; ${source.name} is a litmus test`);
  const memory = args.choice("memory", memoryModels) ?? "bpf";
  const candidates = args.number("states");
  const outcome = judgeLitmus(source.text, source.name, memory, candidates === undefined ? {} : { candidates });
  if (!outcome.ok) {
    if (session.json) documents.push({ file: source.name, diagnostics: jsonDiagnostics(outcome.diagnostics) });
    else session.out(session.text(outcome.diagnostics, source.name));
    return outcome.diagnostics.every((each) => each.code === "E1004") ? exit.undecided : exit.usage;
  }
  const verdict = outcome.value;
  if (session.json) documents.push(document(source.name, verdict));
  else if (!session.quiet) session.out(litmusText(verdict));
  const wrong = isWrong(verdict);
  if (wrong && !session.json && verdict.expected !== undefined) {
    session.out(`${session.paint("error", "expected")} ${verdict.expected}, found ${verdict.observation}\n`);
  }
  return wrong ? exit.refused : exit.ok;
}

function isWrong({ expected, observation, test, holds }: LitmusVerdict): boolean {
  if (expected !== undefined) return expected !== observation;
  return test.quantifier !== "exists" && !holds;
}

function document(file: string, verdict: LitmusVerdict): Readonly<Record<string, unknown>> {
  const { test, model, states, positive, negative, observation, expected, candidates, cut } = verdict;
  return {
    file,
    name: test.name,
    memory: model,
    observation,
    ...(expected === undefined ? {} : { expected }),
    quantifier: test.quantifier,
    condition: test.question,
    holds: verdict.holds,
    positive,
    negative,
    candidates,
    cut,
    states: states.map(({ values, executions, satisfies }) => ({
      values: Object.fromEntries(values.map(({ term, value }) => [term, value])),
      executions,
      satisfies,
    })),
  };
}
