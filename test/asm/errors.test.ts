// What is wrong, where, and what to write instead.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { asmCodes } from "../../src/asm/codes.ts";
import { errors, marked, unmarked } from "./mark.ts";

const map = ".map counters, type=hash, key=4, value=8, max=16\n";

describe("an error has a code, a place and help", () => {
  it.each([
    ["E0101", "r0 «r1»", "expected `=`", ""],
    ["E0101", "«fo» r1", "unknown instruction `fo`", ""],
    ["E0101", "«exot»", "unknown instruction", "did you mean `exit`?"],
    ["E0101", "r0 = 1 ; «loop» counter", "unknown instruction", "a comment begins with `#`"],
    ["E0101", "r0 = *(u32 *)(r1 «+ -»4)", "two signs", "write one `-`"],
    ["E0101", "call «+1»", "a signed number", "write `call pc+…`"],
    ["E0101", "r0 = r1 «+» r2", "unexpected `+`", "then for example `r0 += r2`"],
    ["E0101", "r0 = «12abc»", "`12abc` is not a number", ""],
    ["E0101", "r0 = «089»", "not an octal number", "write `89`"],
    ["E0101", "lock *(u64 *)(r1 + 0) «-=» r2", "found `-=`", "negate the operand"],
    ["E0101", "r0 = «é»", "unexpected character", ""],
    ["E0101", "«/*» never closed", "never closed", ""],
    ["E0101", "goto«»", "expected a label or an offset, the line ends", ""],
    ["E0102", "«r11» = 1", "no register `r11`", "kernel's own"],
    ["E0102", "«w16» = 1", "no register `w16`", "r0 to r10"],
    ["E0102", "r0 = *(u64 *)(«fp» - 8)", "`fp` is not a register", "did you mean `r10`?"],
    ["E0102", "r0 = *(u64 *)(«rl10» - 8)", "`rl10` is not a register", "did you mean `r10`?"],
    ["E0103", "r0 = «0x100000000»", "does not fit in 32 bits", "write `r0 = 4294967296 ll`"],
    ["E0103", "r0 = «0x10000000000000000» ll", "64 bits", ""],
    ["E0103", "r0 = 1 «/ 0»", "division by zero", ""],
    ["E0104", "w0 = «r1»", "has 32 bits and", "write `w1`"],
    ["E0104", "if w1 > «r2» goto +1", "one width", "write `w2`"],
    ["E0104", "r1 = be16 «r2»", "must be `r1` too", ""],
    ["E0104", "*(u64 *)(r1 + 0) = «w2»", "8 bytes need", "write `r2`"],
    ["E0104", "lock *«(u16 *)»(r1 + 0) += r2", "`u32` or `u64`", ""],
    ["E0105", "r0 = «fp»", "`fp` is not a register or a number", "did you mean `r10`?"],
    ["E0105", "r1 /= «s3»", "`s3` is not a register or a number", ""],
    ["E0105", "call «bpf_map_lookup_elm»", "no helper", "did you mean `bpf_map_lookup_elem`?"],
    ["E0105", "call «map_lookup_elem»", "no helper", "did you mean `bpf_map_lookup_elem`?"],
    ["E0105", "call «bpf_rcu_read_lok»", "no helper", "did you mean `bpf_rcu_read_lock`?"],
    ["E0105", "call «bpf_map_lookup_elem#2»", "is helper 1, not 2", ""],
    ["E0105", "r1 = «map_fd» ll", "no map or function `map_fd`", "declare it"],
    ["E0105", `${map}r1 = «countres» ll`, "no map or function", "did you mean `counters`?"],
    ["E0105", `${map}r1 = «counters»`, "is an address", "write `counters ll`"],
    ["E0105", "r1 = map[«id»:5] ll", "named here, not numbered", "declare the map"],
    ["E0106", "«.mpa» x, type=hash", "unknown directive", "did you mean `.map`?"],
    ["E0107", "a: r0 = 0\n«a»: exit", "already defined", ""],
    ["E0107", `${map}.map «counters», type=hash, key=4, value=8, max=1`, "already defined", ""],
    ["E0108", "out: goto «oit»", "not defined", "did you mean `out`?"],
    ["E0108", "goto «1f»", "no label `1:` after", ""],
    ["E0108", "exit\n.global «f»(scalar)", "not defined", ""],
    ["E0110", "*(u64 *)(r10 «+ 32768») = r1", "does not fit in 16 bits", ""],
    ["E0110", "goto «+40000»", "does not fit in 16 bits", ""],
    ["E0111", "«.byte 1, 2, 3»", "3 bytes are not a whole number", ""],
    ["E0111", "0: (b7) «r1 = r2»", "the log says opcode b7, the words say bf", ""],
  ] as const)("%s %s", (code, text, says, helps) => {
    const outcome = assemble(unmarked(text), { dialect: "pseudoc" });
    const [first] = outcome.diagnostics;
    expect(outcome.ok).toBe(false);
    expect(marked(unmarked(text), first)).toBe(text);
    expect(first?.code).toBe(code);
    expect(first?.text).toContain(says);
    expect(first?.help ?? "").toContain(helps);
  });
});

