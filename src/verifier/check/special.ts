// Arguments that name one particular thing: a constant string, a lock or timer in a value, a reserved record. Plain memory and numbers are arguments.ts.
import type { Contract } from "../../host/contract.ts";
import { requireLive } from "../rcu/stale.ts";
import { reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { kindText, type Value } from "../state/value.ts";
import { describe } from "./access.ts";

/** A name for messages: `bpf_map_lookup_elem#1`, or `kernel function bpf_throw`. */
export interface Callee {
  readonly contract: Contract;
  readonly id: number | null;
}

/** Refuses an argument of the wrong kind. */
export function wrong(state: State, callee: Callee, reg: number, value: Value, expected: string, words: string): never {
  return reject({
    code: "E0702",
    state,
    operand: "whole",
    culprit: reg,
    text: `argument ${reg} of \`${callee.contract.name}\` must be ${words}`,
    label: `\`r${reg}\` is ${value.kind === "scalar" ? "a number" : describe(value)}`,
    kernel: `R${reg} type=${kindText(value)} expected=${expected}`,
  });
}

export function checkConstString(state: State, callee: Callee, reg: number, value: Value): void {
  requireLive(state, reg, value, "whole", "the call reads through");
  const refuse = (label: string, kernel: string): never =>
    reject({
      code: "E0702",
      state,
      operand: "whole",
      culprit: reg,
      text: `argument ${reg} of \`${callee.contract.name}\` must be a constant string`,
      label,
      kernel,
    });
  if (value.kind !== "mapValue" || value.maybeNull) {
    refuse(`\`r${reg}\` is ${describe(value)}`, `R${reg} type=${kindText(value)} expected=map_value`);
  }
  // BPF_F_RDONLY_PROG: the program cannot change it, and so the checks made now still hold later.
  if (((value.map?.flags ?? 0) & 0x80) === 0) {
    refuse(`\`${value.map?.name ?? ""}\` may be written by programs`, `R${reg} does not point to a readonly map'`);
  }
  if (!value.scalar.isConst) refuse("its offset varies", `R${reg} is not a constant address'`);
  if ((value.map?.fields ?? []).length > 0)
    refuse("it is no plain text", "no direct value access support for this map type");
}

export function checkField(state: State, callee: Callee, reg: number, value: Value, kind: "spin_lock" | "timer"): void {
  const field = value.map?.fields?.find((f) => f.kind === kind);
  const name = value.map?.name ?? "";
  const refuse = (label: string, kernel: string): never =>
    reject({
      code: kind === "spin_lock" ? "E0607" : "E0702",
      state,
      operand: "whole",
      culprit: reg,
      text: `argument ${reg} of \`${callee.contract.name}\` must point to a bpf_${kind}`,
      label,
      kernel,
    });
  if (!value.scalar.isConst) {
    refuse("its offset varies", `R${reg} doesn't have constant offset. bpf_${kind} has to be at the constant offset`);
  }
  if (field === undefined) refuse(`\`${name}\` has none in its value`, `map '${name}' has no valid bpf_${kind}`);
  const off = value.off + Number(value.scalar.smin);
  if (field !== undefined && field.offset !== off) {
    refuse(
      `\`r${reg}\` is the value plus ${off}; the bpf_${kind} is at ${field.offset}`,
      kind === "spin_lock"
        ? `off ${off} doesn't point to 'struct bpf_spin_lock' that is at ${field.offset}`
        : `off ${off} doesn't point to 'struct bpf_timer' that is at ${field.offset}`,
    );
  }
}

export function checkRecord(state: State, callee: Callee, reg: number, value: Value): void {
  if (value.kind === "mem" && value.reference !== 0 && !value.maybeNull) {
    if (value.off === 0 && value.scalar.isConst && value.scalar.value === 0n) return;
    reject({
      code: "E0702",
      state,
      operand: "whole",
      culprit: reg,
      text: `\`${callee.contract.name}\` takes the record's start`,
      label: `\`r${reg}\` was moved by ${value.off}`,
      kernel: `R${reg} must have zero offset when passed to release func or trusted arg to kfunc`,
    });
  }
  if (value.kind === "scalar" && value.diedAt >= 0) {
    reject({
      code: "E0502",
      state,
      operand: "whole",
      culprit: reg,
      text: `the record was already given back`,
      label: `\`r${reg}\` points to nothing any more`,
      kernel: `R${reg} type=scalar expected=ringbuf_mem`,
    });
  }
  if (value.kind === "mem" && value.maybeNull) {
    wrong(state, callee, reg, value, "ringbuf_mem", "a record that was checked against null");
  }
  wrong(state, callee, reg, value, "ringbuf_mem", "a record that was reserved and not yet given back");
}
