// Read-side sections under both regimes: what opening and closing one does to the state (rules E1 to E12 of the
// explicit regime; kernel: check_kfunc_call on bpf_rcu_read_lock and bpf_rcu_read_unlock).
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { die } from "./stale.ts";

/** Sections nest by counting, this deep (rule E5). */
export const DEEPEST = 8;

export function openSection(env: Env, state: State): void {
  if (state.lock !== null) refuseUnderLock(env, state);
  if (env.profile.rcu === "implicit") {
    if (state.rcuDepth > 0) {
      reject({
        code: "E0604",
        state,
        operand: "whole",
        text: "an RCU section is already open here",
        label: "opens a second section; Linux does not nest them",
        kernel: "nested rcu read lock (kernel function bpf_rcu_read_lock)",
      });
    }
    state.rcuDepth = 1;
    return;
  }
  if (state.rcuDepth >= DEEPEST) {
    reject({
      code: "E0604",
      state,
      operand: "whole",
      text: `RCU sections nest deeper than ${DEEPEST}`,
      label: `the ${DEEPEST + 1}th section on this path`,
      kernel: "nested rcu read lock (kernel function bpf_rcu_read_lock)",
    });
  }
  state.rcuDepth++;
}

export function closeSection(env: Env, state: State): void {
  if (state.lock !== null) refuseUnderLock(env, state);
  if (state.rcuDepth === 0) {
    reject({
      code: "E0605",
      state,
      operand: "whole",
      text: "closes an RCU section that is not open",
      label: "no section is open on this path",
      kernel: "unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)",
    });
  }
  state.rcuDepth--;
  if (state.rcuDepth === 0) distrust(state);
  if (env.profile.rcu === "implicit" || state.rcuDepth > 0) return;
  for (const frame of state.frames) {
    if (frame.role === "syncCallback" && frame.entryDepth > 0) {
      reject({
        code: "E0609",
        state,
        operand: "whole",
        text: "a callback closes the RCU section of the call that runs it",
        label: "the walk that calls this function would go on unprotected",
        kernel: null,
      });
    }
  }
  die(state, state.pc);
}

function refuseUnderLock(env: Env, state: State): never {
  return reject({
    code: env.profile.rcu === "explicit" ? "E0610" : "E0607",
    state,
    operand: "whole",
    text: "an RCU section may not be opened or closed while a spin lock is held",
    label: "a bpf_spin_lock is held here",
    kernel: "function calls are not allowed while holding a lock",
  });
}

/**
 * RCU pointers to structures of the kernel are good to their section's end, whoever opened it; then they can only be
 * read, fault-checked, which makes the question of null moot (kernel: invalidate of MEM_RCU in check_kfunc_call).
 */
export function distrust(state: State): void {
  state.mapValues((value) =>
    value.kind === "typed" && value.trust === "rcu"
      ? value.with({ trust: "untrusted", maybeNull: false, id: 0, diedAt: state.pc })
      : value,
  );
  for (const { stack } of state.frames) {
    for (let at = 0; at < stack.count; at++) {
      const slot = stack.slot(at);
      if (slot.object?.iterator === "task" && slot.object.lapsed !== true) {
        stack.set(at, { ...slot, object: { ...slot.object, lapsed: true } });
      }
    }
  }
}

/**
 * Whether what RCU protects is protected here (kernel: in_rcu_cs): a section or a spin lock, or, in the implicit regime, a
 * program that cannot sleep.
 */
export function inSection(env: Env, state: State): boolean {
  return state.rcuDepth > 0 || state.lock !== null || (env.profile.rcu === "implicit" && !env.profile.sleepable);
}

/** Whether the program is inside a section, whoever opened it (kernel: in_rcu_cs). */
export function sectionOpen(state: State): boolean {
  return state.rcuDepth > 0;
}
