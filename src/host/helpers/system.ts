// Helpers that ask the system: clocks, processors, the current task, random numbers, memory of others.
import type { Helper } from "../contract.ts";
import { coarseClock, tracingAndSyscall } from "./groups.ts";
import { nothing, unsupported, zeroed } from "./nothing.ts";

const word = (value: bigint): [number, number] => [
  Number(BigInt.asIntN(32, value)),
  Number(BigInt.asIntN(32, value >> 32n)),
];

export const ktimeGetNs = {
  id: 5,
  name: "bpf_ktime_get_ns",
  args: [],
  returns: "integer",
  start: (call) => call.returns(...word(call.clock.nanoseconds())),
} as const satisfies Helper;

export const getPrandomU32 = {
  id: 7,
  name: "bpf_get_prandom_u32",
  args: [],
  returns: "integer",
  start: (call) => call.returns(call.random(), 0),
} as const satisfies Helper;

export const getSmpProcessorId = {
  id: 8,
  name: "bpf_get_smp_processor_id",
  args: [],
  returns: "integer",
  result: { min: 0n, max: 8191n },
  fast: true,
  start: (call) => call.returnsNumber(call.cpu),
} as const satisfies Helper;

export const getCurrentPidTgid = {
  id: 14,
  name: "bpf_get_current_pid_tgid",
  args: [],
  returns: "integer",
  start: (call) => call.returns(call.task.pid, call.task.tgid),
} as const satisfies Helper;

export const getCurrentUidGid = {
  id: 15,
  name: "bpf_get_current_uid_gid",
  args: [],
  returns: "integer",
  start: (call) => call.returns(call.task.uid, call.task.gid),
} as const satisfies Helper;

export const getCurrentComm = {
  id: 16,
  name: "bpf_get_current_comm",
  args: ["memOut", "size"],
  returns: "integer",
  start: (call) => {
    const size = call.lo(1) >>> 0;
    if (!call.writable(0, size)) return;
    for (let at = 0; at < size; at++) call.setByte(0, at, at < size - 1 ? call.task.comm.charCodeAt(at) || 0 : 0);
    call.returnsNumber(0);
  },
} as const satisfies Helper;

export const getCurrentTaskBtf = {
  id: 158,
  name: "bpf_get_current_task_btf",
  args: [],
  returns: { object: "task_struct", trust: "trusted" },
  start: (call) => call.returnsObject("task_struct"),
} as const satisfies Helper;

export const taskPtRegs = {
  id: 175,
  name: "bpf_task_pt_regs",
  args: [{ object: "task_struct", trust: "any" }],
  returns: { object: "pt_regs", trust: "trusted" },
  start: (call) => call.returnsObject("pt_regs"),
} as const satisfies Helper;

export const jiffies64 = {
  id: 118,
  name: "bpf_jiffies64",
  args: [],
  returns: "integer",
  // 250 ticks a second from the kernel's initial value of minus five minutes.
  start: (call) => call.returns(...word(call.clock.nanoseconds() / 4_000_000n + 0xfffedb08n)),
} as const satisfies Helper;

export const ktimeGetBootNs = {
  id: 125,
  name: "bpf_ktime_get_boot_ns",
  args: [],
  returns: "integer",
  start: (call) => call.returns(...word(call.clock.bootNanoseconds())),
} as const satisfies Helper;

/** Reads memory that may not be there: 0, or -EFAULT with the destination zeroed. Nobody else's memory exists here. */
function copyFromElsewhere(call: Parameters<Helper["start"]>[0]): void {
  const size = call.lo(1) >>> 0;
  if (!call.writable(0, size)) return;
  for (let at = 0; at < size; at++) call.setByte(0, at, 0);
  call.returnsNumber(size === 0 ? 0 : -14);
}

export const probeReadKernel = {
  id: 113,
  name: "bpf_probe_read_kernel",
  args: ["memOut", "sizeOrZero", "any"],
  returns: "integer",
  start: copyFromElsewhere,
} as const satisfies Helper;

export const copyFromUser = {
  id: 148,
  name: "bpf_copy_from_user",
  args: ["memOut", "sizeOrZero", "any"],
  returns: "integer",
  sleeps: true,
  start: copyFromElsewhere,
} as const satisfies Helper;

