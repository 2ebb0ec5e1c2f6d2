// Where control can go from one instruction, inside its function.
import type { Insn } from "../../isa/insn.ts";

/** Successors of one instruction inside its subprogram, calls falling through. */
export function successors(insn: Insn, pc: number): readonly number[] {
  switch (insn.kind) {
    case "exit":
      return [];
    case "goto":
      return [pc + 1 + insn.off];
    case "jump":
    case "mayGoto":
      return [pc + 1, pc + 1 + insn.off];
    case "imm64":
      return [pc + 2];
    default:
      return [pc + 1];
  }
}
