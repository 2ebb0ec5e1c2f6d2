// Every arithmetic, jump, swap and atomic form of the interpreter against the bigint reference of isa/.
import { describe, expect, it } from "vitest";
import { aluOps, evalAlu, evalMovsx, evalNeg, evalSwap } from "../../src/isa/alu.ts";
import { type AtomicRow, atomic, atomicOps, evalAtomic } from "../../src/isa/atomic.ts";
import type { Insn, Operand, Width } from "../../src/isa/insn.ts";
import { evalJump, jumpOps } from "../../src/isa/jump.ts";
import { Machine } from "../../src/vm/machine.ts";
import { edges, Numbers, programOf, seed } from "./support.ts";

const widths: readonly Width[] = [32, 64];
const rounds = 60;

function value(dst: number, number: bigint): (Insn | null)[] {
  const low = Number(BigInt.asIntN(32, number));
  const high = Number(BigInt.asIntN(32, number >> 32n));
  return [{ kind: "imm64", what: "value", dst, low, high }, null];
}

// A machine keeps what is loaded into it: a new one now and then, for making one takes longer than a run.
let machine = new Machine({ regime: "implicit" });
let loads = 0;

function run(insns: readonly (Insn | null)[]): bigint | string {
  if (++loads % 1000 === 0) machine = new Machine({ regime: "implicit" });
  const loaded = machine.load(programOf([...insns, { kind: "exit" }]));
  if (!loaded.ok) return loaded.diagnostics[0].text;
  const result = loaded.value.run();
  return result.kind === "exit" ? result.r0 : result.fault.text;
}

/** Pairs of operands: edges against edges, then random ones. */
function* pairs(numbers: Numbers): Generator<readonly [bigint, bigint]> {
  for (const a of edges) yield [a, edges[numbers.below(edges.length)]];
  for (const b of edges) yield [edges[numbers.below(edges.length)], b];
  for (let n = 0; n < rounds; n++) yield [numbers.next(), numbers.next()];
}

/** Both forms of an operand: the register r2, and the immediate that sign-extends to the same number, if there is one. */
function* operands(b: bigint, width: Width): Generator<Operand> {
  yield { kind: "reg", reg: 2 };
  const small = BigInt.asIntN(32, b);
  if (BigInt.asUintN(width, small) === BigInt.asUintN(width, b)) yield { kind: "imm", value: Number(small) };
}

