// A number by which the open states are found that may be the same as one at hand. What it leaves out makes the search
// slower where nothing else differs, no more.
import type { State } from "../state/state.ts";

const PRIME = 0x01000193;

/** Equal states have one mark, whatever their identities are called: most comparisons end here. */
export function markOf(state: State, liveAt: (state: State, frame: number) => number): number {
  let mark = state.rcuDepth * 31 + state.frames.length + state.rounds * 131;
  for (const [n, frame] of state.frames.entries()) {
    for (let rest = liveAt(state, n); rest !== 0; rest &= rest - 1) {
      const value = frame.regs[31 - Math.clz32(rest & -rest)];
      if (value === undefined) continue;
      const { scalar } = value;
      const off = value.isPointer ? value.off : 0;
      mark = Math.imul(mark, PRIME) ^ scalar.uminLo ^ (scalar.umaxLo << 1) ^ (off << 2) ^ value.kind.length;
      // A counter without a bound of one reading has one of another.
      mark = Math.imul(mark, PRIME) ^ scalar.sminLo ^ (scalar.smaxLo << 1);
      mark = Math.imul(mark, PRIME) ^ scalar.s32min ^ (scalar.s32max << 1);
    }
    for (const { bytes, value } of frame.stack.identity) {
      mark = Math.imul(mark, PRIME) ^ bytes ^ (value === null ? 0 : value.scalar.uminLo);
    }
  }
  return mark;
}
