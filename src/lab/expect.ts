// The `# expect:` lines of a program, checked: what the verifier says and, where a value or a fault is expected, what
// a run does. Also the rewriting of those lines to what was found.
import type { Diagnostic } from "../diag/diagnostic.ts";
import { position } from "../diag/source.ts";
import type { Expectation, Program } from "../isa/program.ts";
import { verify } from "../verifier/verify.ts";
import { faultDiagnostic } from "../vm/fault.ts";
import { execute } from "./execute.ts";

export interface ExpectationResult {
  readonly expectation: Expectation;
  readonly ok: boolean;
  /** What happened, written as an expectation would be. */
  readonly found: string;
  readonly diagnostics: readonly Diagnostic[];
}

export function checkExpectations(program: Program): readonly ExpectationResult[] {
  return program.expectations.map((expectation) => check(program, expectation));
}

function check(program: Program, expectation: Expectation): ExpectationResult {
  if (expectation.verdict === "fault") return checkFault(program, expectation);
  const rcu = expectation.rcu === undefined ? {} : { rcu: expectation.rcu };
  const verdict = verify(program, rcu);
  const first = verdict.diagnostics.find((each) => each.severity === "error");
  const base = { expectation, diagnostics: verdict.diagnostics };
  if (verdict.verdict === "undecided") return { ...base, ok: false, found: "undecided" };
  if (verdict.verdict === "rejected") {
    const texts = [verdict.kernelMessage, first?.kernelMessage ?? "", first?.text ?? ""];
    const said = expectation.message === undefined || texts.some((text) => matches(expectation.message ?? "", text));
    const ok = expectation.verdict === "reject" && samePlace(program, expectation, first) && said;
    return { ...base, ok, found: `reject${placeText(program, first, expectation)}` };
  }
  if (expectation.retval === undefined) return { ...base, ok: expectation.verdict === "accept", found: "accept" };
  const ran = execute(program, { rcu: verdict.profile.rcu });
  if (!ran.ok) return { ...base, ok: false, found: "accept, and does not load", diagnostics: ran.diagnostics };
  const { result } = ran.value;
  if (result.kind === "fault") {
    const fault = faultDiagnostic(result.fault);
    return { ...base, ok: false, found: `fault${placeText(program, fault, expectation)}`, diagnostics: [fault] };
  }
  const wanted = BigInt.asUintN(64, expectation.retval);
  const shown = expectation.retval < 0n ? BigInt.asIntN(64, result.r0) : result.r0;
  return { ...base, ok: result.r0 === wanted, found: `accept retval ${shown}` };
}

function checkFault(program: Program, expectation: Expectation): ExpectationResult {
  const rcu = expectation.rcu === undefined ? {} : { rcu: expectation.rcu };
  const ran = execute(program, rcu);
  if (!ran.ok) return { expectation, ok: false, found: "does not load", diagnostics: ran.diagnostics };
  const { result } = ran.value;
  if (result.kind === "exit") return { expectation, ok: false, found: `no fault, r0 is ${result.r0}`, diagnostics: [] };
  const fault = faultDiagnostic(result.fault);
  const ok = samePlace(program, expectation, fault);
  return { expectation, ok, found: `fault${placeText(program, fault, expectation)}`, diagnostics: [fault] };
}

function samePlace(program: Program, expectation: Expectation, found: Diagnostic | undefined): boolean {
  const { code, line, label } = expectation;
  if (code !== undefined && found?.code !== code) return false;
  if (line !== undefined && lineOf(found) !== line) return false;
  return label === undefined || found?.pc === program.labels.get(label);
}

function lineOf(found: Diagnostic | undefined): number | undefined {
  return found?.at === undefined ? undefined : position(found.at.source, found.at.start).line;
}

/** ` E0301 at line 7`, or with a label where one stands there and lines were not asked for. */
function placeText(program: Program, found: Diagnostic | undefined, expectation: Expectation): string {
  if (found === undefined) return "";
  const label = [...program.labels].find(([, pc]) => pc === found.pc)?.[0];
  const line = lineOf(found);
  const place =
    label !== undefined && expectation.line === undefined
      ? ` at ${label}`
      : line === undefined
        ? ""
        : ` at line ${line}`;
  return ` ${found.code}${place}`;
}

function matches(pattern: string, text: string): boolean {
  return new RegExp(pattern).test(text);
}

/** The text with each failed expectation replaced by what was found; a program without any gets one at its top. */
export function rewriteExpectations(text: string, results: readonly ExpectationResult[]): string {
  const edits = results
    .filter((result) => !result.ok && result.expectation.at !== undefined)
    .map((result) => ({ at: result.expectation.at, text: lineFor(result) }))
    .sort((a, b) => (b.at?.start ?? 0) - (a.at?.start ?? 0));
  return edits.reduce((so, { at, text: line }) => (at ? so.slice(0, at.start) + line + so.slice(at.end) : so), text);
}

function lineFor({ expectation, found }: ExpectationResult): string {
  const marker = expectation.at?.source.text.startsWith("//", expectation.at.start) ? "//" : "#";
  const regime = expectation.rcu === undefined ? "" : `[${expectation.rcu}]`;
  return `${marker} expect${regime}: ${found}`;
}
