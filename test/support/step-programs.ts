// Random programs about single instructions: two values of any kind meet in one instruction or two, and what came of it
// is used. They are short, so what is known of each value before and after is nearly all of what a log says.
import { Dice } from "./dice.ts";

const head = `.prog sched_cls
.rcu implicit
.map value, type=array, key=4, value=16, max=1
.map other, type=array, key=4, value=16, max=1
.map keyed, type=hash, key=4, value=16, max=4
.map ring, type=ringbuf, max=4096
r6 = r1
r7 = map_value[value] ll
`;

const constants = [0, 1, -1, 3, 4, 7, 8, 15, 16, -8, 31, 32, 63, 64, 255, 65535, 0x7fffffff, -2147483648] as const;
const far = ["0x100000000", "0x7fffffffffffffff", "0x8000000000000000", "0xffffffff", "0xffffffff00000000"] as const;
const sizes = ["u8", "u16", "u32", "u64"] as const;
const bytesOf: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, u64: 8, s8: 1, s16: 2, s32: 4 };
const compares = ["==", "!=", ">", ">=", "<", "<=", "s>", "s>=", "s<", "s<=", "&"] as const;
const operators = ["+=", "-=", "*=", "/=", "%=", "s/=", "s%=", "&=", "|=", "^=", "<<=", ">>=", "s>>="] as const;

type Reg = 8 | 9;
type Maker = (w: Writer, to: Reg) => void;

class Writer extends Dice {
  readonly lines: string[] = [];
  /** Something was reserved, and is given back at the end. */
  reserved = false;
  private labels = 0;

  label(): string {
    return `l${this.labels++}`;
  }
  say(...lines: readonly string[]): void {
    this.lines.push(...lines);
  }
  constant(): number {
    return this.pick(constants) + (this.chance(0.2) ? this.below(3) - 1 : 0);
  }
  /** One of those that fit an immediate. */
  immediate(): number {
    return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, this.constant()));
  }
  /** An offset that is good as often as not. */
  offset(): number {
    return this.chance(0.85) ? this.pick([0, 0, 4, 8]) : this.pick([-4, -1, 1, 2, 13, 15, 16, 40]);
  }
}

const signed = (off: number): string => (off < 0 ? `- ${-off}` : `+ ${off}`);

const numbers: readonly Maker[] = [
  (w, to) => w.say(`r${to} = ${w.immediate()}`),
  (w, to) => w.say(`r${to} = ${w.immediate()}`),
  (w, to) => w.say(`w${to} = ${w.immediate()}`),
  (w, to) => w.say(`r${to} = ${w.pick(far)} ll`),
  (w, to) => w.say(`r${to} = *(${w.pick([...sizes, "s8", "s16", "s32"])} *)(r7 + ${w.pick([0, 8])})`),
  (w, to) => w.say(`r${to} = *(u64 *)(r7 + 0)`, `${w.pick(["r", "w"])}${to} &= ${w.immediate()}`),
  (w, to) => w.say(`r${to} = *(u32 *)(r7 + 8)`, `${w.pick(["r", "w"])}${to} |= ${w.immediate()}`),
  (w, to) =>
    w.say(
      `r${to} = *(u64 *)(r7 + ${w.pick([0, 8])})`,
      `if ${w.pick(["r", "w"])}${to} ${w.pick(compares)} ${w.immediate()} goto out`,
    ),
  (w, to) =>
    w.say(
      `r${to} = *(u64 *)(r7 + ${w.pick([0, 8])})`,
      `if r${to} s> ${w.pick([5, 31, 4])} goto out`,
      `if r${to} s< ${w.pick([-5, 0, 3, -16])} goto out`,
    ),
  (w, to) =>
    w.say(`r${to} = *(u64 *)(r7 + 0)`, `r${to} &= ${w.pick([3, 7, 4, 15])}`, `r${to} += ${w.pick([-3, 1, 8])}`),
];

