// The kernel's verdict on whole programs: one for each thing that has to be made before the load.
import { readdirSync } from "node:fs";
import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import type { Insn, WideKind } from "../../src/isa/insn.ts";
import { type MapDef, makeProgram, type ProgramParts } from "../../src/isa/program.ts";
import { judge, judgeAndRun } from "../../src/kernel/judge.ts";
import type { Kernel } from "../../src/kernel/syscall.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

const mov = (dst: number, value: number): Insn => ({
  kind: "alu",
  op: "mov",
  width: 64,
  dst,
  src: { kind: "imm", value },
});
const copy = (dst: number, reg: number): Insn => ({
  kind: "alu",
  op: "mov",
  width: 64,
  dst,
  src: { kind: "reg", reg },
});
const wide = (dst: number, what: WideKind, low: number): (Insn | null)[] => [
  { kind: "imm64", what, dst, low, high: 0 },
  null,
];
const storeZero = (base: number, off: number): Insn => ({
  kind: "store",
  size: 4,
  base,
  off,
  src: { kind: "imm", value: 0 },
});
const add = (dst: number, value: number): Insn => ({
  kind: "alu",
  op: "add",
  width: 64,
  dst,
  src: { kind: "imm", value },
});
const skipIfZero = (dst: number, off: number): Insn => ({
  kind: "jump",
  op: "jeq",
  width: 64,
  dst,
  src: { kind: "imm", value: 0 },
  off,
});
const helper = (id: number): Insn => ({ kind: "callHelper", id });
const kfunc = (index: number): Insn => ({ kind: "callKfunc", index, btfFd: 0 });
const exit: Insn = { kind: "exit" };

const array: MapDef = { name: "a", type: "array", keySize: 4, valueSize: 24, maxEntries: 1, flags: 0 };
/** r0 = the value of key 0, or the program ends. */
const lookup = [storeZero(10, -4), copy(2, 10), add(2, -4), ...wide(1, "mapFd", 0), helper(1), skipIfZero(0, 1)];
const found = (after: readonly (Insn | null)[]): readonly (Insn | null)[] => [
  ...lookup.slice(0, -1),
  skipIfZero(0, after.length),
  ...after,
  mov(0, 0),
  exit,
];

interface Row extends ProgramParts {
  readonly name: string;
  readonly accepted: boolean;
  readonly message?: RegExp;
}

const globalReads: readonly (Insn | null)[] = [
  { kind: "callLocal", off: 1 },
  exit,
  { kind: "load", size: 4, signed: false, dst: 0, base: 1, off: 0 },
  exit,
];

const rows: readonly Row[] = [
  { name: "a map by descriptor", maps: [array], insns: found([storeZero(0, 0)]), accepted: true },
  {
    name: "a write past a map value",
    maps: [array],
    insns: found([storeZero(0, 24)]),
    accepted: false,
    message: /outside of the allowed memory range/,
  },
  {
    name: "a map value by address",
    maps: [array],
    insns: [...wide(1, "mapValue", 0), storeZero(1, 20), mov(0, 0), exit],
    accepted: true,
  },
  {
    name: "a map by index",
    maps: [array],
    insns: [...wide(1, "mapIdxValue", 0), storeZero(1, 20), mov(0, 0), exit],
    accepted: true,
  },
  {
    name: "a spin lock",
    maps: [{ ...array, fields: [{ kind: "spin_lock", offset: 4 }] }],
    insns: found([copy(6, 0), copy(1, 6), add(1, 4), helper(93), copy(1, 6), add(1, 4), helper(94)]),
    type: "sched_cls",
    accepted: true,
  },
  {
    name: "a spin lock where the value has none",
    maps: [array],
    insns: found([copy(1, 0), helper(93)]),
    type: "sched_cls",
    accepted: false,
    message: /has to have BTF/,
  },
  {
    name: "a spin lock and a timer in a hash with a long key",
    maps: [
      {
        ...array,
        type: "hash",
        keySize: 12,
        fields: [
          { kind: "timer", offset: 8 },
          { kind: "spin_lock", offset: 0 },
        ],
      },
    ],
    insns: [...wide(1, "mapFd", 0), mov(0, 0), exit],
    type: "sched_cls",
    accepted: true,
  },
  {
    name: "a timer",
    maps: [{ ...array, fields: [{ kind: "timer", offset: 8 }] }],
    insns: found([copy(1, 0), add(1, 8), ...wide(2, "mapFd", 0), mov(3, 1), helper(169)]),
    type: "sched_cls",
    accepted: true,
  },
  {
    name: "an inner map",
    maps: [
      {
        name: "outer",
        type: "array_of_maps",
        keySize: 4,
        valueSize: 4,
        maxEntries: 1,
        flags: 0,
        inner: { ...array, name: "inner" },
      },
    ],
    insns: found([
      copy(1, 0),
      copy(2, 10),
      add(2, -4),
      helper(1),
      skipIfZero(0, 1),
      { kind: "load", size: 4, signed: false, dst: 1, base: 0, off: 20 },
    ]),
    accepted: true,
  },
  {
    name: "a callback",
    insns: [
      mov(1, 3),
      ...wide(2, "func", 6),
      mov(3, 0),
      mov(4, 0),
      helper(181),
      mov(0, 0),
      exit,
      { kind: "goto", long: false, off: 0 },
      mov(0, 0),
      exit,
    ],
    accepted: true,
  },
  {
    name: "a global function of a context",
    insns: globalReads,
    functions: [{ name: "reads", pc: 2, global: true, args: ["ctx"] }],
    accepted: true,
  },
  {
    name: "a global function of memory that is there",
    insns: [storeZero(10, -8), storeZero(10, -4), copy(1, 10), add(1, -8), ...globalReads],
    functions: [{ name: "reads", pc: 6, global: true, args: [{ mem: 8, nonnull: true }] }],
    accepted: true,
  },
  {
    name: "a global function of memory that may be null",
    insns: [mov(1, 0), ...globalReads],
    functions: [{ name: "reads", pc: 3, global: true, args: [{ mem: 8, nonnull: false }] }],
    accepted: false,
    message: /invalid mem access 'mem_or_null'/,
  },
  {
    name: "a kernel function",
    kfuncs: ["bpf_rcu_read_lock", "bpf_rcu_read_unlock"],
    insns: [kfunc(0), kfunc(1), mov(0, 0), exit],
    accepted: true,
  },
  {
    name: "a section left open",
    kfuncs: ["bpf_rcu_read_lock"],
    insns: [kfunc(0), mov(0, 0), exit],
    accepted: false,
    message: /rcu_read_lock/,
  },
  { name: "a syscall program", insns: [mov(0, 0), exit], type: "syscall", accepted: true },
  { name: "a sleepable iterator", insns: [mov(0, 0), exit], type: "iter", sleepable: true, accepted: true },
  {
    name: "a sleepable socket filter",
    insns: [mov(0, 0), exit],
    sleepable: true,
    accepted: false,
    message: /can be sleepable/,
  },
];

