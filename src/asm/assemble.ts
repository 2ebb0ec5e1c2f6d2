// Text to a program. Whatever the text is, the result is a program or a list of what is wrong
// with it; nothing is thrown.
import type { Diagnostic, Outcome } from "../diag/diagnostic.ts";
import { type Source, spanOf } from "../diag/source.ts";
import type { Program } from "../isa/program.ts";
import type { IsaVersion } from "../isa/since.ts";
import type { Setting } from "./assignment.ts";
import { Cursor } from "./cursor.ts";
import { directive } from "./directives.ts";
import { comment } from "./expectations.ts";
import { Lexer, lines, longestLine, type Token } from "./lex.ts";
import { isLog, LogReader } from "./log.ts";
import { mnemonic, mnemonics } from "./mnemonic.ts";
import { looksLikeRegister } from "./operand.ts";
import { pseudoc, pseudocWords } from "./pseudoc.ts";
import { Fault, fail, report } from "./report.ts";
import { resolve } from "./resolve.ts";
import { Unit } from "./unit.ts";

export type Dialect = "pseudoc" | "mnemonic";

export interface AssembleOptions {
  /** Absent: as `.dialect` says, or else as the first instruction shows. */
  readonly dialect?: Dialect;
  readonly name?: string;
  /** Refuse instructions newer than this. */
  readonly isa?: IsaVersion;
}

/** Texts above this size are no programs: 2^20 instructions take a quarter of it. */
const longestText = 1 << 27;

export function assemble(input: string | Source, options: AssembleOptions = {}): Outcome<Program> {
  const source: Source = typeof input === "string" ? { name: options.name ?? "input", text: input } : input;
  const unit = new Unit(source);
  const notText = refuse(source);
  if (notText !== undefined) return { ok: false, diagnostics: [notText] };
  unit.dialect = options.dialect;
  if (isLog(source.text)) new LogReader(unit).read();
  else readLines(unit);
  const program = resolve(unit, options.name ?? source.name, options.isa);
  if (program !== undefined) return { ok: true, value: program, diagnostics: unit.remarks };
  return { ok: false, diagnostics: inOrder([...unit.errors, ...unit.remarks]) };
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort((a, b) => (a.at?.start ?? 0) - (b.at?.start ?? 0));
}

function refuse(source: Source): Diagnostic | undefined {
  const { text } = source;
  const control = firstControl(text);
  if (control >= 0) {
    const elf = text.startsWith("\x7fELF");
    const help = elf ? "this is an ELF object file, not assembly text" : "assembly is plain text";
    return report("error", "E0114", spanOf(source, control, control + 1), "the input is not text", { help });
  }
  if (text.length > longestText) {
    return report("error", "E0114", spanOf(source, longestText, longestText + 1), "the input is too long");
  }
  return undefined;
}

/** The first character that no text has. Tab, line ends and page breaks are text; so is DEL, which real files contain. */
function firstControl(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 && (code < 0x09 || code > 0x0d)) return at;
  }
  return -1;
}

function readLines(unit: Unit): void {
  const { source } = unit;
  const lexer = new Lexer(source);
  const read = statementReader(unit);
  for (const [start, end] of lines(source.text)) {
    if (unit.full) return;
    if (start === end) continue;
    unit.attempt(() => {
      if (end - start > longestLine) {
        const at = spanOf(source, start + longestLine, start + longestLine + 1);
        fail("E0114", at, `the line has ${end - start} characters; at most ${longestLine} are read`);
      }
      for (const tokens of lexer.line(start, end, (found) => comment(found, unit))) read(tokens);
    });
  }
  const { unclosed } = lexer;
  if (unclosed !== undefined) unit.error(report("error", "E0101", unclosed, "this comment is never closed"));
  unit.attempt(() => unit.flush());
}

/** Reads statements into `unit`. A line's first error ends the line. */
function statementReader(unit: Unit): (tokens: readonly Token[]) => void {
  const setting: Setting = { names: () => unit.names() };
  let lastLine = -1;
  return (tokens) => {
    const cursor = new Cursor(unit.source, tokens);
    labels(cursor, unit);
    const token = cursor.peek();
    if (token === undefined) return;
    try {
      if (token.kind === "word" && token.text.startsWith(".")) directive(cursor, unit);
      else if (!unit.inData) {
        unit.dialect ??= guess(cursor) ?? detect(unit.source);
        unit.add(unit.dialect === "mnemonic" ? mnemonic(cursor, setting) : pseudoc(cursor, setting));
      }
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      throw afterSemicolon(unit, tokens, thrown, lastLine);
    }
    lastLine = tokens[0]?.start ?? -1;
    for (const remark of cursor.remarks) unit.remarks.push(remark);
  };
}

function labels(cursor: Cursor, unit: Unit): void {
  while (cursor.isPunct(":", 1)) {
    const token = cursor.peek();
    if (token?.kind !== "word" && !(token?.kind === "number" && /^\d+$/.test(token.text))) return;
    cursor.at += 2;
    unit.label(token.text, cursor.spanOf(token));
  }
}

/** `r0 = 1 ; comment`: the text after the semicolon was to be a comment, as in other assemblers. */
function afterSemicolon(unit: Unit, tokens: readonly Token[], fault: Fault, before: number): Fault {
  const start = tokens[0]?.start ?? 0;
  const { text } = unit.source;
  const lineStart = text.lastIndexOf("\n", start) + 1;
  const semicolon = text.lastIndexOf(";", start);
  if (semicolon < lineStart || before < lineStart) return fault;
  const help = "`;` separates instructions; a comment begins with `#`";
  return new Fault({ ...fault.diagnostic, help: fault.diagnostic.help ? `${fault.diagnostic.help}; ${help}` : help });
}

/** The dialect a statement belongs to, where it can belong to one only. */
function guess(cursor: Cursor): Dialect | undefined {
  const token = cursor.peek();
  if (token?.kind === "punct") return token.text === "*" ? "pseudoc" : undefined;
  if (token?.kind !== "word") return undefined;
  const word = token.text.toLowerCase();
  if (word === "lock") return cursor.isPunct("*", 1) ? "pseudoc" : "mnemonic";
  if (looksLikeRegister(token)) return "pseudoc";
  if (mnemonics.has(word) && word !== "call" && word !== "exit") return "mnemonic";
  return pseudocWords.includes(word) && word !== "call" && word !== "exit" ? "pseudoc" : undefined;
}

/** A text that has shown no dialect by then is all comments, or none. */
const detectWithin = 10_000;

/** The dialect of the first statement of a text that shows one. */
export function detect(source: Source): Dialect {
  const lexer = new Lexer(source);
  let read = 0;
  for (const [start, end] of lines(source.text)) {
    if (end - start > longestLine) continue;
    if (++read > detectWithin) break;
    try {
      for (const tokens of lexer.line(start, end, () => undefined)) {
        const cursor = new Cursor(source, tokens);
        while (cursor.isPunct(":", 1)) cursor.at += 2;
        const found = guess(cursor);
        if (found !== undefined) return found;
      }
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
    }
  }
  return "pseudoc";
}
