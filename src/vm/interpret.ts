// The interpreter: runs any program, checks every access, stops and resumes at any instruction. The common instructions are
// done by the fast loop (loop/loop.ts); what it leaves over is done here, one at a time.
import { raise } from "./raise.ts";
import { type Cpu, RUNNING, state } from "./registers.ts";
import { slow } from "./slow.ts";

/**
 * Instructions in one go of the fast loop. An engine that compiles it better in the background puts the result in place
 * when it is entered the next time.
 */
const SLICE = 1 << 16;

/**
 * Runs up to `budget` instructions (or steps of a call in progress) and returns the CPU's status. Everything it knows
 * is in the CPU's words when it returns, so that it may be called again, now, later, or on a restored copy.
 */
export function interpret(cpu: Cpu, budget: number): number {
  cpu.refresh();
  if (cpu.R[state.status] > 1) return cpu.R[state.status];
  cpu.R[state.status] = RUNNING;
  let left = budget;
  while (left > 0) {
    const R = cpu.R;
    if (R[state.busy] !== 0) {
      left--;
      if (cpu.calls.step(cpu) !== RUNNING) return cpu.R[state.status];
      cpu.refresh();
      continue;
    }
    const may = Math.min(left, R[state.limit] - R[state.count], SLICE);
    if (may <= 0) {
      raise(cpu, R[state.pc], "budget", `the program ran for more than ${R[state.limit]} instructions`);
      return R[state.status];
    }
    const rest = cpu.run(cpu.base, cpu.codeAt, may);
    const done = rest === 0 ? may : may - ~rest;
    R[state.count] += done;
    left -= done;
    if (rest === 0) continue;
    // The loop without WebAssembly comes upon faults by itself.
    if (cpu.R[state.status] !== RUNNING) return cpu.R[state.status];
    if (slow(cpu, R[state.pc])) {
      cpu.refresh();
      cpu.R[state.count]++;
      left--;
    }
    if (cpu.R[state.status] !== RUNNING) return cpu.R[state.status];
  }
  return cpu.R[state.status];
}
