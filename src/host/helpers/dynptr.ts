// Helpers on dynptrs: memory whose bounds are checked at run time.
import type { Helper } from "../contract.ts";
import { nothing } from "./nothing.ts";

export const dynptrFromMem = {
  id: 197,
  name: "bpf_dynptr_from_mem",
  args: ["memInOut", "sizeOrZero", "any", "dynptrLocal"],
  returns: "integer",
  start: (call) => call.dynptr.fromMemory(0, 1, 2, 3),
} as const satisfies Helper;

export const ringbufReserveDynptr = {
  id: 198,
  name: "bpf_ringbuf_reserve_dynptr",
  args: ["mapPtr", "any", "any", "dynptrRingbuf"],
  returns: "integer",
  maps: ["ringbuf"],
  start: (call) => call.dynptr.reserve(0, 1, 2, 3),
} as const satisfies Helper;

export const ringbufSubmitDynptr = {
  id: 199,
  name: "bpf_ringbuf_submit_dynptr",
  args: ["dynptrRelease", "any"],
  returns: "void",
  start: (call) => call.dynptr.giveBack(0, false),
} as const satisfies Helper;

export const ringbufDiscardDynptr = {
  ...ringbufSubmitDynptr,
  id: 200,
  name: "bpf_ringbuf_discard_dynptr",
  start: (call) => call.dynptr.giveBack(0, true),
} as const satisfies Helper;

export const dynptrRead = {
  id: 201,
  name: "bpf_dynptr_read",
  args: ["memOut", "sizeOrZero", "dynptr", "any", "any"],
  returns: "integer",
  start: (call) => call.dynptr.read(0, 1, 2, 3, 4),
} as const satisfies Helper;

export const dynptrWrite = {
  id: 202,
  name: "bpf_dynptr_write",
  args: ["dynptr", "any", "mem", "sizeOrZero", "any"],
  returns: "integer",
  start: (call) => call.dynptr.write(0, 1, 2, 3, 4),
} as const satisfies Helper;

export const dynptrData = {
  id: 203,
  name: "bpf_dynptr_data",
  args: ["dynptr", "any", "allocSize"],
  returns: "dynptrMemOrNull",
  start: (call) => call.dynptr.data(0, 1, 2),
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
