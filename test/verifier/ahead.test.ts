// What a processor does ahead of a check is walked, too, without privilege, as far as it does no harm: how far is told by
// how much is walked.
import { type Edge, heldToLinux } from "../support/edges.ts";

const head = `.prog socket_filter
.rcu implicit
.map small, type=array, key=4, value=16, max=1
r6 = r1
r7 = map_value[small] ll
r8 = *(u64 *)(r7 + 0)
`;

/** What only a processor does that guesses wrongly, and four instructions that it comes to where it need not wait. */
const ahead = (body: string): string => `r1 = 1\nif r1 == 1 goto done\n${body}\nr2 = 3\nr2 = 4\nr0 = 0\nexit\ndone:`;

const edges: readonly Edge[] = [
  ["a number", ahead("r2 = 2"), null, 12],
  [
    "a compare that leaks a pointer on its left: the jump is walked all the same",
    ahead("if r7 > r8 goto there\nr2 = 1\nr0 = 0\nexit\nthere: r2 = 3\nr2 = 4"),
    null,
    14,
  ],
  [
    "a compare that leaks a pointer on its right",
    ahead("if r8 > r7 goto there\nr2 = 1\nr0 = 0\nexit\nthere: r2 = 3\nr2 = 4"),
    null,
    8,
  ],
  ["a compare of two pointers", ahead("if r7 > r6 goto there\nr2 = 1\nr0 = 0\nexit\nthere: r2 = 3\nr2 = 4"), null, 8],
  [
    "a compare of a pointer with a constant",
    ahead("if r7 > 5 goto there\nr2 = 1\nr0 = 0\nexit\nthere: r2 = 3\nr2 = 4"),
    null,
    14,
  ],
  ["a null test", ahead("if r7 == 0 goto there\nr2 = 1\nr0 = 0\nexit\nthere: r2 = 3\nr2 = 4"), null, 17],
  [
    "a null test by a register",
    ahead("r3 = 0\nif r7 == r3 goto there\nr2 = 1\nr0 = 0\nexit\nthere: r2 = 3\nr2 = 4"),
    null,
    18,
  ],
  ["a number where nothing was written", ahead("*(u64 *)(r10 - 8) = 1"), null, 8],
  [
    "a number over a number's bytes",
    `*(u64 *)(r10 - 8) = r8\n*(u8 *)(r10 - 8) = 5\n${ahead("*(u64 *)(r10 - 8) = r8")}`,
    null,
    10,
  ],
  ["a number over a spilled number", `*(u64 *)(r10 - 8) = r8\n${ahead("*(u64 *)(r10 - 8) = r8")}`, null, 9],
  ["a number over a spilled zero", `*(u64 *)(r10 - 8) = 0\n${ahead("*(u64 *)(r10 - 8) = r8")}`, null, 9],
  ["a number over a spilled pointer", `*(u64 *)(r10 - 8) = r7\n${ahead("*(u64 *)(r10 - 8) = r8")}`, null, 9],
  ["a pointer over a number's bytes", `*(u64 *)(r10 - 8) = r8\n${ahead("*(u64 *)(r10 - 8) = r7")}`, null, 9],
  ["one byte over bytes", `*(u64 *)(r10 - 8) = r8\n*(u8 *)(r10 - 8) = 5\n${ahead("*(u8 *)(r10 - 4) = 1")}`, null, 14],
  [
    "half of a slot, over what was written there",
    `*(u32 *)(r10 - 8) = r8\n${ahead("*(u32 *)(r10 - 8) = r8")}`,
    null,
    9,
  ],
  ["half of a slot, beside what was written", `*(u32 *)(r10 - 8) = r8\n${ahead("*(u32 *)(r10 - 4) = r8")}`, null, 9],
  ["a read where nothing was written", ahead("r2 = *(u64 *)(r10 - 64)"), null, 8],
  ["a read through a number", ahead("r2 = *(u64 *)(r8 + 0)"), null, 8],
  ["a value, moved within", ahead("r8 &= 7\nr7 += r8\nr2 = *(u8 *)(r7 + 0)"), null, 19],
  ["a read of the context", ahead("r2 = *(u32 *)(r6 + 0)"), null, 12],
  ["a write to the context", ahead("*(u32 *)(r6 + 48) = 5"), null, 12],
  ["a call", ahead("call bpf_get_prandom_u32"), null, 12],
  ["a wrong call", ahead("r1 = r8\nr2 = r8\ncall bpf_map_lookup_elem"), null, 10],
  ["an atomic addition", ahead("r2 = 1\nlock *(u64 *)(r7 + 0) += r2"), null, 13],
  ["a map's value leaked", ahead("*(u64 *)(r7 + 0) = r6"), null, 8],
  [
    "a move that is masked on no way, because a processor waits there",
    `if r8 == 0 goto later
r1 = 1
if r1 == 1 goto on
r8 = r7
goto move
later: r8 = *(u64 *)(r7 + 8)
r8 &= 3
goto move
on: r8 &= 7
move: r7 += r8`,
    null,
    21,
  ],
  [
    "a load that a processor waits for on every way, because it does harm on one",
    `r1 = 1
if r1 == 1 goto first
r2 = r7
goto load
first: if r1 == 1 goto done
r2 = 5
load: r0 = *(u8 *)(r2 + 0)
r3 = 1
r3 = 2
r3 = 3
done:`,
    null,
    13,
  ],
  ["the same load twice", ahead("r3 = *(u8 *)(r7 + 3)\nr3 = *(u8 *)(r7 + 3)"), null, 13],
];

heldToLinux("ahead of a check", head, edges, false);
