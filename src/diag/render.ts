// Diagnostics as text for a person: the place with carets, the events that led to it, what Linux says, and an edit
// that helps. The form is rustc's, so that nobody has to learn to read it. What goes where on the page is decided
// here; rendering of one source line is in page.ts, and of edits in patch.ts.
import type { Diagnostic, Note } from "./diagnostic.ts";
import { annotatedLines, type Mark, type Page, sourcePage } from "./page.ts";
import { painter, type Style } from "./paint.ts";
import { patchLines } from "./patch.ts";
import { position, type Span } from "./source.ts";
import { wrap } from "./width.ts";

export interface RenderOptions {
  readonly color?: boolean;
  /** false: nothing beyond ASCII, for terminals that cannot show it. */
  readonly unicode?: boolean;
  readonly width?: number;
  /** Shows every event and every branch; otherwise the middle of a long story is left out. */
  readonly fullPath?: boolean;
  /** The text of the instruction at a program counter, where there is no source; and where it was written, where there is. */
  readonly instruction?: (pc: number) => { readonly text: string; readonly at?: Span } | undefined;
  /** What raw bytes are called in place of a file. */
  readonly name?: string;
}

const EVENTS_SHOWN = 6;
const BRANCHES_SHOWN = 12;

/** One diagnostic, with a newline at the end of each line. */
export function render(diagnostic: Diagnostic, options: RenderOptions = {}): string {
  const style: Style = {
    paint: painter(options.color ?? false),
    unicode: options.unicode ?? true,
    width: Math.max(40, Math.min(options.width ?? 100, 100)),
  };
  const { shown, hidden } = choose(diagnostic.notes, options.fullPath ?? false);
  const { pages, loose } = layOut(diagnostic, shown, options);
  const digits = Math.max(
    2,
    ...pages.flatMap((page) => page.marks.map((mark) => String(mark.line + 1).length)),
    ...(diagnostic.fixes ?? []).flatMap((fix) => fix.edits.map((edit) => lastLine(edit.at, edit.text))),
  );
  const gutter = " ".repeat(digits);
  const out = [...title(diagnostic, style)];
  const bar = style.paint("gutter", "|");
  pages.forEach((page, at) => {
    const arrow = at === 0 ? "-->" : ":::";
    out.push(`${gutter}${style.paint("gutter", arrow)} ${page.where}`);
    out.push(`${gutter} ${bar}`, ...annotatedLines(page.page, page.marks, digits, style));
  });
  if (pages.length === 0 && options.name !== undefined) {
    const where = diagnostic.pc === undefined ? "" : `: instruction ${diagnostic.pc}`;
    out.push(`${gutter}${style.paint("gutter", "-->")} ${options.name}${where}`);
  }
  const details = [
    ...(hidden === 0 ? [] : [{ name: "", text: `... ${hidden} more (--full-path)` }]),
    ...pathFact(diagnostic, options, style),
    ...loose.map((note) => ({ name: "note", text: note.text })),
    ...(diagnostic.facts ?? []).filter((fact) => fact.name !== "profile"),
    ...(diagnostic.kernelMessage === undefined ? [] : [{ name: "kernel", text: diagnostic.kernelMessage }]),
    ...(diagnostic.facts ?? []).filter((fact) => fact.name === "profile"),
  ];
  if (pages.length > 0 && details.length > 0) out.push(`${gutter} ${bar}`);
  for (const fact of details) out.push(...factLines(fact, gutter, style));
  if (diagnostic.help !== undefined) out.push(...helpLines(diagnostic.help, style));
  for (const fix of diagnostic.fixes ?? []) {
    const standing = fix.verified ? "verified: the edited program passes" : "not verified";
    out.push(...helpLines(`${fix.text} (${standing})`, style));
    out.push(`${gutter} ${bar}`, ...patchLines(fix.edits, digits, style));
  }
  const text = out.map((line) => `${line.trimEnd()}\n`).join("");
  return style.unicode ? text : ascii(text);
}

/** Several, with an empty line between. */
export function renderAll(diagnostics: readonly Diagnostic[], options: RenderOptions = {}): string {
  return diagnostics.map((diagnostic) => render(diagnostic, options)).join("\n");
}

function title(diagnostic: Diagnostic, style: Style): string[] {
  const head = `${diagnostic.severity}[${diagnostic.code}]`;
  const [first = "", ...rest] = wrap(diagnostic.text, style.width - head.length - 2);
  const tone = diagnostic.severity;
  return [`${style.paint(tone, head)}${style.paint("bold", `: ${first}`)}`, ...rest.map((line) => `    ${line}`)];
}

