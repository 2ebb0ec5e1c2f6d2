// A call in progress: the word `state.busy` says what will become of the result of the map operation that the CPU is in
// the middle of. Apart from the calls themselves, for faults and traces ask too.
import { INSN_WORDS } from "./code.ts";
import { frameAt } from "./frames.ts";
import { type Cpu, frame, state } from "./registers.ts";

/** 0: there is no call in progress. A walk's operation belongs to the frame that called for it, below the callback's. */
export const after = { result: 1, nothing: 2, walk: 3, dynptr: 4 } as const;

/** The operation record in use: the running frame's, or for a walk that of the frame that called for it. */
export function operationOf(cpu: Cpu): number {
  const depth = cpu.R[state.frame];
  return cpu.operations[cpu.R[state.busy] === after.walk ? depth - 1 : depth];
}

/** Index in the code's words of the call in progress. */
export function callOf(cpu: Cpu): number {
  const { R } = cpu;
  const back = R[state.busy] === after.walk ? R[frameAt(R[state.frame]) + frame.returnTo] : R[state.pc];
  return back - INSN_WORDS;
}