describe("the mnemonic dialect", () => {
  it.each([
    ["E0101: «mvo» %r1, 2", "mvo %r1, 2"],
    ["E0101: mov %r1 «2»", "mov %r1 2"],
    ["E0102: mov «%r11», 2", "mov %r11, 2"],
    ["E0102: mov «w1», 2", "mov w1, 2"],
    ["E0103: mov %r1, «0x100000000»", "mov %r1, 0x100000000"],
    ["E0108: ja «nowhere»", "ja nowhere"],
    ["E0101: lock «mul» [%r1], %r2", "lock mul [%r1], %r2"],
  ])("%s", (want, text) => expect(errors(text, { dialect: "mnemonic" })).toEqual([want]));

  it("does not mix with the other", () => {
    expect(errors("mov %r1, 2\nr1 = 2")).toEqual(["E0101: «r1» = 2"]);
    expect(errors("r1 = 2\nmov %r1, 2")).toEqual(["E0101: «mov» %r1, 2"]);
  });
});

describe("several errors", () => {
  it("come one for each line, in order", () => {
    expect(errors("r11 = 1; r12 = 2\nr0 = 1\nfoo\ngoto x")).toEqual([
      "E0102: «r11» = 1; r12 = 2",
      "E0101: «foo»",
      "E0108: goto «x»",
    ]);
  });

  it("stop at fifty", () => {
    expect(errors("foo\n".repeat(1000)).length).toBe(50);
  });
});

describe("warnings and notes", () => {
  it.each([
    ["W0101", "r0 = «017»"],
    ["W0102", "*(u8 *)(r10 - 1) = «256»"],
    ["W0102", "*(u16 *)(r10 - 2) = «-32769»"],
    ["W0103", "r0 = «0xffffffff»"],
    ["W0103", "*(u64 *)(r10 - 8) = «0x80000000»"],
  ])("%s %s", (code, text) => {
    const outcome = assemble(unmarked(text));
    expect(outcome.ok).toBe(true);
    expect(outcome.diagnostics.map((d) => [d.code, marked(unmarked(text), d)])).toEqual([[code, text]]);
    expect(outcome.ok && outcome.value.warnings).toEqual(outcome.diagnostics);
  });

  it.each(["w0 = 0xffffffff", "*(u8 *)(r10 - 1) = 255", "*(u8 *)(r10 - 1) = -128", "if w1 > 0xffffffff goto +1"])(
    "says nothing about %s",
    (text) => expect(assemble(text).diagnostics).toEqual([]),
  );
});

it("gates by version when asked to", () => {
  expect(errors("r1 s/= r2", { isa: "v3" })).toEqual(["E0112: «r1 s/= r2»"]);
  expect(errors("if w1 == 0 goto +1", { isa: "v2" })).toEqual(["E0112: «if w1 == 0 goto +1»"]);
  expect(errors("r1 s/= r2")).toEqual([]);
});

it("uses only codes that are listed", () => {
  expect(Object.keys(asmCodes).every((code) => /^[EW]01\d\d$/.test(code))).toBe(true);
});
