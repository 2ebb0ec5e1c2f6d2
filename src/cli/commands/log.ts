// `bpflab log`: a pasted log of the Linux verifier, explained.

import type { Diagnostic } from "../../lab/asm.ts";
import { type ExplainedLog, explainLogs } from "../../lab/explain-log.ts";
import { readBytes } from "../files.ts";
import { exit, UsageError } from "../io.ts";
import { jsonDiagnostics, type Session } from "../session.ts";

/** No buffer of a loader is larger. */
const mostBytes = 512 << 20;

export async function run(session: Session): Promise<number> {
  const file = session.args.operands[0] ?? "-";
  const name = file === "-" ? "<stdin>" : file;
  const bytes = await readBytes(file, session.io);
  if (bytes.length > mostBytes) throw new UsageError(`${name} is too long: ${bytes.length} bytes`);
  const text = decode(bytes);
  const logs = typeof text === "string" ? explainLogs(text) : [];
  const wrong = typeof text === "string" ? (logs.length === 0 ? noLog(name, text) : undefined) : notText(name, bytes);
  if (wrong !== undefined) {
    if (session.json) session.document({ ok: false, diagnostics: jsonDiagnostics([wrong]) });
    else session.io.err(session.text([wrong], name));
    return exit.usage;
  }
  if (session.json) session.document({ ok: true, logs: logs.map(document) });
  else session.out(logs.map((log) => shown(log, name, session)).join("\n"));
  const outcomes = logs.map((log) => log.outcome);
  if (outcomes.includes("refused")) return exit.refused;
  return outcomes.includes("open") ? exit.usage : exit.ok;
}

function decode(bytes: Uint8Array): string | undefined {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  const text = new TextDecoder(utf16 ? "utf-16le" : "utf-8").decode(bytes);
  return text.includes("\0") ? undefined : text;
}

function notText(name: string, bytes: Uint8Array): Diagnostic {
  const at = bytes.indexOf(0);
  // The bytes before it are shown as if they were text, so that the place can be found.
  const source = { name, text: new TextDecoder("latin1").decode(bytes.subarray(0, Math.min(bytes.length, at + 1))) };
  return {
    code: "E0114",
    severity: "error",
    at: { source, start: Math.max(0, at), end: Math.max(0, at) + 1 },
    text: "this is not text",
    label: "a byte of value 0",
    notes: [],
    help: "a log is what the verifier printed; an object file is not read here",
  };
}

function noLog(name: string, text: string): Diagnostic {
  const source = { name, text };
  const start = Math.max(0, text.search(/\S/));
  return {
    code: "E0115",
    severity: "error",
    at: { source, start, end: Math.min(text.length, start + 1) },
    text: text.trim() === "" ? "the input is empty" : "there is no log of the Linux verifier in it",
    label: text.trim() === "" ? "" : "no line from here on is one of the verifier's",
    notes: [],
    help: "a log has lines such as `0: (b7) r0 = 0`, and ends with why the program was refused",
  };
}

function document({ outcome, known, diagnostic, around, line }: ExplainedLog): Readonly<Record<string, unknown>> {
  return { outcome, known, line, around, diagnostics: jsonDiagnostics(diagnostic === undefined ? [] : [diagnostic]) };
}

function shown(log: ExplainedLog, name: string, session: Session): string {
  const { diagnostic, listing, around, line, outcome } = log;
  if (diagnostic === undefined) {
    const word = outcome === "accepted" ? session.paint("good", "accepted") : outcome;
    return `${name}:${line}: ${word}\n`;
  }
  const instruction = (pc: number): { readonly text: string } | undefined => {
    const text = listing.get(pc);
    return text === undefined ? undefined : { text };
  };
  return `${session.text([diagnostic], { name: `${name}:${line}`, instruction })}${listed(around, session)}`;
}

function listed(around: ExplainedLog["around"], session: Session): string {
  if (around.length === 0) return "";
  const digits = Math.max(...around.map(({ pc }) => String(pc).length));
  const lines = around.map(({ pc, text, refused }) => {
    const line = `${refused ? ">" : " "} ${String(pc).padStart(digits)}: ${text}`;
    return refused ? session.paint("error", line) : line;
  });
  return `${session.paint("bold", "around it:")}\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
