// The directives: those of the GNU assembler that compilers write, and the laboratory's own.

import { didYouMean } from "../diag/suggest.ts";
import type { GlobalArg } from "../isa/program.ts";
import type { Cursor } from "./cursor.ts";
import { clip } from "./cursor.ts";
import { expression } from "./expression.ts";
import { entryDirective, mapDirective } from "./map-directive.ts";
import { fail } from "./report.ts";
import { mostSlots, type Unit } from "./unit.ts";

type Directive = (cursor: Cursor, unit: Unit) => void;

const skip: Directive = (cursor) => {
  cursor.at = cursor.tokens.length;
};

/** What a compiler writes about symbols and debugging, none of which changes the program. */
const ignored = `.type .size .ident .file .loc .addrsig .addrsig_sym .weak .hidden .local .set
  .cfi_sections .cfi_startproc .cfi_endproc .cfi_def_cfa_offset .cfi_offset .cfi_def_cfa .bss_end .comm .lcomm .version`
  .trim()
  .split(/\s+/);

/** Sections whose contents are not instructions. */
const dataSection =
  /^\.?(?:rodata|data|bss|maps|license|version|kconfig|ksyms|BTF|debug|llvm|rel|note|comment|symtab|strtab)/;

const directives = new Map<string, Directive>(
  Object.entries({
    ".map": mapDirective,
    ".entry": entryDirective,
    ".prog": programType,
    ".rcu": rcu,
    ".extern": extern,
    ".global": global,
    ".globl": global,
    ".func": func,
    ".dialect": dialect,
    ".profile": (cursor: Cursor, unit: Unit) => {
      unit.profile = rest(cursor);
    },
    ".text": (_: Cursor, unit: Unit) => section(unit, ".text"),
    ".data": (_: Cursor, unit: Unit) => section(unit, ".data"),
    ".bss": (_: Cursor, unit: Unit) => section(unit, ".bss"),
    ".section": (cursor: Cursor, unit: Unit) => {
      const token = cursor.peek();
      if (token?.kind !== "word" && token?.kind !== "string") cursor.unexpected("the name of a section");
      section(unit, token?.kind === "string" ? token.value : (token?.text ?? ""));
      skip(cursor, unit);
    },
    ".byte": numbers(1),
    ".2byte": numbers(2),
    ".short": numbers(2),
    ".hword": numbers(2),
    ".half": numbers(2),
    ".4byte": numbers(4),
    ".long": numbers(4),
    ".word": numbers(4),
    ".int": numbers(4),
    ".8byte": numbers(8),
    ".quad": numbers(8),
    ".dword": numbers(8),
    ".ascii": text(""),
    ".asciz": text("\0"),
    ".string": text("\0"),
    ".align": align((boundary) => boundary),
    ".balign": align((boundary) => boundary),
    ".p2align": align((exponent) => 1n << (exponent & 63n)),
    ".zero": zero,
    ".skip": zero,
    ".space": zero,
  } satisfies Record<string, Directive>),
);
for (const name of ignored) directives.set(name, skip);

/** Carries out the directive that the statement is. */
export function directive(cursor: Cursor, unit: Unit): void {
  const token = cursor.peek();
  if (token === undefined) return;
  const run = directives.get(token.text.toLowerCase());
  if (run === undefined) {
    const help = didYouMean(token.text, directives.keys());
    fail("E0106", cursor.spanOf(token), `unknown directive \`${clip(token.text)}\``, { help });
  }
  cursor.at++;
  run(cursor, unit);
  cursor.end();
}

/** The text of all that is left, as written. */
function rest(cursor: Cursor): string {
  const first = cursor.at;
  if (cursor.done) cursor.unexpected("a name");
  cursor.at = cursor.tokens.length;
  const { source, start, end } = cursor.since(first);
  return source.text.slice(start, end);
}

function section(unit: Unit, name: string): void {
  unit.flush();
  unit.inData = dataSection.test(name);
}

/** `.prog iter.s sleepable`, `.prog cgroup_sock_addr attach=bind4`; both names are judged by those who know the types. */
function programType(cursor: Cursor, unit: Unit): void {
  const first = cursor.at;
  const words = rest(cursor).split(/[\s,]+/);
  const type = words[0] ?? "";
  const others = words.slice(1);
  const isSleepable = (word: string) => word.toLowerCase() === "sleepable";
  const place = (word: string) => /^attach=(\w+)$/.exec(word)?.[1];
  const unknown = others.find((word) => !isSleepable(word) && place(word) === undefined);
  if (unknown !== undefined) {
    fail("E0109", cursor.since(first), `\`${clip(unknown)}\` is no property of a program`, {
      help: didYouMean(unknown, ["sleepable", "attach"]) ?? "there are `sleepable` and `attach=NAME`",
    });
  }
  const [attach, ...more] = [...new Set([unit.attach, ...others.map(place)])].filter((each) => each !== undefined);
  if (more.length > 0) fail("E0107", cursor.since(first), "the attach type is given twice");
  if (unit.type !== undefined && unit.type !== type)
    fail("E0107", cursor.since(first), "the program type is given twice");
  unit.type = type;
  unit.sleepable ||= others.some(isSleepable);
  unit.attach = attach;
}

function rcu(cursor: Cursor, unit: Unit): void {
  const token = cursor.peek();
  if (token?.text !== "explicit" && token?.text !== "implicit") {
    const help = token && didYouMean(token.text, ["explicit", "implicit"]);
    fail("E0109", cursor.here(), "`.rcu` takes `explicit` or `implicit`", { help });
  }
  cursor.at++;
  unit.rcu = token.text;
}

