// Names of WebAssembly's instructions by their bytes (core specification, appendix "Index of Instructions"): those that modules of
// ours may have. For reading modules; the functions of code.ts, which write them, know their own bytes.

/** What follows the opcode. */
export type Immediate = "none" | "block" | "label" | "table" | "index" | "local" | "global" | "memory" | "i32" | "i64";

export interface Opcode {
  readonly name: string;
  readonly immediate: Immediate;
}

const comparisons = ["eqz", "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"];
const arithmetic = "clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr".split(" ");
const loads =
  "i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u i64.load8_s i64.load8_u";
const rest = "i64.load16_s i64.load16_u i64.load32_s i64.load32_u i32.store i64.store f32.store f64.store";
const narrow = "i32.store8 i32.store16 i64.store8 i64.store16 i64.store32";
const accesses = `${loads} ${rest} ${narrow}`.split(" ");

const found = new Map<number, Opcode>();
const put = (first: number, names: readonly string[], immediate: Immediate = "none"): void => {
  names.forEach((name, at) => {
    found.set(first + at, { name, immediate });
  });
};
put(0x00, ["unreachable", "nop"]);
put(0x02, ["block", "loop", "if"], "block");
put(0x05, ["else"]);
put(0x0b, ["end"]);
put(0x0c, ["br", "br_if"], "label");
put(0x0e, ["br_table"], "table");
put(0x0f, ["return"]);
put(0x10, ["call"], "index");
put(0x1a, ["drop", "select"]);
put(0x20, ["local.get", "local.set", "local.tee"], "local");
put(0x23, ["global.get", "global.set"], "global");
put(0x28, accesses, "memory");
put(0x41, ["i32.const"], "i32");
put(0x42, ["i64.const"], "i64");
put(
  0x45,
  comparisons.map((name) => `i32.${name}`),
);
put(
  0x50,
  comparisons.map((name) => `i64.${name}`),
);
put(
  0x67,
  arithmetic.map((name) => `i32.${name}`),
);
put(
  0x79,
  arithmetic.map((name) => `i64.${name}`),
);
put(0xa7, ["i32.wrap_i64"]);
put(0xac, ["i64.extend_i32_s", "i64.extend_i32_u"]);
put(0xc0, ["i32.extend8_s", "i32.extend16_s", "i64.extend8_s", "i64.extend16_s", "i64.extend32_s"]);

/** Behind the byte 0xfc: whole stretches of memory. */
put(0xfc00 + 10, ["memory.copy", "memory.fill"]);

/** Behind the byte 0xfe: atomic operations of threads. */
put(0xfe00, ["memory.atomic.notify", "memory.atomic.wait32", "memory.atomic.wait64"], "memory");
put(0xfe10, "i32.atomic.load i64.atomic.load i32.atomic.load8_u i32.atomic.load16_u".split(" "), "memory");
put(0xfe14, "i64.atomic.load8_u i64.atomic.load16_u i64.atomic.load32_u".split(" "), "memory");
put(0xfe17, "i32.atomic.store i64.atomic.store i32.atomic.store8 i32.atomic.store16".split(" "), "memory");
put(0xfe1b, "i64.atomic.store8 i64.atomic.store16 i64.atomic.store32".split(" "), "memory");
for (const [at, what] of ["add", "sub", "and", "or", "xor", "xchg", "cmpxchg"].entries()) {
  const types = ["i32.atomic.rmw", "i64.atomic.rmw", "i32.atomic.rmw8", "i32.atomic.rmw16"];
  const more = ["i64.atomic.rmw8", "i64.atomic.rmw16", "i64.atomic.rmw32"];
  const names = [...types, ...more].map((type) => `${type}.${what}${/\d\d?$/.test(type.slice(4)) ? "_u" : ""}`);
  put(0xfe1e + 7 * at, names, "memory");
}

/** By the opcode, or by the prefix byte and the opcode behind it as one number: 0xfc0a. */
export const opcodes: ReadonlyMap<number, Opcode> = found;

/** The byte is followed by another that tells the instruction. */
export function isPrefix(byte: number): boolean {
  return byte === 0xfc || byte === 0xfe;
}

/** Bytes that an access touches, as its name tells; the alignment that the text leaves out. */
export function accessBytes(name: string): number {
  const cut = /(?:load|store|rmw|wait)(8|16|32|64)?/.exec(name)?.[1];
  if (name.endsWith("notify")) return 4;
  return cut === undefined ? (name.startsWith("i64") ? 8 : 4) : Number(cut) / 8;
}
