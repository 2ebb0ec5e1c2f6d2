// Two ways that part, leave another number behind and meet again. The first stands for the second where nothing rested
// on the number; how far Linux walks tells whether something did.
import { type Edge, heldToLinux } from "../support/edges.ts";
import { begin, head, iterator, long, moved, only, outside, slot, ways } from "../support/two-ways.ts";

const [one, hundred] = [`${slot(8)} = 1`, `${slot(8)} = 100`];
/** The second byte of the first slot. */
const byte = "*(u8 *)(r10 - 7)";
/** The third way comes to where the second was, whose state rests on what the first found behind it. */
const threeWays = (third: number): string => `r9 = 1
r2 = *(u64 *)(r7 + 8)
if r8 == 0 goto second
${long}goto last
second: if r2 == 0 goto third
${long}goto before
third: r9 = ${third}
${long}before: ${long}last: ${moved(9)}`;
const last = "r0 = 0\nexit\n.func f\nf: r0 = r1\nr0 += 0\nexit\n.func last\nlast:";
/** A number on the stack that is another from some round on. */
const changing = (later: number): string => `${slot(40)} = 0
${begin(32)}next: ${iterator(32)}call bpf_iter_num_next
if r0 == 0 goto done
r1 = *(u64 *)(r7 + 8)
if r1 == 0 goto next
${slot(40)} = ${later}
goto next
done: ${iterator(32)}call bpf_iter_num_destroy
r3 = ${slot(40)}
${moved(3)}`;
const compared = "r2 = r9\nr2 &= 15\nr4 = 3\nr5 = 3\nr1 = r9\n";
const comparison = `${long}${only("r1 <= r2")}r7 += r1\nr0 = *(u8 *)(r7 + 0)\nr0 = r5\nr0 = r4`;
/** The same in a function, which has to find the map's value by itself. */
const within = (first: string, second: string, then: string): string =>
  `r7 = map_value[small] ll\nr8 = *(u64 *)(r7 + 0)\n${ways(first, second, then)}`;
const zeroElsewhere = (depth: number): string => `call f
call f
call g
r0 = 0
exit
.func f
f: *(u8 *)(r10 - ${depth - 7}) = 0
r0 = *(u8 *)(r10 - ${depth - 7})
exit
.func g
g: ${within(`*(u64 *)(r10 - ${depth}) = 1`, `*(u64 *)(r10 - ${depth}) = 2`, `r3 = 1\nr7 += r3\nr0 = *(u64 *)(r10 - ${depth})`)}`;

/** A round gives the slot a number, or uses what is in it. */
const usedLater = (number: number): string => `${slot(40)} = 0
${begin(32)}next: ${iterator(32)}call bpf_iter_num_next
if r0 == 0 goto done
r1 = *(u64 *)(r7 + 8)
if r1 == 0 goto use
${slot(40)} = ${number}
goto next
use: r3 = ${slot(40)}
r9 = r7
r9 += r3
r0 = *(u8 *)(r9 + 0)
goto next
done: ${iterator(32)}call bpf_iter_num_destroy`;

