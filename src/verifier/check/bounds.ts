// Whether an access through a pointer with a varying offset stays inside a region of known size
// (kernel: check_mem_region_access, check_packet_access).
import type { Code } from "../../diag/diagnostic.ts";
import type { Scalar } from "../domain/scalar.ts";
import { type Operand, reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import type { Value } from "../state/value.ts";

/** Offsets at or above this are never trusted (kernel: BPF_MAX_VAR_OFF). */
export const GREATEST_OFFSET = 1 << 29;

/** Whether a varying offset plus a fixed one is a multiple of `size`, whatever the varying one is. */
export function isAligned(varying: Scalar, fixed: number, size: number): boolean {
  const unit = BigInt(size);
  return varying.tnumMask % unit === 0n && (varying.tnumValue + BigInt(fixed)) % unit === 0n;
}

export interface Reach {
  readonly base: number;
  readonly off: number;
  readonly size: number;
}

export function checkRegion(
  state: State,
  base: Value,
  access: Reach,
  limit: number,
  code: Code,
  what: string,
  kernelWhat: string,
  operand: Operand = "memory",
): void {
  const { base: reg, size } = access;
  const { scalar } = base;
  const fixed = base.off + access.off;
  const refuse = (text: string, label: string, at: bigint, last: string): never =>
    reject({
      code,
      state,
      operand,
      culprit: reg,
      text,
      label,
      kernel: `${rangeMessage(kernelWhat, base, reg, limit, at, size)}\n${last}`,
      facts: [{ name: "state", text: `r${reg} = ${what} + ${offsetText(base)}` }],
    });
  const least = scalar.smin + BigInt(fixed);
  if (kernelWhat === "packet") {
    if (scalar.smin < 0n) {
      reject({
        code,
        state,
        operand,
        culprit: reg,
        text: "the offset into the packet may be negative",
        label: `least offset ${least}`,
        kernel: `R${reg} min value is negative, either use unsigned index or do a if (index >=0) check.`,
      });
    }
    const end = fixed + size;
    // Of a pointer that may be farther than a packet is long, nothing is ever proven.
    if (fixed < 0 || end > limit) {
      refuse(
        limit === 0
          ? "the packet is accessed before its length was checked"
          : "access past the checked part of the packet",
        `needs bytes ${fixed}..=${end - 1} of the packet; proven: ${limit === 0 ? "none" : `0..=${limit - 1}`}`,
        BigInt(fixed),
        `R${reg} offset is outside of the packet`,
      );
    }
    return;
  }
  if (scalar.smin < 0n && least < 0n) {
    reject({
      code,
      state,
      operand,
      culprit: reg,
      text: `access can start before the ${what}`,
      label: `the offset may be as low as ${scalar.smin === -(1n << 63n) ? "any negative number" : least}`,
      kernel: `R${reg} min value is negative, either use unsigned index or do a if (index >=0) check.`,
      facts: [{ name: "state", text: `r${reg} = ${what} + ${offsetText(base)}` }],
    });
  }
  if (least < 0n || least + BigInt(size) > BigInt(limit)) {
    refuse(
      `access outside the ${what}`,
      `bytes ${least}..=${least + BigInt(size) - 1n}; the ${what} has ${limit} bytes`,
      least,
      `R${reg} min value is outside of the allowed memory range`,
    );
  }
  if (scalar.isConst) return;
  if (scalar.umax >= BigInt(GREATEST_OFFSET)) {
    reject({
      code,
      state,
      operand,
      culprit: reg,
      text: `the offset into the ${what} has no upper bound`,
      label: "compare it with a constant first",
      kernel: `R${reg} unbounded memory access, make sure to bounds check any such access`,
      facts: [{ name: "state", text: `r${reg} = ${what} + ${offsetText(base)}` }],
    });
  }
  const most = scalar.umax + BigInt(fixed);
  if (most + BigInt(size) > BigInt(limit)) {
    refuse(
      `access can run past the end of the ${what}`,
      `reads up to byte ${most + BigInt(size) - 1n}; the ${what} ends at ${limit - 1}`,
      most,
      `R${reg} max value is outside of the allowed memory range`,
    );
  }
}

function rangeMessage(what: string, base: Value, reg: number, limit: number, off: bigint, size: number): string {
  if (what === "map_value") return `invalid access to map value, value_size=${limit} off=${off} size=${size}`;
  if (what === "map_key") return `invalid access to map key, key_size=${limit} off=${off} size=${size}`;
  if (what === "packet") {
    return `invalid access to packet, off=${off} size=${size}, R${reg}(id=${base.id},off=${off},r=${limit})`;
  }
  return `invalid access to memory, mem_size=${limit} off=${off} size=${size}`;
}

/** The bits of a number as the kernel's messages print them. */
export function tnumText(scalar: Scalar): string {
  const hex = (value: bigint): string => (value === 0n ? "0" : `0x${value.toString(16)}`);
  return scalar.isConst
    ? hex(scalar.tnumValue)
    : `(0x${scalar.tnumValue.toString(16)}; 0x${scalar.tnumMask.toString(16)})`;
}

/** `8`, or `8 + (0..=31)`. */
export function offsetText(base: Value): string {
  if (base.scalar.isConst) return String(BigInt(base.off) + base.scalar.smin);
  const { umin, umax, smin, smax } = base.scalar;
  const range = smin < 0n ? `${smin}..=${smax}` : `${umin}..=${umax}`;
  return base.off === 0 ? `(${range})` : `${base.off} + (${range})`;
}
