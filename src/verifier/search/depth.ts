// The stack that nested calls use together: at most 512 bytes in at most 8 frames (kernel: check_max_stack_depth).
import { hasOwnStacks, programTypes } from "../../host/programs.ts";
import { contractOf } from "../../host/table.ts";
import { called } from "../../isa/cfg.ts";
import { spillArea } from "../check/fastcall.ts";
import type { Env } from "../env.ts";
import { reject } from "../reject.ts";
import { STACK_SIZE } from "../state/stack.ts";
import { DEEPEST_CALLS } from "../transfer/function.ts";
import { type Subprogram, subprogramAt } from "./structure.ts";

/** Compiled frames are multiples of this; an empty one takes nothing. */
const UNIT = 16;
/** No tail call from a function below so many bytes: each of 33 in a row may leave as much on the stack. */
const TOO_MUCH_TO_LEAVE = 256;

/** Bytes that each instruction was seen to use of its function's frame. */
export class Depths {
  /** Where functions begin that run later, on a stack of their own. */
  readonly callbacks = new Set<number>();
  private readonly seen = new Map<number, Map<number, number>>();

  add(start: number, bytes: number, pc: number): void {
    const of = this.seen.get(start) ?? new Map<number, number>();
    this.seen.set(start, of.set(pc, Math.max(bytes, of.get(pc) ?? 0)));
  }

  /** What counts of a function's frame: spills that will be taken out do not, unless something else touches them. */
  of(env: Env, sub: Subprogram): number {
    const area = spillArea(env.program, sub);
    let all = 0;
    let others = 0;
    for (const [pc, bytes] of this.seen.get(sub.start) ?? []) {
      all = Math.max(all, bytes);
      if (area?.slots.has(pc) !== true) others = Math.max(others, bytes);
    }
    return area !== null && others <= area.counted ? area.counted : all;
  }
}

interface Caller {
  readonly bytes: number;
  readonly frames: number;
  readonly chain: ReadonlySet<number>;
  readonly pc: number;
}

export function checkStackDepth(env: Env, depths: Depths): void {
  const { program } = env;
  const { callbacks } = depths;
  const tailCall = (from: number, to: number): boolean =>
    program.insns.slice(from, to).some((insn) => contractOf(insn, program)?.tailCall === true);
  // Frames from 64 bytes on have stacks of their own then, and eight smaller ones are never too large.
  const ownStacks = hasOwnStacks(programTypes[env.profile.type]) && !tailCall(0, program.insns.length);

  const visit = (start: number, from: Caller): void => {
    const sub = subprogramAt(env.structure, start);
    const size = ownStacks ? 0 : Math.ceil(depths.of(env, sub) / UNIT) * UNIT;
    const used = from.bytes + size;
    const refuse = (text: string, label: string, kernel: string): never =>
      reject({ code: "E0204", pc: from.pc, operand: "whole", text, label, kernel });
    if (from.frames > DEEPEST_CALLS) {
      const again = from.chain.has(start);
      refuse(
        again ? "a function calls itself" : `more than ${DEEPEST_CALLS} frames`,
        again ? `\`${sub.name}\` is already running` : "the ninth frame",
        `the call stack of ${DEEPEST_CALLS} frames is too deep !`,
      );
    }
    if (from.bytes >= TOO_MUCH_TO_LEAVE && tailCall(sub.start, sub.end)) {
      refuse(
        `a tail call from a function called by others that use ${from.bytes} bytes of stack`,
        `they must use less than ${TOO_MUCH_TO_LEAVE}: what is called this way leaves their frames behind`,
        `tail_calls are not allowed when call stack of previous frames is ${from.bytes} bytes. Too large`,
      );
    }
    if (used > STACK_SIZE) {
      refuse(
        `nested calls use ${used} bytes of stack`,
        `${STACK_SIZE} is the most, over all frames`,
        `combined stack size of ${from.frames} calls is ${used}. Too large`,
      );
    }
    const chain = new Set([...from.chain, start]);
    program.insns.slice(start, sub.end).forEach((insn, n) => {
      const pc = start + n;
      const callee = called(insn, pc);
      // What runs later does not run on top of this.
      if (callee === undefined || (insn?.kind === "imm64" && callbacks.has(callee))) return;
      visit(callee, { bytes: used, frames: from.frames + 1, chain, pc });
    });
  };
  for (const start of [0, ...callbacks]) visit(start, { bytes: 0, frames: 1, chain: new Set(), pc: start });
}
