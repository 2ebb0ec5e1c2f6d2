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
    let found: { -readonly [K in keyof Expectation]?: Expectation[K] } = {};
    for (;;) {
      this.take(/,/y);
      if (this.rest() === "") return found;
      const retval = this.take(/retval\s+(-?(?:0x[0-9a-f]+|\d+))(?!\w)/iy)?.[1];
      const line = this.take(/at\s+line\s+(\d+)(?!\w)/y)?.[1];
      const label = line === undefined ? this.take(/at\s+([A-Za-z_.$][\w.$]*)/y)?.[1] : undefined;
      const message = this.take(/msg\s+"((?:[^"\\]|\\.)*)"/y)?.[1];
      if (retval !== undefined) {
        if (verdict !== "accept") this.bad("only an accepted program returns a value");
        found = { ...found, retval: retval.startsWith("-") ? -BigInt(retval.slice(1)) : BigInt(retval) };
      } else if (line !== undefined) found = { ...found, line: Number(line) };
      else if (label !== undefined) found = { ...found, label };
      else if (message !== undefined) found = { ...found, message: this.pattern(message) };
      else this.bad('expected `retval N`, `at line N`, `at label` or `msg "…"`');
    }
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

  private take(pattern: RegExp): RegExpExecArray | null {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found !== null) this.at += found[0].length;
    return found;
  }

  private bad(text: string): never {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
    const start = this.offset + Math.min(this.at, this.text.trimEnd().length);
    const end = Math.max(start, this.offset + this.text.trimEnd().length);
    const help = 'for example `# expect: reject E0301 at line 7 msg "invalid mem access"`';
    return fail("E0113", spanOf(this.whole.source, start, end), text, { help });
  }
}
