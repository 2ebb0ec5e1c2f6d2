// Two hundred inputs that are wrong, each in its own way. Whatever comes in, the answer has a place or a reason, an
// exit code of 1, 2 or 3, no stack trace, and comes within two seconds.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli } from "../support/cli.ts";

interface Case {
  readonly name: string;
  readonly input: string | Uint8Array;
  /** What the file is called; its ending says what it holds. */
  readonly file?: string;
  readonly words?: readonly string[];
}

const end = "\n        r0 = 0\n        exit\n";
const lookup = (tail: string): string => `.map m, type=hash, key=4, value=8, max=4
        *(u32 *)(r10 - 4) = 0
        call bpf_rcu_read_lock
        r1 = m ll
        r2 = r10
        r2 += -4
        call bpf_map_lookup_elem
${tail}`;

const texts = (group: string, list: readonly string[], tail = end): readonly Case[] =>
  list.map((line, at) => ({ name: `${group} ${at + 1}: ${JSON.stringify(line.slice(0, 50))}`, input: line + tail }));

const syntax = texts("not an instruction", [
  "r0 == 1",
  "r0 =",
  "= 1",
  "r0 = = 1",
  "r0 = r1 r2",
  "r0 1",
  "if",
  "if r1",
  "if r1 == goto x",
  "if r1 = 0 goto +1",
  "if r1 ~ 0 goto +1",
  "goto",
  "goto goto",
  "call",
  "call 1 2",
  "exit 0",
  "lock",
  "lock r1 += r2",
  "*(u64 *)r1 = 0",
  "*(u64 *)(r1 + 0",
  "*(u65 *)(r1 + 0) = 1",
  "*(u64 *)(5) = 1",
  "r0 = *(u64 *)(r1 + r2)",
  "r0 = (s7)r1",
  "r0 = be17 r0",
  "r0 = -r1",
  "r0 ?= 1",
  "🦀",
  'r0 = "text"',
  "r0 = 'ab",
  "mov",
  "mov %r0",
  "jeq %r0, 1",
  "ldxdw %r0, %r1",
  "}{",
  "((((",
  "r0 = 1; ; r1 == ;",
  "callx",
  "may_goto",
  "r0 = load_acquire(r1)",
  "foo bar baz",
  "\\",
  "r0 = 1 ; a comment",
]);

const names = texts("a name that is nothing", [
  "call bpf_map_lookup_elm",
  "call nowhere",
  "goto nowhere",
  "r1 = nothing ll",
  "r1 = map[nothing] ll",
  "call 99999",
  "r11 = 0",
  "r16 = 0",
  "w11 = 0",
  "rx = 1",
  "if r1 == 0 goto nowhere",
  "goto 1f",
  "goto 9b",
  "call bpf_unheard_of#1",
  "r1 = map_value[nothing] ll",
  ".extern",
  "callx r11",
]);

const numbers = texts("a number that does not fit", [
  "r0 = 0x100000000",
  "r0 = 99999999999999999999",
  "r0 = 0xg",
  "r0 = 08",
  "r0 = 0b2",
  "r0 = 0o9",
  "r0 = 1e3",
  "r0 = 1.5",
  "r0 = *(u8 *)(r1 + 99999)",
  "goto +99999",
  "goto +99999999999",
  "r0 = 0x10000000000000000 ll",
  "r0 = (1 << 99)",
  "r0 = (1 / 0)",
  "r0 = (1",
  "call 0x1ffffffff",
  `r0 = ${"9".repeat(5000)}`,
  `r0 = ${"-".repeat(2000)}1`,
]);

const widths = texts("widths that disagree", [
  "w0 = r1",
  "r0 = w1",
  "if w1 > r2 goto +0",
  "w0 = be16 w0",
  "lock *(u8 *)(r10 - 8) += r1",
  "*(w64 *)(r10 - 8) = 1",
  "r0 = xchg32_32(r10 - 8, r0)",
  "r1 = cmpxchg_64(r10 - 8, r1, r2)",
  "lock *(u64 *)(r10 - 8) -= r1",
  "lock *(u64 *)(r10 - 8) += w1",
  "r0 = addr_space_cast(w1, 0, 1)",
]);

const directives = texts("a directive that is wrong", [
  ".unknown",
  ".mapp m, type=hash",
  ".map",
  ".map m",
  ".map m, type=nothing, key=4, value=8, max=1",
  ".map m, type=hash, key=x, value=8, max=1",
  ".map m, type=hash, key=4, value=8",
  ".map m, type=hash, key=4, key=4",
  ".map m, type=hash, key=-4, value=8, max=1",
  ".map m, type=hash, key=4, value=8, max=1, flags=zzz",
  ".map m, type=hash, key=99999999999, value=8, max=1",
  ".map m, colour=red",
  ".rcu",
  ".rcu sometimes",
  ".prog",
  ".prog xdp xdp xdp",
  ".dialect klingon",
  ".profile",
  ".entry",
  ".entry m",
  ".entry m, 0 = 1",
  ".byte 300",
  ".ascii",
  '.ascii "open',
  ".align 3",
  ".map m, type=hash, key=4, value=8, max=1\n.map m, type=array, key=4, value=8, max=1",
  ".map o, type=array_of_maps, key=4, value=4, max=1",
  ".map o, type=array_of_maps, key=4, value=4, max=1, inner=nothing",
  "a:\na:",
  ".map m, type=array, key=4, value=8, max=1\n.entry m, 5 = 1",
  "# expect: perhaps",
  "# expect: accept retval x",
  "# expect: reject E9 at",
  "# expect[never]: accept",
  '# expect: reject msg "("',
  "/* never closed",
]);

