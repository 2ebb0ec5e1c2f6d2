// What needs Node: threads for the CPUs of a machine, and the second opinion of the running Linux kernel.
import type { Program } from "../isa/program.ts";
import { type Judgement, type JudgeOptions, judge } from "../kernel/judge.ts";
import { type Kernel, openKernel, type Unavailable } from "../kernel/syscall.ts";

export { type Judgement, type JudgeOptions, judge, judgeAndRun } from "../kernel/judge.ts";
export { isStatistic } from "../kernel/log.ts";
export { errnoName, type Kernel, openKernel, type Unavailable } from "../kernel/syscall.ts";
export type { CpuReport, CpuTask } from "./cpus.ts";
export { Cpus, type CpusExecution, type CpusOptions, executeOnCpus } from "./node-cpus.ts";
export { judgedBy, judgeWithThreads, type ThreadsOptions, Walkers } from "./node-walkers.ts";

let opened: Promise<Kernel | Unavailable> | undefined;

/** The running kernel's verdict, or one sentence that says why it cannot be asked. */
export async function askKernel(program: Program, options: JudgeOptions = {}): Promise<Judgement | Unavailable> {
  opened ??= openKernel();
  const kernel = await opened;
  return "unavailable" in kernel ? kernel : judge(kernel, program, options);
}
