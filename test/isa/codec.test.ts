// Instructions to bytes and back.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, decodeAll, decodeOne } from "../../src/isa/decode.ts";
import { encode, encodeAll, rawOf } from "../../src/isa/encode.ts";
import { everyInsn, everyNamingInsn } from "../support/every-insn.ts";
import { hex, unhex } from "../support/isa-oracle.ts";

const all = [...everyInsn, ...everyNamingInsn];

describe("the codec", () => {
  it.each(["little", "big"] as const)("gives every form back from its bytes, %s-endian", (order) => {
    expect(all.map((insn) => decode(encode(insn, order), order))).toEqual(all);
  });

  it("gives every slot's bytes back, valid or not", () => {
    const slots = fc.uint8Array({ minLength: 8, maxLength: 80 }).map((bytes) => bytes.subarray(0, bytes.length & ~7));
    for (const order of ["little", "big"] as const) {
      fc.assert(
        fc.property(slots, (bytes) => {
          expect(hex(encodeAll(decodeAll(bytes, order), order))).toBe(hex(bytes));
        }),
        { seed: 9669, numRuns: 2000 },
      );
    }
  });

  it("says of each opcode whether it exists", () => {
    const known = new Set(all.map((insn) => rawOf(insn).code));
    const wrong = [];
    for (let code = 0; code < 256; code++) {
      const insn = decodeOne({ code, dst: 0, src: 0, off: 0, imm: 0 }, { code: 0, dst: 0, src: 0, off: 0, imm: 0 });
      const unknown = insn.kind === "invalid" && insn.reason.startsWith("unknown opcode");
      if (unknown === known.has(code)) wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
  });

  it.each([
    ["0700010001000000", "BPF_ALU uses reserved fields"],
    ["0f21000001000000", "BPF_ALU uses reserved fields"],
    ["0710000001000000", "BPF_ALU uses reserved fields"],
    ["8701000001000000", "BPF_NEG uses reserved fields"],
    ["8f01000000000000", "unknown opcode 8f"],
    ["dc01000011000000", "BPF_END uses reserved fields"],
    ["df01000010000000", "unknown opcode df"],
    ["bf21040000000000", "BPF_MOV uses reserved fields"],
    ["bc21200000000000", "BPF_MOV uses reserved fields"],
    ["b700010000000000", "BPF_MOV uses reserved fields"],
    ["6121040001000000", "BPF_LDX uses reserved fields"],
    ["9921040000000000", "unknown opcode 99"],
    ["6211040007000000", "BPF_ST uses reserved fields"],
    ["6321040007000000", "BPF_STX uses reserved fields"],
    ["db21080002000000", "BPF_ATOMIC uses invalid atomic opcode 02"],
    ["db210800e0000000", "BPF_ATOMIC uses invalid atomic opcode e0"],
    ["cb21080000000000", "invalid atomic operand size"],
    ["0501010000000000", "BPF_JA uses reserved fields"],
    ["0600010005000000", "BPF_JA uses reserved fields"],
    ["1521010007000000", "BPF_JMP/JMP32 uses reserved fields"],
    ["e510020000000000", "invalid may_goto imm 0"],
    ["8530000001000000", "BPF_CALL uses reserved fields"],
    ["8500010001000000", "BPF_CALL uses reserved fields"],
    ["9500000001000000", "BPF_EXIT uses reserved fields"],
    ["9d00000000000000", "unknown opcode 9d"],
    ["3001000004000000", "BPF_LD_[ABS|IND] uses reserved fields"],
    ["1801000005000000", "invalid bpf_ld_imm64 insn"],
    ["18010000050000000100000000000000", "invalid bpf_ld_imm64 insn"],
    ["18010100050000000000000000000000", "BPF_LD_IMM64 uses reserved fields"],
    ["18710000050000000000000000000000", "unrecognized bpf_ld_imm64 insn"],
    ["b70b000001000000", "R11 is invalid"],
    ["bfb1000000000000", "R11 is invalid"],
    ["0000000000000000", "unknown opcode 00"],
  ])("refuses %s: %s", (bytes, reason) => {
    expect(decode(unhex(bytes))).toMatchObject({ kind: "invalid", reason });
  });
});