const pointers: readonly Maker[] = [
  (w, to) => w.say(`r${to} = r6`),
  (w, to) => w.say(`r${to} = r10`, `r${to} += ${-w.pick([8, 16, 24, 512, 4])}`),
  (w, to) =>
    w.say(`r${to} = r10`, "r1 = *(u8 *)(r7 + 3)", `r1 &= ${w.pick([7, 8, 3])}`, `r${to} += -16`, `r${to} += r1`),
  (w, to) => w.say(`r${to} = r10`),
  (w, to) => w.say(`r${to} = map_value[other]+${w.pick([0, 4, 8])} ll`),
  (w, to) => w.say(`r${to} = r7`, "r1 = *(u64 *)(r7 + 0)", `r1 &= ${w.pick([7, 8, 15])}`, `r${to} += r1`),
  (w, to) => w.say(`r${to} = ${w.pick(["keyed", "ring"])} ll`),
  (w, to) => {
    w.say("*(u32 *)(r10 - 48) = 1", "r2 = r10", "r2 += -48", "r1 = keyed ll", "call bpf_map_lookup_elem");
    if (w.chance(0.4)) w.say("if r0 == 0 goto out");
    w.say(`r${to} = r0`);
  },
  (w, to) => w.say(`r${to} = *(u32 *)(r6 + ${w.pick([76, 76, 80, 140])})`),
  (w, to) => {
    w.say(`r${to} = *(u32 *)(r6 + 76)`, "r1 = *(u32 *)(r6 + 80)", `r2 = r${to}`, `r2 += ${w.pick([8, 14, 1])}`);
    w.say(w.pick(["if r2 > r1 goto out", "if r1 < r2 goto out", "if r2 >= r1 goto out", "if r1 <= r2 goto out"]));
    if (w.chance(0.4)) w.say(`r${to} += ${w.pick([4, -4, 8])}`);
  },
  (w, to) => {
    w.say(`r${to} = *(u32 *)(r6 + ${w.pick([76, 140])})`, "r1 = *(u64 *)(r7 + 0)", `r1 &= ${w.pick([7, 255])}`);
    w.say(`r${to} += r1`);
    if (w.chance(0.6))
      w.say(`r2 = r${to}`, "r2 += 8", `r1 = *(u32 *)(r6 + ${w.pick([80, 76])})`, "if r2 > r1 goto out");
  },
  (w, to) => {
    if (w.reserved) return w.say(`r${to} = r7`);
    w.reserved = true;
    w.say("r1 = ring ll", `r2 = ${w.pick([8, 16])}`, "r3 = 0", "call bpf_ringbuf_reserve", "if r0 == 0 goto out");
    w.say("*(u64 *)(r10 - 56) = r0", `r${to} = r0`);
  },
  (w, to) => {
    w.say("r1 = *(u64 *)(r6 + 168)", "if r1 == 0 goto out");
    if (w.chance(0.5)) w.say(`r${to} = r1`);
    else w.say("call bpf_sk_fullsock", ...(w.chance(0.7) ? ["if r0 == 0 goto out"] : []), `r${to} = r0`);
  },
];

const makers: Maker = (w, to) => w.pick(w.chance(0.65) ? numbers : pointers)(w, to);

const other = (reg: Reg): Reg => (reg === 8 ? 9 : 8);

/** A number is a copy of the other, or a copy and some more. */
const linked: Maker = (w, to) => {
  const from = other(to);
  w.say(w.pick([`r${to} = r${from}`, `r${to} = r${from}`, `w${to} = w${from}`, `r${to} = (s32)r${from}`]));
  if (w.chance(0.6)) w.say(`${w.pick(["r", "r", "w"])}${to} += ${w.pick([1, 4, -3, 0, 100])}`);
};

function calculate(w: Writer): void {
  const [to, width] = [w.pick([8, 8, 9] as const), w.pick(["r", "r", "w"])];
  const from = w.chance(0.65) ? `${width}${other(to)}` : String(w.immediate());
  const roll = w.below(10);
  if (roll < 7) w.say(`${width}${to} ${w.pick(w.chance(0.4) ? (["+=", "-="] as const) : operators)} ${from}`);
  else if (roll < 8)
    w.say(`${width}${to} = ${w.pick(["", "(s8)", "(s16)", ...(width === "r" ? ["(s32)"] : [])])}${width}${other(to)}`);
  else if (roll < 9) w.say(`${width}${to} = -${width}${to}`);
  else w.say(`r${to} = ${w.pick(["le", "be", "bswap"])}${w.pick([16, 32, 64])} r${to}`);
}

/** Both ways are gone, and what is known on each is used there. */
function compare(w: Writer): void {
  const [width, there] = [w.pick(["r", "r", "w"]), w.label()];
  const right = w.chance(0.65) ? `${width}9` : String(w.immediate());
  w.say(`if ${width}8 ${w.pick(compares)} ${right} goto ${there}`);
  use(w);
  w.say("goto out", `${there}:`);
}

function access(w: Writer): void {
  const [through, value, size] = [w.pick([8, 8, 9] as const), w.pick([8, 9]), w.pick(sizes)];
  const memory = `(r${through} ${signed(w.offset())})`;
  const roll = w.below(10);
  if (roll < 4) w.say(`r${value} = *(${w.pick([...sizes, "s8", "s16", "s32"])} *)${memory}`);
  else if (roll < 6) w.say(`*(${size} *)${memory} = r${value}`);
  else if (roll < 7) w.say(`*(${size} *)${memory} = ${w.immediate()}`);
  else if (roll < 9) {
    const wide = w.chance(0.5);
    const [type, reg] = wide ? ["u64", "r"] : ["u32", "w"];
    if (w.chance(0.5)) w.say(`lock *(${type} *)${memory} ${w.pick(["+=", "|=", "&=", "^="])} ${reg}${value}`);
    else
      w.say(
        `${reg}${value} = atomic_fetch_${w.pick(["add", "or", "and", "xor"])}((${type} *)${memory}, ${reg}${value})`,
      );
  } else if (w.chance(0.5)) {
    // Not over the pointer itself: there Linux forgets to look at what it was.
    w.say(`${size === "u64" ? "r" : "w"}${other(through)} = load_acquire((${size} *)${memory})`);
  } else w.say(`store_release((${size} *)${memory}, ${size === "u64" ? "r" : "w"}${value})`);
}

