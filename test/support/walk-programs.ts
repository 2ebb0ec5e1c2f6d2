// Random programs about the walk: two ways part, leave something different behind, meet again, and what is different is
// carried to where it counts or does not. The first way is nearly always right. Where the second ends, because the first
// seems to stand for it, decides the verdict; how far each is walked tells what was compared. Written as text, for most
// of it is calls. One file because what may differ, how it is carried and how it is used belong together.

import { Dice } from "./dice.ts";

const maps = `.map value, type=array, key=4, value=32, max=1
.map other, type=array, key=4, value=16, max=1
.map keyed, type=hash, key=4, value=32, max=4
.map one, type=array, key=4, value=16, max=1, spin_lock=0
.map two, type=array, key=4, value=16, max=1, spin_lock=0
.map log, type=ringbuf, max=4096
`;
/** Bytes of the value that r7 points to. */
const VALUE = 32;
/** How far down the stack numbers are kept: both halves of the sets of slots, their ends, and the last. */
const depths = [16, 24, 40, 64, 72, 248, 256, 264, 272, 320, 504, 512] as const;
/** Where iterators are, which no number may be written over. */
const iterators = [128, 192, 256 + 128, 256 + 192] as const;

class Writer extends Dice {
  readonly lines: string[] = [];
  readonly functions: string[] = [];
  /** How many functions deep the text is. */
  within = 0;
  private labels = 0;

  label(): string {
    return `l${this.labels++}`;
  }
  say(...lines: readonly string[]): void {
    this.lines.push(...lines);
  }
  /** A place for a number on the stack. */
  slot(): string {
    return `(r10 - ${this.pick(depths)})`;
  }

  /** Goes on or jumps, as chance will have it; r1 to r5 stay as they are, or do not. */
  coin(target: string, keeps = false): void {
    const n = this.below(3);
    const roll = this.random();
    if (roll < 0.4 && !keeps) this.say("call bpf_get_prandom_u32", `if r0 == ${n} goto ${target}`);
    else if (roll < 0.8) this.say("r0 = *(u32 *)(r6 + 0)", `if ${this.pick(["r0 > ", "w0 s< "])}${n} goto ${target}`);
    else this.say(`if r8 ${this.pick(["s>", "==", "&", "<"])} ${n + 1} goto ${target}`);
  }

  twoWays(first: () => void, second: () => void, keeps = false): void {
    const [other, join] = [this.label(), this.label()];
    this.coin(other, keeps);
    first();
    this.say(`goto ${join}`, `${other}:`);
    second();
    this.say(`${join}:`);
  }

  /** Ways that part and meet with nothing to show for it. */
  noise(): void {
    for (let at = this.below(3); at >= 0; at--) {
      const over = this.label();
      this.coin(over);
      this.say(this.pick(["r1 = 1", "r8 += 0", `*(u64 *)${this.slot()} = ${at}`, "r0 = 5 ll"]), `${over}:`);
    }
  }

  /** The text of a function; `body` speaks of its own registers and ends before the exit. */
  func(body: () => void): string {
    const name = `f${this.functions.length}x${this.labels++}`;
    const outside = this.lines.splice(0);
    this.within++;
    body();
    this.within--;
    this.functions.push([`.func ${name}`, `${name}:`, ...this.lines.splice(0), "exit"].join("\n"));
    this.lines.push(...outside);
    return name;
  }
}

