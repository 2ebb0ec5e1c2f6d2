// Arithmetic, jumps and conversions in the fast loop. The tables are keyed by those of isa/, so that a new row there does
// not compile until it is here.
import type { AluOp } from "../../isa/alu.ts";
import type { JumpOp } from "../../isa/jump.ts";
import { type Code, choose, get, i32, i64, set, tee, type, when } from "../../wasm/code.ts";
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

type Binary = (a: Code, b: Code) => Code;

const zero = i64.const(0n);
const alu64: Readonly<Record<AluOp, Binary>> = {
  add: i64.add,
  sub: i64.sub,
  mul: i64.mul,
  div: (a, b) => choose(type.i64, i64.eqz(b), zero, i64.divU(a, b)),
  // By 0 it is 0, by -1 a negation (which WebAssembly would trap on for the least number): both are products.
  sdiv: (a, b) => choose(type.i64, i64.leU(i64.add(b, i64.const(1n)), i64.const(1n)), i64.mul(a, b), i64.divS(a, b)),
  or: i64.or,
  and: i64.and,
  lsh: i64.shl,
  rsh: i64.shrU,
  mod: (a, b) => choose(type.i64, i64.eqz(b), a, i64.remU(a, b)),
  smod: (a, b) => choose(type.i64, i64.eqz(b), a, i64.remS(a, b)),
  xor: i64.xor,
  mov: (_, b) => b,
  arsh: i64.shrS,
};
const alu32: Readonly<Record<AluOp, Binary>> = {
  add: i32.add,
  sub: i32.sub,
  mul: i32.mul,
  div: (a, b) => choose(type.i32, i32.eqz(b), number(0), i32.divU(a, b)),
  sdiv: (a, b) => choose(type.i32, i32.leU(i32.add(b, number(1)), number(1)), i32.mul(a, b), i32.divS(a, b)),
  or: i32.or,
  and: i32.and,
  lsh: i32.shl,
  rsh: i32.shrU,
  mod: (a, b) => choose(type.i32, i32.eqz(b), a, i32.remU(a, b)),
  smod: (a, b) => choose(type.i32, i32.eqz(b), a, i32.remS(a, b)),
  xor: i32.xor,
  mov: (_, b) => b,
  arsh: i32.shrS,
};

const jumps = (int: typeof i32 | typeof i64): Readonly<Record<JumpOp, Binary>> => ({
  jeq: int.eq,
  jgt: int.gtU,
  jge: int.geU,
  jset: (a, b) => (int === i32 ? i32.and(a, b) : i64.ne(i64.and(a, b), zero)),
  jne: int.ne,
  jsgt: int.gtS,
  jsge: int.geS,
  jlt: int.ltU,
  jle: int.leU,
  jslt: int.ltS,
  jsle: int.leS,
});

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
    when(jumps(width === 64 ? i64 : i32)[op](get(a), get(b)), jump),
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

export const reversed16 = (v: Code): Code =>
  i32.or(i32.shl(i32.and(v, number(0xff)), number(8)), i32.and(i32.shrU(v, number(8)), number(0xff)));
/** Bytes 3 and 1 come from a rotation to the right, bytes 2 and 0 from one to the left. */
export const reversed32 = (v: Code): Code =>
  i32.or(i32.and(i32.rotl(v, number(24)), number(0xff00ff00)), i32.and(i32.rotl(v, number(8)), number(0x00ff00ff)));
