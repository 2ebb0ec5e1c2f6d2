// Helpers on maps. A lookup only reads: under the explicit regime it must stand inside an RCU section (E1);
// updates and deletions lock for themselves.
import type { Helper } from "../contract.ts";
import { nothing } from "./nothing.ts";

export const mapLookupElem = {
  id: 1,
  name: "bpf_map_lookup_elem",
  args: ["mapPtr", "mapKey"],
  returns: "mapValueOrNull",
  rcu: "reader",
  packetArguments: true,
  start: (call) => call.maps.lookup(0, 1),
} as const satisfies Helper;

export const mapUpdateElem = {
  id: 2,
  name: "bpf_map_update_elem",
  args: ["mapPtr", "mapKey", "mapValue", "any"],
  returns: "integer",
  packetArguments: true,
  start: (call) => call.maps.update(0, 1, 2, 3),
} as const satisfies Helper;

export const mapDeleteElem = {
  id: 3,
  name: "bpf_map_delete_elem",
  args: ["mapPtr", "mapKey"],
  returns: "integer",
  packetArguments: true,
  start: (call) => call.maps.remove(0, 1),
} as const satisfies Helper;

export const mapPushElem = {
  id: 87,
  name: "bpf_map_push_elem",
  args: ["mapPtr", "mapValue", "any"],
  returns: "integer",
  maps: ["queue", "stack"],
  packetArguments: true,
  start: (call) => call.maps.push(0, 1, 2),
} as const satisfies Helper;

export const mapPopElem = {
  id: 88,
  name: "bpf_map_pop_elem",
  args: ["mapPtr", "mapValueOut"],
  returns: "integer",
  maps: ["queue", "stack"],
  start: (call) => call.maps.pop(0, 1),
} as const satisfies Helper;

export const mapPeekElem = {
  id: 89,
  name: "bpf_map_peek_elem",
  args: ["mapPtr", "mapValueOut"],
  returns: "integer",
  maps: ["queue", "stack"],
  start: (call) => call.maps.peek(0, 1),
} as const satisfies Helper;

export const mapLookupPercpuElem = {
  id: 195,
  name: "bpf_map_lookup_percpu_elem",
  args: ["mapPtr", "mapKey", "any"],
  returns: "mapValueOrNull",
  rcu: "reader",
  maps: ["percpu_array", "percpu_hash", "lru_percpu_hash"],
  packetArguments: true,
  start: (call) => call.maps.lookupPercpu(0, 1, 2),
} as const satisfies Helper;

export const forEachMapElem = {
  id: 164,
  name: "bpf_for_each_map_elem",
  args: ["mapPtr", "callback", "callbackContext", "any"],
  returns: "integer",
  rcu: "reader",
  maps: ["array", "hash", "percpu_array", "percpu_hash", "lru_hash", "lru_percpu_hash"],
  callback: { when: "sync", args: ["mapPtr", "key", "value", "context"], returns: { min: 0, max: 1 } },
  start: (call) => {
    // The kernel takes no flags yet.
    if ((call.lo(3) | call.hi(3)) !== 0) call.returnsNumber(-22);
    else call.forEach(0, 1, 2);
  },
} as const satisfies Helper;

/** The storage of the control group that the program is attached to: there is none to attach to here. */
export const getLocalStorage = {
  id: 81,
  name: "bpf_get_local_storage",
  args: ["mapPtr", "any"],
  returns: "mapValue",
  noFlags: true,
  maps: ["cgroup_storage", "percpu_cgroup_storage"],
  programs: ["cgroup_skb", "cgroup_sock_addr"],
  start: nothing,
} as const satisfies Helper;

export const helpers = [
  mapLookupElem,
  mapUpdateElem,
  mapDeleteElem,
  mapPushElem,
  mapPopElem,
  mapPeekElem,
  mapLookupPercpuElem,
  forEachMapElem,
  getLocalStorage,
] as const;
