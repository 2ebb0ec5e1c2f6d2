// A litmus test in the syntax of herd7 for BPF: a header, the initial state in braces, a column of instructions a thread,
// and the question. What is read of it stands in docs/parity.md.
import type { Diagnostic, Outcome } from "../../diag/diagnostic.ts";
import { type Source, spanOf } from "../../diag/source.ts";
import type { Insn } from "../../isa/insn.ts";
import type { Program } from "../../isa/program.ts";
import { memoryModels } from "../axioms/models.ts";
import { areaAddress, type LitmusTest, type LitmusThread, type Location, type Seen } from "../axioms/test.ts";
import { type Assemble, assembleColumn, type Column, readColumns } from "./columns.ts";
import { QuestionReader } from "./condition.ts";
import { type InitialRegister, readInitial } from "./initial.ts";
import { Names, threadNumber } from "./names.ts";
import { Tokens, Unreadable, withoutComments } from "./text.ts";

export function readLitmus(source: Source, assemble: Assemble): Outcome<LitmusTest> {
  try {
    return new Reader(source, assemble).read();
  } catch (thrown) {
    if (!(thrown instanceof Unreadable)) throw thrown;
    return { ok: false, diagnostics: [thrown.diagnostic] };
  }
}

class Reader {
  private readonly source: Source;
  private readonly text: string;
  private readonly assemble: Assemble;
  private readonly names = new Names();

  constructor(source: Source, assemble: Assemble) {
    this.source = source;
    this.text = withoutComments(source);
    this.assemble = assemble;
  }

  read(): Outcome<LitmusTest> {
    const { source, text, names } = this;
    const name = this.header();
    const [open, close] = this.braces();
    const initial = readInitial(new Tokens(source, text, open + 1, close), names);
    const { columns, end } = readColumns(source, text, close + 1);
    const registers = perThread(initial, columns.length);
    const diagnostics: Diagnostic[] = [];
    const threads: LitmusThread[] = [];
    for (const [index, column] of columns.entries()) {
      const program = this.program(column);
      diagnostics.push(...program.diagnostics);
      if (program.ok) threads.push({ program: program.value, registers: registers[index] ?? new Map(), at: column.at });
    }
    if (threads.length < columns.length) return { ok: false, diagnostics };
    const widest = Math.max(1, ...threads.flatMap(({ program }) => program.insns.map(accessSize)));
    const sizeOf = (location: number): number => names.locations[location]?.size ?? widest;
    const tokens = new Tokens(source, text, end, text.length);
    const question = new QuestionReader(tokens, names, threads.length, sizeOf).read();
    const locations: readonly Location[] = names.locations.map(({ name: each, initial: at }, index) => ({
      name: each,
      address: areaAddress(index),
      initial: at,
      size: sizeOf(index),
    }));
    const asked = text
      .slice(end)
      .replace(/^[\s\S]*?(?=~?\s*exists\b|\bforall\b)/, "")
      .replace(/\s+/g, " ")
      .trim();
    return {
      ok: true,
      value: { name, threads, locations, ...question, question: asked, expected: this.expected() },
      diagnostics,
    };
  }

  /** `BPF name`. */
  private header(): string {
    const found = /^\s*(\S+)[ \t]*([^\n]*)/.exec(this.text);
    const start = found === null ? 0 : found[0].length - found[0].trimStart().length;
    const [, architecture = "", name = ""] = found ?? [];
    if (architecture === "BPF" && name.trim() !== "") return name.trim();
    const at = spanOf(this.source, start, start + Math.max(1, architecture.length));
    if (architecture === "BPF") throw new Unreadable("E1001", at, "the test has no name; it follows `BPF`");
    const help = /^(C|AArch64|X86|X86_64|PPC|ARM|RISCV|LISA|MIPS|ASL)$/.test(architecture)
      ? `this is a test for ${architecture}; only tests of BPF instructions are read`
      : "the first line is `BPF` and the name of the test";
    throw new Unreadable("E1001", at, "this is no litmus test for BPF", help);
  }

  /** `expect: bpf Never, tso Never, sc Never` in a comment, which herd7 passes over. */
  private expected(): ReadonlyMap<string, Seen> {
    const out = new Map<string, Seen>();
    const { text } = this.source;
    const from = text.indexOf("expect:");
    if (from < 0 || this.text.includes("expect:")) return out;
    const start = from + "expect:".length;
    const end = text.indexOf("*)", start);
    let at = start;
    for (const part of text.slice(start, end).split(",")) {
      const [model = "", seen = "", ...rest] = part.trim().split(/\s+/);
      if (!isModel(model) || !isSeen(seen) || rest.length > 0) {
        const span = spanOf(
          this.source,
          at + part.length - part.trimStart().length,
          at + Math.max(1, part.trimEnd().length),
        );
        throw new Unreadable(
          "E1001",
          span,
          "expected a memory model and Never, Sometimes or Always, as in `bpf Never`",
        );
      }
      out.set(model, seen);
      at += part.length + 1;
    }
    return out;
  }

  private braces(): readonly [number, number] {
    const open = this.text.indexOf("{");
    const close = this.text.indexOf("}", open);
    if (open >= 0 && close >= 0) return [open, close];
    const at = open >= 0 ? open : Math.max(0, this.text.trimEnd().length - 1);
    const text = open >= 0 ? "the initial state is never closed" : "there is no initial state, `{ ... }`";
    throw new Unreadable("E1001", spanOf(this.source, at, at + 1), text);
  }

  private program(column: Column): Outcome<Program> {
    const outcome = assembleColumn(this.source, this.text, column, this.assemble);
    if (!outcome.ok) return outcome;
    const wrong = outcome.value.insns.flatMap((insn, pc): Diagnostic[] => {
      const why = insn === null ? undefined : foreign(insn);
      const at = outcome.value.origin[pc]?.whole ?? column.at;
      return why === undefined ? [] : [{ code: "E1003", severity: "error", at, text: why, notes: [] }];
    });
    return wrong.length === 0 ? outcome : { ok: false, diagnostics: [...outcome.diagnostics, ...wrong] };
  }
}

function isModel(text: string): boolean {
  return (memoryModels as readonly string[]).includes(text);
}

function isSeen(text: string): text is Seen {
  return text === "Never" || text === "Sometimes" || text === "Always";
}

function perThread(initial: readonly InitialRegister[], threads: number): readonly Map<number, bigint>[] {
  const out = Array.from({ length: threads }, () => new Map<number, bigint>());
  for (const each of initial) out[threadNumber(each.thread, threads, each.thread.at)]?.set(each.reg, each.value);
  return out;
}

function accessSize(insn: Insn | null): number {
  return insn !== null && "size" in insn && insn.kind !== "swap" ? insn.size : 1;
}

/** Why the instruction has no place in a litmus test: it reaches something else than registers and shared locations. */
function foreign(insn: Insn): string | undefined {
  switch (insn.kind) {
    case "callHelper":
    case "callKfunc":
    case "callLocal":
    case "callx":
      return "a litmus test calls nothing: its threads are loads, stores, atomics, arithmetic and branches";
    case "imm64":
      return insn.what === "value"
        ? undefined
        : "a litmus test has no maps and functions; name a location in the braces";
    case "packet":
    case "addrSpaceCast":
    case "mayGoto":
    case "invalid":
      return "a litmus test has no such instruction: its threads are loads, stores, atomics, arithmetic and branches";
    default:
      return undefined;
  }
}
