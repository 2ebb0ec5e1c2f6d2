// The benchmark programs in the running kernel: loaded, given their input, and test-run many times, less what an empty program
// takes. Nothing is attached.
import type { Program } from "../../lab/asm.ts";
import { STRETCH } from "../../lab/index.ts";
import { errnoName, judgeAndRun, type Kernel } from "../../lab/node.ts";

/** The least that a socket filter is run on. */
const packet = new Uint8Array(64);

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

/** Nanoseconds of one run: the least mean that the kernel tells of test runs, which it rounds to whole ones. */
function timeOf(kernel: Kernel, fd: number, atLeast: number): number {
  const mean = (repeat: number): number => {
    const { errno, durationNs } = kernel.testRun(fd, { data: packet, repeat });
    if (errno !== 0) throw new Error(`a test run fails with ${errnoName(errno)}`);
    return durationNs;
  };
  let least = mean(1000);
  const repeat = Math.max(1, Math.round(STRETCH / Math.max(1, least)));
  for (let took = 0; took < atLeast; ) {
    const now = mean(repeat);
    least = Math.min(least, now);
    took += Math.max(1, now) * repeat;
  }
  return least;
}
