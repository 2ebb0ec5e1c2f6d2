// Helpers on checksums: the one's complement sums of the Internet protocols (RFC 1071).
import type { Helper } from "../contract.ts";
import type { HostCall } from "../machine.ts";
import { trafficControl } from "./groups.ts";
import { nothing, unsupported } from "./nothing.ts";

/** Adds with the carry brought around. */
function add(sum: number, word: number): number {
  const total = (sum >>> 0) + (word >>> 0);
  return total > 0xffff_ffff ? (total + 1) >>> 0 : total;
}

/** The words of the memory in argument `i`, each through `change`, added to `sum`. */
function addWords(call: HostCall, i: number, size: number, sum: number, change: (word: number) => number): number {
  let out = sum;
  for (let at = 0; at < size; at += 4) {
    const word =
      call.byte(i, at) | (call.byte(i, at + 1) << 8) | (call.byte(i, at + 2) << 16) | (call.byte(i, at + 3) << 24);
    out = add(out, change(word));
  }
  return out;
}

export const csumDiff = {
  id: 28,
  name: "bpf_csum_diff",
  args: ["memOrNull", "sizeOrZero", "memOrNull", "sizeOrZero", "any"],
  returns: "integer",
  packetArguments: true,
  programs: [...trafficControl, "xdp"],
  start: (call) => {
    const [fromSize, toSize] = [call.lo(1) >>> 0, call.lo(3) >>> 0];
    if ((fromSize | toSize) % 4 !== 0) return call.returnsNumber(-22);
    if ((fromSize > 0 && !call.readable(0, fromSize)) || (toSize > 0 && !call.readable(2, toSize))) return;
    const removed = addWords(call, 0, fromSize, call.lo(4), (word) => ~word);
    const sum = addWords(call, 2, toSize, removed, (word) => word);
    // Since 6.13 the sum comes folded to 16 bits.
    const once = (sum & 0xffff) + (sum >>> 16);
    call.returns(((once & 0xffff) + (once >>> 16)) & 0xffff, 0);
  },
} as const satisfies Helper;

export const csumUpdate = {
  id: 40,
  name: "bpf_csum_update",
  args: ["ctx", "any"],
  returns: "integer",
  programs: trafficControl,
  // There is no device that left a sum to update.
  start: (call) => call.returnsNumber(-524),
} as const satisfies Helper;

export const csumLevel = {
  id: 135,
  name: "bpf_csum_level",
  args: ["ctx", "any"],
  returns: "integer",
  programs: trafficControl,
  start: unsupported,
} as const satisfies Helper;

export const l3CsumReplace = {
  id: 10,
  name: "bpf_l3_csum_replace",
  args: ["ctx", "any", "any", "any", "any"],
  returns: "integer",
  changesPacket: true,
  programs: trafficControl,
  start: unsupported,
} as const satisfies Helper;

export const l4CsumReplace = { ...l3CsumReplace, id: 11, name: "bpf_l4_csum_replace" } as const satisfies Helper;

export const getHashRecalc = {
  id: 34,
  name: "bpf_get_hash_recalc",
  args: ["ctx"],
  returns: "integer",
  programs: trafficControl,
  start: nothing,
} as const satisfies Helper;

export const setHashInvalid = { ...getHashRecalc, id: 41, name: "bpf_set_hash_invalid" } as const satisfies Helper;

export const setHash = {
  id: 48,
  name: "bpf_set_hash",
  args: ["ctx", "any"],
  returns: "integer",
  programs: trafficControl,
  start: nothing,
} as const satisfies Helper;

export const helpers = [
  csumDiff,
  csumUpdate,
  csumLevel,
  l3CsumReplace,
  l4CsumReplace,
  getHashRecalc,
  setHashInvalid,
  setHash,
] as const;
