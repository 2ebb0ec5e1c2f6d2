// Which halves of registers are read later: an address needs the low half of its base only, and what is added up for an address the
// low halves of its parts. Where nobody reads the upper half of a result, it is computed in 32 bits (narrow.ts).
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";
import { read, written } from "./arguments.ts";
import type { Flow } from "./flow.ts";

/** Bits for registers. */
export interface Demand {
  /** By node: those of which something is read from its beginning on. */
  readonly live: Int32Array;
  /** By slot: those whose upper half is read after the instruction there. */
  readonly wholeAfter: Int32Array;
  /** By node: those whose upper half is read from its beginning on. */
  readonly whole: Int32Array;
}

const ARGUMENTS = 0b111110;
const ALL = 0b1111111111;

export function demandIn(program: Program, { nodes }: Flow, counts: ReadonlyMap<number, number>): Demand {
  const { insns } = program;
  const live = new Int32Array(nodes.length);
  const whole = new Int32Array(nodes.length);
  const wholeAfter = new Int32Array(insns.length);
  for (let changed = true; changed; ) {
    changed = false;
    for (let node = nodes.length - 1; node >= 0; node--) {
      const { start, end, next, unless = -1 } = nodes[node];
      let some = 0;
      let upper = 0;
      for (const to of next) {
        some |= live[to];
        upper |= whole[to];
      }
      const move = insns[unless];
      if (move) {
        wholeAfter[unless] = upper;
        const reads = read(program, move, unless, counts);
        upper |= wholeReads(move, reads, upper);
        some |= reads;
      }
      for (let pc = end - 1; pc >= start; pc--) {
        const insn = insns[pc];
        if (insn === null) continue;
        wholeAfter[pc] = upper;
        const gone = isCall(insn) ? ARGUMENTS | 1 : written(insn);
        const reads = insn.kind === "exit" ? 1 : read(program, insn, pc, counts);
        upper = (upper & ~gone) | wholeReads(insn, reads, upper);
        some = (some & ~gone) | reads;
      }
      if (some !== live[node] || upper !== whole[node]) {
        live[node] = some;
        whole[node] = upper;
        changed = true;
      }
    }
  }
  return { live, whole, wholeAfter };
}

/** Where everything is read whole: what is checked is judged by all its bits. */
export function allOf({ insns }: Program, { nodes }: Flow): Demand {
  const all = (length: number) => new Int32Array(length).fill(ALL);
  return { live: all(nodes.length), whole: all(nodes.length), wholeAfter: all(insns.length) };
}

function isCall({ kind }: Insn): boolean {
  return kind === "callHelper" || kind === "callKfunc" || kind === "callLocal" || kind === "callx";
}

/** Of the registers that an instruction reads, those it reads the upper half of; `upper`: those whose upper half is read after it. */
function wholeReads(insn: Insn, reads: number, upper: number): number {
  switch (insn.kind) {
    case "alu":
      if (insn.width === 32 || (isLowByLow(insn) && ((upper >> insn.dst) & 1) === 0)) return 0;
      return insn.op === "and" && insn.src.kind === "imm" && insn.src.value >= 0 ? 0 : reads;
    case "neg":
      return insn.width === 64 && ((upper >> insn.dst) & 1) !== 0 ? reads : 0;
    case "addrSpaceCast":
      return ((upper >> insn.dst) & 1) !== 0 ? reads : 0;
    case "swap":
      return insn.size === 64 ? reads : 0;
    case "store":
      return insn.size === 8 && insn.src.kind === "reg" ? 1 << insn.src.reg : 0;
    case "storeRelease":
      return insn.size === 8 ? 1 << insn.src : 0;
    case "atomic":
      return (1 << insn.src) | 1;
    case "jump":
      return insn.width === 64 ? reads : 0;
    case "movsx":
    case "load":
    case "loadAcquire":
    case "packet":
    case "imm64":
    case "goto":
    case "mayGoto":
    case "invalid":
      return 0;
    case "callHelper":
    case "callKfunc":
    case "callLocal":
    case "callx":
    case "exit":
      return reads;
  }
}

/** Whether the low half of a result of 64 bits depends on the operands' low halves alone. */
export function isLowByLow({ op, src }: Extract<Insn, { kind: "alu" }>): boolean {
  switch (op) {
    case "mov":
    case "add":
    case "sub":
    case "mul":
    case "and":
    case "or":
    case "xor":
      return true;
    case "lsh":
      return src.kind === "imm" && src.value >= 0 && src.value < 32;
    default:
      return false;
  }
}
