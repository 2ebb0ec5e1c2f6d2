// The program: rows that end in `;`, with a cell a thread between bars. Each thread's cells, everything else blanked, are
// a program text with the offsets of the litmus test, which the assembler reads: one grammar of instructions, and its
// errors stand where the instruction does.
import type { Diagnostic, Outcome } from "../../diag/diagnostic.ts";
import { type Source, type Span, spanOf } from "../../diag/source.ts";
import type { Origin, Program } from "../../isa/program.ts";
import { questionStart } from "./condition.ts";
import { Unreadable } from "./text.ts";

/** The assembler, which stands above this folder. */
export type Assemble = (source: Source) => Outcome<Program>;

export interface Column {
  readonly at: Span;
  /** The cells, as [start, end) in the text. */
  readonly cells: readonly (readonly [number, number])[];
}

export interface Columns {
  readonly columns: readonly Column[];
  /** Where the rows end. */
  readonly end: number;
}

export function readColumns(source: Source, text: string, start: number): Columns {
  const rows: (readonly (readonly [number, number])[])[] = [];
  let at = start;
  while (text.slice(at).trim() !== "" && !questionStart.test(text.slice(at))) {
    const end = text.indexOf(";", at);
    if (end < 0) {
      const from = at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0);
      throw new Unreadable(
        "E1001",
        spanOf(source, from, from + 1),
        "a row of the program ends in `;`, this one does not",
      );
    }
    rows.push(cellsOf(text, at, end));
    at = end + 1;
  }
  const [header, ...program] = rows;
  const columns = (header ?? []).map(([from, to], index) => {
    const cells = program.flatMap((row) => row.slice(index, index + 1));
    return { at: headerSpan(source, text, from, to, index), cells };
  });
  if (columns.length === 0) throw new Unreadable("E1001", spanOf(source, start, start + 1), "there is no program here");
  for (const row of program) {
    const [from, to] = row[columns.length] ?? [0, 0];
    if (to > from && text.slice(from, to).trim() !== "") {
      throw new Unreadable("E1001", trimmed(source, text, from, to), `this row has more cells than there are threads`);
    }
  }
  return { columns, end: at };
}

function cellsOf(text: string, start: number, end: number): readonly (readonly [number, number])[] {
  const out: (readonly [number, number])[] = [];
  let from = start;
  for (let at = start; at <= end; at++) {
    // A bar in an instruction has `=` after it (`r1 |= r2`).
    if (at === end || (text[at] === "|" && text[at + 1] !== "=")) {
      out.push([from, at]);
      from = at + 1;
    }
  }
  return out;
}

function headerSpan(source: Source, text: string, from: number, to: number, index: number): Span {
  const at = trimmed(source, text, from, to);
  if (text.slice(at.start, at.end) === `P${index}`) return at;
  throw new Unreadable("E1001", at, `the header of column ${index} is \`P${index}\``);
}

function trimmed(source: Source, text: string, from: number, to: number): Span {
  const cell = text.slice(from, to);
  const start = from + cell.length - cell.trimStart().length;
  return spanOf(source, start, Math.max(start + 1, from + cell.trimEnd().length));
}

/** The column as a program: its instructions and an `exit` behind them. */
export function assembleColumn(source: Source, text: string, column: Column, assemble: Assemble): Outcome<Program> {
  let own = "";
  for (const [start, end] of column.cells) {
    own += text.slice(own.length, start).replace(/[^\n]/g, " ");
    own += `${respelt(text.slice(start, end))}\n`;
  }
  const named: Source = { name: source.name, text: `${own}\nexit` };
  const outcome = assemble(named);
  const back = (span: Span): Span => spanOf(source, span.start, span.end);
  const diagnostics = outcome.diagnostics.map((each) => moved(each, back));
  if (!outcome.ok) return { ok: false, diagnostics };
  const origin = outcome.value.origin.map((each) => each && movedOrigin(each, back));
  return { ok: true, value: { ...outcome.value, origin }, diagnostics };
}

/**
 * herd7's spelling where it is not the assembler's, in as many characters: its 32-bit exchanges name whole registers, and
 * one has another name.
 */
function respelt(cell: string): string {
  return cell
    .replace(/\br(\d+)(\s*=\s*)xchg_32_32(\s*\([^,]*,\s*)r(\d+)/, "w$1$2xchg32_32 $3w$4")
    .replace(/\br0(\s*=\s*cmpxchg32_32\s*\([^,]*,\s*)r0(\s*,\s*)r(\d+)/, "w0$1w0$2w$3");
}

function moved(diagnostic: Diagnostic, back: (span: Span) => Span): Diagnostic {
  return {
    ...diagnostic,
    ...(diagnostic.at === undefined ? {} : { at: back(diagnostic.at) }),
    notes: diagnostic.notes.map((note) => (note.at === undefined ? note : { ...note, at: back(note.at) })),
    ...(diagnostic.fixes === undefined
      ? {}
      : {
          fixes: diagnostic.fixes.map((fix) => ({
            ...fix,
            edits: fix.edits.map((edit) => ({ ...edit, at: back(edit.at) })),
          })),
        }),
  };
}

function movedOrigin(origin: Origin, back: (span: Span) => Span): Origin {
  const { whole, dst, src, memory, target } = origin;
  return {
    whole: back(whole),
    ...(dst === undefined ? {} : { dst: back(dst) }),
    ...(src === undefined ? {} : { src: back(src) }),
    ...(memory === undefined ? {} : { memory: back(memory) }),
    ...(target === undefined ? {} : { target: back(target) }),
  };
}
