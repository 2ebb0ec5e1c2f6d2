// Which registers hold a number of 32 bits, because the last instruction on every way to a place that wrote them was one of
// 32 bits. They are kept in locals of 32 bits, for V8 does not see through a widening that is cut again; where a way on
// leads to a place at which a register is not narrow, it is widened at the end of the block.
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";
import type { Flow } from "./flow.ts";

/** What an instruction leaves narrow of the registers in `bits`; `pointers`: a load of 4 bytes may give a pointer. */
export function narrowAfter(bits: number, insn: Insn, pointers: boolean): number {
  if (insn.kind.startsWith("call") || insn.kind === "packet") return bits & ~1;
  // Exactly what is written: a register that is said not to be narrow, and was not written, would be lost.
  if (insn.kind === "atomic") return insn.fetch ? bits & ~(1 << (insn.op === "cmpxchg" ? 0 : insn.src)) : bits;
  // r10 is written where no verified program comes, and is in no local.
  if (insn.kind === "jump" || !("dst" in insn) || insn.dst === 10) return bits;
  const rest = bits & ~(1 << insn.dst);
  return isNarrow(bits, insn, pointers) ? rest | (1 << insn.dst) : rest;
}

function isNarrow(bits: number, insn: Insn, pointers: boolean): boolean {
  switch (insn.kind) {
    case "alu":
      if (insn.width === 32) return true;
      return insn.op === "mov" && (insn.src.kind === "imm" ? insn.src.value >= 0 : ((bits >> insn.src.reg) & 1) !== 0);
    case "neg":
      return insn.width === 32;
    case "load":
      return isNarrowLoad(insn, pointers);
    default:
      return false;
  }
}

export function isNarrowLoad({ size, signed, base }: Extract<Insn, { kind: "load" }>, pointers: boolean): boolean {
  return !signed && size < 8 && (size < 4 || base === 10 || !pointers);
}

const ALL = 0b1111111111;

/** By node: a bit for each register that is narrow at its beginning. What is no argument is 0 when the function begins. */
export function narrowAtStart({ insns }: Program, { nodes }: Flow, pointers: boolean, count: number): Int32Array {
  const found = new Int32Array(nodes.length).fill(ALL);
  found[0] = ALL & ~((2 << count) - 2);
  for (let changed = true; changed; ) {
    changed = false;
    nodes.forEach(({ start, end, next }, node) => {
      let bits = found[node];
      for (let pc = start; pc < end; pc++) {
        const insn = insns[pc];
        if (insn !== null) bits = narrowAfter(bits, insn, pointers);
      }
      for (const to of next) {
        if ((found[to] & bits) === found[to]) continue;
        found[to] &= bits;
        changed = true;
      }
    });
  }
  return found;
}
