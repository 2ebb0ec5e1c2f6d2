// Spills around calls that leave most registers alone. Compilers write them for older kernels; Linux takes them out, so
// their stack does not count, provided that nothing else touches it (kernel: mark_fastcall_patterns,
// check_fastcall_stack_contract).
import type { Contract } from "../../host/contract.ts";
import { contractOf } from "../../host/table.ts";
import type { Program } from "../../isa/program.ts";
import type { Subprogram } from "../search/structure.ts";

export interface SpillArea {
  /** Bytes of the frame that count when the spills are taken out. */
  readonly counted: number;
  /** The spills and fills themselves. */
  readonly slots: ReadonlySet<number>;
}

/** Registers that a call leaves alone when it keeps to the promise. */
function untouched(contract: Contract): ReadonlySet<number> {
  return new Set(
    [0, 1, 2, 3, 4, 5].filter((reg) => (reg === 0 ? contract.returns === "void" : reg > contract.args.length)),
  );
}

/** The spills that may be taken out of a function; null: none. */
export function spillArea(program: Program, { start, end }: Subprogram): SpillArea | null {
  const { insns } = program;
  let lowest = 0;
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    if (insn?.kind === "store" && insn.src.kind === "reg" && insn.base === 10) lowest = Math.min(lowest, insn.off);
  }
  const slots = new Set<number>();
  let bound = 0;
  let taken = false;
  for (let pc = start; pc < end; pc++) {
    const contract = contractOf(insns[pc], program);
    if (contract === undefined) continue;
    const pairs = pairsAround(program, pc, untouched(contract), lowest);
    if (pairs === 0) continue;
    if (contract.fast !== true) return null;
    taken = true;
    for (let n = 1; n <= pairs; n++) slots.add(pc - n).add(pc + n);
    bound = Math.min(bound, lowest + 8 * pairs);
  }
  return taken ? { counted: -bound, slots } : null;
}

/** How many registers are spilled before the call and filled after it, from the lowest slot up. */
function pairsAround({ insns }: Program, pc: number, free: ReadonlySet<number>, lowest: number): number {
  const seen = new Set<number>();
  for (let n = 1; ; n++) {
    const spill = insns[pc - n];
    const fill = insns[pc + n];
    const off = lowest + 8 * (n - 1);
    const pair =
      spill?.kind === "store" &&
      fill?.kind === "load" &&
      spill.src.kind === "reg" &&
      spill.size === 8 &&
      fill.size === 8 &&
      spill.base === 10 &&
      fill.base === 10 &&
      spill.off === off &&
      fill.off === off &&
      spill.src.reg === fill.dst;
    if (!pair || spill.src.kind !== "reg" || !free.has(spill.src.reg) || seen.has(spill.src.reg)) return n - 1;
    seen.add(spill.src.reg);
  }
}
