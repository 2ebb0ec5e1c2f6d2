// Kernel structures that programs reach through pointers with a type, as far as this laboratory knows them: the size, the
// fields that programs read, where pointers lead, and which of those RCU keeps alive. Offsets are those of Linux 6.18
// for x86-64 with Debian's configuration; another build has others, and a program carries the offsets of its build
// anyway. A part of a structure that is not listed holds numbers.

export interface StructField {
  readonly name: string;
  readonly offset: number;
  /** Bytes; 8 for a pointer. */
  readonly size: number;
  /** The structure that a pointer leads to. */
  readonly to?: StructName;
  /** The structure that lies there itself. */
  readonly holds?: StructName;
  /**
   * `safe`: in an RCU section a pointer loaded from here is protected by it (kernel: BTF_TYPE_SAFE_RCU); `safeOrNull`: and
   * may be null.
   */
  readonly rcu?: "safe" | "safeOrNull";
}

export interface KernelStruct {
  readonly name: StructName;
  readonly size: number;
  readonly fields: readonly StructField[];
}

const structNames = [
  "task_struct",
  "css_set",
  "cgroup",
  "cgroup_subsys_state",
  "kernfs_node",
  "cpumask",
  "bpf_cpumask",
  "pt_regs",
  "mm_struct",
  "file",
] as const;
export type StructName = (typeof structNames)[number];

const number = (name: string, offset: number, size: number): StructField => ({ name, offset, size });
const link = (name: string, offset: number, to: StructName, rcu?: StructField["rcu"]): StructField => ({
  name,
  offset,
  size: 8,
  to,
  ...(rcu === undefined ? {} : { rcu }),
});

export const kernelStructs: Readonly<Record<StructName, KernelStruct>> = {
  task_struct: {
    name: "task_struct",
    size: 3264,
    fields: [
      number("flags", 44, 4),
      link("last_wakee", 88, "task_struct"),
      number("prio", 108, 4),
      link("cpus_ptr", 800, "cpumask", "safe"),
      { name: "cpus_mask", offset: 816, size: 32, holds: "cpumask" },
      link("mm", 1136, "mm_struct"),
      number("exit_state", 1160, 4),
      number("pid", 1264, 4),
      number("tgid", 1268, 4),
      link("real_parent", 1280, "task_struct", "safe"),
      link("parent", 1288, "task_struct"),
      link("group_leader", 1328, "task_struct", "safe"),
      number("start_time", 1552, 8),
      number("comm", 1752, 16),
      link("cgroups", 2376, "css_set", "safe"),
    ],
  },
  css_set: {
    name: "css_set",
    size: 544,
    fields: [link("dom_cset", 104, "css_set"), link("dfl_cgrp", 112, "cgroup", "safe"), number("nr_tasks", 120, 4)],
  },
  cgroup: {
    name: "cgroup",
    size: 2240,
    fields: [
      { name: "self", offset: 0, size: 208, holds: "cgroup_subsys_state" },
      number("flags", 208, 8),
      number("level", 216, 4),
      link("kn", 256, "kernfs_node", "safe"),
      link("dom_cgrp", 912, "cgroup"),
    ],
  },
  cgroup_subsys_state: {
    name: "cgroup_subsys_state",
    size: 208,
    fields: [
      link("cgroup", 0, "cgroup", "safe"),
      number("id", 72, 4),
      number("flags", 76, 4),
      link("parent", 184, "cgroup_subsys_state"),
    ],
  },
  kernfs_node: {
    name: "kernfs_node",
    size: 136,
    fields: [link("__parent", 8, "kernfs_node"), number("id", 96, 8)],
  },
  cpumask: { name: "cpumask", size: 32, fields: [number("bits", 0, 32)] },
  bpf_cpumask: {
    name: "bpf_cpumask",
    size: 40,
    fields: [{ name: "cpumask", offset: 0, size: 32, holds: "cpumask" }, number("usage", 32, 4)],
  },
  pt_regs: { name: "pt_regs", size: 168, fields: [] },
  mm_struct: { name: "mm_struct", size: 1472, fields: [] },
  file: { name: "file", size: 184, fields: [number("f_mode", 4, 4), number("f_flags", 40, 4)] },
};

/** The field, in the innermost structure, that bytes off..off+size-1 fall in; undefined: only numbers are there. */
export function fieldAt(struct: KernelStruct, off: number, size: number): StructField | undefined {
  const field = struct.fields.find((each) => off >= each.offset && off + size <= each.offset + each.size);
  if (field?.holds === undefined) return field;
  return fieldAt(kernelStructs[field.holds], off - field.offset, size);
}

/** Whether a structure of the wanted type begins at `off` (kernel: btf_struct_ids_match). */
export function holdsAt(struct: KernelStruct, off: number, wanted: StructName): boolean {
  if (off === 0 && struct.name === wanted) return true;
  const part = struct.fields.find(
    (each) => each.holds !== undefined && off >= each.offset && off < each.offset + each.size,
  );
  return part?.holds !== undefined && holdsAt(kernelStructs[part.holds], off - part.offset, wanted);
}