describe.skipIf(!kernelThere)("judge", () => {
  it.each(rows)("$name", ({ accepted, message, ...parts }) => {
    const before = readdirSync("/proc/self/fd").length;
    const judgement = judge(theKernel(), makeProgram(parts), { type: "socket_filter" });
    expect(judgement, judgement.log).toMatchObject({ verdict: accepted ? "accept" : "reject" });
    if (message !== undefined) expect(judgement.message).toMatch(message);
    expect(readdirSync("/proc/self/fd").length).toBe(before);
  });

  it("refuses a leaked pointer only without privilege", () => {
    const program = makeProgram({ insns: [copy(0, 10), exit] });
    expect(judge(theKernel(), program).verdict).toBe("accept");
    expect(judge(theKernel(), program, { unprivileged: true })).toMatchObject({ message: /leaks addr/ });
    expect(judge(theKernel(), program).verdict).toBe("accept");
  });

  it("says that it cannot judge a call of a function this kernel lacks", () => {
    const program = makeProgram({ kfuncs: ["no_such_function"], insns: [kfunc(0), mov(0, 0), exit] });
    expect(judge(theKernel(), program)).toMatchObject({
      verdict: "unable",
      message: "this kernel has no function no_such_function",
    });
  });

  it("runs what it accepted, with its maps", () => {
    const kernel = theKernel();
    const program = makeProgram({ maps: [array], insns: found([add(0, 0), storeZero(0, 0)]), type: "socket_filter" });
    const { result } = judgeAndRun(kernel, program, {}, (fd, [map = -1]) => {
      const seven = new Uint8Array(24).fill(7);
      kernel.update(map, new Uint8Array(4), seven);
      kernel.testRun(fd, { data: new Uint8Array(64) });
      return kernel.lookup(map, new Uint8Array(4)).value;
    });
    expect(result).toEqual(new Uint8Array(24).fill(7).fill(0, 0, 4));
  });
});

it("asks again where a signal interrupted the verifier, and takes no interruption for a verdict", () => {
  const { EAGAIN } = constants.errno;
  const program = makeProgram({ insns: [mov(0, 0), exit] });
  for (const [interruptions, verdict, loads] of [
    [2, "accept", 3],
    [100, "unable", 5],
  ] as const) {
    let asked = 0;
    const loadProgram = () => (asked++ < interruptions ? { errno: EAGAIN, log: "" } : { errno: 0, fd: 7, log: "" });
    const kernel = { loadProgram, close: () => undefined } as unknown as Kernel;
    expect(judge(kernel, program).verdict).toBe(verdict);
    expect(asked).toBe(loads);
  }
});
