// The stack that nested calls use together: at most 512 bytes in at most 8 frames (kernel: check_max_stack_depth).
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import { STACK_SIZE } from "../state/stack.ts";
import { DEEPEST_CALLS } from "../transfer/function.ts";
import { subprogramAt } from "./structure.ts";

/** `depths`: bytes each function was seen to use of its own frame. */
export function checkStackDepth(env: Env, depths: ReadonlyMap<number, number>): void {
  const visit = (start: number, before: number, frames: number, chain: ReadonlySet<number>, pc: number): void => {
    if (chain.has(start)) {
      reject({
        code: "E0204",
        pc,
        operand: "whole",
        text: "a function calls itself",
        label: `\`${subprogramAt(env.structure, start).name}\` is already running`,
        kernel: `recursive call from ${subprogramAt(env.structure, pc).name}() to ${subprogramAt(env.structure, start).name}()`,
      });
    }
    const used = before + Math.ceil(Math.max(1, depths.get(start) ?? 0) / 32) * 32;
    if (used > STACK_SIZE || frames > DEEPEST_CALLS) {
      reject({
        code: "E0204",
        pc,
        operand: "whole",
        text: used > STACK_SIZE ? `nested calls use ${used} bytes of stack` : `more than ${DEEPEST_CALLS} frames`,
        label: used > STACK_SIZE ? `${STACK_SIZE} is the most, over all frames` : "the ninth frame",
        kernel:
          used > STACK_SIZE
            ? `combined stack size of ${frames} calls is ${used}. Too large`
            : `the call stack of ${frames} frames is too deep !`,
      });
    }
    const { end } = subprogramAt(env.structure, start);
    const within = new Set([...chain, start]);
    for (let at = start; at < end; at++) {
      const insn = env.program.insns[at];
      if (insn?.kind === "callLocal") visit(at + 1 + insn.off, used, frames + 1, within, at);
    }
  };
  for (const { start } of env.structure.subprograms) {
    if (start === 0 || env.program.functions.some((f) => f.pc === start && f.global))
      visit(start, 0, 1, new Set(), start);
  }
}
