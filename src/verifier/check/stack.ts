// Loads and stores on the stack: spills and fills, single bytes, offsets that vary
// (kernel: check_stack_read, check_stack_write, check_stack_range_initialized).
import type { AccessSize } from "../../isa/insn.ts";
import * as domain from "../domain/arithmetic.ts";
import { Scalar } from "../domain/scalar.ts";
import type { Env } from "../env.ts";
import { type Operand, reject } from "../reject.ts";
import { needNumber, needSlot, readSlot, writeSlot } from "../search/demand.ts";
import {
  type ByteKind,
  byteKind,
  INVALID,
  MISC,
  overwrite,
  place,
  type Slot,
  SPILL,
  STACK_SIZE,
  withByte,
  ZERO,
} from "../state/stack.ts";
import { type Frame, type State, slotPlace } from "../state/state.ts";
import { kindText, scalarValue, type Value } from "../state/value.ts";
import { GREATEST_OFFSET, tnumText } from "./bounds.ts";
import type { Access } from "./reach.ts";
import { objectName, overwriteObject } from "./stack-objects.ts";

/** The frame that a stack pointer points into. */
export function frameOf(state: State, base: Value): Frame {
  const frame = state.frames[base.frame];
  if (frame === undefined) throw new Error(`no frame ${base.frame}`);
  return frame;
}

/** Inclusive range of byte offsets from the frame pointer that an access may touch; refuses what leaves the frame. */
export function stackRange(
  env: Env,
  state: State,
  base: Value,
  reg: number,
  off: number,
  size: number,
  how: "read from" | "write to",
  operand: Operand = "memory",
): { readonly least: number; readonly end: number; readonly fixed: boolean } {
  const { scalar } = base;
  const fixed = scalar.isConst;
  const at = base.off + off;
  if (!fixed && !env.profile.privileged) {
    reject({
      code: "E0304",
      state,
      operand,
      culprit: reg,
      text: "the stack is accessed at an offset that varies",
      label: "only privileged programs may do this",
      kernel: `R${reg} variable stack access prohibited for !root, var_off=${tnumText(scalar)} off=${at}`,
    });
  }
  // Without privilege nothing is read below what was written.
  const floor = how === "read from" && !env.profile.privileged ? -8 * frameOf(state, base).stack.count : -STACK_SIZE;
  const unbounded = scalar.smax >= BigInt(GREATEST_OFFSET);
  const least = unbounded ? 0 : Number(scalar.smin) + at;
  const end = unbounded ? 0 : Number(scalar.smax) + at + size;
  if (fixed && least >= -STACK_SIZE && least < floor && end <= 0) {
    reject({
      code: "E0305",
      state,
      operand,
      culprit: reg,
      text: "stack bytes are read before they are written",
      label: `nothing below fp${sign(floor)} was written on this path`,
      kernel: `invalid ${how} stack R${reg} off=${least} size=${size}`,
    });
  }
  if (unbounded || least < -STACK_SIZE || least >= 0 || end > 0 || size < 0) {
    reject({
      code: "E0304",
      state,
      operand,
      culprit: reg,
      text: "access outside the stack frame",
      label: unbounded
        ? "the offset has no bound"
        : `bytes fp${sign(least)}..fp${sign(end - 1)}; the frame is fp-${STACK_SIZE}..fp-1`,
      kernel: unbounded
        ? `invalid unbounded variable-offset ${how} stack R${reg}`
        : fixed
          ? `invalid ${how} stack R${reg} off=${least} size=${size}`
          : `invalid variable-offset ${how} stack R${reg} var_off=${tnumText(scalar)} off=${at} size=${size}`,
    });
  }
  return { least, end, fixed };
}

const sign = (n: number): string => (n < 0 ? String(n) : `+${n}`);

