// Numbers in network byte order that are only asked whether they are equal to constants, as those of a packet's header are: the
// constants are turned around in place of the numbers. A compare may be reached by several turned numbers, and then all of
// them stay as they are or none; where it may be reached by any other, or one of them is used in another way, they are turned.
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";
import { read, written } from "./arguments.ts";
import type { Flow } from "./flow.ts";

type Swap = Extract<Insn, { kind: "swap" }>;
type Jump = Extract<Insn, { kind: "jump" }>;

/** Swaps have a bit each; the last stands for whatever else a register may hold. */
const MOST = 31;
const OTHER = 1 << MOST;
const REGISTERS = 11;

/** The program with such swaps and compares replaced; the same one where there are none. */
export function turned(
  program: Program,
  flows: ReadonlyMap<number, Flow>,
  counts: ReadonlyMap<number, number>,
): Program {
  if (!program.insns.some(isSwap)) return program;
  const found = new Map<number, Insn>();
  for (const flow of flows.values()) replace(program, flow, counts, found);
  if (found.size === 0) return program;
  return { ...program, insns: program.insns.map((insn, pc) => found.get(pc) ?? insn) };
}

/** Not of 64 bits: half the constants of that size would need two slots. */
function isSwap(insn: Insn | null): insn is Swap {
  return insn?.kind === "swap" && insn.op !== "le" && insn.size < 64;
}

/** A compare whose answer is the same when both sides are turned around. */
function isEquality(insn: Insn): insn is Jump {
  return insn.kind === "jump" && insn.src.kind === "imm" && (insn.op === "jeq" || insn.op === "jne");
}

interface Compare {
  readonly pc: number;
  readonly insn: Jump;
  /** The swaps whose numbers reach it. */
  readonly of: number;
}

function replace(
  program: Program,
  { nodes }: Flow,
  counts: ReadonlyMap<number, number>,
  found: Map<number, Insn>,
): void {
  const { insns } = program;
  const swaps: { readonly pc: number; readonly insn: Swap }[] = [];
  for (const { start, end } of nodes) {
    for (let pc = start; pc < end; pc++) {
      const insn = insns[pc];
      if (isSwap(insn) && swaps.length < MOST) swaps.push({ pc, insn });
    }
  }
  if (swaps.length === 0) return;
  const bits = new Map(swaps.map(({ pc }, n) => [pc, 1 << n]));
  const compares: Compare[] = [];
  let used = 0;
  const walk = (node: number, holds: Int32Array, note: boolean): void => {
    const { start, end, unless = -1 } = nodes[node];
    const pass = (insn: Insn, pc: number): void => {
      if (note) {
        const reads = insn.kind === "exit" ? 1 : read(program, insn, pc, counts);
        for (let r = 0; r < REGISTERS; r++) {
          if (((reads >> r) & 1) === 0) continue;
          if (isEquality(insn) && r === insn.dst) compares.push({ pc, insn, of: holds[r] });
          // A swap of a swapped number is a use like any other.
          else used |= holds[r];
        }
      }
      const bit = bits.get(pc);
      const gone = insn.kind.startsWith("call") || insn.kind === "packet" ? 0b111111 : written(insn);
      for (let r = 0; r < REGISTERS; r++) if ((gone >> r) & 1) holds[r] = bit ?? OTHER;
    };
    for (let pc = start; pc < end; pc++) {
      const insn = insns[pc];
      if (insn !== null) pass(insn, pc);
    }
    const move = insns[unless];
    if (!move) return;
    const before = holds.slice();
    pass(move, unless);
    for (let r = 0; r < REGISTERS; r++) holds[r] |= before[r];
  };
  const atStart = nodes.map((_, node) => new Int32Array(REGISTERS).fill(node === 0 ? OTHER : 0));
  for (let changed = true; changed; ) {
    changed = false;
    nodes.forEach(({ next }, node) => {
      const holds = atStart[node].slice();
      walk(node, holds, false);
      for (const to of next) {
        for (let r = 0; r < REGISTERS; r++) {
          const all = atStart[to][r] | holds[r];
          if (all !== atStart[to][r]) {
            atStart[to][r] = all;
            changed = true;
          }
        }
      }
    });
  }
  for (let node = 0; node < nodes.length; node++) walk(node, atStart[node].slice(), true);
  for (let kept = -1; kept !== used; ) {
    kept = used;
    for (const { insn, of } of compares)
      if (of & (used | OTHER) || constantOf(insn, of, swaps) === undefined) used |= of;
  }
  for (const { pc, insn } of swaps) if ((used & (bits.get(pc) ?? 0)) === 0) found.set(pc, { ...insn, op: "le" });
  for (const { pc, insn, of } of compares) {
    if (of === 0 || of & (used | OTHER)) continue;
    const value = constantOf(insn, of, swaps);
    if (value !== undefined) found.set(pc, { ...insn, src: { kind: "imm", value } });
  }
}

/** The constant to compare with instead; undefined where the numbers are not all of one size, or it does not fit. */
function constantOf({ width, src }: Jump, of: number, swaps: readonly { readonly insn: Swap }[]): number | undefined {
  if (src.kind !== "imm") return undefined;
  const sizes = new Set(swaps.filter((_, n) => (of >> n) & 1).map(({ insn }) => insn.size));
  const [size] = sizes;
  if (sizes.size !== 1) return undefined;
  const { value } = src;
  if (size === 16) return value >= 0 && value <= 0xffff ? ((value & 0xff) << 8) | (value >> 8) : undefined;
  const whole = ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
  // Of 64 bits a constant that is negative has ones above.
  return width === 32 || (value >= 0 && whole >= 0) ? whole : undefined;
}
