// What the operations of isa/ are in WebAssembly, on operands that are on hand: for the interpreter's loop and for compiled
// programs. The tables are keyed by those of isa/, so that a new row there does not compile until it is here.
import type { AluOp } from "../../isa/alu.ts";
import type { JumpOp } from "../../isa/jump.ts";
import { type Code, choose, i32, i64, type } from "../../wasm/code.ts";

type Binary = (a: Code, b: Code) => Code;

const zero = i64.const(0n);
/** On 64 bits; shifts take the low bits of their count, as WebAssembly does. */
export const alu64: Readonly<Record<AluOp, Binary>> = {
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
/** On the low 32 bits. */
export const alu32: Readonly<Record<AluOp, Binary>> = {
  add: i32.add,
  sub: i32.sub,
  mul: i32.mul,
  div: (a, b) => choose(type.i32, i32.eqz(b), i32.const(0), i32.divU(a, b)),
  sdiv: (a, b) => choose(type.i32, i32.leU(i32.add(b, i32.const(1)), i32.const(1)), i32.mul(a, b), i32.divS(a, b)),
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

const conditions = (int: typeof i32 | typeof i64): Readonly<Record<JumpOp, Binary>> => ({
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
/** Numbers of 32 bits that are 0 where the jump is not taken, by the width of the operands. */
export const jumps = { 32: conditions(i32), 64: conditions(i64) } as const;

/** The low bytes in reverse order; the operand is computed several times. */
export const reversed16 = (v: Code): Code =>
  i32.or(i32.shl(i32.and(v, i32.const(0xff)), i32.const(8)), i32.and(i32.shrU(v, i32.const(8)), i32.const(0xff)));
/** Bytes 3 and 1 come from a rotation to the right, bytes 2 and 0 from one to the left. */
export const reversed32 = (v: Code): Code =>
  i32.or(
    i32.and(i32.rotl(v, i32.const(24)), i32.const(0xff00ff00)),
    i32.and(i32.rotl(v, i32.const(8)), i32.const(0x00ff00ff)),
  );
/** Of 64 bits; the operand is computed twice. */
export const reversed64 = (v: Code): Code =>
  i64.or(
    i64.shl(i64.fromU(reversed32(i32.wrap(v))), i64.const(32n)),
    i64.fromU(reversed32(i32.wrap(i64.shrU(v, i64.const(32n))))),
  );
