// Conditions over what threads end with and what maps hold: `old[42] + new[42] + seen == 2`. Numbers are 64 bits without
// sign, as programs see them, until they are compared: then they are integers. `/\` and `\/` are herd's and and or.
import type { Diagnostic } from "../diag/diagnostic.ts";
import { type Source, type Span, spanOf } from "../diag/source.ts";

export type Expression =
  | { readonly kind: "number"; readonly value: bigint }
  /** A variable of a script, or the last result of a program thread. */
  | { readonly kind: "variable"; readonly name: string; readonly word: number; readonly at: Span }
  /** A word of a map's value; of per-CPU maps the sum, unless `cpu` names one. */
  | {
      readonly kind: "element";
      readonly map: string;
      readonly key: bigint;
      readonly word: number;
      readonly at: Span;
    }
  | { readonly kind: "not" | "minus"; readonly of: Expression }
  | { readonly kind: "binary"; readonly op: BinaryOp; readonly left: Expression; readonly right: Expression };

const levels = [["||"], ["&&"], ["==", "!="], ["<", "<=", ">", ">="], ["|"], ["^"], ["&"], ["+", "-"], ["*", "/", "%"]];
export type BinaryOp =
  | "||"
  | "&&"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "|"
  | "^"
  | "&"
  | "+"
  | "-"
  | "*"
  | "/"
  | "%";

const apply: Readonly<Record<BinaryOp, (a: bigint, b: bigint) => bigint>> = {
  "||": (a, b) => (a !== 0n || b !== 0n ? 1n : 0n),
  "&&": (a, b) => (a !== 0n && b !== 0n ? 1n : 0n),
  "==": (a, b) => (a === b ? 1n : 0n),
  "!=": (a, b) => (a !== b ? 1n : 0n),
  "<": (a, b) => (a < b ? 1n : 0n),
  "<=": (a, b) => (a <= b ? 1n : 0n),
  ">": (a, b) => (a > b ? 1n : 0n),
  ">=": (a, b) => (a >= b ? 1n : 0n),
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "&": (a, b) => a & b,
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  // As eBPF divides: by zero gives 0.
  "/": (a, b) => (b === 0n ? 0n : a / b),
  "%": (a, b) => (b === 0n ? a : a % b),
};

export type Atom = Extract<Expression, { kind: "variable" | "element" }>;

/** The atoms of an expression, each text once. */
export function atomsOf(expression: Expression, into: Map<string, Atom> = new Map()): Map<string, Atom> {
  switch (expression.kind) {
    case "variable":
    case "element":
      into.set(atomText(expression), expression);
      break;
    case "not":
    case "minus":
      atomsOf(expression.of, into);
      break;
    case "binary":
      atomsOf(expression.left, into);
      atomsOf(expression.right, into);
      break;
    case "number":
  }
  return into;
}

export function atomText(atom: Atom): string {
  const word = atom.word === 0 ? "" : `.${atom.word}`;
  return atom.kind === "variable" ? `${atom.name}${word}` : `${atom.map}[${atom.key}]${word}`;
}

export function evaluate(expression: Expression, value: (atom: Atom) => bigint): bigint {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "variable":
    case "element":
      return value(expression);
    case "not":
      return evaluate(expression.of, value) === 0n ? 1n : 0n;
    case "minus":
      return -evaluate(expression.of, value);
    case "binary":
      return apply[expression.op](evaluate(expression.left, value), evaluate(expression.right, value));
  }
}

export type Parsed =
  | { readonly ok: true; readonly value: Expression }
  | { readonly ok: false; readonly error: Diagnostic };

/** Reads the text between two offsets of a source. */
export function parseExpression(source: Source, start: number, end: number): Parsed {
  const reader = new Reader(source, start, end);
  try {
    return { ok: true, value: reader.whole() };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    const at = spanOf(source, error.start, Math.max(error.end, error.start + 1));
    return { ok: false, error: { code: "E0117", severity: "error", at, text: error.message, notes: [] } };
  }
}

