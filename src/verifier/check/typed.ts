// Pointers to the kernel's structures: reading through them, and what a pointer loaded through them is worth
// (kernel: check_ptr_to_btf_access). As arguments they are typed-arguments.ts.
import { fieldAt, kernelStructs } from "../../btf/types.ts";
import { Scalar } from "../domain/scalar.ts";
import type { Env } from "../env.ts";
import { inSection } from "../rcu/section.ts";
import { reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { pointer, scalarValue, type Trust, unknownScalar, type Value } from "../state/value.ts";
import { tnumText } from "./bounds.ts";
import type { Access } from "./reach.ts";

/** What a reference keeps alive is as good as trusted (kernel: is_trusted_reg). */
export const isTrusted = (value: Value): boolean => value.trust === "trusted" || value.reference !== 0;

/** Checks a load and gives what it loads; everything else than a load is refused. */
export function loadTyped(env: Env, state: State, base: Value, access: Access): Value {
  const { base: reg, size } = access;
  const struct = kernelStructs[base.struct ?? "pt_regs"];
  const off = base.off + access.off;
  const refuse = (text: string, label: string, kernel: string): never =>
    reject({ code: "E0312", state, operand: "memory", culprit: reg, text, label, kernel });
  if (access.mode !== "read") {
    reject({
      code: "E0308",
      state,
      operand: "memory",
      culprit: reg,
      text: "a structure of the kernel may only be read",
      label: `\`r${reg}\` points to a struct ${struct.name}`,
      kernel: "only read is supported",
    });
  }
  if (off < 0) {
    refuse(
      `the access begins before the struct ${struct.name}`,
      `offset ${off}`,
      `R${reg} is ptr_${struct.name} invalid negative access: off=${off}`,
    );
  }
  if (!base.scalar.isConst || base.scalar.value !== 0n) {
    refuse(
      `a struct ${struct.name} is read at an offset that varies`,
      `\`r${reg}\` was moved by a number that is not known`,
      `R${reg} is ptr_${struct.name} invalid variable offset: off=${off}, var_off=${tnumText(base.scalar)}`,
    );
  }
  if (off + size > struct.size) {
    refuse(
      `access past the end of struct ${struct.name}`,
      `bytes ${off}..=${off + size - 1}; the structure has ${struct.size}`,
      `access beyond struct ${struct.name} at off ${off} size ${size}`,
    );
  }
  const field = fieldAt(struct, off, size);
  if (field?.to === undefined) return size === 8 ? unknownScalar : scalarValue(Scalar.loaded(size, false));
  if (size !== field.size) {
    refuse(
      `only a part of the pointer \`${field.name}\` is read`,
      `\`${field.name}\` is a pointer: read all 8 bytes`,
      `cannot access ptr member ${field.name} with moff ${field.offset} in struct ${struct.name} with off ${off} size ${size}`,
    );
  }
  const { trust, maybeNull } = worth(env, state, base, field.rcu);
  return pointer("typed", { struct: field.to, trust, maybeNull, id: maybeNull ? env.nextId() : 0, bornAt: state.pc });
}

/** What a pointer loaded through `base` is worth: never more than the section that it was loaded in. */
function worth(
  env: Env,
  state: State,
  base: Value,
  rcu: "safe" | "safeOrNull" | undefined,
): { readonly trust: Trust; readonly maybeNull: boolean } {
  if (base.trust === "untrusted") return { trust: "untrusted", maybeNull: false };
  if (!isTrusted(base) && base.trust !== "rcu") return { trust: "plain", maybeNull: false };
  if (!inSection(env, state)) return { trust: "untrusted", maybeNull: false };
  if (rcu === undefined) return { trust: "plain", maybeNull: false };
  return { trust: "rcu", maybeNull: rcu === "safeOrNull" };
}
