// The numbers of the bpf(2) user interface: commands, map types, program types, error names.
// Kept in one place because every other file here speaks in names.
import { constants } from "node:os";

/** enum bpf_cmd, the few that load, test-run and operate maps; none that attaches or pins. */
export const command = {
  mapCreate: 0,
  mapLookup: 1,
  mapUpdate: 2,
  mapDelete: 3,
  mapNextKey: 4,
  progLoad: 5,
  testRun: 10,
  btfLoad: 18,
  mapLookupAndDelete: 21,
} as const;

export { mapTypeNumber } from "../isa/map-types.ts";

/** How a program type is loaded: enum bpf_prog_type, and what else the load needs for that type. */
export interface ProgramTypeRow {
  readonly number: number;
  readonly attachType?: number;
  /** The kernel function whose BTF id the load must name. */
  readonly attachTo?: string;
  /** The type cannot be loaded without BPF_F_SLEEPABLE. */
  readonly alwaysSleepable?: boolean;
}

export const programType: Readonly<Record<string, ProgramTypeRow>> = {
  socket_filter: { number: 1 },
  kprobe: { number: 2 },
  uprobe: { number: 2 },
  sched_cls: { number: 3 },
  sched_act: { number: 4 },
  tracepoint: { number: 5 },
  xdp: { number: 6 },
  perf_event: { number: 7 },
  cgroup_skb: { number: 8 },
  cgroup_sock: { number: 9, attachType: 2 },
  lwt_in: { number: 10 },
  lwt_out: { number: 11 },
  lwt_xmit: { number: 12 },
  sock_ops: { number: 13 },
  sk_skb: { number: 14 },
  cgroup_device: { number: 15 },
  sk_msg: { number: 16 },
  raw_tracepoint: { number: 17 },
  cgroup_sock_addr: { number: 18, attachType: 10 },
  lwt_seg6local: { number: 19 },
  sk_reuseport: { number: 21 },
  flow_dissector: { number: 22 },
  cgroup_sysctl: { number: 23 },
  raw_tracepoint_writable: { number: 24 },
  cgroup_sockopt: { number: 25, attachType: 21 },
  fentry: { number: 26, attachType: 24, attachTo: "bpf_fentry_test1" },
  fexit: { number: 26, attachType: 25, attachTo: "bpf_fentry_test1" },
  iter: { number: 26, attachType: 28, attachTo: "bpf_iter_task" },
  sk_lookup: { number: 30, attachType: 36 },
  syscall: { number: 31, alwaysSleepable: true },
  netfilter: { number: 32, attachType: 45 },
};

/** Program load flags (BPF_F_*). */
export const loadFlag = { strictAlignment: 1, anyAlignment: 2, stateFreq: 8, sleepable: 16 } as const;

const errnoNames = new Map<number, string>([[524, "ENOTSUPP"]]);
for (const [name, number] of Object.entries(constants.errno)) {
  // EWOULDBLOCK and EOPNOTSUPP come after the names that the manual pages use for the same number.
  if (!errnoNames.has(number)) errnoNames.set(number, name);
}

/** "ENOENT" for 2; a number without a name is written as itself. 0 is "ok". */
export function errnoName(errno: number): string {
  return errno === 0 ? "ok" : (errnoNames.get(errno) ?? `errno ${errno}`);
}