describe(`the interpreter against isa/ (SEED=${seed})`, () => {
  it.each(aluOps)("%s", (op) => {
    const wrong = [];
    const numbers = new Numbers(seed);
    for (const width of widths) {
      for (const [a, given] of pairs(numbers)) {
        for (const b of [given, BigInt.asUintN(64, BigInt.asIntN(32, given))]) {
          for (const src of operands(b, width)) {
            const got = run([...value(0, a), ...value(2, b), { kind: "alu", op, width, dst: 0, src }]);
            const want = evalAlu(op, width, a, b);
            if (got !== want) wrong.push({ width, a, b, src: src.kind, got, want });
          }
        }
        if (op === "add" || op === "mov" || op === "mul" || op === "lsh") {
          const got = run([...value(0, a), { kind: "alu", op, width, dst: 0, src: { kind: "reg", reg: 0 } }]);
          const want = evalAlu(op, width, a, a);
          if (got !== want) wrong.push({ width, a, src: "itself", got, want });
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each(jumpOps)("%s", (op) => {
    const wrong = [];
    const numbers = new Numbers(seed);
    for (const width of widths) {
      for (const [a, given] of pairs(numbers)) {
        for (const b of [given, a, BigInt.asUintN(64, BigInt.asIntN(32, given))]) {
          for (const src of operands(b, width)) {
            const got = run([
              ...value(0, 1n),
              ...value(1, a),
              ...value(2, b),
              { kind: "jump", op, width, dst: 1, src, off: 1 },
              { kind: "alu", op: "mov", width: 64, dst: 0, src: { kind: "imm", value: 0 } },
            ]);
            const want = evalJump(op, width, a, b) ? 1n : 0n;
            if (got !== want) wrong.push({ width, a, b, src: src.kind, got, want });
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("neg, movsx and byte swaps", () => {
    const wrong: unknown[] = [];
    const numbers = new Numbers(seed);
    for (const [a, b] of pairs(numbers)) {
      const check = (what: string, insn: Insn, want: bigint) => {
        const got = run([...value(0, a), ...value(2, b), insn]);
        if (got !== want) wrong.push({ what, a, b, got, want });
      };
      for (const width of widths) {
        check(`neg${width}`, { kind: "neg", width, dst: 0 }, evalNeg(width, a));
        for (const from of [8, 16, 32] as const) {
          check(`movsx${from}${width}`, { kind: "movsx", width, from, dst: 0, src: 2 }, evalMovsx(width, from, b));
        }
      }
      for (const op of ["le", "be", "bswap"] as const) {
        for (const size of [16, 32, 64] as const) {
          check(`${op}${size}`, { kind: "swap", op, size, dst: 0 }, evalSwap(op, size, a));
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each(atomicOps)("atomic %s on the stack and elsewhere", (op) => {
    const wrong = [];
    const row: AtomicRow = atomic[op];
    const numbers = new Numbers(seed);
    for (const [memory, src] of pairs(numbers)) {
      const r0 = numbers.below(2) === 0 ? memory : numbers.next();
      for (const size of [4, 8] as const) {
        for (const fetch of row.fetch === "always" ? [true] : [false, true]) {
          for (const what of ["memory", "register"]) {
            for (const base of [10, 6]) {
              const off = base === 10 ? -8 : 16;
              const result = op === "cmpxchg" ? 0 : 2;
              const got = run([
                { kind: "alu", op: "mov", width: 64, dst: 6, src: { kind: "reg", reg: 1 } },
                ...value(3, memory),
                { kind: "store", size: 8, base, off, src: { kind: "reg", reg: 3 } },
                ...value(2, src),
                ...value(0, r0),
                { kind: "atomic", op, fetch, size, base, off, src: 2 },
                what === "memory"
                  ? { kind: "load", size: 8, signed: false, dst: 0, base, off }
                  : { kind: "alu", op: "mov", width: 64, dst: 0, src: { kind: "reg", reg: result } },
              ]);
              const low = BigInt.asUintN(size * 8, memory);
              const after = evalAtomic(op, size, memory, src, r0) | (size === 4 ? (memory >> 32n) << 32n : 0n);
              const want = what === "memory" ? after : fetch ? low : src;
              if (got !== want) wrong.push({ size, fetch, what, base, memory, src, r0, got, want });
            }
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("loads and stores of every size, sign, alignment and place", () => {
    const wrong = [];
    const numbers = new Numbers(seed);
    for (let n = 0; n < 300; n++) {
      const number = numbers.next();
      for (const size of [1, 2, 4, 8] as const) {
        for (const base of [10, 6]) {
          const off = (base === 10 ? -64 : 8) + numbers.below(16);
          for (const src of [
            { kind: "reg", reg: 3 },
            { kind: "imm", value: Number(BigInt.asIntN(32, number)) },
          ] as const) {
            const stored = src.kind === "reg" ? number : BigInt.asUintN(64, BigInt.asIntN(32, number));
            for (const signed of size === 8 ? [false] : [false, true]) {
              const got = run([
                { kind: "alu", op: "mov", width: 64, dst: 6, src: { kind: "reg", reg: 1 } },
                ...value(3, number),
                { kind: "store", size, base, off, src },
                { kind: "load", size, signed, dst: 0, base, off },
              ]);
              const bits = size * 8;
              const want = BigInt.asUintN(64, signed ? BigInt.asIntN(bits, stored) : BigInt.asUintN(bits, stored));
              if (got !== want) wrong.push({ size, base, off, src: src.kind, signed, number, got, want });
            }
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});
