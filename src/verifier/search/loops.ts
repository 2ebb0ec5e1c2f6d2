// When nothing more can come of a kept state. A walk that comes back into a loop ends there, before all is known that is
// relied on from there: it is once the outermost loop around has been walked to its end. Until then what lies in the
// loop is compared in full (kernel: update_loop_entry, propagate_backedges).
import type { Env } from "../env.ts";
import type { OpenState, State } from "../state/state.ts";
import { inherit } from "./demand.ts";

/** The outermost loop that an entry lies in; itself, where it lies in none. Settled: its marks are final. */
export function loopOf(entry: OpenState): OpenState {
  let outer = entry;
  while (outer.loop !== null) outer = outer.loop;
  return outer;
}

/** A walk ends because `target` stands for its state, in a loop whose marks are not final. */
export function loopBack(state: State, target: OpenState): void {
  const outer = loopOf(target);
  // It is open, so it lies on the way to here, and no loop around it is known.
  for (let at = state.parent; at !== null && at !== outer; at = at.parent) at.loop = outer;
  outer.backedges.push({ state, target });
}

/** One continuation of a state has ended; when it was the last, so has the state, and its parent has one less. */
export function close(env: Env, from: OpenState | null): void {
  for (let entry = from; entry !== null; entry = entry.parent) {
    entry.open--;
    if (entry.open > 0) return;
    entry.settled = true;
    entry.kept.settle(entry);
    finish(env, entry);
  }
}

/** What is relied on at a loop's head is relied on at its end, and so on around, until nothing new is found. */
function finish(env: Env, head: OpenState): void {
  const outer = loopOf(head);
  if (!outer.settled) {
    outer.backedges.push(...head.backedges);
  } else {
    for (let grown = true; grown; ) {
      grown = false;
      for (const { state, target } of head.backedges) if (inherit(env, state, target.state)) grown = true;
    }
    // Only what may still be followed back needs its way; the ways of all states would be most of the memory.
    head.state.path = null;
    for (const { state } of head.backedges) {
      for (let at = state.parent; at !== null && at !== head; at = at.parent) at.state.path = null;
    }
  }
  head.backedges = [];
}