/** What r9 holds gets away from it and comes back. */
const carriers: readonly ((w: Writer) => void)[] = [
  (w) => {
    const [slot, size] = [w.slot(), w.pick(["u64", "u64", "u64", "u32", "u16", "u8"])];
    w.say(`*(${size} *)${slot} = r9`, "r9 = 0");
    if (w.chance(0.5)) w.noise();
    w.say(`r9 = *(${w.chance(0.85) ? size : w.pick(["u8", "u16", "s8", "u32"])} *)${slot}`);
  },
  (w) => {
    const slot = w.slot();
    w.say(`*(u64 *)${slot} = r9`, "r9 = 77", "r1 = r10", `r1 += ${-Number(/\d+\)$/.exec(slot)?.[0].slice(0, -1))}`);
    w.say(w.pick(["r9 = load_acquire((u64 *)(r1 + 0))", "r9 = *(u64 *)(r1 + 0)", `r9 = load_acquire((u64 *)${slot})`]));
  },
  (w) => {
    const [slot, over] = [w.slot(), w.pick(["r9 = 1", "r1 = 5", "r2 = 0"])];
    const size = w.pick(["u64", "u32"]);
    const short = size === "u64" ? "64" : "32_32";
    w.say(`*(u64 *)${slot} = ${w.pick(["r9", "0", "r8"])}`, over);
    const [memory, bare] = [`(${size} *)${slot}`, slot.slice(1, -1)];
    const kind = w.below(4);
    if (kind === 0)
      w.say(
        `r9 = xchg${short === "64" ? "_64" : "32_32"}(${bare}, ${size === "u64" ? "r9" : "w9"})`.replace(
          "r9 = xchg32",
          "w9 = xchg32",
        ),
      );
    else if (kind === 1)
      w.say(
        size === "u64"
          ? `r9 = atomic_fetch_${w.pick(["add", "or", "and"])}(${memory}, r9)`
          : `w9 = atomic_fetch_add(${memory}, w9)`,
      );
    else if (kind === 2)
      w.say(
        "r0 = 0",
        size === "u64" ? `r0 = cmpxchg_64(${bare}, r0, r9)` : `w0 = cmpxchg32_32(${bare}, w0, w9)`,
        w.pick(["r9 = r0", "r0 = 0"]),
      );
    else w.say(`lock *${memory} ${w.pick(["+=", "|=", "&="])} ${size === "u64" ? "r9" : "w9"}`, `r9 = *${memory}`);
    w.say(w.pick(["r9 &= 15", "r9 &= 7", "r9 &= 31", "r9 >>= 32", "r9 = 3"]));
  },
  (w) => {
    const to = w.pick([1, 2, 3, 4, 5, 0]);
    w.say(w.pick([`r${to} = r9`, `w${to} = w9`, `r${to} = (s8)r9`, `r${to} = (s16)r9`, `r${to} = (s32)r9`]));
    if (w.chance(0.3)) w.say("r9 = 100");
    w.say(w.pick([`r9 = r${to}`, `w9 = w${to}`]));
  },
  (w) => w.say("r5 = 0", w.pick(["r5 += r9", "r5 |= r9", "w5 += w9"]), w.pick(["r9 = r5", "r9 &= r5"])),
  (w) =>
    w.say(w.pick(["r9 += 0", "r9 = -r9\nr9 = -r9", "r9 = be16 r9\nr9 = be16 r9", "w9 += 0", "r9 <<= 1\nr9 >>= 1"])),
  (w) => {
    // Into a function and out of it.
    const inner = w.func(() => {
      const slot = w.slot();
      const manner = w.below(5);
      if (manner === 0) w.say("r0 = r1");
      else if (manner === 1) w.say(`*(u64 *)${slot} = r1`, "r1 = 0", `r0 = *(u64 *)${slot}`);
      else if (manner === 2) w.say("r6 = r1", "r1 = 0", "call bpf_get_prandom_u32", "r0 = r6");
      else if (manner === 3) w.say("r9 = r2", "r0 = r1", "r9 += 1");
      else {
        const over = w.label();
        w.say(
          "r0 = r1",
          `if r2 > ${w.below(9)} goto ${over}`,
          `r0 ${w.pick(["&=", "+=", "|="])} ${w.below(3)}`,
          `${over}:`,
        );
      }
    });
    w.say("r1 = r9", `r2 = ${w.pick(["r8", "r9", "5"])}`, `call ${inner}`, w.pick(["r9 = r0", "r9 = r0", "r0 = 0"]));
  },
  (w) => {
    // A function that is told where.
    const depth = w.pick(depths);
    const inner = w.func(() => {
      const manner = w.below(4);
      if (manner === 0) w.say("r0 = *(u64 *)(r1 + 0)");
      else if (manner === 1) w.say("*(u64 *)(r1 + 0) = r2", "r0 = 0");
      else if (manner === 2) w.say("r3 = *(u64 *)(r1 + 0)", "*(u64 *)(r10 - 8) = r3", "r0 = *(u64 *)(r10 - 8)");
      else {
        const over = w.label();
        w.say("r0 = 0", `if r3 > ${w.below(9)} goto ${over}`, "*(u64 *)(r1 + 0) = r2", `${over}:`);
      }
    });
    w.say(`*(u64 *)(r10 - ${depth}) = r9`, "r1 = r10", `r1 += -${depth}`, `r2 = ${w.pick(["r9", "1"])}`, "r3 = r8");
    w.say(`call ${inner}`, w.pick(["r9 = r0", `r9 = *(u64 *)(r10 - ${depth})`]));
  },
  (w) => {
    // A callback that is given the place.
    const depth = w.pick(depths);
    const inner = w.func(() => {
      const manner = w.below(4);
      if (manner === 0) w.say("r3 = *(u64 *)(r2 + 0)", "r3 += 1", "*(u64 *)(r2 + 0) = r3");
      else if (manner === 1) w.say("r3 = *(u64 *)(r2 + 0)");
      else if (manner === 2) w.say(`*(u64 *)(r2 + 0) = ${w.below(20)}`);
      else w.say("r6 = r2", "call bpf_get_prandom_u32", "r0 &= 15", "*(u64 *)(r6 + 0) = r0");
      w.say(w.chance(0.8) ? "r0 = 0" : "r0 = 1");
    });
    w.say(
      `*(u64 *)(r10 - ${depth}) = r9`,
      `r1 = ${w.pick(["1", "2", "3", "r8"])}`,
      `r2 = ${inner} ll`,
      "r3 = r10",
      `r3 += -${depth}`,
    );
    w.say("r4 = 0", "call bpf_loop");
    if (w.chance(0.7)) w.say(`r9 = *(u64 *)(r10 - ${depth})`);
  },
  (w) => {
    const over = w.label();
    w.say(w.pick(["r4 = r9", "w4 = w9", "r4 = r9\nr4 += 3"]));
    w.say(w.pick([`if r4 > ${w.below(VALUE)} goto ${over}`, `if r4 == r9 goto ${over}`, `if r8 == r9 goto ${over}`]));
    w.say(w.pick(["r4 = 0", "r9 = 2", "r8 = 0"]), `${over}:`);
  },
  (w) => {
    // Such a load may end a function, and 6.18 does not know that when it goes back from where its caller relied on a
    // number: it takes the frames for others ("verifier bug: leftover stack slots"), and at worst the kernel faults.
    const loads = w.pick([`r0 = *(u8 *)skb[${w.below(20)}]`, "r1 = 1\nr0 = *(u16 *)skb[r1 + 2]"]);
    w.say(...(w.within === 0 ? [loads] : []), "r9 += 0");
  },
  (w) => w.noise(),
];

