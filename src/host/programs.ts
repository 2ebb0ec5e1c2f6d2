// Program types: the number bpf(2) knows them by, what r1 points to, and what the type may do and return. The fields of
// contexts are tables of their own (contexts/).
import { type Field, field } from "./contexts/field.ts";
import { cgroupFields, SKB_SIZE, socketFilterFields, streamFields, trafficControlFields } from "./contexts/skb.ts";
import { type AttachName, attach, skLookupFields, skMsgFields, sockAddrFields } from "./contexts/socket.ts";

export type { Field as ContextField } from "./contexts/field.ts";
export { type AttachName, attach as attachTypes } from "./contexts/socket.ts";

export interface ReturnRange {
  readonly min: number;
  readonly max: number;
  /** The expected attach types it is for; absent: all that no other row names. */
  readonly attach?: readonly number[];
}

export interface ProgramType {
  readonly name: string;
  /** BPF_PROG_TYPE_*. */
  readonly number: number;
  readonly contextName: string;
  /** Bytes of the context; `fields` absent: plain numbers, aligned accesses of any size. */
  readonly contextSize: number;
  /** The first bytes of a context without fields that are not the program's. */
  readonly contextHidden?: number;
  readonly fields?: readonly Field[];
  readonly contextWritable?: true;
  /** Always sleepable (syscall). */
  readonly sleepable?: true;
  /** May use LD_ABS and LD_IND. */
  readonly packetLoads?: true;
  /** How packet memory may be accessed, by the program and by helpers for it; absent: not at all. */
  readonly packet?: "read" | "write";
  /** bpf_spin_lock and timers are refused in tracing programs (kernel: is_tracing_prog_type). */
  readonly tracing?: true;
  /** What the program may return; absent: any number. */
  readonly returns?: readonly ReturnRange[];
  /** The expected attach type where none is said. */
  readonly attach?: number;
  /** Those that can be said; absent: none. */
  readonly attaches?: readonly AttachName[];
}

const skb = { contextName: "struct __sk_buff", contextSize: SKB_SIZE } as const;
const { recvmsg4, recvmsg6, getpeername4, getpeername6, getsockname4, getsockname6 } = attach;

export const programTypes = {
  socket_filter: { name: "socket_filter", number: 1, ...skb, fields: socketFilterFields, packetLoads: true },
  kprobe: { name: "kprobe", number: 2, contextName: "struct pt_regs", contextSize: 168, tracing: true },
  sched_cls: {
    name: "sched_cls",
    number: 3,
    ...skb,
    fields: trafficControlFields,
    packetLoads: true,
    packet: "write",
  },
  sched_act: {
    name: "sched_act",
    number: 4,
    ...skb,
    fields: trafficControlFields,
    packetLoads: true,
    packet: "write",
  },
  tracepoint: {
    name: "tracepoint",
    number: 5,
    contextName: "trace event",
    contextSize: 8192,
    contextHidden: 8,
    tracing: true,
  },
  xdp: {
    name: "xdp",
    number: 6,
    contextName: "struct xdp_md",
    contextSize: 24,
    fields: [
      field("data", 0, 4, { kind: "packet", whole: true }),
      field("data_end", 4, 4, { kind: "packetEnd", whole: true }),
      field("data_meta", 8, 4, { kind: "packetMeta", whole: true }),
      field("ingress_ifindex", 12, 4, { whole: true }),
      field("rx_queue_index", 16, 4, { whole: true }),
      field("egress_ifindex", 20, 4, { whole: true, attach: [attach.devmap] }),
    ],
    packet: "write",
    attaches: ["devmap", "cpumap"],
  },
  perf_event: {
    name: "perf_event",
    number: 7,
    contextName: "struct bpf_perf_event_data",
    contextSize: 184,
    fields: [
      ...Array.from({ length: 21 }, (_, n) => field(`regs[${n}]`, 8 * n, 8, { whole: true })),
      field("sample_period", 168, 8),
      field("addr", 176, 8),
    ],
    tracing: true,
  },
  cgroup_skb: {
    name: "cgroup_skb",
    number: 8,
    ...skb,
    fields: cgroupFields,
    packet: "read",
    attaches: ["ingress", "egress"],
    returns: [
      { min: 0, max: 3, attach: [attach.egress] },
      { min: 0, max: 1 },
    ],
  },
  sk_skb: { name: "sk_skb", number: 14, ...skb, fields: streamFields, packet: "write" },
  sk_msg: {
    name: "sk_msg",
    number: 16,
    contextName: "struct sk_msg_md",
    contextSize: 80,
    fields: skMsgFields,
    packet: "write",
  },
  raw_tracepoint: {
    name: "raw_tracepoint",
    number: 17,
    contextName: "tracepoint arguments",
    contextSize: 96,
    tracing: true,
  },
  cgroup_sock_addr: {
    name: "cgroup_sock_addr",
    number: 18,
    contextName: "struct bpf_sock_addr",
    contextSize: 72,
    fields: sockAddrFields,
    attach: attach.connect4,
    attaches: [
      "bind4",
      "bind6",
      "connect4",
      "connect6",
      "sendmsg4",
      "sendmsg6",
      "recvmsg4",
      "recvmsg6",
      "getpeername4",
      "getpeername6",
      "getsockname4",
      "getsockname6",
    ],
    returns: [
      { min: 1, max: 1, attach: [recvmsg4, recvmsg6, getpeername4, getpeername6, getsockname4, getsockname6] },
      { min: 0, max: 3, attach: [attach.bind4, attach.bind6] },
      { min: 0, max: 1 },
    ],
  },
  raw_tracepoint_writable: {
    name: "raw_tracepoint_writable",
    number: 24,
    contextName: "tracepoint arguments",
    contextSize: 96,
    fields: [
      field("buffer", 0, 8, { kind: "buffer", whole: true }),
      // Only what begins where the pointer begins is the pointer.
      field("rest of the pointer", 1, 7),
      ...Array.from({ length: 11 }, (_, n) => field(`argument ${n + 1}`, 8 * (n + 1), 8)),
    ],
    tracing: true,
  },
  sk_lookup: {
    name: "sk_lookup",
    number: 30,
    contextName: "struct bpf_sk_lookup",
    contextSize: 72,
    fields: skLookupFields,
    returns: [{ min: 0, max: 1 }],
    attach: 36,
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

/** Types whose larger frames get a stack of their own (kernel: bpf_enable_priv_stack). */
export function hasOwnStacks({ name }: ProgramType): boolean {
  return name === "kprobe" || name === "tracepoint" || name === "perf_event" || name === "raw_tracepoint";
}

export type ProgramTypeName = keyof typeof programTypes;

export function programType(name: string): ProgramType | undefined {
  return Object.hasOwn(programTypes, name) ? programTypes[name as ProgramTypeName] : undefined;
}

/** The name of an expected attach type, where a program of the type depends on it. */
export function attachName({ attaches }: ProgramType, attached: number | undefined): AttachName | undefined {
  return attaches?.find((name) => attach[name] === attached);
}

/** The BPF_* number (enum bpf_attach_type) of a place to attach to, by its name. */
export function attachNumber(name: string): number | undefined {
  return Object.hasOwn(attach, name) ? attach[name as AttachName] : undefined;
}

/** What a program of the type may return when it is to be attached so; undefined: any number. */
export function returnRange(type: ProgramType, attached: number): ReturnRange | undefined {
  return type.returns?.find((range) => range.attach === undefined || range.attach.includes(attached));
}
