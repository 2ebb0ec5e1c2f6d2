// Random programs in which two ways meet, and loops, judged by the running kernel too: what one walk stands for, how
// far loops are walked, what is given up in them.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { disassemble } from "../../src/asm/disassemble.ts";
import { judge } from "../../src/kernel/judge.ts";
import { verify } from "../../src/verifier/verify.ts";
import { randomFrom } from "../support/generate.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";
import { walkProgram } from "../support/walk-programs.ts";

/** The kernel's own mistakes, as it calls them; it refuses what it stumbles over. */
const stumbles = /^verifier bug/m;

const SEED = 61;
const PROGRAMS = 200;
describe.skipIf(!kernelThere)("walks", () => {
  it(`of ${PROGRAMS} random programs end as the kernel's do, seed ${SEED}`, () => {
    const random = randomFrom(SEED);
    const different: string[] = [];
    let accepted = 0;
    let asFar = 0;
    for (let at = 0; at < PROGRAMS; at++) {
      const outcome = assemble(walkProgram(random));
      if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
      const ours = verify(outcome.value);
      const theirs = judge(theKernel(), outcome.value);
      if (ours.verdict === "accepted") accepted++;
      if (ours.statistics.instructions === theirs.insnsProcessed) asFar++;
      if ((ours.verdict === "accepted") !== (theirs.verdict === "accept") && !stumbles.test(theirs.log))
        different.push(`${ours.verdict}, the kernel: ${theirs.message}\n${disassemble(outcome.value)}`);
    }
    expect(different).toEqual([]);
    expect(accepted).toBeGreaterThan(PROGRAMS / 2);
    expect(accepted).toBeLessThan(PROGRAMS);
    expect(asFar).toBeGreaterThan(PROGRAMS / 3);
  });
});
