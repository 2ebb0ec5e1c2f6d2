// The last thing that each rule allows and the first that it does not, with Linux's line for it; where the running
// kernel answers, it is asked as well.
import { type Edge, heldToLinux } from "../support/edges.ts";

/** r6: the context; r7: a map's value of 16 bytes; r8: any number. */
const head = `.prog sched_cls
.rcu implicit
.map small, type=array, key=4, value=16, max=1
.map keyed, type=hash, key=8, value=16, max=4
.map one, type=array, key=4, value=16, max=1, spin_lock=0
.map two, type=array, key=4, value=16, max=1, spin_lock=0
.map ring, type=ringbuf, max=4096
r6 = r1
r7 = map_value[small] ll
r8 = *(u64 *)(r7 + 0)
`;
const lookup = "*(u64 *)(r10 - 8) = 0\nr2 = r10\nr2 += -8\nr1 = keyed ll\ncall bpf_map_lookup_elem\n";
const dynptr = "r1 = r7\nr2 = 16\nr3 = 0\nr4 = r10\nr4 += -16\ncall bpf_dynptr_from_mem\n";
const stack = (most: string): string =>
  `if r8 > ${most} goto out\nr1 = r10\nr1 += -8\nr1 += r8\nr0 = *(u8 *)(r1 + 0)\nout:`;
const each = (access: string): string => `r1 = keyed ll
r2 = visit ll
r3 = 0
r4 = 0
call bpf_for_each_map_elem
r0 = 0
exit
.func visit
visit: ${access}`;

const packetUnless = (branch: string, off: number): string => `r1 = *(u32 *)(r6 + 76)
r2 = *(u32 *)(r6 + 80)
r3 = r1
r3 += 8
${branch}
r0 = *(u8 *)(r1 + ${off})
out:`;
const packet = (compare: string, off: number): string => packetUnless(`if ${compare} goto out`, off);
const packetThere = (compare: string, off: number): string => packetUnless(`if ${compare} goto +1\ngoto out`, off);
const zeroFirst = (compare: string): string => `if r8 == 0 goto other
r9 = 0
goto join
other: r9 = 5
join: ${compare}
r0 = 0
exit
r0 = *(u8 *)(r8 + 0)`;
const signed = (most: number): string =>
  `if r8 s> ${most} goto out\nif r8 s< -5 goto out\nr8 = (s8)r8\nr8 += 5\nr7 += r8\nr0 = *(u8 *)(r7 + 8)\nout:`;
const callback = (outer: number, inner: number): string => `*(u64 *)(r10 - ${outer}) = 0
r1 = 3
r2 = again ll
r3 = 0
r4 = 0
call bpf_loop
r0 = 0
exit
.func again
again: *(u64 *)(r10 - ${inner}) = 0`;
const late = (opening: string): string => `if r8 == 0 goto other
goto join
other: call ${opening}
join: r9 = 0`;

/** r4 is r1 and some bytes, r5 the data before the packet. */
const elsewhere = (through: string): string => `r1 = *(u32 *)(r6 + 76)
r2 = *(u32 *)(r6 + 80)
r5 = *(u32 *)(r6 + 140)
r8 &= 15
r4 = r1
r4 += r8
r3 = r1
r3 += 8
if r3 > r2 goto out
r0 = *(u8 *)(${through} + 0)
out:`;
/** A function that is given its caller's stack in r1 and a map's value in r2. */
const foreign = (access: string): string => `r1 = r10
r2 = r7
call inner
r0 = 0
exit
.func inner
inner: ${access}`;
/** A number that differs by the way, kept on the stack until it is added to a pointer. */
const spilled = (depth: number): string => `if r8 == 0 goto other
r9 = 0
goto join
other: r9 = 100
join: *(u64 *)(r10 - ${depth}) = r9
r9 = 0
r1 = *(u64 *)(r10 - ${depth})
r7 += r1
r0 = *(u8 *)(r7 + 0)`;

