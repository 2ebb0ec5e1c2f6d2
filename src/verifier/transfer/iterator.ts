// What the calls of an iterator do: `new` makes it, `destroy` gives it back, and each `next` walks two ways, one with an
// element and one without (kernel: process_iter_next_call).
import type { IteratorKind } from "../../host/contract.ts";
import { type IteratorArgument, type IteratorPlace, iteratorKinds } from "../check/iterator.ts";
import type { Callee } from "../check/special.ts";
import { Scalar } from "../domain/scalar.ts";
import type { Env } from "../env.ts";
import { emptySlot, MISC, type Slot, uniform } from "../state/stack.ts";
import type { State } from "../state/state.ts";
import { pointer, scalarValue, type Value } from "../state/value.ts";

/** Carries out the step; "forked": the result is set, one way goes on here and the other was pushed. */
export function iterate(
  env: Env,
  state: State,
  callee: Callee,
  argument: IteratorArgument,
  at: IteratorPlace,
  finish: (state: State, result: Value) => void,
): "forked" | null {
  const frame = state.frames[at.frame];
  if (frame === undefined) return null;
  const { slots } = iteratorKinds[argument.iterator];
  const slot = frame.stack.slot(at.slot);
  switch (argument.step) {
    case "new": {
      const id = env.nextId();
      state.references = [...state.references, { id, at: state.pc, what: callee.contract.name }];
      for (let n = 0; n < slots; n++) {
        const object = { reference: id, state: "active", iterator: n === 0 ? argument.iterator : "part" } as const;
        frame.stack.set(at.slot - n, { ...uniform(MISC), object });
      }
      return null;
    }
    case "destroy":
      state.references = state.references.filter((held) => held.id !== slot.object?.reference);
      for (let n = 0; n < slots; n++) frame.stack.set(at.slot - n, emptySlot);
      return null;
    case "next": {
      if (slot.object === null) return null;
      if (slot.object.state === "active") {
        const more = state.copy();
        finish(more, element(env, state, argument.iterator));
        more.pc = state.pc + 1;
        more.rounds++;
        more.path = { previous: state.path, from: state.pc, to: state.pc + 1, kind: "fallthrough" };
        env.push(more);
      }
      const drained: Slot = { ...slot, object: { ...slot.object, state: "drained" } };
      state.frames[at.frame]?.stack.set(at.slot, drained);
      finish(state, scalarValue(Scalar.constant(0n)));
      return "forked";
    }
  }
}

function element(env: Env, state: State, kind: IteratorKind): Value {
  return kind === "task"
    ? pointer("typed", { struct: "task_struct", trust: "rcu", bornAt: state.pc })
    : pointer("mem", { size: 4, readOnly: true, origin: env.nextId(), bornAt: state.pc });
}
