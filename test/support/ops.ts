// A small language of abstract programs, for the oracle and the generator: what a program does to RCU sections and
// to the pointers they protect, and nothing else. Both work on it without knowing the instruction set; text.ts makes
// assembly of it for the verifier.

/** Registers that hold something across operations: r0, and r6..r9, of which r9 is the loop counter. */
export type Reg = 0 | 6 | 7 | 8 | 9;
/** Slots of 8 bytes: 0 is at fp-8, 1 at fp-16, 2 at fp-24. */
export type Slot = 0 | 1 | 2;
export type MapName = "counters" | "locked" | "timers" | "outer";

/** Every value has this many bytes; a spin lock takes 4 of them and a timer 16, from the start. */
export const VALUE_SIZE = 32;
export const fieldSize: Record<MapName, number> = { counters: 0, locked: 4, timers: 16, outer: 0 };

/** `target` and `func` are indices: of an operation of the same function, of a function of the program. */
export type Op =
  | { readonly op: "lock" | "unlock" | "sleep" | "throw" | "tail" | "begin" | "exit" }
  /** r0 = lookup in a map, in the inner map in `via`, or with the value in `key` for a key. */
  | { readonly op: "lookup"; readonly map: MapName }
  | { readonly op: "lookupIn"; readonly via: Reg }
  | { readonly op: "lookupKey"; readonly key: Reg }
  | { readonly op: "copy"; readonly to: Reg; readonly from: Reg }
  | { readonly op: "spill"; readonly slot: Slot; readonly from: Reg }
  | { readonly op: "fill"; readonly to: Reg; readonly slot: Slot }
  | { readonly op: "set"; readonly to: Reg; readonly value: number }
  | { readonly op: "add"; readonly to: Reg; readonly value: number }
  | { readonly op: "load"; readonly to: Reg; readonly base: Reg; readonly off: number }
  | { readonly op: "store" | "atomic"; readonly base: Reg; readonly off: number }
  /** bpf_map_update_elem on another map, with the value taken from a pointer. */
  | { readonly op: "update"; readonly value: Reg }
  | { readonly op: "isNull"; readonly reg: Reg; readonly target: number }
  | { readonly op: "coin"; readonly target: number }
  /** r9 += 1; if r9 < count goto target. */
  | { readonly op: "again"; readonly count: number; readonly target: number }
  | { readonly op: "call"; readonly func: number; readonly arg: Reg | { readonly slot: Slot } }
  | { readonly op: "callGlobal"; readonly func: number; readonly arg: Reg }
  | { readonly op: "each" | "times"; readonly func: number }
  | { readonly op: "timer"; readonly via: Reg; readonly func: number }
  | { readonly op: "spin" | "unspin"; readonly reg: Reg }
  | { readonly op: "return"; readonly from: Reg }
  | { readonly op: "returnNumber"; readonly value: number };

export type Role = "main" | "static" | "global" | "each" | "times" | "timer";

/** r6 holds the argument on entry (the value for `each`, the index for `times`), r7..r9 and the slots hold 0. */
export interface Func {
  readonly role: Role;
  readonly ops: readonly Op[];
}

/** `funcs[0]` is the main program. */
export interface Abstract {
  readonly type: "syscall" | "xdp";
  readonly funcs: readonly Func[];
}
