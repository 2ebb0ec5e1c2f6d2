// What `bpflab litmus` prints: the verdict with its bound, the interleaving as a table, the final states.

import { position } from "../lab/asm.ts";
import {
  raceText,
  type Scenario,
  type ScenarioFile,
  scheduleText,
  type Telling,
  type TellingRow,
  tell,
  type Verdict,
  whyNot,
} from "../lab/litmus.ts";
import type { Session } from "./session.ts";
import { type Cell, table } from "./table.ts";

/** `1 234 567`; from 10^15 on `about 1.2e21`. */
export function big(value: bigint): string {
  const digits = value.toString();
  if (digits.length > 15) return `about ${digits[0]}.${digits[1]}e${digits.length - 1}`;
  return digits.replace(/\B(?=(\d{3})+$)/g, " ");
}

const words = { holds: "HOLDS", violated: "VIOLATED", unknown: "UNKNOWN" } as const;
const tones = { holds: "good", violated: "error", unknown: "warning" } as const;

export function verdictText(name: string, verdict: Verdict, session: Session): string {
  const { states, milliseconds, threads } = verdict.statistics;
  const seconds = `${(milliseconds / 1000).toFixed(2)} s`;
  const memory = verdict.memory.toUpperCase();
  const word = session.paint(tones[verdict.status], words[verdict.status]);
  if (verdict.status === "holds") {
    const all =
      verdict.interleavings === undefined ? "every interleaving" : `all ${big(verdict.interleavings)} interleavings`;
    const together = threads > 1 ? [`${threads} threads`] : [];
    const how = ["exhaustive", memory, ...verdict.reductions, ...together].join(", ");
    return `${name}: ${word} for ${all} (${big(BigInt(states))} states, ${seconds}, ${how})\n`;
  }
  if (verdict.status === "unknown") {
    return `${name}: ${word}: ${verdict.bound} (${big(BigInt(states))} states, ${seconds}, ${memory})\n`;
  }
  const { failure } = verdict;
  if (failure === undefined) return `${name}: ${word}\n`;
  const steps = failure.schedule.length;
  const turns = failure.preemptions === 1 ? "1 preemption" : `${failure.preemptions} preemptions`;
  const where = steps === 0 ? "" : `, ${turns}, step ${steps}`;
  return `${name}: ${word}${where} (${failure.assertion}; ${big(BigInt(states))} states, ${seconds}, ${memory})\n`;
}

/** The counterexample: who did what, and why the waits did not help. */
export function counterexample(scenario: Scenario, verdict: Verdict, session: Session): string {
  const { failure } = verdict;
  if (failure === undefined || failure.schedule.length === 0)
    return failure === undefined ? "" : `\n${failure.violation.text}\n`;
  const telling = tell(scenario, failure.schedule);
  const why = whyNot(scenario, telling).map((line) => `why: ${line}\n`);
  return `\n${interleaving(telling, session)}\n${failure.violation.text}\n${why.join("")}again: --replay ${scheduleText(failure.schedule)}\n`;
}

/** On success: the interleaving that came nearest to a violation, and what was not tried. */
export function nearMissText(scenario: Scenario, verdict: Verdict, session: Session): string {
  const parts: string[] = [];
  if (verdict.nearMiss !== undefined) {
    const shown = interleaving(tell(scenario, verdict.nearMiss), session);
    parts.push(`nearest miss: the interleaving in which threads wait longest\n\n${shown}`);
  }
  for (const text of verdict.vacuous)
    parts.push(`${session.paint("warning", "not tried")}: ${text}: nothing to judge in any interleaving\n`);
  for (const { thread, pcs } of verdict.unreached) {
    const places = pcs.map((pc) => placeOf(scenario, thread, pc));
    parts.push(`${session.paint("warning", "not reached")} in ${thread}: ${places.join("; ")}\n`);
  }
  return parts.length === 0 ? "" : `\n${parts.join("\n")}`;
}

/** Accesses that are not aligned, which the walk made in pieces. */
export function misalignedText(verdict: Verdict, session: Session): string {
  const lines = verdict.misaligned.map(({ thread, pc, line, text }) => {
    const where = line === undefined ? `instruction ${pc}` : `line ${line}`;
    return `${session.paint("warning", "not aligned")} in ${thread}: ${where} \`${text}\`: it was made in pieces, as it may be by a CPU\n`;
  });
  return lines.length === 0 ? "" : `\n${lines.join("")}`;
}

/** Pairs of accesses that nothing orders, besides the one that the counterexample is about. */
export function racesText(verdict: Verdict, session: Session): string {
  const shown = verdict.failure?.violation.race;
  const lines = verdict.races.flatMap((race) => {
    const tone = race.kind === "relaxed" ? session.paint("dim", "relaxed: ") : "";
    return shown !== undefined && raceText(shown) === raceText(race) ? [] : [`${tone}${raceText(race)}\n`];
  });
  return lines.length === 0 ? "" : `\n${lines.join("")}`;
}

