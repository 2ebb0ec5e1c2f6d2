// What programs without privilege may not do to pointers, since a processor may run ahead of a check. Where the running
// kernel answers, it is asked as well, with its privileges laid down.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { Program } from "../../src/isa/program.ts";
import { judge } from "../../src/kernel/judge.ts";
import type { Verdict } from "../../src/verifier/verdict.ts";
import { verify } from "../../src/verifier/verify.ts";
import { type Edge, heldToLinux } from "../support/edges.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

const head = `.prog sched_cls
.rcu implicit
.map small, type=array, key=4, value=16, max=1
.map locked, type=array, key=4, value=16, max=1, spin_lock=4
.map hashed, type=hash, key=4, value=16, max=1
.map ring, type=ringbuf, max=4096
r6 = r1
r7 = map_value[small] ll
r8 = *(u8 *)(r7 + 0)
`;

const lookup = "*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = hashed ll\ncall bpf_map_lookup_elem\n";
const record = "r1 = ring ll\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\nif r0 == 0 goto +4\n";
const packet = "r1 = *(u32 *)(r6 + 76)\nr2 = *(u32 *)(r6 + 80)\nr3 = r1\nr3 += 8\nif r3 > r2 goto +1\n";

const programs: readonly Edge[] = [
  ["a pointer's low byte with its sign", "r1 = (s8)r7", "R7 sign-extension part of pointer"],
  ["a pointer's low byte with its sign, in 32 bits", "w1 = (s8)w7", "R7 partial copy of pointer"],
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
  ["a map's value, its low half compared with 0", "if w7 == 0 goto +0", null],
  ["a map's value, compared with 0 in order", "if r7 > 0 goto +0", "R7 pointer comparison prohibited"],
  ["a map's value, compared with 1", "if r7 == 1 goto +0", "R7 pointer comparison prohibited"],
  ["a map's value, compared with a 0 in a register", "r1 = 0\nif r7 == r1 goto +0", null],
  ["what may be null, compared with 0", `${lookup}if r0 == 0 goto +0`, null],
  [
    "what may be null, compared with a 0 in a register",
    `${lookup}r1 = 0\nif r0 == r1 goto +0`,
    "R0 pointer comparison prohibited",
  ],
  ["a number, compared with the context", "if r8 == r6 goto +0", "R6 pointer comparison prohibited"],
  ["the context, negated", "r6 = -r6", "R6 pointer arithmetic prohibited"],
  [
    "the stack, one byte written and two read",
    "*(u8 *)(r10 - 16) = 1\nr1 = *(u16 *)(r10 - 16)",
    "invalid read from stack off -16+1 size 2",
  ],
  ["a pointer into a map's value", "*(u64 *)(r7 + 0) = r6", "R6 leaks addr into map"],
  ["a pointer into the context", "*(u64 *)(r6 + 48) = r7", "R7 leaks addr into ctx"],
  [
    "a pointer into a record",
    `${record}*(u64 *)(r0 + 0) = r7\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_discard`,
    "R7 leaks addr into mem",
  ],
  ["a pointer into the packet", `${packet}*(u64 *)(r1 + 0) = r7`, "R7 leaks addr into packet"],
  ["a number into the packet", `${packet}*(u64 *)(r1 + 0) = r8`, null],
  ["stack below what was written", "r1 = *(u64 *)(r10 - 64)", "invalid read from stack R10 off=-64 size=8"],
  [
    "differently on two paths",
    "r1 = *(u32 *)(r6 + 0)\nr2 = 1\nif r1 == 0 goto one\nr2 = 2\none: r7 += r2\nr0 = *(u8 *)(r7 + 0)",
    "from different maps, paths or scalars",
  ],
  [
    "a number, where a pointer is on another path",
    "r1 = r7\nr2 = 8\nif r8 == 0 goto +1\nr1 = 0\nr1 += r2",
    "from different maps, paths or scalars",
  ],
  [
    "a lock in the value, passed over",
    "r7 = map_value[locked] ll\nr7 += 4\nr0 = *(u8 *)(r7 + 4)",
    "map value goes out of range",
  ],
  [
    "two pointers into the packet, compared",
    "r1 = r6\nr2 = *(u32 *)(r1 + 76)\nr3 = r2\nif r2 == r3 goto +0",
    "R2 pointer comparison prohibited",
  ],
  [
    "a counted loop: a wrong guess goes round for ever",
    "r1 = 0\nagain: r1 += 1\nif r1 < 4 goto again",
    "infinite loop detected",
  ],
  ["harm that only a wrong guess does", "r1 = 1\nif r1 == 1 goto +1\nr0 = *(u8 *)(r1 + 0)", null],
  [
    "a spilled pointer, overwritten by a call",
    "*(u64 *)(r10 - 8) = r6\nr1 = r6\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = 4\ncall bpf_skb_load_bytes",
    "attempt to corrupt spilled pointer",
  ],
];

function judged(body: string, privileged: boolean): Verdict {
  return verify(programOf(body), { privileged });
}

function programOf(body: string): Program {
  const outcome = assemble(`${head}${body}\nr0 = 0\nexit`);
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  return outcome.value;
}

heldToLinux("programs without privilege", head, programs, false);

it("with privilege all of them are allowed", () => {
  for (const [rule, body] of programs) expect([rule, judged(body, true).verdict]).toEqual([rule, "accepted"]);
});

it("a wrong guess that was made harmless says nothing of a run that does the same", () => {
  const body = `r1 = *(u32 *)(r6 + 0)
r2 = 1
if r1 == 0 goto other
if r2 == 1 goto end
harm: r0 = *(u8 *)(r2 + 0)
goto end
other: r2 = 5
goto harm
end:`;
  for (const privileged of [true, false]) expect(judged(body, privileged).verdict).toBe("rejected");
  if (kernelThere) expect(judge(theKernel(), programOf(body), { unprivileged: true }).verdict).toBe("reject");
});

it("more ways than Linux puts aside are too many", () => {
  const body = Array.from({ length: 8200 }, () => "r1 = *(u32 *)(r6 + 0)\nif r1 == 0 goto +0").join("\n");
  const verdict = judged(body, true);
  expect(verdict.verdict).toBe("undecided");
});
