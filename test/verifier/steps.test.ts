// Single instructions and what they are given: edges that random programs found, and a sample of such programs beside the
// running kernel.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { disassemble } from "../../src/asm/disassemble.ts";
import { judge } from "../../src/kernel/judge.ts";
import { verify } from "../../src/verifier/verify.ts";
import { type Edge, heldToLinux } from "../support/edges.ts";
import { randomFrom } from "../support/generate.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";
import { stepProgram } from "../support/step-programs.ts";

/** r6: the context; r7: a map's value of 16 bytes; r8: any number. */
const head = `.prog sched_cls
.rcu implicit
.map small, type=array, key=4, value=16, max=1
.map constant, type=array, key=4, value=16, max=1, flags=rdonly_prog
.map ring, type=ringbuf, max=4096
r6 = r1
r7 = map_value[small] ll
r8 = *(u64 *)(r7 + 0)
`;
const packet = "r2 = *(u32 *)(r6 + 76)\nr2 += 2\nr3 = *(u32 *)(r6 + 80)\nr4 = r2\nr4 += 8\nif r4 > r3 goto +1\n";
const fullSocket = "r1 = *(u64 *)(r6 + 168)\nif r1 == 0 goto +4\ncall bpf_sk_fullsock\n";
const record = "r1 = ring ll\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\nif r0 == 0 goto out\nr9 = r0\n";
const giveBack = "r1 = r9\nr2 = 0\ncall bpf_ringbuf_discard\nout:";
/** Somewhere in the last 16 bytes of the stack, written before as `first`, there is `then`; the fourth byte indexes a value. */
const varying = (first: string, then: string): string =>
  `${first}\nr1 = r10\nr8 &= 7\nr1 += -16\nr1 += r8\n*(u8 *)(r1 + 0) = ${then}\nr2 = *(u8 *)(r10 - 13)\nr7 += r2\nr0 = *(u8 *)(r7 + 15)`;

