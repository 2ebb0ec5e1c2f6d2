// The format language of bpf_trace_printk and bpf_snprintf (kernel: bpf_bprintf_prepare):
// %d %i %u %x %X %p %s %c %% with l or ll, a width and zero padding.
import type { HostCall } from "../machine.ts";

const EINVAL = -22;

/** The text, or a negative errno when the format is not one the kernel takes or an argument is missing. */
export function format(
  call: HostCall,
  text: string,
  argument: (n: number) => readonly [lo: number, hi: number] | null,
): string | number {
  let out = "";
  let used = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (letter !== "%") {
      out += letter;
      continue;
    }
    const directive = /^%(%|(0?)(\d{0,3})(l{0,2})([diuxXpsc]))/.exec(text.slice(at, at + 12));
    if (directive === null) return EINVAL;
    at += directive[0].length - 1;
    if (directive[1] === "%") {
      out += "%";
      continue;
    }
    const [, , zero = "", width = "", long = "", kind = ""] = directive;
    const word = argument(used++);
    if (word === null) return EINVAL;
    const made = one(call, kind, long !== "", word[0], word[1]);
    if (made === null) return EINVAL;
    out += made.padStart(Number(width || "0"), zero === "" ? " " : "0");
  }
  return out;
}

function one(call: HostCall, kind: string, long: boolean, lo: number, hi: number): string | null {
  const whole = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  const unsigned = long ? whole : BigInt(lo >>> 0);
  switch (kind) {
    case "d":
    case "i":
      return BigInt.asIntN(long ? 64 : 32, unsigned).toString();
    case "u":
      return unsigned.toString();
    case "x":
      return unsigned.toString(16);
    case "X":
      return unsigned.toString(16).toUpperCase();
    case "p":
      return whole.toString(16).padStart(16, "0");
    case "c":
      return String.fromCharCode(lo & 0xff);
    default:
      return call.string(lo, hi, 512) ?? "";
  }
}
