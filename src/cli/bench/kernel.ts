// The benchmark programs in the running kernel: loaded, given their input, and test-run many times, less what an empty program
// takes. Nothing is attached.
import type { Program } from "../../lab/asm.ts";
import { errnoName, judgeAndRun, type Kernel } from "../../lab/node.ts";

/** The least that a socket filter is run on. */
const packet = new Uint8Array(64);
const MOST_RUNS = 1_000_000;

/**
 * Loads the program, runs it once for what it returns, and hands a function that times it to `use`. The kernel gives the low
 * 32 bits of r0. A text says why it is not run.
 */
export function inKernel<T>(
  kernel: Kernel,
  program: Program,
  input: Uint8Array,
  use: (r0: number, time: (atLeast: number) => number) => T,
): T | string {
  const { judgement, result } = judgeAndRun(kernel, program, { logLevel: 0 }, (fd, maps): T | string => {
    const at = program.maps.findIndex(({ name }) => name === "input");
    if (at >= 0) kernel.update(maps[at], new Uint8Array(4), input);
    const first = kernel.testRun(fd, { data: packet });
    if (first.errno !== 0) return `a test run fails with ${errnoName(first.errno)}`;
    return use(first.retval, (atLeast) => timeOf(kernel, fd, atLeast));
  });
  return result ?? `the kernel refuses it: ${judgement.message}`;
}

/** Nanoseconds of one run, of so many that they take at least that long. */
function timeOf(kernel: Kernel, fd: number, atLeast: number): number {
  for (let repeat = 100; ; repeat *= 4) {
    const runs = Math.min(repeat, MOST_RUNS);
    // The kernel says how long one run took, in whole nanoseconds.
    const { errno, durationNs } = kernel.testRun(fd, { data: packet, repeat: runs });
    if (errno !== 0) throw new Error(`a test run fails with ${errnoName(errno)}`);
    if (durationNs * runs >= atLeast || runs === MOST_RUNS) return durationNs;
  }
}