/** r9 is used as a number; `most` is the greatest that is right. */
const uses: readonly ((w: Writer) => void)[] = [
  (w) => w.say("r1 = r7", "r1 += r9", `r0 = *(u8 *)(r1 + ${w.pick([0, 0, 1, 8])})`),
  (w) => w.say("r1 = r7", "r1 += r9", "r0 = *(u8 *)(r1 + 0)"),
  (w) => w.say("r1 = r6", "r2 = 0", "r3 = r7", "r4 = r9", "call bpf_skb_load_bytes"),
  (w) => w.say("r1 = r6", `r2 = ${w.below(9)}`, "r3 = r10", "r3 += -64", "r4 = r9", "call bpf_skb_load_bytes"),
  (w) => {
    const right = w.label();
    w.say(
      `if r9 ${w.pick(["<", "<=", "s<", "!="])} ${VALUE} goto ${right}`,
      `r0 = *(u8 *)(r7 + ${VALUE})`,
      `${right}:`,
    );
  },
  (w) => w.say("r1 = r10", "r1 += -64", "r1 += r9", "r0 = *(u8 *)(r1 + 0)"),
  () => undefined,
  (w) => w.say("r8 = r9"),
];

/** A number that is another on the second way. */
function number(w: Writer): void {
  const [small, great] = [w.below(VALUE), w.chance(0.6) ? w.below(VALUE) : VALUE + w.below(9)];
  const kind = w.below(5);
  if (kind < 2)
    w.twoWays(
      () => w.say(`r9 = ${small}`),
      () => w.say(`r9 = ${great}`),
    );
  else if (kind === 2) {
    const [slot, size] = [w.slot(), w.pick(["u64", "u64", "u32", "u16", "u8"])];
    const by = w.chance(0.3) ? w.pick([`r8`]) : `${small}`;
    w.twoWays(
      () => w.say(`*(${size} *)${slot} = ${by === "r8" ? small : by}`),
      () => w.say(`*(${size} *)${slot} = ${by === "r8" ? "r8" : great}`),
    );
    if (w.chance(0.4)) w.noise();
    w.say(`r9 = *(${size} *)${slot}`);
  } else if (kind === 3) {
    // Linked on one way, or by another distance.
    w.say("r8 &= 63", "r9 = r8");
    w.twoWays(
      () => w.say(`r9 += ${w.below(3)}`),
      () => w.say(w.pick([`r9 += ${w.below(3)}`, "r9 = r0", "r9 &= 255", "w9 += 1", "r9 = r8"])),
    );
    if (w.chance(0.4)) w.noise();
    const right = w.label();
    w.say(`if r8 < ${w.pick([VALUE - 2, VALUE - 1, VALUE, 8])} goto ${right}`, "r9 = 0", `${right}:`);
  } else {
    w.say("r9 = *(u16 *)(r7 + 4)");
    const bound = (most: number): void => w.say(`if r9 > ${most} goto out`);
    w.twoWays(
      () => bound(small),
      () => (w.chance(0.8) ? bound(great) : undefined),
    );
  }
  for (let at = w.below(4); at > 0; at--) w.pick(carriers)(w);
  w.pick(uses)(w);
}

