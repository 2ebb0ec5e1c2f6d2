// The format language of bpf_trace_printk and bpf_snprintf (kernel: bpf_bprintf_prepare):
// %d %i %u %x %X with l or ll, %p %s %c %%, each with the flags 0 + - and blank and a width.
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
    const directive = /^%(%|([0+\- ]*)(\d{0,3})(?:(l{0,2})([diuxX])|([psc])))/.exec(text.slice(at, at + 12));
    if (directive === null) return EINVAL;
    at += directive[0].length - 1;
    if (directive[1] === "%") {
      out += "%";
      continue;
    }
    const [, , flags = "", width = "", long = "", number = "", other = ""] = directive;
    const word = argument(used++);
    if (word === null) return EINVAL;
    const made = number === "" ? thing(call, other, word[0], word[1]) : digits(number, long !== "", flags, word);
    out += padded(made, Number(width || "0"), number === "" ? flags.replace("0", "") : flags);
  }
  return out;
}

function digits(kind: string, long: boolean, flags: string, [lo, hi]: readonly [lo: number, hi: number]): string {
  const unsigned = (long ? BigInt(hi >>> 0) << 32n : 0n) | BigInt(lo >>> 0);
  if (kind === "u") return unsigned.toString();
  if (kind === "x") return unsigned.toString(16);
  if (kind === "X") return unsigned.toString(16).toUpperCase();
  const signed = BigInt.asIntN(long ? 64 : 32, unsigned);
  const sign = signed < 0n ? "" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  return sign + signed.toString();
}

function thing(call: HostCall, kind: string, lo: number, hi: number): string {
  if (kind === "c") return String.fromCharCode(lo & 0xff);
  if (kind === "s") return call.stringIfThere(lo, hi, 512);
  return ((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)).toString(16).padStart(16, "0");
}

function padded(text: string, width: number, flags: string): string {
  if (flags.includes("-")) return text.padEnd(width);
  if (!flags.includes("0")) return text.padStart(width);
  // Zeros stand between the sign and the digits.
  const sign = /^[-+ ]?/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}
