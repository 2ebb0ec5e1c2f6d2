// What the instruction that a CPU is at loads or stores, read off its code and registers before it runs.
import { operation } from "../vm/code.ts";
import { type Cpu, state, word } from "../vm/registers.ts";
import type { Touch } from "./actor.ts";

/** Index in `R` of the register that the access at a place in the code goes through. */
export function baseAt({ code: { words } }: Cpu, at: number): number {
  const op = words[at];
  const loads = op < operation.storeImm || op === operation.loadAcquire;
  return loads ? words[at + 2] : words[at + 1];
}

/** The bytes that the load, store or atomic operation there goes to. */
export function accessAt(cpu: Cpu, at: number): Touch {
  const { R } = cpu;
  const C = cpu.code.words;
  const op = C[at];
  const address = (R[baseAt(cpu, at)] + C[at + 3]) | 0;
  if (op === operation.atomic) return { kind: "atomic", address, size: C[at + 5] };
  if (op === operation.loadAcquire) return { kind: "read", address, size: C[at + 4] };
  if (op === operation.storeRelease) return { kind: "write", address, size: C[at + 4] };
  if (op < operation.storeImm) {
    const which = op - operation.load;
    return { kind: "read", address, size: which === 3 ? 8 : 1 << (which & 3) };
  }
  const which = op - (op < operation.storeReg ? operation.storeImm : operation.storeReg);
  return { kind: "write", address, size: 1 << which };
}

/** Whether the next instruction gives its program something of memory: what it loads, or what an atomic operation fetched. */
export function readsNext({ R, code: { words } }: Cpu): boolean {
  if (R[state.busy] !== 0) return false;
  const at = R[state.pc];
  if (words[at] === operation.atomic) return words[at + 6] !== 0;
  return (words[at] >= operation.load && words[at] < operation.storeImm) || words[at] === operation.loadAcquire;
}

/** The first byte of the element that the next access goes to. */
export function elementNext(cpu: Cpu): number {
  return cpu.R[baseAt(cpu, cpu.R[state.pc]) + word.base];
}
