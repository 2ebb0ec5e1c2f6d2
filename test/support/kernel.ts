// The running kernel for tests that ask it; where there is none they are skipped, and one line says why.
import { type Kernel, openKernel } from "../../src/kernel/syscall.ts";

const opened = await openKernel();
if ("unavailable" in opened) console.log(`skipped, no kernel to ask: ${opened.unavailable}`);

export const kernelThere = !("unavailable" in opened);

/** Only for tests under `describe.skipIf(!kernelThere)`. */
export function theKernel(): Kernel {
  if ("unavailable" in opened) throw new Error(opened.unavailable);
  return opened;
}
