// Arithmetic: numbers through the domain, pointers moved by numbers, everything else refused or forgotten
// (kernel: check_alu_op, adjust_reg_min_max_vals).
import { type AluOp, alu } from "../../isa/alu.ts";
import type { Insn, Operand as Source, Width } from "../../isa/insn.ts";
import { readUninit } from "../check/access.ts";
import * as domain from "../domain/arithmetic.ts";
import * as linux from "../domain/linux.ts";
import { Scalar, settled } from "../domain/scalar.ts";
import { greatest32 } from "../domain/word.ts";
import type { Env } from "../env.ts";
import { type Operand, reject } from "../reject.ts";
import { needNumber } from "../search/demand.ts";
import type { State } from "../state/state.ts";
import { kindText, scalarValue, unknownScalar, type Value } from "../state/value.ts";
import { move, unsignedSymbol } from "./pointer.ts";
import { checkUnmasked } from "./speculation.ts";

/** The value of a register that must have been written. */
export function read(state: State, reg: number, operand: Operand): Value {
  const value = state.reg(reg);
  if (value.kind === "uninit") readUninit(state, reg, operand);
  return value;
}

/** The value of a right-hand side. */
export function readSource(state: State, src: Source): Value {
  return src.kind === "reg" ? read(state, src.reg, "src") : scalarValue(Scalar.ofI32(src.value));
}

export function write(state: State, reg: number, value: Value): void {
  if (reg === 10) {
    reject({
      code: "E0406",
      state,
      operand: "dst",
      text: "the frame pointer may not be written",
      label: "`r10` is read-only",
      kernel: "frame pointer is read only",
    });
  }
  state.set(reg, value);
}

/** Marks copies of one number, so that what a compare teaches of one is known of the other. */
export function linked(env: Env, state: State, reg: number, value: Value): Value {
  if (value.kind !== "scalar") return value;
  if (value.scalar.isConst ? value.size === 0 : value.id !== 0 && value.size === 0) return value;
  // A number that is a constant away from its copies gives that up for copies of its own.
  const withId = value.with({ id: value.scalar.isConst ? 0 : env.nextId(), off: 0, size: 0 });
  state.set(reg, withId);
  return withId;
}

export function transferMove(env: Env, state: State, insn: Insn & { kind: "alu" }): void {
  const { src, width, dst } = insn;
  if (src.kind === "imm") {
    const scalar = Scalar.ofI32(src.value);
    write(state, dst, scalarValue(width === 64 ? scalar : domain.zext32(scalar)));
    return;
  }
  const value = read(state, src.reg, "src");
  if (width === 64) {
    write(state, dst, linked(env, state, src.reg, value));
    return;
  }
  if (value.isPointer) {
    partialCopy(env, state, src.reg, value);
    write(state, dst, scalarValue(domain.zext32(Scalar.unknown)));
    return;
  }
  const low = domain.zext32(value.scalar);
  const same = value.scalar.umax <= 0xffff_ffffn;
  write(state, dst, same ? linked(env, state, src.reg, value) : scalarValue(low));
}

function partialCopy(env: Env, state: State, reg: number, value: Value): void {
  if (env.profile.privileged) return;
  reject({
    code: "E0404",
    state,
    operand: "src",
    culprit: reg,
    text: "a part of a pointer would become a number",
    label: `\`r${reg}\` is a ${kindText(value)} pointer`,
    kernel: `R${reg} partial copy of pointer`,
  });
}

export function transferSignExtend(env: Env, state: State, insn: Insn & { kind: "movsx" }): void {
  const value = read(state, insn.src, "src");
  if (value.isPointer) {
    if (insn.width === 32) partialCopy(env, state, insn.src, value);
    else if (!env.profile.privileged) {
      reject({
        code: "E0405",
        state,
        operand: "src",
        culprit: insn.src,
        text: "a pointer cannot be sign-extended",
        label: `\`r${insn.src}\` is a ${kindText(value)} pointer`,
        kernel: `R${insn.src} sign-extension part of pointer`,
      });
    }
    write(state, insn.dst, insn.width === 32 ? scalarValue(domain.zext32(Scalar.unknown)) : unknownScalar);
    return;
  }
  const extended = linux.movsx(insn.width, insn.from, value.scalar);
  // A number that needs none of the sign's bits stays what it was: a copy.
  const same = value.scalar.umax < 1n << BigInt(insn.from - 1);
  write(state, insn.dst, scalarValue(extended, same ? linked(env, state, insn.src, value).id : 0));
}

/** neg and byte swaps. Of a pointer they leave some number, which only privileged programs may have. */
export function transferUnary(env: Env, state: State, dst: number, make: (scalar: Scalar) => Scalar): void {
  const value = read(state, dst, "dst");
  if (value.isPointer && env.profile.privileged) {
    write(state, dst, unknownScalar);
    return;
  }
  if (value.isPointer) {
    reject({
      code: "E0405",
      state,
      operand: "dst",
      culprit: dst,
      text: "this operation has no meaning for a pointer",
      label: `\`r${dst}\` is a ${kindText(value)} pointer`,
      kernel: `R${dst} pointer arithmetic prohibited`,
    });
  }
  write(state, dst, scalarValue(make(value.scalar)));
}

