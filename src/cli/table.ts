// Rows of words in columns, wide enough and no wider.
import type { Tone } from "../lab/asm.ts";
import type { Session } from "./session.ts";

export type Cell = string | { readonly text: string; readonly tone: Tone };

/** `sides`: `l` or `r` for each column. The last column of the left is not padded. */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  sides: string,
  session: Session,
): readonly string[] {
  const textOf = (cell: Cell): string => (typeof cell === "string" ? cell : cell.text);
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => textOf(row[at] ?? "").length)));
  const line = (cells: readonly Cell[]): string =>
    cells
      .map((cell, at) => {
        const text = textOf(cell);
        const gap = " ".repeat((widths[at] ?? 0) - text.length);
        const painted = typeof cell === "string" || text === "" ? text : session.paint(cell.tone, text);
        return sides[at] === "r" ? gap + painted : painted + gap;
      })
      .join("  ")
      .trimEnd();
  return [line(head.map((name) => ({ text: name, tone: "bold" as const }))), ...rows.map(line)];
}
