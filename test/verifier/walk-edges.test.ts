// Two ways that part, differ in one thing and meet again. Where the first stands for the second, the second ends there;
// how far Linux walks tells whether it does.
import { type Edge, heldToLinux } from "../support/edges.ts";
import { begin, head, iterator, long, moved, only, outside, slot, ways } from "../support/two-ways.ts";

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
/** The second byte of the first slot. */
const byte = "*(u8 *)(r10 - 7)";
const halves = "*(u32 *)(r10 - 8) = r9\n*(u32 *)(r10 - 4) = r9";
const take = "r1 = 1\ncall bpf_task_from_pid\n";
const release = (reg: number): string => `r1 = r${reg}\ncall bpf_task_release\n`;
const lockOf = (reg: number): string => `r1 = r${reg}\ncall bpf_spin_lock\n`;
const lockFound = `*(u32 *)(r10 - 8) = r8
r2 = r10
r2 += -8
r1 = one ll
call bpf_map_lookup_elem
${only("r0 != 0")}r1 = r0
call bpf_spin_lock`;

/** A callback that adds 1 or 2, run twice; in the end the sum counts. */
const runs = (from: number): string => `*(u64 *)(r10 - 8) = 0
r1 = 2
r2 = run ll
r3 = r10
r3 += -8
r4 = 0
call bpf_loop
r1 = *(u64 *)(r10 - 8)
r7 += r1
r0 = *(u8 *)(r7 + ${from})
r0 = 0
exit
.func run
run: r9 = r2
r7 = map_value[small] ll
r8 = *(u64 *)(r7 + 0)
r1 = *(u64 *)(r9 + 0)
${ways("r1 += 1", "r1 += 2", "*(u64 *)(r9 + 0) = r1")}`;

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
    "a number, then a pointer",
    ways(`${slot(8)} = r9`, `${slot(8)} = r7`, `r1 = ${slot(8)}\nr1 *= 2`),
    "pointer arithmetic with *= operator prohibited",
  ],
  ["a number, then half of it", ways(`${slot(8)} = r9`, "*(u32 *)(r10 - 8) = r9", `r1 = ${slot(8)}`), null, 52],
  ["a number, then both halves by themselves", ways(`${slot(8)} = r9`, halves, `r1 = ${slot(8)}`), null, 51],
  [
    "a zero, then any byte",
    ways(`${byte} = 0`, `${byte} = r9`, `r1 = ${byte}\nr7 += r1\nr0 = *(u8 *)(r7 + 15)`),
    "R7 max value is outside",
  ],
  ["nothing, then any byte", ways("r1 = 0", `${byte} = r9`, `r1 = ${byte}`), null, 50],
  [
    "the packet, the second round with more of it proven",
    `${packet}r3 = r1\nr3 += 8\n${long}again: ${"r4 = 1\n".repeat(8)}if r3 > r2 goto out\ngoto again\nout:`,
    "infinite loop detected",
    48,
  ],
  [
    "the lock of one element, then that of another, given back as that of the first",
    `${element(8)}${element(9)}r1 = *(u64 *)(r7 + 0)\nif r1 == 0 goto other\n${lockOf(8)}${long}goto join\nother: ${lockOf(9)}${long}join: r1 = r8\ncall bpf_spin_unlock`,
    "bpf_spin_unlock of different lock",
    73,
  ],
  [
    "two tasks that are held, then one of them twice",
    `${take}${only("r0 != 0")}r8 = r0
${take}${only("r0 != 0", release(8))}r9 = r0
r1 = *(u64 *)(r7 + 0)
if r1 == 0 goto other
${release(8)}${take}${only("r0 != 0", release(9))}r8 = r0
${long}goto join
other: r8 = r9
${long}join: ${release(9)}${release(8)}`,
    "arg#0 pointer type STRUCT task_struct must point to",
    80,
  ],
  [
    "a function that calls itself",
    `call f\nr0 = 0\nexit\n.func f\nf: r7 = map_value[small] ll\nr8 = *(u64 *)(r7 + 0)\nif r8 == 0 goto deeper\n${long}r0 = 0\nexit\ndeeper: call f`,
    "is too deep",
    200,
  ],
  ["nothing held, then an iterator", ways("r1 = 0", begin(16), "r0 = 0"), "would lead to reference leak", 56],
  [
    "a lock of a map's only element, then of one that was found",
    `r9 = map_value[one] ll\n${ways("r1 = r9\ncall bpf_spin_lock", lockFound, "r1 = r9\ncall bpf_spin_unlock")}`,
    "bpf_spin_unlock of different lock",
    61,
  ],
  [
    "a number in a register, then a pointer",
    ways("r3 = r9", "r3 = r7", "r3 *= 2\nr0 = r3"),
    "pointer arithmetic with *= operator prohibited",
    51,
  ],
  [
    "a spilled byte, then eight",
    `r3 = 5\n${ways("*(u8 *)(r10 - 8) = r3", `${slot(8)} = r3`, `r1 = *(u8 *)(r10 - 8)\n${moved(1)}`)}`,
    null,
    53,
  ],
  [
    "eight spilled bytes, then one",
    `r3 = 5\n${ways(`${slot(8)} = r3`, "*(u8 *)(r10 - 8) = r3", `r1 = *(u8 *)(r10 - 8)\n${moved(1)}`)}`,
    null,
    57,
  ],
  ["a callback's last run, then one that is not", runs(12), outside, 201],
  ["a callback's last run, then one that is not, within the bounds", runs(11), null, 203],
  [
    "an argument that was never written, then a number",
    ways("r0 = 1", "r5 = 1", "call f\nr0 = 0\nexit\n.func f\nf:"),
    null,
    52,
  ],
  [
    "a number far down, then a pointer",
    ways(`${slot(264)} = r9`, `${slot(264)} = r7`, `r1 = ${slot(264)}\nr1 *= 2`),
    "pointer arithmetic with *= operator prohibited",
    52,
  ],
  [
    "a pointer, then a number",
    ways(`${slot(8)} = r7`, `${slot(8)} = r9`, `r1 = ${slot(8)}\nr0 = *(u8 *)(r1 + 0)`),
    "R1 invalid mem access 'scalar'",
    52,
  ],
  ["any byte, then a zero", ways(`${byte} = r9`, `${byte} = 0`, `r1 = ${byte}`), null, 50],
  [
    "any two bytes, then a number of two",
    ways(`*(u8 *)(r10 - 8) = r9\n${byte} = r9`, "*(u16 *)(r10 - 8) = 5", "r1 = *(u16 *)(r10 - 8)"),
    null,
    51,
  ],
  [
    "a slot that is not read, beside one that is",
    `${slot(8)} = 1\n${ways(`${slot(16)} = r7`, `${slot(16)} = r9`, `r0 = ${slot(8)}`)}`,
    null,
    51,
  ],
  [
    "a slot that is not read, beside one that is, far down",
    `${slot(264)} = 1\n${ways(`${slot(272)} = r7`, `${slot(272)} = r9`, `r0 = ${slot(264)}`)}`,
    null,
    51,
  ],
  ["nothing held, then a record that is lost", ways("r1 = 0", reserve(), "r0 = 0"), "would lead to reference leak", 55],
  [
    "a spilled byte, then another",
    ways("*(u8 *)(r10 - 8) = 1", "*(u8 *)(r10 - 8) = 2", "r1 = *(u8 *)(r10 - 8)"),
    null,
    50,
  ],
];

heldToLinux("walk edges", head, edges);

/** A pointer was moved by a number that varies. */
const moves = `goto +0\ngoto +0\nr3 = r9\nr3 &= 7\nr4 = r7\nr4 += r3\nr3 = r9\n${long}`;
const unprivileged: readonly Edge[] = [
  ["the same number", `${moves}${ways("r3 = 1", "r3 = 1", "r0 = r3")}`, null, 87],
  ["another number", `${moves}${ways("r3 = 1", "r3 = 2", "r0 = r3")}`, null, 89],
  ["a smaller number", `${moves}${ways("r3 &= 15", "r3 &= 7", "r0 = r3")}`, null, 89],
];
heldToLinux(
  "walk edges without privilege",
  head.replace("sched_cls", "socket_filter").replace(/.map (locked|ring|one).*\n/g, ""),
  unprivileged,
  false,
);
