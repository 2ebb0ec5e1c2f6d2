// Litmus tests in the syntax of herd7, judged by a memory model.
import { assemble } from "../asm/assemble.ts";
import type { Outcome } from "../diag/diagnostic.ts";
import { judge, type LitmusOptions, type LitmusVerdict } from "../litmus/axioms/judge.ts";
import type { MemoryModel } from "../litmus/axioms/models.ts";
import { readLitmus } from "../litmus/herd/read.ts";

export type { FinalState, LitmusOptions, LitmusVerdict, Seen } from "../litmus/axioms/judge.ts";
export { type MemoryModel, memoryModels } from "../litmus/axioms/models.ts";
export { litmusText } from "../litmus/herd/render.ts";

/**
 * How a litmus test for BPF (herd7's syntax) can end under a memory model. `name` stands in diagnostics. A text that is
 * no such test, and one with more executions than `candidates`, come back as located diagnostics.
 */
export function judgeLitmus(
  text: string,
  name: string,
  memory: MemoryModel,
  options: LitmusOptions = {},
): Outcome<LitmusVerdict> {
  const test = readLitmus({ name, text }, (source) => assemble(source));
  if (!test.ok) return test;
  const verdict = judge(test.value, memory, options);
  return verdict.ok ? { ...verdict, diagnostics: test.diagnostics } : verdict;
}
