// The public conformance suite over every engine there is: files in, a report out.
import { assemble } from "../asm/assemble.ts";
import type { Outcome } from "../diag/diagnostic.ts";
import { programFromBytes } from "../isa/foreign.ts";
import { compileChecked } from "../jit/compile.ts";
import { interpreted, type RunOn, runConformance } from "../vm/conformance.ts";
import { Machine } from "../vm/machine.ts";

export interface ConformanceFile {
  readonly name: string;
  readonly text: string;
}

export interface ConformanceReport {
  readonly total: number;
  readonly passed: number;
  readonly failed: readonly Failure[];
}

interface Failure {
  readonly name: string;
  readonly reason: string;
}

export const engines = ["interpreter", "jit"] as const;
export type Engine = (typeof engines)[number];

/** The suite's programs are not verified: the compiler takes them with checks. */
const runs: Readonly<Record<Engine, RunOn>> = {
  interpreter: interpreted,
  jit: (program, machine, memory) => {
    const made = compileChecked(program, machine);
    return made.ok ? made.value.run({ memory }) : `is not compiled: ${made.refusal.text}`;
  },
};

/** Runs every file in every engine; `onFile` hears how far it has come. */
export function conformance(
  files: readonly ConformanceFile[],
  onFile: (at: number) => void = () => undefined,
): Readonly<Record<Engine, ConformanceReport>> {
  const failed = { interpreter: [] as Failure[], jit: [] as Failure[] };
  for (const [at, file] of files.entries()) {
    onFile(at);
    for (const engine of engines) {
      const read = (source: string) => assemble(source, { name: file.name, dialect: "mnemonic" });
      const result = runConformance(file.text, read, runs[engine]);
      if (!result.ok) failed[engine].push({ name: file.name, reason: result.reason ?? "failed" });
    }
  }
  const total = files.length;
  const report = (engine: Engine): ConformanceReport => ({
    total,
    passed: total - failed[engine].length,
    failed: failed[engine],
  });
  return { interpreter: report("interpreter"), jit: report("jit") };
}

/** What the suite asks of a plugin: the program's bytes and memory in, r0 out. */
export function runBytes(bytes: Uint8Array, memory: Uint8Array): Outcome<bigint> {
  const program = programFromBytes(bytes, { name: "program" });
  if (!program.ok) return program;
  const loaded = new Machine({ regime: "implicit" }).load(program.value);
  if (!loaded.ok) return loaded;
  const result = loaded.value.run({ memory });
  if (result.kind === "exit") return { ok: true, value: result.r0, diagnostics: [] };
  const { code, pc, text } = result.fault;
  return { ok: false, diagnostics: [{ code, severity: "error", pc, text, notes: [] }] };
}
