// What a walk relied on. A state that was walked to its end stands for a later one that differs only in what the walk
// never looked at: slots it did not read, and numbers whose value decided nothing. Whenever a verdict depends on a
// number, the way back is followed to where the number came from, and every kept state on it is told which of its
// registers and slots must be compared (kernel: mark_chain_precision, backtrack_insn, mark_reg_read).
//
// The way back is the list of decisions (State.path); the straight lines between them are implied.
import type { Insn } from "../../isa/insn.ts";
import type { Env } from "../env.ts";
import type { Stack } from "../state/stack.ts";
import { type OpenState, type PathNode, type Place, regPlace, type State, slotPlace } from "../state/state.ts";
import { effect } from "./liveness.ts";

const MOST_FRAMES = 16;
const CLOBBERED = 0x3f;
const ARGUMENTS = 0x3e;
const RESULT = 1;
const computing: ReadonlySet<Insn["kind"]> = new Set<Insn["kind"]>(["alu", "neg", "swap", "movsx", "addrSpaceCast"]);

/**
 * The places followed back, a bit for each: in every frame up to the one that runs a word for its registers, one that
 * is not used, and two for its slots. One walk at a time: it calls nothing that walks.
 */
const followed = new Int32Array(4 * MOST_FRAMES);
/** Whether a mark was new since it was last cleared. */
let grown = false;

// A shift counts modulo 32.
function include(place: Place): void {
  followed[place >> 5] = (followed[place >> 5] ?? 0) | (1 << place);
}

function included(place: Place): boolean {
  return (((followed[place >> 5] ?? 0) >> place) & 1) === 1;
}

function registers(frame: number): number {
  return followed[4 * frame] ?? 0;
}

function follow(frame: number, registers: number, slotsLo: number, slotsHi: number): void {
  followed[4 * frame] = registers;
  followed[4 * frame + 2] = slotsLo;
  followed[4 * frame + 3] = slotsHi;
}

/** The verdict depends on which number `reg` holds before the instruction at state.pc. */
export function needNumber(env: Env, state: State, reg: number): void {
  need(env, state, regPlace(state.frames.length - 1, reg));
}

/** The same for a number that lies in a slot of the stack. */
export function needSlot(env: Env, state: State, frame: number, slot: number): void {
  need(env, state, slotPlace(frame, slot));
}

function need(env: Env, state: State, place: Place): void {
  followed.fill(0);
  include(place);
  followBack(env, state);
}

/** The walk looks at what a slot holds. */
export function readSlot(state: State, frame: number, slot: number): void {
  const now = state.frames[frame];
  if (now === undefined) return;
  if (slot < 32) markRead(state.parent, frame, now.writtenLo, now.writtenHi, 1 << slot, 0);
  else markRead(state.parent, frame, now.writtenLo, now.writtenHi, 0, 1 << (slot - 32));
}

/** The slot is written whole: what it held before does not matter from here on. */
export function writeSlot(state: State, frame: number, slot: number): void {
  const now = state.frames[frame];
  if (now === undefined) return;
  if (slot < 32) now.writtenLo |= 1 << slot;
  else now.writtenHi |= 1 << (slot - 32);
}

/** Bits `lo`, `hi` are read, of which those written since the kept state before are of no concern to it. */
function markRead(
  from: OpenState | null,
  frame: number,
  wroteLo: number,
  wroteHi: number,
  lo: number,
  hi: number,
): void {
  let low = lo & ~wroteLo;
  let high = hi & ~wroteHi;
  for (let entry = from; entry !== null && (low | high) !== 0; entry = entry.parent) {
    const kept = entry.state.frames[frame];
    if (kept === undefined) return;
    // What was read before has been passed on then.
    low &= ~kept.readLo;
    high &= ~kept.readHi;
    if ((low | high) === 0) return;
    kept.readLo |= low;
    kept.readHi |= high;
    grown = true;
    low &= ~kept.writtenLo;
    high &= ~kept.writtenHi;
  }
}

/** `old` stands for `now`: what was relied on from `old` is relied on from `now`. True: some mark was new. */
export function inherit(env: Env, now: State, old: State): boolean {
  grown = false;
  old.frames.forEach((frame, n) => {
    const own = now.frames[n];
    if (own !== undefined) markRead(now.parent, n, own.writtenLo, own.writtenHi, frame.readLo, frame.readHi);
    follow(n, frame.precise, frame.preciseLo, frame.preciseHi);
  });
  followBack(env, now);
  return grown;
}