/** The first events say what the thing is, the last ones what became of it: a long story loses its middle. */
function choose(notes: readonly Note[], all: boolean): { readonly shown: readonly Note[]; readonly hidden: number } {
  if (all || notes.length <= EVENTS_SHOWN) return { shown: notes, hidden: 0 };
  const half = EVENTS_SHOWN / 2;
  return { shown: [...notes.slice(0, half), ...notes.slice(-half)], hidden: notes.length - EVENTS_SHOWN };
}

interface Placed {
  readonly page: Page;
  readonly where: string;
  readonly marks: Mark[];
}

/** Gives each event a page: its source, or the listing of instructions; the primary one comes first. */
function layOut(
  diagnostic: Diagnostic,
  notes: readonly Note[],
  options: RenderOptions,
): { readonly pages: readonly Placed[]; readonly loose: readonly Note[] } {
  const pages = new Map<unknown, Placed>();
  const put = (at: Span | undefined, pc: number | undefined, label: string, primary: boolean): boolean => {
    const listed = at === undefined && pc !== undefined ? options.instruction?.(pc) : undefined;
    const span = at ?? listed?.at;
    if (span !== undefined) {
      const start = position(span.source, span.start);
      let placed = pages.get(span.source);
      if (placed === undefined) {
        const where = `${span.source.name}:${start.line}:${start.column}`;
        pages.set(span.source, (placed = { page: sourcePage(span.source), where, marks: [] }));
      }
      placed.marks.push({ line: start.line, column: start.column, length: span.end - span.start, label, primary });
      return true;
    }
    if (listed === undefined || pc === undefined) return false;
    let placed = pages.get(null);
    if (placed === undefined) {
      const page: Page = { line: (number) => options.instruction?.(number)?.text ?? "", indent: "    " };
      pages.set(null, (placed = { page, where: `${options.name ?? "program"}, instruction ${pc}`, marks: [] }));
    }
    placed.marks.push({ line: pc, column: 1, length: Math.max(1, listed.text.length), label, primary });
    return true;
  };
  put(diagnostic.at, diagnostic.pc, diagnostic.label ?? "", true);
  const loose = notes.filter((note) => !put(note.at, note.pc, note.text, false));
  return { pages: [...pages.values()], loose };
}

/** `2 → 3 → 7`: the branches taken, as source lines where there are any. */
function pathFact(diagnostic: Diagnostic, options: RenderOptions, style: Style): { name: string; text: string }[] {
  const path = diagnostic.path ?? [];
  if (path.length === 0 || diagnostic.facts?.some((fact) => fact.name === "path") === true) return [];
  const names = path.map((pc) => {
    const at = options.instruction?.(pc)?.at;
    return at === undefined ? String(pc) : String(position(at.source, at.start).line);
  });
  const steps = names.filter((name, at) => name !== names[at - 1]);
  const half = BRANCHES_SHOWN / 2;
  const shown =
    options.fullPath === true || steps.length <= BRANCHES_SHOWN
      ? steps
      : [...steps.slice(0, half), `(${steps.length - BRANCHES_SHOWN} more)`, ...steps.slice(-half)];
  return [{ name: "path", text: shown.join(style.unicode ? " → " : " -> ") }];
}

function factLines(fact: { readonly name: string; readonly text: string }, gutter: string, style: Style): string[] {
  if (fact.name === "") return [`${gutter} ${style.paint("gutter", "=")} ${fact.text}`];
  const head = `${fact.name}: `;
  const room = style.width - gutter.length - 3 - head.length;
  const lines = fact.text.split("\n").flatMap((line) => wrap(line, room));
  const [first = "", ...rest] = lines;
  const pad = " ".repeat(gutter.length + 3 + head.length);
  return [
    `${gutter} ${style.paint("gutter", "=")} ${style.paint("bold", head.trimEnd())} ${first}`,
    ...rest.map((line) => pad + line),
  ];
}

function helpLines(text: string, style: Style): string[] {
  const [first = "", ...rest] = text.split("\n").flatMap((line) => wrap(line, style.width - 6));
  return [`${style.paint("help", "help:")} ${first}`, ...rest.map((line) => `      ${line}`)];
}

function lastLine(at: Span, text: string): number {
  return String(position(at.source, at.end).line + text.split("\n").length).length;
}

const substitutes: readonly (readonly [RegExp, string])[] = [
  [/⋮/g, ":"],
  [/→/g, "->"],
  [/…/g, "..."],
  [/·/g, "."],
  [/[“”]/g, '"'],
  [/[‘’]/g, "'"],
  [/×/g, "x"],
  [/[≤]/g, "<="],
  [/[≥]/g, ">="],
  [/✗/g, "x"],
];

function ascii(text: string): string {
  return substitutes.reduce((so, [from, to]) => so.replace(from, to), text);
}
