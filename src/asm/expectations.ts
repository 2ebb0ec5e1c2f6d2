// `# expect:` comments: what a program says should happen to it.
import { type Span, spanOf } from "../diag/source.ts";
import type { Expectation, RcuRegime } from "../isa/program.ts";
import type { Comment } from "./lex.ts";
import { fail } from "./report.ts";
import type { Unit } from "./unit.ts";

const head = /^\s*expect(?:\[([^\]]*)\])?\s*:/i;
const profile = /^\s*profile\s*:\s*(.*?)\s*$/i;

/** Reads a comment that is an expectation or names the profile; others are left alone. */
export function comment(found: Comment, unit: Unit): void {
  const named = profile.exec(found.text);
  if (named !== null) unit.profile = named[1];
  const start = head.exec(found.text);
  if (start === null) return;
  const { at } = found;
  const offset = at.start + (at.end - at.start - found.text.length) + start[0].length;
  unit.expectations.push(new Reader(found.text.slice(start[0].length), offset, at).read(start[1]));
}

class Reader {
  private at = 0;
  private readonly text: string;
  private readonly offset: number;
  private readonly whole: Span;

  constructor(text: string, offset: number, whole: Span) {
    this.text = text;
    this.offset = offset;
    this.whole = whole;
  }

  read(regime: string | undefined): Expectation {
    const rcu = this.regime(regime);
    const verdict = this.take(/(accept|reject|fault)(?!\w)/y)?.[1];
    if (verdict !== "accept" && verdict !== "reject" && verdict !== "fault") {
      return this.bad("an expectation says `accept`, `reject` or `fault`");
    }
    const code = verdict === "accept" ? undefined : this.take(/[EL]\d{4}(?!\w)/y)?.[0];
    const clauses = this.clauses(verdict);
    return {
      verdict,
      ...(code ? { code } : {}),
      ...clauses,
      ...(rcu ? { rcu } : {}),
      at: this.whole,
      text: this.text.trim(),
    };
  }

  private regime(text: string | undefined): RcuRegime | undefined {
    if (text === undefined || text === "explicit" || text === "implicit") return text;
    return fail("E0113", this.whole, `there is no RCU regime \`${text.slice(0, 40)}\``, {
      help: "regimes are `explicit` and `implicit`",
    });
  }

  private clauses(verdict: Expectation["verdict"]): Partial<Expectation> {
    let found: Partial<Expectation> = {};
    for (;;) {
      this.take(/,/y);
      if (this.rest() === "") return found;
      found = { ...found, ...this.clause(verdict) };
    }
  }

  private clause(verdict: Expectation["verdict"]): Partial<Expectation> {
    if (verdict === "accept") {
      const retval = this.take(/retval\s+(-?)(0x[0-9a-f]+|\d+)(?!\w)/iy);
      if (retval !== null) return { retval: BigInt(retval[2] ?? "") * (retval[1] ? -1n : 1n) };
    } else if (this.rest().startsWith("retval")) this.bad("only an accepted program returns a value");
    const line = this.take(/at\s+line\s+(\d+)(?!\w)/y);
    if (line !== null) return { line: Number(line[1]) };
    const label = this.take(/at\s+(?!line\b)([A-Za-z_.$][\w.$]*)/y);
    if (label !== null) return { label: label[1] };
    const message = this.take(/msg\s+"((?:[^"\\]|\\.)*)"/y);
    if (message !== null) return { message: this.pattern(message[1] ?? "") };
    return this.bad('expected `retval N`, `at line N`, `at label` or `msg "…"`');
  }

  /** Only the quotation mark needs its backslash here; the rest belong to the pattern. */
  private pattern(text: string): string {
    const message = text.replaceAll('\\"', '"');
    try {
      new RegExp(message);
    } catch {
      this.bad("the message is not a regular expression");
    }
    return message;
  }

  private rest(): string {
    return this.text.slice(this.at).trim();
  }

  private blanks(): void {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    this.blanks();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at += found[0].length;
    return found;
  }

  private bad(text: string): never {
    this.blanks();
    const start = this.offset + Math.min(this.at, this.text.trimEnd().length);
    const end = Math.max(start, this.offset + this.text.trimEnd().length);
    const help = 'for example `# expect: reject E0301 at line 7 msg "invalid mem access"`';
    return fail("E0113", spanOf(this.whole.source, start, end), text, { help });
  }
}
