// Which registers still matter: what an instruction reads keeps two states apart, what it writes makes them one. A
// register has something in it on the first way, and nothing, or nothing fit, on the second.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { judge } from "../../src/kernel/judge.ts";
import { verify } from "../../src/verifier/verify.ts";
import { type Edge, heldToLinux } from "../support/edges.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

/** r6: the context; r7: a map's value of 16 bytes; r8: any number. */
const head = `.prog sched_cls
.rcu implicit
.map small, type=array, key=4, value=16, max=1
r6 = r1
r7 = map_value[small] ll
r8 = *(u64 *)(r7 + 0)
`;

const unset = (first: string, use: string): string => `if r8 == 0 goto join\n${first}\njoin: ${use}`;
const other = (second: string, use: string): string =>
  `if r8 == 0 goto other\ngoto join\nother: ${second}\njoin: ${use}`;
const number = (use: string): Edge => [use, unset("r9 = 1", use), "R9 !read_ok"];
const address = (use: string): Edge => [use, unset("r9 = r7", use), "R9 !read_ok"];

/** All but one argument of a call that takes five. */
const store = "r1 = r6\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = 4\nr5 = 0\n";
const argument = (n: number): Edge => [
  `argument ${n} of a helper`,
  `*(u64 *)(r10 - 8) = 0\n${store}if r8 == 0 goto other\ngoto join
other: call bpf_get_prandom_u32\n${store.replace(new RegExp(`r${n} = .*\\n(r${n} \\+= .*\\n)?`), "")}
join: call bpf_skb_store_bytes`,
  `R${n} !read_ok`,
];
const handed = (n: number): Edge => [
  `argument ${n} of a function`,
  `r1 = 0\nr2 = 0\nr3 = 0\nr4 = 0\nr5 = 0\nif r8 == 0 goto other\ngoto join
other: call bpf_get_prandom_u32\n${[1, 2, 3, 4, 5].map((reg) => (reg === n ? "" : `r${reg} = 0\n`)).join("")}
join: call f\nr0 = 0\nexit\n.func f\nf: r0 = r${n}`,
  `R${n} !read_ok`,
];

const reads: readonly Edge[] = [
  number("r0 = r9"),
  number("r9 += 1"),
  number("r8 += r9"),
  number("r9 = -r9"),
  number("r9 = be16 r9"),
  number("r0 = (s8)r9"),
  address("r0 = *(u8 *)(r9 + 0)"),
  address("r0 = load_acquire((u64 *)(r9 + 0))"),
  address("*(u8 *)(r9 + 0) = 1"),
  address("*(u8 *)(r9 + 0) = r8"),
  number("*(u8 *)(r7 + 0) = r9"),
  address("store_release((u64 *)(r9 + 0), r8)"),
  number("store_release((u64 *)(r7 + 0), r9)"),
  address("lock *(u64 *)(r9 + 0) += r8"),
  number("lock *(u64 *)(r7 + 0) += r9"),
  number("r9 = atomic_fetch_add((u64 *)(r7 + 0), r9)"),
  address("r0 = 1\nr0 = cmpxchg_64(r9 + 0, r0, r8)"),
  number("r0 = 1\nr0 = cmpxchg_64(r7 + 0, r0, r9)"),
  ["what a cmpxchg compares with", unset("r0 = 1", "r0 = cmpxchg_64(r7 + 0, r0, r8)"), "R0 !read_ok"],
  number("if r9 == 0 goto +1\nr0 = 1"),
  number("if r8 == r9 goto +1\nr0 = 1"),
  number("r0 = *(u8 *)skb[r9]"),
  ["the context of a packet load", other("r6 = 5", "r0 = *(u8 *)skb[0]"), "R6 != pointer to skb"],
  ["what a program returns", unset("r0 = 1", "if r8 s> 5 goto +1\nexit"), "R0 !read_ok"],
  [
    "what is read where a jump goes",
    unset("r9 = 1", "goto on\nback: r0 = 0\nexit\non: if r8 == 5 goto back\nr0 = r9"),
    "R9 !read_ok",
  ],
  ...[1, 2, 3, 4, 5].flatMap((n) => [argument(n), handed(n)]),
  [
    "what a caller loaded last",
    `if r8 == 0 goto other
*(u64 *)(r10 - 8) = r7
goto join
other: *(u64 *)(r10 - 8) = 5
join: r9 = *(u64 *)(r10 - 8)
call f
r0 = *(u8 *)(r9 + 0)
r0 = 0
exit
.func f
f: r0 = 0`,
    "R9 invalid mem access 'scalar'",
  ],
  [
    "what the runs of a callback are all given",
    `if r8 == 0 goto other
*(u64 *)(r10 - 16) = 0
*(u64 *)(r10 - 8) = 1
r3 = r10
r3 += -16
goto join
other: *(u64 *)(r10 - 16) = 1
*(u64 *)(r10 - 8) = 0
r3 = r10
r3 += -8
join: r1 = 5
r2 = again ll
r4 = 0
call bpf_loop
r0 = 0
exit
.func again
again: r1 = *(u64 *)(r2 + 0)
if r1 != 0 goto second
*(u64 *)(r2 + 0) = 1
r2 = 0
goto end
second: r0 = *(u64 *)(r2 + 8)
end:`,
    "invalid read from stack",
  ],
];
heldToLinux("what is read", head, reads);