export function readStack(env: Env, state: State, base: Value, access: Access): Value {
  const range = stackRange(env, state, base, access.base, access.off, access.size, "read from");
  const frame = frameOf(state, base);
  env.deepen(frame.start, -range.least, state.pc);
  if (!range.fixed && access.mode === "update") {
    reject({
      code: "E0304",
      state,
      operand: "memory",
      culprit: access.base,
      text: "an atomic operation on the stack at an offset that varies",
      label: `bytes fp${sign(range.least)}..fp${sign(range.end - 1)}`,
      kernel: `variable offset stack pointer cannot be passed into helper function; var_off=${tnumText(base.scalar)} off=${base.off + access.off} size=${access.size}`,
    });
  }
  if (!range.fixed) {
    const bytes = readRange(env, state, frame, range.least, range.end, access.base, "memory");
    return bytes === ZERO ? scalarValue(Scalar.constant(0n)) : scalarValue(Scalar.loaded(access.size, false));
  }
  const { slot: index, byte } = place(range.least);
  const slot = frame.stack.slot(index);
  readSlot(state, base.frame, index);
  const filled = (value: Value): Value => {
    const where = slotPlace(base.frame, index);
    state.path = { previous: state.path, from: state.pc, to: state.pc + 1, kind: "fill", place: where };
    return value;
  };
  if (slot.value !== null && byteKind(slot, byte) === SPILL) {
    const { value } = slot;
    if (value.kind !== "scalar") {
      if (access.size !== 8) {
        reject({
          code: "E0304",
          state,
          operand: "memory",
          culprit: access.base,
          text: `only ${access.size} bytes of a spilled pointer are read`,
          label: `fp${sign(range.least)} holds a ${kindText(value)} pointer: read all 8 bytes`,
          kernel: "invalid size of register fill",
        });
      }
      return value;
    }
    if (byte === 0 && access.size <= slot.spilled) return filled(shortened(value, access.size));
  }
  const bytes = readRange(env, state, frame, range.least, range.end, access.base, "memory");
  return bytes !== MISC ? scalarValue(Scalar.constant(0n)) : scalarValue(Scalar.loaded(access.size, false));
}

/**
 * Checks that bytes least..end-1 hold something that may be read as numbers. ZERO when all were stored as zeroes, SPILL
 * when all belong to a spilled 0; Linux knows a load of the former as 0 everywhere, of the latter at a fixed offset only.
 */
export function readRange(
  env: Env,
  state: State,
  frame: Frame,
  least: number,
  end: number,
  reg: number,
  operand: Operand,
  indirect = false,
): ByteKind {
  let zeroes = 0;
  let spilled = 0;
  const depth = state.frames.indexOf(frame);
  for (let at = least; at < end; at++) {
    const { slot: index, byte } = place(at);
    const slot = frame.stack.slot(index);
    const kind = byteKind(slot, byte);
    readSlot(state, depth, index);
    if (kind === SPILL && slot.value?.kind === "scalar") {
      if (slot.value.scalar.value === 0n) spilled++;
      continue;
    }
    if (kind === ZERO) zeroes++;
    if (slot.object === null && (env.profile.privileged || (kind !== INVALID && kind !== SPILL))) continue;
    reject({
      code: kind === SPILL ? "E0404" : "E0305",
      state,
      operand,
      culprit: reg,
      text:
        slot.object !== null
          ? `the bytes of ${objectName(slot.object)} are read`
          : kind === SPILL
            ? "a spilled pointer is read as bytes"
            : `stack bytes are read before they are written`,
      label:
        slot.object !== null
          ? `byte fp${sign(at)} belongs to its calls`
          : `byte fp${sign(at)} was ${kind === SPILL ? "spilled as a pointer" : "never written"} on this path`,
      kernel: `invalid read from stack ${indirect ? `R${reg} ` : ""}off ${least}+${at - least} size ${end - least}`,
    });
  }
  const bytes = zeroes === end - least ? ZERO : spilled === end - least ? SPILL : MISC;
  if (bytes !== MISC) {
    for (let index = place(end - 1).slot; index <= place(least).slot; index++) needSlot(env, state, depth, index);
  }
  return bytes;
}

