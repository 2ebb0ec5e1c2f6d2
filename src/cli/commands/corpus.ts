// `bpflab corpus`: how far the verifier agrees with a kernel on a corpus of programs with that kernel's verdicts.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Program } from "../../lab/asm.ts";
import { type CorpusRecord, type CorpusReport, type CorpusRow, corpusReport, judgeRecord } from "../../lab/corpus.ts";
import { type Profile, type Verdict, verify } from "../../lab/verifier.ts";
import { reasonOf } from "../files.ts";
import { exit, UsageError } from "../io.ts";
import { deadline } from "../judging.ts";
import { Progress } from "../progress.ts";
import type { Session } from "../session.ts";

export function run(session: Session): number {
  const { args } = session;
  const only = filterOf(args.text("filter"));
  const limit = args.seconds("time-limit") ?? 10;
  const rows: CorpusRow[] = [];
  const progress = new Progress(session.io);
  for (const file of args.operands) {
    const folder = dirname(file);
    const records = parse(file).filter((record) => only.test(record.id) || only.test(record.topic));
    for (const [at, record] of records.entries()) {
      progress.say(`${at + 1} of ${records.length}: ${record.id}`);
      const about = `${at + 1} of ${records.length}: ${record.id}: `;
      const check = (program: Program, profile: Partial<Profile>): Verdict =>
        verify(program, profile, { signal: deadline(limit), onProgress: (so) => progress.walked(about, so) });
      rows.push(judgeRecord(record, (name) => read(join(folder, name)), check));
    }
  }
  progress.done();
  const report = corpusReport(rows);
  if (session.json) session.document({ ...report, ...(args.flag("records") ? { records: rows.map(recordJson) } : {}) });
  else session.out(text(report, rows, session));
  return report.accept.agree + report.reject.agree === rows.length ? exit.ok : exit.refused;
}

/** What `bpflab diff` reads. */
function recordJson(row: CorpusRow): Readonly<Record<string, unknown>> {
  const { id, topic, kernel, ours, instructions, states, kernelInstructions, milliseconds } = row;
  return { id, topic, verdict: ours, kernel, instructions, states, kernelInstructions, milliseconds };
}

function filterOf(text: string | undefined): RegExp {
  try {
    return new RegExp(text ?? "");
  } catch {
    throw new UsageError(`--filter: \`${text?.slice(0, 60)}\` is no regular expression`);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
  }
}

function parse(file: string): readonly CorpusRecord[] {
  return read(file)
    .split("\n")
    .flatMap((line, at) => {
      if (line.trim() === "") return [];
      let record: unknown;
      try {
        record = JSON.parse(line);
      } catch (error) {
        throw new UsageError(`${file}:${at + 1} is not JSON: ${reasonOf(error)}`);
      }
      if (!isRecord(record)) throw new UsageError(`${file}:${at + 1} is no record of a verdict`);
      return [record];
    });
}

function isRecord(value: unknown): value is CorpusRecord {
  if (typeof value !== "object" || value === null) return false;
  const { id, topic, prog_type_name, prog_flags, map_relocs, maps, insns_hex, insns_file, kernel_verdict } =
    value as Readonly<Record<string, unknown>>;
  return (
    [id, topic, prog_type_name].every((each) => typeof each === "string") &&
    (typeof insns_hex === "string" || typeof insns_file === "string") &&
    typeof prog_flags === "number" &&
    Array.isArray(map_relocs) &&
    Array.isArray(maps) &&
    (kernel_verdict === "accept" || kernel_verdict === "reject")
  );
}

const share = ({ agree, total }: { readonly agree: number; readonly total: number }): string =>
  `${agree} of ${total}${total === 0 ? "" : ` (${((100 * agree) / total).toFixed(1)} %)`}`;

function text(report: CorpusReport, rows: readonly CorpusRow[], session: Session): string {
  const lines: string[] = [];
  const bad = (word: string, wanted: (row: CorpusRow) => boolean): void => {
    for (const row of rows.filter(wanted)) {
      const says = row.ours === "accept" ? row.kernelMessage : row.ourMessage.split("\n").at(-1);
      lines.push(`${session.paint("error", word)} ${row.id}: ${says}`);
    }
  };
  bad("false accept", (row) => row.kernel === "reject" && row.ours === "accept");
  bad("false reject", (row) => row.kernel === "accept" && row.ours === "reject");
  for (const word of ["undecided", "unsupported", "crashed"] as const) bad(word, (row) => row.ours === word);
  const width = Math.max(8, ...Object.keys(report.topics).map((topic) => topic.length));
  lines.push("", `${"topic".padEnd(width)}  accepts          rejects`);
  for (const [topic, { accept, reject }] of Object.entries(report.topics)) {
    lines.push(`${topic.padEnd(width)}  ${share(accept).padEnd(15)}  ${share(reject)}`);
  }
  const walked = rows.reduce((sum, row) => sum + row.instructions, 0);
  const theirs = rows.reduce((sum, row) => sum + row.kernelInstructions, 0);
  lines.push(
    "",
    `accepts that agree: ${share(report.accept)}`,
    `rejects that agree: ${share(report.reject)}`,
    `messages that agree: ${share(report.messages)}`,
    `false accepts ${report.falseAccepts.length}, false rejects ${report.falseRejects.length}, ` +
      `undecided ${report.undecided.length}, unsupported ${report.unsupported.length}, crashed ${report.crashed.length}`,
    `${report.seconds.toFixed(2)} s, ${walked} instructions walked; the kernel walked ${theirs}`,
  );
  return `${lines.join("\n")}\n`;
}
