// What goes wrong when a program runs, as a result: the place, the registers, and what was at the address. Apart from
// the checks that find it, because the explorer and the command line read faults without running anything.
import type { Code, Diagnostic, Note } from "../diag/diagnostic.ts";
import type { Span } from "../diag/source.ts";
import type { Insn } from "../isa/insn.ts";

/** The kinds of fault, each with the code of the rule it breaks. */
export const faultCodes = {
  null: "E0301",
  mapValue: "E0302",
  packet: "E0303",
  stack: "E0304",
  scalar: "E0306",
  context: "E0307",
  readOnly: "E0308",
  misaligned: "E0309",
  /** A record of a ring buffer, a map's own header, memory handed to the run. */
  bounds: "E0302",
  budget: "E0202",
  fallsOff: "E0203",
  depth: "E0204",
  invalid: "E0111",
  released: "E0503",
  sectionEnded: "L0601",
  outsideSection: "L0602",
  sectionOpen: "E0603",
  nested: "E0604",
  unmatched: "E0605",
  sleep: "E0606",
  lock: "E0607",
  preemption: "E0608",
  callback: "E0609",
  depthUnderLock: "E0610",
  call: "E0701",
  argument: "E0702",
} as const satisfies Record<string, Code>;
export type FaultKind = keyof typeof faultCodes;

/** Something that led to a fault: a section opened or closed; a pointer was given; the life of its element ended, or another's began in its place. */
export interface History {
  readonly what: "opened" | "closed" | "born" | "freed" | "reused";
  /** Absent where no instruction of this program did it. */
  readonly pc?: number;
  readonly span?: Span;
  readonly text: string;
}

export interface Fault {
  readonly kind: FaultKind;
  readonly code: Code;
  readonly cpu: number;
  readonly program: string;
  /** The slot of the instruction, and its place in the text. */
  readonly pc: number;
  readonly span?: Span;
  readonly insn: Insn | null;
  /** The program counters of the calls on the way here, outermost first. */
  readonly calls: readonly number[];
  readonly registers: readonly bigint[];
  /** For memory faults: where, and what is there. */
  readonly address?: bigint;
  readonly region?: string;
  readonly history: readonly History[];
  readonly text: string;
}

/** Something a program should not rely on, which the machine let pass. */
export interface Warning {
  readonly kind: "uninitialisedRegister" | "uninitialisedStack" | "stale";
  readonly pc: number;
  readonly span?: Span;
  readonly text: string;
}

export function faultDiagnostic(fault: Fault): Diagnostic {
  const notes: Note[] = fault.history.map(({ what, pc, span, text }) => ({ event: what, pc, at: span, text }));
  const facts: { name: string; text: string }[] = [];
  if (fault.address !== undefined) facts.push({ name: "address", text: hex(fault.address) });
  if (fault.region !== undefined) facts.push({ name: "region", text: fault.region });
  facts.push({ name: "registers", text: fault.registers.map((value, at) => `r${at}=${hex(value)}`).join(" ") });
  return { code: fault.code, severity: "error", at: fault.span, pc: fault.pc, text: fault.text, notes, facts };
}

const warningCodes = { uninitialisedRegister: "W0401", uninitialisedStack: "W0305", stale: "W0503" } as const;

export function warningDiagnostic(warning: Warning): Diagnostic {
  const { kind, pc, span, text } = warning;
  return { code: warningCodes[kind], severity: "warning", at: span, pc, text, notes: [] };
}

export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
