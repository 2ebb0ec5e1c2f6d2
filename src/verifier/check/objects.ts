// Accesses through pointers to the kernel's own objects: sockets, a tracepoint's buffer, maps themselves
// (kernel: check_sock_access, check_tp_buffer_access, check_ptr_to_map_access).
import { fieldFor } from "../../host/contexts/field.ts";
import { type SocketKind, socketFields } from "../../host/contexts/socket.ts";
import type { MapType } from "../../isa/program.ts";
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { kindText, type Value } from "../state/value.ts";
import { tnumText } from "./bounds.ts";
import type { Access } from "./reach.ts";

export function isSocket(value: Value): value is Value & { kind: SocketKind } {
  return value.kind in socketFields;
}

export function checkSocket(state: State, base: Value & { kind: SocketKind }, access: Access, write: boolean): void {
  const { base: reg } = access;
  if (write) {
    reject({
      code: "E0308",
      state,
      operand: "memory",
      culprit: reg,
      text: "a socket may only be read",
      label: `\`r${reg}\` points to a ${kindText(base)}`,
      kernel: `R${reg} cannot write into ${kindText(base)}`,
    });
  }
  if (base.scalar.smin < 0n) {
    reject({
      code: "E0307",
      state,
      operand: "memory",
      culprit: reg,
      text: "the offset into the socket may be negative",
      kernel: `R${reg} min value is negative, either use unsigned index or do a if (index >=0) check.`,
    });
  }
  const off = base.off + access.off;
  const wanted = { offset: off, size: access.size, write: false, attach: 0 };
  if (off % access.size === 0 && fieldFor(socketFields[base.kind], wanted) !== null) return;
  reject({
    code: "E0307",
    state,
    operand: "memory",
    culprit: reg,
    text: `a ${kindText(base)} has no field at offset ${off}, ${access.size} bytes`,
    label: "no such field here: see struct bpf_sock, bpf_tcp_sock and bpf_xdp_sock",
    kernel: `R${reg} invalid ${kindText(base)} access off=${off} size=${access.size}`,
  });
}

/** How long a tracepoint's buffer is, is checked when the program is attached. */
export function checkBuffer(state: State, base: Value, access: Access): void {
  const { base: reg } = access;
  const off = base.off + access.off;
  const refuse = (text: string, kernel: string): never =>
    reject({ code: "E0310", state, operand: "memory", culprit: reg, text, kernel });
  if (off < 0) {
    refuse(
      "the access begins before the tracepoint's buffer",
      `R${reg} invalid tracepoint buffer access: off=${off}, size=${access.size}`,
    );
  }
  if (base.scalar.isConst && base.scalar.value === 0n) return;
  refuse(
    "the tracepoint's buffer is accessed at an offset that varies",
    `R${reg} invalid variable buffer offset: off=${off}, var_off=${tnumText(base.scalar)}`,
  );
}

/** What Linux calls the structure behind a map of each type. */
const structures: Partial<Record<MapType, string>> = {
  array: "bpf_array",
  percpu_array: "bpf_array",
  prog_array: "bpf_array",
  array_of_maps: "bpf_array",
  perf_event_array: "bpf_array",
  hash: "bpf_htab",
  percpu_hash: "bpf_htab",
  lru_hash: "bpf_htab",
  lru_percpu_hash: "bpf_htab",
  hash_of_maps: "bpf_htab",
  ringbuf: "bpf_ringbuf_map",
  user_ringbuf: "bpf_ringbuf_map",
  queue: "bpf_queue_stack",
  stack: "bpf_queue_stack",
  sockmap: "bpf_stab",
  sockhash: "bpf_shtab",
  stack_trace: "bpf_stack_map",
  devmap: "bpf_dtab",
  devmap_hash: "bpf_dtab",
  cpumap: "bpf_cpu_map",
  xskmap: "xsk_map",
  cgroup_storage: "bpf_cgroup_storage_map",
  percpu_cgroup_storage: "bpf_cgroup_storage_map",
  sk_storage: "bpf_local_storage_map",
};

/** The numbers at the head of struct bpf_map (Linux 6.18): programs with CAP_PERFMON may read them. */
const mapHead = [
  { name: "sha", offset: 0, size: 32 },
  { name: "excl", offset: 32, size: 4 },
  { name: "ops", offset: 40, size: 8, pointer: true },
  { name: "inner_map_meta", offset: 48, size: 8, pointer: true },
  { name: "security", offset: 56, size: 8, pointer: true },
  { name: "map_type", offset: 64, size: 4 },
  { name: "key_size", offset: 68, size: 4 },
  { name: "value_size", offset: 72, size: 4 },
  { name: "max_entries", offset: 76, size: 4 },
  { name: "map_extra", offset: 80, size: 8 },
  { name: "map_flags", offset: 88, size: 4 },
  { name: "id", offset: 92, size: 4 },
] as const;
const MAP_HEAD = 96;

export function checkMapStructure(env: Env, state: State, base: Value, access: Access, write: boolean): void {
  const { base: reg } = access;
  const name = structures[base.map?.type ?? "array"] ?? "bpf_map";
  const off = base.off + access.off;
  const refuse = (label: string, kernel: string): never =>
    reject({
      code: "E0311",
      state,
      operand: "memory",
      culprit: reg,
      text: "a map is not memory: its elements are reached by a lookup",
      label,
      kernel,
    });
  if (!env.profile.privileged)
    refuse(
      `\`r${reg}\` is the map \`${base.map?.name ?? ""}\` itself`,
      `'struct ${name}' access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN`,
    );
  if (off < 0) refuse(`offset ${off} is before it`, `R${reg} is ${name} invalid negative access: off=${off}`);
  if (write) refuse(`\`r${reg}\` is the map \`${base.map?.name ?? ""}\` itself`, `only read from ${name} is supported`);
  const field = mapHead.find((each) => off >= each.offset && off < each.offset + each.size);
  if (field === undefined) {
    refuse(
      `bpflab knows the first ${MAP_HEAD} bytes of struct bpf_map`,
      `access beyond struct ${name} at off ${off} size ${access.size}`,
    );
  } else if ("pointer" in field && (off !== field.offset || access.size !== 8)) {
    refuse(
      `\`${field.name}\` is a pointer: read it whole`,
      `cannot access ptr member ${field.name} with moff ${field.offset} in struct bpf_map with off ${off} size ${access.size}`,
    );
  } else if (off + access.size > field.offset + field.size) {
    refuse(
      `\`${field.name}\` has ${field.size} bytes`,
      `access beyond the end of member ${field.name} (mend:${field.offset + field.size}) in struct bpf_map with off ${off} size ${access.size}`,
    );
  }
}
