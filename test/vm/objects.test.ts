// Programs of the corpus about bounds and kernel structures, run: what the verifier accepts does not fault.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { execute } from "../../src/lab/execute.ts";
import { verify } from "../../src/verifier/verify.ts";
import { corpusFiles, programOf } from "../support/corpus.ts";

describe.each(["bounds", "kfuncs"])("accepted programs of %s", (folder) => {
  it("run without a fault", () => {
    const faults = corpusFiles(`../corpus/${folder}`).flatMap((file) => {
      const program = programOf(file);
      if (verify(program, { rcu: "implicit" }).verdict !== "accepted") return [];
      const ran = execute(program, { rcu: "implicit" });
      if (!ran.ok) return [`${file.name}: ${ran.diagnostics[0]?.text}`];
      const { result } = ran.value;
      return result.kind === "fault" ? [`${file.name}: ${result.fault.text} at ${result.fault.pc}`] : [];
    });
    expect(faults).toEqual([]);
  });
});

const returned = (text: string): bigint | string => {
  const outcome = assemble(text);
  if (!outcome.ok) return outcome.diagnostics[0]?.text ?? "";
  const ran = execute(outcome.value, { rcu: "implicit" });
  if (!ran.ok) return ran.diagnostics[0]?.text ?? "";
  const { result } = ran.value;
  return result.kind === "exit" ? result.r0 : result.fault.code;
};

describe("the machine's kernel objects", () => {
  it.each([
    ["the task has its number", "call bpf_get_current_task_btf\nr0 = *(u32 *)(r0 + 1264)\nexit", 1n],
    [
      "and is its own parent",
      "call bpf_get_current_task_btf\nr6 = r0\nr1 = *(u64 *)(r0 + 1280)\nr0 = 0\nif r1 != r6 goto +1\nr0 = 1\nexit",
      1n,
    ],
    ["it is found by its number", "r1 = 1\ncall bpf_task_from_pid\nr0 = *(u32 *)(r0 + 1268)\nexit", 1n],
    ["others are not", "r1 = 2\ncall bpf_task_from_pid\nexit", 0n],
    ["its name is read byte by byte", "call bpf_get_current_task_btf\nr0 = *(u8 *)(r0 + 1752)\nexit", 0x62n],
    [
      "it runs on the first processor",
      "call bpf_get_current_task_btf\nr1 = *(u64 *)(r0 + 800)\ncall bpf_cpumask_first\nexit",
      0n,
    ],
    ["nobody writes to it", "call bpf_get_current_task_btf\n*(u32 *)(r0 + 1264) = 2\nexit", "E0308"],
    ["nor reads behind it", "call bpf_get_current_task_btf\nr0 = *(u64 *)(r0 + 3264)\nexit", "E0306"],
    [
      "a walk over all tasks meets one",
      `call bpf_rcu_read_lock
r6 = 0
r1 = r10
r1 += -24
r2 = 0
r3 = 1
call bpf_iter_task_new
again:
r1 = r10
r1 += -24
call bpf_iter_task_next
if r0 == 0 goto done
r6 += 1
goto again
done:
r1 = r10
r1 += -24
call bpf_iter_task_destroy
call bpf_rcu_read_unlock
r0 = r6
exit`,
      1n,
    ],
  ])("%s", (_, text, expected) => {
    expect(returned(text)).toBe(expected);
  });
});
