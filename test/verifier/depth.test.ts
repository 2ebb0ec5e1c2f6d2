// How much stack functions that call one another use together, and how deep they nest.
import { type Edge, heldToLinux } from "../support/edges.ts";

const head = (type: string): string => `.prog ${type}
.rcu implicit
.map progs, type=prog_array, key=4, value=4, max=4
.map timers, type=array, key=4, value=16, max=1, timer=0
r6 = r1
`;

/** Functions that call one another, main first, each with a frame of so many bytes; the last does `last`. */
function frames(sizes: readonly number[], last = ""): string {
  const uses = (size: number): string => (size === 0 ? "" : `*(u64 *)(r10 - ${size}) = 0\n`);
  return sizes
    .map((size, at) => {
      const begin = at === 0 ? "" : `.func f${at}\nf${at}: r0 = 0\n`;
      return `${begin}${uses(size)}${at === sizes.length - 1 ? last : `call f${at + 1}\nr0 = 0\nexit\n`}`;
    })
    .join("");
}

const tailCall = "r1 = r6\nr2 = progs ll\nr3 = 0\ncall bpf_tail_call\n";
/** Where r1 is the context. */
const tailCallInside = "r2 = progs ll\nr3 = 0\ncall bpf_tail_call\n";
/** Something that calls a ninth function, if it is ever run. */
const deeper = (run: boolean): string =>
  `r1 = ${run ? 1 : 0}\nif r1 == 0 goto +1\ncall more\nr0 = 0\nexit\n.func more\nmore: r0 = 0`;

/** A timer's callback that uses so many bytes, in a program that uses others; `then` comes next, `last` in the callback. */
const timer = (own: number, callback: number, then = "", last = ""): string => `*(u64 *)(r10 - ${own}) = 0
*(u32 *)(r10 - 4) = 0
r1 = timers ll
r2 = r10
r2 += -4
call bpf_map_lookup_elem
if r0 == 0 goto out
r1 = r0
r2 = later ll
call bpf_timer_set_callback
${then}
out: r0 = 0
exit
.func later
later: *(u64 *)(r10 - ${callback}) = 0
${last}`;

/** A spill that Linux takes out of a frame of 256 bytes, beside what else is there. */
const spilled = (other: string): string => `*(u64 *)(r10 - 256) = 0
r1 = 7
*(u64 *)(r10 - 264) = r1
call bpf_get_smp_processor_id
r1 = *(u64 *)(r10 - 264)
${other}
call f
r0 = 0
exit
.func f
f: *(u64 *)(r10 - 256) = 0`;

const eight = Array.from({ length: 8 }, () => 64);
const edges: readonly Edge[] = [
  ["eight frames, together as large as may be", frames(eight), null],
  ["eight frames, together too large", frames([...eight.slice(1), 80]), "combined stack size of 8 calls is 528"],
  ["frames count in sixteens", frames([256, 248]), null],
  ["frames count in sixteens, too many of them", frames([248, 264]), "combined stack size of 2 calls is 528"],
  ["a ninth frame", frames(eight, deeper(true)), "the call stack of 9 frames is too deep"],
  ["a ninth frame that is never entered", frames(eight, deeper(false)), "the call stack of 8 frames is too deep !"],
  [
    "a ninth frame that is never entered, of a function that is elsewhere",
    `call more\n${frames(eight, deeper(false).replace("more: r0 = 0", "more: *(u64 *)(r10 - 16) = 0"))}`,
    "the call stack of 8 frames is too deep !",
  ],
  ["large frames", frames([512, 16]), "combined stack size of 2 calls is 528"],
  [
    "a function that runs after another",
    `call g\n${frames([256], "r0 = 0\nexit\n.func g\ng: *(u64 *)(r10 - 256) = 0")}`,
    null,
  ],
  ["a tail call below as little as may be", frames([240, 8], tailCallInside), null],
  [
    "a tail call below too much",
    frames([256, 8], tailCallInside),
    "tail_calls are not allowed when call stack of previous frames is 256 bytes. Too large",
  ],
  ["a tail call from a large frame", `${tailCall}*(u64 *)(r10 - 512) = 0`, null],
  [
    "a tail call behind a call",
    `${frames([256, 256]).replace("r0 = 0\nexit\n.func", `${tailCall}r0 = 0\nexit\n.func`)}`,
    null,
  ],
  ["a callback that runs later, on a stack of its own", timer(400, 200), null],
  [
    "a callback that runs later, called as well",
    timer(400, 200, "call later"),
    "combined stack size of 2 calls is 608",
  ],
  [
    "a callback that runs later and calls a function",
    timer(8, 400, "", "call g\nr0 = 0\nexit\n.func g\ng: *(u64 *)(r10 - 200) = 0"),
    "combined stack size of 2 calls is 608",
  ],
  ["a spill that is taken out", spilled(""), null],
  [
    "a spill that is taken out but for another use of its slot",
    spilled("*(u64 *)(r10 - 264) = 0"),
    "combined stack size of 2 calls is 528",
  ],
  [
    "a spill that is taken out, below something else",
    spilled("*(u64 *)(r10 - 272) = 0"),
    "combined stack size of 2 calls is 528",
  ],
];
heldToLinux("stack depth", head("sched_cls"), edges);

const owned: readonly Edge[] = [
  ["eight frames, each as large as may be", frames(eight.map(() => 512)), null],
  ["a ninth frame that is never entered", frames(eight, deeper(false)), "the call stack of 8 frames is too deep !"],
  [
    "a function with a declared argument and one that it calls, each as large as may be",
    "r1 = 0\ncall f\nr0 = 0\nexit\n.global f(scalar)\nf: *(u64 *)(r10 - 512) = 0\ncall g\nr0 = 0\nexit\n.func g\ng: *(u64 *)(r10 - 512) = 0",
    null,
  ],
  [
    "large frames in a program with a tail call",
    frames([512, 16]).replace("r0 = 0\nexit\n.func", `${tailCall}r0 = 0\nexit\n.func`),
    "combined stack size of 2 calls is 528",
  ],
];
heldToLinux("stack depth of tracing programs", head("kprobe"), owned);
