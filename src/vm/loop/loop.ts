// The interpreter's fast loop, as a WebAssembly function on the machine's memory. An instruction is a load of its operation
// number, a jump through a table, and the few loads and stores that it is about: 64-bit numbers are one value there, and
// accesses to the machine's own words need no check. In JavaScript, where every word of a typed array is checked, the
// same loop took five times as long. Whatever it does not do leaves it, is done by slow.ts, and it is
// entered anew.
import { aluOps } from "../../isa/alu.ts";
import { jumpOps } from "../../isa/jump.ts";
import type { Memory } from "../../memory/memory.ts";
import { block, type Code, get, give, i32, i64, Label, loop, set, table, type } from "../../wasm/code.ts";
import { compile, type Module, moduleBytes, onMemory } from "../../wasm/module.ts";
import { operation } from "../code.ts";
import type { FastLoop } from "../registers.ts";
import { load, loads, signedLoads, stackLoad, stackStore, store } from "./access.ts";
import { arithmetic, conditional, extended, inPlace } from "./arithmetic.ts";
import { call, exit, findFrame, mayGoto } from "./frames.ts";
import { reversed16, reversed32, reversed64 } from "./operators.ts";
import {
  AT,
  again,
  CODE,
  CPU,
  DST,
  done,
  field,
  insn,
  isNumber,
  jump,
  LEFT,
  leave,
  leaveIfUnset,
  MEMORY,
  narrowLocals,
  next,
  number,
  parameters,
  reg,
  SECTION,
  SRC,
  setDst,
  state,
  wide,
  wideLocals,
  words,
} from "./parts.ts";

/** By what kind of memory it is for: one thread's, or shared. */
const modules: { alone?: Module; shared?: Module } = {};

/** The loop on a memory, compiled once for each kind of memory; undefined where WebAssembly may not be compiled. */
export function fastLoop(memory: Memory): FastLoop | undefined {
  const kind = memory.shared ? "shared" : "alone";
  const module = (modules[kind] ??= compile(moduleOf(memory.shared)));
  return module && (onMemory(module, memory.wasm).run as FastLoop);
}

function moduleOf(shared: boolean): Uint8Array {
  return moduleBytes({
    shared,
    functions: [
      {
        name: "run",
        parameters: Array.from({ length: parameters }, () => type.i32),
        results: [type.i32],
        locals: [
          ...Array.from({ length: narrowLocals }, () => type.i32),
          ...Array.from({ length: wideLocals }, () => type.i64),
        ],
        body: body(),
      },
    ],
  });
}

function simple(): readonly (readonly [number, Code])[] {
  const dst32 = i32.load(get(DST));
  const src32 = i32.load(get(SRC));
  const src64 = i64.load(get(SRC));
  return [
    [operation.goto, jump],
    [operation.mayGoto, mayGoto],
    [operation.exit, exit],
    [operation.callLocal, call],
    [operation.value, [setDst, i64.store(get(DST), i64.load(get(AT), insn.imm)), isNumber(DST), wide]],
    [
      operation.pointer,
      [
        setDst,
        i64.store(get(DST), i64.load(get(AT), insn.imm)),
        // The provenance stands in the second slot.
        [reg.region, reg.birth, reg.base].map((at) => i64.store(get(DST), i64.load(get(AT), insn.size + at), at)),
        wide,
      ],
    ],
    [operation.neg64, inPlace(i64.sub(i64.const(0n), i64.load(get(DST))))],
    [operation.neg32, inPlace(i64.fromU(i32.sub(number(0), dst32)))],
    [operation.movsx, extended(i64.extend8(src64))],
    [operation.movsx + 1, extended(i64.extend16(src64))],
    [operation.movsx + 2, extended(i64.extend32(src64))],
    [operation.movsx + 3, extended(i64.fromU(i32.extend8(src32)))],
    [operation.movsx + 4, extended(i64.fromU(i32.extend16(src32)))],
    [operation.swap, inPlace(i64.fromU(i32.and(dst32, number(0xffff))))],
    [operation.swap + 1, inPlace(i64.fromU(dst32))],
    [operation.swap + 2, [setDst, leaveIfUnset(DST), next]],
    [operation.swap + 3, inPlace(i64.fromU(reversed16(dst32)))],
    [operation.swap + 4, inPlace(i64.fromU(reversed32(dst32)))],
    [operation.swap + 5, inPlace(reversed64(i64.load(get(DST))))],
  ];
}

/** What each operation does, by its number; those that are not here leave. */
function operations(): ReadonlyMap<number, Code> {
  const found = new Map(simple());
  [false, true].forEach((register, kind) => {
    for (const [run, width] of [
      [0, 64],
      [2, 32],
    ] as const) {
      aluOps.forEach((op, n) => {
        found.set(operation.alu + (run + kind) * aluOps.length + n, arithmetic(op, width, register));
      });
      jumpOps.forEach((op, n) => {
        found.set(operation.jump + (run + kind) * jumpOps.length + n, conditional(op, width, register));
      });
    }
  });
  [1, 2, 4, 8].forEach((size, n) => {
    found.set(operation.load + n, load(size, loads[size](get(MEMORY))));
    if (size < 8) found.set(operation.load + 4 + n, load(size, signedLoads[size](get(MEMORY))));
    found.set(operation.storeImm + n, store(size, false));
    found.set(operation.storeReg + n, store(size, true));
    found.set(operation.stackLoad + n, stackLoad(size));
    found.set(operation.stackStoreReg + n, stackStore(size, true));
    found.set(operation.stackStoreImm + n, stackStore(size, false));
  });
  return found;
}

function body(): Code {
  const all = operations();
  const last = Math.max(...all.keys());
  const labels = new Map([...all.keys()].map((op) => [op, new Label(`operation ${op}`)]));
  const targets = Array.from({ length: last + 1 }, (_, op) => labels.get(op) ?? leave);
  let nest: Code = table(field(insn.op), [...targets, leave]);
  for (const [op, label] of labels) nest = [block(label, nest), all.get(op) ?? []];
  const finish: Code = i32.store(get(CPU), i32.shrU(i32.sub(get(AT), get(CODE)), number(2)), state("pc"));
  return [
    set(AT, words(get(CODE), i32.load(get(CPU), state("pc")))),
    set(SECTION, i32.load(get(CPU), state("section"))),
    findFrame,
    block(leave, [block(done, loop(again, nest)), finish, give(number(0))]),
    finish,
    i32.xor(get(LEFT), number(-1)),
  ];
}
