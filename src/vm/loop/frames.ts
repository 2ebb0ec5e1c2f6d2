// Functions of the program in the fast loop: a call keeps r6 to r9 and gives the callee a fresh stack, an exit gives them
// back. The same for callbacks and the rare cases is in ../frames.ts.
import { POINTER_HIGH } from "../../memory/layout.ts";
import { type Code, get, i32, i64, set, tee, when } from "../../wasm/code.ts";
import { INSN_WORDS } from "../code.ts";
import {
  FRAME_WORDS,
  FRAMES,
  frame as frameWord,
  MAY_GOTO_BUDGET,
  SLOT_WORDS,
  STACK_BYTES,
  UNINITIALISED,
  WATCHED,
} from "../registers.ts";
import {
  A32,
  AT,
  CODE,
  CPU,
  copyProvenance,
  count,
  FRAME,
  frame,
  jump,
  leaveIf,
  next,
  number,
  REGION,
  reg,
  SERIAL,
  SLOTS,
  state,
  TOP,
  WRITTEN,
  words,
} from "./parts.ts";

const r = (n: number) => n * reg.size;
const kept = [6, 7, 8, 9];
const savedAt = (n: number) => frame("saved") + (n - 6) * reg.size;

/** Takes what is needed of the frame at FRAME into locals. */
const lookAtFrame: Code = [
  set(SERIAL, i32.load(get(FRAME), frame("serial"))),
  set(TOP, i32.load(get(FRAME), frame("stackTop"))),
  set(WRITTEN, i64.or(i64.const(0xffn), i64.shl(i64.fromU(get(SERIAL)), i64.const(32n)))),
];
const setFramePointer: Code = [
  i32.store(get(CPU), get(TOP), r(10)),
  i32.store(get(CPU), number(POINTER_HIGH), r(10) + 4),
  i32.store(get(CPU), i32.load(get(FRAME), frame("stackRegion")), r(10) + reg.region),
  i32.store(get(CPU), get(SERIAL), r(10) + reg.generation),
  i32.store(get(CPU), number(WATCHED), r(10) + reg.birth),
  i32.store(get(CPU), i32.load(get(FRAME), frame("life")), r(10) + reg.life),
  i32.store(get(CPU), i32.sub(get(TOP), number(STACK_BYTES)), r(10) + reg.base),
  i32.store(get(CPU), get(TOP), r(10) + reg.limit),
];
const unset = (n: number) => i32.store(get(CPU), number(UNINITIALISED), r(n) + reg.region);
const frameBytes = frameWord.size * 4;
const slotBytes = STACK_BYTES * 4;
const moveFrame = (by: 1 | -1): Code => [
  set(FRAME, i32.add(get(FRAME), number(by * frameBytes))),
  set(SLOTS, i32.add(get(SLOTS), number(by * slotBytes))),
  i32.store(get(CPU), i32.add(i32.load(get(CPU), state("frame")), number(by)), state("frame")),
];

export const call: Code = [
  leaveIf(i32.geS(i32.load(get(CPU), state("frame")), number(FRAMES - 1))),
  moveFrame(1),
  i32.store(
    get(FRAME),
    i32.add(i32.shrU(i32.sub(get(AT), get(CODE)), number(2)), number(INSN_WORDS)),
    frame("returnTo"),
  ),
  i32.store(get(FRAME), number(0), frame("kind")),
  i32.store(get(FRAME), number(MAY_GOTO_BUDGET), frame("mayGoto")),
  kept.map((n) => [
    set(REGION, i32.load(get(CPU), r(n) + reg.region)),
    i64.store(get(FRAME), i64.load(get(CPU), r(n)), savedAt(n)),
    copyProvenance(CPU, r(n), FRAME, savedAt(n)),
    unset(n),
  ]),
  i32.store(get(CPU), tee(SERIAL, i32.add(i32.load(get(CPU), state("serial")), number(1))), state("serial")),
  i32.store(get(FRAME), get(SERIAL), frame("serial")),
  lookAtFrame,
  setFramePointer,
  jump,
];

export const exit: Code = [
  leaveIf(i32.eqz(i32.load(get(CPU), state("frame")))),
  leaveIf(i32.load(get(FRAME), frame("kind"))),
  leaveIf(i32.ltS(i32.load(get(CPU), reg.region), number(0))),
  i32.store(get(FRAME), number(0), frame("serial")),
  kept.map((n) => [
    set(REGION, i32.load(get(FRAME), savedAt(n) + reg.region)),
    i64.store(get(CPU), i64.load(get(FRAME), savedAt(n)), r(n)),
    copyProvenance(FRAME, savedAt(n), CPU, r(n)),
  ]),
  set(AT, words(get(CODE), i32.load(get(FRAME), frame("returnTo")))),
  moveFrame(-1),
  lookAtFrame,
  setFramePointer,
  [1, 2, 3, 4, 5].map(unset),
  count,
];

export const mayGoto: Code = [
  when(i32.eqz(tee(A32, i32.load(get(FRAME), frame("mayGoto")))), jump),
  i32.store(get(FRAME), i32.sub(get(A32), number(1)), frame("mayGoto")),
  next,
];

/** Finds the running frame when the loop is entered. */
export const findFrame: Code = [
  set(A32, i32.load(get(CPU), state("frame"))),
  set(FRAME, i32.add(i32.add(get(CPU), number(FRAME_WORDS * 4)), i32.mul(get(A32), number(frameBytes)))),
  set(SLOTS, i32.add(i32.add(get(CPU), number(SLOT_WORDS * 4 + slotBytes)), i32.mul(get(A32), number(slotBytes)))),
  lookAtFrame,
];
