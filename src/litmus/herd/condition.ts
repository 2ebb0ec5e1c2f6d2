// What follows the program: `locations [...]`, `filter C`, and the question `exists C`, `~exists C` or `forall C`, where C
// is made of `T:rN=value`, `location=value`, `/\`, `\/`, `~` and parentheses.
import { areaAddress, type Condition, extended, type Quantifier, type Term } from "../axioms/test.ts";
import { type Names, register, threadNumber, value } from "./names.ts";
import { type Tokens, unexpected } from "./text.ts";

export interface Question {
  readonly quantifier: Quantifier;
  readonly condition: Condition;
  readonly filter?: Condition;
  readonly observed: readonly Term[];
}

/** Words that end the program. */
export const questionStart = /^\s*(?:locations|filter|exists|~\s*exists|forall)\b/;

export class QuestionReader {
  private readonly tokens: Tokens;
  private readonly names: Names;
  private readonly threads: number;
  /** Bytes of a location that a condition compares. */
  private readonly sizeOf: (location: number) => number;
  private readonly seen = new Map<string, Term>();

  constructor(tokens: Tokens, names: Names, threads: number, sizeOf: (location: number) => number) {
    this.tokens = tokens;
    this.names = names;
    this.threads = threads;
    this.sizeOf = sizeOf;
  }

  read(): Question {
    const { tokens } = this;
    const listed: Term[] = [];
    let filter: Condition | undefined;
    for (;;) {
      if (tokens.take("locations")) listed.push(...this.locations());
      else if (tokens.take("filter")) filter = this.either();
      else break;
    }
    const quantifier = this.quantifier();
    this.seen.clear();
    const condition = this.either();
    const rest = tokens.peek();
    if (rest.kind !== "end") throw unexpected(rest, "the end of the condition");
    for (const term of listed) this.note(term);
    return { quantifier, condition, observed: [...this.seen.values()], ...(filter === undefined ? {} : { filter }) };
  }

  private quantifier(): Quantifier {
    const { tokens } = this;
    const token = tokens.next();
    if (token.text === "exists") return "exists";
    if (token.text === "forall") return "forall";
    if (token.text !== "~") throw unexpected(token, "`exists`, `~exists` or `forall`");
    tokens.expect("exists", "after `~`");
    return "not exists";
  }

  private locations(): readonly Term[] {
    const { tokens } = this;
    tokens.expect("[", "after `locations`");
    const out: Term[] = [];
    while (!tokens.take("]")) {
      if (!tokens.take(";")) out.push(this.term());
      if (tokens.peek().kind === "end") throw unexpected(tokens.peek(), "`]`");
    }
    return out;
  }

  private either(): Condition {
    let left = this.both();
    while (this.tokens.take("\\/")) left = { kind: "or", left, right: this.both() };
    return left;
  }

  private both(): Condition {
    let left = this.single();
    while (this.tokens.take("/\\")) left = { kind: "and", left, right: this.single() };
    return left;
  }

  private single(): Condition {
    const { tokens } = this;
    if (tokens.take("~") || tokens.take("not")) return { kind: "not", of: this.single() };
    if (tokens.take("true")) return { kind: "constant", holds: true };
    if (tokens.take("false")) return { kind: "constant", holds: false };
    if (tokens.take("(")) {
      const inner = this.either();
      tokens.expect(")", "to close the parenthesis");
      return inner;
    }
    const term = this.term();
    const sign = tokens.next();
    if (!["=", "==", "!="].includes(sign.text)) throw unexpected(sign, "`=`");
    const wanted = value(tokens, (name) => this.names.find(name));
    const compared = term.kind === "register" ? wanted : extended(wanted, this.sizeOf(term.location));
    const equal = { kind: "equal", term, value: compared } as const;
    return sign.text === "!=" ? { kind: "not", of: equal } : equal;
  }

  private term(): Term {
    const { tokens } = this;
    const token = tokens.next();
    if (token.kind === "number") {
      tokens.expect(":", "between the thread and its register");
      return this.note({
        kind: "register",
        thread: threadNumber(token, this.threads, token.at),
        reg: register(tokens),
      });
    }
    const name = token.text === "[" ? tokens.next() : token;
    if (name.kind !== "name") throw unexpected(name, "a register (`0:r1`) or the name of a location");
    if (token.text === "[") tokens.expect("]", "after the location");
    return this.note({ kind: "location", location: this.names.find(name) });
  }

  private note(term: Term): Term {
    const key = term.kind === "register" ? `${term.thread}:${term.reg}` : `${term.location}`;
    if (!this.seen.has(key)) this.seen.set(key, term);
    return term;
  }
}

/** The address that a location's name stands for. */
export function addressOf(location: number): bigint {
  return BigInt(areaAddress(location));
}