const lookup = (w: Writer, into: number, map = "keyed"): void => {
  w.say(`*(u32 *)(r10 - 4) = ${w.below(2)}`, "r2 = r10", "r2 += -4", `r1 = ${map} ll`, "call bpf_map_lookup_elem");
  w.say(`r${into} = r0`);
};

const call = (name: string): string => `call ${name}`;
/** What is begun, its end, and what does neither. */
const sections = [
  ["bpf_rcu_read_lock", "bpf_rcu_read_unlock"],
  ["bpf_preempt_disable", "bpf_preempt_enable"],
] as const;

/** Other things that two ways may leave different. */
const differences: readonly ((w: Writer) => void)[] = [
  (w) => {
    const lock = (map: string): void => w.say(`r1 = map_value[${map}] ll`, "r9 = r1", call("bpf_spin_lock"));
    w.twoWays(
      () => lock("one"),
      () => (w.chance(0.7) ? lock("one") : w.chance(0.6) ? lock("two") : w.say("r9 = map_value[one] ll")),
    );
    w.say(w.chance(0.8) ? "r1 = r9" : "r1 = map_value[one] ll", call("bpf_spin_unlock"));
  },
  (w) => {
    const [begin, end] = w.pick(sections);
    const [again, less] = [w.chance(0.3), w.chance(0.2)];
    w.twoWays(
      () => w.say(call(begin)),
      () => w.say(less ? "r0 = 0" : call(begin), ...(again ? [call(begin), w.chance(0.6) ? call(end) : "r1 = 0"] : [])),
    );
    if (w.chance(0.4)) w.noise();
    w.say(call(end));
  },
  (w) => {
    // What was reserved is given back, or there was nothing.
    const reserve = (): void => w.say("r1 = log ll", "r2 = 16", "r3 = 0", call("bpf_ringbuf_reserve"), "r9 = r0");
    w.twoWays(reserve, () => (w.chance(0.6) ? reserve() : w.say("r9 = 0")));
    const none = w.label();
    if (w.chance(0.3)) w.say(`*(u64 *)(r10 - 264) = r9`, "r9 = 0", `r9 = *(u64 *)(r10 - 264)`);
    w.say(`if r9 == 0 goto ${none}`);
    if (w.chance(0.3)) w.say(`*(u64 *)(r9 + ${w.pick([0, 8, 12])}) = 1`);
    if (w.chance(0.4)) w.noise();
    if (w.chance(0.9)) w.say("r1 = r9", "r2 = 0", call(w.pick(["bpf_ringbuf_submit", "bpf_ringbuf_discard"])));
    w.say(`${none}:`);
  },
  (w) => {
    // Two that are held, given back in either order.
    const reserve = (slot: number): void =>
      w.say("r1 = log ll", "r2 = 8", "r3 = 0", call("bpf_ringbuf_reserve"), `*(u64 *)(r10 - ${slot}) = r0`);
    const inOrder = (): void => {
      reserve(16);
      reserve(272);
    };
    w.twoWays(inOrder, () => {
      if (w.chance(0.5)) inOrder();
      else {
        reserve(272);
        reserve(16);
      }
    });
    const [a, b] = w.chance(0.5) ? [16, 272] : [272, 16];
    for (const slot of [a, w.chance(0.9) ? b : a]) {
      const none = w.label();
      w.say(
        `r1 = *(u64 *)(r10 - ${slot})`,
        `if r1 == 0 goto ${none}`,
        "r2 = 0",
        call("bpf_ringbuf_discard"),
        `${none}:`,
      );
      if (w.chance(0.3)) w.noise();
    }
  },
  (w) => {
    const at = w.pick(iterators);
    const place = [`r1 = r10`, `r1 += -${at}`];
    const begin = (): void => w.say(...place, "r2 = 0", "r3 = 3", call("bpf_iter_num_new"));
    const next = (): void => w.say(...place, call("bpf_iter_num_next"));
    const manner = w.below(3);
    if (manner === 0) w.twoWays(begin, () => (w.chance(0.8) ? begin() : w.say("r0 = 0")));
    else {
      begin();
      w.twoWays(next, () => (manner === 1 ? next() : w.say("r0 = 0")));
    }
    if (w.chance(0.3)) next();
    if (w.chance(0.2)) w.say(`r0 = *(u64 *)(r10 - ${at})`);
    if (w.chance(0.05)) w.say(`*(u64 *)(r10 - ${at - 8}) = 0`);
    w.say(...place, call("bpf_iter_num_destroy"));
  },
  (w) => {
    const check = (reach: number): void => w.say("r3 = r1", `r3 += ${reach}`, "if r3 > r2 goto out");
    w.say("r1 = *(u32 *)(r6 + 76)", "r2 = *(u32 *)(r6 + 80)");
    if (w.chance(0.3)) w.say("r4 = r8", "r4 &= 31", "r1 += r4");
    w.twoWays(
      () => check(8),
      () => check(w.pick([4, 8, 9, 12])),
      true,
    );
    if (w.chance(0.3)) w.say("r5 = r1", "r1 = 0", "r1 = r5");
    w.say(`r0 = *(u8 *)(r1 + ${w.pick([3, 7, 7, 8])})`);
  },
  (w) => {
    // Which of two is checked, and which is used.
    lookup(w, 9);
    lookup(w, 8);
    const slot = w.slot();
    if (w.chance(0.5)) w.say(`*(u64 *)${slot} = r9`);
    else w.say(`*(u64 *)${slot} = r8`);
    w.twoWays(
      () => w.say("r1 = r9"),
      () => w.say(w.pick(["r1 = r9", "r1 = r8", "r1 = r7"])),
      true,
    );
    w.say(
      "if r1 == 0 goto out",
      `r2 = ${w.pick(["r1", "r9", "r8"])}`,
      w.chance(0.3) ? `r2 = *(u64 *)${slot}` : "r0 = 0",
    );
    w.say(`r0 = *(u8 *)(r2 + 0)`, "r8 = 0");
  },
  (w) => {
    // A pointer here, another there.
    const pointers = [
      "r9 = r7",
      "r9 = r7\nr9 += 4",
      "r9 = map_value[other] ll",
      "r9 = r10\nr9 += -8",
      "r9 = r6",
      "r9 = 5",
      "r9 = r7\nr9 += 25",
    ];
    w.say("*(u64 *)(r10 - 8) = 0");
    const [a, b] = [w.pick(pointers.slice(0, 4)), w.pick(pointers)];
    w.twoWays(
      () => w.say(a),
      () => w.say(w.chance(0.5) ? a : b),
    );
    const slot = w.slot();
    if (w.chance(0.5))
      w.say(`*(u64 *)${slot} = r9`, "r9 = 0", ...(w.chance(0.2) ? [`*(u8 *)${slot} = 0`] : []), `r9 = *(u64 *)${slot}`);
    if (w.chance(0.8)) w.say(`r0 = *(u${w.pick([8, 64])} *)(r9 + 0)`);
    else w.say("r9 = 0");
  },
  (w) => {
    // Moved by a number that nobody knows, on one way by another.
    w.say("r1 = r8", "r1 &= 7", "r9 = r7", "r9 += r1");
    w.twoWays(
      () => w.say("r9 += 1"),
      () => w.say(w.pick(["r9 += 1", "r1 = r8\nr1 &= 15\nr9 += r1", "r9 += 18", "r9 = r7"])),
    );
    w.say(`r0 = *(u${w.pick([8, 16, 64])} *)(r9 + ${w.pick([0, 8, 16])})`);
  },
  (w) => {
    // Written or not, as bytes, a number, zeroes or a pointer.
    const depth = w.pick(depths);
    const write = (): string =>
      w.pick([
        `*(u64 *)(r10 - ${depth}) = 0`,
        `*(u64 *)(r10 - ${depth}) = r8`,
        `*(u32 *)(r10 - ${depth}) = 0`,
        `*(u8 *)(r10 - ${depth}) = 0`,
        `*(u16 *)(r10 - ${depth - 2}) = 0`,
        `*(u8 *)(r10 - ${depth - 7}) = r8`,
        `*(u32 *)(r10 - ${depth - 4}) = r8`,
        `*(u64 *)(r10 - ${depth}) = r7`,
        "r0 = 0",
      ]);
    const first = write();
    w.twoWays(
      () => w.say(first),
      () => w.say(w.chance(0.4) ? first : write()),
    );
    if (w.chance(0.3)) w.noise();
    const [size, at] = w.pick([
      ["u64", 0],
      ["u8", 0],
      ["u8", 7],
      ["u16", 2],
      ["u32", 4],
    ] as const);
    w.say(`r9 = *(${size} *)(r10 - ${depth - at})`, w.pick(["r9 &= 31", "r9 += 0", "r9 = 0", "if r9 > 31 goto out"]));
    w.pick(uses)(w);
  },
  (w) => {
    // A dynptr on both ways, or on one.
    const at = w.pick([144, 256 + 144]);
    const make = (): void =>
      w.say("r1 = r7", "r2 = 16", "r3 = 0", "r4 = r10", `r4 += -${at}`, call("bpf_dynptr_from_mem"));
    const first = w.chance(0.7);
    if (!first) make();
    w.twoWays(
      () => (first ? make() : w.say("r0 = 0")),
      () => (w.chance(0.7) ? (first ? make() : w.say("r0 = 1")) : w.say(`*(u64 *)(r10 - ${at}) = 0`)),
    );
    w.say(
      "r1 = r10",
      `r1 += -${at}`,
      "r2 = 0",
      `r3 = ${w.pick([4, 8])}`,
      call("bpf_dynptr_data"),
      "if r0 == 0 goto out",
    );
    w.say(`r0 = *(u8 *)(r0 + ${w.pick([0, 3, 4, 7])})`);
  },
  (w) => {
    // A register or a place that the second way leaves as it was.
    const target = w.pick(["r5", "r4", "r9"]);
    w.twoWays(
      () => w.say(`${target} = 1`),
      () => w.say(w.chance(0.6) ? `${target} = r8` : "r0 = 0"),
      true,
    );
    w.say(w.pick([`r0 = ${target}`, "r0 = 0", `${target} = 0`]));
  },
  (w) => {
    // What a caller holds while its function has two ways of its own.
    const inner = w.func(() => {
      w.say("r6 = r1", "r7 = r2", "r8 = r3");
      (w.chance(0.5) ? number : w.pick(differences))(w);
      w.say("out_inner:".replace("out_inner", "done"));
      w.say("r0 = 0");
    });
    const text = w.functions.pop() ?? "";
    const done = w.label();
    w.functions.push(text.replaceAll("goto out", `goto ${done}`).replace("done:", `${done}:`));
    const slot = w.slot();
    w.twoWays(
      () => w.say("r9 = 1", `*(u64 *)${slot} = 2`),
      () => w.say(`r9 = ${w.below(40)}`, `*(u64 *)${slot} = ${w.below(40)}`),
    );
    w.say("r1 = r6", "r2 = r7", "r3 = r8", call(inner));
    if (w.chance(0.5)) w.say(`r9 = *(u64 *)${slot}`);
    w.pick(uses)(w);
  },
];

