// struct __sk_buff: what programs see of a packet's socket buffer. Each program type sees and writes its own part
// (kernel: bpf_skb_is_valid_access and the functions that ask it).
import { type Field, field } from "./field.ts";

export const SKB_SIZE = 192;

const rows: readonly Field[] = [
  field("len", 0),
  field("pkt_type", 4),
  field("mark", 8),
  field("queue_mapping", 12),
  field("protocol", 16),
  field("vlan_present", 20),
  field("vlan_tci", 24),
  field("vlan_proto", 28),
  field("priority", 32),
  field("ingress_ifindex", 36),
  field("ifindex", 40),
  field("tc_index", 44),
  field("cb", 48, 20),
  field("hash", 68),
  field("tc_classid", 72),
  field("data", 76, 4, { kind: "packet", whole: true }),
  field("data_end", 80, 4, { kind: "packetEnd", whole: true }),
  field("napi_id", 84),
  field("family", 88),
  field("remote_ip4", 92, 4, { whole: true }),
  field("local_ip4", 96, 4, { whole: true }),
  ...[0, 1, 2, 3].map((n) => field(`remote_ip6[${n}]`, 100 + 4 * n, 4, { whole: true })),
  ...[0, 1, 2, 3].map((n) => field(`local_ip6[${n}]`, 116 + 4 * n, 4, { whole: true })),
  field("remote_port", 132),
  field("local_port", 136),
  field("data_meta", 140, 4, { kind: "packetMeta", whole: true }),
  field("tstamp", 152, 8, { whole: true }),
  field("wire_len", 160),
  field("gso_segs", 164),
  field("sk", 168, 8, { kind: "sockCommonOrNull", whole: true }),
  field("gso_size", 176),
  field("tstamp_type", 180, 1),
  field("hwtstamp", 184, 8, { whole: true }),
];

/** The addresses and ports of the socket: only where the packet surely has one. */
const addresses = rows.filter(({ offset }) => offset >= 88 && offset <= 136).map(({ name }) => name);

/** The fields of a program type: all but `hidden`; those in `written` may be stored to, `cb` in parts. */
function skb(written: readonly string[], hidden: readonly string[]): readonly Field[] {
  return rows
    .filter(({ name }) => !hidden.includes(name))
    .map((row) => {
      if (!written.includes(row.name)) return row;
      return { ...row, write: row.name === "cb" ? "parts" : "whole" };
    });
}

export const socketFilterFields = skb(
  ["cb"],
  ["tc_classid", "data", "data_end", "data_meta", ...addresses, "tstamp", "wire_len", "hwtstamp", "tstamp_type"],
);

export const trafficControlFields = skb(
  ["cb", "mark", "tc_index", "priority", "tc_classid", "tstamp", "queue_mapping"],
  addresses,
);

export const cgroupFields = skb(
  ["cb", "mark", "priority", "tstamp"],
  ["tc_classid", "data_meta", "wire_len", "tstamp_type"],
);

export const streamFields = skb(
  ["tc_index", "priority"],
  ["mark", "tc_classid", "data_meta", "tstamp", "wire_len", "hwtstamp", "tstamp_type"],
);
