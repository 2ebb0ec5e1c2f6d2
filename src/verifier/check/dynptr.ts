// Dynptrs: memory whose size is known only at run time, behind 16 bytes of stack that only its helpers touch
// (kernel: process_dynptr_func, mark_stack_slots_dynptr, unmark_stack_slots_dynptr).
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import { readSlot } from "../search/demand.ts";
import { type DynptrKind, isDynptr, MISC, place, type StackObject, uniform } from "../state/stack.ts";
import type { Frame, State } from "../state/state.ts";
import type { Value } from "../state/value.ts";
import { describe } from "./access.ts";
import type { Callee } from "./special.ts";
import { frameOf } from "./stack.ts";
import { forgetDynptr, forgetSlices, overwriteObject } from "./stack-objects.ts";

/** Where a dynptr lies: its slot of lower address; `high` is the next one up. */
export interface DynptrPlace {
  readonly frame: Frame;
  readonly low: number;
}

interface Refused {
  readonly label: string;
  readonly kernel: string;
}

/** The two slots that a stack pointer names; or why it names none. */
function placeOf(state: State, value: Value): DynptrPlace | Refused {
  if (!value.scalar.isConst) return { label: "its offset varies", kernel: "dynptr has to be at a constant offset" };
  const off = value.off + Number(value.scalar.smin);
  const kernel = `cannot pass in dynptr at an offset=${off}`;
  if (off % 8 !== 0) return { label: `fp${off} is not aligned`, kernel };
  if (off > -16) return { label: `fp${off} leaves no room for 16 bytes`, kernel };
  if (off < -512) return { label: `fp${off} is outside the stack`, kernel };
  const low = place(off).slot;
  readSlot(state, value.frame, low);
  readSlot(state, value.frame, low - 1);
  return { frame: frameOf(state, value), low };
}

/** The dynptr that an argument points to: its identity, and its place unless a callback was handed it. */
export interface Dynptr {
  readonly id: number;
  readonly reference: number;
  readonly place: DynptrPlace | null;
}

export function initialised(state: State, callee: Callee, reg: number, value: Value): Dynptr {
  if (value.kind === "dynptr") return { id: value.origin, reference: 0, place: null };
  const where = placeOf(state, value);
  const found = "label" in where ? null : lowHalf(where);
  if (found !== null && !("label" in where)) {
    return { id: found.reference, reference: found.state === "ringbuf low" ? found.reference : 0, place: where };
  }
  return reject({
    code: "E0702",
    state,
    operand: "whole",
    culprit: reg,
    text: `argument ${reg} of \`${callee.contract.name}\` must be a dynptr that was made`,
    label: "label" in where ? where.label : "no dynptr begins here",
    kernel: `${"label" in where ? `${where.kernel}\n` : ""}Expected an initialized dynptr as arg #${reg - 1}`,
  });
}

function lowHalf({ frame, low }: DynptrPlace): StackObject | null {
  const { object } = frame.stack.slot(low);
  const high = frame.stack.slot(low - 1).object;
  const whole = object !== null && isDynptr(object) && object.state.endsWith("low") && high !== null && isDynptr(high);
  return whole ? object : null;
}

/** Stack bytes in which a dynptr can be made. */
export function roomForDynptr(env: Env, state: State, callee: Callee, reg: number, value: Value): DynptrPlace {
  const where = value.kind === "stack" ? placeOf(state, value) : null;
  if (where === null || "label" in where) {
    return reject({
      code: "E0702",
      state,
      operand: "whole",
      culprit: reg,
      text: `argument ${reg} of \`${callee.contract.name}\` must be 16 bytes of stack for a dynptr`,
      label: where === null ? `\`r${reg}\` is ${describe(value)}` : where.label,
      kernel: `${where === null ? "" : `${where.kernel}\n`}Dynptr has to be an uninitialized dynptr`,
    });
  }
  env.deepen(where.frame.start, 8 * (where.low + 1), state.pc);
  for (const slot of [where.low, where.low - 1]) overwriteObject(env, state, where.frame, slot, reg, "whole");
  return where;
}

export function makeDynptr(
  env: Env,
  state: State,
  callee: Callee,
  { frame, low }: DynptrPlace,
  kind: DynptrKind,
): void {
  const id = env.nextId();
  if (kind === "ringbuf") {
    state.references = [...state.references, { id, at: state.pc, what: callee.contract.name }];
  }
  frame.stack.set(low, { ...uniform(MISC), object: { reference: id, state: `${kind} low` } });
  frame.stack.set(low - 1, { ...uniform(MISC), object: { reference: id, state: `${kind} high` } });
}

/** Before its type is looked at: what is given back must be a dynptr that holds something. */
export function requireAcquired(state: State, reg: number, value: Value): void {
  const refuse = (label: string, kernel: string): never =>
    reject({
      code: "E0502",
      state,
      operand: "whole",
      culprit: reg,
      text: "gives back a dynptr that holds nothing",
      label,
      kernel,
    });
  if (value.kind === "dynptr") refuse("a callback's dynptr is not its own", "cannot release unowned const bpf_dynptr");
  if (value.kind !== "stack") return;
  const where = placeOf(state, value);
  const object = "label" in where ? null : where.frame.stack.slot(where.low).object;
  if (object === null || !object.state.startsWith("ringbuf"))
    refuse("label" in where ? where.label : "nothing was reserved here", `arg ${reg} is an unacquired reference`);
}

export function requireRingbuf(state: State, callee: Callee, reg: number, dynptr: Dynptr): void {
  if (dynptr.reference !== 0) return;
  reject({
    code: "E0702",
    state,
    operand: "whole",
    culprit: reg,
    text: `argument ${reg} of \`${callee.contract.name}\` must be a dynptr of a ring buffer`,
    label: "this one stands for other memory",
    kernel: `Expected a dynptr of type ringbuf as arg #${reg - 1}`,
  });
}

/** The dynptr is given back: it and its slices are gone. */
export function releaseDynptr(env: Env, state: State, dynptr: Dynptr): void {
  state.references = state.references.filter((held) => held.id !== dynptr.reference);
  if (dynptr.place !== null) forgetDynptr(env, state, dynptr.place.frame, dynptr.place.low);
  forgetSlices(env, state, dynptr.id);
}
