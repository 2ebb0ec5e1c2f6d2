// What is known of a register or a spilled slot: one immutable class for all kinds, so that reading a field
// costs the same whatever the register holds (kernel: struct bpf_reg_state).
import type { StructName } from "../../btf/types.ts";
import type { MapDef } from "../../isa/program.ts";
import { Scalar } from "../domain/scalar.ts";

/**
 * - `uninit`: never written on this path. `scalar`: a number.
 * - `ctx`: the program's context. `stack`: memory of frame `frame`. `mapPtr`: a map itself.
 * - `mapValue`: an element's value; `mapKey`: its key, in a callback. `packet`/`packetMeta`: packet bytes; `packetEnd`: its end.
 * - `mem`: `size` bytes handed out (a ring buffer record, a number iterator's number, a global function's argument).
 * - `sock`, `sockCommon`, `tcpSock`, `xdpSock`: a socket, as far as it is known what kind. `buffer`: a writable tracepoint's.
 * - `dynptr`: one that a callback was handed. `func`: a function of this program. `typed`: a structure of the kernel,
 *   `struct`, as good as `trust` says.
 */
export type ValueKind =
  | "uninit"
  | "scalar"
  | "ctx"
  | "stack"
  | "mapPtr"
  | "mapValue"
  | "mapKey"
  | "packet"
  | "packetMeta"
  | "packetEnd"
  | "mem"
  | "typed"
  | "sock"
  | "sockCommon"
  | "tcpSock"
  | "xdpSock"
  | "buffer"
  | "dynptr"
  | "func";

/**
 * Whether a pointer to a kernel structure may be relied on: `trusted`, or kept by a reference; `rcu`: in this section;
 * `plain`: as pointers were before trust was tracked, readable and good for old helpers; `untrusted`: readable only.
 */
export type Trust = "trusted" | "rcu" | "plain" | "untrusted";

/** Whether a pointer is protected by an RCU section (rules E2 to E4): not at all, still, or no more. */
export type Protection = "none" | "live" | "stale";

export interface ValueFields {
  readonly kind: ValueKind;
  /** The number; for pointers the part of the offset that varies. */
  readonly scalar: Scalar;
  /** The fixed part of a pointer's offset, in bytes. Of a linked number: how much above the others of its id it is. */
  readonly off: number;
  /** Scalars that are copies of one another or a constant apart, or pointers of one null check, share it; 0: none. */
  readonly id: number;
  readonly maybeNull: boolean;
  readonly map: MapDef | null;
  /** Which lookup or which packet a pointer came from: tells elements of one map apart (kernel: map_uid, reg->id). */
  readonly origin: number;
  /** The frame that a stack pointer points into. */
  readonly frame: number;
  /**
   * Bytes of `mem`; for a packet pointer the bytes proven to be there; for `func` the slot it begins at. Of a linked
   * number: the bits in which `off` was added, 32 or 64; 0 if it was not.
   */
  readonly size: number;
  readonly readOnly: boolean;
  /** The reference that keeps it alive; 0: none. */
  readonly reference: number;
  /** The dynptr that memory was taken out of; 0: none. */
  readonly dynptr: number;
  readonly protection: Protection;
  readonly struct: StructName | null;
  readonly trust: Trust;
  /** Where it was born and where its section ended: for messages only, no part of equality. */
  readonly bornAt: number;
  readonly diedAt: number;
}

const blank: ValueFields = {
  kind: "uninit",
  scalar: Scalar.constant(0n),
  off: 0,
  id: 0,
  maybeNull: false,
  map: null,
  origin: 0,
  frame: 0,
  size: 0,
  readOnly: false,
  reference: 0,
  dynptr: 0,
  protection: "none",
  struct: null,
  trust: "plain",
  bornAt: -1,
  diedAt: -1,
};

export class Value implements ValueFields {
  readonly kind: ValueKind;
  readonly scalar: Scalar;
  readonly off: number;
  readonly id: number;
  readonly maybeNull: boolean;
  readonly map: MapDef | null;
  readonly origin: number;
  readonly frame: number;
  readonly size: number;
  readonly readOnly: boolean;
  readonly reference: number;
  readonly dynptr: number;
  readonly protection: Protection;
  readonly struct: StructName | null;
  readonly trust: Trust;
  readonly bornAt: number;
  readonly diedAt: number;

  /** The first three stand apart because numbers, the most common values by far, differ in nothing else. */
  constructor(f: ValueFields, kind: ValueKind = f.kind, scalar: Scalar = f.scalar, id: number = f.id) {
    this.kind = kind;
    this.scalar = scalar;
    this.off = f.off;
    this.id = id;
    this.maybeNull = f.maybeNull;
    this.map = f.map;
    this.origin = f.origin;
    this.frame = f.frame;
    this.size = f.size;
    this.readOnly = f.readOnly;
    this.reference = f.reference;
    this.dynptr = f.dynptr;
    this.protection = f.protection;
    this.struct = f.struct;
    this.trust = f.trust;
    this.bornAt = f.bornAt;
    this.diedAt = f.diedAt;
  }

  with(change: Partial<ValueFields>): Value {
    return new Value({ ...this, ...change });
  }

  get isPointer(): boolean {
    return this.kind !== "scalar" && this.kind !== "uninit";
  }
}

export const uninit = new Value(blank);
export const unknownScalar = scalarValue(Scalar.unknown);

export function scalarValue(scalar: Scalar, id = 0): Value {
  return new Value(blank, "scalar", scalar, id);
}

export function pointer(kind: ValueKind, fields: Partial<ValueFields>): Value {
  return new Value({ ...blank, kind, ...fields });
}

/** The register type in the kernel's words, as its messages print it (kernel: reg_type_str). */
export function kindText(value: Value): string {
  if (value.kind === "typed") {
    return `${value.trust === "plain" ? "" : `${value.trust}_`}ptr_${value.maybeNull ? "or_null_" : ""}`;
  }
  // Until it was compared with null, what a lookup gave is a value to Linux, even when it is a map or a socket.
  const lookedUp = value.maybeNull && value.map !== null && value.kind !== "mem";
  const base = lookedUp ? "map_value" : value.kind === "mem" ? memoryText(value) : kindWords[value.kind];
  return base + (value.maybeNull ? "_or_null" : "");
}

/** Memory out of a ring buffer knows its map. */
function memoryText(value: Value): string {
  if (value.map !== null) return "ringbuf_mem";
  return value.readOnly ? "rdonly_mem" : "mem";
}

const kindWords: Record<ValueKind, string> = {
  uninit: "?",
  scalar: "scalar",
  ctx: "ctx",
  stack: "fp",
  mapPtr: "map_ptr",
  mapValue: "map_value",
  mapKey: "map_key",
  packet: "pkt",
  packetMeta: "pkt_meta",
  packetEnd: "pkt_end",
  mem: "mem",
  typed: "ptr_",
  sock: "sock",
  sockCommon: "sock_common",
  tcpSock: "tcp_sock",
  xdpSock: "xdp_sock",
  buffer: "tp_buffer",
  dynptr: "dynptr_ptr",
  func: "func",
};
