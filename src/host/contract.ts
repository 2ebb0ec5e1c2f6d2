// What a call promises and demands. A helper or kfunc is declared once, in one literal: the contract
// that the verifier reads and the body that the machine runs (the kernel's bpf_func_proto, plus the body).
import type { StructName } from "../btf/types.ts";
import type { MapType } from "../isa/program.ts";
import type { HostCall } from "./machine.ts";

/** Bytes of a number known beforehand; `aligned`: on a multiple of their size. */
interface FixedMemory {
  readonly aligned?: true;
}

/**
 * What an argument must be (kernel: enum bpf_arg_type).
 * - `any`: any initialised value. `scalar`: a number.
 * - `mapPtr`: a map. `mapKey`, `mapValue`: readable memory of the size that the mapPtr before it says.
 * - `mapValueOut`: writable memory of the value's size, which the call fills.
 * - `mapValueOrNull`: such memory, or the number 0. `ctx`: the context, `ctxOrNull`: or the number 0.
 * - `mem`: readable, `memOrNull`: or the number 0, `memOut`: writable and filled by the call, `memInOut`: read and written;
 *   its size is the argument after it, `size` (at least 1) or `sizeOrZero`.
 * - `{ mem: n }` / `{ memOut: n }` / `{ memInOut: n }`: n bytes.
 * - `allocSize`: a known constant, the size of the memory returned.
 * - `constString`: a NUL-terminated string in a frozen read-only map. `string`: readable memory holding one (trace_printk's size pair).
 * - `callback`: a function of this program. `callbackContext`: what is handed to it: a stack pointer or 0.
 * - `spinLock`, `timer`: the field of a map value. `record`: memory acquired by reserve, released here.
 * - `{ iterator }`: the bytes of the stack in which an iterator is made, stepped or given back.
 * - `{ object }`: a structure of the kernel, which must be trusted, or an RCU pointer at least, or any but untrusted;
 *   `{ release }`: one that was acquired, given back.
 * - `dynptrLocal`, `dynptrRingbuf`: 16 bytes of stack in which a dynptr is made; `dynptr`: one that is there;
 *   `dynptrRelease`: one that is given back.
 * - `sockCommon`: any socket, `anySock`: also by its BTF type, `fullSock`: one that is whole (`OrNull`: or the number 0), `sockRelease`: one that was
 *   looked up, to be given back.
 */
export type ArgKind =
  | "any"
  | "scalar"
  | "mapPtr"
  | "mapKey"
  | "mapValue"
  | "mapValueOut"
  | "mapValueOrNull"
  | "mem"
  | "memOrNull"
  | "memOut"
  | "memInOut"
  | "size"
  | "sizeOrZero"
  | "allocSize"
  | "constString"
  | "ctx"
  | "ctxOrNull"
  | "callback"
  | "callbackContext"
  | "spinLock"
  | "timer"
  | "record"
  | "dynptrLocal"
  | "dynptrRingbuf"
  | "dynptr"
  | "dynptrRelease"
  | "sockCommon"
  | "anySock"
  | "fullSock"
  | "fullSockOrNull"
  | "sockRelease"
  | { readonly iterator: IteratorKind; readonly step: "new" | "next" | "destroy" }
  | { readonly object: StructName; readonly trust: "trusted" | "rcu" | "any" }
  | { readonly release: StructName }
  | ({ readonly mem: number } & FixedMemory)
  | ({ readonly memOut: number } & FixedMemory)
  | ({ readonly memInOut: number } & FixedMemory);

/** What an iterator walks over. */
export type IteratorKind = "num" | "task";

/** What is in r0 afterwards. */
export type ReturnKind =
  | "integer"
  | "void"
  | "mapValueOrNull"
  | "mapValue"
  | "sockOrNull"
  | "sockCommonOrNull"
  | "tcpSockOrNull"
  /** `allocSize` bytes of what the dynptr argument stands for, or null. */
  | "dynptrMemOrNull"
  /** Memory of the size given by the `allocSize` argument, or null; holds a reference until released. */
  | "recordOrNull"
  /** Pointer to a 4-byte number, or null when the iteration is over. */
  | "iterNumberOrNull"
  /** A structure of the kernel. */
  | { readonly object: StructName; readonly trust: "trusted" | "rcu" | "plain"; readonly orNull?: true }
  /** Does not return. */
  | "never";

export interface Contract {
  readonly name: string;
  readonly args: readonly ArgKind[];
  readonly returns: ReturnKind;
  /** A known range of an integer result, signed; `size`: an error number, or at most the size argument. */
  readonly result?: { readonly min: bigint; readonly max: bigint } | "size";
  /** What it returns must be given back. */
  readonly acquires?: true;
  /** What it returns is the socket of its first argument seen as another kind: one reference keeps both. */
  readonly casts?: true;
  /** `reader`: what it returns or hands to its callback is protected by RCU; under the explicit regime it must be called inside a section (rule E1). */
  readonly rcu?: "reader" | "lock" | "unlock";
  readonly sleeps?: true;
  /** Map types the mapPtr argument may have; absent: those with keys and values. */
  readonly maps?: readonly MapType[];
  /** Program types in which it takes other arguments. */
  readonly variants?: readonly { readonly programs: readonly string[]; readonly args: readonly ArgKind[] }[];
  /** Program types that may call it; absent: all. */
  readonly programs?: readonly string[];
  readonly callback?: CallbackShape;
  /** Leaves the registers alone that hold none of its arguments, so spills around it are taken out (kernel: bpf_fastcall). */
  readonly fast?: true;
  /** Its memory arguments may lie in the packet (kernel: pkt_access). */
  readonly packetArguments?: true;
  /** Its second argument must be the number 0. */
  readonly noFlags?: true;
  /** Packet pointers die (the packet may have moved). */
  readonly changesPacket?: true;
  readonly preempt?: "disable" | "enable";
  readonly lock?: "acquire" | "release";
  readonly tailCall?: true;
}

/**
 * How a callback is called: `sync` within the call, `async` later and by itself.
 * r1.. of the callback: `index` a number, `mapPtr` the map, `key` and `value` of an element, `dynptr` a sample that may only
 * be read, `context` what the caller gave.
 */
export interface CallbackShape {
  readonly when: "sync" | "async";
  readonly args: readonly ("index" | "mapPtr" | "key" | "value" | "dynptr" | "context")[];
  /** The argument that says how often it runs at most. */
  readonly times?: number;
  /** The range its r0 must be in. */
  readonly returns: { readonly min: number; readonly max: number };
}

export interface Helper extends Contract {
  readonly id: number;
  /** Runs, or begins, the call; see HostCall. */
  readonly start: (call: HostCall) => void;
}

export interface Kfunc extends Contract {
  readonly start: (call: HostCall) => void;
}
