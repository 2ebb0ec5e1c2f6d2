// Loops that end by themselves (iterators, callbacks, may_goto) are walked until nothing new is learnt. A number
// that still changes from round to round, and that nothing has relied on, is given up on the way into the next round,
// so that the walk ends (kernel: widen_imprecise_scalars). The reference engine does not know what is relied on, and gives a number up
// only towards the side it grows to (interval widening, Cousot and Cousot 1977).
import { intersect, Scalar, subset } from "../domain/scalar.ts";
import type { Slot } from "../state/stack.ts";
import type { State } from "../state/state.ts";
import { scalarValue, unknownScalar, type Value } from "../state/value.ts";

const LEAST = -(1n << 63n);
const MOST_SIGNED = (1n << 63n) - 1n;
const MOST = (1n << 64n) - 1n;

/** Changes `now` where it is not yet contained in `old`, an earlier round at the same place. True: something changed. */
export function widened(old: State, now: State, reference: boolean): boolean {
  let changed = false;
  const wider = reference ? towards : givenUp;
  now.frames.forEach((frame, n) => {
    const before = old.frames[n];
    if (before === undefined) return;
    for (let reg = 0; reg < 10; reg++) {
      const a = before.regs[reg];
      const b = frame.regs[reg];
      if (a === undefined || b === undefined || (!reference && (before.precise >> reg) & 1)) continue;
      const value = wider(a, b);
      changed ||= value !== b;
      frame.regs[reg] = value;
    }
    for (let at = 0; at < frame.stack.count; at++) {
      const a = before.stack.slot(at);
      const b = frame.stack.slot(at);
      if (a.value === null || b.value === null || a.spilled !== b.spilled) continue;
      if (!reference && ((at < 32 ? before.preciseLo : before.preciseHi) >> (at & 31)) & 1) continue;
      const value = wider(a.value, b.value);
      if (value === b.value) continue;
      changed = true;
      frame.stack.set(at, { ...b, value } satisfies Slot);
    }
  });
  return changed;
}

function givenUp(old: Value, now: Value): Value {
  if (old.kind !== "scalar" || now.kind !== "scalar" || subset(now.scalar, old.scalar)) return now;
  return unknownScalar;
}

function towards(old: Value, now: Value): Value {
  if (old.kind !== "scalar" || now.kind !== "scalar" || subset(now.scalar, old.scalar)) return now;
  const a = old.scalar;
  const b = now.scalar;
  const unsigned = Scalar.range(b.umin < a.umin ? 0n : a.umin, b.umax > a.umax ? MOST : a.umax);
  const signed = Scalar.signedRange(b.smin < a.smin ? LEAST : a.smin, b.smax > a.smax ? MOST_SIGNED : a.smax);
  return scalarValue(intersect(unsigned, signed) ?? Scalar.unknown);
}
