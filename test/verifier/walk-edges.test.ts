// Two ways that part, differ in one thing and meet again. Where the first stands for the second, the second ends there;
// how far Linux walks tells whether it does.
import { type Edge, heldToLinux } from "../support/edges.ts";

/** r6: the context; r7: a map's value of 16 bytes; r8, r9: any numbers. */
const head = `.prog sched_cls
.rcu implicit
.map small, type=array, key=4, value=16, max=1
.map locked, type=hash, key=8, value=16, max=4, spin_lock=0
.map ring, type=ringbuf, max=4096
r6 = r1
r7 = map_value[small] ll
r8 = *(u64 *)(r7 + 0)
r9 = *(u64 *)(r7 + 8)
`;
/** Instructions and jumps enough for a state to be kept behind them, by Linux as well. */
const long = `${"r6 = 1\n".repeat(8)}goto +0\ngoto +0\ngoto +0\n${"r6 = 1\n".repeat(8)}`;
const ways = (first: string, second: string, then: string): string =>
  `if r8 == 0 goto other\n${first}\n${long}goto join\nother: ${second}\n${long}join: ${then}`;
/** Ends the program unless the condition holds. */
const only = (condition: string, before = ""): string => `if ${condition} goto +${before === "" ? 2 : 5}
${before}r0 = 0
exit
`;

const iterator = (depth: number): string => `r1 = r10\nr1 += -${depth}\n`;
const begin = (depth: number): string => `${iterator(depth)}r2 = 0\nr3 = 3\ncall bpf_iter_num_new\n`;
const finish = (depth: number): string => `${iterator(depth)}${long}call bpf_iter_num_destroy\n`;
const [twoHeld, swapped] = [begin(16) + begin(32), begin(32) + begin(16)];
const packet = "r1 = *(u32 *)(r6 + 76)\nr2 = *(u32 *)(r6 + 80)\n";
const beforePacket = "r1 = *(u32 *)(r6 + 140)\nr2 = *(u32 *)(r6 + 76)\n";
const proven = (first: number, second: number): string => {
  const reach = (bytes: number): string => `r3 = r1\nr3 += ${bytes}\n${only("r3 <= r2")}`;
  return ways(reach(first), reach(second), "r0 = *(u8 *)(r1 + 3)");
};
const reserve = (size = 8): string => `r1 = ring ll\nr2 = ${size}\nr3 = 0\ncall bpf_ringbuf_reserve\n`;
const discard = (reg: number): string => `r1 = r${reg}\nr2 = 0\ncall bpf_ringbuf_discard\n`;
const record = (first: number, second: number): string =>
  ways(
    reserve(first),
    reserve(second),
    `${only("r0 != 0")}*(u8 *)(r0 + 7) = 1\nr1 = r0\nr2 = 0\n${long}call bpf_ringbuf_discard`,
  );
const dynptr = "r1 = r7\nr2 = 16\nr3 = 0\nr4 = r10\nr4 += -16\ncall bpf_dynptr_from_mem\n";
const slice = "r1 = r10\nr1 += -16\nr2 = 0\nr3 = 4\ncall bpf_dynptr_data\n";
const element = (reg: number): string =>
  `*(u64 *)(r10 - 8) = 0\nr2 = r10\nr2 += -8\nr1 = locked ll\ncall bpf_map_lookup_elem\n${only("r0 != 0")}r${reg} = r0\n`;
/** Two numbers below 16, each in two places. */
const copies = "r1 = r8\nr1 &= 15\nr2 = r1\nr3 = r9\nr3 &= 15\nr4 = r3\n";
const copyUsed = `${only("r1 <= 3")}r7 += r5\nr0 = *(u8 *)(r7 + 12)`;
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

const edges: readonly Edge[] = [
  ["two that are held, in the same order", ways(twoHeld, twoHeld, finish(16) + finish(32)), null, 111],
  ["two that are held, in another order", ways(twoHeld, swapped, finish(16) + finish(32)), null, 133],
  ["as much of the packet", packet + proven(4, 4), null, 60],
  ["more of the packet", packet + proven(4, 8), null, 60],
  ["less of the packet", packet + proven(8, 4), null, 62],
  ["as much of the data before the packet", beforePacket + proven(4, 4), null, 60],
  ["more of the data before the packet", beforePacket + proven(4, 8), null, 60],
  ["less of the data before the packet", beforePacket + proven(8, 4), null, 62],
  ["a record as large", record(8, 8), null, 81],
  ["a larger record", record(8, 16), null, 107],
  ["a smaller record", record(16, 8), null, 107],
  ["a dynptr on both ways", ways(dynptr, dynptr, slice), null, 64],
  [
    "a dynptr, then a number",
    ways(dynptr, "*(u64 *)(r10 - 8) = r8\n*(u64 *)(r10 - 16) = r8", slice),
    "Expected an initialized dynptr",
    64,
  ],
  ["a copy of one number on both ways", copies + ways("r5 = r2", "r5 = r2", copyUsed), null, 60],
  [
    "a copy of one number, then of another",
    copies + ways("r5 = r2", "r5 = r4", copyUsed),
    "R7 max value is outside of the allowed memory range",
    64,
  ],
  [
    "the lock of one element, then of another",
    `${element(8)}${element(9)}r1 = *(u64 *)(r7 + 0)
if r1 == 0 goto other
r9 = r8
${long}goto join
other: ${long}join: r1 = r8
call bpf_spin_lock
r1 = r9
call bpf_spin_unlock`,
    "bpf_spin_unlock of different lock",
  ],
  [
    "two that are held, then one of them twice",
    `${reserve()}${only("r0 != 0")}r8 = r0
${reserve()}${only("r0 != 0", discard(8))}r9 = r0
r1 = *(u64 *)(r7 + 0)
if r1 == 0 goto other
${discard(8)}${reserve()}${only("r0 != 0", discard(9))}r8 = r0
${long}goto join
other: r8 = r9
${long}join: ${discard(9)}${discard(8)}`,
    "R1 type=scalar expected=ringbuf_mem",
  ],
  [
    "a function called from here, then from there",
    `if r8 == 0 goto other\ncall f\ngoto done\nother: call f\nr0 = *(u8 *)(r0 + 0)\ndone: r0 = 0\nexit\n.func f\nf: ${long}r0 = 1`,
    "R0 invalid mem access 'scalar'",
  ],
  [
    "a byte that is 0 from the second round on",
    `*(u8 *)(r10 - 7) = r9\n${long}again: r1 = *(u8 *)(r10 - 7)\n*(u8 *)(r10 - 7) = 0\n${long}if r1 == 0 goto out\ngoto again\nout:`,
    null,
  ],
  [
    // Their marks are the same.
    "a slot that is a certain number from the second round on",
    `*(u64 *)(r10 - 16) = 0\n${long}again: r1 = *(u64 *)(r10 - 8)\n*(u64 *)(r10 - 8) = 0xffff\n${long}if r1 == 0xffff goto out\ngoto again\nout:`,
    null,
  ],
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
];

heldToLinux("walk edges", head, edges);
