// Every arithmetic, jump, swap, atomic, load and store form of the compiler against the bigint reference of isa/. One
// program a form: its operands are in the memory it is handed, so it is compiled once and run often.
import { describe, expect, it } from "vitest";
import { aluOps, evalAlu, evalMovsx, evalNeg, evalSwap } from "../../src/isa/alu.ts";
import { type AtomicRow, atomic, atomicOps, evalAtomic } from "../../src/isa/atomic.ts";
import type { AccessSize, Insn, Operand } from "../../src/isa/insn.ts";
import { evalJump, jumpOps } from "../../src/isa/jump.ts";
import { compileChecked } from "../../src/jit/compile.ts";
import { lowering } from "../../src/jit/lower.ts";
import { Machine } from "../../src/vm/machine.ts";
import { isValid } from "../../src/wasm/module.ts";
import { everyInsn, everyNamingInsn } from "../support/every-insn.ts";
import { edges, Numbers, programOf, seed } from "../vm/support.ts";

const reg2: Operand = { kind: "reg", reg: 2 };
const imm = (value: number): Operand => ({ kind: "imm", value });
const load = (dst: number, off: number): Insn => ({ kind: "load", size: 8, signed: false, dst, base: 6, off });
const setUp: readonly Insn[] = [
  { kind: "alu", op: "mov", width: 64, dst: 6, src: { kind: "reg", reg: 1 } },
  load(0, 0),
  load(2, 8),
  load(4, 16),
];
const widths = [32, 64] as const;

/** What r0 is after instructions on r0 and r2, which hold two numbers; r4 a third, r6 points to all three. */
function form(insns: readonly (Insn | null)[]): (...numbers: readonly bigint[]) => bigint | string {
  const made = compileChecked(programOf([...setUp, ...insns, { kind: "exit" }]), new Machine({ regime: "implicit" }));
  if (!made.ok) return () => made.refusal.text;
  return (...numbers) => {
    const memory = new Uint8Array(BigUint64Array.from([...numbers, 0n, 0n].slice(0, 3)).buffer);
    const result = made.value.run({ memory });
    return result.kind === "exit" ? result.r0 : result.fault.text;
  };
}

const numbers = new Numbers(seed);
const pairs: readonly (readonly [bigint, bigint])[] = [
  ...edges.flatMap((a) => [
    [a, edges[numbers.below(edges.length)]] as const,
    [edges[numbers.below(edges.length)], a] as const,
  ]),
  ...edges.map((a) => [a, a] as const),
  ...Array.from({ length: 40 }, () => [numbers.next(), numbers.next()] as const),
];
const immediates = [0, 1, -1, 7, 31, 32, 63, -2147483648, 2147483647];

/** The pairs at which a form gives another number than it should. */
function misses(
  insns: readonly (Insn | null)[],
  want: (a: bigint, b: bigint) => bigint,
  by = pairs,
): readonly unknown[] {
  const run = form(insns);
  return by.flatMap(([a, b]) => {
    const [got, wanted] = [run(a, b), want(a, b)];
    return got === wanted ? [] : [{ insns, a, b, got, wanted }];
  });
}

