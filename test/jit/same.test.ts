// Programs in every engine: the examples, the corpus, and programs that a seed makes (scripts/fuzz-jit.ts makes more of them).
import { describe, expect, it } from "vitest";
import type { Program } from "../../src/isa/program.ts";
import type { RunInput } from "../../src/vm/machine.ts";
import { corpusFiles, programOf } from "../support/corpus.ts";
import { both } from "../support/engines.ts";
import { JitCampaign } from "../support/jit-campaign.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";
import { KernelCampaign } from "../support/kernel-campaign.ts";

const folders = [
  "../../examples",
  "../../examples/refused",
  ...["bounds", "cve", "kfuncs", "objects", "rcu"].map((one) => `../corpus/${one}`),
];
const seed = Number(process.env.SEED ?? Date.now() % 2147483647);
const rounds = Number(process.env.ROUNDS ?? 250);

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

it(`compiles generated programs to what the interpreter and the reference do (SEED=${seed})`, () => {
  const campaign = new JitCampaign(seed);
  const wrong = [];
  for (let n = 0; n < rounds; n++) {
    const difference = campaign.next();
    if (difference !== undefined) wrong.push(`${difference.text}\n${campaign.shrunk(difference)}`);
  }
  expect(wrong).toEqual([]);
  expect(campaign.accepted).toBeGreaterThan(rounds / 2);
  expect(campaign.rich).toBeGreaterThan(campaign.accepted / 2);
  expect(campaign.referenced).toBeGreaterThan(rounds / 20);
});

describe.skipIf(!kernelThere)("compiled code and the running kernel", () => {
  it(`leave the same behind (SEED=${seed})`, () => {
    const campaign = new KernelCampaign(theKernel(), seed);
    const wrong = Array.from({ length: rounds / 10 }, () => campaign.next()).filter((each) => each !== undefined);
    expect(wrong).toEqual([]);
    expect(campaign.accepted).toBeGreaterThan(rounds / 20);
  });
});
