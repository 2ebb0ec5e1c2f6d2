// What compiled code of a program that is not verified asks before each access, call and block. The judgement is the
// interpreter's; compiled code does not keep what is known beside a value, so pointers are judged by where they point.
import { access } from "../vm/access.ts";
import { INSN_WORDS, operation, REG_WORDS } from "../vm/code.ts";
import type { FaultKind } from "../vm/fault.ts";
import { frameAt } from "../vm/frames.ts";
import { raise } from "../vm/raise.ts";
import { type Cpu, FRAMES, frame, STACK_BYTES, state, word } from "../vm/registers.ts";
import { slow } from "../vm/slow.ts";
import { accesses } from "./place.ts";

/** Thrown to leave compiled code when the run is over; the CPU's words say how it ended. */
export const over = new Error("the run is over");

const SPARE = 11 * REG_WORDS;
const ordered: Readonly<Record<number, string>> = {
  [accesses.acquire]: "load_acquire",
  [accesses.release]: "store_release",
};

export function checkedImports(cpu: Cpu, bottom: number) {
  const stop = (slot: number, what: FaultKind, text: string, address?: bigint): never => {
    raise(cpu, slot * INSN_WORDS, what, text, address);
    throw over;
  };

  return {
    /** The address that the spare register and an offset make, once it is known to be good for the access. */
    check: (slot: number, offset: number, size: number, what: number): number => {
      cpu.refresh();
      const { R } = cpu;
      // Frames are not kept book of, and a fault would tell of those of an earlier call.
      R[state.frame] = 0;
      R[SPARE + word.region] = 0;
      const to = (R[SPARE] + offset) | 0;
      const judge = (write: boolean): void => {
        if (access(cpu, slot * INSN_WORDS, SPARE, to, size, write) < 0) throw over;
      };
      judge(what === accesses.write || what === accesses.release);
      if (what >= accesses.atomic && (to & (size - 1)) !== 0) {
        const subject = ordered[what] === undefined ? "an atomic operation on" : `${ordered[what]} of`;
        const text = `${subject} ${size} bytes needs an address that is a multiple of ${size}`;
        stop(slot, "misaligned", text, (BigInt(R[SPARE + 1] >>> 0) << 32n) | BigInt(to >>> 0));
      }
      if (what === accesses.atomic) judge(true);
      return to;
    },
    /** A function of the program is called from the frame at an address. */
    enter: (slot: number, at: number): void => {
      cpu.refresh();
      const depth = (at - bottom) / STACK_BYTES;
      if (depth + 1 >= FRAMES) stop(slot, "depth", "the call is nested more than 8 frames deep");
      const next = frameAt(depth + 1);
      cpu.R[next + frame.returnTo] = (slot + 1) * INSN_WORDS;
      cpu.R[next + frame.kind] = 0;
    },
    /** More instructions were done than may be. */
    spent: (slot: number): void => {
      cpu.refresh();
      const { R } = cpu;
      R[state.count] = R[state.limit];
      stop(slot, "budget", `the program ran for more than ${R[state.limit]} instructions`);
    },
    /** Control came to where the program has nothing that can be done. */
    stuck: (slot: number): void => {
      cpu.refresh();
      const { words, slots } = cpu.code;
      const i = (slot >= 0 && slot < slots ? slot : slots) * INSN_WORDS;
      const cannot = words[i] === operation.invalid || words[i] === operation.middle;
      slow(cpu, cannot ? i : slots * INSN_WORDS);
      throw over;
    },
  };
}
