// The canonical layout of assembly text: labels at the margin, instructions indented by eight, one space where the
// grammar has a choice, comments kept where they were. It moves tokens and never reads them, so that a constant
// written in hexadecimal or as an expression stays as it was written.
import type { Source } from "../diag/source.ts";
import { type Comment, Lexer, type Token } from "./lex.ts";

const indent = " ".repeat(8);
/** Where comments after code stand: column 41 if the code leaves the room, and no further right than 57. */
const nearest = 40;
const furthest = 56;

interface Line {
  code: string;
  readonly comment: string;
  /** Kept as it is: inside a block comment, or with one among the code. */
  readonly verbatim?: true;
}

/** The text in canonical layout. The text must be one that assembles; the caller checks that the bytes are the same. */
export function format(source: Source): string {
  const lexer = new Lexer(source);
  const lines: Line[] = [];
  let start = 0;
  while (start <= source.text.length) {
    const newline = source.text.indexOf("\n", start);
    const end = newline < 0 ? source.text.length : newline;
    lines.push(...oneLine(lexer, source, start, end));
    start = end + 1;
  }
  alignComments(lines);
  const text = lines.map((line) => (line.verbatim ? line.code : joined(line))).join("\n");
  return `${text
    .replace(/\n{3,}/g, "\n\n")
    .replace(/^\n+/, "")
    .trimEnd()}\n`;
}

function joined(line: Line): string {
  return (line.code + line.comment).trimEnd();
}

function oneLine(lexer: Lexer, source: Source, start: number, end: number): Line[] {
  const raw = source.text.slice(start, end).replace(/\r$/, "");
  const openBefore = lexer.unclosed !== undefined;
  const comments: Comment[] = [];
  const statements = [...lexer.line(start, end, (comment) => comments.push(comment))];
  const block = comments.some((comment) => source.text.startsWith("/*", comment.at.start));
  if (openBefore || lexer.unclosed !== undefined || block)
    return [{ code: raw.trimEnd(), comment: "", verbatim: true }];
  const spoken = comments.map((comment) => source.text.slice(comment.at.start, comment.at.end).trim()).join(" ");
  const code = statements.flatMap((tokens) => statement(tokens, source));
  const [first, ...rest] = code;
  // A comment alone keeps to the margin if it was there, and stands with the instructions otherwise.
  if (first === undefined) return [{ code: spoken === "" || !/^\s/.test(raw) ? "" : indent, comment: spoken }];
  return [{ code: first, comment: spoken }, ...rest.map((each) => ({ code: each, comment: "" }))];
}

/** One statement: its labels and the rest, on one line where a short label leaves the room. */
function statement(tokens: readonly Token[], source: Source): string[] {
  const labels: string[] = [];
  let at = 0;
  while (tokens[at + 1]?.text === ":" && (tokens[at]?.kind === "word" || tokens[at]?.kind === "number")) {
    labels.push(`${tokens[at]?.text}:`);
    at += 2;
  }
  const rest = tokens.slice(at);
  const first = rest[0];
  if (first === undefined) return labels;
  const directive = first.kind === "word" && first.text.startsWith(".");
  const text = directive ? spacedDirective(rest, source) : spaced(rest, source);
  const last = labels.at(-1);
  if (last !== undefined && last.length < indent.length) {
    return [...labels.slice(0, -1), last.padEnd(indent.length) + text];
  }
  return [...labels, directive ? text : indent + text];
}

const slice = (token: Token, source: Source): string => source.text.slice(token.start, token.end);

/** `.map name, type=hash, key=4`: words apart, nothing around `=` (but in `.entry`), one space after a comma. */
function spacedDirective(tokens: readonly Token[], source: Source): string {
  const entry = tokens[0]?.text === ".entry";
  let out = "";
  tokens.forEach((token, at) => {
    const text = slice(token, source);
    const before = tokens[at - 1];
    const touching = before !== undefined && before.end === token.start;
    const assigns = entry && (text === "=" || before?.text === "=");
    if (
      at > 0 &&
      (assigns || before?.text === "," || (!touching && !/^[,=)\]]$/.test(text) && !/^[=([]$/.test(before?.text ?? "")))
    ) {
      out += " ";
    }
    out += text;
  });
  return out;
}

/** Registers and keywords are printed in lower case; names are the user's. */
const lowered = /^(?:[rw](?:10|[0-9])|fp|if|goto|gotol|may_goto|call|callx|exit|lock|ll|[us](?:8|16|32|64))$/i;

function spaced(tokens: readonly Token[], source: Source): string {
  const mnemonic = /^(?:ldx|stx|st[bhwd]|lock$)/i.test(tokens[0]?.text ?? "") && tokens[1]?.text !== "*";
  let brackets = 0;
  let out = "";
  tokens.forEach((token, at) => {
    const raw = slice(token, source);
    const text = token.kind === "word" && lowered.test(raw) ? raw.toLowerCase() : raw;
    const before = tokens[at - 1];
    if (before !== undefined && gapBetween(before, token, tokens[at - 2], { mnemonic, brackets })) out += " ";
    if (text === "[") brackets++;
    if (text === "]") brackets--;
    out += text;
  });
  return out;
}

interface Inside {
  readonly mnemonic: boolean;
  readonly brackets: number;
}

function gapBetween(before: Token, token: Token, earlier: Token | undefined, inside: Inside): boolean {
  const left = before.text;
  const right = token.text;
  const touching = before.end === token.start;
  if (inside.mnemonic && inside.brackets > 0) return false;
  if (/^[),\]:]$/.test(right) || /^[([~%]$/.test(left) || token.kind === "hash") return false;
  if (left === "%" && before.start !== token.start && earlier !== undefined && !touching) return true;
  // A cast stands against what it casts; a name against its arguments; a star against its parenthesis.
  if (right === "(") return !(before.kind === "word" && touching) && left !== "*" && left !== ")";
  if (right === "[") return inside.mnemonic || !touching;
  if (left === ")" && earlier !== undefined && token.kind === "word") return !touching;
  // A sign belongs to its number unless an operand stands before it.
  if (/^[+-]$/.test(left) && !operand(earlier)) return false;
  if (/^[+-]$/.test(left) && touching && /^(?:pc|goto|call)$/i.test(earlier?.text ?? "")) return false;
  if (/^[+-]$/.test(right) && /^pc$/i.test(left)) return false;
  return true;
}

function operand(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === "punct") return /^[)\]]$/.test(token.text);
  return !/^(?:goto|gotol|may_goto|call|pc)$/i.test(token.text);
}

/** Comments after code on adjoining lines stand in one column. */
function alignComments(lines: Line[]): void {
  let from = 0;
  while (from < lines.length) {
    let to = from;
    while (to < lines.length && trailing(lines[to])) to++;
    const run = lines.slice(from, to);
    const column = Math.min(furthest, Math.max(nearest, ...run.map((line) => line.code.length + 2)));
    for (const line of run) line.code = line.code.padEnd(Math.max(column, line.code.length + 2));
    from = to + 1;
  }
}

function trailing(line: Line | undefined): boolean {
  return line !== undefined && line.verbatim === undefined && line.comment !== "" && line.code.trim() !== "";
}