describe(`compiled code against isa/ (SEED=${seed})`, () => {
  it.each(aluOps)("%s", (op) => {
    const wrong = widths.flatMap((width) => [
      ...misses([{ kind: "alu", op, width, dst: 0, src: reg2 }], (a, b) => evalAlu(op, width, a, b)),
      ...misses([{ kind: "alu", op, width, dst: 0, src: { kind: "reg", reg: 0 } }], (a) => evalAlu(op, width, a, a)),
      ...immediates.flatMap((value) =>
        misses([{ kind: "alu", op, width, dst: 0, src: imm(value) }], (a) => evalAlu(op, width, a, BigInt(value))),
      ),
    ]);
    expect(wrong).toEqual([]);
  });

  it.each(jumpOps)("%s", (op) => {
    const after: readonly Insn[] = [
      { kind: "alu", op: "mov", width: 64, dst: 0, src: imm(0) },
      { kind: "goto", long: false, off: 1 },
      { kind: "alu", op: "mov", width: 64, dst: 0, src: imm(1) },
    ];
    const holds = (taken: boolean) => (taken ? 1n : 0n);
    const wrong = widths.flatMap((width) => [
      ...misses([{ kind: "jump", op, width, dst: 0, src: reg2, off: 2 }, ...after], (a, b) =>
        holds(evalJump(op, width, a, b)),
      ),
      ...immediates.flatMap((value) =>
        misses([{ kind: "jump", op, width, dst: 0, src: imm(value), off: 2 }, ...after], (a) =>
          holds(evalJump(op, width, a, BigInt(value))),
        ),
      ),
    ]);
    expect(wrong).toEqual([]);
  });

  it("neg, movsx, byte swaps and casts", () => {
    const wrong: unknown[] = [];
    for (const width of widths) {
      wrong.push(...misses([{ kind: "neg", width, dst: 0 }], (a) => evalNeg(width, a)));
      for (const from of [8, 16, 32] as const) {
        wrong.push(...misses([{ kind: "movsx", width, from, dst: 0, src: 2 }], (_, b) => evalMovsx(width, from, b)));
      }
    }
    for (const op of ["le", "be", "bswap"] as const) {
      for (const size of [16, 32, 64] as const) {
        wrong.push(...misses([{ kind: "swap", op, size, dst: 0 }], (a) => evalSwap(op, size, a)));
      }
    }
    wrong.push(...misses([{ kind: "addrSpaceCast", dst: 0, src: 2, to: 0, from: 1 }], (_, b) => b));
    expect(wrong).toEqual([]);
  });

  it.each(atomicOps)("atomic %s", (op) => {
    const row: AtomicRow = atomic[op];
    const wrong: unknown[] = [];
    const less = pairs.slice(0, 60);
    for (const size of [4, 8] as const) {
      for (const fetch of row.fetch === "always" ? [true] : [false, true]) {
        // r0 is compared with, r4 is what is exchanged; the memory is the second number.
        for (const [base, off] of [
          [6, 8],
          [10, -8],
        ] as const) {
          const before: Insn[] = base === 10 ? [{ kind: "store", size: 8, base, off, src: reg2 }] : [];
          const insn: Insn = { kind: "atomic", op, fetch, size, base, off, src: 4 };
          const result = op === "cmpxchg" ? 0 : 4;
          const toR0 = (src: number): Insn => ({
            kind: "alu",
            op: "mov",
            width: 64,
            dst: 0,
            src: { kind: "reg", reg: src },
          });
          const third = numbers.next();
          const memory = form([...before, insn, { ...load(0, off), base } as Insn]);
          const register = form([...before, insn, toR0(result)]);
          for (const [a, b] of less) {
            const low = BigInt.asUintN(size * 8, b);
            const rest = size === 4 ? (b >> 32n) << 32n : 0n;
            const stored = evalAtomic(op, size, b, third, a) | rest;
            const got = [memory(a, b, third), register(a, b, third)];
            const want = [stored, fetch ? low : third];
            if (got[0] !== want[0] || got[1] !== want[1]) wrong.push({ op, size, fetch, base, a, b, third, got, want });
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("loads and stores of every size, sign and place", () => {
    const wrong: unknown[] = [];
    const less = pairs.slice(0, 40);
    for (const size of [1, 2, 4, 8] as const satisfies readonly AccessSize[]) {
      const bits = size * 8;
      for (const [base, off] of [
        [6, 8],
        [10, -64],
        [10, -61],
      ] as const) {
        for (const signed of [false, true]) {
          const read = (b: bigint) => BigInt.asUintN(64, signed ? BigInt.asIntN(bits, b) : BigInt.asUintN(bits, b));
          const back: Insn = { kind: "load", size, signed, dst: 0, base, off };
          wrong.push(...misses([{ kind: "store", size, base, off, src: reg2 }, back], (_, b) => read(b), less));
          for (const value of [-2, 0x12345678]) {
            wrong.push(
              ...misses([{ kind: "store", size, base, off, src: imm(value) }, back], () => read(BigInt(value)), [
                [0n, 0n],
              ]),
            );
          }
        }
        if (off === -61) continue;
        const ordered: Insn[] = [
          { kind: "storeRelease", size, base, off, src: 2 },
          { kind: "loadAcquire", size, dst: 0, base, off },
        ];
        wrong.push(...misses(ordered, (_, b) => BigInt.asUintN(bits, b), less));
      }
    }
    expect(wrong).toEqual([]);
  });

  it("makes a valid module of every form of instruction", () => {
    const wrong = [];
    const kinds = new Set<string>();
    for (const each of [...everyInsn, ...everyNamingInsn]) {
      // r10 as a destination is refused.
      const insn: Insn = each.kind === "neg" ? { ...each, dst: 9 } : each;
      const rest: readonly (Insn | null)[] = insn.kind === "imm64" ? [null, { kind: "exit" }] : [{ kind: "exit" }];
      const made = compileChecked(programOf([insn, ...rest]), new Machine({ regime: "implicit" }));
      if (!made.ok || !isValid(made.value.bytes)) wrong.push(insn);
      kinds.add(insn.kind);
    }
    expect(wrong).toEqual([]);
    expect(Object.keys(lowering).filter((kind) => !kinds.has(kind))).toEqual(["invalid"]);
  });
});
