// The control flow of a program: where control can go from each slot, functions, basic blocks.
import type { Insn } from "./insn.ts";

/**
 * The slots control can pass to within the function, in order: falling through first, then the
 * jump. A call returns to the next slot. Targets may lie outside the program: whether they may
 * is the verifier's to say.
 */
export function successors(insns: readonly (Insn | null)[], pc: number): readonly number[] {
  const insn = insns[pc];
  switch (insn?.kind) {
    case undefined:
    case "exit":
    case "invalid":
      return [];
    case "goto":
      return [pc + 1 + insn.off];
    case "jump":
    case "mayGoto":
      return insn.off === 0 ? [pc + 1] : [pc + 1, pc + 1 + insn.off];
    case "imm64":
      return [pc + 2];
    default:
      return [pc + 1];
  }
}

/** The first slots of the program, of the functions it calls, and of those whose address it takes; ascending. */
export function functionStarts(insns: readonly (Insn | null)[]): readonly number[] {
  const starts = new Set<number>(insns.length > 0 ? [0] : []);
  insns.forEach((insn, pc) => {
    const target = called(insn, pc);
    if (target !== undefined && insns[target] !== null && insns[target] !== undefined) starts.add(target);
  });
  return [...starts].sort((a, b) => a - b);
}

/** The slot of the function that the instruction calls or takes the address of. */
export function called(insn: Insn | null | undefined, pc: number): number | undefined {
  if (insn?.kind === "callLocal") return pc + 1 + insn.off;
  return insn?.kind === "imm64" && insn.what === "func" ? pc + 1 + insn.low : undefined;
}

/** Instructions that run one after the other: [start, end), `end` counting slots. */
export interface Block {
  readonly start: number;
  readonly end: number;
  /** The slot of the last instruction. */
  readonly last: number;
  /** The starts of the blocks control can pass to, as `successors` gives them. */
  readonly next: readonly number[];
  /** The start of the function the block is in, by position in the text. */
  readonly function: number;
}

/** The basic blocks in the order of the text, unreachable ones too. */
export function blocks(insns: readonly (Insn | null)[]): readonly Block[] {
  const functions = functionStarts(insns);
  const leaders = new Set<number>(functions);
  insns.forEach((insn, pc) => {
    if (insn === null) return;
    const next = successors(insns, pc);
    const after = pc + (insn.kind === "imm64" ? 2 : 1);
    if (next.length === 1 && next[0] === after && insn.kind !== "jump" && insn.kind !== "mayGoto") return;
    for (const target of next) leaders.add(target);
    leaders.add(after);
  });
  const starts = [...leaders].filter((pc) => insns[pc] !== null && insns[pc] !== undefined).sort((a, b) => a - b);
  let fn = 0;
  return starts.map((start, at) => {
    const end = starts[at + 1] ?? insns.length;
    while (fn + 1 < functions.length && (functions[fn + 1] ?? 0) <= start) fn++;
    const last = insns[end - 1] === null ? end - 2 : end - 1;
    return { start, end, last, next: successors(insns, last), function: functions[fn] ?? 0 };
  });
}

/** For each slot the start of its block, -1 for second halves that belong to none. */
export function blockOf(list: readonly Block[], length: number): Int32Array {
  const owner = new Int32Array(length).fill(-1);
  for (const block of list) owner.fill(block.start, block.start, block.end);
  return owner;
}
