// The text of a litmus test as places in it: comments blanked, so that what is left has the offsets of the original, and
// a cursor over words and signs.
import type { Diagnostic } from "../../diag/diagnostic.ts";
import { type Source, type Span, spanOf } from "../../diag/source.ts";

/** Thrown where reading cannot go on, caught in read.ts. */
export class Unreadable {
  readonly diagnostic: Diagnostic;
  constructor(code: Diagnostic["code"], at: Span, text: string, help?: string) {
    this.diagnostic = { code, severity: "error", at, text, notes: [], ...(help === undefined ? {} : { help }) };
  }
}

/** The text with `(* comments *)`, which nest, as blanks; line ends stay. */
export function withoutComments(source: Source): string {
  const { text } = source;
  const out: string[] = [];
  const open: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const two = text.slice(at, at + 2);
    if (two === "(*" || (two === "*)" && open.length > 0)) {
      if (two === "(*") open.push(at);
      else open.pop();
      out.push("  ");
      at += 1;
    } else {
      const char = text[at] ?? "";
      out.push(open.length > 0 && char !== "\n" ? " " : char);
    }
  }
  const unclosed = open[0];
  if (unclosed !== undefined) {
    throw new Unreadable("E1001", spanOf(source, unclosed, unclosed + 2), "this comment is never closed");
  }
  return out.join("");
}

export interface Token {
  readonly kind: "name" | "number" | "sign" | "end";
  readonly text: string;
  readonly at: Span;
}

const shapes = /\s*(?:(0x[0-9a-fA-F]+|\d+)|([A-Za-z_][\w.]*)|(\/\\|\\\/|!=|==|[^\s\w]))/y;

/** Reads `text` between two offsets of `source`. */
export class Tokens {
  private readonly source: Source;
  private readonly text: string;
  private readonly end: number;
  private offset: number;
  private ahead: Token | undefined;

  constructor(source: Source, text: string, start: number, end: number) {
    this.source = source;
    this.text = text.slice(0, end);
    this.offset = start;
    this.end = end;
  }

  peek(): Token {
    this.ahead ??= this.lex();
    return this.ahead;
  }

  next(): Token {
    const token = this.peek();
    this.ahead = undefined;
    return token;
  }

  /** Takes the next token if it is this sign or word. */
  take(text: string): boolean {
    if (this.peek().text !== text) return false;
    this.next();
    return true;
  }

  expect(text: string, where: string): void {
    const token = this.next();
    if (token.text !== text) throw unexpected(token, `\`${text}\` ${where}`);
  }

  private lex(): Token {
    shapes.lastIndex = this.offset;
    const found = shapes.exec(this.text);
    if (found === null) return { kind: "end", text: "", at: spanOf(this.source, this.end, this.end) };
    const [, number, name, sign] = found;
    const text = number ?? name ?? sign ?? "";
    this.offset = shapes.lastIndex;
    const at = spanOf(this.source, this.offset - text.length, this.offset);
    return { kind: number !== undefined ? "number" : name !== undefined ? "name" : "sign", text, at };
  }
}

export function unexpected(token: Token, wanted: string): Unreadable {
  const found = token.kind === "end" ? "the text ends here" : `found \`${token.text}\``;
  return new Unreadable("E1001", token.at, `expected ${wanted}, ${found}`);
}
