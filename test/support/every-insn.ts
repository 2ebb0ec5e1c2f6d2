// Every instruction form, made from the tables: each row with each operand form, width and size.
import { aluOps } from "../../src/isa/alu.ts";
import { type AtomicRow, atomic, atomicOps } from "../../src/isa/atomic.ts";
import type { Insn, Operand } from "../../src/isa/insn.ts";
import { jumpOps } from "../../src/isa/jump.ts";

const operands: readonly Operand[] = [
  { kind: "reg", reg: 7 },
  { kind: "imm", value: 7 },
  { kind: "imm", value: -2147483648 },
];
const offsets = [0, 4, -4, 32767, -32768];
const sizes = [1, 2, 4, 8] as const;
const widths = [32, 64] as const;

function* forms(): Generator<Insn> {
  for (const width of widths) {
    for (const src of operands) {
      for (const op of aluOps) yield { kind: "alu", op, width, dst: 3, src };
      for (const op of jumpOps) for (const off of offsets) yield { kind: "jump", op, width, dst: 3, src, off };
    }
    yield { kind: "neg", width, dst: 10 };
    for (const from of [8, 16, 32] as const) {
      if (from < width) yield { kind: "movsx", width, from, dst: 1, src: 2 };
    }
  }
  for (const size of [16, 32, 64] as const) {
    for (const op of ["le", "be", "bswap"] as const) yield { kind: "swap", op, size, dst: 4 };
  }
  yield { kind: "addrSpaceCast", dst: 1, src: 2, to: 0, from: 1 };
  yield { kind: "addrSpaceCast", dst: 1, src: 2, to: 65535, from: 0 };
  for (const size of sizes) {
    for (const off of offsets) {
      yield { kind: "load", size, signed: false, dst: 0, base: 10, off };
      if (size < 8) yield { kind: "load", size, signed: true, dst: 0, base: 10, off };
      for (const src of operands) yield { kind: "store", size, base: 10, off, src };
      yield { kind: "loadAcquire", size, dst: 1, base: 2, off };
      yield { kind: "storeRelease", size, base: 1, off, src: 2 };
    }
  }
  for (const op of atomicOps) {
    const row: AtomicRow = atomic[op];
    for (const size of [4, 8] as const) {
      for (const fetch of row.fetch === "always" ? [true] : [true, false]) {
        yield { kind: "atomic", op, fetch, size, base: 1, off: -8, src: 2 };
      }
    }
  }
  for (const size of [1, 2, 4] as const) {
    for (const imm of [0, 4, -4]) {
      yield { kind: "packet", size, src: null, imm };
      yield { kind: "packet", size, src: 6, imm };
    }
  }
  for (const [low, high] of [
    [5, 0],
    [-1, -1],
    [0x55667788, 0x11223344],
    [-5, 0],
    [0, -2147483648],
  ] as const) {
    yield { kind: "imm64", what: "value", dst: 9, low, high };
  }
  for (const off of offsets) {
    yield { kind: "goto", long: false, off };
    yield { kind: "mayGoto", off };
  }
  for (const off of [0, 100000, -2147483648]) {
    yield { kind: "goto", long: true, off };
    yield { kind: "callLocal", off };
  }
  for (const id of [1, 211, 0, -1, 99999]) yield { kind: "callHelper", id };
  yield { kind: "callx", reg: 2 };
  yield { kind: "exit" };
}

/** The forms whose meaning needs no table of names. */
export const everyInsn: readonly Insn[] = [...forms()];

/** Those that name something in a program's tables. */
export const everyNamingInsn: readonly Insn[] = [
  { kind: "callKfunc", index: 3, btfFd: 0 },
  { kind: "callKfunc", index: 3, btfFd: 2 },
  { kind: "imm64", what: "mapFd", dst: 1, low: 2, high: 0 },
  { kind: "imm64", what: "mapValue", dst: 1, low: 2, high: 8 },
  { kind: "imm64", what: "btfId", dst: 1, low: 2, high: 3 },
  { kind: "imm64", what: "func", dst: 1, low: -2, high: 0 },
  { kind: "imm64", what: "mapIdx", dst: 1, low: 2, high: 0 },
  { kind: "imm64", what: "mapIdxValue", dst: 1, low: 2, high: 8 },
];
