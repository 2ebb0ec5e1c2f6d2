// An interleaving as a picture: a lane for each thread, time to the right, RCU sections shaded, an arrow from the call of a
// wait to its return, a dot on the access that broke the rule. It names no colours of its own but through variables, so
// that it can be read on light and on dark.
import type { Telling, TellingRow } from "./telling.ts";

const STEP = 34;
const LANE = 64;
const LEFT = 130;
const TOP = 46;
const BAR = 26;
const NOTE = 17;

const style = `
  svg { --ink: #1b1f24; --faint: #8a929b; --section: #cfe3f7; --wait: #b35900; --bad: #c4202b; --paper: #ffffff; }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e8ebef; --faint: #8f98a3; --section: #24425f; --wait: #f0a050; --bad: #ff6b6b; --paper: #14171b; }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--ink); }
  .faint { fill: var(--faint); } .line { stroke: var(--faint); } .section { fill: var(--section); stroke: var(--ink); stroke-width: .5; }
  .wait { stroke: var(--wait); fill: none; stroke-width: 2; } .waits { fill: var(--wait); }
  .step { fill: var(--ink); } .bad { fill: var(--bad); } text.bad { font-weight: 600; }`;

/** The picture as an SVG document with a title and a description in words. */
export function timeline(name: string, telling: Telling): string {
  const rows = telling.rows.filter((row) => !row.quiet || row.changes.length > 0);
  const x = (at: number): number => LEFT + at * STEP + STEP / 2;
  const y = (thread: number): number => TOP + thread * LANE + LANE / 2;
  const lanes = telling.threads.length;
  const notes = rows.map(
    (row, at) =>
      `${at + 1}. ${telling.threads[row.thread]}: ${row.text}${row.changes.length > 0 ? ` (${row.changes.join("; ")})` : ""}`,
  );
  const width = Math.max(
    LEFT + rows.length * STEP + 20,
    LEFT + 20 + 7 * Math.max(0, ...notes.map((note) => note.length)),
  );
  const notesAt = TOP + lanes * LANE + 20;
  const height = notesAt + notes.length * NOTE + 16;
  const parts: string[] = [];
  telling.threads.forEach((thread, at) => {
    parts.push(`<text x="12" y="${y(at) + 4}">${escaped(thread)}</text>`);
    parts.push(`<line class="line" x1="${LEFT}" y1="${y(at)}" x2="${LEFT + rows.length * STEP}" y2="${y(at)}"/>`);
    parts.push(...sectionsOf(rows, at, x, y(at)));
    parts.push(...waitsOf(rows, telling, at, x, y));
  });
  rows.forEach((row, at) => {
    const bad = row.violation !== undefined;
    parts.push(
      `<circle class="${bad ? "bad" : "step"}" cx="${x(at)}" cy="${y(row.thread)}" r="${bad ? 8 : 4}"><title>${escaped(notes[at])}</title></circle>`,
    );
    parts.push(`<text class="faint" x="${x(at)}" y="${TOP - 8}" text-anchor="middle">${at + 1}</text>`);
    const text = `${notes[at]}${bad ? `: ${row.violation}` : ""}`;
    parts.push(`<text${bad ? ' class="bad"' : ""} x="12" y="${notesAt + at * NOTE}">${escaped(text)}</text>`);
  });
  const title = `${name}: an interleaving of ${telling.threads.join(", ")}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
<style>${style}
</style>
<rect width="${width}" height="${height}" style="fill: var(--paper)"/>
<text x="12" y="20">${escaped(name)}</text>
${parts.join("\n")}
</svg>
`;
}

/** A box from the step that opens a section to the one that closes it. */
function sectionsOf(
  rows: readonly TellingRow[],
  thread: number,
  x: (at: number) => number,
  y: number,
): readonly string[] {
  const found: string[] = [];
  let from = -1;
  rows.forEach((row, at) => {
    const [before, after] = row.sections[thread] ?? [false, false];
    if (!before && after) from = at;
    if (before && !after && from >= 0) {
      found.push(box(from, at, x, y));
      from = -1;
    }
  });
  if (from >= 0) found.push(box(from, rows.length - 1, x, y));
  return found;
}

function box(from: number, to: number, x: (at: number) => number, y: number): string {
  const start = x(from) - STEP / 2 + 4;
  return `<rect class="section" x="${start}" y="${y - BAR / 2}" width="${x(to) + STEP / 2 - 4 - start}" height="${BAR}" rx="5"><title>RCU section</title></rect>`;
}

/** An arrow along the lane while a thread waits for readers, with their names. */
function waitsOf(
  rows: readonly TellingRow[],
  telling: Telling,
  thread: number,
  x: (at: number) => number,
  y: (thread: number) => number,
): readonly string[] {
  const found: string[] = [];
  let from = -1;
  let readers: readonly number[] = [];
  rows.forEach((row, at) => {
    const wait = row.waiting.find((each) => each.thread === thread);
    if (wait !== undefined && from < 0) {
      from = at;
      readers = wait.readers;
    }
    if (wait === undefined && from >= 0) {
      found.push(arrow(from, at, readers, telling, x, y(thread)));
      from = -1;
    }
  });
  if (from >= 0) found.push(arrow(from, rows.length - 1, readers, telling, x, y(thread)));
  return found;
}

function arrow(
  from: number,
  to: number,
  readers: readonly number[],
  telling: Telling,
  x: (at: number) => number,
  y: number,
): string {
  const names = readers.map((reader) => telling.threads[reader] ?? "a script").join(", ");
  const said = names === "" ? "waits for nobody" : `waits for ${names}`;
  const end = Math.max(x(to), x(from) + 8);
  const up = y - 14;
  return `<path class="wait" d="M${x(from)} ${up} H${end} m-6 -4 l6 4 l-6 4"/><text class="waits" x="${x(from)}" y="${up - 5}">${escaped(said)}</text>`;
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
