// Helpers on sockets. The laboratory has none: a lookup finds nothing, so what follows a null check is never run.
import type { Helper } from "../contract.ts";
import { packetOwners, socketSeekers, trafficControl, withSkb } from "./groups.ts";
import { nothing, unsupported } from "./nothing.ts";

export const skLookupTcp = {
  id: 84,
  name: "bpf_sk_lookup_tcp",
  args: ["ctx", "mem", "size", "any", "any"],
  returns: "sockOrNull",
  acquires: true,
  packetArguments: true,
  programs: socketSeekers,
  start: nothing,
} as const satisfies Helper;

export const skLookupUdp = { ...skLookupTcp, id: 85, name: "bpf_sk_lookup_udp" } as const satisfies Helper;

export const skcLookupTcp = {
  ...skLookupTcp,
  id: 99,
  name: "bpf_skc_lookup_tcp",
  returns: "sockCommonOrNull",
} as const satisfies Helper;

export const skRelease = {
  id: 86,
  name: "bpf_sk_release",
  args: ["sockRelease"],
  returns: "integer",
  programs: [...socketSeekers, "sk_lookup"],
  start: nothing,
} as const satisfies Helper;

export const skFullsock = {
  id: 95,
  name: "bpf_sk_fullsock",
  args: ["sockCommon"],
  returns: "sockOrNull",
  casts: true,
  programs: [...trafficControl, "cgroup_skb"],
  start: nothing,
} as const satisfies Helper;

export const tcpSock = {
  id: 96,
  name: "bpf_tcp_sock",
  args: ["sockCommon"],
  returns: "tcpSockOrNull",
  casts: true,
  programs: [...trafficControl, "cgroup_skb"],
  start: nothing,
} as const satisfies Helper;

/** The listening socket lives as long as a grace period, so nothing is given back for it. */
export const getListenerSock = {
  id: 98,
  name: "bpf_get_listener_sock",
  args: ["sockCommon"],
  returns: "sockOrNull",
  programs: [...trafficControl, "cgroup_skb"],
  start: nothing,
} as const satisfies Helper;

export const getSocketCookie = {
  id: 46,
  name: "bpf_get_socket_cookie",
  args: ["ctx"],
  returns: "integer",
  variants: [{ programs: ["syscall"], args: ["anySock"] }],
  programs: [...withSkb, "cgroup_sock_addr", "syscall"],
  start: nothing,
} as const satisfies Helper;

export const getSocketUid = {
  id: 47,
  name: "bpf_get_socket_uid",
  args: ["ctx"],
  returns: "integer",
  programs: withSkb,
  // overflowuid: whose socket it is cannot be told.
  start: (call) => call.returns(65534, 0),
} as const satisfies Helper;

export const getNetnsCookie = {
  id: 122,
  name: "bpf_get_netns_cookie",
  args: ["ctxOrNull"],
  returns: "integer",
  programs: ["socket_filter", ...trafficControl, "cgroup_skb", "sk_msg", "cgroup_sock_addr"],
  // The first network namespace.
  start: (call) => call.returns(1, 0),
} as const satisfies Helper;

export const skCgroupId = {
  id: 128,
  name: "bpf_sk_cgroup_id",
  args: ["anySock"],
  returns: "integer",
  programs: ["cgroup_skb"],
  start: nothing,
} as const satisfies Helper;

export const skAncestorCgroupId = {
  ...skCgroupId,
  id: 129,
  name: "bpf_sk_ancestor_cgroup_id",
  args: ["anySock", "any"],
} as const satisfies Helper;

export const getRetval = {
  id: 186,
  name: "bpf_get_retval",
  args: [],
  returns: "integer",
  programs: ["cgroup_sock_addr"],
  start: nothing,
} as const satisfies Helper;

export const setRetval = {
  id: 187,
  name: "bpf_set_retval",
  args: ["any"],
  returns: "integer",
  programs: ["cgroup_sock_addr"],
  start: unsupported,
} as const satisfies Helper;

export const skAssign = {
  id: 124,
  name: "bpf_sk_assign",
  args: ["ctx", "anySock", "any"],
  returns: "integer",
  variants: [{ programs: ["sk_lookup"], args: ["ctx", "fullSockOrNull", "any"] }],
  programs: [...trafficControl, "sk_lookup"],
  start: unsupported,
} as const satisfies Helper;

export const tcpCheckSyncookie = {
  id: 100,
  name: "bpf_tcp_check_syncookie",
  args: ["anySock", "mem", "size", "mem", "size"],
  returns: "integer",
  packetArguments: true,
  programs: packetOwners,
  start: unsupported,
} as const satisfies Helper;

