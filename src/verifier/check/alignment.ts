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

/** Linux's line for an access that has to be aligned and is not; it looks at that before it looks at what the base is. */
export function misalignment(env: Env, base: Value, { size, off, aligned }: Access): string | undefined {
  const strict = env.profile.strictAlignment === true || aligned === true || base.kind === "stack";
  if (!strict || size === 1 || isAligned(base.scalar, fixedPart(base, off), size)) return undefined;
  const place = `${tnumText(base.scalar)}+${base.off}+${off} size ${size}`;
  if (isPacket(base)) return `misaligned packet access off ${PACKET_SHIFT}+${place}`;
  return `misaligned ${base.maybeNull ? "" : (words[base.kind] ?? "")}access off ${place}`;
}

function isPacket({ kind }: Value): boolean {
  return kind === "packet" || kind === "packetMeta";
}

function fixedPart(base: Value, off: number): number {
  return base.off + off + (isPacket(base) ? PACKET_SHIFT : 0);
}

export function checkAlignment(env: Env, state: State, base: Value, access: Access): void {
  const kernel = misalignment(env, base, access);
  if (kernel === undefined) return;
  const { size } = access;
  const { scalar } = base;
  reject({
    code: "E0309",
    state,
    operand: "memory",
    culprit: access.base,
    text: access.aligned
      ? `a ${size}-byte atomic operation must be aligned`
      : base.kind === "stack"
        ? `a ${size}-byte stack access must be aligned`
        : `a ${size}-byte access must be aligned here`,
    label: scalar.isConst
      ? `offset ${BigInt(fixedPart(base, access.off)) + scalar.smin} is not a multiple of ${size}`
      : `the offset may be no multiple of ${size}`,
    kernel,
  });
}
