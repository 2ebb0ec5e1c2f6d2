// Scalars in the notation of the kernel's verifier log, so that log readers made for it
// read ours. Small numbers are decimal, others hexadecimal; equal bounds share one number.
import { Scalar } from "./scalar.ts";

/** `5`, `scalar()`, `scalar(smin=0,smax=umax=255,var_off=(0x0; 0xff))`. */
export function text(a: Scalar): string {
  return a.value === undefined ? `scalar(${boundsText(a).join(",")})` : signedText(a.value);
}

/** The parts that say something, for a scalar or for the variable part of a pointer. */
export function boundsText(a: Scalar): readonly string[] {
  const any = Scalar.unknown;
  const rows: readonly { name: string; word: bigint; silent: boolean }[] = [
    { name: "smin", word: word(a.smin), silent: a.smin === any.smin },
    { name: "smax", word: word(a.smax), silent: a.smax === any.smax },
    { name: "umin", word: a.umin, silent: a.umin === any.umin },
    { name: "umax", word: a.umax, silent: a.umax === any.umax },
    { name: "smin32", word: lowWord(a.s32min), silent: a.s32min === any.s32min },
    { name: "smax32", word: lowWord(a.s32max), silent: a.s32max === any.s32max },
    { name: "umin32", word: BigInt(a.u32min), silent: a.u32min === any.u32min },
    { name: "umax32", word: BigInt(a.u32max), silent: a.u32max === any.u32max },
  ];
  const parts: string[] = [];
  const said = new Set<string>();
  for (const [at, row] of rows.entries()) {
    if (row.silent || said.has(row.name)) continue;
    // Lower bounds are at even places and upper ones at odd; a negative number shares with negative ones only.
    const sharing = rows.filter(
      (other, i) =>
        i >= at &&
        (i - at) % 2 === 0 &&
        !other.silent &&
        !said.has(other.name) &&
        other.word === row.word &&
        isNegative(other) === isNegative(row),
    );
    for (const other of sharing) said.add(other.name);
    const shown = isSigned(row) ? signedText(row.word) : unsignedText(row.word);
    parts.push(`${sharing.map((other) => `${other.name}=`).join("")}${shown}`);
  }
  if (!a.bits.isUnknown) parts.push(`var_off=(${hex(a.tnumValue)}; ${hex(a.tnumMask)})`);
  return parts;
}

function isSigned(row: { readonly name: string }): boolean {
  return row.name.startsWith("s");
}

function isNegative(row: { readonly name: string; readonly word: bigint }): boolean {
  return isSigned(row) && BigInt.asIntN(64, row.word) < 0n;
}

function word(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/** Sign-extended when it will be shown as a decimal; in hexadecimal a half is shown as a half. */
function lowWord(half: number): bigint {
  return isSmall(half) ? word(BigInt(half)) : BigInt(half >>> 0);
}

function isSmall(value: number | bigint): boolean {
  return value >= -0x8000 && value <= 0x7fff;
}

function signedText(value: bigint): string {
  const number = BigInt.asIntN(64, value);
  return isSmall(number) ? String(number) : hex(value);
}

function unsignedText(value: bigint): string {
  return value <= 0xffffn ? String(value) : hex(value);
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
