// Program types: the number bpf(2) knows them by and the layout of what r1 points to
// (include/uapi/linux/bpf.h: struct __sk_buff, struct xdp_md; kernel: *_is_valid_access).

/**
 * One field of a context. `packet`, `packetEnd`, `packetMeta`: the 4 bytes load as a full pointer.
 * `narrow`: parts of the field may be loaded.
 */
export interface ContextField {
  readonly name: string;
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly kind: "scalar" | "packet" | "packetEnd" | "packetMeta";
  readonly write?: true;
  /** Loaded whole or not at all. */
  readonly whole?: true;
}

export interface ProgramType {
  readonly name: string;
  /** BPF_PROG_TYPE_*. */
  readonly number: number;
  readonly contextName: string;
  /** Bytes of the context; `fields` absent: plain numbers, aligned accesses of any size. */
  readonly contextSize: number;
  readonly fields?: readonly ContextField[];
  readonly contextWritable?: true;
  /** Always sleepable (syscall). */
  readonly sleepable?: true;
  /** May use LD_ABS and LD_IND. */
  readonly packetLoads?: true;
  /** Packet memory may be written. */
  readonly packetWritable?: true;
  /** bpf_spin_lock is refused in tracing programs (kernel: is_tracing_prog_type). */
  readonly tracing?: true;
}

const skb = (writable: readonly string[], hidden: readonly string[]): readonly ContextField[] => {
  const rows: [string, number, ContextField["size"]?, ContextField["kind"]?][] = [
    ["len", 0],
    ["pkt_type", 4],
    ["mark", 8],
    ["queue_mapping", 12],
    ["protocol", 16],
    ["vlan_present", 20],
    ["vlan_tci", 24],
    ["vlan_proto", 28],
    ["priority", 32],
    ["ingress_ifindex", 36],
    ["ifindex", 40],
    ["tc_index", 44],
    ["cb0", 48],
    ["cb1", 52],
    ["cb2", 56],
    ["cb3", 60],
    ["cb4", 64],
    ["hash", 68],
    ["tc_classid", 72],
    ["data", 76, 4, "packet"],
    ["data_end", 80, 4, "packetEnd"],
    ["napi_id", 84],
    ["data_meta", 140, 4, "packetMeta"],
    ["tstamp", 152, 8],
    ["wire_len", 160],
    ["gso_segs", 164],
    ["gso_size", 176],
    ["tstamp_type", 180, 1],
    ["hwtstamp", 184, 8],
  ];
  return rows
    .filter(([name]) => !hidden.includes(name))
    .map(([name, offset, size = 4, kind = "scalar"]) => ({
      name,
      offset,
      size,
      kind,
      ...(writable.includes(name) ? { write: true as const } : {}),
      ...(kind !== "scalar" || name === "hwtstamp" ? { whole: true as const } : {}),
    }));
};

const cb = ["cb0", "cb1", "cb2", "cb3", "cb4"];

export const programTypes = {
  socket_filter: {
    name: "socket_filter",
    number: 1,
    contextName: "struct __sk_buff",
    contextSize: 192,
    fields: skb(cb, ["tc_classid", "data", "data_end", "data_meta", "tstamp", "wire_len", "hwtstamp"]),
    packetLoads: true,
  },
  kprobe: { name: "kprobe", number: 2, contextName: "struct pt_regs", contextSize: 168, tracing: true },
  sched_cls: {
    name: "sched_cls",
    number: 3,
    contextName: "struct __sk_buff",
    contextSize: 192,
    fields: skb([...cb, "mark", "tc_index", "priority", "tc_classid", "tstamp", "queue_mapping"], []),
    packetLoads: true,
    packetWritable: true,
  },
  tracepoint: { name: "tracepoint", number: 5, contextName: "trace event", contextSize: 8192, tracing: true },
  xdp: {
    name: "xdp",
    number: 6,
    contextName: "struct xdp_md",
    contextSize: 24,
    fields: [
      { name: "data", offset: 0, size: 4, kind: "packet", whole: true },
      { name: "data_end", offset: 4, size: 4, kind: "packetEnd", whole: true },
      { name: "data_meta", offset: 8, size: 4, kind: "packetMeta", whole: true },
      { name: "ingress_ifindex", offset: 12, size: 4, kind: "scalar", whole: true },
      { name: "rx_queue_index", offset: 16, size: 4, kind: "scalar", whole: true },
      { name: "egress_ifindex", offset: 20, size: 4, kind: "scalar", whole: true },
    ],
    packetWritable: true,
  },
  raw_tracepoint: {
    name: "raw_tracepoint",
    number: 17,
    contextName: "tracepoint arguments",
    contextSize: 96,
    tracing: true,
  },
  syscall: {
    name: "syscall",
    number: 31,
    contextName: "caller's memory",
    contextSize: 65535,
    contextWritable: true,
    sleepable: true,
  },
} as const satisfies Record<string, ProgramType>;

export type ProgramTypeName = keyof typeof programTypes;

export function programType(name: string): ProgramType | undefined {
  return Object.hasOwn(programTypes, name) ? programTypes[name as ProgramTypeName] : undefined;
}
