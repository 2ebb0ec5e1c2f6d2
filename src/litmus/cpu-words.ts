// A CPU in the middle of a run as a string of numbers, leaving out what is dead: registers nobody wrote, frames that
// have returned, stack bytes never written, operations that are over.
import { op as w } from "../maps/layout.ts";
import { region } from "../memory/layout.ts";
import { operationOf } from "../vm/busy.ts";
import { continuation } from "../vm/calls.ts";
import { REG_WORDS } from "../vm/code.ts";
import { frameAt } from "../vm/frames.ts";
import { type Cpu, EXITED, FRAMES, frame, SLOT_WORDS, STACK_BYTES, state, word } from "../vm/registers.ts";
import type { Words } from "./actor.ts";

/** Words of the CPU's state that belong to the run: the ones left out are set once or have meaning in one step only. */
const kept: readonly number[] = [
  state.pc,
  state.frame,
  state.status,
  state.program,
  state.section,
  state.tailCalls,
  state.preempt,
  state.spin,
  state.serial,
  state.busy,
  state.table,
  state.sectionDepth,
  state.explicit,
];

/** Adds the words of a CPU that is inside a run. */
export function encodeCpu(cpu: Cpu, into: Words): void {
  const { R } = cpu;
  if (R[state.section] > 0) R[state.section] = cpu.index + 1;
  for (const at of kept) into.push(R[at]);
  for (let r = 0; r < 11; r++) encodeRegister(into, R, r * REG_WORDS);
  for (let depth = 0; depth <= R[state.frame]; depth++) encodeFrame(cpu, into, depth);
}

function encodeFrame(cpu: Cpu, into: Words, depth: number): void {
  const { R, I, stacks, operations } = cpu;
  const at = frameAt(depth);
  into.push(R[at + frame.serial]);
  into.push(R[at + frame.mayGoto]);
  if (depth > 0) {
    into.push(R[at + frame.returnTo]);
    into.push(R[at + frame.kind]);
    into.push(R[at + frame.program]);
    into.push(R[at + frame.entryDepth]);
    into.pushAll(R, at + frame.data, frame.saved - frame.data);
    for (let r = 0; r < 4; r++) encodeRegister(into, R, at + frame.saved + r * REG_WORDS);
    for (let r = 0; r < 4; r++) encodeRegister(into, R, at + frame.kept + r * REG_WORDS);
  }
  const count = into.length;
  into.push(0);
  const serial = R[at + frame.serial];
  for (let slot = 0; slot < STACK_BYTES; slot += 8) {
    const words = SLOT_WORDS + depth * STACK_BYTES + slot;
    if (R[words + 1] !== serial || R[words] === 0) continue;
    into.at[count]++;
    into.push((slot << 8) | R[words]);
    encodeProvenance(into, R, words);
    const bytes = (stacks[depth].address + slot) >> 2;
    into.push(masked(I[bytes], R[words] & 15));
    into.push(masked(I[bytes + 1], (R[words] >> 4) & 15));
  }
  const op = operations[depth];
  const busy = usesOperation(cpu, depth);
  into.push(busy ? 1 : 0);
  if (!busy) return;
  I[op + w.status] = 0;
  into.pushAll(I, op, w.held + 1);
}

/** Whether the operation record of a frame still means something. */
function usesOperation(cpu: Cpu, depth: number): boolean {
  const { R, operations } = cpu;
  if (R[state.busy] !== 0 && operationOf(cpu) === operations[depth]) return true;
  return depth < R[state.frame] && R[frameAt(depth + 1) + frame.kind] === continuation.forEach;
}

/** The operation of a frame is over, whatever another state was in the middle of. */
function forget({ I, operations }: Cpu, depth: number): void {
  I[operations[depth] + w.pc] = 0;
  I.fill(0, operations[depth] + w.status, operations[depth] + w.held + 1);
}

/** A CPU between two runs. */
export function decodeIdle(cpu: Cpu): void {
  cpu.R[state.status] = EXITED;
  cpu.R[state.busy] = 0;
  for (let depth = 0; depth < FRAMES; depth++) forget(cpu, depth);
}

/** A context or packet: the index of its first word, and its words at the start. */
export interface Input {
  readonly at: number;
  readonly start: Int32Array;
}

/** The context and the packet of a CPU as they are now. */
export function inputsOf(cpu: Cpu): readonly Input[] {
  cpu.refresh();
  const { R, I, memory } = cpu;
  return [state.ctxRegion, state.packetRegion].flatMap((which) => {
    const id = R[which];
    if (id === 0) return [];
    const at = memory.regionWord(id, region.base) >> 2;
    return [{ at, start: I.slice(at, at + (memory.regionWord(id, region.block) >> 2)) }];
  });
}

