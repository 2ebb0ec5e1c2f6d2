// Helpers of tracing: perf events and stack traces. The machine samples nothing, and has no stack of the kernel's.
import type { Helper } from "../contract.ts";
import type { HostCall } from "../machine.ts";
import { tracingAndSyscall } from "./groups.ts";

const EFAULT = -14;
const ENOENT = -2;
const EINVAL = -22;

/** Zeroes the memory in argument `i` of the size in the argument after it, as helpers do before they fail. */
function zeroed(call: HostCall, i: number, errno: number): void {
  const size = call.lo(i + 1) >>> 0;
  if (size > 0 && !call.writable(i, size)) return;
  for (let at = 0; at < size; at++) call.setByte(i, at, 0);
  call.returnsNumber(errno);
}

export const perfEventOutput = {
  id: 25,
  name: "bpf_perf_event_output",
  args: ["ctx", "mapPtr", "any", "mem", "sizeOrZero"],
  returns: "integer",
  maps: ["perf_event_array"],
  // No event was opened and put into the map.
  start: (call) => call.returnsNumber(ENOENT),
} as const satisfies Helper;

export const perfEventRead = {
  id: 22,
  name: "bpf_perf_event_read",
  args: ["mapPtr", "any"],
  returns: "integer",
  maps: ["perf_event_array"],
  start: (call) => call.returnsNumber(ENOENT),
} as const satisfies Helper;

export const perfEventReadValue = {
  id: 55,
  name: "bpf_perf_event_read_value",
  args: ["mapPtr", "any", "memOut", "size"],
  returns: "integer",
  maps: ["perf_event_array"],
  start: (call) => zeroed(call, 2, ENOENT),
} as const satisfies Helper;

export const perfProgReadValue = {
  id: 56,
  name: "bpf_perf_prog_read_value",
  args: ["ctx", "memOut", "size"],
  returns: "integer",
  programs: ["perf_event"],
  start: (call) => zeroed(call, 1, EINVAL),
} as const satisfies Helper;

export const getStackid = {
  id: 27,
  name: "bpf_get_stackid",
  args: ["ctx", "mapPtr", "any"],
  returns: "integer",
  maps: ["stack_trace"],
  programs: tracingAndSyscall,
  start: (call) => call.returnsNumber(EFAULT),
} as const satisfies Helper;

export const getStack = {
  id: 67,
  name: "bpf_get_stack",
  args: ["ctx", "memOut", "sizeOrZero", "any"],
  returns: "integer",
  result: "size",
  programs: tracingAndSyscall,
  start: (call) => zeroed(call, 1, EFAULT),
} as const satisfies Helper;

export const helpers = [
  perfEventOutput,
  perfEventRead,
  perfEventReadValue,
  perfProgReadValue,
  getStackid,
  getStack,
] as const;
