// Modules made of expressions: constants of every length, branches out of nested scopes, tables, memory.
import { expect, it } from "vitest";
import { Memory } from "../../src/memory/memory.ts";
import {
  block,
  type Code,
  choose,
  get,
  give,
  goIf,
  i32,
  i64,
  Label,
  loop,
  set,
  table,
  type,
} from "../../src/wasm/code.ts";
import { compile, moduleBytes, onMemory } from "../../src/wasm/module.ts";

/** A function of one 32-bit number, with a 32-bit and a 64-bit local after it. */
function made(result: number, body: Code, memory = new Memory()): (n: number) => unknown {
  const f = { name: "f", parameters: [type.i32], results: [result], locals: [type.i32, type.i64], body };
  const module = compile(moduleBytes({ functions: [f] }));
  if (module === undefined) throw new Error("WebAssembly may not be compiled");
  return onMemory(module, memory.wasm).f as (n: number) => unknown;
}

it("writes constants of every length", () => {
  const wrong: unknown[] = [];
  for (let bit = 0; bit < 64; bit++) {
    for (const n of [1n << BigInt(bit), (1n << BigInt(bit)) - 1n, -(1n << BigInt(bit)), ~(1n << BigInt(bit))]) {
      const wide = made(type.i64, i64.const(n))(0);
      const narrow = made(type.i32, i32.const(Number(BigInt.asIntN(32, n))))(0);
      if (wide !== BigInt.asIntN(64, n) || narrow !== Number(BigInt.asIntN(32, n))) wrong.push({ n, wide, narrow });
    }
  }
  expect(wrong).toEqual([]);
});

it("branches to the label it names, however deep", () => {
  const [again, out, zero, one] = ["again", "out", "zero", "one"].map((name) => new Label(name));
  const sum = made(type.i32, [
    block(
      out,
      loop(again, [
        goIf(i32.eqz(get(0)), out),
        set(1, i32.add(get(1), get(0))),
        set(0, i32.sub(get(0), i32.const(1))),
        goIf(i32.const(1), again),
      ]),
    ),
    get(1),
  ]);
  expect([sum(0), sum(4)]).toEqual([0, 10]);
  const chosen = made(type.i32, [
    block(out, [
      block(one, [block(zero, table(get(0), [zero, one, out])), give(i32.const(100))]),
      give(i32.const(101)),
    ]),
    i32.const(-1),
  ]);
  expect([0, 1, 2, 3, -1].map(chosen)).toEqual([100, 101, -1, -1, -1]);
});

it("computes only the expression that is chosen", () => {
  const quotient = made(type.i32, choose(type.i32, i32.eqz(get(0)), i32.const(7), i32.divU(i32.const(12), get(0))));
  expect([quotient(0), quotient(5)]).toEqual([7, 2]);
});

it("shares the memory it is given, and follows it when that grows", () => {
  const memory = new Memory();
  const read = made(type.i32, i32.load(get(0), 4), memory);
  const at = memory.reserve(200_000);
  memory.i32[(at + 100_004) >> 2] = 42;
  expect(read(at + 100_000)).toBe(42);
});