/** Stores and loads that overlap on two slots of the stack. */
function stack(w: Writer): void {
  const place = (size: string): string => {
    const bytes = bytesOf[size] ?? 1;
    return `(r10 - ${bytes * (1 + w.below(16 / bytes))})`;
  };
  for (let at = w.below(3) + 1; at >= 0; at--) {
    const size = w.chance(0.4) ? "u64" : w.pick(sizes);
    w.say(`*(${size} *)${place(size)} = ${w.chance(0.6) ? w.pick(["r8", "r9", "r7"]) : w.pick(["0", "0", "5", "-1"])}`);
    if (w.chance(0.25)) {
      w.say("r1 = r10", "r2 = *(u8 *)(r7 + 1)", `r2 &= ${w.pick([7, 3, 8])}`, "r1 += -16", "r1 += r2");
      const size = w.pick(["u8", "u8", "u32"]);
      w.say(w.chance(0.5) ? `r9 = *(${size} *)(r1 + 0)` : `*(${size} *)(r1 + 0) = ${w.pick(["r8", "0", "r7"])}`);
    }
    if (w.chance(0.4)) {
      const read = w.pick([...sizes, "u64", "s8", "s32"]);
      w.say(`r${w.pick([8, 9])} = *(${read} *)${place(read)}`);
    }
  }
  const read = w.pick([...sizes, "u64", "s8", "s16", "s32"]);
  w.say(`r8 = *(${read} *)${place(read)}`);
}

const calls: readonly ((w: Writer) => readonly string[])[] = [
  () => ["r1 = keyed ll", "r2 = r8", "call bpf_map_lookup_elem", "r8 = r0"],
  (w) => ["r1 = keyed ll", "r2 = r8", "r3 = r9", `r4 = ${w.pick([0, 1])}`, "call bpf_map_update_elem"],
  () => ["r1 = r9", "r2 = r8", "call bpf_map_delete_elem"],
  (w) => [
    "r1 = r6",
    `r2 = ${w.pick(["0", "r9"])}`,
    "r3 = r8",
    `r4 = ${w.pick(["4", "8", "r9", "16"])}`,
    "call bpf_skb_load_bytes",
  ],
  (w) => ["r1 = ring ll", "r2 = r8", `r3 = ${w.pick(["r9", "8", "4"])}`, "r4 = 0", "call bpf_ringbuf_output"],
  (w) => [
    "r1 = r8",
    `r2 = ${w.pick(["8", "r9", "0"])}`,
    "r3 = r8",
    `r4 = ${w.pick(["r9", "4"])}`,
    "r5 = 0",
    "call bpf_csum_diff",
    "r8 = r0",
  ],
  () => ["r1 = r8", "r2 = r9", "call bpf_ringbuf_discard"],
  () => ["r1 = r8", "call bpf_sk_fullsock", "r8 = r0"],
];

function use(w: Writer): void {
  const at = w.offset();
  w.say(
    ...w.pick([
      [`r0 = *(u8 *)(r8 ${signed(at)})`],
      [`r0 = *(u8 *)(r9 ${signed(at)})`],
      [`*(u8 *)(r8 ${signed(at)}) = 1`],
      ["r7 += r8", `r0 = *(u8 *)(r7 ${signed(at)})`],
      ["r7 += r9", `r0 = *(u8 *)(r7 ${signed(at)})`],
      ["r7 -= r8", `r0 = *(u8 *)(r7 ${signed(at)})`],
      ["*(u64 *)(r10 - 64) = r8", "r1 = *(u64 *)(r10 - 64)", `r0 = *(u8 *)(r1 ${signed(at)})`],
      [`if r8 > ${w.immediate()} goto out`, "r7 += r8", `r0 = *(u8 *)(r7 ${signed(at)})`],
      [],
    ]),
  );
}

/** The assembly text of a program. */
export function stepProgram(random: () => number): string {
  const w = new Writer(random);
  makers(w, 8);
  if (w.chance(0.2)) linked(w, 9);
  else makers(w, 9);
  for (let at = w.below(2); at >= 0; at--) {
    const roll = w.below(10);
    if (roll < 3) calculate(w);
    else if (roll < 5) compare(w);
    else if (roll < 7) access(w);
    else if (roll < 9) stack(w);
    else w.say(...w.pick(calls)(w));
  }
  use(w);
  const leave = w.reserved ? ["r1 = *(u64 *)(r10 - 56)", "r2 = 0", "call bpf_ringbuf_discard"] : [];
  return [head, ...w.lines, ...leave, "out: r0 = 0", "exit"].join("\n");
}
