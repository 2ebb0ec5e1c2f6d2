// Which calls work on which maps, and which maps a program may use at all
// (kernel: check_map_func_compatibility, check_map_prog_compatibility).
import { programTypes } from "../../host/programs.ts";
import { type MapType, mapTypeNumber } from "../../isa/map-types.ts";
import type { MapDef, Program } from "../../isa/program.ts";
import { type Refusal, reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import type { Profile } from "../verdict.ts";
import type { Callee } from "./special.ts";

/** Helpers that a map type is for, by name without `bpf_`; other types take any helper that is not for some of these. */
const only: Partial<Record<MapType, readonly string[]>> = {
  prog_array: ["tail_call"],
  perf_event_array: ["perf_event_read", "perf_event_output", "skb_output", "perf_event_read_value", "xdp_output"],
  ringbuf: [
    "ringbuf_output",
    "ringbuf_reserve",
    "ringbuf_query",
    "ringbuf_reserve_dynptr",
    "ringbuf_submit_dynptr",
    "ringbuf_discard_dynptr",
  ],
  user_ringbuf: ["user_ringbuf_drain"],
  stack_trace: ["get_stackid"],
  cgroup_array: ["skb_under_cgroup", "current_task_under_cgroup"],
  cgroup_storage: ["get_local_storage"],
  percpu_cgroup_storage: ["get_local_storage"],
  devmap: ["redirect_map", "map_lookup_elem"],
  devmap_hash: ["redirect_map", "map_lookup_elem"],
  cpumap: ["redirect_map"],
  xskmap: ["redirect_map", "map_lookup_elem"],
  array_of_maps: ["map_lookup_elem"],
  hash_of_maps: ["map_lookup_elem"],
  sockmap: ["sk_redirect_map", "sock_map_update", "msg_redirect_map", "sk_select_reuseport", "map_lookup_elem"],
  sockhash: ["sk_redirect_hash", "sock_hash_update", "msg_redirect_hash", "sk_select_reuseport", "map_lookup_elem"],
  reuseport_sockarray: ["sk_select_reuseport"],
  queue: ["map_peek_elem", "map_pop_elem", "map_push_elem"],
  stack: ["map_peek_elem", "map_pop_elem", "map_push_elem"],
  sk_storage: ["sk_storage_get", "sk_storage_delete", "kptr_xchg"],
};

/** Program types that may update and delete in maps of sockets (kernel: may_update_sockmap). */
const mayUpdateSockets = ["socket_filter", "sched_cls", "sched_act", "xdp", "sk_lookup"];

export function checkMapType(state: State, callee: Callee, map: MapDef | null, profile: Profile): void {
  if (map === null) return;
  const { contract } = callee;
  const name = contract.name.replace(/^bpf_/, "");
  const sockets = map.type === "sockmap" || map.type === "sockhash";
  const updates = name === "map_update_elem" || name === "map_delete_elem";
  const forMap = only[map.type]?.includes(name) ?? true;
  const updatable = sockets && updates && mayUpdateSockets.includes(profile.type);
  const forCall = contract.maps?.includes(map.type) ?? true;
  // A timer's map argument says where the timer lies.
  if (((forMap || updatable) && forCall) || name === "timer_init") return;
  const callback = name === "for_each_map_elem" && forMap;
  reject({
    code: "E0703",
    state,
    operand: "whole",
    culprit: 1,
    text: `\`${contract.name}\` does not work on a map of type ${map.type}`,
    label: `\`${map.name}\` is ${map.type}`,
    kernel: callback
      ? "callback function not allowed for map"
      : `cannot pass map_type ${mapTypeNumber[map.type]} into func ${contract.name}#${callee.id ?? 0}`,
  });
}

/** Map types that sleepable programs may use. */
const forSleepers: readonly MapType[] = [
  "hash",
  "lru_hash",
  "array",
  "percpu_hash",
  "percpu_array",
  "lru_percpu_hash",
  "array_of_maps",
  "hash_of_maps",
  "ringbuf",
  "user_ringbuf",
  "sk_storage",
  "queue",
  "stack",
];

/** The maps that the instructions name, before anything is walked. */
export function checkMapUses(program: Program, profile: Profile): void {
  const storages = new Map<MapType, MapDef>();
  program.insns.forEach((insn, pc) => {
    if (insn?.kind !== "imm64") return;
    const { what } = insn;
    if (what !== "mapFd" && what !== "mapIdx" && what !== "mapValue" && what !== "mapIdxValue") return;
    const map = program.maps[insn.low];
    const refuse = (code: Refusal["code"], text: string, label: string, kernel: string): never =>
      reject({ code, pc, operand: "src", text, label, kernel });
    if (map === undefined) {
      refuse(
        "E0105",
        "names a map that the program does not have",
        `there is no map number ${insn.low}`,
        `fd ${insn.low} is not pointing to valid bpf_map`,
      );
      return;
    }
    checkPlaceOfMap(map, profile, refuse);
    if (map.type === "cgroup_storage" || map.type === "percpu_cgroup_storage") {
      if ((storages.get(map.type) ?? map) !== map) {
        refuse(
          "E0703",
          `a second map of type ${map.type}`,
          "one of each kind is attached to a control group",
          "only one cgroup storage of each type is allowed",
        );
      }
      storages.set(map.type, map);
    }
    if (what === "mapValue" || what === "mapIdxValue") checkDirectValue(map, insn.high, refuse);
  });
}

type Refuse = (code: Refusal["code"], text: string, label: string, kernel: string) => never;

function checkPlaceOfMap(map: MapDef, profile: Profile, refuse: Refuse): void {
  const type = programTypes[profile.type];
  const has = (kind: "spin_lock" | "timer"): boolean => map.fields?.some((field) => field.kind === kind) === true;
  if (has("spin_lock") && profile.type === "socket_filter") {
    refuse(
      "E0703",
      "programs of type socket_filter may not use spin locks",
      `\`${map.name}\` holds a bpf_spin_lock`,
      "socket filter progs cannot use bpf_spin_lock yet",
    );
  }
  for (const kind of ["spin_lock", "timer"] as const) {
    if (!has(kind) || !("tracing" in type)) continue;
    refuse(
      "E0703",
      `programs of type ${profile.type} may not use maps that hold a bpf_${kind}`,
      `\`${map.name}\` holds a bpf_${kind}`,
      `tracing progs cannot use bpf_${kind} yet`,
    );
  }
  if (profile.sleepable && !forSleepers.includes(map.type)) {
    refuse(
      "E0703",
      `sleepable programs may not use maps of type ${map.type}`,
      `\`${map.name}\` is ${map.type}`,
      "Sleepable programs can only use array, hash, ringbuf and local storage maps",
    );
  }
}

const GREATEST_OFFSET = 1 << 29;

function checkDirectValue(map: MapDef, high: number, refuse: Refuse): void {
  const off = high >>> 0;
  if (off >= GREATEST_OFFSET) {
    refuse(
      "E0302",
      "an address outside the map value",
      `offset ${off}; the value has ${map.valueSize} bytes`,
      `direct value offset of ${off} is not allowed`,
    );
  }
  if (map.type !== "array" || map.maxEntries !== 1) {
    refuse(
      "E0703",
      "only an array of one element has a value that can be addressed directly",
      `\`${map.name}\` is ${map.type} with ${map.maxEntries} entries`,
      map.type === "array"
        ? `invalid access to map value pointer, value_size=${map.valueSize} off=${off}`
        : "no direct value access support for this map type",
    );
  }
  if (off >= map.valueSize) {
    refuse(
      "E0302",
      "an address outside the map value",
      `offset ${off}; the value has ${map.valueSize} bytes`,
      `invalid access to map value pointer, value_size=${map.valueSize} off=${off}`,
    );
  }
}
