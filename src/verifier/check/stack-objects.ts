// Dynptrs and iterators on the stack: what their bytes are written over with, and what is gone then
// (kernel: destroy_if_dynptr_stack_slot).
import type { Env } from "../env.ts";
import { type Operand, reject } from "../reject.ts";
import { readSlot } from "../search/demand.ts";
import { emptySlot, isDynptr, MISC, place, type StackObject, uniform } from "../state/stack.ts";
import type { Frame, State } from "../state/state.ts";
import { uninit, unknownScalar } from "../state/value.ts";

export function objectName(object: StackObject): string {
  return isDynptr(object) ? "a dynptr" : "a number iterator";
}

/**
 * A write over something that only its calls may touch. A dynptr that must be given back stays; anything else is gone,
 * with what was derived from it. What was never given back is found at the exit.
 */
export function overwriteObject(
  env: Env,
  state: State,
  frame: Frame,
  index: number,
  reg: number,
  operand: Operand,
): void {
  const { object } = frame.stack.slot(index);
  if (object === null) return;
  readSlot(state, state.frames.indexOf(frame), index);
  if (!isDynptr(object)) {
    // All of its slots: half an iterator is none.
    for (let at = 0; at < frame.stack.count; at++)
      if (frame.stack.slot(at).object?.reference === object.reference) frame.stack.set(at, uniform(MISC));
    return;
  }
  if (object.state.startsWith("ringbuf")) {
    reject({
      code: "E0501",
      state,
      operand,
      culprit: reg,
      text: "overwrites a dynptr that was not given back",
      label: "submit or discard it first",
      kernel: "cannot overwrite referenced dynptr",
    });
  }
  forgetDynptr(env, state, frame, index);
}

/** Both halves go, and so do the slices of it. */
export function forgetDynptr(env: Env, state: State, frame: Frame, index: number): void {
  const { object } = frame.stack.slot(index);
  if (object === null) return;
  const low = object.state.endsWith("low") ? index : index + 1;
  frame.stack.set(low, emptySlot);
  frame.stack.set(low - 1, emptySlot);
  forgetSlices(env, state, object.reference);
}

/** What was derived from a dynptr that is no more is a number to the privileged and nothing to others. */
export function forgetSlices(env: Env, state: State, dynptr: number): void {
  const gone = env.profile.privileged ? unknownScalar.with({ diedAt: state.pc }) : uninit;
  state.mapValues((value) => (value.kind === "mem" && value.dynptr === dynptr ? gone : value));
}

/** A call that fills memory may not be given the bytes of a dynptr: it could be one of its other arguments. */
export function keepDynptrs(state: State, frame: Frame, least: number, end: number, reg: number): void {
  for (let at = least; at < end; at++) {
    const { object } = frame.stack.slot(place(at).slot);
    if (object === null || !isDynptr(object)) continue;
    reject({
      code: "E0702",
      state,
      operand: "whole",
      culprit: reg,
      text: "the call would fill the bytes of a dynptr",
      label: `byte fp${at} belongs to it`,
      kernel: `potential write to dynptr at off=${at} disallowed`,
    });
  }
}
