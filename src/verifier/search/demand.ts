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

const MOST_FRAMES = 16;
const CLOBBERED = 0x3f;
const ARGUMENTS = 0x3e;
const RESULT = 1;

/**
 * The places followed back, a set of bits for each frame up to the one that runs. One walk at a time: it calls nothing
 * that walks.
 */
const regs = new Int32Array(MOST_FRAMES);
const slotsLo = new Int32Array(MOST_FRAMES);
const slotsHi = new Int32Array(MOST_FRAMES);
/** Whether a mark was new since it was last cleared. */
let grown = false;

function clear(): void {
  regs.fill(0);
  slotsLo.fill(0);
  slotsHi.fill(0);
}

function include(place: Place): void {
  const frame = place >> 7;
  const at = place & 63;
  if ((place & 64) === 0) regs[frame] = (regs[frame] ?? 0) | (1 << at);
  else if (at < 32) slotsLo[frame] = (slotsLo[frame] ?? 0) | (1 << at);
  else slotsHi[frame] = (slotsHi[frame] ?? 0) | (1 << (at - 32));
}

function exclude(place: Place): void {
  const frame = place >> 7;
  const at = place & 63;
  if ((place & 64) === 0) regs[frame] = (regs[frame] ?? 0) & ~(1 << at);
  else if (at < 32) slotsLo[frame] = (slotsLo[frame] ?? 0) & ~(1 << at);
  else slotsHi[frame] = (slotsHi[frame] ?? 0) & ~(1 << (at - 32));
}

function included(place: Place): boolean {
  const frame = place >> 7;
  const at = place & 63;
  const set = (place & 64) === 0 ? regs[frame] : at < 32 ? slotsLo[frame] : slotsHi[frame];
  return (((set ?? 0) >>> (at & 31)) & 1) === 1;
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
  clear();
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
    regs[n] = frame.precise;
    slotsLo[n] = frame.preciseLo;
    slotsHi[n] = frame.preciseHi;
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
      const insn = insns[node.from] ?? null;
      if (insn === null) break;
      frame = reverseNode(node, insn, frame);
      if (frame < 0) break;
      pc = node.from;
      node = node.previous;
    } else {
      pc -= insns[pc - 1] === null ? 2 : 1;
      const insn = insns[pc];
      if (pc < 0 || insn == null) break;
      reverse(insn, frame);
    }
  }
  throw new Error(`the way back from instruction ${state.pc} is lost at ${pc}`);
}

/** Marks what is followed in a kept state. False: nothing is left to be followed further back. */
function settle(entry: OpenState): boolean {
  const { frames } = entry.state;
  let left = 0;
  for (let n = 0; n < frames.length; n++) {
    const frame = frames[n];
    if (frame === undefined) continue;
    let set = (regs[n] ?? 0) & ~frame.precise;
    for (let rest = set; rest !== 0; rest &= rest - 1) {
      const reg = 31 - Math.clz32(rest & -rest);
      if (frame.regs[reg]?.kind !== "scalar") set &= ~(1 << reg);
    }
    const lo = numbersIn(frame.stack, (slotsLo[n] ?? 0) & ~frame.preciseLo, 0);
    const hi = numbersIn(frame.stack, (slotsHi[n] ?? 0) & ~frame.preciseHi, 32);
    frame.precise |= set;
    frame.preciseLo |= lo;
    frame.preciseHi |= hi;
    regs[n] = set;
    slotsLo[n] = lo;
    slotsHi[n] = hi;
    left |= set | lo | hi;
  }
  if (left !== 0) grown = true;
  return left !== 0;
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

/** The way back comes into a call at its end: nothing but `set` is followed in it yet. */
function enter(frame: number, set: number): void {
  regs[frame] = set;
  slotsLo[frame] = 0;
  slotsHi[frame] = 0;
}

/** Undoes a decision; gives the frame in which its instruction ran, -1 when it is not known. */
function reverseNode(node: PathNode, insn: Insn, frame: number): number {
  switch (node.kind) {
    case "call": {
      const outer = frame - 1;
      if (outer >= 0) regs[outer] = ((regs[outer] ?? 0) & ~CLOBBERED) | ((regs[frame] ?? 0) & ARGUMENTS);
      return outer;
    }
    case "callback":
      // What a callback is called with comes from the helper.
      return frame - 1;
    case "return":
    case "again": {
      // A run of a callback leaves the registers of its caller as they are.
      const gone = node.kind === "return" ? CLOBBERED : 0;
      const set = regs[frame] ?? 0;
      regs[frame] = set & ~gone;
      enter(frame + 1, set & gone & RESULT);
      return frame + 1;
    }
    case "spill": {
      const place = node.place ?? -1;
      if (place < 0 || !included(place)) return frame;
      exclude(place);
      if (insn.kind === "store" && insn.src.kind === "reg") include(regPlace(frame, insn.src.reg));
      return frame;
    }
    case "fill": {
      const reg = loadedBy(insn);
      if (reg < 0 || !included(regPlace(frame, reg))) return frame;
      exclude(regPlace(frame, reg));
      include(node.place ?? 0);
      return frame;
    }
    default:
      if (insn.kind === "jump") reverseJump(node, insn, frame);
      else reverse(insn, frame);
      return frame;
  }
}

/** The register that an instruction fills from memory; -1: none. */
function loadedBy(insn: Insn): number {
  if (insn.kind === "load" || insn.kind === "loadAcquire") return insn.dst;
  if (insn.kind !== "atomic" || !insn.fetch) return -1;
  return insn.op === "cmpxchg" ? 0 : insn.src;
}

/** What a compare taught of one operand rests on the other, and what it taught of a copy on the original. */
function reverseJump(node: PathNode, insn: Insn & { kind: "jump" }, frame: number): void {
  const together = (): void => {
    for (const group of node.linked ?? []) if (group.some(included)) group.forEach(include);
  };
  together();
  if (insn.src.kind !== "reg") return;
  const both = (1 << insn.dst) | (1 << insn.src.reg);
  if (((regs[frame] ?? 0) & both) === 0) return;
  regs[frame] = (regs[frame] ?? 0) | both;
  together();
}

/** Undoes an instruction that is no decision: where the followed registers came from. */
function reverse(insn: Insn, frame: number): void {
  const set = regs[frame] ?? 0;
  switch (insn.kind) {
    case "alu": {
      if (((set >> insn.dst) & 1) === 0) return;
      const kept = insn.op === "mov" ? set & ~(1 << insn.dst) : set;
      regs[frame] = insn.src.kind === "reg" ? kept | (1 << insn.src.reg) : kept;
      return;
    }
    case "movsx":
    case "addrSpaceCast":
      if ((set >> insn.dst) & 1) regs[frame] = (set & ~(1 << insn.dst)) | (1 << insn.src);
      return;
    case "load":
    case "loadAcquire":
    case "atomic": {
      const reg = loadedBy(insn);
      if (reg >= 0) regs[frame] = set & ~(1 << reg);
      return;
    }
    case "imm64":
      regs[frame] = set & ~(1 << insn.dst);
      return;
    case "packet":
    case "callHelper":
    case "callKfunc":
    case "callLocal":
    case "callx":
      regs[frame] = set & ~CLOBBERED;
      return;
    case "jump":
    case "goto":
    case "mayGoto":
    case "neg":
    case "swap":
    case "store":
    case "storeRelease":
    case "exit":
    case "invalid":
      return;
  }
}
