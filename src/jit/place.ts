// Where an instruction is compiled: what is known of its function, what the module imports, and how memory is reached from there.
import type { Insn } from "../isa/insn.ts";
import { REG_WORDS } from "../vm/code.ts";
import { STACK_BYTES, state } from "../vm/registers.ts";
import { type Code, call, get, getGlobal, i32, i64 } from "../wasm/code.ts";
import type { Locals } from "./locals.ts";
import type { MapCall } from "./maps.ts";
import type { Rotation } from "./rotate.ts";

/** The numbers of what a compiled program imports, and of its own variable; see glue.ts. */
export const imported = {
  helper: 0,
  kfunc: 1,
  callx: 2,
  tailCall: 3,
  goOn: 4,
  check: 5,
  enter: 6,
  spent: 7,
  stuck: 8,
} as const;
/** The number of bpf_tail_call. */
export const TAIL_CALL = 12;
export const globals = { cpu: 0, cpuIndex: 1, context: 2 } as const;

/** What is needed to know of the function that is being compiled. */
export interface Place {
  readonly locals: Locals;
  /** Every access is checked, and instructions are counted. */
  readonly checked: boolean;
  /** Other CPUs run at the same time, so what is atomic must be. */
  readonly shared: boolean;
  /** The context fields that load as pointers, by offset: 2 the packet's end, else its start. */
  readonly pointers: ReadonlyMap<number, number>;
  /** Whether a load may give such a pointer; of a verified program, whether it does. */
  isPointer(pc: number): boolean;
  /** What an LD_IMM64 of a map or a function is on this machine; null for what it has not. */
  resolved(pc: number): { readonly lo: number; readonly hi: number } | null;
  /** The function at a slot: its number in the module and how many arguments it reads. */
  callee(slot: number): Callee | null;
  /** A bit for each register whose upper half is read after the instruction in a slot. */
  wholeAfter(pc: number): number;
  /** The rotation that an instruction completes. */
  rotation(pc: number): Rotation | undefined;
  /** Ends the function with a result, out of so many blocks and loops. */
  ends(result: Code, depth: number): Code;
  /** How many of them are open around the block that is being compiled. */
  depth: number;
  /** What stands in place of a call of a map helper. */
  mapCall(insn: Insn, pc: number): MapCall | undefined;
  /** How many registers a call of a helper or kfunc hands over. */
  handedOver(insn: Insn): number;
}

export interface Callee {
  /** How many arguments it reads. */
  readonly count: number;
  /** It may make a tail call: then it returns at once, and its caller goes on in the other program. */
  readonly leaves: boolean;
  /** A call with the arguments and the bottom of its frame, or its code in place of that; it leaves r0's value. */
  call(operands: readonly Code[]): Code;
}

export const cpuWord = (name: "packetRegion" | "packetStart" | "packetEnd"): Code =>
  i32.load(getGlobal(globals.cpu), state[name] * 4);
/** The words that take a value which is no register's. */
const SPARE = 11 * REG_WORDS * 4;

/** An address in two parts: what is computed, and what the access adds. */
export interface Address {
  readonly from: Code;
  readonly offset: number;
}

/** No element begins below the first page, so an offset smaller than that never makes up for an address that went below 0. */
const SMALL = 4096;

export function address(
  { locals, checked }: Place,
  base: number,
  off: number,
  size: number,
  what: number,
  pc: number,
): Address {
  if (checked) {
    const keep = i64.store(getGlobal(globals.cpu), locals.read(base), SPARE);
    const operands = [i32.const(pc), i32.const(off), i32.const(size), i32.const(what)];
    return { from: [keep, call(imported.check, operands)], offset: 0 };
  }
  if (base === 10 && off >= -STACK_BYTES && off < 0) return { from: get(locals.frame), offset: off + STACK_BYTES };
  if (off >= 0 && off < SMALL) return { from: locals.low(base), offset: off };
  return { from: i32.add(locals.low(base), i32.const(off)), offset: 0 };
}

/** What the check in glue.ts is asked about. */
export const accesses = { read: 0, write: 1, atomic: 2, acquire: 3, release: 4 } as const;
