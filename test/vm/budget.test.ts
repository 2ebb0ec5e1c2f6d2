// A budget is kept to the instruction, whatever the fast loop does in one go: stopped anywhere and gone on with, a run
// comes to the same words, and a limit ends it after exactly so many instructions.
import { describe, expect, it } from "vitest";
import { interpret } from "../../src/vm/interpret.ts";
import { state } from "../../src/vm/registers.ts";
import { load, Numbers, seed } from "./support.ts";

const source = `
.map m, type=array, key=4, value=8, max=1
  r6 = 30000
  r7 = 0
next:
  r1 = r6
  call mix
  r7 ^= r0
  *(u32 *)(r10 - 4) = r7
  w8 = *(u32 *)(r10 - 4)
  r7 += r8
  r6 += -1
  if r6 != 0 goto next
  r2 = map_value[m] + 0 ll
  *(u64 *)(r2 + 0) = r7
  r0 = r7
  exit
mix:
  *(u64 *)(r10 - 8) = r1
  r0 = *(u64 *)(r10 - 8)
  r0 *= 0x9e3779b1
  r0 >>= 7
  exit
`;
// Two before the loop, thirteen in each round, four after it.
const length = 2 + 30000 * 13 + 4;

/** Runs it in pieces and gives the result, the count, the pieces that were not kept to, and all of memory. */
function inPieces(piece: () => number) {
  const { machine, loaded } = load(source, { regime: "implicit" });
  const run = loaded.start();
  const wrong: unknown[] = [];
  while (run.status === "running") {
    const before = run.cpu.R[state.count];
    const budget = piece();
    interpret(run.cpu, budget);
    const done = run.cpu.R[state.count] - before;
    if (done !== budget && run.status === "running") wrong.push({ before, budget, done });
  }
  const memory = Buffer.from(machine.memory.snapshot().bytes).toString("base64");
  return { result: run.result(), count: run.cpu.R[state.count], wrong, memory };
}

describe(`budgets (SEED=${seed})`, () => {
  const whole = inPieces(() => 0x7fffffff);

  it("counts what it does", () => {
    expect(whole).toMatchObject({ result: { kind: "exit", warnings: [] }, count: length, wrong: [] });
  });

  const numbers = new Numbers(seed);
  it.each([
    ["one", () => 1],
    ["seven", () => 7],
    ["65535", () => 65535],
    ["65536", () => 65536],
    ["65537", () => 65537],
    ["whatever comes", () => 1 + numbers.below(1 << (1 + numbers.below(17)))],
  ])("pieces of %s come to the same end", (_, piece) => {
    expect(inPieces(piece)).toEqual(whole);
  });

  it.each([1, 2, 65536, 65537, 131072, length - 1])("a limit of %i ends the run after so many", (limit) => {
    const { loaded } = load(source, { regime: "implicit", maxInstructions: limit });
    expect(loaded.run()).toMatchObject({ kind: "fault", instructions: limit, fault: { code: "E0202" } });
  });

  it("a limit that suffices does not", () => {
    const { loaded } = load(source, { regime: "implicit", maxInstructions: length });
    expect(loaded.run()).toMatchObject({ kind: "exit", instructions: length });
  });
});