const refused: readonly Case[] = [
  ...texts(
    "refused by the verifier",
    [
      "r0 = r5\nexit",
      "exit",
      "r0 = 0",
      "r10 = 0\nr0 = 0\nexit",
      "r0 = 1\nr0 /= 0\nexit",
      "r0 = 1\nr0 <<= 64\nexit",
      "again:\ngoto again",
      "r0 = 0\nagain:\nif r0 == 0 goto again\nexit",
      "goto +5\nr0 = 0\nexit",
      "goto -9\nexit",
      "if r1 == 0 goto +1\nr0 = 5 ll\nexit",
      "r0 = 5 ll\nif r0 == 0 goto -2\nexit",
      "*(u64 *)(r10 + 8) = 1\nr0 = 0\nexit",
      "*(u64 *)(r10 - 520) = 1\nr0 = 0\nexit",
      "r0 = *(u64 *)(r0 + 0)\nexit",
      "r1 = 5\nr0 = *(u64 *)(r1 + 0)\nexit",
      "call 9999\nexit",
      "call +0\nexit",
      "f:\ncall f\nr0 = 0\nexit",
      "call pc+99\nr0 = 0\nexit",
      "call pc-99\nr0 = 0\nexit",
      "call bpf_rcu_read_unlock\nr0 = 0\nexit",
      "call bpf_rcu_read_lock\nr0 = 0\nexit",
      "call bpf_map_lookup_elem\nexit",
      "r0 = 0\nexit\nr0 = 1\nexit",
      "r1 = *(u64 *)(r10 - 9)\nr0 = 0\nexit",
      "callx r1\nr0 = 0\nexit",
      "r0 = -r0\nexit",
      "lock *(u64 *)(r1 + 0) += r1\nr0 = 0\nexit",
      "r0 = r10\nr0 *= 2\nr0 = *(u64 *)(r0 + 0)\nexit",
    ],
    "\n",
  ),
  ...texts(
    "refused after a lookup",
    [
      "r0 = *(u64 *)(r0 + 0)\nexit",
      "if r0 == 0 goto +1\nr0 = *(u64 *)(r0 + 8)\ncall bpf_rcu_read_unlock\nr0 = 0\nexit",
      "call bpf_rcu_read_unlock\nif r0 == 0 goto +1\nr0 = *(u64 *)(r0 + 0)\nr0 = 0\nexit",
      "r0 = 0\nexit",
      "call bpf_rcu_read_unlock\ncall bpf_rcu_read_unlock\nr0 = 0\nexit",
      "r0 += 8\ncall bpf_rcu_read_unlock\nr0 = 0\nexit",
    ].map((tail) => lookup(tail)),
    "\n",
  ),
  { name: "undecided: a budget that is too small", input: "r0 = 0\nr0 += 1\nexit\n", words: ["--limit", "2"] },
  {
    name: "undecided or refused: an endless count",
    input: "r0 = 0\nagain:\nr0 += 1\nif r0 != 0 goto again\nexit\n",
    words: ["--limit", "100000"],
  },
];

const long = (text: string, times: number): string => text.repeat(times);
const large: readonly Case[] = [
  { name: "a line of 10 MB", input: `r0 = ${long("1", 10_000_000)}${end}` },
  { name: "a comment line of 10 MB and no program", input: `# ${long("x", 10_000_000)}\n` },
  { name: "a word of 10 MB", input: long("a", 10_000_000) + end },
  { name: "10 MB of spaces", input: long(" ", 10_000_000) },
  { name: "10 MB of quotation marks", input: long('"', 10_000_000) },
  { name: "100,000 lines of nonsense", input: long("nonsense here\n", 100_000) },
  { name: "100,000 unknown directives", input: long(".what\n", 100_000) },
  { name: "100,000 parentheses", input: `r0 = ${long("(", 30_000)}1${long(")", 30_000)}${end}` },
  { name: "10,000 minus signs in a deep nest", input: `r0 = ${long("(-", 10_000)}1${long(")", 10_000)}${end}` },
  { name: "10,000 labels of one name", input: long("a:\n", 10_000) + end },
  { name: "10,000 maps of one name", input: long(".map m, type=array, key=4, value=8, max=1\n", 10_000) + end },
  { name: "20,000 nested calls of callees", input: `${long("call next\nexit\nnext:\n", 2000)}call next2\nexit\n` },
  { name: "100,000 jumps to nowhere", input: long("goto nowhere\n", 100_000) },
];

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/ /g, ""), "hex"));
const exitBytes = "9500000000000000";
/** Pseudo-random bytes, the same in every run. */
function noise(seed: number, length: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24);
}

