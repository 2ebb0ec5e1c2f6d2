// Which registers are held in 32 bits: those whose upper half is 0, because the last instruction on every way to a place that
// wrote them leaves it so, and those whose upper half nobody reads (demand.ts). They are kept in locals of 32 bits, for V8
// does not see through a widening that is cut again; where a way leads to a place at which a register is held otherwise,
// it is widened, or cut, at the end of the block.
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";
import { type Demand, isLowByLow } from "./demand.ts";
import type { Flow } from "./flow.ts";

/** What an instruction leaves narrow of the registers in `bits`; `isPointer`: what it loads may be one. */
export function narrowAfter(bits: number, insn: Insn, isPointer: boolean, wholeAfter: number): number {
  if (insn.kind === "packet") return bits | 1;
  if (insn.kind.startsWith("call")) return bits & ~1;
  // Exactly what is written: a register that is said not to be narrow, and was not written, would be lost.
  if (insn.kind === "atomic") return insn.fetch ? bits & ~(1 << (insn.op === "cmpxchg" ? 0 : insn.src)) : bits;
  // r10 is written where no verified program comes, and is in no local.
  if (insn.kind === "jump" || !("dst" in insn) || insn.dst === 10) return bits;
  const rest = bits & ~(1 << insn.dst);
  return isNarrow(bits, insn, isPointer, wholeAfter) ? rest | (1 << insn.dst) : rest;
}

function isNarrow(bits: number, insn: Insn, isPointer: boolean, wholeAfter: number): boolean {
  switch (insn.kind) {
    case "alu":
      return isNarrowResult(bits, insn, wholeAfter);
    case "neg":
      return insn.width === 32 || isUnread(insn.dst, wholeAfter);
    case "movsx":
      return insn.width === 32;
    case "swap":
      return insn.size < 64;
    case "load":
      return isNarrowLoad(insn, isPointer);
    case "imm64":
      return insn.what === "value" && insn.high === 0;
    default:
      return false;
  }
}

export const isUnread = (register: number, wholeAfter: number): boolean => ((wholeAfter >> register) & 1) === 0;

/** Whether a result is computed in 32 bits, or cut to them; `bits`: the registers that are narrow before. */
export function isNarrowResult(bits: number, insn: Extract<Insn, { kind: "alu" }>, wholeAfter: number): boolean {
  const { op, width, dst, src } = insn;
  // A constant is as good in 64 bits, and where they are read it need not be widened.
  if (op === "mov" && src.kind === "imm" && src.value >= 0) return isUnread(dst, wholeAfter);
  if (width === 32 || (isUnread(dst, wholeAfter) && isLowByLow(insn))) return true;
  if (op === "mov" && src.kind === "reg") return ((bits >> src.reg) & 1) !== 0;
  if (src.kind === "reg") return false;
  if (op === "rsh") return src.value >= 32 && src.value < 64;
  return op === "and" && src.value >= 0;
}

export function isNarrowLoad({ size, signed }: Extract<Insn, { kind: "load" }>, isPointer: boolean): boolean {
  return !signed && size < 8 && !isPointer;
}

/** What a node's last move leaves narrow, which may be made or not (flow.ts, `unless`). */
export function narrowAfterChoice(bits: number, move: Insn, wholeAfter: number): number {
  const made = narrowAfter(bits, move, false, wholeAfter);
  return "dst" in move && isUnread(move.dst, wholeAfter) ? made : made & bits;
}

const ALL = 0b1111111111;

/**
 * By node: a bit for each register that is narrow at its beginning. What is no argument is 0 when the function begins. Of a
 * register that is not live it does not matter.
 */
export function narrowAtStart(
  { insns }: Program,
  { nodes }: Flow,
  isPointer: (pc: number) => boolean,
  count: number,
  { live, whole, wholeAfter }: Demand,
): Int32Array {
  const found = new Int32Array(nodes.length).fill(ALL);
  found[0] = ALL & ~((2 << count) - 2);
  for (let changed = true; changed; ) {
    changed = false;
    nodes.forEach(({ start, end, next, unless = -1 }, node) => {
      let bits = found[node];
      for (let pc = start; pc < end; pc++) {
        const insn = insns[pc];
        if (insn !== null) bits = narrowAfter(bits, insn, isPointer(pc), wholeAfter[pc]);
      }
      const move = insns[unless];
      if (move) bits = narrowAfterChoice(bits, move, wholeAfter[unless]);
      for (const to of next) {
        const kept = to === 0 ? bits : bits | (live[to] & ~whole[to]);
        if ((found[to] & kept) === found[to]) continue;
        found[to] &= kept;
        changed = true;
      }
    });
  }
  return found;
}
