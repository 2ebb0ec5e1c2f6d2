// A text the user wrote, and places in it. Offsets are UTF-16 code units from the
// start of the text; lines and columns count from 1, as editors print them.

/** A named text: a file, standard input, or a string handed to the library. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** The half-open range [start, end) of `source.text`. */
export interface Span {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

const lineStarts = new WeakMap<Source, readonly number[]>();

function starts(source: Source): readonly number[] {
  let found = lineStarts.get(source);
  if (found === undefined) {
    const list = [0];
    for (let at = source.text.indexOf("\n"); at >= 0; at = source.text.indexOf("\n", at + 1)) list.push(at + 1);
    lineStarts.set(source, (found = list));
  }
  return found;
}

/** Where an offset stands; the end of the text is a position too. */
export function position(source: Source, offset: number): Position {
  const list = starts(source);
  let low = 0;
  let high = list.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((list[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (list[low] ?? 0) + 1 };
}

/** The text of line `line` (from 1), without its line end. */
export function lineText(source: Source, line: number): string {
  const list = starts(source);
  const start = list[line - 1];
  if (start === undefined) return "";
  const next = list[line];
  return source.text.slice(start, next === undefined ? undefined : next - 1).replace(/\r$/, "");
}

export function spanOf(source: Source, start: number, end: number): Span {
  return { source, start, end };
}
