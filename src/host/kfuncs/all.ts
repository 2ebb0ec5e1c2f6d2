// Kernel functions that programs call by name (kfuncs): RCU and preemption sections, exceptions, number iterators.
import type { Kfunc } from "../contract.ts";
import type { KfuncName } from "../names.ts";
import { kfuncs as typedKfuncs } from "./typed.ts";

export const rcuReadLock = {
  name: "bpf_rcu_read_lock",
  args: [],
  returns: "void",
  rcu: "lock",
  start: (call) => call.rcu.lock(),
} as const satisfies Kfunc;

export const rcuReadUnlock = {
  name: "bpf_rcu_read_unlock",
  args: [],
  returns: "void",
  rcu: "unlock",
  start: (call) => call.rcu.unlock(),
} as const satisfies Kfunc;

export const preemptDisable = {
  name: "bpf_preempt_disable",
  args: [],
  returns: "void",
  preempt: "disable",
  start: (call) => call.preempt.disable(),
} as const satisfies Kfunc;

export const preemptEnable = {
  name: "bpf_preempt_enable",
  args: [],
  returns: "void",
  preempt: "enable",
  start: (call) => call.preempt.enable(),
} as const satisfies Kfunc;

export const throwException = {
  name: "bpf_throw",
  args: ["scalar"],
  returns: "never",
  start: (call) => call.throwException(call.lo(0), call.hi(0)),
} as const satisfies Kfunc;

/** A number iterator lives in 8 bytes of the stack: the next number and the end. */
export const iterNumNew = {
  name: "bpf_iter_num_new",
  args: [{ iterator: "num", step: "new" }, "scalar", "scalar"],
  returns: "integer",
  start: (call) => call.iter.create(0, call.lo(1), call.lo(2)),
} as const satisfies Kfunc;

export const iterNumNext = {
  name: "bpf_iter_num_next",
  args: [{ iterator: "num", step: "next" }],
  returns: "iterNumberOrNull",
  start: (call) => call.iter.next(0),
} as const satisfies Kfunc;

export const iterNumDestroy = {
  name: "bpf_iter_num_destroy",
  args: [{ iterator: "num", step: "destroy" }],
  returns: "void",
  start: (call) => call.iter.destroy(0),
} as const satisfies Kfunc;

export const kfuncs = [
  rcuReadLock,
  rcuReadUnlock,
  preemptDisable,
  preemptEnable,
  throwException,
  iterNumNew,
  iterNumNext,
  iterNumDestroy,
  ...typedKfuncs,
] as const satisfies readonly (Kfunc & { readonly name: KfuncName })[];
