// Special fields of map values: a plain access or a helper's copy may not overlap them (kernel: check_map_access).
import { type Operand, reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import type { Value } from "../state/value.ts";
import type { Reach } from "./bounds.ts";

/** Locks and timers in a value belong to their helpers. */
export function checkSpecialFields(state: State, base: Value, access: Reach, operand: Operand): void {
  for (const field of base.map?.fields ?? []) {
    const size = field.kind === "spin_lock" ? 4 : 16;
    const least = Number(base.scalar.smin) + base.off + access.off;
    const most = Number(base.scalar.smax) + base.off + access.off + access.size;
    if (least < field.offset + size && field.offset < most) {
      reject({
        code: "E0308",
        state,
        operand,
        culprit: access.base,
        text: `the bpf_${field.kind} in a value of \`${base.map?.name ?? ""}\` is touched only by its helpers`,
        label: `bytes ${field.offset}..=${field.offset + size - 1} are the bpf_${field.kind}`,
        kernel: `bpf_${field.kind} cannot be accessed directly by load/store`,
      });
    }
  }
}
