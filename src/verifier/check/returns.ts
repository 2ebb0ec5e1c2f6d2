// Whether a return value lies in the range that its caller relies on (kernel: check_return_code,
// verbose_invalid_scalar).
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import { needNumber } from "../search/demand.ts";
import type { State } from "../state/state.ts";
import { kindText, type Value } from "../state/value.ts";

export interface Leaving {
  /** Who returns, in our words and in the kernel's. */
  readonly what: string;
  readonly kernel: "At program exit" | "At callback return" | "At async callback return";
}

export function checkReturn(
  env: Env,
  state: State,
  r0: Value,
  { min, max }: { readonly min: number; readonly max: number },
  { what, kernel }: Leaving,
): void {
  const { scalar } = r0;
  needNumber(env, state, 0);
  if (r0.kind === "scalar" && scalar.smin >= BigInt(min) && scalar.smax <= BigInt(max)) return;
  const known =
    r0.kind !== "scalar"
      ? r0.kind === "uninit"
        ? "not set"
        : `a ${kindText(r0)} pointer`
      : scalar.isConst
        ? String(scalar.smin)
        : `${scalar.smin}..=${scalar.smax}`;
  reject({
    code: "E0403",
    state,
    operand: "whole",
    culprit: 0,
    text: `${what} must return ${min === max ? min : `${min} to ${max}`}`,
    label: `\`r0\` is ${known}`,
    kernel:
      r0.kind === "scalar"
        ? `${kernel} the register R0 has${boundsOf(r0)} should have been in [${min}, ${max}]`
        : kernel === "At callback return"
          ? "R0 not a scalar value"
          : `${kernel} the register R0 is not a known value (${kindText(r0)})`,
  });
}

const LEAST = -(1n << 63n);
const MOST = (1n << 63n) - 1n;

function boundsOf({ scalar }: Value): string {
  const least = scalar.smin > LEAST ? ` smin=${scalar.smin}` : "";
  const most = scalar.smax < MOST ? ` smax=${scalar.smax}` : "";
  return least + most === "" ? " unknown scalar value" : least + most;
}
