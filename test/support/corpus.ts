// Programs kept as files, and the comparison of what they say should happen with what does.
import { readdirSync, readFileSync } from "node:fs";
import { assemble } from "../../src/asm/assemble.ts";
import { position } from "../../src/diag/source.ts";
import type { Expectation, Program, RcuRegime } from "../../src/isa/program.ts";
import type { Verdict } from "../../src/verifier/verdict.ts";

export interface CorpusFile {
  readonly name: string;
  readonly text: string;
}

/** The `.bpf` files of a directory, given relative to this file, in the order of their names. */
export function corpusFiles(directory: string): readonly CorpusFile[] {
  const at = new URL(directory.endsWith("/") ? directory : `${directory}/`, import.meta.url);
  return readdirSync(at)
    .filter((name) => name.endsWith(".bpf"))
    .sort()
    .map((name) => ({ name, text: readFileSync(new URL(name, at), "utf8") }));
}

/** The program in a file; a file that does not assemble is an error of the test, with everything that was said. */
export function programOf(file: CorpusFile): Program {
  const outcome = assemble(file.text, { name: file.name });
  if (outcome.ok) return outcome.value;
  const said = outcome.diagnostics.map((d) => {
    const line = d.at === undefined ? "?" : position(d.at.source, d.at.start).line;
    return `${file.name}:${line}: ${d.code} ${d.text}`;
  });
  throw new Error(said.join("\n"));
}

/** What the file says for a regime: a line for that regime, or else one for any. */
export function expectationFor(program: Program, regime: RcuRegime): Expectation | undefined {
  const judged = program.expectations.filter((e) => e.verdict !== "fault");
  return judged.find((e) => e.rcu === regime) ?? judged.find((e) => e.rcu === undefined);
}

/** How a verdict departs from what was expected; undefined when it does not. */
export function departure(program: Program, verdict: Verdict, expected: Expectation): string | undefined {
  const first = verdict.diagnostics.find((d) => d.severity === "error");
  const pc = first?.pc;
  const line = first?.at === undefined ? undefined : position(first.at.source, first.at.start).line;
  const got =
    verdict.verdict === "accepted"
      ? "accepted"
      : `${verdict.verdict} ${first?.code ?? "?"} at line ${line ?? "?"} (pc ${pc ?? "?"}): ${first?.text ?? ""}`;
  const wrong = `expected ${expected.text}, got ${got}`;
  if (expected.verdict === "accept") return verdict.verdict === "accepted" ? undefined : wrong;
  if (verdict.verdict === "accepted") return wrong;
  if (expected.code !== undefined && first?.code !== expected.code) return wrong;
  if (expected.line !== undefined && line !== expected.line) return wrong;
  if (expected.label !== undefined && pc !== program.labels.get(expected.label)) return wrong;
  const texts = [verdict.kernelMessage, first?.kernelMessage ?? "", first?.text ?? ""];
  if (expected.message !== undefined && !texts.some((text) => new RegExp(expected.message ?? "").test(text))) {
    return wrong;
  }
  return undefined;
}
