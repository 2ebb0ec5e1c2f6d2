// Alignment of accesses: always on the stack and for atomics, everywhere under strict alignment
// (kernel: check_ptr_alignment).
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import type { Value, ValueKind } from "../state/value.ts";
import { isAligned, tnumText } from "./bounds.ts";
import type { Access } from "./reach.ts";

/** Where packets begin on machines that want alignment: two bytes past a multiple of four (NET_IP_ALIGN). */
const PACKET_SHIFT = 2;

/** What the message calls the memory. */
const words: Partial<Record<ValueKind, string>> = {
  mapKey: "key ",
  mapValue: "value ",
  ctx: "context ",
  stack: "stack ",
  sock: "sock ",
  sockCommon: "sock_common ",
  tcpSock: "tcp_sock ",
  xdpSock: "xdp_sock ",
};

export function checkAlignment(env: Env, state: State, base: Value, access: Access): void {
  const { size } = access;
  const strict = env.profile.strictAlignment === true || access.mode === "atomic" || base.kind === "stack";
  if (!strict || size === 1) return;
  const packet = base.kind === "packet" || base.kind === "packetMeta";
  const fixed = base.off + access.off + (packet ? PACKET_SHIFT : 0);
  const { scalar } = base;
  if (isAligned(scalar, fixed, size)) return;
  const place = `${tnumText(scalar)}+${base.off}+${access.off} size ${size}`;
  reject({
    code: "E0309",
    state,
    operand: "memory",
    culprit: access.base,
    text:
      access.mode === "atomic"
        ? `a ${size}-byte atomic operation must be aligned`
        : base.kind === "stack"
          ? `a ${size}-byte stack access must be aligned`
          : `a ${size}-byte access must be aligned here`,
    label: scalar.isConst
      ? `offset ${BigInt(fixed) + scalar.smin} is not a multiple of ${size}`
      : `the offset may be no multiple of ${size}`,
    kernel: packet
      ? `misaligned packet access off ${PACKET_SHIFT}+${place}`
      : `misaligned ${words[base.kind] ?? ""}access off ${place}`,
  });
}
