// Arguments that have to be given back, and those that are.
import { reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import type { Value } from "../state/value.ts";
import { requireUnmoved } from "./context.ts";
import type { Demand } from "./demands.ts";
import type { Callee } from "./special.ts";

export function requireStart(state: State, callee: Callee, reg: number, value: Value): void {
  if (value.off !== 0) {
    reject({
      code: "E0702",
      state,
      operand: "whole",
      culprit: reg,
      text: `\`${callee.contract.name}\` takes the start of what it gives back`,
      label: `\`r${reg}\` was moved by ${value.off}`,
      kernel: `R${reg} must have zero offset when passed to release func or trusted arg to kfunc`,
    });
  }
  requireUnmoved(state, reg, value, "whole");
}

export function givenBack(state: State, reg: number, demand: Demand): never {
  return reject({
    code: "E0502",
    state,
    operand: "whole",
    culprit: reg,
    text: "it was already given back",
    label: `\`r${reg}\` points to nothing any more`,
    kernel: `R${reg} type=scalar expected=${demand.expected}`,
  });
}

/** Linux keeps one reference of a call's arguments in mind, and no helper may be given two that have one. */
export function heldTwice(state: State, callee: Callee, reg: number, first: number, value: Value): never {
  return reject({
    code: "E0702",
    state,
    operand: "whole",
    culprit: reg,
    text: `\`${callee.contract.name}\` is given two pointers that have to be given back`,
    label: `\`r${reg}\` is the second`,
    kernel: `more than one arg with ref_obj_id R${reg} ${value.reference} ${first}`,
  });
}
