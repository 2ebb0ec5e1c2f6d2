// `bpflab verify`: the verdict on each program, once or whenever a file changes.
import { watch } from "node:fs";
import { expand } from "../files.ts";
import { exit, UsageError, worst } from "../io.ts";
import { judge, profileOf, verdictExit, verdictJson, verdictLine } from "../judging.ts";
import { type KernelAnswer, kernelAnswer } from "../kernel.ts";
import { load } from "../load.ts";
import { Progress } from "../progress.ts";
import { jsonDiagnostics, type Session } from "../session.ts";

export async function run(session: Session): Promise<number> {
  const files = expand(session.args.operands, [".bpf", ".s"]);
  if (!session.args.flag("watch")) return judgeAll(files, session);
  if (files.includes("-")) throw new UsageError("standard input cannot be watched");
  if (session.json) throw new UsageError("--watch and --json do not go together");
  return watchFiles(files, session);
}

async function judgeAll(files: readonly string[], session: Session): Promise<number> {
  const rows: Readonly<Record<string, unknown>>[] = [];
  const exits: number[] = [];
  const progress = new Progress(session.io);
  for (const [at, file] of files.entries()) {
    progress.say(`verifying ${at + 1} of ${files.length}: ${file}`);
    try {
      const about = files.length === 1 ? "" : `${at + 1} of ${files.length}: ${file}: `;
      const { row, code, text } = await judgeFile(file, session, progress, about);
      progress.done();
      rows.push(row);
      exits.push(code);
      if (!session.json) session.out(text);
    } catch (error) {
      // One file that cannot be read does not hide the verdicts on the others.
      if (!(error instanceof UsageError) || files.length === 1) throw error;
      rows.push({ file, verdict: "unreadable", error: error.message, diagnostics: [] });
      exits.push(exit.usage);
      if (!session.json) session.io.err(`bpflab: ${error.message}\n`);
    }
  }
  progress.done();
  if (session.json) session.document({ files: rows });
  return worst(exits);
}

interface Judged {
  readonly row: Readonly<Record<string, unknown>>;
  readonly code: number;
  readonly text: string;
}

async function judgeFile(file: string, session: Session, progress: Progress, about: string): Promise<Judged> {
  const { args, io } = session;
  const { outcome, name } = await load(file, io, {
    dialect: args.choice("dialect", ["pseudoc", "mnemonic"]),
    isa: args.choice("isa", ["v1", "v2", "v3", "v4"]),
  });
  if (!outcome.ok) {
    const row = { file, verdict: "unassembled", diagnostics: jsonDiagnostics(outcome.diagnostics) };
    return { row, code: exit.usage, text: session.text(outcome.diagnostics, name) };
  }
  const program = outcome.value;
  const verdict = judge(program, args, profileOf(args), progress, about);
  const diagnostics = [...verdict.diagnostics, ...(session.quiet ? [] : outcome.diagnostics)];
  const kernel = args.flag("kernel") ? await kernelAnswer(program, verdict.profile, 5) : undefined;
  const code = verdictExit[verdict.verdict];
  const parts = [
    verdict.log === undefined ? "" : `${verdict.log.trimEnd()}\n`,
    session.text(diagnostics, program),
    session.quiet && code === exit.ok ? "" : verdictLine(name, verdict, session),
    kernel === undefined ? "" : kernelLine(kernel, session),
  ];
  const both = [...verdict.diagnostics, ...outcome.diagnostics];
  const row = {
    ...verdictJson(file, verdict),
    diagnostics: jsonDiagnostics(both),
    ...(kernel === undefined ? {} : { kernel }),
  };
  return { row, code, text: parts.filter((part) => part !== "").join(diagnostics.length > 0 ? "\n" : "") };
}

function kernelLine(answer: KernelAnswer, session: Session): string {
  const words = {
    accept: "accepts",
    reject: "refuses",
    unable: "could not judge",
    unavailable: "was not asked",
  } as const;
  const tone = answer.verdict === "accept" ? "good" : answer.verdict === "reject" ? "error" : "dim";
  const message = answer.message === "" ? "" : `: ${answer.message}`;
  return `running kernel: ${session.paint(tone, words[answer.verdict])}${message}\n`;
}

/** Judges again after each change, until the process is interrupted. */
async function watchFiles(files: readonly string[], session: Session): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const again = async (): Promise<void> => {
    if (session.io.stdoutIsTty) session.out("\u001b[2J\u001b[H");
    try {
      await judgeAll(files, session);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      session.io.err(`bpflab: ${error.message}\n`);
    }
  };
  await again();
  const watchers = files.map((file) =>
    watch(file, () => {
      // Editors write a file in several steps.
      clearTimeout(timer);
      timer = setTimeout(() => void again(), 100);
    }),
  );
  return new Promise((resolve) => {
    process.once("SIGINT", () => {
      for (const watcher of watchers) watcher.close();
      resolve(130);
    });
  });
}
