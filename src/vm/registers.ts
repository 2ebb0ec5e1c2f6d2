// What one CPU of the machine is in the middle of: registers, frames, the call in progress. All of it is int32 words
// of linear memory, so that a snapshot of memory is a snapshot of the CPU; the class holds views and no state.
//
// A register is eight words: the value (low, high) and, beside it, where the value came from. The provenance of a
// pointer is what the program was given: a region, the bounds of the element it points into, the word that counts
// the lives of that element with the count it had, and the RCU section it was obtained in.

import { head } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";
import type { Code } from "./code.ts";
import { REG_WORDS } from "./code.ts";
import type { Fault, FaultKind, History, Warning } from "./fault.ts";

/** Words of a register, and of the record beside each 8 bytes of stack (where `lo` and `hi` mean `mask` and `serial`). */
export const word = {
  lo: 0,
  hi: 1,
  /** 0: a number; UNINITIALISED; else the region's number, with NOT_WRITABLE added where stores are refused. */
  region: 2,
  generation: 3,
  /** 0: no RCU section limits its use; WATCHED: every access is looked at; else the section's number. */
  birth: 4,
  /** Index in `i32` of the word that must equal `generation`. */
  life: 5,
  /** The bytes [base, limit) are its element's. */
  base: 6,
  limit: 7,
} as const;

export const UNINITIALISED = -1;
export const NOT_WRITABLE = 0x10000;
/** Stack and context: accesses take the slow road, where single bytes and fields are known. */
export const WATCHED = -2;

export const FRAMES = 8;
export const STACK_BYTES = 512;
/** The kernel's BPF_MAX_LOOPS: how often a may_goto of one frame lets the program go on. */
export const MAY_GOTO_BUDGET = 8 << 20;
export const TAIL_CALLS = 33;

/** Words of the CPU's state after the eleven registers. */
export const state = {
  pc: 96,
  /** The running frame, 0 the outermost. */
  frame: 97,
  status: 98,
  /** Which of the machine's programs runs. */
  program: 99,
  /** The RCU section that is open, -1 if none. */
  section: 100,
  /** Instructions done, and how many may be. */
  count: 101,
  limit: 102,
  tailCalls: 103,
  preempt: 104,
  /** Address of the spin lock held, 0 if none. */
  spin: 105,
  /** Counts the frames pushed in this run: tells a frame from the next one in its place. */
  serial: 106,
  /** What is in the middle of running besides instructions; see busy.ts. */
  busy: 107,
  ctxRegion: 108,
  packetRegion: 109,
  packetStart: 110,
  packetEnd: 111,
  /** Where the region table stood when the provenance words were made. */
  table: 112,
  sectionDepth: 113,
  /** What the finished run returned. */
  resultLo: 114,
  resultHi: 115,
  /** 1: compiled code made a tail call and left; who called it goes on in the program that is now the running one. */
  tailPending: 116,
  /** Address of the timer whose callback runs, 0 if none does. */
  timer: 117,
  /** Whose the RCU sections are: see `sections`. */
  explicit: 118,
  /** Free for the call in progress. */
  scratch: 120,
  last: 160,
} as const;

/**
 * What `state.explicit` says. `run`: the run is a section, unless it may sleep; `own`: the program opens them, and what it
 * looks up is good inside only; `unchecked`: it opens them, and nobody asks where it looks up or what it keeps.
 */
export const sections = { run: 0, own: 1, unchecked: 2 } as const;

/** Words of a frame. */
export const frame = {
  size: 96,
  returnTo: 0,
  serial: 1,
  /** What happens when it exits: 0 the caller goes on; else a continuation of calls.ts. */
  kind: 2,
  mayGoto: 3,
  /** Words of the continuation. */
  data: 4,
  saved: 16,
  /** Four registers kept for the continuation. */
  kept: 48,
  /** The end of its stack, the stack's region, and the index in `i32` of `serial`: set when the CPU is made. */
  stackTop: 80,
  stackRegion: 81,
  life: 82,
  /** The program to go on with when it exits, for a tail call may have replaced the running one; unset for calls of the program's own. */
  program: 83,
  /** Of a callback: the depth of RCU sections it was called at. */
  entryDepth: 84,
} as const;

export const FRAME_WORDS = state.last;
export const SLOT_WORDS = FRAME_WORDS + FRAMES * frame.size;
/** A slot has eight words and eight bytes, so word and byte offsets inside a frame's stack are the same number. */
export const CPU_WORDS = SLOT_WORDS + FRAMES * STACK_BYTES;

export const RUNNING = 0;
export const BLOCKED = 1;
export const EXITED = 2;
export const FAULTED = 3;