export const probeReadUser = { ...probeReadKernel, id: 112, name: "bpf_probe_read_user" } as const satisfies Helper;
export const probeRead = {
  ...probeReadKernel,
  id: 4,
  name: "bpf_probe_read",
  programs: tracingAndSyscall,
} as const satisfies Helper;
export const probeReadKernelStr = {
  ...probeReadKernel,
  id: 115,
  name: "bpf_probe_read_kernel_str",
  result: "size",
} as const satisfies Helper;
export const probeReadUserStr = {
  ...probeReadKernelStr,
  id: 114,
  name: "bpf_probe_read_user_str",
} as const satisfies Helper;
export const probeReadStr = {
  ...probeReadKernelStr,
  id: 45,
  name: "bpf_probe_read_str",
  programs: tracingAndSyscall,
} as const satisfies Helper;

export const getNumaNodeId = {
  id: 42,
  name: "bpf_get_numa_node_id",
  args: [],
  returns: "integer",
  start: nothing,
} as const satisfies Helper;

/** Control groups have numbers from 1, the root's. */
export const getCurrentCgroupId = {
  id: 80,
  name: "bpf_get_current_cgroup_id",
  args: [],
  returns: "integer",
  start: (call) => call.returns(1, 0),
} as const satisfies Helper;

export const getCurrentAncestorCgroupId = {
  id: 123,
  name: "bpf_get_current_ancestor_cgroup_id",
  args: ["any"],
  returns: "integer",
  start: (call) => call.returns((call.lo(0) | call.hi(0)) === 0 ? 1 : 0, 0),
} as const satisfies Helper;

export const ktimeGetCoarseNs = {
  id: 160,
  name: "bpf_ktime_get_coarse_ns",
  args: [],
  returns: "integer",
  programs: coarseClock,
  // As of the last tick, 250 a second.
  start: (call) => call.returns(...word((call.clock.nanoseconds() / 4_000_000n) * 4_000_000n)),
} as const satisfies Helper;

export const ktimeGetTaiNs = {
  id: 208,
  name: "bpf_ktime_get_tai_ns",
  args: [],
  returns: "integer",
  // International Atomic Time counted from boot, for lack of another beginning.
  start: (call) => call.returns(...word(call.clock.bootNanoseconds())),
} as const satisfies Helper;

/** Signals go to the current task, which is nobody's. */
export const sendSignal = {
  id: 109,
  name: "bpf_send_signal",
  args: ["any"],
  returns: "integer",
  start: unsupported,
} as const satisfies Helper;

export const sendSignalThread = { ...sendSignal, id: 117, name: "bpf_send_signal_thread" } as const satisfies Helper;

export const getCurrentTask = {
  id: 35,
  name: "bpf_get_current_task",
  args: [],
  returns: "integer",
  start: nothing,
} as const satisfies Helper;

export const currentTaskUnderCgroup = {
  id: 37,
  name: "bpf_current_task_under_cgroup",
  args: ["mapPtr", "any"],
  returns: "integer",
  maps: ["cgroup_array"],
  start: unsupported,
} as const satisfies Helper;

export const getNsCurrentPidTgid = {
  id: 120,
  name: "bpf_get_ns_current_pid_tgid",
  args: ["any", "any", "memOut", "size"],
  returns: "integer",
  // No namespace has that device and inode.
  start: (call) => zeroed(call, 2, -22),
} as const satisfies Helper;

export const helpers = [
  ktimeGetNs,
  getPrandomU32,
  getSmpProcessorId,
  getCurrentPidTgid,
  getCurrentUidGid,
  getCurrentComm,
  jiffies64,
  getCurrentTaskBtf,
  taskPtRegs,
  ktimeGetBootNs,
  probeReadKernel,
  copyFromUser,
  probeReadUser,
  probeRead,
  probeReadKernelStr,
  probeReadUserStr,
  probeReadStr,
  getNumaNodeId,
  getCurrentCgroupId,
  getCurrentAncestorCgroupId,
  ktimeGetCoarseNs,
  ktimeGetTaiNs,
  sendSignal,
  sendSignalThread,
  getCurrentTask,
  currentTaskUnderCgroup,
  getNsCurrentPidTgid,
] as const;
