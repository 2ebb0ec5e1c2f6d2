// Open-coded iterators as arguments: an object on the stack that `new` makes, `next` steps and `destroy` gives back
// (kernel: process_iter_arg). What the calls do is transfer/iterator.ts.
import type { IteratorKind } from "../../host/contract.ts";
import type { Env } from "../env.ts";
import { inSection } from "../rcu/section.ts";
import { reject } from "../reject.ts";
import { byteKind, INVALID, place, STACK_SIZE } from "../state/stack.ts";
import type { State } from "../state/state.ts";
import type { Value } from "../state/value.ts";
import { describe } from "./access.ts";
import type { Callee } from "./special.ts";
import { frameOf } from "./stack.ts";

/** Where an iterator lies: its frame and the slot of its lowest address. */
export interface IteratorPlace {
  readonly frame: number;
  readonly slot: number;
}

/** Slots that each kind takes, and whether it works in an RCU section only. */
export const iteratorKinds: Readonly<
  Record<IteratorKind, { readonly slots: number; readonly rcu: boolean; readonly what: string }>
> = {
  num: { slots: 1, rcu: false, what: "number" },
  task: { slots: 3, rcu: true, what: "task" },
};

export interface IteratorArgument {
  readonly iterator: IteratorKind;
  readonly step: "new" | "next" | "destroy";
}

export function checkIterator(
  env: Env,
  state: State,
  callee: Callee,
  reg: number,
  value: Value,
  argument: IteratorArgument,
): IteratorPlace {
  const { slots, rcu, what } = iteratorKinds[argument.iterator];
  const { name } = callee.contract;
  const refuse = (text: string, label: string, kernel: string): never =>
    reject({ code: "E0702", state, operand: "whole", culprit: reg, text, label, kernel });
  if (value.kind !== "stack" || !value.scalar.isConst) {
    return refuse(
      `argument ${reg} of \`${name}\` must be a ${what} iterator on the stack`,
      `\`r${reg}\` is ${describe(value)}`,
      "arg#0 expected pointer to an iterator on stack",
    );
  }
  const off = value.off + Number(value.scalar.smin);
  if (off % 8 !== 0 || off < -STACK_SIZE || off > -8 * slots) {
    return refuse(
      `a ${what} iterator takes ${8 * slots} aligned bytes of the stack`,
      `\`r${reg}\` is fp${off}`,
      `cannot pass in iter at an offset=${off}`,
    );
  }
  if (rcu && argument.step !== "destroy" && !inSection(env, state)) {
    reject({
      code: "E0612",
      state,
      operand: "target",
      text: `\`${name}\` outside an RCU section`,
      label: `a ${what} iterator works in a section only`,
      kernel: `kernel func ${name} requires RCU critical section protection`,
    });
  }
  const { slot } = place(off);
  const frame = frameOf(state, value);
  env.deepen(frame.start, -off, state.pc);
  const there = frame.stack.slot(slot);
  const mine = there.object?.iterator === argument.iterator ? there.object : null;
  if (argument.step === "new") {
    for (let at = slot; at > slot - slots; at--) {
      if (frame.stack.slot(at).object === null) continue;
      return refuse(
        "the iterator is already in use",
        "destroy it first",
        `expected uninitialized iter_${argument.iterator} as arg #0`,
      );
    }
  } else if (mine === null) {
    return refuse(
      `there is no ${what} iterator here`,
      byteKind(there, 0) === INVALID ? "nothing was written here" : "these bytes are no iterator",
      `expected an initialized iter_${argument.iterator} as arg #0`,
    );
  } else if (mine.lapsed === true && argument.step === "next") {
    reject({
      code: "E0612",
      state,
      operand: "whole",
      culprit: reg,
      text: `the ${what} iterator was begun in a section that has ended`,
      label: "begin it again in this section",
      kernel: `expected an RCU CS when using ${name}`,
    });
  }
  return { frame: value.frame, slot };
}
