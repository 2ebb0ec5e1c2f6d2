// What compiled code calls: the machine's helpers and kfuncs, with the registers in the CPU's words as they are for the
// interpreter. A helper that runs a function of the program pushes a frame, as it does there; here the frame is run
// by the function's entry. Whatever ends the run early leaves the compiled code by an exception.
import { Patience } from "../memory/lock.ts";
import { point } from "../vm/access.ts";
import { type Calls, continuation } from "../vm/calls.ts";
import { INSN_WORDS, REG_WORDS } from "../vm/code.ts";
import { frameAt } from "../vm/frames.ts";
import { interpret } from "../vm/interpret.ts";
import { PATIENCE } from "../vm/machine.ts";
import { raise } from "../vm/raise.ts";
import { BLOCKED, type Cpu, FRAMES, frame, RUNNING, STACK_BYTES, state, word } from "../vm/registers.ts";
import { checkedImports, over } from "./checked.ts";
import { type imported, TAIL_CALL } from "./place.ts";

/** An entry of the module: the registers are in the CPU's words, the bottom of the frame is handed over. */
export type Entry = (bottom: number) => void;

export interface Around {
  readonly calls: Calls;
  /** The number of this program. */
  readonly program: number;
  /** The entry of this program's function at a slot, if something may call it from outside. */
  entry(slot: number): Entry | undefined;
  /**
   * The first entry of one of the machine's programs on the same CPU; undefined where it is to be interpreted. Below other
   * frames, how deep it calls was not verified: there calls are counted.
   */
  compiled(program: number, depth: number): Entry | undefined;
}

export interface Glue {
  readonly imports: Readonly<Record<keyof typeof imported, unknown>>;
  /** What is done behind the frame at an address after its function has returned: tail calls go on from here. */
  goOn(at: number): void;
}

export function glueFor(cpu: Cpu, around: Around): Glue {
  const { calls } = cpu;
  const { memory } = cpu;
  const bottom = cpu.stacks[0].address;

  /** Puts the CPU's words in the state in which the interpreter would make the call; the answer is the depth. */
  const begin = (slot: number, at: number): number => {
    cpu.refresh();
    const { R } = cpu;
    const depth = (at - bottom) / STACK_BYTES;
    R[state.frame] = depth;
    R[state.pc] = (slot + 1) * INSN_WORDS;
    // Compiled code knows of values only; what they point to is found by their addresses.
    for (let r = REG_WORDS; r < 6 * REG_WORDS; r += REG_WORDS) R[r + word.region] = 0;
    return depth;
  };

  /** A call that asked for a lock which another CPU has is made again, for as long as somebody may give it back. */
  const again = (slot: number, at: number, call: () => void): void => {
    const wait = new Patience(memory, PATIENCE);
    while (isRefused() && wait.goesOn()) {
      cpu.R[state.status] = RUNNING;
      begin(slot, at);
      call();
    }
  };
  const isRefused = (): boolean => cpu.R[state.status] === BLOCKED && cpu.R[state.busy] === 0;

  const helper = (slot: number, at: number, id: number): void => {
    const depth = begin(slot, at);
    calls.helper(cpu, id);
    if (isRefused()) again(slot, at, () => calls.helper(cpu, id));
    finish(depth);
  };

  /** Goes on with a call until it is done, running the frames that it pushes. */
  const finish = (depth: number): void => {
    let wait: Patience | undefined;
    for (;;) {
      const { R } = cpu;
      if (R[state.status] === BLOCKED && R[state.busy] !== 0) {
        wait ??= new Patience(memory, PATIENCE);
        if (!wait.goesOn()) throw over;
        R[state.status] = RUNNING;
      }
      if (R[state.status] !== RUNNING) throw over;
      if (R[state.busy] !== 0) calls.step(cpu);
      else if (R[state.frame] > depth) runCallback(depth + 1);
      else {
        // The next function at that depth is one that is simply called.
        if (depth + 1 < FRAMES) R[frameAt(depth + 1) + frame.kind] = 0;
        return;
      }
    }
  };

  const runCallback = (depth: number): void => {
    const slot = cpu.R[state.pc] / INSN_WORDS;
    const enter = around.entry(slot);
    if (enter === undefined) {
      raise(cpu, around.calls.at, "argument", `the program does not take the address of a function at ${slot}`);
      throw over;
    }
    enter(bottom + depth * STACK_BYTES);
    goOn(bottom + depth * STACK_BYTES);
    cpu.refresh();
    const { R } = cpu;
    R[word.region] = 0;
    R[state.frame] = depth;
    calls.returned(cpu, R[frameAt(depth) + frame.kind]);
  };

  /**
   * A function that makes a tail call returns, and whoever called it runs what came in its place: so a chain of them never
   * stands on the stack.
   */
  const goOn = (at: number): void => {
    cpu.refresh();
    if (cpu.R[state.tailPending] === 0) return;
    const depth = (at - bottom) / STACK_BYTES;
    while (cpu.R[state.tailPending] !== 0) {
      const { R } = cpu;
      R[state.tailPending] = 0;
      const enter = R[state.pc] === 0 ? around.compiled(R[state.program], depth) : undefined;
      if (enter === undefined) interpretFrame(depth);
      else enter(at);
      cpu.refresh();
    }
    around.calls.world.switchProgram(cpu, around.program);
  };

  /** The interpreter runs the frame that a tail call made its program's; compiled code goes on behind it. */
  const interpretFrame = (depth: number): void => {
    cpu.trusted = false;
    point(cpu, REG_WORDS, cpu.R[state.ctxRegion]);
    if (depth === 0) {
      interpret(cpu, 0x7fffffff);
      throw over;
    }
    // A callback's frame too is to be left when the program exits, not called again.
    const at = frameAt(depth);
    const before = cpu.R[at + frame.kind];
    cpu.R[at + frame.kind] = continuation.tailCalled;
    cpu.R[at + frame.program] = around.program;
    while (cpu.R[state.frame] >= depth) {
      if (interpret(cpu, 1) !== RUNNING) throw over;
      cpu.refresh();
    }
    const { R } = cpu;
    R[at + frame.kind] = before;
    for (let inner = depth + 1; inner < FRAMES; inner++) R[frameAt(inner) + frame.kind] = continuation.none;
    R[state.frame] = depth;
    cpu.trusted = true;
  };

  /** 1: the call was a tail call, and another program is to go on in place of this one. */
  const left = (before: number): number => {
    if (cpu.R[state.tailCalls] === before) return 0;
    cpu.R[state.tailPending] = 1;
    return 1;
  };

  const imports = {
    helper,
    kfunc: (slot: number, at: number, index: number) => {
      const depth = begin(slot, at);
      calls.kfunc(cpu, index);
      finish(depth);
    },
    callx: (slot: number, at: number, lo: number, hi: number) => {
      cpu.refresh();
      const before = cpu.R[state.tailCalls];
      helper(slot, at, hi === 0 ? lo : -1);
      return left(before);
    },
    tailCall: (slot: number, at: number) => {
      cpu.refresh();
      const before = cpu.R[state.tailCalls];
      helper(slot, at, TAIL_CALL);
      return left(before);
    },
    goOn,
    ...checkedImports(cpu, bottom),
  };
  return { imports, goOn };
}
