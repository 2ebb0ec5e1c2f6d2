// A pointer moved by a number: which kinds move, how far, and what stays known (kernel: adjust_ptr_min_max_vals).

import { type AluOp, alu } from "../../isa/alu.ts";
import { GREATEST_OFFSET } from "../check/bounds.ts";
import * as domain from "../domain/arithmetic.ts";
import type { Scalar } from "../domain/scalar.ts";
import type { Env } from "../env.ts";
import { requireLive } from "../rcu/stale.ts";
import { type Operand, reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { kindText, type Value, type ValueKind } from "../state/value.ts";
import { checkMasking, checkMoved } from "./speculation.ts";

export interface Move {
  readonly value: Value;
  readonly scalar: Scalar;
  readonly op: AluOp;
  /** The pointer is on the right: the result takes its place on the left. */
  readonly reversed: boolean;
  readonly culprit: number;
  readonly operand: Operand;
  readonly dst: number;
  /** The register that holds the number; -1: a constant. */
  readonly by: number;
  /** How much above its copies the number is (Value.off). Linux looks at it here, too. */
  readonly linkedBy?: number;
}

/** Pointers that may be moved; where they point then is checked at the access. */
const movable: ReadonlySet<ValueKind> = new Set<ValueKind>([
  "ctx",
  "mapValue",
  "mapKey",
  "stack",
  "packet",
  "packetMeta",
  "buffer",
  "mem",
  "typed",
  "func",
  "dynptr",
]);

/** The kernel's messages name an operator by its opcode, which signed division and remainder share with unsigned ones. */
export function unsignedSymbol(op: AluOp): string {
  return alu[op === "sdiv" ? "div" : op === "smod" ? "mod" : op].symbol;
}

export function move(env: Env, state: State, step: Move): Value {
  const { value, scalar, op, reversed, culprit, operand, dst } = step;
  requireLive(state, culprit, value, operand, "moves");
  const refuse = (text: string, label: string, kernel: string): never =>
    reject({ code: "E0405", state, operand, culprit, text, label, kernel });
  // Null plus 8 is no longer null, and a later check against 0 would let it through.
  if (value.maybeNull) {
    return refuse(
      `\`r${culprit}\` may be null and is moved before it was checked`,
      "compare it with 0 first",
      `R${dst} pointer arithmetic on ${kindText(value)} prohibited, null-check it first`,
    );
  }
  const stays = value.kind === "mapPtr" && op === "add" && scalar.isConst && scalar.value === 0n;
  if (!movable.has(value.kind) && !stays) {
    return refuse(
      `a ${kindText(value)} pointer cannot be moved`,
      `\`r${culprit}\` is a ${kindText(value)}`,
      `R${dst} pointer arithmetic on ${kindText(value)} prohibited`,
    );
  }
  checkDistance(state, step);
  const adds = op === "add" || op === "sub";
  const masked = adds ? { value, scalar, op, dst, pointer: culprit, by: step.by } : null;
  const limit = masked === null ? null : checkMasking(env, state, masked);
  if (op !== "add" && op !== "sub") {
    const bitwise = op === "and" || op === "or" || op === "xor";
    return refuse(
      `\`${alu[op].symbol}\` has no meaning for a pointer`,
      `\`r${culprit}\` is a ${kindText(value)} pointer`,
      bitwise
        ? `R${dst} bitwise operator ${alu[op].symbol} on pointer prohibited`
        : `R${dst} pointer arithmetic with ${unsignedSymbol(op)} operator prohibited`,
    );
  }
  if (op === "sub" && reversed) {
    return refuse(
      "a pointer is subtracted from a number",
      `\`r${culprit}\` is a ${kindText(value)} pointer`,
      `R${dst} tried to subtract pointer from scalar`,
    );
  }
  if (op === "sub" && value.kind === "stack") {
    return refuse(
      "subtraction from a stack pointer",
      "add a negative number instead",
      `R${dst} subtraction from stack pointer prohibited`,
    );
  }
  const by = scalar.signedValue;
  if (by !== undefined) {
    const off = value.off + Number(op === "add" ? by : -by);
    if (Math.abs(off) >= GREATEST_OFFSET) {
      return refuse(
        "the pointer is moved too far",
        `offset ${off}`,
        `${kindText(value)} pointer offset ${off} is not allowed`,
      );
    }
    // Moving back uncovers nothing new, but what was proven from the old start is kept only for packets.
    const there = value.with({ off });
    if (masked !== null) checkMoved(env, state, masked, there, limit);
    return there;
  }
  const varying = domain.alu(op, 64, value.scalar, scalar);
  const moved = value.with({ scalar: varying });
  checkDistance(state, { ...step, scalar: varying, linkedBy: 0 });
  if (value.kind === "packet" || value.kind === "packetMeta") {
    // A new place in the packet: what was proven of the old one says nothing of it.
    return moved.with({ id: env.nextId(), size: 0 });
  }
  if (masked !== null) checkMoved(env, state, masked, moved, limit);
  return moved;
}

/** Refuses distances so great that offsets could wrap (kernel: check_reg_sane_offset). */
function checkDistance(state: State, { value, scalar, culprit, operand, linkedBy = 0 }: Move): void {
  const limit = BigInt(GREATEST_OFFSET);
  const refuse = (text: string, label: string, kernel: string): never =>
    reject({ code: "E0402", state, operand, culprit, text, label, kernel });
  const kind = kindText(value);
  const by = scalar.signedValue;
  if (by !== undefined && (by >= limit || by <= -limit)) {
    refuse("the pointer is moved too far", `by ${by}`, `math between ${kind} pointer and ${by} is not allowed`);
  }
  if (linkedBy >= GREATEST_OFFSET || linkedBy <= -GREATEST_OFFSET) {
    refuse(
      `a ${kind} pointer is moved by a number that is far from its copies`,
      `${linkedBy} above what it was copied from`,
      `${kind} pointer offset ${linkedBy} is not allowed`,
    );
  }
  if (by !== undefined) return;
  if (scalar.smin === -(1n << 63n)) {
    refuse(
      `a ${kind} pointer is moved by a number with no lower bound`,
      "the number may be any negative one",
      `math between ${kind} pointer and register with unbounded min value is not allowed`,
    );
  }
  if (scalar.smin >= limit || scalar.smin <= -limit) {
    refuse(
      `a ${kind} pointer is moved too far`,
      `by as much as ${scalar.smin}`,
      `value ${scalar.smin} makes ${kind} pointer be out of bounds`,
    );
  }
}