/** `body`, in rounds that are counted, given out by an iterator, or ended by the kernel. */
function looping(w: Writer, body: () => void): void {
  const [again, done] = [w.label(), w.label()];
  const inner = w.chance(0.2) ? body : null;
  if (inner !== null && w.lines.length < 60) {
    body = () => looping(w, inner);
  }
  const manner = w.below(5);
  if (manner < 2) {
    const counter = w.chance(0.6) ? null : w.slot();
    w.say(counter === null ? "r8 = 0" : `*(u64 *)${counter} = 0`, `${again}:`);
    body();
    if (counter !== null) w.say(`r8 = *(u64 *)${counter}`);
    w.say("r8 += 1");
    if (counter !== null) w.say(`*(u64 *)${counter} = r8`);
    w.say(`if r8 < ${2 + w.below(4)} goto ${again}`);
  } else if (manner === 2) {
    w.say(`${again}:`, `may_goto ${done}`);
    body();
    w.say(`goto ${again}`, `${done}:`);
  } else {
    const place = ["r1 = r10", `r1 += -${w.pick([96, 256 + 96, 160])}`];
    const round = w.label();
    w.say(...place, "r2 = 0", `r3 = ${w.pick(["5", "10", "r8"])}`, call("bpf_iter_num_new"), `${round}:`);
    w.say(...place, call("bpf_iter_num_next"), `if r0 == 0 goto ${done}`);
    if (w.chance(0.4)) w.say("r8 = *(u32 *)(r0 + 0)");
    body();
    w.say(`goto ${round}`, `${done}:`, ...place, call("bpf_iter_num_destroy"));
  }
}

/** The assembly text of a program. */
export function walkProgram(random: () => number): string {
  const w = new Writer(random);
  w.say("r6 = r1", "r7 = map_value[value] ll", "r8 = *(u64 *)(r7 + 0)", "r9 = 0");
  const part = (): void => (w.chance(0.55) ? number : w.pick(differences))(w);
  const shape = w.below(10);
  if (shape < 5) part();
  else if (shape < 7) {
    part();
    part();
  } else {
    if (w.chance(0.3)) w.say(`r9 = ${w.below(VALUE)}`);
    looping(w, w.chance(0.6) ? part : () => w.pick(carriers)(w));
    if (w.chance(0.6)) w.pick(uses)(w);
  }
  return [`.prog sched_cls\n.rcu implicit\n${maps}`, ...w.lines, "out:", "r0 = 0", "exit", ...w.functions].join("\n");
}
