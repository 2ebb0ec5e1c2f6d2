// Kernel functions on the kernel's own structures: tasks, control groups, processor masks. The machine has one of each
// (vm/objects.ts): one task, in one control group, allowed on one processor. Nothing can be made or freed.
import type { Kfunc } from "../contract.ts";
import type { HostCall } from "../machine.ts";

/** What keeps and releases needs to do nothing: the objects stay. */
const same = (call: HostCall): void => call.returns(call.lo(0), call.hi(0));
const nothing = (call: HostCall): void => call.returnsNumber(0);

const MASK_BYTES = 32;

/** The number of the first processor in the mask; the number of bits in it when there is none. */
function firstCpu(call: HostCall): void {
  if (!call.readable(0, MASK_BYTES)) return;
  for (let at = 0; at < MASK_BYTES; at++) {
    const byte = call.byte(0, at);
    if (byte === 0) continue;
    call.returnsNumber(at * 8 + 31 - Math.clz32(byte & -byte));
    return;
  }
  call.returnsNumber(MASK_BYTES * 8);
}

function testCpu(call: HostCall): void {
  const cpu = call.lo(0) >>> 0;
  if (!call.readable(1, MASK_BYTES)) return;
  call.returnsNumber(cpu < MASK_BYTES * 8 ? (call.byte(1, cpu >> 3) >> (cpu & 7)) & 1 : 0);
}

/** The first byte of a task iterator says whether the one task is still to come. */
const ITERATOR_BYTES = 24;

function begin(call: HostCall): void {
  if (!call.writable(0, ITERATOR_BYTES)) return;
  for (let at = 0; at < ITERATOR_BYTES; at++) call.setByte(0, at, at === 0 ? 1 : 0);
  call.returnsNumber(0);
}

function next(call: HostCall): void {
  if (!call.writable(0, ITERATOR_BYTES)) return;
  if (call.byte(0, 0) === 0) {
    call.returnsNumber(0);
    return;
  }
  call.setByte(0, 0, 0);
  call.returnsObject("task_struct");
}

export const taskAcquire = {
  name: "bpf_task_acquire",
  args: [{ object: "task_struct", trust: "rcu" }],
  returns: { object: "task_struct", trust: "plain", orNull: true },
  acquires: true,
  start: same,
} as const satisfies Kfunc;

export const taskRelease = {
  name: "bpf_task_release",
  args: [{ release: "task_struct" }],
  returns: "void",
  start: nothing,
} as const satisfies Kfunc;

export const taskFromPid = {
  name: "bpf_task_from_pid",
  args: ["scalar"],
  returns: { object: "task_struct", trust: "plain", orNull: true },
  acquires: true,
  start: (call) => (call.lo(0) === call.task.pid ? call.returnsObject("task_struct") : nothing(call)),
} as const satisfies Kfunc;

export const taskUnderCgroup = {
  name: "bpf_task_under_cgroup",
  args: [
    { object: "task_struct", trust: "rcu" },
    { object: "cgroup", trust: "rcu" },
  ],
  returns: "integer",
  start: (call) => call.returnsNumber(1),
} as const satisfies Kfunc;

export const cgroupAcquire = {
  name: "bpf_cgroup_acquire",
  args: [{ object: "cgroup", trust: "rcu" }],
  returns: { object: "cgroup", trust: "plain", orNull: true },
  acquires: true,
  start: same,
} as const satisfies Kfunc;

export const cgroupRelease = {
  name: "bpf_cgroup_release",
  args: [{ release: "cgroup" }],
  returns: "void",
  start: nothing,
} as const satisfies Kfunc;

export const cgroupFromId = {
  name: "bpf_cgroup_from_id",
  args: ["scalar"],
  returns: { object: "cgroup", trust: "plain", orNull: true },
  acquires: true,
  start: (call) => (call.lo(0) === 1 && call.hi(0) === 0 ? call.returnsObject("cgroup") : nothing(call)),
} as const satisfies Kfunc;

export const cgroupAncestor = {
  name: "bpf_cgroup_ancestor",
  args: [{ object: "cgroup", trust: "rcu" }, "scalar"],
  returns: { object: "cgroup", trust: "plain", orNull: true },
  acquires: true,
  start: (call) => (call.lo(1) === 0 ? same(call) : nothing(call)),
} as const satisfies Kfunc;

export const cpumaskCreate = {
  name: "bpf_cpumask_create",
  args: [],
  returns: { object: "bpf_cpumask", trust: "plain", orNull: true },
  acquires: true,
  start: nothing,
} as const satisfies Kfunc;

export const cpumaskAcquire = {
  name: "bpf_cpumask_acquire",
  args: [{ object: "bpf_cpumask", trust: "trusted" }],
  returns: { object: "bpf_cpumask", trust: "plain" },
  acquires: true,
  start: same,
} as const satisfies Kfunc;

export const cpumaskRelease = {
  name: "bpf_cpumask_release",
  args: [{ release: "bpf_cpumask" }],
  returns: "void",
  start: nothing,
} as const satisfies Kfunc;

export const cpumaskFirst = {
  name: "bpf_cpumask_first",
  args: [{ object: "cpumask", trust: "rcu" }],
  returns: "integer",
  start: (call) => firstCpu(call),
} as const satisfies Kfunc;

export const cpumaskSetCpu = {
  name: "bpf_cpumask_set_cpu",
  args: ["scalar", { object: "bpf_cpumask", trust: "rcu" }],
  returns: "void",
  start: nothing,
} as const satisfies Kfunc;

export const cpumaskTestCpu = {
  name: "bpf_cpumask_test_cpu",
  args: ["scalar", { object: "cpumask", trust: "rcu" }],
  returns: "integer",
  start: (call) => testCpu(call),
} as const satisfies Kfunc;

export const copyFromUserStr = {
  name: "bpf_copy_from_user_str",
  args: ["memOut", "sizeOrZero", "any", "scalar"],
  returns: "integer",
  sleeps: true,
  // Nobody else's memory exists here: -EFAULT.
  start: (call) => call.returnsNumber(-14),
} as const satisfies Kfunc;

/** Walks the tasks of the system, their threads, or one process; flags as BPF_TASK_ITER_*. */
export const iterTaskNew = {
  name: "bpf_iter_task_new",
  args: [{ iterator: "task", step: "new" }, "any", "scalar"],
  returns: "integer",
  start: (call) => begin(call),
} as const satisfies Kfunc;

export const iterTaskNext = {
  name: "bpf_iter_task_next",
  args: [{ iterator: "task", step: "next" }],
  returns: { object: "task_struct", trust: "rcu", orNull: true },
  start: (call) => next(call),
} as const satisfies Kfunc;

export const iterTaskDestroy = {
  name: "bpf_iter_task_destroy",
  args: [{ iterator: "task", step: "destroy" }],
  returns: "void",
  start: nothing,
} as const satisfies Kfunc;

export const kfuncs = [
  taskAcquire,
  taskRelease,
  taskFromPid,
  taskUnderCgroup,
  cgroupAcquire,
  cgroupRelease,
  cgroupFromId,
  cgroupAncestor,
  cpumaskCreate,
  cpumaskAcquire,
  cpumaskRelease,
  cpumaskFirst,
  cpumaskSetCpu,
  cpumaskTestCpu,
  copyFromUserStr,
  iterTaskNew,
  iterTaskNext,
  iterTaskDestroy,
] as const;
