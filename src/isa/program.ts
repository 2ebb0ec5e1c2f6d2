// A program: its instructions, the symbols they name, and where each came from.
import type { Diagnostic } from "../diag/diagnostic.ts";
import type { Span } from "../diag/source.ts";
import { encodeAll } from "./encode.ts";
import type { Insn } from "./insn.ts";
import type { MapType } from "./map-types.ts";

export type { MapType } from "./map-types.ts";

/** The RCU regime a program is judged by (docs/why.md, "Why two RCU regimes?"). */
export type RcuRegime = "explicit" | "implicit";

/** A special field of a map value, as its BTF would describe it. */
export type ValueField =
  | { readonly kind: "spin_lock"; readonly offset: number } // 4 bytes
  | { readonly kind: "timer"; readonly offset: number }; // 16 bytes

/** A map as a program declares it; sizes in bytes, as bpf(2) BPF_MAP_CREATE takes them. */
export interface MapDef {
  readonly name: string;
  readonly type: MapType;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_* bits of map creation. */
  readonly flags: number;
  /** For maps of maps: the template of the inner map (an index into program.maps, or a definition of its own). */
  readonly inner?: MapDef;
  readonly fields?: readonly ValueField[];
  /** User space can write no more (bpf(2) BPF_MAP_FREEZE): with BPF_F_RDONLY_PROG its entries are constants. */
  readonly frozen?: true;
  /** Entries to put in before the first run. For maps of maps and prog_array `value` names a map or a program function. */
  readonly entries?: readonly MapEntry[];
  readonly at?: Span;
}

export interface MapEntry {
  readonly key: Uint8Array;
  readonly value: { readonly bytes: Uint8Array } | { readonly map: string } | { readonly func: string };
  readonly at?: Span;
}

export interface FunctionSymbol {
  readonly name: string;
  /** The slot it begins at. */
  readonly pc: number;
  /** A global function is verified by itself from its argument types (kernel: btf global func). */
  readonly global: boolean;
  /** Declared arguments of a global function, e.g. ["scalar", {mem: 8}, "ctx"]. Needed to verify it apart. */
  readonly args?: readonly GlobalArg[];
  /** Absent: it returns a number. `unsaid`: there is no BTF that tells. */
  readonly returns?: "nothing" | "unsaid";
}
export type GlobalArg = "scalar" | "ctx" | { readonly mem: number; readonly nonnull: boolean };

/** What the source says should happen (`# expect:` lines); see docs on rejection tests. */
export interface Expectation {
  readonly verdict: "accept" | "reject" | "fault";
  readonly code?: string;
  /** A line number or a label. */
  readonly line?: number;
  readonly label?: string;
  readonly message?: string;
  readonly retval?: bigint;
  /** Restricts the expectation to one regime; absent: the program's own. */
  readonly rcu?: RcuRegime;
  readonly at?: Span;
  readonly text: string;
}

/**
 * `insns[pc]` is the instruction in slot `pc`; the second slot of an LD_IMM64 holds `null`.
 * `origin[pc]` is where it was written; absent for foreign bytes.
 */
export interface Program {
  readonly name: string;
  readonly insns: readonly (Insn | null)[];
  readonly maps: readonly MapDef[];
  readonly kfuncs: readonly string[];
  readonly functions: readonly FunctionSymbol[];
  /** Labels, for `expect: … at label` and for printing. */
  readonly labels: ReadonlyMap<string, number>;
  /** A program type of host/programs.ts, e.g. "xdp", "syscall". Absent: not said. */
  readonly type?: string;
  readonly sleepable?: boolean;
  /** Where it is to be attached, as libbpf's sections name it (`connect4`), for types whose rules depend on that. */
  readonly attach?: string;
  readonly rcu?: RcuRegime;
  readonly order: "little" | "big";
  readonly origin: readonly (Origin | undefined)[];
  readonly expectations: readonly Expectation[];
  /** The text of `# profile:`, where the source has one. */
  readonly profile?: string;
  readonly warnings: readonly Diagnostic[];
  /**
   * The instructions as bytes, 8 a slot. Maps are written as pseudo source 1 or 2 with their index in `maps`,
   * kfuncs as source 2 with their index in `kfuncs`.
   */
  bytes(order?: "little" | "big"): Uint8Array;
}

/** Spans of one instruction: the whole, and its operands where the assembler knows them. */
export interface Origin {
  readonly whole: Span;
  readonly dst?: Span;
  readonly src?: Span;
  /** The memory operand. */
  readonly memory?: Span;
  readonly target?: Span;
}

/** What a program must say of itself; the rest has an empty default. */
export type ProgramParts = Pick<Program, "insns"> & Partial<Omit<Program, "insns" | "bytes">>;

export function makeProgram(parts: ProgramParts): Program {
  const order = parts.order ?? "little";
  return {
    name: "program",
    maps: [],
    kfuncs: [],
    functions: [],
    labels: new Map(),
    origin: [],
    expectations: [],
    warnings: [],
    ...parts,
    order,
    bytes: (wanted = order) => encodeAll(parts.insns, wanted),
  };
}
