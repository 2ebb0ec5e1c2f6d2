// Arithmetic, jumps and conversions in the fast loop: what is checked of the registers before an operation is done.
import type { AluOp } from "../../isa/alu.ts";
import type { JumpOp } from "../../isa/jump.ts";
import { type Code, get, i32, i64, set, tee, when } from "../../wasm/code.ts";
import { alu32, alu64, jumps } from "./operators.ts";
import {
  A32,
  A64,
  AT,
  B32,
  B64,
  copyProvenance,
  DST,
  insn,
  isNumber,
  jump,
  leaveIf,
  leaveIfEitherUnset,
  leaveIfUnset,
  next,
  number,
  REGION,
  regionOf,
  SRC,
  setDst,
  setSrc,
} from "./parts.ts";

/** The operands of arithmetic and jumps in the locals of their width. */
function operands(width: 32 | 64, register: boolean): Code {
  const int = width === 64 ? i64 : i32;
  const [a, b] = width === 64 ? [A64, B64] : [A32, B32];
  return [set(a, int.load(get(DST))), set(b, register ? int.load(get(SRC)) : int.load(get(AT), insn.imm))];
}

export function arithmetic(op: AluOp, width: 32 | 64, register: boolean): Code {
  if (op === "mov" && width === 64 && register) return [setDst, setSrc, copyRegister(SRC, DST), next];
  const keepsPointer = width === 64 && (op === "add" || op === "sub");
  const reads = op !== "mov";
  // A pointer and a number, in this order, stay what they are; anything else is looked at.
  const check = register
    ? keepsPointer
      ? [leaveIf(regionOf(SRC)), leaveIfUnset(DST)]
      : reads
        ? leaveIfEitherUnset
        : leaveIfUnset(SRC)
    : reads
      ? leaveIfUnset(DST)
      : [];
  const value = width === 64 ? alu64[op](get(A64), get(B64)) : i64.fromU(alu32[op](get(A32), get(B32)));
  return [
    setDst,
    register ? setSrc : [],
    check,
    operands(width, register),
    i64.store(get(DST), value),
    keepsPointer ? [] : isNumber(DST),
    next,
  ];
}

export function conditional(op: JumpOp, width: 32 | 64, register: boolean): Code {
  const [a, b] = width === 64 ? [A64, B64] : [A32, B32];
  return [
    setDst,
    register ? [setSrc, leaveIfEitherUnset] : leaveIfUnset(DST),
    operands(width, register),
    when(jumps[width][op](get(a), get(b)), jump),
    next,
  ];
}

/** A value with what is known about it, between registers and slots; an unset one leaves. */
function copyRegister(from: number, to: number): Code {
  return [
    leaveIf(i32.ltS(tee(REGION, regionOf(from)), number(0))),
    i64.store(get(to), i64.load(get(from))),
    copyProvenance(from, 0, to, 0),
  ];
}

/** Something done to the 64 bits in `dst`, as it is; whatever it was is a number then. */
export function inPlace(value: Code): Code {
  return [setDst, leaveIfUnset(DST), i64.store(get(DST), value), isNumber(DST), next];
}

export function extended(value: Code): Code {
  return [setDst, setSrc, leaveIfUnset(SRC), i64.store(get(DST), value), isNumber(DST), next];
}
