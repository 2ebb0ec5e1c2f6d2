// Map types by the kernel's numbers (enum bpf_map_type), so that a dump reads the same in both worlds.

/** Maps that the machine has. */
const own = {
  hash: 1,
  array: 2,
  prog_array: 3,
  percpu_hash: 5,
  percpu_array: 6,
  lru_hash: 9,
  lru_percpu_hash: 10,
  array_of_maps: 12,
  hash_of_maps: 13,
  queue: 22,
  stack: 23,
  ringbuf: 27,
} as const;

/** Maps of the kernel's own objects: verified like the others, but there are no such objects to put into them here. */
const ofObjects = {
  perf_event_array: 4,
  stack_trace: 7,
  cgroup_array: 8,
  devmap: 14,
  sockmap: 15,
  cpumap: 16,
  xskmap: 17,
  sockhash: 18,
  cgroup_storage: 19,
  reuseport_sockarray: 20,
  percpu_cgroup_storage: 21,
  sk_storage: 24,
  devmap_hash: 25,
  user_ringbuf: 31,
} as const;

export const mapTypeNumber = { ...own, ...ofObjects } as const;

export type MapType = keyof typeof mapTypeNumber;
export type MachineMapType = keyof typeof own;

/** Whether the machine can make maps of the type. */
export function isMachineMap(type: MapType): type is MachineMapType {
  return Object.hasOwn(own, type);
}