/** Five more than a number in 32 bits and in 64; what is found of one is no bound of the other. */
const sums = (bounded: string, used: string): string => `r8 = *(u32 *)(r7 + 0)
r1 = r8
w1 += 5
r2 = r8
r2 += 5
if ${bounded} > 10 goto +2
r7 += ${used}
r0 = *(u8 *)(r7 + 0)`;
/** Two records reserved in an order that differs by the way, as does a number. */
function swappedHolds(other: number): string {
  const reserve = (depth: number): string =>
    `r1 = ring ll\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\n*(u64 *)(r10 - ${depth}) = r0\n`;
  const discard = (depth: number): string =>
    `r1 = *(u64 *)(r10 - ${depth})\nif r1 == 0 goto +2\nr2 = 0\ncall bpf_ringbuf_discard\n`;
  return `if r8 == 0 goto other
${reserve(16)}${reserve(24)}r9 = 1
goto join
other: ${reserve(24)}${reserve(16)}r9 = ${other}
join: ${discard(16)}${discard(24)}r7 += r9
r0 = *(u8 *)(r7 + 0)`;
}

/** An iterator that has given out all on the first way, and nothing on the second; `use` has what it gives out then. */
const drained = (use: string): string => {
  const iterator = "r1 = r10\nr1 += -16\n";
  return `${iterator}r2 = 0
r3 = 10
call bpf_iter_num_new
if r8 == 0 goto join
more: ${iterator}call bpf_iter_num_next
if r0 != 0 goto more
join: ${iterator}call bpf_iter_num_next
if r0 == 0 goto done
${use}
done: ${iterator}call bpf_iter_num_destroy`;
};

