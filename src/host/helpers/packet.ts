// Helpers on the packet and the way it takes. The machine's packet keeps its length and place: helpers that would change
// either, or the socket buffer around it, say that they cannot.
import type { Helper } from "../contract.ts";
import type { HostCall } from "../machine.ts";
import { packetOwners, trafficControl, withSkb } from "./groups.ts";
import { nothing, unsupported, zeroed } from "./nothing.ts";

export const skbLoadBytes = {
  id: 26,
  name: "bpf_skb_load_bytes",
  args: ["ctx", "any", "memOut", "size"],
  returns: "integer",
  programs: withSkb,
  start: (call) => call.packetLoad(call.lo(1), 2, call.lo(3)),
} as const satisfies Helper;

export const skbLoadBytesRelative = {
  id: 68,
  name: "bpf_skb_load_bytes_relative",
  args: ["ctx", "any", "memOut", "size", "any"],
  returns: "integer",
  programs: ["socket_filter", ...trafficControl, "cgroup_skb"],
  // From the link-layer header, where the machine's packet begins; it knows of no network header.
  start: (call) => (call.lo(4) === 0 ? call.packetLoad(call.lo(1), 2, call.lo(3)) : call.returnsNumber(-14)),
} as const satisfies Helper;

export const xdpLoadBytes = {
  ...skbLoadBytes,
  id: 189,
  name: "bpf_xdp_load_bytes",
  programs: ["xdp"],
} as const satisfies Helper;

/** A helper that may move the packet. */
function moves(id: number, name: string, args: Helper["args"], programs: Helper["programs"]): Helper {
  return { id, name, args, returns: "integer", changesPacket: true, programs, start: unsupported };
}

/** A helper that looks at the packet's buffer or sends it on, and leaves it where it is. */
function looks(
  id: number,
  name: string,
  args: Helper["args"],
  programs: Helper["programs"],
  start: Helper["start"] = unsupported,
): Helper {
  return { id, name, args, returns: "integer", programs, start };
}

const EINVAL = -22;

/** TC_ACT_SHOT: without a device to send it to the packet is dropped. */
function shot(call: HostCall): void {
  call.returns(2, 0);
}

const skbChangers = [...trafficControl, "sk_skb"] as const;

const movers: readonly Helper[] = [
  moves(9, "bpf_skb_store_bytes", ["ctx", "any", "mem", "size", "any"], skbChangers),
  moves(13, "bpf_clone_redirect", ["ctx", "any", "any"], trafficControl),
  moves(18, "bpf_skb_vlan_push", ["ctx", "any", "any"], trafficControl),
  moves(19, "bpf_skb_vlan_pop", ["ctx"], trafficControl),
  moves(31, "bpf_skb_change_proto", ["ctx", "any", "any"], trafficControl),
  moves(38, "bpf_skb_change_tail", ["ctx", "any", "any"], skbChangers),
  moves(39, "bpf_skb_pull_data", ["ctx", "any"], skbChangers),
  moves(43, "bpf_skb_change_head", ["ctx", "any", "any"], skbChangers),
  moves(44, "bpf_xdp_adjust_head", ["ctx", "any"], ["xdp"]),
  moves(50, "bpf_skb_adjust_room", ["ctx", "any", "any", "any"], skbChangers),
  moves(54, "bpf_xdp_adjust_meta", ["ctx", "any"], ["xdp"]),
  moves(65, "bpf_xdp_adjust_tail", ["ctx", "any"], ["xdp"]),
];

const lookers: readonly Helper[] = [
  looks(20, "bpf_skb_get_tunnel_key", ["ctx", "memOut", "size", "any"], trafficControl, (call) =>
    zeroed(call, 1, EINVAL),
  ),
  looks(29, "bpf_skb_get_tunnel_opt", ["ctx", "memOut", "size"], trafficControl, (call) => zeroed(call, 1, EINVAL)),
  looks(30, "bpf_skb_set_tunnel_opt", ["ctx", "mem", "size"], trafficControl),
  looks(66, "bpf_skb_get_xfrm_state", ["ctx", "any", "memOut", "size", "any"], trafficControl, (call) =>
    zeroed(call, 2, EINVAL),
  ),
  looks(152, "bpf_redirect_neigh", ["any", "memOrNull", "sizeOrZero", "any"], trafficControl, shot),
  looks(155, "bpf_redirect_peer", ["any", "any"], trafficControl, shot),
  looks(21, "bpf_skb_set_tunnel_key", ["ctx", "mem", "size", "any"], trafficControl),
  looks(24, "bpf_get_route_realm", ["ctx"], trafficControl, nothing),
  looks(32, "bpf_skb_change_type", ["ctx", "any"], trafficControl),
  { ...looks(33, "bpf_skb_under_cgroup", ["ctx", "mapPtr", "any"], trafficControl), maps: ["cgroup_array"] },
  looks(79, "bpf_skb_cgroup_id", ["ctx"], [...trafficControl, "cgroup_skb"], nothing),
  looks(83, "bpf_skb_ancestor_cgroup_id", ["ctx", "any"], [...trafficControl, "cgroup_skb"], nothing),
  looks(97, "bpf_skb_ecn_set_ce", ["ctx"], [...trafficControl, "cgroup_skb"], nothing),
  looks(151, "bpf_skb_cgroup_classid", ["ctx"], trafficControl, nothing),
  looks(188, "bpf_xdp_get_buff_len", ["ctx"], ["xdp"]),
  looks(190, "bpf_xdp_store_bytes", ["ctx", "any", "mem", "size"], ["xdp"]),
  looks(192, "bpf_skb_set_tstamp", ["ctx", "any", "any"], trafficControl),
];

/** The machine has no devices: what would be redirected is dropped (XDP_ABORTED). */
export const redirect = looks(23, "bpf_redirect", ["any", "any"], packetOwners, nothing);

export const redirectMap: Helper = {
  ...looks(51, "bpf_redirect_map", ["mapPtr", "any", "any"], ["xdp"], nothing),
  maps: ["devmap", "devmap_hash", "cpumap", "xskmap"],
};

export const checkMtu = {
  id: 163,
  name: "bpf_check_mtu",
  args: ["ctx", "any", { memInOut: 4, aligned: true }, "any", "any"],
  returns: "integer",
  programs: packetOwners,
  // -ENODEV
  start: (call) => call.returnsNumber(-19),
} as const satisfies Helper;

export const fibLookup = {
  id: 69,
  name: "bpf_fib_lookup",
  args: ["ctx", "memInOut", "size", "any"],
  returns: "integer",
  programs: packetOwners,
  start: (call) => call.returnsNumber(-19),
} as const satisfies Helper;

/** Traffic control asks the packet's socket; elsewhere it is the current task's class, and there are no arguments. */
export const getCgroupClassid = {
  id: 17,
  name: "bpf_get_cgroup_classid",
  args: [],
  returns: "integer",
  variants: [{ programs: trafficControl, args: ["ctx"] }],
  start: nothing,
} as const satisfies Helper;

export const helpers: readonly Helper[] = [
  skbLoadBytes,
  skbLoadBytesRelative,
  xdpLoadBytes,
  ...movers,
  ...lookers,
  redirect,
  redirectMap,
  checkMtu,
  fibLookup,
  getCgroupClassid,
];
