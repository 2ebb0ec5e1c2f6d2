// The programs of a corpus of verdicts in every engine: accepted ones verified and compiled, the others with checks only.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type CorpusRecord, corpusCase } from "../../src/lab/corpus.ts";
import { verify } from "../../src/verifier/verify.ts";
import { both, unverified } from "./engines.ts";

const inputs = [{ packet: Uint8Array.from({ length: 64 }, (_, n) => n * 7) }, { packet: new Uint8Array(20) }];
const MOST_UNVERIFIED = 300_000;

export interface CorpusRun {
  compiled: number;
  refused: number;
  readonly differences: string[];
  readonly notCompiled: Map<string, number>;
}

/** Records that cannot be programs here (other program types, map types) are passed over. */
export function runCorpus(file: string): CorpusRun {
  const run: CorpusRun = { compiled: 0, refused: 0, differences: [], notCompiled: new Map() };
  const beside = (name: string): string => readFileSync(join(dirname(file), name), "utf8");
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line === "") continue;
    const record: CorpusRecord = JSON.parse(line);
    const found = corpusCase(record, beside);
    if (typeof found === "string") continue;
    const { program, profile } = found;
    const verdict = verify(program, { ...profile, rcu: "implicit" });
    const done =
      both(program, "implicit", inputs, { verdict }) ??
      unverified(program, "implicit", inputs, { maxInstructions: MOST_UNVERIFIED });
    const accepted = verdict.verdict === "accepted";
    const fault = done.results.find((result) => result.kind === "fault");
    if (done.refusal !== undefined) run.notCompiled.set(done.refusal, (run.notCompiled.get(done.refusal) ?? 0) + 1);
    else if (done.difference !== undefined) run.differences.push(`${record.id}: ${done.difference}`);
    else if (accepted && fault?.kind === "fault" && fault.fault.kind !== "budget") {
      run.differences.push(`${record.id}: accepted, and faults: ${fault.fault.text}`);
    } else if (accepted) run.compiled++;
    else run.refused++;
  }
  return run;
}
