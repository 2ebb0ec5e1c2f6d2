// The interpreter's loop without WebAssembly against the one with it: programs of every kind, and each operation on numbers
// that lie at the edges.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { alu, aluOps } from "../../src/isa/alu.ts";
import { jump, jumpOps } from "../../src/isa/jump.ts";
import type { Program } from "../../src/isa/program.ts";
import { compile } from "../../src/jit/compile.ts";
import { contents } from "../../src/lab/maps.ts";
import { verify } from "../../src/verifier/verify.ts";
import { Machine } from "../../src/vm/machine.ts";
import { corpusFiles, programOf } from "../support/corpus.ts";
import { generate, randomFrom } from "../support/generate.ts";
import { assemblyOf } from "../support/text.ts";

const seed = Number(process.env.SEED ?? Date.now() % 2147483647);

function seen(program: Program, webAssembly: boolean): unknown {
  const machine = new Machine({ webAssembly, maxInstructions: 20_000 });
  const loaded = machine.load(program);
  if (!loaded.ok) return "does not load";
  const packet = Uint8Array.from({ length: 64 }, (_, n) => n);
  const input = program.type === undefined || program.type === "syscall" ? {} : { packet };
  return [1, 2].map(() => {
    const result = loaded.value.run(input);
    const end = result.kind === "exit" ? result.r0 : [result.fault.kind, result.fault.pc, result.fault.text];
    const warnings = result.warnings.map((each) => [each.kind, each.pc]);
    return [end, result.instructions, warnings, result.output, contents(machine, program)];
  });
}

const folders = ["../../examples", "../../examples/refused", "../corpus/bounds", "../corpus/cve", "../corpus/rcu"];

it("comes to the same end for the examples and the corpus", () => {
  const files = folders.flatMap(corpusFiles);
  expect(files.length).toBeGreaterThan(150);
  for (const file of files) {
    const program = programOf(file);
    expect([file.name, seen(program, false)]).toEqual([file.name, seen(program, true)]);
  }
});

it(`comes to the same end for generated programs (SEED=${seed})`, () => {
  const random = randomFrom(seed);
  for (let n = 0; n < 200; n++) {
    const text = assemblyOf(generate(random));
    const program = assemble(text);
    if (!program.ok) throw new Error(text);
    expect([text, seen(program.value, false)]).toEqual([text, seen(program.value, true)]);
  }
});

const edges = [0n, 1n, 2n, 31n, 32n, 33n, 63n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n].flatMap((value) => [
  value,
  BigInt.asUintN(64, -value),
  value << 31n,
]);

/** r0 of a program on a machine that has no WebAssembly. */
function value(machine: Machine, body: string): bigint {
  const program = assemble(`${body}\nexit`);
  if (!program.ok) throw new Error(body);
  const loaded = machine.load(program.value);
  if (!loaded.ok) throw new Error(body);
  const result = loaded.value.run();
  if (result.kind !== "exit") throw new Error(result.fault.text);
  return result.r0;
}

const number = (v: bigint) => BigInt.asIntN(64, v);

it.each([64, 32] as const)("computes and compares %i bits as the reference does", (width) => {
  const r = width === 64 ? "r" : "w";
  const cut = (v: bigint) => BigInt.asUintN(width, v);
  const machine = new Machine({ webAssembly: false });
  for (const a of edges) {
    for (const b of edges.filter((_, n) => n % 3 === Number(a % 3n))) {
      const set = `r0 = ${number(a)} ll\nr1 = ${number(b)} ll\n`;
      for (const op of aluOps) {
        const wanted = cut(alu[op].eval(cut(a), cut(b), width));
        expect([op, a, b, value(machine, `${set}${r}0 ${alu[op].symbol} ${r}1`)]).toEqual([op, a, b, wanted]);
      }
      for (const op of jumpOps) {
        const taken = value(machine, `${set}if ${r}0 ${jump[op].symbol} ${r}1 goto yes\nr0 = 0\nexit\nyes: r0 = 1`);
        expect([op, a, b, taken]).toEqual([op, a, b, jump[op].eval(cut(a), cut(b), width) ? 1n : 0n]);
      }
    }
  }
});

it("says that it compiles nothing", () => {
  const program = assemble("r0 = 0\nexit");
  const verdict = program.ok ? verify(program.value) : undefined;
  if (verdict?.verdict !== "accepted") throw new Error("the program is refused");
  const machine = new Machine({ webAssembly: false });
  const compiled = compile(verdict.program, machine);
  expect([machine.compiles, compiled.ok ? "" : compiled.refusal.reason]).toEqual([false, "engine"]);
});