function placeOf(scenario: Scenario, thread: string, pc: number): string {
  const found = scenario.threads.find((each) => each.name === thread);
  const span = found?.kind === "program" ? found.program.origin[pc]?.whole : undefined;
  if (span === undefined) return `instruction ${pc}`;
  const { line } = position(span.source, span.start);
  return `line ${line} \`${span.source.text.slice(span.start, span.end)}\``;
}

/** One column for each thread, time downwards, RCU sections as bars, changes of maps on the right. */
export function interleaving(telling: Telling, session: Session): string {
  const head = ["#", ...telling.threads, "shared"];
  const rows = telling.rows.map((row, n): readonly Cell[] => {
    const cells = telling.threads.map((_, at): Cell => cellOf(row, at));
    const bad = row.violation === undefined ? "" : `${row.changes.length > 0 ? "  " : ""}<-- ${row.violation}`;
    const first = row.race === undefined ? "" : `${row.changes.length > 0 ? "  " : ""}<-- the first access of the race`;
    const shared = `${row.changes.join("; ")}${first}${bad}`;
    // Rows of one step of the schedule have its number once.
    const number = telling.rows[n - 1]?.step === row.step ? "" : String(row.step);
    return [number, ...cells, bad === "" && first === "" ? shared : { text: shared, tone: "error" }];
  });
  return `${table(head, rows, `r${"l".repeat(telling.threads.length + 1)}`, session).join("\n")}\n`;
}

function cellOf(row: TellingRow, thread: number): Cell {
  const [before, after] = row.sections[thread] ?? [false, false];
  const own = row.thread === thread;
  const bar = !before && after ? "[" : before && !after ? "]" : before ? "|" : " ";
  const waits = row.waiting.some((each) => each.thread === thread) && !own;
  const text = `${bar} ${own ? row.text : waits ? "." : ""}`.trimEnd();
  return own && row.quiet ? { text, tone: "dim" } : text;
}

/** The final states that look different, as herd prints them. */
export function finalsText(verdict: Verdict, session: Session): string {
  if (verdict.columns.length === 0 || verdict.finals.length === 0) return "";
  const rows = [...verdict.finals]
    .sort((a, b) => compare(a.values, b.values))
    .slice(0, 40)
    .map((final) => [String(final.states), ...final.values.map(String)]);
  const head = ["states", ...verdict.columns];
  const lines = table(head, rows, "r".repeat(head.length), session);
  const more = verdict.finals.length > 40 ? [`... ${verdict.finals.length - 40} more`] : [];
  const observed = verdict.observations.map(
    (each) =>
      `${each.text}\nWitnesses  positive: ${each.positive} negative: ${each.negative}\nObservation ${capital(each.frequency)} ${each.positive} ${each.negative}`,
  );
  const sofar = verdict.status === "unknown" ? " so far" : "";
  return `\nStates${sofar} ${verdict.finals.length}\n${[...lines, ...more, ...observed].join("\n")}\n`;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function compare(a: readonly bigint[], b: readonly bigint[]): number {
  for (const [at, value] of a.entries()) if (value !== b[at]) return value < b[at] ? -1 : 1;
  return 0;
}

/** Verdicts of all variants: a table where the file has one, else a line each. */
export function variantsText(file: ScenarioFile, verdicts: ReadonlyMap<string, Verdict>, session: Session): string {
  const cell = (name: string): Cell => {
    const verdict = verdicts.get(name);
    if (verdict === undefined) return "";
    const expected = file.expect.get(name)?.verdict;
    const wrong = expected !== undefined && expected !== verdict.status ? ` (expected ${expected})` : "";
    return { text: `${verdict.status}${wrong}`, tone: wrong === "" ? tones[verdict.status] : "error" };
  };
  const listed =
    file.table === undefined
      ? []
      : file.table.rows.flatMap((row) => file.table?.columns.map((column) => `${row} / ${column}`) ?? []);
  const lines: string[] = [];
  if (file.table !== undefined) {
    const rows = file.table.rows.map((row) => [
      row,
      ...(file.table?.columns.map((column) => cell(`${row} / ${column}`)) ?? []),
    ]);
    lines.push(...table(["", ...file.table.columns], rows, "l".repeat(file.table.columns.length + 1), session));
  }
  const rest = [...verdicts.keys()].filter((name) => !listed.includes(name));
  if (rest.length > 0) {
    if (lines.length > 0) lines.push("");
    const rows = rest.map((name) => [name, cell(name), statesText(verdicts.get(name))]);
    lines.push(...table(["variant", "verdict", "states"], rows, "llr", session));
  }
  return `${lines.join("\n")}\n`;
}

function statesText(verdict: Verdict | undefined): string {
  return verdict === undefined ? "" : big(BigInt(verdict.statistics.states));
}
