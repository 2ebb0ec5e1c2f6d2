// Text to statements. A statement is the tokens between two ends of line or semicolons; one
// is made at a time, so that a program of a million lines costs the memory of one line.
import { type Source, type Span, spanOf } from "../diag/source.ts";
import { fail } from "./report.ts";

export type Token = TokenBody & { readonly start: number; readonly end: number };
type TokenBody =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "number"; readonly text: string; readonly value: bigint }
  /** `1f` or `1b`. */
  | { readonly kind: "local"; readonly text: string; readonly label: string; readonly forward: boolean }
  | { readonly kind: "string"; readonly text: string; readonly value: string }
  /** `#12` directly after the name in a call. */
  | { readonly kind: "hash"; readonly text: string; readonly value: bigint }
  /** `hex:0102` in a map entry. */
  | { readonly kind: "hex"; readonly text: string; readonly digits: string }
  | { readonly kind: "punct"; readonly text: string };

/** A comment's text without its marker, and where it stands. */
export interface Comment {
  readonly text: string;
  readonly at: Span;
}

/** No line that a person or a tool wrote is longer; and a token costs far more than a character. */
export const longestLine = 1 << 16;

const space = /[ \t\r\f\v\u00a0]+/y;
const word = /[A-Za-z_.$][A-Za-z0-9_.$@]*/y;
const signedOperator = /s(?:>>=|\/=|%=|>=|<=|>|<)/iy;
const localLabel = /(\d+)([fb])(?![A-Za-z0-9_])/y;
const number = /0x[0-9a-f]+|0b[01]+|0o[0-7]+|\d+/iy;
const suffix = /(?:ull|llu|ul|lu|ll|l|u)?(?![A-Za-z0-9_.$])/iy;
const hash = /#-?\d+/y;
const hexBytes = /hex:((?:[0-9a-f]{2}_?)*)(?![A-Za-z0-9_])/iy;
const string = /"((?:[^"\\\n]|\\.)*)"/y;
const character = /'(?:([^\\'\n])|\\(.))'?/y;
const punct = />>>=|>>=|<<=|[-+*/%&|^=!<>]=|!&|<<|>>|[-+*/%&|^~=!<>()[\]{},:@?]/y;
const escapes = new Map(Object.entries({ n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" }));

function match(pattern: RegExp, text: string, at: number, end: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found !== null && at + found[0].length <= end ? found : null;
}

export function withoutEscapes(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{1,2})|([0-7]{1,3})|(.))/gi, (_, hex, octal, letter) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    return escapes.get(letter) ?? letter;
  });
}

/** The bounds of each line, without its end. */
export function* lines(text: string): Generator<readonly [start: number, end: number]> {
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (start <= text.length) {
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found;
    yield [start, end];
    start = end + 1;
  }
}

/** Reads one line at a time; remembers whether a block comment is open. */
export class Lexer {
  readonly source: Source;
  private openComment = -1;

  constructor(source: Source) {
    this.source = source;
  }

  span(start: number, end: number): Span {
    return spanOf(this.source, start, end);
  }

  /** Where a block comment was opened that the text never closes. */
  get unclosed(): Span | undefined {
    return this.openComment < 0 ? undefined : this.span(this.openComment, this.openComment + 2);
  }

  /**
   * The statements of the text from `start` to `end`, which must lie in one line.
   * Calls `onComment` for each comment. Throws a Fault at the first character that belongs to nothing.
   */
  *line(start: number, end: number, onComment: (comment: Comment) => void): Generator<Token[]> {
    const { text } = this.source;
    let tokens: Token[] = [];
    let at = start;
    if (this.openComment >= 0) {
      const close = text.indexOf("*/", at);
      if (close < 0 || close + 2 > end) return;
      this.openComment = -1;
      at = close + 2;
    }
    while (at < end) {
      const gap = match(space, text, at, end);
      if (gap !== null) at += gap[0].length;
      if (at >= end) break;
      if (text[at] === ";") {
        yield tokens;
        tokens = [];
        at++;
        continue;
      }
      if (text.startsWith("/*", at)) {
        const close = text.indexOf("*/", at + 2);
        if (close < 0 || close + 2 > end) {
          this.openComment = at;
          break;
        }
        onComment({ text: text.slice(at + 2, close), at: this.span(at, close + 2) });
        at = close + 2;
        continue;
      }
      const token = this.token(tokens, at, end);
      if (token === null) {
        const marker = text[at] === "#" ? 1 : 2;
        onComment({ text: text.slice(at + marker, end), at: this.span(at, end) });
        break;
      }
      tokens.push(token);
      at = token.end;
    }
    if (tokens.length > 0) yield tokens;
  }

