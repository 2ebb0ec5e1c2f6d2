// Memory that a call reads, fills or changes: is all of it there, and may the call do so
// (kernel: check_helper_mem_access, check_stack_range_initialized, check_mem_size_reg).
import type { Env } from "../env.ts";
import { requireLive } from "../rcu/stale.ts";
import { reject } from "../reject.ts";
import type { State } from "../state/state.ts";
import { kindText, type Value } from "../state/value.ts";
import { checkRegion } from "./bounds.ts";
import { accessContext, contextType } from "./context.ts";
import { checkMapAccess, checkSpecialFields } from "./fields.ts";
import { type Callee, wrong } from "./special.ts";
import { fillRange, frameOf, readRange, stackRange } from "./stack.ts";
import { keepDynptrs } from "./stack-objects.ts";

/** What memory arguments may point to, as the kernel's messages list it. */
export const MEMORY_TYPES = "fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_";

/**
 * `read`; `write`: the call may change it; `fill`: the call writes all of it, so it need not be initialised
 * (kernel: MEM_UNINIT).
 */
export type MemoryUse = "read" | "write" | "fill";

export interface Block {
  readonly reg: number;
  readonly value: Value;
  readonly size: number;
  readonly use: MemoryUse;
}

/** Checks a block; true when the call fills it and it lies on the stack, which is then done after all arguments. */
export function checkMemory(env: Env, state: State, callee: Callee, block: Block, zeroAllowed = false): boolean {
  const { reg, value, size, use } = block;
  const write = use !== "read";
  requireLive(state, reg, value, "whole", write ? "the call writes through" : "the call reads through");
  const access = { base: reg, off: 0, size };
  switch (value.kind) {
    case "stack":
      return checkStack(env, state, block, zeroAllowed);
    case "mapValue":
      checkMapAccess(state, value, access, write, "whole");
      checkRegion(state, value, access, value.map?.valueSize ?? 0, "E0302", "map value", "map_value", "whole");
      checkSpecialFields(state, value, access, "whole");
      return false;
    case "mapKey":
      if (write) readOnly(state, reg, value);
      checkRegion(state, value, access, value.map?.keySize ?? 0, "E0310", "map key", "map_key", "whole");
      return false;
    case "packet":
    case "packetMeta":
      checkRegion(state, value, access, value.size, "E0303", "packet", "packet", "whole");
      return false;
    case "mem":
      if (write && value.readOnly) readOnly(state, reg, value);
      checkRegion(state, value, access, value.size, "E0310", "memory", "mem", "whole");
      return false;
    case "ctx":
      // A caller's memory has no fields: its last byte must be there (kernel: no convert_ctx_access).
      if (contextType(env).fields === undefined && contextType(env).contextWritable === true && size > 0) {
        const last = { base: reg, off: size - 1, size: 1, mode: write ? "write" : "read" } as const;
        accessContext(env, state, value, last, { write, signed: false });
        return false;
      }
      return wrong(state, callee, reg, value, "fp", `a pointer to ${size} bytes of memory`);
    default:
      if (zeroAllowed && size === 0 && value.kind === "scalar" && value.scalar.value === 0n) return false;
      return wrong(state, callee, reg, value, "fp", `a pointer to ${size} bytes of memory`);
  }
}

function readOnly(state: State, reg: number, value: Value): never {
  return reject({
    code: "E0308",
    state,
    operand: "whole",
    culprit: reg,
    text: "the call writes to memory that may only be read",
    label: `\`r${reg}\` points to read-only ${kindText(value)}`,
    kernel: `R${reg} cannot write into ${kindText(value)}`,
  });
}

function checkStack(env: Env, state: State, { reg, value, size, use }: Block, zeroAllowed: boolean): boolean {
  if (size === 0 && !zeroAllowed) {
    reject({
      code: "E0402",
      state,
      operand: "whole",
      culprit: reg,
      text: "no bytes of the stack are handed over",
      kernel: "invalid zero-sized read",
    });
  }
  const range = stackRange(env, state, value, reg, 0, size, use === "read" ? "read from" : "write to", "whole");
  const frame = frameOf(state, value);
  env.deepen(frame.start, -range.least, state.pc);
  if (use === "fill" && range.fixed) {
    keepDynptrs(state, frame, range.least, range.end, reg);
    return true;
  }
  readRange(env, state, frame, range.least, range.end, reg, "whole", true);
  if (use !== "read") fillRange(env, state, frame, range.least, range.end, reg, "whole");
  return false;
}

/** Writes what a call fills on the stack. */
export function fillBlock(env: Env, state: State, { reg, value, size }: Block): void {
  const range = stackRange(env, state, value, reg, 0, size, "write to", "whole");
  fillRange(env, state, frameOf(state, value), range.least, range.end, reg, "whole");
}

/** The greatest size that a size argument may be, once it is known to be usable. */
export function checkSize(state: State, callee: Callee, reg: number, size: Value, zeroAllowed: boolean): number {
  const refuse = (text: string, label: string, kernel: string): never =>
    reject({ code: "E0402", state, operand: "whole", culprit: reg, text, label, kernel });
  const { scalar } = size;
  if (scalar.smin < 0n) {
    refuse(
      `the size given to \`${callee.contract.name}\` may be negative`,
      `\`r${reg}\` may be as low as ${scalar.smin}`,
      `R${reg} min value is negative, either use unsigned or 'var &= const'`,
    );
  }
  if (scalar.umin === 0n && !zeroAllowed) {
    refuse(
      `the size given to \`${callee.contract.name}\` may be 0`,
      `\`r${reg}\` is ${scalar.umin}..=${scalar.umax}`,
      `R${reg} invalid zero-sized read: u64=[${scalar.umin},${scalar.umax}]`,
    );
  }
  if (scalar.umax >= 1n << 29n) {
    refuse(
      `the size given to \`${callee.contract.name}\` has no upper bound`,
      `\`r${reg}\` may be as great as ${scalar.umax}`,
      `R${reg} unbounded memory access, use 'var &= const' or 'if (var < const)'`,
    );
  }
  return Number(scalar.umax);
}
