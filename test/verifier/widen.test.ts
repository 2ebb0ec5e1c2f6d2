// What is given up of a number that changes from round to round.
import { expect, it } from "vitest";
import { Scalar } from "../../src/verifier/domain/scalar.ts";
import { widened } from "../../src/verifier/search/widen.ts";
import { emptySlot, uniform } from "../../src/verifier/state/stack.ts";
import { Frame, State } from "../../src/verifier/state/state.ts";
import { pointer, scalarValue, unknownScalar, type Value } from "../../src/verifier/state/value.ts";

function stateWith(value: Value, spilled: Value | null = null, bytes = 8): State {
  const state = new State(0);
  const frame = new Frame("main", -1, 0, 0, null);
  frame.regs[6] = value;
  if (spilled !== null) frame.stack.set(2, { bytes: 0xffff, value: spilled, spilled: bytes, object: null });
  state.frames = [frame];
  return state;
}

const number = (least: bigint, greatest: bigint): Value => scalarValue(Scalar.signedRange(least, greatest));
const unsigned = (least: bigint, greatest: bigint): Value => scalarValue(Scalar.range(least, greatest));
const bounds = ({ scalar }: Value): string => `${scalar.smin}..${scalar.smax}`;
const unsignedBounds = ({ scalar }: Value): string => `${scalar.umin}..${scalar.umax}`;
/** Halfway, where a number as signed begins anew. */
const half = 1n << 63n;
const least = "-9223372036854775808";
const greatest = "9223372036854775807";

it.each([
  ["grows", number(0n, 5n), number(0n, 6n), `0..${greatest}`],
  ["falls", number(0n, 5n), number(-1n, 5n), `${least}..5`],
  ["spreads", number(0n, 5n), number(-1n, 6n), `${least}..${greatest}`],
  ["grows below 0", number(-9n, -5n), number(-9n, -4n), "-9..-1"],
  ["moves up", number(3n, 5n), number(6n, 7n), `3..${greatest}`],
  ["is within what it was", number(0n, 5n), number(1n, 5n), "1..5"],
  ["stays", number(0n, 5n), number(0n, 5n), "0..5"],
])("the reference engine gives a number up towards the side it changes to: %s", (_, before, after, wanted) => {
  const now = stateWith(after);
  const changed = widened(stateWith(before), now, true);
  expect(bounds(now.reg(6))).toBe(wanted);
  expect(changed).toBe(wanted !== bounds(after));
});

it.each([
  ["grows", unsigned(half - 3n, half + 5n), unsigned(half - 3n, half + 6n), half - 3n, 2n * half - 1n],
  ["falls", unsigned(half - 3n, half + 5n), unsigned(half - 4n, half + 5n), 0n, half + 5n],
  ["moves up", unsigned(half - 3n, half + 5n), unsigned(half - 1n, half + 6n), half - 3n, 2n * half - 1n],
  ["moves down", unsigned(half - 3n, half + 5n), unsigned(half - 4n, half + 4n), 0n, half + 5n],
] as const)("and of a number that is bounded as unsigned only: %s", (_, before, after, least, greatest) => {
  const now = stateWith(after);
  widened(stateWith(before), now, true);
  expect(unsignedBounds(now.reg(6))).toBe(`${least}..${greatest}`);
});

it("a number that nothing relied on is given up altogether, one that was relied on is kept", () => {
  const old = stateWith(number(0n, 5n), number(0n, 5n));
  const now = stateWith(number(0n, 6n), number(0n, 6n));
  const relied = now.copy();
  expect(widened(old, now, false)).toBe(true);
  expect([now.reg(6), now.frame.stack.slot(2).value]).toEqual([unknownScalar, unknownScalar]);
  old.frame.precise = 1 << 6;
  old.frame.preciseLo = 1 << 2;
  expect(widened(old, relied, false)).toBe(false);
  expect(bounds(relied.reg(6))).toBe("0..6");
  expect(bounds(relied.frame.stack.slot(2).value ?? unknownScalar)).toBe("0..6");
  // The reference engine does not know what was relied on.
  expect(widened(old, relied, true)).toBe(true);
});

it("only numbers of the same size are given up, and nothing else on the stack", () => {
  const whole = (): State => stateWith(number(0n, 0n), number(0n, 6n));
  for (const old of [
    stateWith(number(0n, 0n), number(0n, 5n), 4),
    stateWith(number(0n, 0n), pointer("ctx", {})),
    stateWith(number(0n, 0n)),
  ]) {
    const now = whole();
    expect(widened(old, now, false)).toBe(false);
    expect(bounds(now.frame.stack.slot(2).value ?? unknownScalar)).toBe("0..6");
  }
  const plain = stateWith(number(0n, 0n));
  plain.frame.stack.set(2, uniform(1));
  expect(widened(whole(), plain, false)).toBe(false);
  expect(plain.frame.stack.slot(2).value).toBe(null);
  expect(plain.frame.stack.slot(1)).toBe(emptySlot);
  const pointing = stateWith(pointer("ctx", {}));
  for (const reference of [true, false]) {
    expect(widened(stateWith(number(0n, 0n)), pointing, reference)).toBe(false);
    expect(widened(pointing, stateWith(number(0n, 5n)), reference)).toBe(false);
  }
  expect(pointing.reg(6).kind).toBe("ctx");
});
