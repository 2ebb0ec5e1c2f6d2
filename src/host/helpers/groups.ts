// Program types by what they have in common, for the helpers that only some may call (as bpf(2) of Linux 6.18 answers).

/** Traffic control: they own the socket buffer and may change it. */
export const trafficControl = ["sched_cls", "sched_act"] as const;
export const packetOwners = [...trafficControl, "xdp"] as const;
/** They see a socket buffer. */
export const withSkb = ["socket_filter", ...trafficControl, "cgroup_skb", "sk_skb"] as const;
export const tracing = ["kprobe", "tracepoint", "perf_event", "raw_tracepoint", "raw_tracepoint_writable"] as const;
export const tracingAndSyscall = [...tracing, "syscall"] as const;
/** They may look for sockets. */
export const socketSeekers = [...packetOwners, "cgroup_skb", "sk_skb", "cgroup_sock_addr"] as const;
/** The types that keep off the clock that only ticks are the tracing ones, which may run inside its update. */
export const coarseClock = [...withSkb, "xdp", "sk_msg", "cgroup_sock_addr", "sk_lookup"] as const;
