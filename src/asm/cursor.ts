// A place among the tokens of one statement, and the few questions a parser asks of it.
import type { Diagnostic } from "../diag/diagnostic.ts";
import { type Source, type Span, spanOf } from "../diag/source.ts";
import type { Token } from "./lex.ts";
import { fail } from "./report.ts";

export class Cursor {
  readonly source: Source;
  readonly tokens: readonly Token[];
  /** Warnings and notes of this statement; it is not wrong because of them. */
  readonly remarks: Diagnostic[] = [];
  at = 0;

  constructor(source: Source, tokens: readonly Token[]) {
    this.source = source;
    this.tokens = tokens;
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead];
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  /** The place of the next token, or just after the last one. */
  here(): Span {
    const token = this.peek();
    if (token !== undefined) return this.spanOf(token);
    const end = this.tokens[this.tokens.length - 1]?.end ?? 0;
    return spanOf(this.source, end, end);
  }

  spanOf(token: Token): Span {
    return spanOf(this.source, token.start, token.end);
  }

  /** From token number `first` to the one before the next. */
  since(first: number): Span {
    const start = this.tokens[first]?.start ?? 0;
    const end = this.tokens[Math.max(first, this.at - 1)]?.end ?? start;
    return spanOf(this.source, start, end);
  }

  next(): Token | undefined {
    const token = this.peek();
    if (token !== undefined) this.at++;
    return token;
  }

  isPunct(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token?.kind === "punct" && token.text === text;
  }

  isWord(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token?.kind === "word" && token.text.toLowerCase() === text;
  }

  /** Takes the token if it is this punctuation. */
  punct(text: string): boolean {
    const is = this.isPunct(text);
    if (is) this.at++;
    return is;
  }

  word(text: string): boolean {
    const is = this.isWord(text);
    if (is) this.at++;
    return is;
  }

  expect(text: string, where: string): void {
    if (!this.punct(text)) this.unexpected(`\`${text}\` ${where}`);
  }

  /** The next token was to be `wanted` and is not. */
  unexpected(wanted: string, help?: string): never {
    const token = this.peek();
    const got = token === undefined ? "the line ends" : `found \`${clip(token.text)}\``;
    return fail("E0101", this.here(), `expected ${wanted}, ${got}`, { help });
  }

  /** Nothing may follow. */
  end(help?: string): void {
    if (this.done) return;
    const token = this.peek();
    fail("E0101", this.here(), `unexpected \`${clip(token?.text ?? "")}\` after the instruction`, { help });
  }
}

export function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