  /** The token at `at`, or null where a comment begins that runs to the end of the line. */
  private token(before: readonly Token[], at: number, end: number): Token | null {
    const { text } = this.source;
    const first = before[0]?.kind === "word" ? before[0].text.toLowerCase() : "";
    if (text[at] === "#") {
      const last = before[before.length - 1];
      const attached = first === "call" && last?.kind === "word" && last.end === at ? match(hash, text, at, end) : null;
      return (
        attached && {
          kind: "hash",
          text: attached[0],
          value: BigInt(attached[0].slice(1)),
          start: at,
          end: at + attached[0].length,
        }
      );
    }
    if (text.startsWith("//", at)) return null;
    const bytes = first === ".entry" ? match(hexBytes, text, at, end) : null;
    if (bytes !== null) {
      const digits = (bytes[1] ?? "").replaceAll("_", "");
      return { kind: "hex", text: bytes[0], digits, start: at, end: at + bytes[0].length };
    }
    const operator = match(punct, text, at, end) ?? match(signedOperator, text, at, end);
    if (operator !== null) {
      return { kind: "punct", text: operator[0].toLowerCase(), start: at, end: at + operator[0].length };
    }
    const name = match(word, text, at, end);
    if (name !== null) return { kind: "word", text: name[0], start: at, end: at + name[0].length };
    const local = match(localLabel, text, at, end);
    if (local !== null && !/^0b[01]/i.test(text.slice(at, at + 3))) {
      const [all, label = "", way] = local;
      return { kind: "local", text: all, label, forward: way === "f", start: at, end: at + all.length };
    }
    const digits = match(number, text, at, end);
    if (digits !== null) return this.number(digits[0], at, end);
    const quoted = match(string, text, at, end);
    if (quoted !== null) {
      const value = withoutEscapes(quoted[1] ?? "");
      return { kind: "string", text: quoted[0], value, start: at, end: at + quoted[0].length };
    }
    const letter = match(character, text, at, end);
    if (letter !== null) {
      const code = (letter[1] ?? withoutEscapes(`\\${letter[2]}`)).codePointAt(0) ?? 0;
      return { kind: "number", text: letter[0], value: BigInt(code), start: at, end: at + letter[0].length };
    }
    const size = (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    const help = text[at] === '"' || text[at] === "'" ? "the quotation mark is never closed" : undefined;
    return fail("E0101", this.span(at, at + size), `unexpected character \`${text.slice(at, at + size)}\``, { help });
  }

  private number(digits: string, at: number, end: number): Token {
    const { text } = this.source;
    const tail = match(suffix, text, at + digits.length, end);
    const stop = at + digits.length + (tail?.[0].length ?? 0);
    if (tail === null) {
      const bad = match(/[A-Za-z0-9_.$]*/y, text, at, end)?.[0] ?? digits;
      fail("E0101", this.span(at, at + bad.length), `\`${bad.slice(0, 40)}\` is not a number`);
    }
    // The widest number anyone needs is 64 binary digits.
    if (digits.length > 80) fail("E0103", this.span(at, stop), "the number has more than 64 bits");
    const octal = /^0\d+$/.test(digits);
    if (octal && /[89]/.test(digits)) {
      const decimal = digits.replace(/^0+/, "");
      const help = `a leading zero means octal; for the decimal number write \`${decimal}\``;
      fail("E0101", this.span(at, stop), `\`${digits}\` is not an octal number`, { help });
    }
    const value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
    return { kind: "number", text: text.slice(at, stop), value, start: at, end: stop };
  }
}
