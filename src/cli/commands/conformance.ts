// `bpflab conformance`: the public suite over a folder, or one program as the suite's plugin.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { conformance, engines, runBytes } from "../../lab/index.ts";
import { hexBytes } from "../files.ts";
import { exit, UsageError } from "../io.ts";
import { Progress } from "../progress.ts";
import { jsonDiagnostics, type Session } from "../session.ts";

export async function run(session: Session): Promise<number> {
  const operand = session.args.operands[0];
  const program = session.args.text("program");
  if (program === undefined && operand !== undefined && isFolder(operand)) return suite(operand, session);
  if (program === undefined && session.io.stdinIsTty) {
    throw new UsageError(
      operand === undefined
        ? "`conformance` wants a folder of .data files, or a program on standard input"
        : `${operand} is no folder`,
    );
  }
  return plugin(program, operand, session);
}

function isFolder(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
}

function suite(folder: string, session: Session): number {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".data"))
    .sort();
  if (names.length === 0) throw new UsageError(`there are no .data files in ${folder}`);
  const files = names.map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
  const progress = new Progress(session.io);
  const reports = conformance(files, (at) => progress.say(`${at} of ${files.length}: ${names[at]}`));
  progress.done();
  if (session.json) session.document({ engines: reports });
  let failed = 0;
  for (const engine of engines) {
    const report = reports[engine];
    failed += report.failed.length;
    if (session.json) continue;
    for (const { name, reason } of report.failed)
      session.out(`${session.paint("error", "failed")} ${name}: ${reason}\n`);
    session.out(`${engine}: ${report.passed} of ${report.total} passed\n`);
  }
  return failed === 0 ? exit.ok : exit.refused;
}

/** Program and memory in hexadecimal in, r0 in hexadecimal out. */
async function plugin(given: string | undefined, memory: string | undefined, session: Session): Promise<number> {
  const program = given ?? new TextDecoder().decode(await session.io.readStdin());
  const bytes = hexBytes(program, "the program");
  const result = runBytes(bytes, hexBytes(memory ?? "", "the memory"));
  if (result.ok) {
    if (session.json) session.document({ r0: result.value.toString(16) });
    else session.out(`${result.value.toString(16)}\n`);
    return exit.ok;
  }
  if (session.json) session.document({ diagnostics: jsonDiagnostics(result.diagnostics) });
  else session.io.err(session.text(result.diagnostics, "the program"));
  return exit.refused;
}
