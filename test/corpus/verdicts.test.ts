// Programs that show one thing each about what a number or a pointer may be, and holes that verifiers have had. A file
// says what Linux 6.18 says (`# expect:`); where the running kernel answers, it is asked again.
import { describe, expect, it } from "vitest";
import { kernelStructs } from "../../src/btf/types.ts";
import { judge } from "../../src/kernel/judge.ts";
import { structSize } from "../../src/kernel/vmlinux.ts";
import { verify } from "../../src/verifier/verify.ts";
import { corpusFiles, departure, expectationFor, programOf } from "../support/corpus.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

const accepted = { verdict: "accept", message: undefined } as const;

/** Programs that read structures of the kernel carry the offsets of one build. */
const sameBuild = structSize("task_struct") === kernelStructs.task_struct.size;

describe.each(["bounds", "kfuncs", "objects"])("%s", (folder) => {
  const files = corpusFiles(`../corpus/${folder}`);

  it("is judged as written", () => {
    const departures = files.flatMap((file) => {
      const program = programOf(file);
      const expected = expectationFor(program, "implicit");
      if (expected === undefined) return [`${file.name}: says nothing`];
      const departed = departure(program, verify(program, { rcu: "implicit" }), expected);
      return departed === undefined ? [] : [`${file.name}: ${departed}`];
    });
    expect(departures).toEqual([]);
  });

  it.skipIf(!kernelThere || (folder === "kfuncs" && !sameBuild))("is judged so by the running kernel", () => {
    const departures = files.flatMap((file) => {
      const program = programOf(file);
      const here = expectationFor(program, "implicit");
      const expected = file.text.includes("# Linux accepts this program.") ? accepted : here;
      const { verdict, message, log } = judge(theKernel(), program);
      const said = expected?.message === undefined || new RegExp(expected.message).test(log);
      return verdict === expected?.verdict && said ? [] : [`${file.name}: the kernel says ${verdict}: ${message}`];
    });
    expect(departures).toEqual([]);
  });
});
