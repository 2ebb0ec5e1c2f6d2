// Entering and leaving functions: a frame has a stack of 512 bytes with a lifetime of its own and keeps r6 to r9 of its caller.

import { POINTER_HIGH } from "../memory/layout.ts";
import { REG_WORDS } from "./code.ts";
import {
  CPU_WORDS,
  type Cpu,
  FRAME_WORDS,
  FRAMES,
  frame,
  MAY_GOTO_BUDGET,
  SLOT_WORDS,
  STACK_BYTES,
  state,
  UNINITIALISED,
  WATCHED,
  word,
} from "./registers.ts";

const R6 = 6 * REG_WORDS;
const R10 = 10 * REG_WORDS;

export function frameAt(depth: number): number {
  return FRAME_WORDS + depth * frame.size;
}

/** Opens the next frame; false when there are eight already. `returnTo` is where its caller goes on. */
export function pushFrame(cpu: Cpu, returnTo: number, kind: number): boolean {
  const R = cpu.R;
  const depth = R[state.frame] + 1;
  if (depth >= FRAMES) return false;
  const at = frameAt(depth);
  R[at + frame.returnTo] = returnTo;
  R[at + frame.kind] = kind;
  R[at + frame.program] = R[state.program];
  R[at + frame.entryDepth] = R[state.sectionDepth];
  for (let from = R6, to = at + frame.saved; from < R10; from += REG_WORDS, to += REG_WORDS) {
    R[to] = R[from];
    R[to + 1] = R[from + 1];
    const region = (R[to + word.region] = R[from + word.region]);
    if (region > 0) {
      for (let w = word.generation; w < REG_WORDS; w++) R[to + w] = R[from + w];
    }
    R[from + word.region] = UNINITIALISED;
  }
  enter(cpu, depth);
  return true;
}

/** No frame has been entered yet, and nothing of any stack was written. */
export function forgetStack({ R }: Cpu): void {
  R[state.serial] = 0;
  for (let at = SLOT_WORDS; at < CPU_WORDS; at += REG_WORDS) R[at + word.hi] = 0;
}

/** Makes `depth` the running frame, with a fresh stack behind r10. */
export function enter(cpu: Cpu, depth: number): void {
  const R = cpu.R;
  R[state.frame] = depth;
  const at = frameAt(depth);
  R[at + frame.serial] = ++R[state.serial];
  R[at + frame.mayGoto] = MAY_GOTO_BUDGET;
  framePointer(cpu, depth);
}

function framePointer(cpu: Cpu, depth: number): void {
  const R = cpu.R;
  const at = frameAt(depth);
  R[R10] = R[at + frame.stackTop];
  R[R10 + 1] = POINTER_HIGH;
  R[R10 + word.region] = R[at + frame.stackRegion];
  R[R10 + word.generation] = R[at + frame.serial];
  R[R10 + word.birth] = WATCHED;
  R[R10 + word.life] = R[at + frame.life];
  R[R10 + word.base] = R[R10] - STACK_BYTES;
  R[R10 + word.limit] = R[R10];
}

/** Closes the running frame and gives its caller r6 to r9 back; the answer is where the caller goes on. */
export function popFrame(cpu: Cpu): number {
  const R = cpu.R;
  const depth = R[state.frame];
  const at = frameAt(depth);
  R[at + frame.serial] = 0;
  for (let to = R6, from = at + frame.saved; to < R10; from += REG_WORDS, to += REG_WORDS) {
    R[to] = R[from];
    R[to + 1] = R[from + 1];
    const region = (R[to + word.region] = R[from + word.region]);
    if (region > 0) {
      for (let w = word.generation; w < REG_WORDS; w++) R[to + w] = R[from + w];
    }
  }
  R[state.frame] = depth - 1;
  framePointer(cpu, depth - 1);
  clobber(R);
  return R[at + frame.returnTo];
}

/** A call leaves nothing in r1 to r5 that a program may rely on. */
export function clobber(R: Int32Array): void {
  for (let at = REG_WORDS; at < R6; at += REG_WORDS) R[at + word.region] = UNINITIALISED;
}

/** Copies a register (or stack slot's) value and provenance between two places in the CPU's words. */
export function copyRegister(R: Int32Array, from: number, to: number): void {
  for (let w = 0; w < REG_WORDS; w++) R[to + w] = R[from + w];
}

/** Makes the register at `at` a plain number. */
export function setNumber(R: Int32Array, at: number, lo: number, hi: number): void {
  R[at] = lo;
  R[at + 1] = hi;
  R[at + word.region] = 0;
}
