// Which registers may still be read from an instruction on: a backward dataflow over each function. Two states
// that differ only in dead registers are the same state (kernel: compute_live_registers).
import type { Insn, Operand } from "../../isa/insn.ts";
import type { Program } from "../../isa/program.ts";
import { successors } from "./flow.ts";

const bit = (reg: number): number => 1 << reg;
const operand = (src: Operand): number => (src.kind === "reg" ? bit(src.reg) : 0);
const ARGUMENTS = bit(1) | bit(2) | bit(3) | bit(4) | bit(5);
const CLOBBERED = ARGUMENTS | bit(0);

interface Effect {
  readonly reads: number;
  readonly writes: number;
}

/** Registers read and written by one instruction; calls read every argument register, to be safe. */
export function effect(insn: Insn): Effect {
  switch (insn.kind) {
    case "alu":
      return { reads: operand(insn.src) | (insn.op === "mov" ? 0 : bit(insn.dst)), writes: bit(insn.dst) };
    case "neg":
    case "swap":
      return { reads: bit(insn.dst), writes: bit(insn.dst) };
    case "movsx":
    case "addrSpaceCast":
      return { reads: bit(insn.src), writes: bit(insn.dst) };
    case "load":
    case "loadAcquire":
      return { reads: bit(insn.base), writes: bit(insn.dst) };
    case "store":
      return { reads: bit(insn.base) | operand(insn.src), writes: 0 };
    case "storeRelease":
      return { reads: bit(insn.base) | bit(insn.src), writes: 0 };
    case "atomic": {
      const reads = bit(insn.base) | bit(insn.src) | (insn.op === "cmpxchg" ? bit(0) : 0);
      return { reads, writes: insn.fetch ? bit(insn.op === "cmpxchg" ? 0 : insn.src) : 0 };
    }
    case "packet":
      return { reads: bit(6) | (insn.src === null ? 0 : bit(insn.src)), writes: CLOBBERED };
    case "imm64":
      return { reads: 0, writes: bit(insn.dst) };
    case "jump":
      return { reads: bit(insn.dst) | operand(insn.src), writes: 0 };
    case "callHelper":
    case "callKfunc":
    case "callLocal":
      return { reads: ARGUMENTS, writes: CLOBBERED };
    case "exit":
      return { reads: bit(0), writes: 0 };
    case "goto":
    case "mayGoto":
    // Refused before anything is walked.
    case "callx":
    case "invalid":
      return { reads: 0, writes: 0 };
  }
}

export function liveness(program: Program): Uint16Array {
  const { insns } = program;
  const live = new Uint16Array(insns.length);
  for (let changed = true; changed; ) {
    changed = false;
    for (let pc = insns.length - 1; pc >= 0; pc--) {
      const insn = insns[pc];
      if (insn == null) continue;
      let after = 0;
      for (const next of successors(insn, pc)) after |= live[next] ?? 0;
      const { reads, writes } = effect(insn);
      const now = reads | (after & ~writes);
      if (now !== live[pc]) {
        live[pc] = now;
        changed = true;
      }
    }
  }
  return live;
}