function dialect(cursor: Cursor, unit: Unit): void {
  const token = cursor.peek();
  if (token?.text !== "pseudoc" && token?.text !== "mnemonic") {
    const help = token && didYouMean(token.text, ["pseudoc", "mnemonic"]);
    fail("E0109", cursor.here(), "`.dialect` takes `pseudoc` or `mnemonic`", { help });
  }
  if (unit.pc > 0 && unit.dialect !== token.text) {
    fail("E0109", cursor.here(), "the dialect cannot change after the first instruction");
  }
  cursor.at++;
  unit.dialect = token.text;
}

function extern(cursor: Cursor, unit: Unit): void {
  do {
    const token = cursor.peek();
    if (token?.kind !== "word") cursor.unexpected("the name of a kernel function");
    cursor.at++;
    unit.externs.set(token.text, cursor.spanOf(token));
  } while (cursor.punct(","));
}

/** `.global f(ctx, mem:8)`; without parentheses it says no more than that others may see the name. */
function global(cursor: Cursor, unit: Unit): void {
  const token = cursor.peek();
  if (token?.kind !== "word") cursor.unexpected("a name");
  cursor.at++;
  const at = cursor.spanOf(token);
  if (!cursor.punct("(")) {
    unit.functions.push({ name: token.text, at, global: true, optional: true });
    return;
  }
  const args: GlobalArg[] = [];
  while (!cursor.punct(")")) {
    if (args.length > 0) cursor.expect(",", "between arguments");
    args.push(argument(cursor));
  }
  if (args.length > 5) fail("E0109", at, "a function takes at most five arguments");
  unit.functions.push({ name: token.text, at, global: true, args, optional: false });
}

function argument(cursor: Cursor): GlobalArg {
  const token = cursor.peek();
  const name = token?.kind === "word" ? token.text : "";
  if (name === "scalar" || name === "ctx") {
    cursor.at++;
    return name;
  }
  if (name !== "mem" && name !== "mem_or_null") {
    const help = didYouMean(name, ["scalar", "ctx", "mem", "mem_or_null"]);
    return fail("E0109", cursor.here(), "an argument is `scalar`, `ctx`, `mem:SIZE` or `mem_or_null:SIZE`", { help });
  }
  cursor.at++;
  cursor.expect(":", `after \`${name}\``);
  const first = cursor.at;
  const size = expression(cursor);
  if (size <= 0n || size > 0x7fffffffn) fail("E0109", cursor.since(first), "the size of the memory must be positive");
  return { mem: Number(size), nonnull: name === "mem" };
}

function func(cursor: Cursor, unit: Unit): void {
  const token = cursor.peek();
  if (token?.kind !== "word") cursor.unexpected("the name of a function");
  cursor.at++;
  unit.functions.push({ name: token.text, at: cursor.spanOf(token), global: false, optional: false });
}

function numbers(size: 1 | 2 | 4 | 8): Directive {
  const bits = BigInt(size * 8);
  return (cursor, unit) => {
    const bytes: number[] = [];
    const start = cursor.at - 1;
    do {
      const first = cursor.at;
      // In a section of data a compiler writes addresses here too.
      if (unit.inData && cursor.peek()?.kind === "word") return skip(cursor, unit);
      const value = expression(cursor);
      if (value < -(1n << (bits - 1n)) || value >= 1n << bits) {
        fail("E0103", cursor.since(first), `the number does not fit in ${bits} bits`);
      }
      for (let at = 0n; at < bits; at += 8n) bytes.push(Number((value >> at) & 0xffn));
    } while (cursor.punct(","));
    unit.bytes(bytes, cursor.since(start));
  };
}

const encoder = new TextEncoder();

function text(end: string): Directive {
  return (cursor, unit) => {
    const start = cursor.at - 1;
    do {
      const token = cursor.peek();
      if (token?.kind !== "string") return cursor.unexpected("a text in quotation marks");
      cursor.at++;
      unit.bytes([...encoder.encode(token.value + end)], cursor.since(start));
    } while (cursor.punct(","));
  };
}

/** Instructions begin at multiples of 8 bytes anyway; only a wider boundary would need instructions in between. */
function align(boundary: (given: bigint) => bigint): Directive {
  return (cursor, unit) => {
    const first = cursor.at;
    const given = expression(cursor);
    const at = cursor.since(first);
    const bytes = given < 0n ? given : boundary(given);
    if (bytes <= 0n || (bytes & (bytes - 1n)) !== 0n) fail("E0109", at, "an alignment must be a power of two");
    if (bytes > 8n && !unit.inData) fail("E0109", at, `instructions are aligned to 8 bytes, not to ${bytes}`);
    // What fills the gap, and how much of it there may be, matters to those who have a gap.
    skip(cursor, unit);
  };
}

function zero(cursor: Cursor, unit: Unit): void {
  const start = cursor.at - 1;
  const first = cursor.at;
  const count = expression(cursor);
  if (count < 0n || count > BigInt(mostSlots * 8)) fail("E0109", cursor.since(first), "that is not a number of bytes");
  const fill = cursor.punct(",") ? expression(cursor) : 0n;
  unit.bytes(new Array(unit.inData ? 0 : Number(count)).fill(Number(fill & 0xffn)), cursor.since(start));
}