const edges: readonly Edge[] = [
  ["an acquiring load from the context", "w1 = load_acquire((u32 *)(r6 + 0))", "BPF_ATOMIC loads from R6 ctx"],
  [
    "an acquiring load from nowhere in the context",
    "w1 = load_acquire((u32 *)(r6 + 2000))",
    "invalid bpf_context access",
  ],
  ["an acquiring load from the packet", `${packet}w1 = load_acquire((u32 *)(r2 + 0))`, "BPF_ATOMIC loads from R2 pkt"],
  [
    "an acquiring load from a socket",
    "r1 = *(u64 *)(r6 + 168)\nif r1 == 0 goto +1\nw2 = load_acquire((u32 *)(r1 + 4))",
    "BPF_ATOMIC loads from R1 sock_common",
  ],
  ["a releasing store into the context", "store_release((u32 *)(r6 + 48), w8)", "BPF_ATOMIC stores into R6 ctx"],
  ["a releasing store into the packet", `${packet}store_release((u32 *)(r2 + 0), w8)`, "BPF_ATOMIC stores into R2 pkt"],
  [
    "an acquiring load from a map that may only be read",
    "r1 = map_value[constant] ll\nw2 = load_acquire((u32 *)(r1 + 0))",
    null,
  ],
  ["an acquiring load past the end", "w2 = load_acquire((u32 *)(r7 + 16))", "R7 min value is outside"],
  [
    "an acquiring load at an offset that varies",
    "*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\nr1 = r10\nr8 &= 8\nr1 += -16\nr1 += r8\nr2 = load_acquire((u64 *)(r1 + 0))",
    null,
  ],
  [
    "a fetching operation at an offset that varies",
    "*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\nr1 = r10\nr8 &= 8\nr1 += -16\nr1 += r8\nr2 = 1\nr2 = atomic_fetch_add((u64 *)(r1 + 0), r2)",
    "variable offset stack pointer cannot be passed into helper function",
  ],
  [
    "a fetching operation into its own pointer",
    "r7 = atomic_fetch_add((u64 *)(r7 + 0), r7)",
    "misaligned access off (0x0;",
  ],
  ["an operation with its own pointer", "lock *(u64 *)(r7 + 0) += r7", null],
  [
    "an operation on a map that may only be read",
    "r1 = map_value[constant] ll\nlock *(u64 *)(r1 + 0) += r8",
    "write into map forbidden",
  ],
  [
    "an operation past the end of a map that may only be read",
    "r1 = map_value[constant] ll\nlock *(u64 *)(r1 + 16) += r8",
    "R1 min value is outside of the allowed memory range",
  ],
  [
    "an operation on a number",
    "lock *(u64 *)(r8 + 0) += r8",
    "misaligned access off (0x0; 0xffffffffffffffff)+0+0 size 8",
  ],
  ["an operation on a known number", "r1 = 8\nlock *(u64 *)(r1 + 0) += r8", "R1 invalid mem access 'scalar'"],
  [
    "an operation on what may be a socket",
    `${fullSocket}r1 = 1\nw1 = atomic_fetch_add((u32 *)(r0 + 0), w1)`,
    "R0 invalid mem access 'sock_or_null'",
  ],
  [
    "a map itself, updated",
    "r1 = ring ll\nw2 = 0\nlock *(u32 *)(r1 + 64) += w2",
    "only read from bpf_ringbuf_map is supported",
  ],
  [
    "a map itself, where a pointer is, updated",
    "r1 = ring ll\nlock *(u32 *)(r1 + 40) += w8",
    "cannot access ptr member ops",
  ],
  [
    "no bytes behind the stack",
    "r1 = r10\nr2 = 0\nr3 = 0\nr4 = 0\nr5 = 0\ncall bpf_csum_diff",
    "invalid read from stack R1 off=0 size=0",
  ],
  [
    "two records as arguments of a call",
    `${record}r1 = r9\nr2 = 8\nr3 = r9\nr4 = 8\nr5 = 0\ncall bpf_csum_diff\n${giveBack}`,
    "more than one arg with ref_obj_id R3",
  ],
  [
    "one record as an argument of a call",
    `${record}r1 = r9\nr2 = 8\nr3 = r7\nr4 = 8\nr5 = 0\ncall bpf_csum_diff\n${giveBack}`,
    null,
  ],
  [
    "no common bit with a constant on the left",
    "r1 = 8\nr8 &= 4\nr8 += 1\nif r1 & r8 goto +1\ngoto +1\nr0 = *(u8 *)(r8 + 0)",
    null,
  ],
  ["zero over zeroes", varying("*(u64 *)(r10 - 16) = 0\n*(u8 *)(r10 - 13) = 0", "0"), null],
  ["zero over a spilled zero", varying("*(u64 *)(r10 - 16) = 0", "0"), null],
  ["zero over any number", varying("r2 = *(u64 *)(r7 + 8)\n*(u64 *)(r10 - 16) = r2", "0"), "R7 max value is outside"],
  ["one over zeroes", varying("*(u64 *)(r10 - 16) = 0\n*(u8 *)(r10 - 13) = 0", "1"), "R7 max value is outside"],
  ["a register over zeroes", varying("*(u64 *)(r10 - 16) = 0\nr9 = *(u64 *)(r7 + 8)", "r9"), "R7 max value is outside"],
  ["a compare and exchange with nothing to compare with", "r1 = 1\nr0 = cmpxchg_64(r7 + 0, r0, r1)", "R0 !read_ok"],
  ["a number without a copy, moved far", "r8 += 0x20000000\nif r8 > 8 goto +2\nr7 += r8\nr0 = *(u8 *)(r7 + 7)", null],
  [
    "a number with a copy, moved far",
    "r1 = r8\nr8 += 0x20000000\nif r8 > 8 goto +2\nr7 += r8\nr0 = *(u8 *)(r7 + 7)",
    "map_value pointer offset 536870912 is not allowed",
  ],
  [
    "a register that is 0 on the first way only, over zeroes",
    `*(u64 *)(r10 - 16) = 0\nr9 = 5\nr1 = *(u64 *)(r7 + 8)\nif r1 == 0 goto join\nr9 = 0\njoin: ${varying("r2 = 0", "r9")}`,
    "R7 max value is outside",
  ],
  [
    "the context or a map's value",
    "r1 = r6\nif r8 == 0 goto +1\nr1 = r7\nr0 = *(u32 *)(r1 + 0)",
    "same insn cannot be used",
  ],
  [
    "a map's value or the context",
    "r1 = r7\nif r8 == 0 goto +1\nr1 = r6\nr0 = *(u32 *)(r1 + 0)",
    "same insn cannot be used",
  ],
  [
    "a map's value or the stack",
    "*(u64 *)(r10 - 8) = 0\nr1 = r7\nif r8 == 0 goto +2\nr1 = r10\nr1 += -8\nr0 = *(u32 *)(r1 + 0)",
    null,
  ],
  [
    "the packet, farther than packets are long",
    "r1 = *(u32 *)(r6 + 76)\nr2 = *(u32 *)(r6 + 80)\nif r8 > 0x20000000 goto out\nr1 += r8\nr3 = r1\nr3 += 8\nif r3 > r2 goto out\nr0 = *(u8 *)(r1 + 0)\nout:",
    "R1 offset is outside of the packet",
  ],
  [
    "the packet, as far as packets are long",
    "r1 = *(u32 *)(r6 + 76)\nr2 = *(u32 *)(r6 + 80)\nif r8 > 65527 goto out\nr1 += r8\nr3 = r1\nr3 += 8\nif r3 > r2 goto out\nr0 = *(u8 *)(r1 + 0)\nout:",
    null,
  ],
  [
    "the packet, one byte farther",
    "r1 = *(u32 *)(r6 + 76)\nr2 = *(u32 *)(r6 + 80)\nif r8 > 65528 goto out\nr1 += r8\nr3 = r1\nr3 += 8\nif r3 > r2 goto out\nr0 = *(u8 *)(r1 + 0)\nout:",
    "R1 offset is outside of the packet",
  ],
  ["a number and a pointer, in 32 bits", "w8 += w7", "R8 32-bit pointer arithmetic prohibited"],
  ["a pointer divided as signed", "r8 &= 7\nr7 s/= r8", "R7 pointer arithmetic with /= operator prohibited"],
  ["the remainder of two pointers as signed", "r7 s%= r6", "R7 pointer %= pointer prohibited"],
  [
    "a difference of pointers in 32 bits, added to one",
    "r1 = r7\nw1 -= w6\nr7 += r1",
    "register with unbounded min value",
  ],
];

