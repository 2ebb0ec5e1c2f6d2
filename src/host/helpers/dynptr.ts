// Helpers on dynptrs: memory whose bounds are checked at run time. In the machine every dynptr is the empty one, which a
// program must be ready for: Linux makes it when there is no memory to stand for.
import type { Helper } from "../contract.ts";
import { nothing } from "./nothing.ts";

const EINVAL = -22;

/** The empty dynptr is 16 bytes of zero. */
function makeEmpty(call: Parameters<Helper["start"]>[0], i: number, errno: number): void {
  if (!call.writable(i, 16)) return;
  for (let at = 0; at < 16; at++) call.setByte(i, at, 0);
  call.returnsNumber(errno);
}

export const dynptrFromMem = {
  id: 197,
  name: "bpf_dynptr_from_mem",
  args: ["memInOut", "sizeOrZero", "any", "dynptrLocal"],
  returns: "integer",
  start: (call) => makeEmpty(call, 3, EINVAL),
} as const satisfies Helper;

export const ringbufReserveDynptr = {
  id: 198,
  name: "bpf_ringbuf_reserve_dynptr",
  args: ["mapPtr", "any", "any", "dynptrRingbuf"],
  returns: "integer",
  maps: ["ringbuf"],
  start: (call) => makeEmpty(call, 3, EINVAL),
} as const satisfies Helper;

export const ringbufSubmitDynptr = {
  id: 199,
  name: "bpf_ringbuf_submit_dynptr",
  args: ["dynptrRelease", "any"],
  returns: "void",
  start: (call) => makeEmpty(call, 0, 0),
} as const satisfies Helper;

export const ringbufDiscardDynptr = {
  ...ringbufSubmitDynptr,
  id: 200,
  name: "bpf_ringbuf_discard_dynptr",
} as const satisfies Helper;

export const dynptrRead = {
  id: 201,
  name: "bpf_dynptr_read",
  args: ["memOut", "sizeOrZero", "dynptr", "any", "any"],
  returns: "integer",
  start: (call) => call.returnsNumber(EINVAL),
} as const satisfies Helper;

export const dynptrWrite = {
  id: 202,
  name: "bpf_dynptr_write",
  args: ["dynptr", "any", "mem", "sizeOrZero", "any"],
  returns: "integer",
  start: (call) => call.returnsNumber(EINVAL),
} as const satisfies Helper;

export const dynptrData = {
  id: 203,
  name: "bpf_dynptr_data",
  args: ["dynptr", "any", "allocSize"],
  returns: "dynptrMemOrNull",
  start: nothing,
} as const satisfies Helper;

export const userRingbufDrain = {
  id: 209,
  name: "bpf_user_ringbuf_drain",
  args: ["mapPtr", "callback", "callbackContext", "any"],
  returns: "integer",
  maps: ["user_ringbuf"],
  callback: { when: "sync", args: ["dynptr", "context"], returns: { min: 0, max: 1 } },
  start: nothing,
} as const satisfies Helper;

export const helpers = [
  dynptrFromMem,
  ringbufReserveDynptr,
  ringbufSubmitDynptr,
  ringbufDiscardDynptr,
  dynptrRead,
  dynptrWrite,
  dynptrData,
  userRingbufDrain,
] as const;
