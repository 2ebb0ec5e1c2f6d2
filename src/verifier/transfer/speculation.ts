// What unprivileged programs may not do to pointers because a processor may run ahead of a check: Linux masks each move
// by a register, for which the way that is left must be one and the same number on all paths, and a pointer never leaves
// its memory, not even for a moment (kernel: sanitize_ptr_alu, retrieve_ptr_limit, sanitize_check_bounds).
import { tnumText } from "../check/bounds.ts";
import type { Scalar } from "../domain/scalar.ts";
import type { Env } from "../env.ts";
import { type Operand, reject } from "../reject.ts";
import { STACK_SIZE } from "../state/stack.ts";
import type { State } from "../state/state.ts";
import type { Value } from "../state/value.ts";

export interface Masked {
  readonly value: Value;
  /** By how much it is moved. */
  readonly scalar: Scalar;
  readonly op: "add" | "sub";
  readonly reversed: boolean;
  readonly dst: number;
  /** The register that says how much; -1: a constant, which is not masked. */
  readonly by: number;
}

const RULE = "pointer arithmetic with it prohibited for !root";

function refuse(state: State, dst: number, operand: Operand, text: string, label: string, kernel: string): never {
  return reject({ code: "E0405", state, operand, culprit: dst, text, label, kernel });
}

/** How far the pointer may go in a direction; refuses pointers that have no such limit, or are beyond it. */
function limitOf(state: State, { value, op, dst, by, reversed }: Masked, left: boolean): number {
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
      `R${reversed ? by : dst} has pointer with unsupported alu operation, ${RULE}`,
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

/** Before the move. Gives the limit that the move begins with. */
export function checkMasking(env: Env, state: State, move: Masked): number | null {
  if (env.profile.privileged || move.by < 0) return null;
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
  return limitOf(state, move, leftwards(move));
}

const leftwards = ({ op, scalar }: Masked): boolean => (op === "add") === scalar.smin < 0n;

/** After the move: the pointer is still in its memory, and what would be masked is what was masked on other paths. */
export function checkMoved(env: Env, state: State, move: Masked, moved: Value, before: number | null): void {
  if (env.profile.privileged) return;
  const { scalar, op, dst } = move;
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
    if (least < 0n || most >= size) {
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
  const mask = `${Math.abs(before - after)} ${scalar.smin < 0n} ${scalar.isConst} ${move.reversed}`;
  const known = env.masks.get(state.pc);
  if (known === undefined) env.masks.set(state.pc, mask);
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
