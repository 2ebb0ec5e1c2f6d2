// Instructions as text by program counter: for diagnostics about raw bytes, traces and graphs.
import { namesOf } from "../asm/disassemble.ts";
import type { Span } from "../diag/source.ts";
import { print, type Style } from "../isa/print.ts";
import type { Program } from "../isa/program.ts";

/** The text of the instruction in a slot, and where it was written; nothing for the second half of a wide one. */
export function listing(
  program: Program,
  style: Style = "llvm",
): (pc: number) => { readonly text: string; readonly at?: Span } | undefined {
  const names = namesOf(program);
  return (pc) => {
    const insn = program.insns[pc];
    if (insn === undefined || insn === null) return undefined;
    return { text: print(insn, { style, names, pc }), at: program.origin[pc]?.whole };
  };
}
