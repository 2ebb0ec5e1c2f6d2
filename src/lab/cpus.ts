// CPUs that run at the same time: one thread for each, on the memory of one machine. Here is what a thread does, wherever it
// comes from; lab/node-cpus.ts starts threads in Node, and a page does the same with its own workers.
import { attachCode, type SharedCode } from "../jit/compile.ts";
import { Machine, type Result, type RunInput, type SharedMachine } from "../vm/machine.ts";

/** What a thread is told; it can be sent to one as it is. */
export interface CpuTask {
  readonly machine: SharedMachine;
  /** The number of the program in the machine, and its compiled form; without one it is interpreted. */
  readonly program: number;
  readonly code?: SharedCode;
  /** With the CPU that the thread is. */
  readonly input: RunInput & { readonly cpu: number };
  /** How many runs; they end earlier with a fault, or when `stop` is called for. */
  readonly repeat: number;
  /** Words that all threads share; see `signal`. */
  readonly signals: SharedArrayBuffer;
}

export interface CpuReport {
  readonly cpu: number;
  readonly runs: number;
  /** Of the last run. */
  readonly result: Result;
  readonly engine: "interp" | "jit";
}

/** Words of `CpuTask.signals`: not 0 when the threads may begin, and when they shall end. */
export const signal = { go: 0, stop: 1, words: 2 } as const;

/** Does a task in this thread. `ready` is called when nothing is left to do but to run; the runs begin with the signal. */
export function work(task: CpuTask, ready: () => void): CpuReport {
  const { input, repeat } = task;
  const machine = Machine.attach(task.machine);
  const compiled = task.code === undefined ? undefined : attachCode(machine, task.code);
  const program = compiled ?? machine.program(task.program);
  compiled?.entry(machine.cpus[input.cpu], 0);
  const signals = new Int32Array(task.signals);
  ready();
  Atomics.wait(signals, signal.go, 0);
  let result: Result;
  let runs = 0;
  do {
    result = program.run(input);
    runs++;
  } while (runs < repeat && result.kind === "exit" && Atomics.load(signals, signal.stop) === 0);
  return { cpu: input.cpu, runs, result, engine: compiled === undefined ? "interp" : "jit" };
}