export function writeStack(
  env: Env,
  state: State,
  base: Value,
  access: Access,
  value: Value,
  valueReg: number | null,
): void {
  const range = stackRange(env, state, base, access.base, access.off, access.size, "write to");
  const frame = frameOf(state, base);
  env.deepen(frame.start, -range.least, state.pc);
  const zero = value.kind === "scalar" && value.scalar.value === 0n;
  if (!range.fixed) {
    const relied = fillRange(env, state, frame, range.least, range.end, access.base, "memory", zero);
    if (relied && valueReg !== null) needNumber(env, state, valueReg);
    return;
  }
  const { slot: index, byte } = place(range.least);
  overwriteObject(env, state, frame, index, access.base, "memory");
  const old = frame.stack.slot(index);
  if (!env.profile.privileged) readSlot(state, base.frame, index);
  if (!env.profile.privileged && (value.isPointer || !isPlain(old, access.size))) env.speculation.behind.add(state.pc);
  if (!env.profile.privileged && old.value?.isPointer === true && access.size !== 8) {
    reject({
      code: "E0404",
      state,
      operand: "memory",
      culprit: access.base,
      text: "overwrites a part of a spilled pointer",
      label: `fp${sign(range.least)} lies in a spilled ${kindText(old.value)} pointer`,
      kernel: "attempt to corrupt spilled pointer on stack",
    });
  }
  if (value.isPointer) {
    if (access.size !== 8) {
      reject({
        code: "E0304",
        state,
        operand: "src",
        ...(valueReg === null ? {} : { culprit: valueReg }),
        text: `only ${access.size} bytes of a pointer are stored`,
        label: `a ${kindText(value)} pointer is spilled as 8 bytes or not at all`,
        kernel: "invalid size of register spill",
      });
    }
    if (frame !== state.frame && value.kind === "stack") {
      reject({
        code: "E0404",
        state,
        operand: "src",
        text: "a pointer to the stack is stored in a caller's frame",
        label: "it could outlive the frame it points into",
        kernel: "cannot spill pointers to stack into stack frame of the caller",
      });
    }
    writeSlot(state, base.frame, index);
    frame.stack.set(index, { bytes: 0xffff, value, spilled: 8, object: null });
    return;
  }
  if (byte === 0 && value.kind === "scalar") {
    const kept = shortened(value, access.size);
    let bytes = overwrite(old, 0, 0, MISC).bytes;
    for (let at = 0; at < access.size; at++) bytes = withByte(bytes, at, SPILL);
    if (access.size === 8) writeSlot(state, base.frame, index);
    if (access.mode === "write") {
      const where = slotPlace(base.frame, index);
      state.path = { previous: state.path, from: state.pc, to: state.pc + 1, kind: "spill", place: where };
    }
    frame.stack.set(index, { bytes, value: kept, spilled: access.size, object: null });
    return;
  }
  if (zero && valueReg !== null) needNumber(env, state, valueReg);
  frame.stack.set(index, overwrite(old, byte, access.size, zero ? ZERO : MISC));
}

/**
 * A processor may still read what was there before; plain bytes do no harm (kernel: bypass_spec_v4). Linux looks at the
 * last `size` bytes of the slot, wherever the write begins.
 */
function isPlain(slot: Slot, size: AccessSize): boolean {
  for (let at = 8 - size; at < 8; at++) if (![MISC, ZERO].includes(byteKind(slot, at))) return false;
  return true;
}

/** The low bytes of a number: the number itself, linked as it was, if it has no others. */
function shortened(value: Value, size: AccessSize): Value {
  return value.scalar.umax >> BigInt(8 * size) === 0n ? value : scalarValue(domain.truncate(size, value.scalar));
}

/**
 * A write of unknown numbers, or of zeroes, somewhere in least..end-1: all of it may have changed, but a zero that may
 * have been overwritten by another is one. True if that was so of a byte.
 */
export function fillRange(
  env: Env,
  state: State,
  frame: Frame,
  least: number,
  end: number,
  reg: number,
  operand: Operand,
  zero = false,
): boolean {
  let relied = false;
  for (let at = least; at < end; at++) {
    const { slot: index, byte } = place(at);
    overwriteObject(env, state, frame, index, reg, operand);
    const slot = frame.stack.slot(index);
    if (!env.profile.privileged) readSlot(state, state.frames.indexOf(frame), index);
    if (!env.profile.privileged && slot.value?.isPointer === true) {
      reject({
        code: "E0404",
        state,
        operand,
        culprit: reg,
        text: "would overwrite a part of a spilled pointer",
        label: `byte fp${sign(at)} lies in a spilled pointer`,
        kernel: "attempt to corrupt spilled pointer on stack",
      });
    }
    if (!env.profile.privileged && !isPlain(slot, 1)) env.speculation.behind.add(state.pc);
    const kind = byteKind(slot, byte);
    const spilled = kind === SPILL && slot.value?.kind === "scalar" && slot.value.scalar.value === 0n;
    const stays = zero && (kind === ZERO || spilled);
    relied ||= stays;
    // A byte never written stays unwritten in some runs: only privileged programs, who may read it, get here.
    if (!(stays && spilled)) frame.stack.set(index, overwrite(slot, byte, 1, stays ? ZERO : MISC));
  }
  env.deepen(frame.start, -least, state.pc);
  return relied;
}