heldToLinux("what is read from the very first instruction on", ".prog socket_filter\n.rcu implicit\n", [
  [
    "a context that is overwritten in the first round",
    "again: r6 = r1\nr0 = *(u32 *)(r6 + 0)\nr1 = 5\nif r0 == 0 goto again",
    "R6 invalid mem access 'scalar'",
  ],
]);

/** Ten times a register has an address in it or a number before `use`, and is read behind it. */
const merged = (reg: string, use: string): string =>
  Array.from(
    { length: 10 },
    (_, n) => `call bpf_get_prandom_u32
if r0 == 0 goto other${n}
${reg} = r7
goto join${n}
other${n}: ${reg} = 5
join${n}: r2 = 1
r3 = 2
r4 = 3
r5 = 4
${use}
r2 = ${reg}`,
  ).join("\n");

/** Accepted, and walked no further than so many instructions, nor than Linux goes. */
function walkedWithin(most: number, body: string): void {
  const outcome = assemble(`${head}${body}\nr0 = 0\nexit`);
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  const ours = verify(outcome.value);
  expect(ours.verdict).toBe("accepted");
  expect(ours.statistics.instructions).toBeLessThanOrEqual(most);
  if (!kernelThere) return;
  const theirs = judge(theKernel(), outcome.value);
  expect(theirs.verdict).toBe("accept");
  expect(ours.statistics.instructions).toBeLessThanOrEqual(theirs.insnsProcessed ?? 0);
}

it("what a caller does not read any more keeps no states apart in what it calls", () => {
  walkedWithin(
    57,
    `if r8 == 0 goto other
r9 = r7
goto join
other: r9 = 5
join: r2 = r9
call f
r9 = 0
r0 = 0
exit
.func f
f: ${"r2 = 0\n".repeat(40)}`,
  );
});

it.each([
  ["r9", "r9 = 1"],
  ["r9", "r9 = r8"],
  ["r9", "r9 = *(u8 *)(r7 + 0)"],
  ["r9", "r9 = (s8)r8"],
  ["r9", "r9 = 5 ll"],
  ["r9", "r9 = load_acquire((u64 *)(r7 + 0))"],
  ["r0", "r0 = *(u8 *)skb[0]"],
  ["r0", "r0 = *(u8 *)skb[r8]"],
  ["r0", "call bpf_get_prandom_u32"],
  ["r9", "if r8 == 7 goto +0\nr9 = 1"],
])("a value of %s that is overwritten keeps no states apart: %s", (reg, use) => {
  // Ten times both ways, and no way twice.
  walkedWithin(200, merged(reg, use));
});
