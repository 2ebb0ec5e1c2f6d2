// How the assembler speaks: a Fault is thrown inside one statement and caught at its end,
// so that one wrong line costs one diagnostic and the next line is read as usual.
import type { Diagnostic, Edit } from "../diag/diagnostic.ts";
import type { Span } from "../diag/source.ts";
import type { AsmCode } from "./codes.ts";

export interface Extra {
  readonly label?: string;
  readonly help?: string;
  /** The text that should stand there instead. */
  readonly replace?: { readonly at: Span; readonly text: string };
}

export class Fault {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    this.diagnostic = diagnostic;
  }
}

export function report(
  severity: Diagnostic["severity"],
  code: AsmCode,
  at: Span,
  text: string,
  extra: Extra = {},
): Diagnostic {
  const edits: readonly Edit[] = extra.replace ? [extra.replace] : [];
  const fix = { text: extra.help ?? "replace it", edits, applicability: "maybe-incorrect", verified: false } as const;
  return {
    code,
    severity,
    at,
    text,
    notes: [],
    ...(extra.label === undefined ? {} : { label: extra.label }),
    ...(extra.help === undefined ? {} : { help: extra.help }),
    ...(edits.length === 0 ? {} : { fixes: [fix] }),
  };
}

/** Ends the statement. */
export function fail(code: AsmCode, at: Span, text: string, extra?: Extra): never {
  throw new Fault(report("error", code, at, text, extra));
}

/** From the start of one place to the end of another in the same text. */
export function cover(from: Span, to: Span): Span {
  return { source: from.source, start: Math.min(from.start, to.start), end: Math.max(from.end, to.end) };
}
