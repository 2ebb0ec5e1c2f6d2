// Special fields of map values, and maps that programs may not write or not read: a plain access or a helper's copy may not overlap them (kernel: check_map_access).
import type { ValueField } from "../../isa/program.ts";
import { type Operand, reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import type { Value } from "../state/value.ts";
import type { Reach } from "./bounds.ts";

const sizeOf = ({ kind }: ValueField): number => (kind === "spin_lock" ? 4 : 16);

/** The lock or timer of the value that an access overlaps. */
export function touchesField(base: Value, access: Omit<Reach, "base">): ValueField | undefined {
  const least = Number(base.scalar.smin) + base.off + access.off;
  const most = Number(base.scalar.smax) + base.off + access.off + access.size;
  return base.map?.fields?.find((field) => least < field.offset + sizeOf(field) && field.offset < most);
}

/** Locks and timers in a value belong to their helpers. */
export function checkSpecialFields(state: State, base: Value, access: Reach, operand: Operand): void {
  const field = touchesField(base, access);
  if (field === undefined) return;
  reject({
    code: "E0308",
    state,
    operand,
    culprit: access.base,
    text: `the bpf_${field.kind} in a value of \`${base.map?.name ?? ""}\` is touched only by its helpers`,
    label: `bytes ${field.offset}..=${field.offset + sizeOf(field) - 1} are the bpf_${field.kind}`,
    kernel: `bpf_${field.kind} cannot be accessed directly by load/store`,
  });
}

/** BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG: what the program itself may do with the map. */
const READ_ONLY = 0x80;
const WRITE_ONLY = 0x100;

export function checkMapAccess(state: State, base: Value, access: Reach, write: boolean, operand: Operand): void {
  const flags = base.map?.flags ?? 0;
  if ((flags & (write ? READ_ONLY : WRITE_ONLY)) === 0) return;
  const off = base.off + access.off;
  reject({
    code: "E0308",
    state,
    operand,
    culprit: access.base,
    text: `programs may not ${write ? "write to" : "read"} the map \`${base.map?.name ?? ""}\``,
    label: `the map was made with BPF_F_${write ? "RDONLY" : "WRONLY"}_PROG`,
    kernel: `${write ? "write into" : "read from"} map forbidden, value_size=${base.map?.valueSize ?? 0} off=${off} size=${access.size}`,
  });
}
