// Helpers that read numbers out of text (kernel: bpf_strtol, bpf_strtoul).
import type { Helper } from "../contract.ts";
import type { HostCall } from "../machine.ts";

const EINVAL = -22;
const ERANGE = -34;

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13) || code === 0xa0;

interface Parsed {
  readonly negative: boolean;
  readonly magnitude: bigint;
  /** Bytes read. */
  readonly length: number;
}

/** Blanks, a sign, digits of base 8, 10, 16, or of what `0x` and `0` say when the base is 0; a text has at most 64 bytes. */
function parse(call: HostCall, size: number, base: number, signed: boolean): Parsed | number {
  const most = Math.min(size, 63);
  const text = Array.from({ length: most }, (_, at) => call.byte(0, at));
  const nul = text.indexOf(0);
  const end = nul < 0 ? most : nul;
  let at = 0;
  while (at < end && isSpace(text[at] ?? 0)) at++;
  const negative = signed && text[at] === 0x2d;
  if (negative) at++;
  if (at >= end) return EINVAL;
  const letter = (n: number): string => String.fromCharCode(text[n] ?? 0).toLowerCase();
  const hex = letter(at) === "0" && letter(at + 1) === "x" && at + 1 < end;
  const radix = base !== 0 ? base : hex && /[0-9a-f]/.test(letter(at + 2)) ? 16 : letter(at) === "0" ? 8 : 10;
  if (radix === 16 && hex) at += 2;
  const first = at;
  let magnitude = 0n;
  for (; at < end; at++) {
    const digit = Number.parseInt(letter(at), radix);
    if (Number.isNaN(digit)) break;
    magnitude = magnitude * BigInt(radix) + BigInt(digit);
  }
  if (at === first) return EINVAL;
  return magnitude >> 64n !== 0n ? ERANGE : { negative, magnitude, length: at };
}

function read(call: HostCall, signed: boolean): void {
  if (!call.readable(0, call.lo(1) >>> 0) || !call.writable(3, 8)) return;
  const parsed = parsedWithin(call, signed);
  const value = typeof parsed === "number" ? 0n : parsed.negative ? -parsed.magnitude : parsed.magnitude;
  const word = BigInt.asUintN(64, value);
  for (let at = 0; at < 8; at++) call.setByte(3, at, Number((word >> BigInt(8 * at)) & 0xffn));
  call.returnsNumber(typeof parsed === "number" ? parsed : parsed.length);
}

function parsedWithin(call: HostCall, signed: boolean): Parsed | number {
  const base = call.lo(2);
  if (call.hi(2) !== 0 || ![0, 8, 10, 16].includes(base)) return EINVAL;
  const parsed = parse(call, call.lo(1) >>> 0, base, signed);
  if (typeof parsed === "number" || !signed) return parsed;
  return parsed.magnitude > (parsed.negative ? 1n << 63n : (1n << 63n) - 1n) ? ERANGE : parsed;
}

export const strtol = {
  id: 105,
  name: "bpf_strtol",
  args: ["mem", "size", "any", { memOut: 8, aligned: true }],
  returns: "integer",
  start: (call) => read(call, true),
} as const satisfies Helper;

export const strtoul = {
  id: 106,
  name: "bpf_strtoul",
  args: ["mem", "size", "any", { memOut: 8, aligned: true }],
  returns: "integer",
  start: (call) => read(call, false),
} as const satisfies Helper;

export const helpers = [strtol, strtoul] as const;
