// The public conformance suite over every engine there is: files in, a report out.
import { assemble } from "../asm/assemble.ts";
import type { Outcome } from "../diag/diagnostic.ts";
import { programFromBytes } from "../isa/foreign.ts";
import { runConformance } from "../vm/conformance.ts";
import { Machine } from "../vm/machine.ts";

export interface ConformanceFile {
  readonly name: string;
  readonly text: string;
}

export interface ConformanceReport {
  readonly total: number;
  readonly passed: number;
  readonly failed: readonly { readonly name: string; readonly reason: string }[];
}

export const engines = ["interpreter"] as const;
export type Engine = (typeof engines)[number];

/** Runs every file in every engine; `onFile` hears how far it has come. */
export function conformance(
  files: readonly ConformanceFile[],
  onFile: (at: number) => void = () => undefined,
): Readonly<Record<Engine, ConformanceReport>> {
  const failed: { name: string; reason: string }[] = [];
  for (const [at, file] of files.entries()) {
    onFile(at);
    const result = runConformance(file.text, (source) => assemble(source, { name: file.name, dialect: "mnemonic" }));
    if (!result.ok) failed.push({ name: file.name, reason: result.reason ?? "failed" });
  }
  return { interpreter: { total: files.length, passed: files.length - failed.length, failed } };
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