const edges: readonly Edge[] = [
  ["a value before its start", "r8 &= 7\nr8 += -3\nr7 += r8\nr0 = *(u8 *)(r7 + 0)", "R7 min value is negative"],
  ["a value from its start", "r8 &= 7\nr7 += r8\nr0 = *(u8 *)(r7 + 0)", null],
  [
    "a value, perhaps back to its start",
    "r8 &= 7\nr8 += -3\nr7 += r8\nr0 = *(u8 *)(r7 + 3)",
    "R7 unbounded memory access",
  ],
  ["a value, its last byte", "r0 = *(u8 *)(r7 + 15)", null],
  ["a value, past its end", "r0 = *(u8 *)(r7 + 16)", "R7 min value is outside of the allowed memory range"],
  ["a value, past its end by as much as 1", "r8 &= 1\nr7 += r8\nr0 = *(u8 *)(r7 + 15)", "R7 max value is outside"],
  ["a value, up to its end", "r8 &= 1\nr7 += r8\nr0 = *(u8 *)(r7 + 14)", null],
  ["a value, before it", "r0 = *(u8 *)(r7 - 1)", "R7 min value is outside of the allowed memory range"],
  [
    "a value, without a bound",
    "if r8 > 0x20000000 goto +2\nr7 += r8\nr0 = *(u8 *)(r7 + 0)",
    "R7 unbounded memory access",
  ],
  ["a value, far", "if r8 > 0x1fffffff goto +2\nr7 += r8\nr0 = *(u8 *)(r7 + 0)", "R7 max value is outside"],
  ["a pointer moved by any number", "r7 += r8", "map_value pointer and register with unbounded min value"],
  ["a pointer moved too far", "r7 += 0x20000000", "math between map_value pointer and 536870912 is not allowed"],
  ["a pointer moved nearly too far", "r7 += 0x1fffffff", null],
  ["a pointer moved back too far", "r7 -= 0x20000000", "math between map_value pointer and 536870912 is not allowed"],
  ["a pointer moved back nearly too far", "r7 -= 0x1fffffff", null],
  [
    "a pointer moved too far in two steps",
    "r7 += 0x1fffffff\nr7 += 1",
    "map_value pointer offset 536870912 is not allowed",
  ],
  [
    "a pointer moved back by as much as is too far",
    "if r8 s> 0 goto +2\nif r8 s< 0xe0000000 goto +1\nr7 += r8",
    "value -536870912 makes map_value pointer be out of bounds",
  ],
  ["a pointer moved back by nearly as much", "if r8 s> 0 goto +2\nif r8 s< 0xe0000001 goto +1\nr7 += r8", null],
  ["a map, moved", "r1 = small ll\nr1 += 8", "R1 pointer arithmetic on map_ptr prohibited"],
  ["a map, moved by nothing", "r1 = small ll\nr1 += 0", null],
  ["a map, moved back by nothing", "r1 = small ll\nr1 -= 0", "R1 pointer arithmetic on map_ptr prohibited"],
  [
    "a map, moved by what may be nothing",
    "r1 = small ll\nr8 &= 1\nr1 += r8",
    "R1 pointer arithmetic on map_ptr prohibited",
  ],
  [
    "the packet's end, moved by nothing",
    "r1 = *(u32 *)(r6 + 80)\nr1 += 0",
    "R1 pointer arithmetic on pkt_end prohibited",
  ],
  ["the stack, without a bound", stack("0x20000000"), "invalid unbounded variable-offset read from stack R1"],
  ["the stack, far", stack("0x1fffffff"), "invalid variable-offset read from stack R1"],
  ["the stack, its last byte", stack("7"), null],
  ["the stack, past its last byte", stack("8"), "invalid variable-offset read from stack R1"],
  ["the stack, its first byte", "r0 = *(u8 *)(r10 - 512)", null],
  ["the stack, before its first byte", "r0 = *(u8 *)(r10 - 513)", "invalid read from stack R10 off=-513 size=1"],
  ["the stack, at its end", "r0 = *(u8 *)(r10 + 0)", "invalid read from stack R10 off=0 size=1"],
  ["what may be null, compared with 0", `${lookup}if r0 == 0 goto +1\nr0 = *(u8 *)(r0 + 0)`, null],
  ["what may be null, compared with 5", `${lookup}if r0 == 5 goto +1\nr0 = *(u8 *)(r0 + 0)`, "R0 invalid mem access"],
  ["what may be null, in 32 bits", `${lookup}if w0 == 0 goto +1\nr0 = *(u8 *)(r0 + 0)`, "R0 invalid mem access"],
  ["what is not null, in 32 bits", "if w7 != 0 goto +1\nr7 = *(u8 *)(r8 + 0)", null],
  [
    "what is not null, its low half like a number's",
    "r1 = *(u32 *)(r7 + 0)\nr1 <<= 32\nif w7 != w1 goto +1\nr7 = *(u8 *)(r8 + 0)",
    null,
  ],
  [
    "what is not null, like a number",
    "r1 = *(u32 *)(r7 + 0)\nr1 <<= 32\nif r7 != r1 goto +1\nr7 = *(u8 *)(r8 + 0)",
    "R8 invalid mem access",
  ],
  ["what may be null, in order", `${lookup}if r0 < 1 goto +1\nr0 = *(u8 *)(r0 + 0)`, "R0 invalid mem access"],
  ["what may be null, beside what is not", `${lookup}if r0 != r7 goto +1\nr0 = *(u8 *)(r0 + 0)`, null],
  [
    "what may be null, on the side where it is not equal",
    `${lookup}if r0 == r7 goto +1\nr0 = *(u8 *)(r0 + 0)`,
    "R0 invalid mem access",
  ],
  [
    "what may be null, like another that may be",
    `${lookup}r9 = r0\n${lookup}if r0 != r9 goto +1\nr0 = *(u8 *)(r0 + 0)`,
    "R0 invalid mem access 'map_value_or_null'",
  ],
  [
    "what may be null, like any number",
    `${lookup}if r0 != r8 goto +1\nr0 = *(u8 *)(r0 + 0)`,
    "R0 invalid mem access 'map_value_or_null'",
  ],
  ["a key, its last byte", each("r0 = *(u8 *)(r2 + 7)"), null],
  ["a key, past its end", each("r0 = *(u8 *)(r2 + 8)"), "R2 min value is outside of the allowed memory range"],
  ["a key, written", each("*(u8 *)(r2 + 0) = 0"), "write to change key R2 not allowed"],
  [
    "one byte of zero, and one of which nothing is known",
    "*(u8 *)(r10 - 16) = 0\nr1 = *(u16 *)(r10 - 16)\nr7 += r1\nr0 = *(u8 *)(r7 + 0)",
    "R7 max value is outside",
  ],
  ["two bytes of zero", "*(u16 *)(r10 - 14) = 0\nr1 = *(u16 *)(r10 - 14)\nr7 += r1\nr0 = *(u8 *)(r7 + 15)", null],
  ["one byte of zero", "*(u8 *)(r10 - 15) = 0\nr1 = *(u8 *)(r10 - 15)\nr7 += r1\nr0 = *(u8 *)(r7 + 15)", null],
  ["half a dynptr overwritten: the other half", `${dynptr}*(u64 *)(r10 - 16) = 0\nr1 = *(u64 *)(r10 - 8)`, null],
  ["half a dynptr overwritten: this half", `${dynptr}*(u64 *)(r10 - 8) = 0\nr1 = *(u64 *)(r10 - 16)`, null],
  ["half a dynptr read", `${dynptr}r1 = *(u64 *)(r10 - 8)`, "invalid read from stack off -8+0 size 8"],
  ["the packet, not past the end", packet("r3 > r2", 7), null],
  ["the packet, not past the end, one byte more", packet("r3 > r2", 8), "R1 offset is outside of the packet"],
  ["the packet, before the end", packet("r3 >= r2", 8), null],
  ["the packet, before the end, one byte more", packet("r3 >= r2", 9), "R1 offset is outside of the packet"],
  ["the packet, the end not before", packet("r2 < r3", 7), null],
  ["the packet, the end not before, one byte more", packet("r2 < r3", 8), "R1 offset is outside of the packet"],
  ["the packet, the end behind", packet("r2 <= r3", 8), null],
  ["the packet, the end behind, one byte more", packet("r2 <= r3", 9), "R1 offset is outside of the packet"],
  ["the packet, on the jump, before the end", packetThere("r3 < r2", 8), null],
  ["the packet, on the jump, before the end, one byte more", packetThere("r3 < r2", 9), "R1 offset is outside"],
  ["the packet, on the jump, not past the end", packetThere("r3 <= r2", 7), null],
  ["the packet, on the jump, not past the end, one byte more", packetThere("r3 <= r2", 8), "R1 offset is outside"],
  ["the packet, compared in 32 bits", packet("w3 > w2", 0), "R1 offset is outside of the packet"],
  ["the packet, compared with its start", packet("r1 < r3", 0), "R1 offset is outside of the packet"],
  ["the packet, compared as signed", packet("r3 s> r2", 0), "R1 offset is outside of the packet"],
  ["the packet, compared for equality", packet("r3 != r2", 0), "R1 offset is outside of the packet"],
  ["the packet, compared with a number", packet("r3 > 64", 0), "R1 offset is outside of the packet"],
  ["a 0 that a pointer is not, on the first way only", zeroFirst("if r7 == r9 goto +2"), "R8 invalid mem access"],
  ["a 0 that is no pointer, on the first way only", zeroFirst("if r9 == r7 goto +2"), "R8 invalid mem access"],
  ["a section begun on the second way only", late("bpf_rcu_read_lock"), "bpf_rcu_read_lock-ed region"],
  ["preemption off on the second way only", late("bpf_preempt_disable"), "bpf_preempt_disable-ed region"],
  [
    "a dynptr on the second way only",
    `*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\nif r8 == 0 goto other\ngoto join\nother: ${dynptr}join: r1 = *(u64 *)(r10 - 8)`,
    "invalid read from stack off -8+0 size 8",
  ],
  [
    "a dynptr on the first way only",
    `if r8 == 0 goto join\n${dynptr}join: r1 = r10\nr1 += -16\nr2 = 0\nr3 = 4\ncall bpf_dynptr_data`,
    "Expected an initialized dynptr",
  ],
  ["a jump into a 64-bit load", "if r8 == 0 goto +1\nr1 = 5 ll", "jump into the middle of ldimm64 insn"],
  [
    "a function that calls itself",
    "call f\nr0 = 0\nexit\n.func f\nf: r1 = 0\nif r1 == 0 goto +1\ncall f",
    "the call stack of 8 frames is too deep !",
  ],
  [
    "a lock that is not the one held, on one of two ways",
    `r9 = map_value[one] ll
r1 = r9
if r8 == 0 goto other
call bpf_spin_lock
goto join
other: r1 = map_value[two] ll
call bpf_spin_lock
join: r1 = r9
call bpf_spin_unlock`,
    "bpf_spin_unlock of different lock",
  ],
  [
    "a part of a number that is 0 on the first way only",
    "if r8 == 0 goto other\nr1 = 0\n*(u64 *)(r10 - 16) = r1\ngoto join\nother: r1 = 0x1000000000 ll\n*(u64 *)(r10 - 16) = r1\njoin: r1 = *(u8 *)(r10 - 12)\nr7 += r1\nr0 = *(u8 *)(r7 + 15)",
    "R7 max value is outside",
  ],
  ["a pointer masked", "r1 = r10\nr1 &= 7", "R1 bitwise operator &= on pointer prohibited"],
  ["a pointer with bits set", "r1 = r10\nr1 |= 7", "R1 bitwise operator |= on pointer prohibited"],
  ["a pointer multiplied", "r1 = r10\nr1 *= 2", "R1 pointer arithmetic with *= operator prohibited"],
  ["the packet, by another pointer into it", elsewhere("r4"), "R4 offset is outside of the packet"],
  ["the packet, by the pointer that was compared", elsewhere("r1"), null],
  ["the packet's data before it, where the packet is there", elsewhere("r5"), "R5 offset is outside of the packet"],
  ["a number far down the stack", spilled(256), "invalid access to map value"],
  ["a number one slot farther", spilled(264), "invalid access to map value"],
  [
    "a pointer to another frame's stack",
    foreign("*(u64 *)(r1 - 8) = r10"),
    "cannot spill pointers to stack into stack frame of the caller",
  ],
  ["a pointer to one's own stack", foreign("*(u64 *)(r10 - 8) = r10"), null],
  ["a map's pointer in another frame's stack", foreign("*(u64 *)(r1 - 8) = r2"), null],
  [
    "the low half of a pointer as a number",
    "w1 = w7\nr9 = r7\nr9 += r1\nr0 = *(u8 *)(r9 + 0)",
    "unbounded memory access",
  ],
  ["a number at the stack's end", spilled(512), "invalid access to map value"],
  [
    "a copy, farther from the other than 32 bits say",
    "r1 = r8\nr2 = 0x100000001 ll\nr1 += r2\nif r8 > 7 goto +3\nr7 += r1\nr0 = *(u8 *)(r7 + 0)",
    "map_value pointer and register with unbounded min value",
  ],
  ["a sum in 64 bits, after one in 32", sums("r1", "r2"), "R7 unbounded memory access"],
  ["a sum in 32 bits, after one in 64", sums("r2", "r1"), "R7 unbounded memory access"],
  [
    "the upper half of 32 bits fetched from the stack",
    "*(u64 *)(r10 - 8) = 0\nw1 = 3\nw1 = atomic_fetch_add((u32 *)(r10 - 8), w1)\nr1 >>= 32\nr7 += r1\nr0 = *(u8 *)(r7 + 15)",
    null,
  ],
  [
    "the packet, over and over",
    "r1 = *(u32 *)(r6 + 76)\nr2 = *(u32 *)(r6 + 80)\nr3 = r1\nr3 += 8\nif r3 > r2 goto out\nagain: r0 = *(u8 *)(r1 + 7)\nif r8 == 7 goto out\ngoto again\nout:",
    "infinite loop detected",
  ],
  [
    "two that are held, found in another order, by one way with too great a number",
    swappedHolds(40),
    "invalid access to map value",
  ],
  ["an iterator at its end on the first way only", drained("r0 = *(u8 *)(r8 + 0)"), "R8 invalid mem access 'scalar'"],
  ["an iterator at its end on the first way only, its element read", drained("r0 = *(u32 *)(r0 + 0)"), null],
  [
    "a number beside an iterator that is written over",
    "*(u64 *)(r10 - 16) = 5\nr1 = r10\nr1 += -8\nr2 = 0\nr3 = 3\ncall bpf_iter_num_new\n*(u64 *)(r10 - 8) = 0\nr1 = *(u64 *)(r10 - 16)\nr7 += r1\nr0 = *(u8 *)(r7 + 0)",
    "would lead to reference leak",
  ],
  ["a byte with its sign, where none is below 0", "r8 &= 7\nr8 = (s8)r8\nr7 += r8\nr0 = *(u8 *)(r7 + 8)", null],
  ["a byte with its sign, where all are below 0", signed(-1), null],
  ["a byte with its sign, where all but 0 are below it", signed(0), "R7 min value is negative"],
  ["a number multiplied by 0", "r1 = 0\nr8 *= r1\nr7 += r8\nr0 = *(u8 *)(r7 + 15)", null],
  ["frames of a program and its callback, together as large as may be", callback(400, 112), null],
  ["frames of a program and its callback, together too large", callback(400, 144), "combined stack size of 2 calls is"],
  ["a pointer's low byte with its sign", "r1 = (s8)r7\nr1 &= 7\nr7 += r1\nr0 = *(u8 *)(r7 + 8)", null],
  ["two that are held, found in another order", swappedHolds(1), null],
];

heldToLinux("edges", head, edges);
