// The pseudo-C dialect: one statement to one instruction. It reads what LLVM reads, what
// llvm-objdump prints and what the kernel's log prints.

import { didYouMean } from "../diag/suggest.ts";
import { type AtomicOp, type AtomicRow, atomic, atomicOps } from "../isa/atomic.ts";
import { CALLX } from "../isa/encoding.ts";
import { type JumpOp, type JumpRow, jump, jumpOps } from "../isa/jump.ts";
import { assignment, type Setting, sized } from "./assignment.ts";
import { type Cursor, clip } from "./cursor.ts";
import { expression, startsExpression } from "./expression.ts";
import * as operand from "./operand.ts";
import type { LabelRef, Parsed } from "./parsed.ts";
import { fail, report } from "./report.ts";

const jumpBySymbol = new Map<string, JumpOp>(
  jumpOps.map((op) => {
    const row: JumpRow = jump[op];
    return [row.symbol, op];
  }),
);
const atomicBySymbol = new Map<string, AtomicOp>(
  atomicOps.flatMap((op) => {
    const row: AtomicRow = atomic[op];
    return row.symbol === null ? [] : [[row.symbol, op] as const];
  }),
);

type Reader = (cursor: Cursor, setting: Setting) => Parsed;

const statements = new Map<string, Reader>(
  Object.entries({
    if: conditional,
    goto: (cursor: Cursor) => jumpTo(cursor, "goto"),
    gotol: (cursor: Cursor) => jumpTo(cursor, "gotol"),
    may_goto: (cursor: Cursor) => jumpTo(cursor, "may_goto"),
    call: callTo,
    callx: (cursor: Cursor): Parsed => {
      const first = cursor.at++;
      const target = operand.register64(cursor);
      return { insn: { kind: "callx", reg: target.reg }, origin: { whole: cursor.since(first), src: target.at } };
    },
    exit: (cursor: Cursor): Parsed => ({ insn: { kind: "exit" }, origin: { whole: cursor.since(cursor.at++) } }),
    lock: locked,
    store_release: released,
  }),
);

/** The words an instruction of this dialect can begin with. */
export const pseudocWords: readonly string[] = [...statements.keys()];

const foreign = new Map(
  Object.entries({
    return: "the program ends with `exit`; its result is in r0",
    ret: "the program ends with `exit`; its result is in r0",
    nop: "write `goto +0`",
    jmp: "write `goto`",
  }),
);

export function pseudoc(cursor: Cursor, setting: Setting): Parsed {
  const token = cursor.peek();
  const parsed = read(cursor, setting);
  const extra = token?.text.toLowerCase() === "exit" ? "the result is in r0: set it before `exit`" : undefined;
  cursor.end(extra);
  return parsed;
}

function read(cursor: Cursor, setting: Setting): Parsed {
  const token = cursor.peek();
  if (token?.kind === "punct" && token.text === "*") return store(cursor, setting);
  if (cursor.isPunct("%")) return assignment(cursor, setting);
  if (token?.kind !== "word") return cursor.unexpected("an instruction");
  const reader = statements.get(token.text.toLowerCase());
  if (reader !== undefined) return reader(cursor, setting);
  const next = cursor.peek(1);
  if (operand.looksLikeRegister(token) || (next?.kind === "punct" && next.text.endsWith("="))) {
    return assignment(cursor, setting);
  }
  const help = foreign.get(token.text.toLowerCase()) ?? didYouMean(token.text, pseudocWords);
  return fail("E0101", cursor.spanOf(token), `unknown instruction \`${clip(token.text)}\``, { help });
}

