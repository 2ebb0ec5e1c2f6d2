// The stack that nested calls use together: at most 512 bytes in at most 8 frames (kernel: check_max_stack_depth).
import { hasOwnStacks, programTypes } from "../../host/programs.ts";
import { helperById } from "../../host/table.ts";
import { spillArea } from "../check/fastcall.ts";
import type { Env } from "../env.ts";
import { type Refusal, reject } from "../reject.ts";
import { STACK_SIZE } from "../state/stack.ts";
import { DEEPEST_CALLS } from "../transfer/function.ts";
import { type Subprogram, subprogramAt } from "./structure.ts";

/** Compiled frames are multiples of this; an empty one takes nothing. */
const UNIT = 16;
/** A frame of tracing programs from this size on lies on a stack of its own, which may be full. */
const PRIVATE_FROM = 64;

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

function tooDeep(from: Caller, used: number, running: string | null): Pick<Refusal, "text" | "label" | "kernel"> {
  if (used > STACK_SIZE) {
    return {
      text: `nested calls use ${used} bytes of stack`,
      label: `${STACK_SIZE} is the most, over all frames`,
      kernel: `combined stack size of ${from.frames} calls is ${used}. Too large`,
    };
  }
  return {
    text: running === null ? `more than ${DEEPEST_CALLS} frames` : "a function calls itself",
    label: running === null ? "the ninth frame" : `\`${running}\` is already running`,
    kernel: `the call stack of ${from.frames - 1} frames is too deep !`,
  };
}

export function checkStackDepth(env: Env, depths: Depths): void {
  const { insns } = env.program;
  const { subprograms } = env.structure;
  const { callbacks } = depths;
  const tailCalls = insns.some((insn) => insn?.kind === "callHelper" && helperById(insn.id)?.tailCall === true);
  const ownStacks = hasOwnStacks(programTypes[env.profile.type]) && !tailCalls;

  const visit = (start: number, from: Caller, own: boolean): void => {
    const sub = subprogramAt(env.structure, start);
    const size = Math.ceil(depths.of(env, sub) / UNIT) * UNIT;
    const used = own && size >= PRIVATE_FROM ? from.bytes : from.bytes + size;
    if (used > STACK_SIZE || from.frames > DEEPEST_CALLS) {
      reject({
        code: "E0204",
        pc: from.pc,
        operand: "whole",
        ...tooDeep(from, used, from.chain.has(start) ? sub.name : null),
      });
    }
    const chain = new Set([...from.chain, start]);
    for (let pc = start; pc < sub.end; pc++) {
      const insn = insns[pc];
      const called =
        insn?.kind === "callLocal"
          ? pc + 1 + insn.off
          : insn?.kind === "imm64" && insn.what === "func"
            ? pc + 1 + insn.low
            : -1;
      // What runs later does not run on top of this.
      if (called < 0 || (insn?.kind === "imm64" && callbacks.has(called))) continue;
      visit(called, { bytes: used, frames: from.frames + 1, chain, pc }, own);
    }
  };
  for (const { start } of subprograms) {
    const root = start === 0 || callbacks.has(start);
    if (!root && !env.program.functions.some((f) => f.pc === start && f.global)) continue;
    visit(start, { bytes: 0, frames: 1, chain: new Set(), pc: start }, ownStacks && start === 0);
  }
}
