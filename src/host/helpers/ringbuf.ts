// Helpers on the ring buffer. A reserved record is a reference: submit or discard must follow on every path.
import type { Helper } from "../contract.ts";

export const ringbufOutput = {
  id: 130,
  name: "bpf_ringbuf_output",
  args: ["mapPtr", "mem", "sizeOrZero", "any"],
  returns: "integer",
  maps: ["ringbuf"],
  start: (call) => call.maps.ringbufOutput(0, 1, 2, 3),
} as const satisfies Helper;

export const ringbufReserve = {
  id: 131,
  name: "bpf_ringbuf_reserve",
  args: ["mapPtr", "allocSize", "any"],
  returns: "recordOrNull",
  maps: ["ringbuf"],
  start: (call) => call.maps.ringbufReserve(0, 1, 2),
} as const satisfies Helper;

export const ringbufSubmit = {
  id: 132,
  name: "bpf_ringbuf_submit",
  args: ["record", "any"],
  returns: "void",
  start: (call) => call.maps.ringbufSubmit(0, 1),
} as const satisfies Helper;

export const ringbufDiscard = {
  id: 133,
  name: "bpf_ringbuf_discard",
  args: ["record", "any"],
  returns: "void",
  start: (call) => call.maps.ringbufDiscard(0, 1),
} as const satisfies Helper;

export const ringbufQuery = {
  id: 134,
  name: "bpf_ringbuf_query",
  args: ["mapPtr", "any"],
  returns: "integer",
  maps: ["ringbuf"],
  start: (call) => call.maps.ringbufQuery(0, 1),
} as const satisfies Helper;

export const helpers = [ringbufOutput, ringbufReserve, ringbufSubmit, ringbufDiscard, ringbufQuery] as const;
