// Diagnostics for programs: the shape that `--json` prints and schema/bpflab.schema.json describes. Codes and these
// fields are an interface; the wording of messages is not.
import type { Code, Diagnostic, Edit } from "./diagnostic.ts";
import { position, type Span } from "./source.ts";

export interface JsonSpan {
  readonly file?: string;
  readonly line?: number;
  readonly col?: number;
  readonly endLine?: number;
  readonly endCol?: number;
  readonly pc?: number;
  readonly label: string;
  readonly primary: boolean;
  readonly event?: string;
}

export interface JsonDiagnostic {
  readonly code: Code;
  readonly severity: Diagnostic["severity"];
  readonly message: string;
  /** Whether Linux has the rule or the laboratory alone. */
  readonly rule: "kernel" | "lab";
  readonly spans: readonly JsonSpan[];
  readonly facts: readonly { readonly name: string; readonly text: string }[];
  readonly path?: readonly number[];
  readonly kernelMessage?: string;
  readonly help?: string;
  readonly fixes: readonly {
    readonly message: string;
    readonly applicability: "machine-applicable" | "maybe-incorrect";
    readonly verified: boolean;
    readonly edits: readonly (Place & { readonly text: string })[];
  }[];
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly col: number;
  readonly endLine: number;
  readonly endCol: number;
}

function place(at: Span): Place {
  const start = position(at.source, at.start);
  const end = position(at.source, at.end);
  return { file: at.source.name, line: start.line, col: start.column, endLine: end.line, endCol: end.column };
}

function span(at: Span | undefined, pc: number | undefined): Partial<Place> & { readonly pc?: number } {
  return { ...(at === undefined ? {} : place(at)), ...(pc === undefined ? {} : { pc }) };
}

function edit(edit: Edit): Place & { readonly text: string } {
  return { ...place(edit.at), text: edit.text };
}

export function toJson(diagnostic: Diagnostic): JsonDiagnostic {
  return {
    code: diagnostic.code,
    severity: diagnostic.severity,
    message: diagnostic.text,
    rule: diagnostic.code.startsWith("L") ? "lab" : "kernel",
    spans: [
      { ...span(diagnostic.at, diagnostic.pc), label: diagnostic.label ?? "", primary: true },
      ...diagnostic.notes.map((note) => ({
        ...span(note.at, note.pc),
        label: note.text,
        primary: false,
        ...(note.event === undefined ? {} : { event: note.event }),
      })),
    ],
    facts: diagnostic.facts ?? [],
    ...(diagnostic.path === undefined ? {} : { path: diagnostic.path }),
    ...(diagnostic.kernelMessage === undefined ? {} : { kernelMessage: diagnostic.kernelMessage }),
    ...(diagnostic.help === undefined ? {} : { help: diagnostic.help }),
    fixes: (diagnostic.fixes ?? []).map((fix) => ({
      message: fix.text,
      applicability: fix.applicability,
      verified: fix.verified,
      edits: fix.edits.map(edit),
    })),
  };
}
