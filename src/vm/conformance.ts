// Runs one file of the public conformance suite: sections `-- asm`, `-- mem`, `-- result`. The assembler is handed in,
// for the machine does not know it.
import type { Outcome } from "../diag/diagnostic.ts";
import type { Program } from "../isa/program.ts";
import { Machine, type Result } from "./machine.ts";

export interface ConformanceResult {
  readonly ok: boolean;
  readonly got?: bigint;
  readonly want?: bigint;
  /** Why it is not ok. */
  readonly reason?: string;
}

export interface ConformanceTest {
  readonly asm: string;
  readonly memory: Uint8Array | undefined;
  readonly want: bigint;
}

export function parseConformance(text: string): ConformanceTest | null {
  const sections = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const heading = /^--\s*(\w+)/.exec(line);
    if (heading !== null) sections.set(heading[1] ?? "", (lines = []));
    else if (!line.startsWith("#")) lines.push(line);
  }
  const asm = sections.get("asm");
  const result = sections.get("result")?.join("").trim();
  if (asm === undefined || !result) return null;
  const bytes = sections
    .get("mem")
    ?.join(" ")
    .trim()
    .split(/\s+/)
    .filter((one) => one !== "")
    .map((one) => Number.parseInt(one, 16));
  return { asm: asm.join("\n"), memory: bytes && Uint8Array.from(bytes), want: BigInt.asUintN(64, BigInt(result)) };
}

/** How an engine runs a program on a machine: its result, or why it cannot. */
export type RunOn = (program: Program, machine: Machine, memory: Uint8Array) => Result | string;

/** The interpreter. */
export const interpreted: RunOn = (program, machine, memory) => {
  const loaded = machine.load(program);
  return loaded.ok ? loaded.value.run({ memory }) : `does not load: ${loaded.diagnostics[0]?.text}`;
};

export function runConformance(
  text: string,
  assemble: (source: string) => Outcome<Program>,
  run = interpreted,
): ConformanceResult {
  const test = parseConformance(text);
  if (test === null) return { ok: false, reason: "the file has no `-- asm` or no `-- result`" };
  const { want } = test;
  const assembled = assemble(test.asm);
  if (!assembled.ok) return { ok: false, want, reason: `does not assemble: ${assembled.diagnostics[0]?.text}` };
  const result = run(assembled.value, new Machine({ regime: "implicit" }), test.memory ?? new Uint8Array());
  if (typeof result === "string") return { ok: false, want, reason: result };
  if (result.kind === "fault") return { ok: false, want, reason: `faults: ${result.fault.text}` };
  if (result.r0 === want) return { ok: true, got: want, want };
  return { ok: false, got: result.r0, want, reason: `r0 is ${result.r0}, not ${want}` };
}