function conditional(cursor: Cursor, setting: Setting): Parsed {
  const first = cursor.at++;
  if (cursor.isPunct("(")) {
    fail("E0101", cursor.here(), "the condition stands without parentheses", { help: "write `if r1 > r2 goto …`" });
  }
  if (cursor.isPunct("!")) fail("E0101", cursor.here(), "there is no negation", { help: "write `if r1 == 0 goto …`" });
  const dst = operand.register(cursor);
  const token = cursor.peek();
  const op = token?.kind === "punct" ? jumpBySymbol.get(token.text) : undefined;
  if (op === undefined) {
    const help = cursor.isWord("goto")
      ? `compare with 0: \`if r${dst.reg} != 0 goto …\``
      : cursor.isPunct("!&")
        ? "jump over the target with `&` instead"
        : "the comparisons are == != > >= < <= s> s>= s< s<= &";
    return cursor.unexpected("a comparison", help);
  }
  cursor.at++;
  const sourceStart = cursor.at;
  const src = operand.tryRegister(cursor);
  if (src !== undefined && src.width !== dst.width) {
    const letter = dst.width === 64 ? "r" : "w";
    const replace = { at: src.at, text: `${letter}${src.reg}` };
    fail("E0104", src.at, "both sides of a comparison have one width", { help: `write \`${replace.text}\``, replace });
  }
  const source =
    src === undefined
      ? ({ kind: "imm", value: operand.immediate32(cursor, dst.width, setting.names()) } as const)
      : ({ kind: "reg", reg: src.reg } as const);
  const sourceAt = cursor.since(sourceStart);
  if (!cursor.word("goto")) cursor.unexpected("`goto`");
  const to = operand.target(cursor);
  const origin = { whole: cursor.since(first), dst: dst.at, src: sourceAt, target: to.at };
  const off = to.kind === "offset" ? operand.fitOffset(to.value, to.at, "jump") : 0;
  const insn = { kind: "jump", op, width: dst.width, dst: dst.reg, src: source, off } as const;
  return to.kind === "offset" ? { insn, origin } : { insn, origin, link: { kind: "jump", label: to.label, at: to.at } };
}

function jumpTo(cursor: Cursor, word: "goto" | "gotol" | "may_goto"): Parsed {
  const first = cursor.at++;
  const to = operand.target(cursor);
  const origin = { whole: cursor.since(first), target: to.at };
  let off = 0;
  if (to.kind === "offset") {
    off = word === "gotol" ? jump32(to.value, to.at) : operand.fitOffset(to.value, to.at, "jump");
  }
  const insn =
    word === "may_goto"
      ? ({ kind: "mayGoto", off } as const)
      : ({ kind: "goto", long: word === "gotol", off } as const);
  return to.kind === "offset" ? { insn, origin } : { insn, origin, link: { kind: "jump", label: to.label, at: to.at } };
}

export function jump32(value: bigint, at: Parameters<typeof fail>[1]): number {
  if (value < -(1n << 31n) || value >= 1n << 31n)
    fail("E0110", at, `jump ${clip(value.toString())} does not fit in 32 bits`);
  return Number(value);
}

function callTo(cursor: Cursor, setting: Setting): Parsed {
  const first = cursor.at++;
  const token = cursor.peek();
  if (operand.looksLikeRegister(token)) {
    const help = `to call the function whose number is in the register write \`callx ${token?.text}\``;
    fail("E0101", cursor.here(), "`call` takes a name or a number", { help });
  }
  if (
    token?.kind === "word" &&
    token.text.toLowerCase() === "pc" &&
    (cursor.isPunct("+", 1) || cursor.isPunct("-", 1))
  ) {
    const to = operand.target(cursor);
    const off = to.kind === "offset" ? jump32(to.value, to.at) : 0;
    return { insn: { kind: "callLocal", off }, origin: { whole: cursor.since(first), target: to.at } };
  }
  if (token?.kind === "word" || token?.kind === "local") {
    cursor.at++;
    const at = cursor.since(first + 1);
    const label: LabelRef =
      token.kind === "local"
        ? { kind: "local", label: token.label, forward: token.forward }
        : { kind: "name", name: token.text };
    const tag = cursor.peek();
    if (tag?.kind === "hash") cursor.at++;
    const number = tag?.kind === "hash" ? { value: tag.value, at: cursor.spanOf(tag) } : undefined;
    const origin = { whole: cursor.since(first), target: at };
    // The kernel's text for LLVM's callx, whose opcode it does not know.
    if (setting.opcode === CALLX) return fail("E0105", at, "the log does not say which register `callx` uses");
    return {
      insn: { kind: "callHelper", id: 0 },
      origin,
      link: { kind: "call", label, number, local: token.kind === "local", at },
    };
  }
  const sign = cursor.isPunct("+") || cursor.isPunct("-") ? cursor.peek() : undefined;
  if (!startsExpression(cursor)) cursor.unexpected("a function name or number");
  const numberStart = cursor.at;
  const value = expression(cursor);
  const at = cursor.since(numberStart);
  if (sign !== undefined) {
    const help = `for the function ${sign.text === "+" ? "after" : "before"} this write \`call pc${sign.text}…\`; for a helper write its number without a sign`;
    fail("E0101", at, "a signed number may mean a helper or a distance", { help });
  }
  return {
    insn: { kind: "callHelper", id: operand.fit32(value, at) },
    origin: { whole: cursor.since(first), target: at },
  };
}

