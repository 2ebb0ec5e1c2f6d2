// Helpers on the packet.
import type { Helper } from "../contract.ts";

export const skbLoadBytes = {
  id: 26,
  name: "bpf_skb_load_bytes",
  args: ["ctx", "any", "memOut", "size"],
  returns: "integer",
  programs: ["socket_filter", "sched_cls"],
  start: (call) => call.packetLoad(call.lo(1), 2, call.lo(3)),
} as const satisfies Helper;

export const helpers = [skbLoadBytes] as const;