/** Adds what differs from the start: how many words, and which. */
export function encodeInputs({ I }: Cpu, inputs: readonly Input[], into: Words): void {
  for (const { at, start } of inputs) {
    const count = into.length;
    into.push(0);
    for (let i = 0; i < start.length; i++) {
      if (I[at + i] === start[i]) continue;
      into.at[count]++;
      into.push(i);
      into.push(I[at + i]);
    }
  }
}

/** Puts them back; the index behind the words read. */
export function decodeInputs({ I }: Cpu, inputs: readonly Input[], words: Int32Array, begin: number): number {
  let from = begin;
  for (const { at, start } of inputs) {
    I.set(start, at);
    for (let count = words[from++]; count > 0; count--, from += 2) I[at + words[from]] = words[from + 1];
  }
  return from;
}

/** The number of the program that runs, read from the words of a CPU. */
export function programOf(words: Int32Array, start: number): number {
  return words[start + kept.indexOf(state.program)];
}

/** Puts the words of a CPU back. */
export function decodeCpu(cpu: Cpu, words: Int32Array, start: number): void {
  const { R } = cpu;
  let from = start;
  for (const at of kept) R[at] = words[from++];
  for (let r = 0; r < 11; r++) from = decodeRegister(words, from, R, r * REG_WORDS);
  for (let depth = 0; depth <= R[state.frame]; depth++) from = decodeFrame(cpu, words, from, depth);
  for (let depth = R[state.frame] + 1; depth < FRAMES; depth++) {
    R[frameAt(depth) + frame.serial] = 0;
    forget(cpu, depth);
  }
}

function decodeFrame(cpu: Cpu, words: Int32Array, start: number, depth: number): number {
  const { R, I, stacks, operations } = cpu;
  let from = start;
  const at = frameAt(depth);
  const serial = (R[at + frame.serial] = words[from++]);
  R[at + frame.mayGoto] = words[from++];
  if (depth > 0) {
    R[at + frame.returnTo] = words[from++];
    R[at + frame.kind] = words[from++];
    R[at + frame.program] = words[from++];
    R[at + frame.entryDepth] = words[from++];
    for (let i: number = frame.data; i < frame.saved; i++) R[at + i] = words[from++];
    for (let r = 0; r < 4; r++) from = decodeRegister(words, from, R, at + frame.saved + r * REG_WORDS);
    for (let r = 0; r < 4; r++) from = decodeRegister(words, from, R, at + frame.kept + r * REG_WORDS);
  }
  for (let slot = 0; slot < STACK_BYTES; slot += 8) R[SLOT_WORDS + depth * STACK_BYTES + slot + 1] = 0;
  for (let count = words[from++]; count > 0; count--) {
    const slot = words[from] >> 8;
    const at = SLOT_WORDS + depth * STACK_BYTES + slot;
    R[at] = words[from++] & 0xff;
    R[at + 1] = serial;
    from = decodeProvenance(words, from, R, at);
    const bytes = (stacks[depth].address + slot) >> 2;
    I[bytes] = words[from++];
    I[bytes + 1] = words[from++];
  }
  const op = operations[depth];
  if (words[from++] === 0) {
    forget(cpu, depth);
    return from;
  }
  for (let i = 0; i <= w.held; i++) I[op + i] = words[from++];
  return from;
}

function masked(value: number, mask: number): number {
  if (mask === 15) return value;
  let bits = 0;
  for (let byte = 0; byte < 4; byte++) if (mask & (1 << byte)) bits |= 0xff << (byte * 8);
  return value & bits;
}

function encodeProvenance(into: Words, R: Int32Array, at: number): void {
  const tag = R[at + word.region];
  into.push(tag);
  if (tag > 0) into.pushAll(R, at + word.generation, REG_WORDS - word.generation);
}

function decodeProvenance(words: Int32Array, start: number, R: Int32Array, at: number): number {
  let from = start;
  const tag = (R[at + word.region] = words[from++]);
  for (let i: number = word.generation; i < REG_WORDS; i++) R[at + i] = tag > 0 ? words[from++] : 0;
  return from;
}

/** A register that nothing was written to has no value. */
function encodeRegister(into: Words, R: Int32Array, at: number): void {
  encodeProvenance(into, R, at);
  if (R[at + word.region] < 0) return;
  into.push(R[at]);
  into.push(R[at + 1]);
}

function decodeRegister(words: Int32Array, start: number, R: Int32Array, at: number): number {
  const from = decodeProvenance(words, start, R, at);
  if (R[at + word.region] < 0) {
    R[at] = 0;
    R[at + 1] = 0;
    return from;
  }
  R[at] = words[from];
  R[at + 1] = words[from + 1];
  return from + 2;
}
