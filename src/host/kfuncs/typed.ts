// Kernel functions on the kernel's own structures: tasks, control groups, processor masks. The laboratory has none
// of these: whatever looks one up or makes one finds nothing, which a program must be ready for anyway.
import type { Kfunc } from "../contract.ts";
import type { HostCall } from "../machine.ts";

const nothing = (call: HostCall): void => call.returnsNumber(0);

export const taskAcquire = {
  name: "bpf_task_acquire",
  args: [{ object: "task_struct", trust: "rcu" }],
  returns: { object: "task_struct", trust: "plain", orNull: true },
  acquires: true,
  start: nothing,
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
  start: nothing,
} as const satisfies Kfunc;

export const taskUnderCgroup = {
  name: "bpf_task_under_cgroup",
  args: [
    { object: "task_struct", trust: "rcu" },
    { object: "cgroup", trust: "rcu" },
  ],
  returns: "integer",
  start: nothing,
} as const satisfies Kfunc;

export const cgroupAcquire = {
  name: "bpf_cgroup_acquire",
  args: [{ object: "cgroup", trust: "rcu" }],
  returns: { object: "cgroup", trust: "plain", orNull: true },
  acquires: true,
  start: nothing,
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
  start: nothing,
} as const satisfies Kfunc;

export const cgroupAncestor = {
  name: "bpf_cgroup_ancestor",
  args: [{ object: "cgroup", trust: "rcu" }, "scalar"],
  returns: { object: "cgroup", trust: "plain", orNull: true },
  acquires: true,
  start: nothing,
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
  start: nothing,
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
  start: nothing,
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
  start: nothing,
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
  start: nothing,
} as const satisfies Kfunc;

export const iterTaskNext = {
  name: "bpf_iter_task_next",
  args: [{ iterator: "task", step: "next" }],
  returns: { object: "task_struct", trust: "rcu", orNull: true },
  start: nothing,
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