heldToLinux("single instructions", head, edges);

const SEED = 1201;
const PROGRAMS = 400;

/** The kernel's line without its numbers; one of them has no newline. */
const shape = (line = ""): string => line.replace(/verification time.*/, "").replace(/-?\b(0x[0-9a-f]+|\d+)\b/g, "N");

describe.skipIf(!kernelThere).each([true, false])("single instructions, privileged: %s", (privileged) => {
  it(`of ${PROGRAMS} random programs are judged as the kernel does, seed ${SEED}`, () => {
    const random = randomFrom(SEED);
    const different: string[] = [];
    const messages: string[] = [];
    for (let at = 0; at < PROGRAMS; at++) {
      const made = assemble(stepProgram(random));
      if (!made.ok) throw new Error(made.diagnostics[0]?.text);
      const ours = verify(made.value, { privileged });
      const theirs = judge(theKernel(), made.value, { unprivileged: !privileged });
      const text = `${ours.verdict === "accepted" ? "" : ours.kernelMessage}, the kernel: ${theirs.message}\n${disassemble(made.value)}`;
      if ((ours.verdict === "accepted") !== (theirs.verdict === "accept")) different.push(text);
      else if (ours.verdict === "rejected" && shape(ours.kernelMessage.split("\n").at(-1)) !== shape(theirs.message)) {
        messages.push(text);
      }
    }
    expect(different).toEqual([]);
    expect(messages).toEqual([]);
  });
});
