// A notation for errors: the text with «…» around what should be pointed at.
import { type AssembleOptions, assemble } from "../../src/asm/assemble.ts";
import type { Diagnostic } from "../../src/diag/diagnostic.ts";

export function marked(text: string, d: Diagnostic | undefined): string {
  if (d?.at === undefined) return "no place";
  return `${text.slice(0, d.at.start)}«${text.slice(d.at.start, d.at.end)}»${text.slice(d.at.end)}`;
}

/** Each error of the text as `code: marked line`. */
export function errors(text: string, options: AssembleOptions = {}): readonly string[] {
  const outcome = assemble(text, options);
  if (outcome.ok) return [];
  return outcome.diagnostics
    .filter((d) => d.severity === "error")
    .map((d) => {
      const line = text.slice(0, d.at?.start ?? 0).split("\n").length - 1;
      return `${d.code}: ${marked(text, d).split("\n")[line]?.trim()}`;
    });
}

export function unmarked(text: string): string {
  return text.replace(/[«»]/g, "");
}
