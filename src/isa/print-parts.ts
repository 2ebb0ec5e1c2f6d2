// What all styles of text share.
import { encode } from "./encode.ts";
import type { Insn } from "./insn.ts";

/** Names for numbers; each may know nothing. */
export interface Names {
  readonly map?: (index: number) => string | undefined;
  readonly helper?: (id: number) => string | undefined;
  readonly kfunc?: (index: number) => string | undefined;
  /** The label at a slot. */
  readonly label?: (pc: number) => string | undefined;
}

/** A directive that stands for the instruction in a style that has no words for it. */
export function dataLine(insn: Insn): string {
  const bytes = encode(insn);
  const view = new DataView(bytes.buffer);
  const words: string[] = [];
  for (let at = 0; at < bytes.length; at += 8) {
    words.push(`0x${view.getBigUint64(at, true).toString(16).padStart(16, "0")}`);
  }
  return `.8byte ${words.join(", ")}`;
}

export function signed(value: number): string {
  return value < 0 ? String(value) : `+${value}`;
}

/** Whether a name can be written as it is in assembly text. */
export function writable(name: string | undefined): name is string {
  return name !== undefined && /^[A-Za-z_.$][\w.$@]*$/.test(name);
}

/** The 64 bits of an immediate from its halves, signed. */
export function wideValue(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}
