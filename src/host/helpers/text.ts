// Helpers on text: printing, formatting, comparing. Formatting is in format.ts.
import type { Helper } from "../contract.ts";
import { format } from "./format.ts";

const EINVAL = -22;
/** The kernel's buffer (MAX_BPRINTF_BUF), without the NUL. */
const LONGEST_LINE = 1023;

export const tracePrintk = {
  id: 6,
  name: "bpf_trace_printk",
  // What stands in the other registers is printed where the format asks for it.
  args: ["mem", "size"],
  returns: "integer",
  start: (call) => {
    const size = call.lo(1) >>> 0;
    const text = call.string(call.lo(0), call.hi(0), size);
    if (text === null) return;
    if (text.length === size) return call.returnsNumber(EINVAL); // no NUL
    const made = format(call, text, (n) => (n < 3 ? [call.lo(2 + n), call.hi(2 + n)] : null));
    if (typeof made === "number") return call.returnsNumber(made);
    call.print(made.slice(0, LONGEST_LINE));
    call.returnsNumber(made.length);
  },
} as const satisfies Helper;

export const snprintf = {
  id: 165,
  name: "bpf_snprintf",
  args: ["memOut", "sizeOrZero", "constString", "memOrNull", "sizeOrZero"],
  returns: "integer",
  start: (call) => {
    const room = call.lo(1) >>> 0;
    const dataSize = call.lo(4) >>> 0;
    if (dataSize % 8 !== 0 || dataSize > 96) return call.returnsNumber(EINVAL);
    const text = call.string(call.lo(2), call.hi(2), 4096);
    if (text === null || (dataSize > 0 && !call.readable(3, dataSize)) || !call.writable(0, room)) return;
    const wordAt = (at: number) =>
      call.byte(3, at) | (call.byte(3, at + 1) << 8) | (call.byte(3, at + 2) << 16) | (call.byte(3, at + 3) << 24);
    const made = format(call, text, (n) => (n * 8 < dataSize ? [wordAt(n * 8), wordAt(n * 8 + 4)] : null));
    if (typeof made === "number") return call.returnsNumber(made);
    for (let at = 0; at < room; at++) {
      if (at < made.length && at < room - 1) call.setByte(0, at, made.charCodeAt(at));
      else {
        call.setByte(0, at, 0);
        break;
      }
    }
    call.returnsNumber(made.length + 1);
  },
} as const satisfies Helper;

export const strncmp = {
  id: 182,
  name: "bpf_strncmp",
  args: ["mem", "size", "constString"],
  returns: "integer",
  start: (call) => {
    const size = call.lo(1) >>> 0;
    if (!call.readable(0, size)) return;
    const other = call.string(call.lo(2), call.hi(2), 4096);
    if (other === null) return;
    for (let at = 0; at < size; at++) {
      const mine = call.byte(0, at);
      const its = at < other.length ? other.charCodeAt(at) : 0;
      if (mine !== its) return call.returnsNumber(mine < its ? -1 : 1);
      if (mine === 0) break;
    }
    call.returnsNumber(0);
  },
} as const satisfies Helper;

export const helpers = [tracePrintk, snprintf, strncmp] as const;