function store(cursor: Cursor, setting: Setting): Parsed {
  const first = cursor.at++;
  const type = operand.cast(cursor);
  const memory = operand.memory(cursor);
  const at = cursor.since(first);
  const { size } = type;
  if (type.signed) fail("E0104", type.at, "stores have no sign", { help: `write \`u${size * 8}\`` });
  cursor.expect("=", "after the address");
  const sourceStart = cursor.at;
  const src = operand.tryRegister(cursor);
  const { base, off } = memory;
  if (src !== undefined) {
    sized(src, size);
    const origin = { whole: cursor.since(first), memory: at, src: src.at };
    return { insn: { kind: "store", size, base, off, src: { kind: "reg", reg: src.reg } }, origin };
  }
  const { value, at: valueAt } = operand.integer(cursor, "a register or a number", setting.names());
  const fitted = operand.fit32(value, valueAt);
  operand.remarkSignExtension(cursor, value, valueAt, size === 8 ? 64 : 32);
  cutRemark(cursor, value, size, valueAt);
  const origin = { whole: cursor.since(first), memory: at, src: cursor.since(sourceStart) };
  return { insn: { kind: "store", size, base, off, src: { kind: "imm", value: fitted } }, origin };
}

/** A constant wider than the store loses its upper bits without a word from the hardware. */
export function cutRemark(cursor: Cursor, value: bigint, size: number, at: Parameters<typeof fail>[1]): void {
  if (size > 2) return;
  const bits = size * 8;
  if (value >= -(1n << BigInt(bits - 1)) && value < 1n << BigInt(bits)) return;
  const stored = BigInt.asUintN(bits, value);
  const text = `${value} does not fit in ${size === 1 ? "1 byte" : "2 bytes"}: ${stored} is stored`;
  cursor.remarks.push(report("warning", "W0102", at, text));
}

function locked(cursor: Cursor): Parsed {
  const first = cursor.at++;
  if (!cursor.isPunct("*")) cursor.unexpected("`*(u64 *)(…)` after `lock`");
  const memoryStart = cursor.at++;
  const type = operand.cast(cursor);
  if (type.signed || type.size < 4) return fail("E0104", type.at, "atomic operations take `u32` or `u64`");
  const memory = operand.memory(cursor);
  const at = cursor.since(memoryStart);
  const token = cursor.peek();
  const op = token?.kind === "punct" ? atomicBySymbol.get(token.text) : undefined;
  if (op === undefined) {
    const help = token?.text === "-=" ? "negate the operand and use `+=`" : undefined;
    return cursor.unexpected("`+=`, `|=`, `&=` or `^=`", help);
  }
  cursor.at++;
  if (startsExpression(cursor)) {
    fail("E0101", cursor.here(), "the operand of an atomic operation is a register");
  }
  const size = type.size === 8 ? 8 : 4;
  const src = sized(operand.register(cursor), size);
  const origin = { whole: cursor.since(first), memory: at, src: src.at };
  const { base, off } = memory;
  return { insn: { kind: "atomic", op, fetch: false, size, base, off, src: src.reg }, origin };
}

function released(cursor: Cursor): Parsed {
  const first = cursor.at++;
  cursor.expect("(", "after `store_release`");
  const memoryStart = cursor.at;
  const type = operand.cast(cursor);
  if (type.signed) fail("E0104", type.at, "stores have no sign");
  const memory = operand.memory(cursor);
  const at = cursor.since(memoryStart);
  cursor.expect(",", "before the operand");
  const src = sized(operand.register(cursor), type.size);
  cursor.expect(")", "after the operand");
  const { base, off } = memory;
  const origin = { whole: cursor.since(first), memory: at, src: src.at };
  return { insn: { kind: "storeRelease", size: type.size, base, off, src: src.reg }, origin };
}