const binary: readonly Case[] = [
  { name: "no bytes", file: "a.bin", input: bytes("") },
  ...[1, 4, 7, 9, 15].map((size) => ({ name: `${size} bytes`, file: "a.bin", input: noise(size, size) })),
  ...[
    "0000000000000000",
    "ff00000000000000",
    "b70b000000000000",
    "b7c0000000000000",
    "8d01000000000000",
    "1800000005000000",
    "1870000000000000 0000000000000000",
    "1800000000000000 b700000000000000",
    "0500ff7f00000000",
    "8510000063000000",
    "85300000ffff0000",
    "d400000011000000",
    "db0a f8ff 77000000",
    "8500000000000000",
    "850000000f270000",
    "9500010000000000",
    "9510000000000000",
    "b7000100 00000000",
    "bf10 0100 0000 0000",
    "1811000000000000 0000000000000000",
    "06000000ffffff7f",
    "e500ff7f00000000",
    "c70000004000 0000",
    "3700000000000000",
    "7b0af0ff00000000",
  ].map((hex) => ({ name: `bytes ${hex}`, file: "a.bin", input: bytes(hex.replace(/ /g, "") + exitBytes) })),
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((seed) => ({ name: `noise ${seed}`, file: "a.bin", input: noise(seed, 8 * 64) })),
  { name: "noise as text", input: noise(9, 4096) },
  { name: "NUL as text", input: `r0 = 0\n\0${end}` },
  { name: "not UTF-8", input: bytes("7230203d20ff310a") },
  { name: "an ELF object", input: bytes("7f454c460201010000000000000000000100f700"), file: "a.o" },
  { name: "an ELF object under another name", input: bytes("7f454c4602010100"), file: "a.bpf" },
  { name: "UTF-16", input: Uint8Array.from(Buffer.from("r0 = 0\nexit\n", "utf16le")) },
  { name: "hexadecimal with a stray letter", file: "a.hex", input: "b70000000000000g" },
  { name: "half a byte", file: "a.hex", input: "b700000000000" },
  { name: "half an instruction", file: "a.hex", input: "b7000000" },
  { name: "an empty file", input: "" },
  { name: "only a comment", input: "# nothing\n" },
  { name: "a conformance file without a program", file: "a.data", input: "-- result\n0x0\n" },
];

const usage: readonly Case[] = [
  { name: "a file that is not there", input: "", words: ["/nonexistent/x.bpf"] },
  { name: "a flag that is not there", input: end, words: ["--no-such-flag"] },
  { name: "a regime that is not there", input: end, words: ["--rcu", "perhaps"] },
  { name: "a type that is not there", input: end, words: ["--prog", "nothing"] },
  { name: "a place to attach to that is not there", input: end, words: ["--attach", "nowhere"] },
  { name: "a place that the type is not attached to", input: end, words: ["--prog", "xdp", "--attach", "bind4"] },
  { name: "a place that the text's type is not attached to", input: `.prog cgroup_skb attach=devmap\n${end}` },
  { name: "a limit that is no number", input: end, words: ["--limit", "many"] },
  { name: "a limit that is negative", input: end, words: ["--limit=-1"] },
  { name: "a log level that is not there", input: end, words: ["--log-level", "9"] },
  { name: "a glob that matches nothing", input: end, words: ["/nonexistent/*.bpf"] },
  { name: "an option given twice", input: end, words: ["--rcu", "explicit", "--rcu", "implicit"] },
  { name: "an option without its value", input: end, words: ["--rcu"] },
  { name: "a dialect that is not the text's", input: `r0 = 1${end}`, words: ["--dialect", "mnemonic"] },
  { name: "an instruction set that is too old", input: `r0 s/= 2${end}`, words: ["--isa", "v1"] },
];

const cases = [...syntax, ...names, ...numbers, ...widths, ...directives, ...refused, ...large, ...binary, ...usage];

describe("bad input", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bpflab-bad-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is of two hundred kinds", () => {
    expect(cases.length).toBeGreaterThanOrEqual(200);
    expect(new Set(cases.map((each) => each.name)).size).toBe(cases.length);
  });

  it.each(cases)("$name", async ({ input, file, words = [] }) => {
    let operand = "-";
    if (file !== undefined) {
      operand = join(folder, file);
      writeFileSync(operand, input);
    }
    const began = performance.now();
    const { code, out, err } = await cli(["verify", operand, ...words], { stdin: input });
    const took = performance.now() - began;
    const said = out + err;
    expect([1, 2, 3], said.slice(0, 500)).toContain(code);
    expect(said).not.toMatch(/\n\s+at .*[:(]\d+|bug in bpflab|undefined|\[object /);
    expect(said.length).toBeLessThan(200_000);
    expect(said).toMatch(/error\[[EL]\d{4}\]: [^\n]+\n(?: *--> |help)|bpflab: \S/);
    expect(took).toBeLessThan(2000);
  });
});
