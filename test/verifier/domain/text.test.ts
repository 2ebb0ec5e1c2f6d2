// Scalars in the notation of the kernel's verifier log (print_scalar_ranges of kernel/bpf/log.c).
import { expect, test } from "vitest";
import { alu } from "../../../src/verifier/domain/arithmetic.ts";
import { Scalar } from "../../../src/verifier/domain/scalar.ts";
import { text } from "../../../src/verifier/domain/text.ts";

test.each([
  [Scalar.unknown, "scalar()"],
  [Scalar.constant(5n), "5"],
  [Scalar.ofI32(-1), "-1"],
  [Scalar.ofI32(100_000), "0x186a0"],
  [Scalar.loaded(1, false), "scalar(smin=smin32=0,smax=umax=smax32=umax32=255,var_off=(0x0; 0xff))"],
  [Scalar.loaded(4, false), "scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))"],
  [Scalar.loaded(2, true), "scalar(smin=smin32=-32768,smax=smax32=32767)"],
  [
    Scalar.signedRange(-16n, -1n),
    "scalar(smin=smin32=-16,smax=smax32=-1,umin=0xfffffffffffffff0,umin32=0xfffffff0,var_off=(0xfffffffffffffff0; 0xf))",
  ],
  [
    Scalar.range(4n, 0x1_0000n),
    "scalar(smin=umin=smin32=umin32=4,smax=umax=smax32=umax32=0x10000,var_off=(0x0; 0x1ffff))",
  ],
  [
    alu("lsh", 64, Scalar.loaded(1, false), Scalar.ofI32(3)),
    "scalar(smin=smin32=0,smax=umax=smax32=umax32=2040,var_off=(0x0; 0x7f8))",
  ],
])("%#: %s", (scalar, line) => {
  expect(text(scalar)).toBe(line);
});
