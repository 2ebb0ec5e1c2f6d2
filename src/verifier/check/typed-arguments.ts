// Pointers to the kernel's structures as arguments: of the right type, and as good as the call wants them
// (kernel: process_kf_arg_ptr_to_btf_id, check_reg_type, check_release_arg).
import { holdsAt, kernelStructs, type StructName } from "../../btf/types.ts";
import { reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { kindText, type Value } from "../state/value.ts";
import { type Callee, wrong } from "./special.ts";
import { isTrusted } from "./typed.ts";

/** An argument that must be a structure of that type. `any`: as helpers from before trust was tracked take it. */
export function checkTyped(
  state: State,
  callee: Callee,
  reg: number,
  value: Value,
  wanted: StructName,
  trust: "trusted" | "rcu" | "any",
): void {
  const { name } = callee.contract;
  if (trust === "any") {
    const fits = value.kind === "typed" && !value.maybeNull && value.trust !== "untrusted";
    if (!fits) wrong(state, callee, reg, value, "ptr_, trusted_ptr_, rcu_ptr_", `a struct ${wanted}`);
    return;
  }
  checkPresent(state, callee, reg, value, wanted);
  const good = isTrusted(value) || (trust === "rcu" && value.trust === "rcu");
  if (!good) {
    reject({
      code: "E0504",
      state,
      operand: "whole",
      culprit: reg,
      text: `argument ${reg} of \`${name}\` may be gone by now`,
      label:
        value.trust === "untrusted"
          ? `what \`r${reg}\` points to was protected by an RCU section that has ended, or by none`
          : `nothing keeps what \`r${reg}\` points to alive`,
      kernel: trust === "rcu" ? `R${reg} must be a rcu pointer` : `R${reg} must be referenced or trusted`,
    });
  }
  checkStruct(state, callee, reg, value, wanted);
}

/** An argument that is given back. */
export function checkRelease(state: State, callee: Callee, reg: number, value: Value, wanted: StructName): void {
  const { name } = callee.contract;
  checkPresent(state, callee, reg, value, wanted);
  if (value.reference === 0) {
    reject({
      code: "E0502",
      state,
      operand: "whole",
      culprit: reg,
      text: `\`${name}\` gives back what was acquired, and this was not`,
      label: `\`r${reg}\` is borrowed`,
      kernel: `release kernel function ${name} expects refcounted PTR_TO_BTF_ID`,
    });
  }
  checkStruct(state, callee, reg, value, wanted);
}

function checkPresent(state: State, callee: Callee, reg: number, value: Value, wanted: StructName): void {
  const { name } = callee.contract;
  const zero = value.kind === "scalar" && value.scalar.isConst && value.scalar.value === 0n;
  if (value.maybeNull || zero) {
    reject({
      code: "E0301",
      state,
      operand: "whole",
      culprit: reg,
      text: `argument ${reg} of \`${name}\` may be null`,
      label: zero ? `\`r${reg}\` is 0` : `given with no check of \`r${reg}\` before it`,
      kernel: `Possibly NULL pointer passed to trusted arg${reg - 1}`,
    });
  }
  if (value.kind === "typed") return;
  reject({
    code: value.diedAt >= 0 && value.kind === "scalar" ? "E0503" : "E0702",
    state,
    operand: "whole",
    culprit: reg,
    text: `argument ${reg} of \`${name}\` must be a struct ${wanted}`,
    label:
      value.diedAt >= 0 && value.kind === "scalar"
        ? `what \`r${reg}\` pointed to was given back`
        : `\`r${reg}\` is a ${kindText(value)}`,
    kernel: `arg#${reg - 1} pointer type STRUCT ${wanted} must point to scalar, or struct with scalar`,
  });
}

function checkStruct(state: State, callee: Callee, reg: number, value: Value, wanted: StructName): void {
  const struct = kernelStructs[value.struct ?? "pt_regs"];
  const known = value.scalar.isConst && value.scalar.value === 0n;
  if (known && holdsAt(struct, value.off, wanted)) return;
  const { name } = callee.contract;
  reject({
    code: "E0702",
    state,
    operand: "whole",
    culprit: reg,
    text: `argument ${reg} of \`${name}\` must be a struct ${wanted}`,
    label: `\`r${reg}\` points to a struct ${struct.name}${value.off === 0 ? "" : ` plus ${value.off}`}`,
    kernel: `kernel function ${name} args#${reg - 1} expected pointer to STRUCT ${wanted} but R${reg} has a pointer to STRUCT ${struct.name}`,
  });
}
