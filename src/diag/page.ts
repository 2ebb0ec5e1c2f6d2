// Source lines with marks under them: `^` for the fault, `-` for what led to it. A page is anything with numbered
// lines; a listing of instructions is one too, numbered by program counter.
import type { Style } from "./paint.ts";
import { lineText, type Source } from "./source.ts";
import { displayWidth, printable, wrap } from "./width.ts";

export interface Page {
  readonly line: (number: number) => string;
  /** Put before each line, for pages without an indentation of their own. */
  readonly indent: string;
}

/** A place on a page; columns count from 1, in UTF-16 units. */
export interface Mark {
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly label: string;
  readonly primary: boolean;
}

export function sourcePage(source: Source): Page {
  return { line: (number) => lineText(source, number), indent: "" };
}

/** The marked lines in order, `⋮` where more than one is left out. */
export function annotatedLines(page: Page, marks: readonly Mark[], digits: number, style: Style): string[] {
  const byLine = new Map<number, Mark[]>();
  for (const mark of marks) byLine.set(mark.line, [...(byLine.get(mark.line) ?? []), mark]);
  const out: string[] = [];
  let previous: number | undefined;
  for (const line of [...byLine.keys()].sort((a, b) => a - b)) {
    if (previous !== undefined && line - previous === 2) {
      out.push(numbered(previous + 1, cut(page, previous + 1, 1, style, digits).text, digits, style));
    } else if (previous !== undefined && line - previous > 2) {
      out.push(`${" ".repeat(digits)} ${style.paint("gutter", "⋮")}`);
    }
    previous = line;
    out.push(...markedLine(page, line, byLine.get(line) ?? [], digits, style));
  }
  return out;
}

/** `12 | text`, the number in a column of `digits`. */
export function numbered(line: number, text: string, digits: number, style: Style): string {
  return `${style.paint("gutter", `${String(line).padStart(digits)} |`)} ${text}`;
}

function markedLine(page: Page, line: number, marks: readonly Mark[], digits: number, style: Style): string[] {
  const ordered = [...marks.filter((mark) => !mark.primary), ...marks.filter((mark) => mark.primary)];
  const focus = ordered.at(-1)?.column ?? 1;
  const { text, shift } = cut(page, line, focus, style, digits);
  const raw = page.line(line);
  const gutter = `${" ".repeat(digits)} ${style.paint("gutter", "|")} `;
  const used = digits + 3;
  const out = [numbered(line, text, digits, style)];
  for (const mark of ordered) {
    const before = displayWidth(printable(raw.slice(shift.start, mark.column - 1))) + shift.pad;
    const inside = displayWidth(printable(raw.slice(mark.column - 1, mark.column - 1 + mark.length)));
    const room = style.width - used - before;
    const underline = (mark.primary ? "^" : "-").repeat(Math.max(1, Math.min(inside, room)));
    const tone = mark.primary ? "primary" : "secondary";
    const beside = room - underline.length - 1;
    // A label stands beside its mark if that leaves it a decent width, and below it otherwise.
    if (mark.label !== "" && (mark.label.length <= beside || beside >= 40)) {
      const [first = "", ...rest] = wrap(mark.label, beside);
      out.push(`${gutter}${" ".repeat(before)}${style.paint(tone, `${underline} ${first}`)}`);
      const pad = " ".repeat(before + underline.length + 1);
      out.push(...rest.map((each) => `${gutter}${pad}${style.paint(tone, each)}`));
    } else {
      out.push(`${gutter}${" ".repeat(before)}${style.paint(tone, underline)}`);
      const indent = Math.min(before, Math.max(0, style.width - used - 50));
      const lines = mark.label === "" ? [] : wrap(mark.label, style.width - used - indent);
      out.push(...lines.map((each) => `${gutter}${" ".repeat(indent)}${style.paint(tone, each)}`));
    }
  }
  return out;
}

/** The part of a line that fits, around a column; `shift` says where it starts and how far it moved. */
function cut(
  page: Page,
  line: number,
  column: number,
  style: Style,
  digits: number,
): { readonly text: string; readonly shift: { readonly start: number; readonly pad: number } } {
  const raw = page.line(line);
  const room = style.width - digits - 3 - page.indent.length;
  // A line may be megabytes long: never look at more of it than can be shown.
  if (raw.length <= room * 2 && displayWidth(printable(raw)) <= room) {
    return { text: page.indent + printable(raw), shift: { start: 0, pad: page.indent.length } };
  }
  const start = column <= room / 2 ? 0 : Math.max(0, column - 1 - Math.floor(room / 3));
  const lead = start > 0 ? "…" : "";
  let text = lead;
  let end = start;
  let width = displayWidth(lead);
  while (end < raw.length) {
    const point = String.fromCodePoint(raw.codePointAt(end) ?? 32);
    const shown = printable(point);
    if (width + displayWidth(shown) > room - 1) break;
    text += shown;
    width += displayWidth(shown);
    end += point.length;
  }
  return {
    text: `${page.indent}${text}${end < raw.length ? "…" : ""}`,
    shift: { start, pad: page.indent.length + displayWidth(lead) },
  };
}
