// What unprivileged programs may not do to pointers because a processor may run ahead of a check: Linux masks each move
// by a register, for which the way that is left must be one and the same number on all paths, and a pointer never leaves
// its memory, not even for a moment (kernel: sanitize_ptr_alu, retrieve_ptr_limit, sanitize_check_bounds).
import type { AluOp } from "../../isa/alu.ts";
import type { Insn } from "../../isa/insn.ts";
import { tnumText } from "../check/bounds.ts";
import { touchesField } from "../check/fields.ts";
import type { Scalar } from "../domain/scalar.ts";
import type { Env } from "../env.ts";
import { type Operand, reject } from "../reject.ts";
import { STACK_SIZE } from "../state/stack.ts";
import type { State } from "../state/state.ts";
import { unknownScalar, type Value } from "../state/value.ts";

export interface Masked {
  readonly value: Value;
  /** By how much it is moved. */
  readonly scalar: Scalar;
  readonly op: "add" | "sub";
  readonly dst: number;
  /** The register that holds the pointer, which may be on the right. */
  readonly pointer: number;
  /** The register that says how much; -1: a constant, which is not masked. */
  readonly by: number;
}

const RULE = "pointer arithmetic with it prohibited for !root";

function refuse(state: State, dst: number, operand: Operand, text: string, label: string, kernel: string): never {
  return reject({ code: "E0405", state, operand, culprit: dst, text, label, kernel });
}

/** How far the pointer may go in a direction; refuses pointers that have no such limit, or are beyond it. */
function limitOf(state: State, { value, op, dst, pointer }: Masked, left: boolean): number {
  const end = value.kind === "stack" ? STACK_SIZE + (left ? 1 : 0) : (value.map?.valueSize ?? 0);
  const limit =
    value.kind === "stack"
      ? -(value.off + Number(value.scalar.smin))
      : Number(left ? value.scalar.smin : value.scalar.umax) + value.off;
  if (value.kind !== "stack" && value.kind !== "mapValue") {
    refuse(
      state,
      dst,
      "whole",
      "an unprivileged program moves a pointer of this kind by a register",
      "only pointers to the stack and into map values may be",
      `R${pointer} has pointer with unsupported alu operation, ${RULE}`,
    );
  }
  if (limit >= end || limit < 0) {
    refuse(
      state,
      dst,
      "whole",
      "an unprivileged program moves a pointer that is out of its memory",
      "bring it back first",
      `R${dst} tried to ${op} beyond pointer bounds, ${RULE}`,
    );
  }
  return limit;
}

/** Before the move. Gives the limit that the move begins with; null: it is not masked, or that does not matter here. */
export function checkMasking(env: Env, state: State, move: Masked): number | null {
  const { speculation } = env;
  if (env.profile.privileged || move.by < 0 || speculation.before.has(state.pc)) return null;
  const limit = state.speculative ? null : maskedLimit(env, state, move);
  // Ahead of the check the mask may leave nothing of the number.
  if (!move.scalar.isConst) {
    const unmoved = state.copy();
    unmoved.set(move.dst, move.value);
    unmoved.path = { previous: state.path, from: state.pc, to: state.pc + 1, kind: "fallthrough" };
    aside(env, unmoved, state.pc + 1);
  }
  return limit;
}

function aside(env: Env, state: State, pc: number): void {
  state.speculative = true;
  state.pc = pc;
  env.push(state);
}

/** The way that a jump does not take, for a processor that guesses wrong: what was compared says nothing there. */
export function guessWrong(env: Env, state: State, insn: Insn & { kind: "jump" }, pc: number): void {
  if (env.profile.privileged) return;
  const out = state.copy();
  out.path = { previous: state.path, from: state.pc, to: pc, kind: pc === state.pc + 1 ? "fallthrough" : "taken" };
  out.set(insn.dst, unknownScalar);
  if (insn.src.kind === "reg") out.set(insn.src.reg, unknownScalar);
  aside(env, out, pc);
}

function maskedLimit(env: Env, state: State, move: Masked): number {
  const { scalar, dst, by } = move;
  if (!scalar.isConst && scalar.smin < 0n !== scalar.smax < 0n) {
    refuse(
      state,
      dst,
      "whole",
      "an unprivileged program moves a pointer by a number of either sign",
      `\`r${by}\` may be negative and may be not`,
      `R${by} has unknown scalar with mixed signed bounds, ${RULE}`,
    );
  }
  const limit = limitOf(state, move, leftwards(move));
  if (!scalar.isConst) env.speculation.strict = true;
  return limit;
}

const leftwards = ({ op, scalar }: Masked): boolean => (op === "add") === scalar.smin < 0n;

/** After the move: the pointer is still in its memory, and what would be masked is what was masked on other paths. */
export function checkMoved(env: Env, state: State, move: Masked, moved: Value, before: number | null): void {
  if (env.profile.privileged) return;
  const { scalar, dst } = move;
  if (moved.kind === "stack") {
    const off = moved.off + Number(moved.scalar.smin);
    if (!moved.scalar.isConst) {
      refuse(
        state,
        dst,
        "whole",
        "a stack pointer is moved by a number that varies",
        "only privileged programs may do this",
        `R${dst} variable stack access prohibited for !root, var_off=${tnumText(moved.scalar)} off=${off}`,
      );
    }
    if (off >= 0 || off < -STACK_SIZE) {
      refuse(
        state,
        dst,
        "whole",
        "an unprivileged program moves a pointer out of the stack",
        `fp${off < 0 ? off : `+${off}`} is no byte of it`,
        `R${dst} stack pointer arithmetic goes out of range, prohibited for !root; off=${off}`,
      );
    }
  } else if (moved.kind === "mapValue") {
    const size = BigInt(moved.map?.valueSize ?? 0);
    const least = moved.scalar.smin + BigInt(moved.off);
    const most = moved.scalar.umax + BigInt(moved.off);
    if (least < 0n || most >= size || touchesField(moved, { off: 0, size: 1 })) {
      refuse(
        state,
        dst,
        "whole",
        "an unprivileged program moves a pointer out of its map value",
        `to byte ${least < 0n ? least : most} of ${size}`,
        `R${dst} pointer arithmetic of map value goes out of range, prohibited for !root`,
      );
    }
  }
  if (before === null) return;
  const after = limitOf(state, { ...move, value: moved }, leftwards(move));
  settleMask(
    env,
    state,
    move,
    `${Math.abs(before - after)} ${scalar.smin < 0n} ${scalar.isConst} ${move.pointer !== move.dst}`,
  );
}

/** Where two numbers are added or subtracted, on another path a pointer may be (kernel: sanitize_val_alu). */
export function checkUnmasked(env: Env, state: State, op: AluOp, dst: number, by: number): void {
  if (env.profile.privileged || by < 0 || (op !== "add" && op !== "sub")) return;
  if (!env.speculation.before.has(state.pc)) settleMask(env, state, { op, dst }, "number");
}

/** One instruction has one mask. */
function settleMask(env: Env, state: State, { op, dst }: Pick<Masked, "op" | "dst">, mask: string): void {
  const known = env.speculation.masks.get(state.pc);
  if (known === undefined) env.speculation.masks.set(state.pc, mask);
  else if (known !== mask) {
    refuse(
      state,
      dst,
      "whole",
      "an unprivileged program moves a pointer here by different bounds on different paths",
      "Linux would have to mask it differently on each",
      `R${dst} tried to ${op} from different maps, paths or scalars, ${RULE}`,
    );
  }
}
