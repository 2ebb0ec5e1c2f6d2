// The kinds of pointer that each kind of argument takes, and how Linux lists them when it is given another
// (kernel: compatible_reg_types).
import type { ArgKind } from "../../host/contract.ts";
import type { ValueKind } from "../state/value.ts";
import { MEMORY_TYPES } from "./memory.ts";

export interface Demand {
  readonly kinds: readonly ValueKind[];
  /** The kernel's list of them. */
  readonly expected: string;
  readonly words: string;
}

const memory: readonly ValueKind[] = ["stack", "packet", "packetMeta", "mapKey", "mapValue", "mem"];
export const anyMemory: Demand = { kinds: memory, expected: MEMORY_TYPES, words: "memory" };
const number: Demand = { kinds: ["scalar"], expected: "scalar", words: "a number" };
const dynptr: Demand = { kinds: ["stack", "dynptr"], expected: "fp, dynptr_ptr", words: "a dynptr on the stack" };
const sockets: readonly ValueKind[] = ["sockCommon", "sock", "tcpSock", "xdpSock"];
export const anySocket: Demand = {
  kinds: sockets,
  expected: "sock_common, sock, tcp_sock, xdp_sock, ptr_, trusted_ptr_",
  words: "a socket",
};

export const demands: Readonly<Record<Extract<ArgKind, string>, Demand>> = {
  any: { kinds: [], expected: "", words: "" },
  scalar: number,
  mapPtr: { kinds: ["mapPtr"], expected: "map_ptr", words: "a map" },
  mapKey: anyMemory,
  mapValue: anyMemory,
  mapValueOut: anyMemory,
  mapValueOrNull: anyMemory,
  mem: anyMemory,
  memOrNull: anyMemory,
  memOut: anyMemory,
  memInOut: anyMemory,
  size: number,
  sizeOrZero: number,
  allocSize: number,
  constString: { kinds: ["mapValue"], expected: "map_value", words: "a constant string in a map" },
  ctx: { kinds: ["ctx"], expected: "ctx", words: "the program's context" },
  ctxOrNull: { kinds: ["ctx"], expected: "ctx", words: "the program's context, or 0" },
  callback: { kinds: ["func"], expected: "func", words: "a function of this program" },
  callbackContext: { kinds: ["stack"], expected: "fp", words: "a stack pointer, or 0" },
  spinLock: { kinds: ["mapValue"], expected: "map_value, ptr_", words: "a map value that holds the lock" },
  timer: { kinds: ["mapValue"], expected: "map_value", words: "a map value that holds the timer" },
  record: { kinds: ["mem"], expected: "ringbuf_mem", words: "a record that was reserved and not yet given back" },
  dynptrLocal: dynptr,
  dynptrRingbuf: dynptr,
  dynptr,
  dynptrRelease: dynptr,
  sockCommon: { kinds: sockets, expected: "sock_common, sock, tcp_sock, xdp_sock", words: "a socket" },
  anySock: anySocket,
  fullSockOrNull: { kinds: ["sock"], expected: "sock", words: "a whole socket, or 0" },
  fullSock: { kinds: ["sock"], expected: "sock", words: "a whole socket" },
  sockRelease: anySocket,
};
