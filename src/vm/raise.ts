// Where faults and warnings come into being: the place, the registers and the way there are taken down. Apart from the
// checks, for everything that checks ends here.
import { INSN_WORDS } from "./code.ts";
import { type Fault, type FaultKind, faultCodes, type Warning } from "./fault.ts";
import { frameAt } from "./frames.ts";
import { type Cpu, FAULTED, frame, state } from "./registers.ts";

/**
 * Stops the CPU with a fault at instruction `i`: at an address in region `id`, reached through the register at `reg`.
 * Always false, so that a check can return it.
 */
export function raise(cpu: Cpu, i: number, what: FaultKind, text: string, address?: bigint, id = 0, reg = -1): boolean {
  const R = cpu.R;
  const { program } = cpu.code;
  const pc = i / INSN_WORDS;
  const insn = program.insns[pc] ?? null;
  const calls: number[] = [];
  for (let depth = 1; depth <= R[state.frame]; depth++) {
    calls.push(Math.max(0, R[frameAt(depth) + frame.returnTo] / INSN_WORDS - 1));
  }
  const origin = program.origin[pc];
  const code = faultCodes[what];
  const fault: Fault = {
    kind: what,
    code,
    cpu: cpu.index,
    program: program.name,
    pc,
    span: address === undefined ? origin?.whole : (origin?.memory ?? origin?.whole),
    insn,
    calls,
    registers: Array.from({ length: 11 }, (_, at) => cpu.value(at)),
    address,
    region: id === 0 ? undefined : cpu.calls.describe(id, Number((address ?? 0n) & 0xffffffffn)),
    history: cpu.calls.history(cpu, what, reg, id),
    text: insn?.kind === "invalid" ? `not an instruction: ${insn.reason}` : text,
  };
  cpu.fault = fault;
  R[state.status] = FAULTED;
  R[state.pc] = i;
  return false;
}

export function warn(cpu: Cpu, i: number, what: Warning["kind"], text: () => string): void {
  const pc = i / INSN_WORDS;
  if (cpu.warnings.some((one) => one.kind === what && one.pc === pc)) return;
  const origin = cpu.code.program.origin[pc];
  cpu.warnings.push({ kind: what, pc, span: origin?.whole, text: text() });
}
