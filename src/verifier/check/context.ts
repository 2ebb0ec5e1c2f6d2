// Loads from and stores to the context, by the program type's table of fields (kernel: check_ctx_access).
import { fieldFor } from "../../host/contexts/field.ts";
import { type ProgramType, programTypes } from "../../host/programs.ts";
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { kindText, pointer, unknownScalar, type Value, type ValueKind } from "../state/value.ts";
import { tnumText } from "./bounds.ts";
import type { Access } from "./reach.ts";

export function contextType(env: Env): ProgramType {
  return programTypes[env.profile.type];
}

/** The attach type that the program is judged for. */
export function attachType(env: Env): number {
  return env.profile.attachType ?? contextType(env).attach ?? 0;
}

/** Refuses a pointer that was moved where only the original will do (kernel: check_ptr_off_reg). */
export function requireUnmoved(
  state: State,
  reg: number,
  value: Value,
  operand: "memory" | "whole",
  fixedAllowed = false,
): void {
  const what = value.kind === "ctx" ? "the context pointer" : `the ${kindText(value)} pointer`;
  const refuse = (text: string, label: string, kernel: string): never =>
    reject({ code: value.kind === "ctx" ? "E0307" : "E0702", state, operand, culprit: reg, text, label, kernel });
  const where = operand === "memory" ? "before this access" : "before this call";
  const advice = operand === "memory" ? ": put the offset in the access instead" : "";
  if (value.off < 0) {
    refuse(
      `${what} was moved ${where}`,
      `\`r${reg}\` is ${value.off} from its start${advice}`,
      `negative offset ${kindText(value)} ptr R${reg} off=${value.off} disallowed`,
    );
  }
  if (value.off !== 0 && !fixedAllowed) {
    refuse(
      `${what} was moved ${where}`,
      `\`r${reg}\` is its start plus ${value.off}${advice}`,
      `dereference of modified ${kindText(value)} ptr R${reg} off=${value.off} disallowed`,
    );
  }
  if (!value.scalar.isConst || value.scalar.value !== 0n) {
    refuse(
      value.kind === "ctx" ? "the context is accessed at an offset that is not known" : `${what} was moved ${where}`,
      `\`r${reg}\` was moved by a varying number`,
      `variable ${kindText(value)} access var_off=${tnumText(value.scalar)} disallowed`,
    );
  }
}

function badContext(state: State, access: Access, off: number, why: string): never {
  return reject({
    code: "E0307",
    state,
    operand: "memory",
    culprit: access.base,
    text: `the context has no field to ${access.mode === "read" ? "read" : "write"} at offset ${off}, ${access.size} bytes`,
    label: why,
    kernel: `invalid bpf_context access off=${off} size=${access.size}`,
  });
}

/** What a field that is no number loads as, and whether it may be null. */
const pointerFields = {
  packet: ["packet", false],
  packetEnd: ["packetEnd", false],
  packetMeta: ["packetMeta", false],
  sock: ["sock", false],
  sockOrNull: ["sock", true],
  sockCommonOrNull: ["sockCommon", true],
  buffer: ["buffer", false],
} as const satisfies Record<string, readonly [ValueKind, boolean]>;

/** Checks the access; a pointer when that is what the field holds, null for a number. */
export function accessContext(
  env: Env,
  state: State,
  base: Value,
  access: Access,
  how: { readonly write: boolean; readonly signed: boolean },
): Value | null {
  const type = contextType(env);
  requireUnmoved(state, access.base, base, "memory", env.profile.type === "syscall");
  const off = base.off + access.off;
  if (off < 0 || off + access.size > type.contextSize)
    badContext(state, access, off, `the context is ${type.contextSize} bytes`);
  if (off % access.size !== 0) badContext(state, access, off, `not aligned to ${access.size} bytes`);
  if (type.fields === undefined) {
    if (how.write && type.contextWritable !== true) badContext(state, access, off, "this context may only be read");
    if (off < (type.contextHidden ?? 0)) badContext(state, access, off, "these bytes are the kernel's");
    return how.write || access.size !== 8 ? null : unknownScalar;
  }
  const wanted = { offset: off, size: access.size, ...how, attach: attachType(env) };
  const field = fieldFor(type.fields, wanted);
  if (field === null) return badContext(state, access, off, whyNot(type, off, how.write));
  // Only CAP_BPF lets programs of control groups at the packet, and write the time stamp.
  const privileged = env.profile.type === "cgroup_skb" && (field.kind.startsWith("packet") || field.name === "tstamp");
  if (privileged && !env.profile.privileged && (how.write || field.kind !== "scalar"))
    badContext(state, access, off, `\`${field.name}\` is for privileged programs`);
  if (how.write || field.kind === "scalar") return null;
  const [kind, maybeNull] = pointerFields[field.kind];
  return pointer(kind, { origin: 1, bornAt: state.pc, ...(maybeNull ? { maybeNull, id: env.nextId() } : {}) });
}

function whyNot(type: ProgramType, off: number, write: boolean): string {
  const near = type.fields?.find((field) => off >= field.offset && off < field.offset + field.size);
  if (near === undefined) return `\`${type.contextName}\` has no such field for this program type`;
  if (write && near.write === undefined) return `\`${near.name}\` may only be read`;
  if (near.attach !== undefined) return `\`${near.name}\` is not there for this attach type`;
  const whole = write ? near.write === "whole" : near.whole === true;
  if (whole) return `\`${near.name}\` is ${write ? "stored" : "loaded"} as ${near.size} bytes or not at all`;
  return `\`${near.name}\` ends at byte ${near.offset + near.size}`;
}
