// What is said about the user's input: data with a place, a stable code and the
// events that led to it. Renderers make text of it (render.ts); nothing parses text.
import type { Span } from "./source.ts";

/** E: a rule that Linux has too. L: a rule of the laboratory that Linux does not have. W: a warning. */
export type Code = `${"E" | "L" | "W"}${number}`;

/** One event on the way to the failure, in program order. */
export interface Note {
  /** What happened there; a machine-readable word beside the text. */
  readonly event?: string;
  readonly at?: Span;
  readonly pc?: number;
  readonly text: string;
}

/** A replacement of a span's text. `verified` is set only after the edited program was judged again and passed. */
export interface Edit {
  readonly at: Span;
  readonly text: string;
}
export interface Fix {
  readonly text: string;
  readonly edits: readonly Edit[];
  readonly applicability: "machine-applicable" | "maybe-incorrect";
  readonly verified: boolean;
}

export interface Diagnostic {
  /** Stable and greppable; docs/diagnostics.md has one entry for each. */
  readonly code: Code;
  readonly severity: "error" | "warning" | "note";
  /** The operand or word that is wrong. Absent only where there is no text at all (raw bytes): then `pc` says where. */
  readonly at?: Span;
  readonly pc?: number;
  readonly text: string;
  /** A short text for under the carets. */
  readonly label?: string;
  /** How it came to this, in program order. */
  readonly notes: readonly Note[];
  /** `= state:`, `= profile:`, `= note:` lines, in order. */
  readonly facts?: readonly { readonly name: string; readonly text: string }[];
  /** The line Linux prints for it, verbatim. */
  readonly kernelMessage?: string;
  /** Program counters of the branches on the failing path. */
  readonly path?: readonly number[];
  readonly help?: string;
  readonly fixes?: readonly Fix[];
}

/** The result of anything that judges the user's input. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };
