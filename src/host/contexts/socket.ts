// Contexts about sockets and connections, and the sockets themselves: struct bpf_sock and its relatives, which programs
// reach through pointers (kernel: sock_addr_is_valid_access, sk_lookup_is_valid_access, sk_msg_is_valid_access,
// bpf_sock_is_valid_access, bpf_tcp_sock_is_valid_access).
import { type Field, field, pairs } from "./field.ts";

/** enum bpf_attach_type, where it decides; the names are those of libbpf's sections. */
export const attach = {
  ingress: 0,
  egress: 1,
  bind4: 8,
  bind6: 9,
  connect4: 10,
  connect6: 11,
  sendmsg4: 14,
  sendmsg6: 15,
  recvmsg4: 19,
  recvmsg6: 20,
  getpeername4: 29,
  getpeername6: 30,
  getsockname4: 31,
  getsockname6: 32,
  devmap: 33,
  cpumap: 35,
} as const;

export type AttachName = keyof typeof attach;

const inet4 = [
  attach.bind4,
  attach.connect4,
  attach.sendmsg4,
  attach.recvmsg4,
  attach.getpeername4,
  attach.getsockname4,
];
const inet6 = [
  attach.bind6,
  attach.connect6,
  attach.sendmsg6,
  attach.recvmsg6,
  attach.getpeername6,
  attach.getsockname6,
];

/** struct bpf_sock_addr. */
export const sockAddrFields: readonly Field[] = [
  field("user_family", 0, 4, { whole: true }),
  field("user_ip4", 4, 4, { write: "whole", attach: inet4 }),
  ...pairs("user_ip6", 8, 4, { write: "whole", attach: inet6 }),
  field("user_port", 24, 4, { write: "whole" }),
  field("family", 28, 4, { whole: true }),
  field("type", 32, 4, { whole: true }),
  field("protocol", 36, 4, { whole: true }),
  field("msg_src_ip4", 40, 4, { write: "whole", attach: [attach.sendmsg4] }),
  ...pairs("msg_src_ip6", 44, 4, { write: "whole", attach: [attach.sendmsg6] }),
  field("sk", 64, 8, { kind: "sock", whole: true }),
];

/** struct bpf_sk_lookup. */
export const skLookupFields: readonly Field[] = [
  field("sk", 0, 8, { kind: "sockOrNull", whole: true }),
  field("family", 8),
  field("protocol", 12),
  field("remote_ip4", 16),
  ...[0, 1, 2, 3].map((n) => field(`remote_ip6[${n}]`, 20 + 4 * n)),
  field("remote_port", 36, 2, { asWord: true }),
  field("(padding)", 38, 2),
  field("local_ip4", 40),
  ...[0, 1, 2, 3].map((n) => field(`local_ip6[${n}]`, 44 + 4 * n)),
  field("local_port", 60),
  field("ingress_ifindex", 64),
];

/** struct sk_msg_md. */
export const skMsgFields: readonly Field[] = [
  field("data", 0, 8, { kind: "packet", whole: true }),
  field("data_end", 8, 8, { kind: "packetEnd", whole: true }),
  field("family", 16, 4, { whole: true }),
  field("remote_ip4", 20, 4, { whole: true }),
  field("local_ip4", 24, 4, { whole: true }),
  ...[0, 1, 2, 3].map((n) => field(`remote_ip6[${n}]`, 28 + 4 * n, 4, { whole: true })),
  ...[0, 1, 2, 3].map((n) => field(`local_ip6[${n}]`, 44 + 4 * n, 4, { whole: true })),
  field("remote_port", 60, 4, { whole: true }),
  field("local_port", 64, 4, { whole: true }),
  field("size", 68, 4, { whole: true }),
  field("sk", 72, 8, { kind: "sock", whole: true }),
];

/** struct bpf_sock. */
const sock: readonly Field[] = [
  field("bound_dev_if", 0, 4, { whole: true }),
  field("family", 4, 4, { fromStart: true }),
  field("type", 8, 4, { fromStart: true }),
  field("protocol", 12, 4, { fromStart: true }),
  field("mark", 16, 4, { whole: true }),
  field("priority", 20, 4, { whole: true }),
  field("src_ip4", 24),
  ...[0, 1, 2, 3].map((n) => field(`src_ip6[${n}]`, 28 + 4 * n)),
  field("src_port", 44, 4, { fromStart: true }),
  field("dst_port", 48, 2, { asWord: true }),
  field("dst_ip4", 52),
  ...[0, 1, 2, 3].map((n) => field(`dst_ip6[${n}]`, 56 + 4 * n)),
  field("state", 72, 4, { fromStart: true }),
  field("rx_queue_mapping", 76, 4, { fromStart: true }),
];

/** struct bpf_tcp_sock: all words but two counters. */
const tcpSock: readonly Field[] = [
  ...Array.from({ length: 20 }, (_, n) => field(`word ${n}`, 4 * n, 4, { whole: true })),
  field("bytes_received", 80, 8, { whole: true }),
  field("bytes_acked", 88, 8, { whole: true }),
  ...["dsack_dups", "delivered", "delivered_ce", "icsk_retransmits"].map((name, n) =>
    field(name, 96 + 4 * n, 4, { whole: true }),
  ),
];

/** What may be loaded through a pointer to a socket. A sock_common has what every socket has, however short-lived. */
export const socketFields = {
  sock,
  sockCommon: sock.filter(({ offset }) => offset < 8 || offset >= 24),
  tcpSock,
  xdpSock: [field("queue_id", 0, 4, { whole: true })],
} as const satisfies Record<string, readonly Field[]>;
export type SocketKind = keyof typeof socketFields;
