// What programs without privilege may not do to pointers, since a processor may run ahead of a check. Where the running
// kernel answers, it is asked as well, with its privileges laid down.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { judge } from "../../src/kernel/judge.ts";
import { sameMessage } from "../../src/lab/corpus.ts";
import { verify } from "../../src/verifier/verify.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

const head = `.prog socket_filter
.rcu implicit
.map small, type=array, key=4, value=16, max=1
r6 = r1
r7 = map_value[small] ll
r8 = *(u8 *)(r7 + 0)
`;

const programs = [
  ["a value, moved within", "r8 &= 7\nr7 += r8\nr0 = *(u8 *)(r7 + 0)", null],
  ["a value, moved out by a constant", "r7 += 16\nr7 += -16", "map value goes out of range"],
  ["a value, moved out by a register", "r8 &= 31\nr7 += r8", "map value goes out of range"],
  ["a value, moved back to its start", "r7 += 8\nr8 = 8\nr7 -= r8\nr0 = *(u8 *)(r7 + 0)", null],
  ["by a number of either sign", "r8 &= 7\nr8 -= 3\nr7 += 8\nr7 += r8", "mixed signed bounds"],
  ["the context, by a register", "r8 = 4\nr6 += r8", "unsupported alu operation"],
  ["the stack, by a known register", "r8 = -8\nr1 = r10\nr1 += r8\n*(u64 *)(r1 + 0) = 0", null],
  ["the stack, moved out", "r1 = r10\nr1 += -520", "stack pointer arithmetic goes out of range"],
  ["the stack, by a number that varies", "r8 &= 7\nr1 = r10\nr1 += -16\nr1 += r8", "variable stack access"],
  [
    "a spilled pointer, added to",
    "*(u64 *)(r10 - 8) = r6\nr1 = 1\nlock *(u64 *)(r10 - 8) += r1",
    "leaking pointer from stack",
  ],
  ["the context, compared with 0", "if r6 == 0 goto +0", "pointer comparison prohibited"],
  ["a map's value, compared with 0", "if r7 == 0 goto +0", null],
  ["stack below what was written", "r1 = *(u64 *)(r10 - 64)", "invalid read from stack R10 off=-64 size=8"],
  [
    "differently on two paths",
    "r1 = *(u32 *)(r6 + 0)\nr2 = 1\nif r1 == 0 goto one\nr2 = 2\none: r7 += r2\nr0 = *(u8 *)(r7 + 0)",
    "from different maps, paths or scalars",
  ],
] as const;

describe("programs without privilege", () => {
  it.each(programs)("%s", (_, body, why) => {
    const outcome = assemble(`${head}${body}\nr0 = 0\nexit`);
    if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
    const free = verify(outcome.value, { privileged: true });
    const bound = verify(outcome.value, { privileged: false });
    expect(free.verdict).toBe("accepted");
    expect(bound.verdict).toBe(why === null ? "accepted" : "rejected");
    if (bound.verdict === "rejected") expect(bound.kernelMessage).toContain(why);
    if (!kernelThere) return;
    const theirs = judge(theKernel(), outcome.value, { unprivileged: true });
    expect(theirs.verdict).toBe(why === null ? "accept" : "reject");
    if (bound.verdict === "rejected")
      expect([theirs.message, sameMessage(theirs.message, bound.kernelMessage)]).toEqual([theirs.message, true]);
  });
});
