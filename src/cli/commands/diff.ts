// `bpflab diff`: two saved verdict files, compared in the manner of the kernel's veristat.
import { readFileSync } from "node:fs";
import {
  type Change,
  type DiffRow,
  diffVerdicts,
  rowFilter,
  savedVerdicts,
  type VerdictDiff,
} from "../../lab/verdict-diff.ts";
import { reasonOf } from "../files.ts";
import { exit, UsageError } from "../io.ts";
import type { Session } from "../session.ts";
import { type Cell, table } from "../table.ts";

export async function run(session: Session): Promise<number> {
  const { args } = session;
  const [a = "", b = ""] = args.operands;
  if (a === "-" && b === "-") throw new UsageError("only one of the two can be standard input");
  const filters = args.list("filter").map((text) => {
    const filter = rowFilter(text);
    if (typeof filter === "string") throw new UsageError(`--filter \`${text.slice(0, 60)}\`: ${filter}`);
    return filter;
  });
  const diff = diffVerdicts(savedVerdictsOf(a, await read(a, session)), savedVerdictsOf(b, await read(b, session)));
  const rows = diff.rows.filter((row) => filters.every((keep) => keep(row)));
  const changed = rows.filter((row) => row.verdictChanged).length;
  if (session.json) session.document({ rows, changed, onlyA: diff.onlyA, onlyB: diff.onlyB });
  else session.out(text(rows, diff, session));
  return changed === 0 ? exit.ok : exit.refused;
}

async function read(file: string, session: Session): Promise<string> {
  if (file === "-") return new TextDecoder().decode(await session.io.readStdin());
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
  }
}

function savedVerdictsOf(file: string, body: string): Exclude<ReturnType<typeof savedVerdicts>, string> {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${reasonOf(error)}`);
  }
  const verdicts = savedVerdicts(document);
  if (typeof verdicts === "string") throw new UsageError(`${file}: ${verdicts}`);
  return verdicts;
}

const differs = (row: DiffRow): boolean => row.verdictChanged || row.instructions.diff !== 0 || row.states.diff !== 0;

function text(rows: readonly DiffRow[], { onlyA, onlyB }: VerdictDiff, session: Session): string {
  const shown = session.args.flag("all") ? rows : rows.filter(differs);
  const cells = shown.map((row): readonly Cell[] => [
    row.name,
    row.verdictChanged
      ? { text: `${row.verdictA} -> ${row.verdictB}`, tone: "error" }
      : { text: row.verdictA, tone: "dim" },
    ...columns(row.instructions),
    ...columns(row.states),
  ]);
  const head = ["name", "verdict", "insns A", "insns B", "difference", "states A", "states B", "difference"];
  const lines: string[] = [];
  if (cells.length > 0) lines.push(...table(head, cells, "llrrrrrr", session), "");
  for (const [names, which] of [
    [onlyA, "first"],
    [onlyB, "second"],
  ] as const) {
    for (const name of names) lines.push(`only in the ${which}: ${name}`);
  }
  const sum = (of: (row: DiffRow) => number): number => rows.reduce((all, row) => all + of(row), 0);
  const verdicts = rows.filter((row) => row.verdictChanged).length;
  lines.push(
    `${rows.length} compared, ${verdicts} with another verdict, ${rows.filter(differs).length - verdicts} with other numbers only`,
    `instructions walked: ${sum((row) => row.instructions.a)} and ${sum((row) => row.instructions.b)}; ` +
      `states: ${sum((row) => row.states.a)} and ${sum((row) => row.states.b)}`,
  );
  return lines.map((line) => `${line}\n`).join("");
}

function columns({ a, b, diff, percent }: Change): readonly Cell[] {
  const sign = diff > 0 ? "+" : "";
  const difference = diff === 0 ? "" : `${sign}${diff} (${sign}${percent.toFixed(2)} %)`;
  return [String(a), String(b), { text: difference, tone: diff > 0 ? "warning" : "good" }];
}
