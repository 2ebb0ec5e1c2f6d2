// Helpers of tracing: perf events and stack traces. The machine samples nothing, and has no stack of the kernel's.
import type { Helper } from "../contract.ts";
import { tracing, tracingAndSyscall } from "./groups.ts";
import { nothing, zeroed } from "./nothing.ts";

const EFAULT = -14;
const ENOENT = -2;
const EINVAL = -22;

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

/** Which function is traced is not told: none is. */
export const getFuncIp = {
  id: 173,
  name: "bpf_get_func_ip",
  args: ["ctx"],
  returns: "integer",
  programs: tracingAndSyscall,
  start: nothing,
} as const satisfies Helper;

export const getAttachCookie = {
  id: 174,
  name: "bpf_get_attach_cookie",
  args: ["ctx"],
  returns: "integer",
  programs: tracing,
  start: nothing,
} as const satisfies Helper;

export const getBranchSnapshot = {
  id: 176,
  name: "bpf_get_branch_snapshot",
  args: ["memOut", "sizeOrZero", "any"],
  returns: "integer",
  start: (call) => zeroed(call, 0, ENOENT),
} as const satisfies Helper;

export const helpers = [
  perfEventOutput,
  perfEventRead,
  perfEventReadValue,
  perfProgReadValue,
  getStackid,
  getStack,
  getFuncIp,
  getAttachCookie,
  getBranchSnapshot,
] as const;