class Wrong extends Error {
  readonly start: number;
  readonly end: number;
  constructor(message: string, start: number, end: number) {
    super(message);
    this.start = start;
    this.end = end;
  }
}

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const shape = /\s*(0x[0-9a-fA-F]+|\d+|[A-Za-z_][\w-]*(?:\.r0)?|\|\||&&|\/\\|\\\/|[=!<>]=|[-+*/%&|^<>!()[\].=])/y;
const deepest = 100;

class Reader {
  readonly #source: Source;
  readonly #end: number;
  readonly #tokens: Token[] = [];
  #at = 0;
  #depth = 0;

  constructor(source: Source, start: number, end: number) {
    this.#source = source;
    this.#end = end;
    shape.lastIndex = start;
    const text = source.text.slice(0, end);
    for (let at = start; ; at = shape.lastIndex) {
      shape.lastIndex = at;
      const found = shape.exec(text);
      if (found === null) break;
      const word = found[1] ?? "";
      this.#tokens.push({ text: word, start: shape.lastIndex - word.length, end: shape.lastIndex });
    }
  }

  whole(): Expression {
    const last = this.#tokens.at(-1)?.end ?? this.#end;
    const found = this.#binary(0);
    const next = this.#tokens[this.#at];
    if (next !== undefined) throw new Wrong(`\`${next.text}\` is not expected here`, next.start, next.end);
    const rest = this.#source.text.slice(last, this.#end);
    if (rest.trim() !== "") throw new Wrong("this is no part of an expression", last + rest.search(/\S/), this.#end);
    return found;
  }

  #binary(level: number): Expression {
    const operators = levels[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const token = this.#tokens[this.#at];
      const op = token === undefined ? undefined : named(token.text);
      if (op === undefined || !operators.includes(op)) return left;
      this.#at++;
      left = { kind: "binary", op, left, right: this.#binary(level + 1) };
    }
  }

  #unary(): Expression {
    const token = this.#take("a number, a variable or `map[key]`");
    if (++this.#depth > deepest) throw new Wrong("the expression is nested too deeply", token.start, token.end);
    try {
      if (token.text === "!") return { kind: "not", of: this.#unary() };
      if (token.text === "-") return { kind: "minus", of: this.#unary() };
      if (token.text === "(") {
        const inner = this.#binary(0);
        this.#expect(")");
        return inner;
      }
      if (/^\d/.test(token.text)) return { kind: "number", value: BigInt(token.text) };
      if (/^[A-Za-z_]/.test(token.text)) return this.#atom(token);
    } finally {
      this.#depth--;
    }
    throw new Wrong(`\`${token.text}\` is not expected here`, token.start, token.end);
  }

  #atom(name: Token): Expression {
    let end = name.end;
    if (this.#tokens[this.#at]?.text !== "[") {
      const word = this.#word();
      return { kind: "variable", name: name.text, word, at: spanOf(this.#source, name.start, end) };
    }
    this.#at++;
    const key = this.#take("a key");
    if (!/^\d/.test(key.text)) throw new Wrong("a key is a number", key.start, key.end);
    end = this.#expect("]").end;
    const word = this.#word();
    return { kind: "element", map: name.text, key: BigInt(key.text), word, at: spanOf(this.#source, name.start, end) };
  }

  /** `.1` behind an atom: its second 8-byte word. */
  #word(): number {
    if (this.#tokens[this.#at]?.text !== ".") return 0;
    this.#at++;
    const token = this.#take("the number of a word");
    if (!/^\d{1,4}$/.test(token.text)) throw new Wrong("`.` wants the number of a word", token.start, token.end);
    return Number(token.text);
  }

  #take(what: string): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Wrong(`${what} is missing`, this.#end, this.#end);
    return token;
  }

  #expect(text: string): Token {
    const token = this.#take(`\`${text}\``);
    if (token.text !== text) throw new Wrong(`\`${text}\` is missing before this`, token.start, token.end);
    return token;
  }
}

function named(text: string): BinaryOp | undefined {
  if (text === "/\\") return "&&";
  if (text === "\\/") return "||";
  if (text === "=") return "==";
  return text in apply ? (text as BinaryOp) : undefined;
}