export function transferAlu(env: Env, state: State, insn: Insn & { kind: "alu" }): void {
  const { op, width, dst, src } = insn;
  const right = readSource(state, src);
  const left = read(state, dst, "dst");
  if (src.kind === "imm") checkImmediate(state, op, width, src.value);
  if (dst === 10) write(state, dst, left);
  if (left.kind === "scalar" && right.kind === "scalar") {
    if ((op === "and" || op === "or") && right.scalar.isConst && splitSign(env, state, dst, left.scalar)) {
      transferAlu(env, state, insn);
      return;
    }
    checkUnmasked(env, state, op, dst, src.kind === "reg" ? src.reg : -1);
    const result = scalarValue(linux.alu(op, width, left.scalar, right.scalar));
    write(state, dst, insn.op === "add" || insn.op === "sub" ? stillLinked(insn, left, right, result) : result);
    return;
  }
  write(state, dst, pointerResult(env, state, insn, left, right));
}

/**
 * What an arithmetic shift to the end leaves is 0 or -1, and a mask of it makes one of two numbers: each is walked by
 * itself (kernel: maybe_fork_scalars). True: this walk goes on with -1.
 */
function splitSign(env: Env, state: State, dst: number, a: Scalar): boolean {
  const whole = a.smin === -1n && a.smax === 0n;
  if (!whole && (a.s32min !== -1 || a.s32max !== 0)) return false;
  const half = (low: number): Scalar => {
    const known = a.draft();
    known.lowBetween(low, low);
    return settled(known);
  };
  const other = state.copy();
  other.set(dst, scalarValue(whole ? Scalar.ofI32(0) : half(0)));
  env.push(other);
  state.set(dst, scalarValue(whole ? Scalar.ofI32(-1) : half(-1)));
  return true;
}

/**
 * A copy that a constant was added to once is known with the others still, a constant apart. In 32 bits that holds
 * only of numbers that have no others (kernel: BPF_ADD_CONST).
 */
function stillLinked(insn: Insn & { kind: "alu" }, left: Value, right: Value, result: Value): Value {
  const { width, src, op } = insn;
  if (left.id === 0 || left.size !== 0 || (src.kind === "reg" && src.reg === insn.dst)) return result;
  if (width === 32 ? !right.scalar.isLowConst || !left.scalar.fitsU32 : !right.scalar.isConst) return result;
  if (width === 64 && !right.scalar.fitsI32) return result;
  const off = op === "sub" ? -right.scalar.s32min : right.scalar.s32min;
  return off > greatest32 ? result : result.with({ id: left.id, off, size: width });
}

function checkImmediate(state: State, op: AluOp, width: Width, value: number): void {
  if ((op === "div" || op === "mod" || op === "sdiv" || op === "smod") && value === 0) {
    reject({
      code: "E0406",
      state,
      operand: "src",
      text: "division by the constant 0",
      label: "the divisor is 0 on every run",
      kernel: "div by zero",
    });
  }
  if ((op === "lsh" || op === "rsh" || op === "arsh") && (value < 0 || value >= width)) {
    reject({
      code: "E0406",
      state,
      operand: "src",
      text: `a ${width}-bit shift by ${value}`,
      label: `shifts go from 0 to ${width - 1}`,
      kernel: `invalid shift ${value}`,
    });
  }
}

/** An operation with at least one pointer in it (kernel: adjust_ptr_min_max_vals). */
function pointerResult(env: Env, state: State, insn: Insn & { kind: "alu" }, left: Value, right: Value): Value {
  const { op, width, dst, src } = insn;
  const srcReg = src.kind === "reg" ? src.reg : -1;
  const [culprit, operand]: [number, Operand] = left.isPointer ? [dst, "dst"] : [srcReg, "src"];
  const refuse = (text: string, label: string, kernel: string): never =>
    reject({ code: "E0405", state, operand, culprit, text, label, kernel });
  if (left.isPointer && right.isPointer) {
    if (op === "sub" && env.profile.privileged) return unknownScalar;
    return refuse(
      `two pointers cannot be combined by \`${alu[op].symbol}\``,
      `\`r${dst}\` is a ${kindText(left)} pointer and \`r${srcReg}\` a ${kindText(right)} pointer`,
      `R${dst} pointer ${unsignedSymbol(op)} pointer prohibited`,
    );
  }
  const value = left.isPointer ? left : right;
  if (width === 32) {
    // Linux does not say of it, either, that the upper half is 0.
    if (op === "sub" && env.profile.privileged) return unknownScalar;
    return refuse(
      "32-bit arithmetic on a pointer",
      `\`r${culprit}\` is a ${kindText(value)} pointer: its upper half would be lost`,
      `R${dst} 32-bit pointer arithmetic prohibited`,
    );
  }
  const { scalar, off: linkedBy } = left.isPointer ? right : left;
  const by = left.isPointer ? srcReg : dst;
  if (by >= 0) needNumber(env, state, by);
  return move(env, state, { value, scalar, op, reversed: !left.isPointer, culprit, operand, dst, by, linkedBy });
}