const edges: readonly Edge[] = [
  [
    "a number that a callback finds on its caller's stack",
    `${ways("r9 = 1", "r9 = 100", "")}*(u64 *)(r10 - 16) = r9
r1 = 1
r2 = within ll
r3 = r10
r3 += -16
r4 = 0
call bpf_loop
r0 = 0
exit
.func within
within: r3 = *(u64 *)(r2 + 0)
r1 = map_value[small] ll
r1 += r3
r0 = *(u8 *)(r1 + 0)`,
    "R1 min value is outside of the allowed memory range",
  ],
  [
    "a number that another is compared with, and copies of it",
    `${compared}${ways("r5 = r2", "r5 = r2", comparison)}`,
    null,
    80,
  ],
  [
    "a number that another is compared with, and a copy of it elsewhere",
    `${compared}${ways("r5 = r2", "r4 = r2", comparison)}`,
    null,
    102,
  ],
  ["what a function rests on, after another found a zero in such a slot", zeroElsewhere(8), null, 65],
  ["what a function rests on, after another found a zero in such a slot, far down", zeroElsewhere(264), null, 65],
  [
    "what a function does not rest on any more",
    `r1 = 0
r2 = 0
call f
r0 = 0
exit
.global f(scalar, scalar)
f: r7 = map_value[small] ll
r8 = *(u64 *)(r7 + 0)
${only("r1 <= 8")}r7 += r1
r0 = *(u8 *)(r7 + 0)
${ways("r1 = 1", "r1 = 2", "r3 = 1\nr7 += r3\nr0 = r1\nr0 = *(u8 *)(r7 + 0)")}`,
    null,
    65,
  ],
  [
    "what a function returns, where its caller's number counts",
    `call last
r6 = 1
call f
r7 += r6
r0 = *(u8 *)(r7 + 0)
r0 = 0
exit
.func f
f: ${within("r0 = 1", "r0 = 2", "")}exit
.func last
last:`,
    null,
    59,
  ],
  ["a smaller number, which counts", `r3 = r9\n${ways("r3 &= 15", "r3 &= 7", moved(3))}`, null, 52],
  ["a greater number, which counts", `r3 = r9\n${ways("r3 &= 7", "r3 &= 15", moved(3))}`, null, 55],
  [
    "a number in r0, where one in a slot counts",
    ways("r0 = 1", "r0 = 2", `${slot(8)} = 5\nr3 = ${slot(8)}\n${moved(3)}r3 = r0`),
    null,
    54,
  ],
  ["a number in a slot, which counts in r0", ways(one, hundred, `r0 = ${slot(8)}\n${moved(0)}`), outside],
  ["a number in a slot, acquired", ways(one, hundred, `r0 = load_acquire((u64 *)(r10 - 8))\n${moved(0)}`), outside],
  [
    "a number in a slot, where another counts",
    `r3 = 1\n${ways(one, hundred, `r0 = ${slot(8)}\n${moved(3)}`)}`,
    null,
    53,
  ],
  [
    "a number in a slot that is added to, where another counts",
    `r3 = 1\n${ways(one, hundred, `lock ${slot(8)} += r9\n${moved(3)}`)}`,
    null,
    53,
  ],
  [
    "an argument, where another counts",
    `r2 = 1\n${ways("r1 = 1", "r1 = 2", `call f\nr0 = 0\nexit\n.func f\nf: r7 = map_value[small] ll\n${moved(2)}`)}`,
    null,
    56,
  ],
  [
    "a number that a call keeps, where its result counts",
    `r1 = 1\n${ways("r9 = 1", "r9 = 2", `call f\n${moved(0)}r0 = r9\nr0 = 0\nexit\n.func f\nf: r0 = r1\nif r0 == 1 goto +1\nexit`)}`,
    null,
    58,
  ],
  [
    "a compare of numbers, where another counts",
    `r3 = 1\n${ways("r1 = 1", "r1 = 2", `${only("r9 > r1")}${moved(3)}`)}`,
    null,
    55,
  ],
  [
    "a slot that is written before it is read",
    ways(`${slot(8)} = r7`, one, `${slot(8)} = 3\n${long}r0 = ${slot(8)}`),
    null,
    70,
  ],
  [
    "a slot that is written before it is read, far down",
    ways(`${slot(264)} = r7`, `${slot(264)} = 1`, `${slot(264)} = 3\n${long}r0 = ${slot(264)}`),
    null,
    70,
  ],
  ["three ways, the third with another number", threeWays(100), outside, 113],
  ["three ways, the third with the same number", threeWays(1), null, 93],
  [
    "a zero in a number, which is read as one",
    ways(one, `${slot(8)} = 2`, `${byte} = 0\n${long}r1 = ${byte}`),
    null,
    70,
  ],
  [
    "a number that a function gives back",
    `call last\n${ways("r9 = 1", "r9 = 100", `r1 = r9\ncall f\n${moved(0)}${last}`)}`,
    outside,
    65,
  ],
  [
    "a number and what a function gives back",
    `call last\n${ways("r9 = 1", "r9 = 100", `r1 = 1\ncall f\nr9 += r0\n${moved(9)}${last}`)}`,
    outside,
    67,
  ],
  [
    "a number that is spilled, where another counts",
    `r3 = 1\n${ways("r9 = 1", "r9 = 2", `${slot(8)} = r9\n${moved(3)}r0 = ${slot(8)}`)}`,
    null,
    54,
  ],
  [
    "a number in a slot, where one in another slot counts",
    `r3 = 1\n${ways(`${slot(16)} = 1`, `${slot(16)} = 2`, `${slot(8)} = r3\nr3 = ${slot(8)}\n${moved(3)}r0 = ${slot(16)}`)}`,
    null,
    55,
  ],
  ["a number whose copy counts", ways("r9 = 1", "r9 = 100", `r3 = r9\n${moved(3)}`), outside, 54],
  [
    "a number whose copy does not count",
    `r3 = 1\n${ways("r9 = 1", "r9 = 2", `r0 = r9\n${moved(3)}r0 = r9`)}`,
    null,
    54,
  ],
  ["a number, then one with a copy", ways("r3 = r9\nr3 &= 15", "r3 = r9\nr3 &= 7\nr4 = r3", moved(3)), null, 54],
  ["a slot that a later round changes too far", changing(16), outside, 37],
  ["a slot that a later round changes", changing(15), null, 53],
  [
    "a number far down, which counts",
    ways(`${slot(264)} = 1`, `${slot(264)} = 100`, `r0 = ${slot(264)}\n${moved(0)}`),
    outside,
    54,
  ],
  ["a slot that a round changes before another uses it", usedLater(16), "register with unbounded min value"],
  ["a slot that stays as it was before another round uses it", usedLater(0), null, 35],
];

heldToLinux("relied edges", head, edges);
