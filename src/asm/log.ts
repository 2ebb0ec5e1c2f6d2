// The kernel verifier's log as a program, and llvm-objdump's listing, which numbers lines the
// same way. A log is a walk along paths: an instruction may be shown many times or not at all,
// so each is put where its number says.
import { type Span, spanOf } from "../diag/source.ts";
import { encode, rawOf } from "../isa/encode.ts";
import type { Insn } from "../isa/insn.ts";
import { Cursor } from "./cursor.ts";
import { directive } from "./directives.ts";
import { comment } from "./expectations.ts";
import { Lexer, lines, longestLine } from "./lex.ts";
import type { Parsed } from "./parsed.ts";
import { pseudoc } from "./pseudoc.ts";
import { Fault, fail, report } from "./report.ts";
import { mostSlots, type Unit } from "./unit.ts";

const logLine = /^\s*(\d+): \(([0-9a-f]{2})\) /;
/** `       0:\tb7 00 00 00 01 00 00 00\tr0 = 0x1`. */
const listingLine = /^\s*(\d+):\s+(([0-9a-f]{2})(?: [0-9a-f]{2}){7}(?: [0-9a-f]{2}){0,8})\s+(?=\S)/;

/** Whether the first instruction of the text is written as the verifier prints it. */
export function isLog(text: string): boolean {
  return /^[ \t]*\d+:(?: \([0-9a-f]{2}\) |[ \t]+[0-9a-f]{2}(?: [0-9a-f]{2}){7,15}[ \t])/m.test(text);
}

/** One instruction as a log shows it, its opcode aside; undefined where the words say too little. */
export function loggedInsn(text: string, opcode: number): Insn | undefined {
  const source = { name: "", text };
  try {
    const [tokens] = new Lexer(source).line(0, Math.min(text.length, longestLine), () => undefined);
    if (tokens === undefined || tokens.length === 0) return undefined;
    return pseudoc(new Cursor(source, tokens), { names: () => [], opcode }).insn;
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return undefined;
  }
}

interface Shown {
  readonly parsed: Parsed;
  readonly text: string;
}

export class LogReader {
  private readonly unit: Unit;
  private readonly lexer: Lexer;
  private readonly shown = new Map<number, Shown>();

  constructor(unit: Unit) {
    this.unit = unit;
    this.lexer = new Lexer(unit.source);
    unit.dialect = "pseudoc";
  }

  read(): void {
    const { unit } = this;
    for (const [start, end] of lines(unit.source.text)) {
      if (unit.full) return;
      unit.attempt(() => {
        if (end - start <= longestLine) this.line(start, end);
      });
    }
    unit.attempt(() => this.place());
  }

  private line(start: number, end: number): void {
    const { unit } = this;
    const text = unit.source.text.slice(start, end);
    const listed = listingLine.exec(text);
    const found = logLine.exec(text) ?? listed;
    if (found === null) {
      // Directives and expectations may be added to a log; everything else in it is the verifier talking.
      if (!/^\s*[.#]/.test(text)) return;
      for (const tokens of this.lexer.line(start, end, (c) => comment(c, unit))) {
        const cursor = new Cursor(unit.source, tokens);
        if (tokens.length > 0) directive(cursor, unit);
      }
      return;
    }
    const pc = Number(found[1]);
    const from = start + found[0].length;
    const state = text.indexOf(";", found[0].length);
    const to = state < 0 ? end : start + state;
    if (pc >= mostSlots) fail("E0114", spanOf(unit.source, start, from), "instruction number out of range");
    this.instruction(pc, Number.parseInt(found[2] ?? "", 16), from, to);
    const parsed = this.shown.get(pc)?.parsed;
    if (listed === null || parsed === undefined || parsed.link !== undefined) return;
    const bytes = [...encode(parsed.insn)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    if (bytes !== listed[2])
      fail("E0111", parsed.origin.whole, `the listing's bytes are not those of the words: ${bytes}`);
  }

  private instruction(pc: number, opcode: number, from: number, to: number): void {
    const { unit } = this;
    const text = unit.source.text.slice(from, to).trim();
    if (this.shown.get(pc)?.text === text) return;
    const at = spanOf(unit.source, from, from + text.length);
    const before = this.shown.get(pc);
    if (before !== undefined) {
      const diagnostic = report("error", "E0107", at, `instruction ${pc} was \`${before.text}\` before`);
      unit.error({
        ...diagnostic,
        notes: [{ event: "defined", at: before.parsed.origin.whole, text: "first shown here" }],
      });
      return;
    }
    // A state that follows without a semicolon (Linux before 5.16) begins with its own number.
    const stop = / \d+: /.exec(text);
    const end = stop === null ? to : from + unit.source.text.slice(from, to).search(/\S/) + stop.index;
    const [tokens] = this.lexer.line(from, end, () => undefined);
    if (tokens === undefined) return;
    const parsed = pseudoc(new Cursor(unit.source, tokens), { names: () => unit.names(), opcode });
    this.check(parsed, opcode, at);
    this.shown.set(pc, { parsed, text });
  }

  /** The byte in parentheses and the words after it must be the same instruction. */
  private check(parsed: Parsed, opcode: number, at: Span): void {
    const { code } = rawOf(parsed.insn);
    if (code === opcode || parsed.link?.kind === "call") return;
    const [said, read] = [opcode, code].map((byte) => byte.toString(16).padStart(2, "0"));
    fail("E0111", at, `the log says opcode ${said}, the words say ${read}`);
  }

  private place(): void {
    const { unit, shown } = this;
    const numbers = [...shown.keys()].sort((a, b) => a - b);
    for (const pc of numbers) {
      const found = shown.get(pc);
      if (found === undefined) continue;
      if (pc !== unit.pc) {
        const help = "a log shows only what the verifier visited; add the missing instructions by hand";
        const text =
          pc > unit.pc ? `instructions ${unit.pc} to ${pc - 1} are not in the log` : `instruction ${pc} overlaps`;
        unit.error(report("error", "E0101", found.parsed.origin.whole, text, { help }));
        return;
      }
      unit.add(found.parsed);
    }
  }
}
