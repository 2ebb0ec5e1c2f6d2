// Accepted programs in both engines: the examples, the corpus, and programs that a seed makes.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { Program } from "../../src/isa/program.ts";
import type { RunInput } from "../../src/vm/machine.ts";
import { boundaryProgram } from "../support/boundary.ts";
import { corpusFiles, programOf } from "../support/corpus.ts";
import { both } from "../support/engines.ts";
import { generate, randomFrom } from "../support/generate.ts";
import { assemblyOf } from "../support/text.ts";

const folders = [
  "../../examples",
  "../../examples/refused",
  ...["bounds", "cve", "kfuncs", "objects", "rcu"].map((one) => `../corpus/${one}`),
];
const seed = Number(process.env.SEED ?? Date.now() % 2147483647);
const rounds = Number(process.env.ROUNDS ?? 400);

function inputsFor(program: Program, digits: string | undefined): readonly RunInput[] {
  const packet =
    digits === undefined ? Uint8Array.from({ length: 64 }, (_, n) => n) : Uint8Array.from(Buffer.from(digits, "hex"));
  if (program.type === undefined || program.type === "syscall") return [{}, {}];
  return [{ packet }, { packet: new Uint8Array(20) }, { packet }];
}

it("compiles the examples and the corpus to the same results and the same memory", () => {
  const wrong = [];
  const refused = [];
  let compiled = 0;
  for (const file of folders.flatMap(corpusFiles)) {
    const program = programOf(file);
    const inputs = inputsFor(program, /^# packet: ([0-9a-f]+)$/m.exec(file.text)?.[1]);
    for (const rcu of ["explicit", "implicit"] as const) {
      const result = both(program, rcu, inputs);
      if (result === undefined) continue;
      // Map types that the machine does not have run in neither engine.
      if (result.refusal === "load") continue;
      if (result.refusal !== undefined) refused.push(`${file.name}: ${result.refusal}`);
      else compiled++;
      if (result.difference !== undefined) wrong.push({ file: file.name, rcu, difference: result.difference });
    }
  }
  expect(wrong).toEqual([]);
  expect([...new Set(refused)]).toEqual([
    "context-buffer.bpf: contextPointer",
    "context-message.bpf: contextPointer",
    "sock-full-has-type.bpf: contextPointer",
    "sock-port-as-word.bpf: contextPointer",
  ]);
  expect(compiled).toBeGreaterThan(200);
});

it(`compiles generated programs with maps, calls and sections (SEED=${seed})`, () => {
  const random = randomFrom(seed);
  const wrong = [];
  let compiled = 0;
  for (let n = 0; n < rounds; n++) {
    const text = assemblyOf(generate(random));
    const made = assemble(text);
    if (!made.ok) continue;
    const result = both(made.value, "explicit", inputsFor(made.value, undefined));
    if (result?.refusal === undefined && result !== undefined) compiled++;
    if (result?.difference !== undefined) wrong.push({ difference: result.difference, text });
  }
  expect(wrong).toEqual([]);
  expect(compiled).toBeGreaterThan(rounds / 10);
});

it(`compiles generated programs about numbers (SEED=${seed})`, () => {
  const random = randomFrom(seed);
  const wrong = [];
  let compiled = 0;
  for (let n = 0; n < rounds; n++) {
    const { program } = boundaryProgram(random);
    const inputs = [1, 2, 3].map(() => ({ packet: Uint8Array.from({ length: 64 }, () => random() * 256) }));
    const result = both(program, "implicit", inputs);
    if (result?.refusal === undefined && result !== undefined) compiled++;
    if (result?.difference !== undefined) wrong.push({ difference: result.difference, insns: program.insns });
  }
  expect(wrong).toEqual([]);
  expect(compiled).toBeGreaterThan(rounds / 10);
});