function followBack(env: Env, state: State): void {
  const { insns } = env.program;
  let entry = state.parent;
  let node = state.path;
  let { pc } = state;
  let frame = state.frames.length - 1;
  for (;;) {
    while (entry !== null && entry.state.path === node && entry.state.pc === pc) {
      if (!settle(entry)) return;
      entry = entry.parent;
    }
    if (entry === null) return;
    if (node !== null && node.to === pc) {
      const insn = insns[node.from];
      if (insn == null) break;
      frame = reverseNode(node, insn, frame);
      if (frame < 0) break;
      pc = node.from;
      node = node.previous;
    } else {
      pc -= insns[pc - 1] === null ? 2 : 1;
      const insn = insns[pc];
      if (insn == null) break;
      reverse(insn, frame);
    }
  }
  throw new Error(`the way back from instruction ${state.pc} is lost at ${pc}`);
}

/**
 * Marks what is followed in a kept state. False: nothing of it is a number that had no mark, and what has one is marked
 * further back as well.
 */
function settle(entry: OpenState): boolean {
  let left = 0;
  entry.state.frames.forEach((frame, n) => {
    let set = registers(n) & ~frame.precise;
    for (let rest = set; rest !== 0; rest &= rest - 1) {
      const reg = 31 - Math.clz32(rest & -rest);
      if (frame.regs[reg]?.kind !== "scalar") set &= ~(1 << reg);
    }
    const lo = numbersIn(frame.stack, (followed[4 * n + 2] ?? 0) & ~frame.preciseLo, 0);
    const hi = numbersIn(frame.stack, (followed[4 * n + 3] ?? 0) & ~frame.preciseHi, 32);
    frame.precise |= set;
    frame.preciseLo |= lo;
    frame.preciseHi |= hi;
    left |= set | lo | hi;
  });
  if (left === 0) return false;
  grown = true;
  return true;
}

/** Of the wanted slots those that hold a number. */
function numbersIn(stack: Stack, wanted: number, base: number): number {
  let set = wanted;
  for (let rest = wanted; rest !== 0; rest &= rest - 1) {
    const at = 31 - Math.clz32(rest & -rest);
    if (stack.slot(base + at).value?.kind !== "scalar") set &= ~(1 << at);
  }
  return set;
}

/** Undoes a decision; gives the frame in which its instruction ran. */
function reverseNode(node: PathNode, insn: Insn, frame: number): number {
  switch (node.kind) {
    case "call":
      followed[4 * frame - 4] = registers(frame - 1) | (registers(frame) & ARGUMENTS);
      return frame - 1;
    case "callback":
      // What a callback is called with comes from the helper.
      return frame - 1;
    case "return":
    case "again": {
      // A run of a callback leaves the registers of its caller as they are.
      const gone = node.kind === "return" ? CLOBBERED : 0;
      const set = registers(frame);
      followed[4 * frame] = set & ~gone;
      follow(frame + 1, set & gone & RESULT, 0, 0);
      return frame + 1;
    }
    case "spill": {
      const { place } = node;
      if (place === undefined || !included(place)) return frame;
      followed[place >> 5] = (followed[place >> 5] ?? 0) & ~(1 << place);
      if (insn.kind === "store" && insn.src.kind === "reg") include(regPlace(frame, insn.src.reg));
      return frame;
    }
    case "fill": {
      const { writes } = effect(insn);
      if ((registers(frame) & writes) === 0) return frame;
      followed[4 * frame] = registers(frame) & ~writes;
      include(node.place ?? 0);
      return frame;
    }
    default:
      if (insn.kind === "jump") reverseJump(node, insn, frame);
      else reverse(insn, frame);
      return frame;
  }
}

/** What a compare taught of one operand rests on the other, and what it taught of a copy on the original. */
function reverseJump(node: PathNode, insn: Insn & { kind: "jump" }, frame: number): void {
  const together = (): void => {
    for (const group of node.linked ?? []) if (group.some(included)) group.forEach(include);
  };
  together();
  const { reads } = effect(insn);
  if ((registers(frame) & reads) === 0) return;
  followed[4 * frame] = registers(frame) | reads;
  together();
}

/** Undoes an instruction that is no decision: what it computes rests on what it reads, what a call or memory gives on nothing. */
function reverse(insn: Insn, frame: number): void {
  const { reads, writes } = effect(insn);
  const set = registers(frame);
  if ((set & writes) === 0) return;
  followed[4 * frame] = (set & ~writes) | (computing.has(insn.kind) ? reads : 0);
}
