// Programs of two ways that part, differ in one thing and meet again, for tests of what one state stands for.
/** r6: the context; r7: a map's value of 16 bytes; r8, r9: any numbers. */
export const head = `.prog sched_cls
.rcu implicit
.map small, type=array, key=4, value=16, max=1
.map locked, type=hash, key=8, value=16, max=4, spin_lock=0
.map ring, type=ringbuf, max=4096
.map one, type=array, key=4, value=16, max=1, spin_lock=0
r6 = r1
r7 = map_value[small] ll
r8 = *(u64 *)(r7 + 0)
r9 = *(u64 *)(r7 + 8)
`;

/** Instructions and jumps enough for a state to be kept behind them, by Linux as well. */
export const long = `${"r6 = 1\n".repeat(8)}goto +0\ngoto +0\ngoto +0\n${"r6 = 1\n".repeat(8)}`;

export const ways = (first: string, second: string, then: string): string =>
  `if r8 == 0 goto other\n${first}\n${long}goto join\nother: ${second}\n${long}join: ${then}`;

/** Ends the program unless the condition holds. */
export const only = (
  condition: string,
  before = "",
): string => `if ${condition} goto +${2 + before.split("\n").length - 1}
${before}r0 = 0
exit
`;

export const iterator = (depth: number): string => `r1 = r10\nr1 += -${depth}\n`;

export const begin = (depth: number): string => `${iterator(depth)}r2 = 0\nr3 = 3\ncall bpf_iter_num_new\n`;

/** r7 is moved by a register, and used. */
export const moved = (reg: number): string => `r7 += r${reg}\nr1 = *(u8 *)(r7 + 0)\n`;

export const slot = (depth: number): string => `*(u64 *)(r10 - ${depth})`;

export const outside = "R7 min value is outside of the allowed memory range";
