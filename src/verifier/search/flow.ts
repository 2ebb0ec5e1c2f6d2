// Where control can go from one instruction, inside its function and out of it.
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

/** Where the function begins that an instruction calls, or gives to others to call; null: there is none. */
export function entered(insn: Insn, pc: number): number | null {
  if (insn.kind === "callLocal") return pc + 1 + insn.off;
  return insn.kind === "imm64" && insn.what === "func" ? pc + 1 + insn.low : null;
}
