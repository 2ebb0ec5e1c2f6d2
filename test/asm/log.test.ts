// Programs out of verifier logs.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { hex } from "../support/isa-oracle.ts";
import { errors } from "./mark.ts";

const log = `func#0 @0
0: R1=ctx() R10=fp0
; int *value = bpf_map_lookup_elem(&counters, &key); @ prog.c:7
0: (b7) r1 = 5                        ; R1_w=5
1: (63) *(u32 *)(r10 -4) = r1         ; R1_w=5 R10=fp0 fp-8=0000????
2: (bf) r2 = r10                      ; R2_w=fp0 R10=fp0
3: (07) r2 += -4                      ; R2_w=fp-4
4: (18) r1 = map[counters]            ; R1_w=map_ptr(map=counters,ks=4,vs=8)
6: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=counters,ks=4,vs=8)
7: (55) if r0 != 0x0 goto pc+2 10: R0=map_value(map=counters,ks=4,vs=8) R10=fp0
10: (79) r0 = *(u64 *)(r0 +0)         ; R0_w=scalar()
11: (95) exit

from 7 to 8: R0=0 R10=fp0
8: (18) r0 = 0x8000000000000000       ; R0_w=0x8000000000000000
10: (79) r0 = *(u64 *)(r0 +0)
R0 invalid mem access 'scalar'
processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 1
.map counters, type=hash, key=4, value=8, max=16
`;

const text = `.map counters, type=hash, key=4, value=8, max=16
r1 = 5
*(u32 *)(r10 - 4) = r1
r2 = r10
r2 += -4
r1 = counters ll
call bpf_map_lookup_elem
if r0 != 0 goto +2
r0 = 0x8000000000000000 ll
r0 = *(u64 *)(r0 + 0)
exit
`;

it("is read from a walk along its paths", () => {
  const [fromLog, fromText] = [assemble(log), assemble(text)];
  expect(fromLog.diagnostics).toEqual([]);
  expect(fromLog.ok && hex(fromLog.value.bytes())).toBe(fromText.ok && hex(fromText.value.bytes()));
});

it.each([
  ["1: (b7) r0 = 1\n2: (95) exit", "E0101: 1: (b7) «r0 = 1»"],
  ["0: (b7) r0 = 1\n0: (b7) r0 = 2", "E0107: 0: (b7) «r0 = 2»"],
  ["0: (b7) r0 = r1", "E0111: 0: (b7) «r0 = r1»"],
  ["0: (18) r1 = map[x]", "E0105: 0: (18) r1 = map[«x»]"],
  ["0: (b7) r11 = 1", "E0102: 0: (b7) «r11» = 1"],
])("refuses %s", (wrong, want) => expect(errors(wrong)).toEqual([want]));

const listing = `
prog.o:	file format elf64-bpf

Disassembly of section xdp:

0000000000000000 <prog>:
       0:	61 12 04 00 00 00 00 00	r2 = *(u32 *)(r1 + 0x4)
       1:	18 01 00 00 88 77 66 55 00 00 00 00 44 33 22 11	r1 = 0x1122334455667788 ll
       3:	b7 00 00 00 02 00 00 00	r0 = 0x2
       4:	15 02 01 00 00 00 00 00	if r2 == 0x0 goto +0x1 <LBB0_2>
       5:	b7 00 00 00 01 00 00 00	r0 = 0x1

0000000000000030 <LBB0_2>:
       6:	95 00 00 00 00 00 00 00	exit
`;

it("is read from llvm-objdump's listing too, and the bytes are checked", () => {
  const outcome = assemble(listing);
  expect(outcome.diagnostics).toEqual([]);
  expect(outcome.ok && outcome.value.insns.length).toBe(7);
  expect(errors("0:\tb7 00 00 00 01 00 00 00\tr0 = 0x2")).toEqual(["E0111: 0:\tb7 00 00 00 01 00 00 00\t«r0 = 0x2»"]);
});
