// `bpflab test`: the `# expect:` lines of programs, checked and reported.
import { writeFileSync } from "node:fs";
import { checkExpectations, type ExpectationResult, position, rewriteExpectations } from "../../lab/index.ts";
import { expand, reasonOf } from "../files.ts";
import { exit, UsageError } from "../io.ts";
import { load } from "../load.ts";
import { Progress } from "../progress.ts";
import { junit, type TestRow, tap } from "../reports.ts";
import type { Session } from "../session.ts";

export async function run(session: Session): Promise<number> {
  const { args } = session;
  const filter = filterOf(args.text("filter"));
  const given = args.operands.length === 0 ? ["."] : args.operands;
  const files = expand(given, [".bpf"]).filter((file) => filter.test(file));
  if (files.length === 0) throw new UsageError("no program matches");
  const rows: TestRow[] = [];
  const silent: string[] = [];
  const progress = new Progress(session.io);
  for (const [at, file] of files.entries()) {
    progress.say(`${at + 1} of ${files.length}: ${file}`);
    const found = await testFile(file, session);
    if (found.length === 0) silent.push(file);
    rows.push(...found);
  }
  progress.done();
  const failed = rows.filter((row) => !row.ok);
  if (session.json) {
    session.document({
      total: rows.length,
      passed: rows.length - failed.length,
      tests: rows.map(withoutDetail),
      silent,
    });
  } else if (args.flag("tap")) session.out(tap(rows));
  else if (args.flag("junit")) session.out(junit(rows));
  else session.out(report(rows, failed, silent, session));
  return failed.length === 0 || args.flag("bless") ? exit.ok : exit.refused;
}

function filterOf(text: string | undefined): RegExp {
  try {
    return new RegExp(text ?? "");
  } catch {
    throw new UsageError(`--filter: \`${text?.slice(0, 60)}\` is no regular expression`);
  }
}

function withoutDetail({ detail: _, ...row }: TestRow): Omit<TestRow, "detail"> {
  return row;
}

async function testFile(file: string, session: Session): Promise<readonly TestRow[]> {
  const { outcome, name, source } = await load(file, session.io);
  if (!outcome.ok) {
    const first = outcome.diagnostics.find((each) => each.severity === "error");
    const said = unassembled(source?.text ?? "");
    const line = first?.at === undefined ? undefined : position(first.at.source, first.at.start).line;
    const found = `reject ${first?.code ?? ""}${line === undefined ? "" : ` at line ${line}`}`;
    const ok = said !== undefined && said.code === first?.code && (said.line === undefined || said.line === line);
    return [
      { file, line, expected: said?.text ?? "a program", found, ok, detail: session.text(outcome.diagnostics, name) },
    ];
  }
  const results = checkExpectations(outcome.value);
  if (session.args.flag("bless") && source !== undefined && results.some((result) => !result.ok)) {
    write(file, rewriteExpectations(source.text, results));
  }
  return results.map((result) => ({ ...rowOf(file, result), detail: session.text(result.diagnostics, outcome.value) }));
}

/** What a text that does not assemble says of itself: the program that would carry it was never made. */
function unassembled(
  text: string,
): { readonly code: string; readonly line?: number; readonly text: string } | undefined {
  const found = /^\s*(?:#|\/\/)\s*expect:\s*(reject\s+(E01\d\d)(?:\s+at\s+line\s+(\d+))?)/m.exec(text);
  if (found === null) return undefined;
  return { text: found[1] ?? "", code: found[2] ?? "", ...(found[3] === undefined ? {} : { line: Number(found[3]) }) };
}

function rowOf(file: string, { expectation, found, ok }: ExpectationResult): Omit<TestRow, "detail"> {
  const at = expectation.at;
  const regime = expectation.rcu === undefined ? "" : ` [${expectation.rcu}]`;
  const line = at === undefined ? {} : { line: position(at.source, at.start).line };
  return { file, ...line, expected: expectation.text + regime, found, ok };
}

function write(file: string, text: string): void {
  if (file === "-") throw new UsageError("standard input cannot be rewritten");
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${reasonOf(error)}`);
  }
}

function report(
  rows: readonly TestRow[],
  failed: readonly TestRow[],
  silent: readonly string[],
  session: Session,
): string {
  const { paint } = session;
  const blessed = session.args.flag("bless") ? "rewritten" : "failed";
  const lines = failed.map((row) => {
    const place = row.line === undefined ? row.file : `${row.file}:${row.line}`;
    const detail = row.detail === "" ? "" : `\n${row.detail}`;
    return `${paint("error", blessed)} ${place}\n  ${paint("removed", `- ${row.expected}`)}\n  ${paint("added", `+ ${row.found}`)}\n${detail}`;
  });
  const passed = session.verbose
    ? rows.filter((row) => row.ok).map((row) => `passed ${row.file}: ${row.expected}\n`)
    : [];
  const without = silent.length === 0 ? "" : `; ${silent.length} files expect nothing`;
  const total = `${rows.length - failed.length} of ${rows.length} expectations met${without}\n`;
  return [...passed, ...lines, session.quiet && failed.length === 0 ? "" : total].join("");
}
