// Where a program is, as a number that can be kept and as a line for people; and what the instruction there orders.
import { position } from "../diag/source.ts";
import { print } from "../isa/print.ts";
import type { Program } from "../isa/program.ts";
import { POINTER_HIGH } from "../memory/layout.ts";
import { callOf } from "../vm/busy.ts";
import { INSN_WORDS, REG_WORDS } from "../vm/code.ts";
import { type Cpu, state } from "../vm/registers.ts";

/** No program has so many instructions. */
const MOST = 1 << 20;

/** The program and the instruction that a CPU is at, or the call in the middle of which it is. */
export function placeOf(cpu: Cpu): number {
  const { R } = cpu;
  const pc = R[state.busy] === 0 ? R[state.pc] : callOf(cpu);
  return R[state.program] * MOST + pc / INSN_WORDS;
}

export function partsOf(place: number): { readonly program: number; readonly pc: number } {
  return { program: Math.floor(place / MOST), pc: place % MOST };
}

/** The instruction of a place as it was written: its line, where that is known, and its text. */
export function lineAt(program: Program, pc: number): { readonly line?: number; readonly text: string } {
  const at = program.origin[pc]?.whole;
  const insn = program.insns[pc];
  if (at === undefined) return { text: insn === null || insn === undefined ? "" : print(insn) };
  const text = at.source.text.slice(at.start, at.end).replace(/\s*#.*$/, "");
  return { line: position(at.source, at.start).line, text: text.trim() };
}

/**
 * Whether the next instruction is ordered after what others did before the value that it finds, and what the thread did
 * before it ahead of whoever finds its value. An exchange that fails is neither (concurrency.md, A2).
 */
export function orderingOf(cpu: Cpu): { readonly acquire: boolean; readonly release: boolean } {
  const { R, I, code } = cpu;
  const insn = code.program.insns[R[state.pc] / INSN_WORDS];
  if (insn?.kind === "loadAcquire") return { acquire: true, release: false };
  if (insn?.kind === "storeRelease") return { acquire: false, release: true };
  if (insn?.kind !== "atomic" || !insn.fetch) return { acquire: false, release: false };
  if (insn.op !== "cmpxchg") return { acquire: true, release: true };
  const base = insn.base * REG_WORDS;
  if (R[base + 1] !== POINTER_HIGH) return { acquire: false, release: false };
  const at = (R[base] + insn.off) >> 2;
  const found = I[at] === R[0] && (insn.size === 4 || I[at + 1] === R[1]);
  return { acquire: found, release: found };
}