export const tcpGenSyncookie = {
  ...tcpCheckSyncookie,
  id: 110,
  name: "bpf_tcp_gen_syncookie",
} as const satisfies Helper;

export const skStorageGet = {
  id: 107,
  name: "bpf_sk_storage_get",
  args: ["mapPtr", "anySock", "mapValueOrNull", "any"],
  returns: "mapValueOrNull",
  maps: ["sk_storage"],
  programs: [...trafficControl, "cgroup_skb", "sk_msg", "cgroup_sock_addr", "syscall"],
  start: nothing,
} as const satisfies Helper;

export const skStorageDelete = {
  id: 108,
  name: "bpf_sk_storage_delete",
  args: ["mapPtr", "anySock"],
  returns: "integer",
  maps: ["sk_storage"],
  programs: [...trafficControl, "cgroup_skb", "sk_msg", "cgroup_sock_addr", "syscall"],
  start: unsupported,
} as const satisfies Helper;

export const skRedirectMap = {
  id: 52,
  name: "bpf_sk_redirect_map",
  args: ["ctx", "mapPtr", "any", "any"],
  returns: "integer",
  maps: ["sockmap"],
  programs: ["sk_skb"],
  start: nothing,
} as const satisfies Helper;

export const skRedirectHash = {
  id: 72,
  name: "bpf_sk_redirect_hash",
  args: ["ctx", "mapPtr", "mapKey", "any"],
  returns: "integer",
  maps: ["sockhash"],
  programs: ["sk_skb"],
  start: nothing,
} as const satisfies Helper;

export const msgRedirectMap = {
  ...skRedirectMap,
  id: 60,
  name: "bpf_msg_redirect_map",
  programs: ["sk_msg"],
} as const satisfies Helper;

export const msgRedirectHash = {
  ...skRedirectHash,
  id: 71,
  name: "bpf_msg_redirect_hash",
  programs: ["sk_msg"],
} as const satisfies Helper;

export const msgApplyBytes = {
  id: 61,
  name: "bpf_msg_apply_bytes",
  args: ["ctx", "any"],
  returns: "integer",
  programs: ["sk_msg"],
  start: nothing,
} as const satisfies Helper;

export const msgCorkBytes = { ...msgApplyBytes, id: 62, name: "bpf_msg_cork_bytes" } as const satisfies Helper;

export const msgPullData = {
  id: 63,
  name: "bpf_msg_pull_data",
  args: ["ctx", "any", "any", "any"],
  returns: "integer",
  changesPacket: true,
  programs: ["sk_msg"],
  start: unsupported,
} as const satisfies Helper;

export const msgPushData = { ...msgPullData, id: 90, name: "bpf_msg_push_data" } as const satisfies Helper;
export const msgPopData = { ...msgPullData, id: 91, name: "bpf_msg_pop_data" } as const satisfies Helper;

export const bind = {
  id: 64,
  name: "bpf_bind",
  args: ["ctx", "mem", "size"],
  returns: "integer",
  programs: ["cgroup_sock_addr"],
  start: unsupported,
} as const satisfies Helper;

export const setsockopt = {
  id: 49,
  name: "bpf_setsockopt",
  args: ["ctx", "any", "any", "mem", "size"],
  returns: "integer",
  programs: ["cgroup_sock_addr"],
  start: unsupported,
} as const satisfies Helper;

export const getsockopt = {
  id: 57,
  name: "bpf_getsockopt",
  args: ["ctx", "any", "any", "memOut", "size"],
  returns: "integer",
  programs: ["cgroup_sock_addr"],
  start: (call) => {
    const size = call.lo(4) >>> 0;
    if (!call.writable(3, size)) return;
    for (let at = 0; at < size; at++) call.setByte(3, at, 0);
    unsupported(call);
  },
} as const satisfies Helper;

export const helpers = [
  skLookupTcp,
  skLookupUdp,
  skcLookupTcp,
  skRelease,
  skFullsock,
  tcpSock,
  getListenerSock,
  getSocketCookie,
  getSocketUid,
  getNetnsCookie,
  skCgroupId,
  skAncestorCgroupId,
  getRetval,
  setRetval,
  skAssign,
  tcpCheckSyncookie,
  tcpGenSyncookie,
  skStorageGet,
  skStorageDelete,
  skRedirectMap,
  skRedirectHash,
  msgRedirectMap,
  msgRedirectHash,
  msgApplyBytes,
  msgCorkBytes,
  msgPullData,
  msgPushData,
  msgPopData,
  bind,
  setsockopt,
  getsockopt,
] as const;
