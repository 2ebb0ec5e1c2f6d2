// A suggested edit as the lines it changes: `10 ~` a line replaced, `12 +` one added, `9 -` one taken away.
// Numbers are those of the edited text, so that the lines read as they will stand.
import type { Edit } from "./diagnostic.ts";
import type { Style } from "./paint.ts";
import { lineText, position, type Source } from "./source.ts";
import { displayWidth, printable } from "./width.ts";

/** The text after all edits, which must not overlap. */
export function applyEdits(source: Source, edits: readonly Edit[]): string {
  let text = source.text;
  for (const edit of [...edits].sort((a, b) => b.at.start - a.at.start || b.at.end - a.at.end)) {
    if (edit.at.source === source) text = text.slice(0, edit.at.start) + edit.text + text.slice(edit.at.end);
  }
  return text;
}

interface Hunk {
  readonly first: number;
  last: number;
  readonly edits: Edit[];
}

export function patchLines(edits: readonly Edit[], digits: number, style: Style): string[] {
  const out: string[] = [];
  let moved = 0;
  for (const hunk of hunks(edits)) {
    const source = hunk.edits[0]?.at.source;
    if (source === undefined) continue;
    const before: string[] = [];
    for (let line = hunk.first; line <= hunk.last; line++) before.push(lineText(source, line));
    const after = edited(source, hunk).split("\n");
    let same = 0;
    while (same < before.length && same < after.length && before[same] === after[same]) same++;
    let tail = 0;
    while (
      tail < before.length - same &&
      tail < after.length - same &&
      before[before.length - 1 - tail] === after[after.length - 1 - tail]
    ) {
      tail++;
    }
    const old = before.slice(same, before.length - tail);
    const fresh = after.slice(same, after.length - tail);
    const first = hunk.first + same + moved;
    fresh.forEach((text, at) => {
      out.push(row(first + at, at < old.length ? "~" : "+", text, digits, style));
    });
    old.slice(fresh.length).forEach((text, at) => {
      out.push(row(first - moved + fresh.length + at, "-", text, digits, style));
    });
    moved += fresh.length - old.length;
  }
  return out;
}

/** Edits that touch the same or adjoining lines, together, in order. */
function hunks(edits: readonly Edit[]): readonly Hunk[] {
  const out: Hunk[] = [];
  for (const edit of [...edits].sort((a, b) => a.at.start - b.at.start || a.at.end - b.at.end)) {
    const first = position(edit.at.source, edit.at.start).line;
    const last = position(edit.at.source, edit.at.end).line;
    const open = out.at(-1);
    if (open !== undefined && first <= open.last && open.edits[0]?.at.source === edit.at.source) {
      open.last = Math.max(open.last, last);
      open.edits.push(edit);
    } else {
      out.push({ first, last, edits: [edit] });
    }
  }
  return out;
}

function edited(source: Source, hunk: Hunk): string {
  const start = source.text.length === 0 ? 0 : offsetOf(source, hunk.first);
  const end = offsetOf(source, hunk.last) + lineText(source, hunk.last).length;
  let text = source.text.slice(start, end);
  for (const edit of [...hunk.edits].reverse()) {
    text = text.slice(0, edit.at.start - start) + edit.text + text.slice(edit.at.end - start);
  }
  return text;
}

function offsetOf(source: Source, line: number): number {
  let offset = 0;
  for (let at = 1; at < line; at++) offset = source.text.indexOf("\n", offset) + 1;
  return offset;
}

function row(line: number, mark: "~" | "+" | "-", text: string, digits: number, style: Style): string {
  const safe = printable(text.replace(/\r$/, "").slice(0, style.width * 2));
  const room = style.width - digits - 3;
  const shown = displayWidth(safe) > room ? `${safe.slice(0, room - 1)}…` : safe;
  const number = style.paint("gutter", String(line).padStart(digits));
  return `${number} ${style.paint(mark === "-" ? "removed" : "added", `${mark} ${shown}`)}`;
}
