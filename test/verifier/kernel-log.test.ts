// A log of the kernel's read back: which register held what before which instruction, and whether ours says as much.
import { expect, it, test } from "vitest";
import { Scalar } from "../../src/verifier/domain/scalar.ts";
import { pointer, scalarValue } from "../../src/verifier/state/value.ts";
import { apart, statesOf } from "../support/kernel-log.ts";

it("follows registers from line to line and from path to path", () => {
  const log = `0: R1=ctx() R10=fp0
0: (b7) r2 = 5                        ; R2=5
1: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
2: (15) if r0 == 0x0 goto pc+1        ; R0=scalar(umin=1)
3: (95) exit

from 2 to 4: R0=0 R10=fp0
4: (95) exit
processed 5 insns (limit 1000000)
`;
  expect(
    statesOf(log)?.map(({ pc, regs }) => `${pc}: ${[...regs].map(([reg, text]) => `${reg}=${text}`).join(" ")}`),
  ).toEqual([
    "0: 1=ctx() 10=fp0",
    "1: 1=ctx() 10=fp0 2=5",
    "2: 10=fp0 0=scalar()",
    "3: 10=fp0 0=scalar(umin=1)",
    "4: 0=0 10=fp0",
  ]);
  expect(statesOf("from 1 to 2: frame1: R1=0\n2: (95) exit")).toEqual([]);
});

const byte = scalarValue(Scalar.loaded(1, false));
const text = "scalar(smin=smin32=0,smax=umax=smax32=umax32=255,var_off=(0x0; 0xff))";

test.each([
  ["equal", byte, text, undefined],
  ["contained", scalarValue(Scalar.constant(7n)), text, undefined],
  ["wider", scalarValue(Scalar.loaded(2, false)), text, "number"],
  ["a constant", scalarValue(Scalar.constant(-1n)), "-1", undefined],
  ["another constant", scalarValue(Scalar.constant(1n)), "-1", "number"],
  [
    "negative halves",
    scalarValue(Scalar.signedRange(-9n, -2n)),
    "scalar(smin=-9,smax=-2,smin32=0xfffffff7,smax32=-2)",
    undefined,
  ],
  ["negative halves, nearer", scalarValue(Scalar.signedRange(-9n, -2n)), "scalar(smin=-9,smax=-2,smin32=-8)", "number"],
  ["a pointer for a number", pointer("ctx", {}), text, "kind: ctx for scalar"],
  ["the stack", pointer("stack", { off: -8 }), "fp-8", undefined],
  ["the stack elsewhere", pointer("stack", { off: -8 }), "fp-16", "fp: offset"],
  [
    "the stack at a varying offset",
    pointer("stack", { off: -8, scalar: Scalar.range(0n, 3n) }),
    "fp(off=-8,smax=umax=4)",
    undefined,
  ],
  ["fewer bytes proven", pointer("packet", { off: 4, size: 4 }), "pkt(off=4,r=8)", "pkt: range"],
  ["more bytes proven", pointer("packet", { off: 4, size: 8 }), "pkt(off=4,r=4)", undefined],
  ["an offset that varies", pointer("packet", { scalar: Scalar.range(0n, 9n) }), "pkt(r=0)", "pkt: varies"],
])("%s", (_, ours, theirs, said) => {
  expect(apart(ours, theirs)).toBe(said);
});