/** How the interpreter reaches what is above it: calls, callbacks, the machine. Each returns the CPU's status. */
export interface CallPort {
  helper(cpu: Cpu, id: number): number;
  kfunc(cpu: Cpu, index: number): number;
  /** Goes on with the call in progress by one step. */
  step(cpu: Cpu): number;
  /** A frame with a continuation, or the outermost one, exited. */
  returned(cpu: Cpu, kind: number): number;
  packet(cpu: Cpu, offset: number, size: number): number;
  /** What a region is, in words a user knows. */
  describe(region: number, address: number): string;
  /** What led to a fault through the register at `reg` (-1: none) into a region (0: none). */
  history(cpu: Cpu, what: FaultKind, reg: number, region: number): readonly History[];
}

/**
 * Runs up to `budget` instructions (at least one) of the code at address `code` for the CPU whose words are at `cpu`. 0 when
 * all are done; else the complement of how many are left, and the instruction at `pc` is one for slow.ts.
 */
export type FastLoop = (cpu: number, code: number, budget: number) => number;

export class Cpu {
  readonly index: number;
  readonly memory: Memory;
  readonly base: number;
  /** The first byte of each frame's stack, and its region. */
  readonly stacks: readonly { readonly address: number; readonly region: number }[];
  readonly calls: CallPort;
  /** Runs instructions; set by the machine. */
  run: FastLoop = () => -1;
  /** The CPU's own words; the machine's; bytes; and the same bytes for unaligned words. */
  R: Int32Array;
  I: Int32Array;
  U: Uint8Array;
  D: DataView;
  code: Code;
  /** Address of the code's words. */
  codeAt = 0;
  strict = false;
  /** A verified program runs compiled: nobody keeps book of which stack bytes were written. */
  trusted = false;
  /** A map operation makes one step at a time, each counted as one by interpret. */
  stepwise = false;
  /** The context field offsets that load as pointers: 0 none, 1 start, 2 end, 3 start too (data_meta). */
  contextPointers: ReadonlyMap<number, number> = new Map();
  fault: Fault | null = null;
  warnings: Warning[] = [];
  /** Indices in `i32` of the records of map operations, one a frame. */
  operations: readonly number[] = [];
  /** After a slow access: index of the stack slot's words, or -1. */
  slot = -1;

  constructor(
    index: number,
    memory: Memory,
    base: number,
    stacks: readonly { readonly address: number; readonly region: number }[],
    calls: CallPort,
    code: Code,
  ) {
    this.index = index;
    this.memory = memory;
    this.base = base;
    this.stacks = stacks;
    this.calls = calls;
    this.code = code;
    this.I = memory.i32;
    this.U = memory.u8;
    this.D = memory.view;
    this.R = this.I.subarray(base >> 2, (base >> 2) + CPU_WORDS);
    this.R[state.table] = this.I[head.regions];
    for (let f = 0; f < FRAMES; f++) {
      const at = FRAME_WORDS + f * frame.size;
      this.R[at + frame.stackTop] = stacks[f].address + STACK_BYTES;
      this.R[at + frame.stackRegion] = stacks[f].region;
      this.R[at + frame.life] = (base >> 2) + at + frame.serial;
    }
  }

  /** Takes the views anew when memory has grown, and follows the region table when it has moved. */
  refresh(): void {
    const memory = this.memory;
    if (this.I !== memory.i32) {
      this.I = memory.i32;
      this.U = memory.u8;
      this.D = memory.view;
      this.R = this.I.subarray(this.base >> 2, (this.base >> 2) + CPU_WORDS);
    }
    if (this.R[state.table] !== this.I[head.regions]) this.#followTable();
  }

  #followTable(): void {
    const R = this.R;
    const from = R[state.table] >> 2;
    const to = this.I[head.regions] >> 2;
    const words = this.I[head.regionCapacity] * 16;
    const move = (at: number) => {
      const life = R[at + word.life];
      if (R[at + word.region] > 0 && life >= from && life < from + words && life < to)
        R[at + word.life] = life - from + to;
    };
    for (let at = 0; at < 12 * REG_WORDS; at += REG_WORDS) move(at);
    for (let f = 0; f < FRAMES; f++) {
      const start = FRAME_WORDS + f * frame.size;
      for (let at = start + frame.saved; at < start + frame.stackTop; at += REG_WORDS) move(at);
    }
    for (let at = SLOT_WORDS; at < CPU_WORDS; at += REG_WORDS) move(at);
    R[state.table] = this.I[head.regions];
  }

  /** The 64 bits of a register as a number without sign. */
  value(register: number): bigint {
    const at = register * REG_WORDS;
    return (BigInt(this.R[at + 1] >>> 0) << 32n) | BigInt(this.R[at] >>> 0);
  }
}
