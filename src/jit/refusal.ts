// What the compiler leaves to the interpreter, and why. Each reason is one where compiled code could come to another end than
// the interpreter does.
import type { Diagnostic } from "../diag/diagnostic.ts";
import { type ContextField, programType } from "../host/programs.ts";
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";
import type { Facts } from "../verifier/verdict.ts";

export type Refusal = {
  readonly text: string;
} & (
  | { readonly reason: "load"; readonly diagnostics: readonly Diagnostic[] }
  | { readonly reason: "framePointer" | "contextPointer"; readonly pc: number }
  | { readonly reason: "traced" | "engine" }
);

export const traced: Refusal = { reason: "traced", text: "compiled code does not tell its steps" };

export const withoutEngine: Refusal = {
  reason: "engine",
  text: "WebAssembly may not be compiled here: there is none, or the page forbids it",
};

type Rule = {
  readonly reason: "framePointer" | "contextPointer";
  readonly text: string;
  /** Of programs that are not verified: in others it stands where no run comes. */
  readonly onlyChecked?: true;
};
const rules: readonly (Rule & {
  readonly holds: (insn: Insn, pc: number, program: Program, facts: Facts | undefined) => boolean;
})[] = [
  {
    reason: "framePointer",
    text: "r10 is written, and compiled code has it fixed",
    onlyChecked: true,
    holds: writesFramePointer,
  },
  {
    reason: "contextPointer",
    text: "a context field stands for a pointer that the machine does not give",
    holds: (insn, pc, program, facts) =>
      insn.kind === "load" &&
      (facts === undefined ? insn.base !== 10 : facts.context.has(pc)) &&
      foreignFields(program).some(isLoadedBy(insn)),
  },
];

/** `facts`: what was proven of the program; undefined: it is to be checked. */
export function refusalOf(program: Program, facts: Facts | undefined): Refusal | undefined {
  for (const { reason, text, holds, onlyChecked } of rules) {
    if (onlyChecked === true && facts !== undefined) continue;
    const pc = program.insns.findIndex((insn, at) => insn !== null && holds(insn, at, program, facts));
    if (pc >= 0) return { reason, text, pc };
  }
  return undefined;
}

export function writesFramePointer(insn: Insn): boolean {
  if (insn.kind === "atomic") return insn.fetch && insn.op !== "cmpxchg" && insn.src === 10;
  return insn.kind !== "jump" && "dst" in insn && insn.dst === 10;
}

/** Sockets, lent buffers and packets named by 8 bytes: in the machine's contexts these are numbers. */
function foreignFields({ type }: Program): readonly ContextField[] {
  const fields = (type === undefined ? undefined : programType(type))?.fields ?? [];
  return fields.filter(({ kind, size }) => kind !== "scalar" && !(kind.startsWith("packet") && size === 4));
}

function isLoadedBy({ off, size }: Extract<Insn, { kind: "load" }>): (field: ContextField) => boolean {
  return (field) => field.offset === off && field.size === size;
}

/**
 * The bytes of a context that accesses can reach where the type has no table of fields; it may be handed over shorter. With
 * a table it is always whole.
 */
export function contextReach({ type, insns }: Program): number {
  const known = type === undefined ? undefined : programType(type);
  if (known?.fields !== undefined) return 0;
  let reach = 0;
  for (const insn of insns) {
    if (insn !== null && "base" in insn && insn.base !== 10) reach = Math.max(reach, insn.off + insn.size);
  }
  return Math.min(reach, known?.contextSize ?? reach);
}
