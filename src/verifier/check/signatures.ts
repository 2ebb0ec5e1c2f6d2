// What a function may do because of what it says it returns: instructions that may end it on the spot leave a number
// behind (kernel: check_btf_func).
import { contractOf } from "../../host/table.ts";
import type { Program } from "../../isa/program.ts";
import { reject } from "../reject.ts";
import { type Structure, subprogramAt } from "../search/structure.ts";

export function checkSignatures(program: Program, structure: Structure): void {
  for (const { pc: start, returns, name } of program.functions) {
    if (returns === undefined || start === 0) continue;
    const { end } = subprogramAt(structure, start);
    for (let pc = start; pc < end; pc++) {
      const insn = program.insns[pc];
      const tailCall = contractOf(insn, program)?.tailCall === true;
      if (insn?.kind !== "packet" && !tailCall) continue;
      reject({
        code: "E0403",
        pc,
        operand: "whole",
        text: `\`${name}\` may end here, and ${returns === "nothing" ? "it returns nothing" : "nothing says what it returns"}`,
        label: `a ${tailCall ? "tail call" : "legacy packet load"} leaves a number in r0`,
        kernel: `${tailCall ? "tail_call" : "LD_ABS"} is ${returns === "nothing" ? "only allowed in functions that return 'int'." : "not allowed in subprogs without BTF"}`,
      });
    }
  }
}
