// The number that open states are found by: one for equal states, and another where a loop's round has changed something.
import { expect, it } from "vitest";
import { Draft } from "../../src/verifier/domain/range.ts";
import { Scalar } from "../../src/verifier/domain/scalar.ts";
import { markOf } from "../../src/verifier/search/mark.ts";
import { emptySlot } from "../../src/verifier/state/stack.ts";
import { Frame, State } from "../../src/verifier/state/state.ts";
import { pointer, scalarValue, type Value } from "../../src/verifier/state/value.ts";

/** One frame in a function called by another, with the value in r6 and, if given, one in a slot. */
function stateWith(value: Value, spilled: Value | null = null, bytes = 0xffff): State {
  const state = new State(0);
  const inner = new Frame("static", 0, 0, 0, null);
  inner.regs[6] = value;
  inner.stack.set(1, { ...emptySlot, bytes, value: spilled, spilled: spilled === null ? 0 : 8 });
  state.frames = [new Frame("main", -1, 0, 0, null), inner];
  return state;
}

const r6 = 1 << 6;
const mark = (state: State, live = r6): number => markOf(state, () => live);
const range = (least: bigint, greatest: bigint): Value => scalarValue(Scalar.range(least, greatest));
const one = range(1n, 1n);
/** Of either sign, and too wide to say anything of its low half. */
const wide = (least: bigint, greatest: bigint): Value =>
  scalarValue(Scalar.signedRange(least - (1n << 40n), greatest + (1n << 40n)));
/** Too great to say anything of the signed bounds, or of the low half. */
const huge = (least: bigint, greatest: bigint): Value =>
  range(least + (1n << 40n), greatest + (1n << 40n) + (1n << 63n));
/** Of which nothing is known but the low half. */
function low(least: number, greatest: number): Value {
  const draft = new Draft();
  draft.s32min = least;
  draft.s32max = greatest;
  return scalarValue(new Scalar(draft));
}

it.each([
  ["of another least number", stateWith(huge(8n, 0n)), stateWith(huge(16n, 0n))],
  ["of another greatest number", stateWith(huge(0n, 8n)), stateWith(huge(0n, 16n))],
  ["of another least signed number", stateWith(wide(8n, 0n)), stateWith(wide(16n, 0n))],
  ["of another greatest signed number", stateWith(wide(0n, 8n)), stateWith(wide(0n, 16n))],
  ["of another least low half", stateWith(low(-5, 9)), stateWith(low(-6, 9))],
  ["of another greatest low half", stateWith(low(-5, 8)), stateWith(low(-5, 9))],
  ["of another number", stateWith(range(7n, 7n)), stateWith(range(8n, 8n))],
  ["of a pointer that was moved", stateWith(pointer("mapValue", {})), stateWith(pointer("mapValue", { off: 8 }))],
  ["of a number beside an address", stateWith(range(0n, 0n)), stateWith(pointer("mapValue", {}))],
  ["of another number on the stack", stateWith(one, range(7n, 9n)), stateWith(one, range(8n, 9n))],
  ["of other bytes on the stack", stateWith(one, null, 0x5555), stateWith(one, null, 0xaaaa)],
  ["of a number in front of the same stack", stateWith(range(7n, 7n), one), stateWith(range(8n, 8n), one)],
])("a state has another mark because %s", (_, a, b) => {
  expect(mark(a)).not.toBe(mark(b));
});

it.each([
  [
    "numbers are called otherwise",
    stateWith(scalarValue(Scalar.unknown, 5)),
    stateWith(scalarValue(Scalar.unknown, 6)),
  ],
  ["a number is not linked any more", stateWith(one), stateWith(one.with({ off: 8 }))],
])("a state has the same mark though %s", (_, a, b) => {
  expect(mark(a)).toBe(mark(b));
});

it("only registers that still matter make a difference", () => {
  const [a, b] = [stateWith(range(7n, 7n)), stateWith(range(8n, 8n))];
  const others = ~r6 & 0x7ff;
  expect(mark(a, others)).toBe(mark(b, others));
  expect(mark(a, 0x7ff)).not.toBe(mark(b, 0x7ff));
});

it("every frame, and how many rounds and sections were begun, makes a difference", () => {
  const one = stateWith(range(7n, 7n));
  const changed: readonly ((state: State) => void)[] = [
    (state) => state.rounds++,
    (state) => state.rcuDepth++,
    (state) => state.frames.push(new Frame("static", 0, 0, 0, null)),
    (state) => state.frames[0]?.stack.set(0, { ...emptySlot, bytes: 1 }),
  ];
  for (const change of changed) {
    const other = one.copy();
    change(other);
    expect(mark(other)).not.toBe(mark(one));
  }
});
