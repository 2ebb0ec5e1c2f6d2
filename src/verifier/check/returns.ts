// Whether a return value lies in the range that its caller relies on (kernel: check_return_code).
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import { needNumber } from "../search/demand.ts";
import type { State } from "../state/state.ts";
import { kindText, type Value } from "../state/value.ts";

export function effectiveReturn(env: Env, state: State, r0: Value, min: bigint, max: bigint, what: string): void {
  const fits = r0.kind === "scalar" && r0.scalar.smin >= min && r0.scalar.smax <= max;
  needNumber(env, state, 0);
  if (fits) return;
  const known =
    r0.kind !== "scalar"
      ? `a ${kindText(r0)} pointer`
      : r0.scalar.isConst
        ? String(r0.scalar.smin)
        : `${r0.scalar.smin}..=${r0.scalar.smax}`;
  reject({
    code: "E0403",
    state,
    operand: "whole",
    culprit: 0,
    text: `${what} must return ${min === max ? min : `${min} to ${max}`}`,
    label: `\`r0\` is ${known}`,
    kernel:
      r0.kind === "scalar"
        ? `At callback return the register R0 has ${r0.scalar.isConst ? `smin=${r0.scalar.smin} smax=${r0.scalar.smax}` : "unknown scalar value"} should have been in [${min}, ${max}]`
        : `At callback return the register R0 is not a known value (${kindText(r0)})`,
  });
}
