// The texts that LLVM and the kernel print for the same bytes.
import { describe, expect, it } from "vitest";
import { helperName } from "../../src/host/names.ts";
import { decodeAll } from "../../src/isa/decode.ts";
import type { Insn } from "../../src/isa/insn.ts";
import { type PrintOptions, print } from "../../src/isa/print.ts";
import { accepted, oracleIsThere, oracleName, unhex } from "../support/isa-oracle.ts";

const plain = accepted.filter((row) => !/r11|w11|ld_pseudo|^call -1/.test(row.asm));

function text(hex: string, options: PrintOptions): string {
  return decodeAll(unhex(hex))
    .filter((insn) => insn !== null)
    .map((insn) => print(insn, options))
    .join("; ");
}

describe.skipIf(!oracleIsThere)(oracleName("printing, against the oracle"), () => {
  it("prints LLVM's text, with 64-bit names for loads", () => {
    // The spelling with w registers has the same bytes; LLVM prints back what it read.
    const rows = plain.filter((row) => row.printed && !/^(w\d = \*|\*.* = w\d|lock.*\+= r2$)/.test(row.printed));
    const sixtyFour = rows.filter((row) => !/^lock \*\(u32/.test(row.asm));
    expect(sixtyFour.map((r) => text(r.hex, {}))).toEqual(sixtyFour.map((r) => r.printed));
    expect(sixtyFour.length).toBeGreaterThan(250);
  });

  it("prints LLVM's text with 32-bit names", () => {
    // LLVM 19 takes load-acquire for an addition, and prints the first of two instructions only.
    const rows = plain.filter((row) => row.disasm && !/load_acquire|store_release|;/.test(row.asm));
    const single = rows.filter((row) => row.hex.length === 16 || row.hex.startsWith("18"));
    expect(single.map((r) => text(r.hex, { alu32: true }))).toEqual(single.map((r) => r.disasm));
  });

  it("prints the kernel's text", () => {
    const rows = plain.filter((row) => row.kernel_6_12 && !/BUG|bpf_unspec/.test(row.kernel_6_12));
    const got = rows.map((r) => text(r.hex, { style: "kernel", names: { helper: helperName } }));
    expect(got).toEqual(rows.map((r) => r.kernel_6_12));
  });

  it("prints the mnemonic dialect", () => {
    const rows = plain.filter((row) => row.mnemonic);
    expect(rows.map((r) => text(r.hex, { style: "mnemonic" }))).toEqual(rows.map((r) => r.mnemonic));
  });
});

describe("printing", () => {
  const look: Insn = { kind: "callHelper", id: 1 };
  const names = { helper: helperName, map: () => "counters", label: (pc: number) => (pc === 5 ? "out" : undefined) };

  it.each<[string, Insn, PrintOptions, string]>([
    ["a helper by name", look, { names }, "call bpf_map_lookup_elem"],
    ["a helper by number", look, {}, "call 1"],
    ["a label", { kind: "goto", long: false, off: 3 }, { names, pc: 1 }, "goto out"],
    [
      "no label in the kernel's style",
      { kind: "goto", long: false, off: 3 },
      { names, pc: 1, style: "kernel" },
      "(05) goto pc+3",
    ],
    ["a map", { kind: "imm64", what: "mapFd", dst: 1, low: 0, high: 0 }, { names }, "r1 = counters ll"],
    [
      "a map's value",
      { kind: "imm64", what: "mapValue", dst: 1, low: 0, high: 8 },
      { names },
      "r1 = map_value[counters] + 8 ll",
    ],
    [
      "a map without a name",
      { kind: "imm64", what: "mapFd", dst: 1, low: 5, high: 0 },
      {},
      ".8byte 0x0000000500001118, 0x0000000000000000",
    ],
    ["bytes", { kind: "exit" }, { style: "hex" }, "95 00 00 00 00 00 00 00"],
    [
      "a macro",
      { kind: "jump", op: "jsgt", width: 32, dst: 1, src: { kind: "imm", value: 7 }, off: 3 },
      { style: "c" },
      "BPF_JMP32_IMM(BPF_JSGT, BPF_REG_1, 7, 3)",
    ],
    [
      "a signed macro",
      { kind: "alu", op: "smod", width: 64, dst: 1, src: { kind: "reg", reg: 2 } },
      { style: "c" },
      "BPF_ALU64_REG_OFF(BPF_MOD, BPF_REG_1, BPF_REG_2, 1)",
    ],
  ])("writes %s", (_, insn, options, want) => expect(print(insn, options)).toBe(want));
});
