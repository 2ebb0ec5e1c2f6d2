// Arguments that name one particular thing: a constant string, a lock or timer in a value, a reserved record. Plain memory and numbers are arguments.ts.
import type { Contract } from "../../host/contract.ts";
import type { MapDef } from "../../isa/program.ts";
import type { Env } from "../env.ts";
import { requireLive } from "../rcu/stale.ts";
import { reject } from "../reject.ts";
import { needSlot } from "../search/demand.ts";
import { byteKind, place, SPILL, ZERO } from "../state/stack.ts";
import type { State } from "../state/state.ts";
import { kindText, type Value } from "../state/value.ts";
import { describe } from "./access.ts";
import { frameOf } from "./stack.ts";

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
  if (field === undefined) {
    const typed = value.map?.fields !== undefined;
    refuse(
      `\`${name}\` has none in its value`,
      `map '${name}' ${typed ? "has no valid" : "has to have BTF in order to use"} bpf_${kind}`,
    );
  }
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

/**
 * The number that a key on the stack surely is: an array has that element, so looking it up cannot fail
 * (kernel: get_constant_map_key). Null where it is not known.
 */
export function constantKey(env: Env, state: State, map: MapDef | null, value: Value): bigint | null {
  if (map === null || (map.type !== "array" && map.type !== "percpu_array")) return null;
  if (value.kind !== "stack" || !value.scalar.isConst) return null;
  const { slot: index, byte } = place(value.off + Number(value.scalar.smin));
  const slot = frameOf(state, value).stack.slot(index);
  if (slot.object !== null || byte + map.keySize > 8) return null;
  const bytes = Array.from({ length: map.keySize }, (_, at) => byteKind(slot, byte + at));
  if (bytes.every((kind) => kind === ZERO)) return 0n;
  const exact = byte + map.keySize === 8 || byteKind(slot, byte + map.keySize) !== SPILL;
  if (!bytes.every((kind) => kind === SPILL) || byte !== 0 || !exact || slot.spilled !== map.keySize) return null;
  if (slot.value?.kind !== "scalar" || !slot.value.scalar.isConst) return null;
  needSlot(env, state, value.frame, index);
  return slot.value.scalar.value ?? null;
}
