// The interpreter on the twelve benchmark programs, beside native code of the same source in the same run.
//   npx tsx bench/interpret.ts [folder of programs.c] [passes]
// Needs clang-19 (BPF) and gcc (native); without the sources it says so and ends.
import type { Insn } from "../src/isa/insn.ts";
import type { Program } from "../src/isa/program.ts";
import { type Loaded, Machine } from "../src/vm/machine.ts";
import { maps, median, names, withPrograms } from "./programs.ts";

const passes = Number(process.argv[3] ?? 7);

withPrograms(process.argv[2], ({ memory, programs, native }) => {
  const machine = new Machine({ regime: "implicit", maxInstructions: 0x7fffffff });
  const rows = names.map((name, at) => {
    const loaded = machine.load(programOf(name, programs.get(name) ?? []));
    if (!loaded.ok) throw new Error(`${name}: ${loaded.diagnostics[0].text}`);
    return { name, at, loaded: loaded.value, native: [] as number[], ours: [] as number[], instructions: 0 };
  });
  for (let pass = 0; pass <= passes; pass++) {
    for (const row of rows) {
      const answer = native(row.at);
      const { nanoseconds, instructions, r0 } = time(row.loaded, memory, pass === 0 ? 200e6 : 30e6);
      if (pass === 0 && r0 !== answer.r0) {
        console.log(`${row.name}: the result differs, native ${answer.r0}, here ${r0}`);
      }
      // The first pass is not counted: the engine compiles meanwhile.
      if (pass === 0) continue;
      row.native.push(answer.nanoseconds);
      row.ours.push(nanoseconds);
      row.instructions = instructions;
    }
  }
  print(rows);
});

function programOf(name: string, insns: readonly (Insn | null)[]): Program {
  return {
    name,
    insns,
    maps: insns.some((insn) => insn?.kind === "imm64" && insn.what === "mapFd") ? maps : [],
    kfuncs: [],
    functions: [],
    labels: new Map(),
    order: "little",
    origin: [],
    expectations: [],
    warnings: [],
    bytes: () => new Uint8Array(),
  };
}

/** Nanoseconds of a run, over at least `atLeast` of them; starting (copying the input in) is not counted. */
function time(
  loaded: Loaded,
  memory: Uint8Array,
  atLeast: number,
): { nanoseconds: number; instructions: number; r0: bigint } {
  const first = loaded.run({ memory });
  if (first.kind === "fault") throw new Error(`${loaded.program.name}: ${first.fault.text}`);
  let took = 0;
  let runs = 0;
  let instructions = first.instructions;
  while (took < atLeast) {
    const run = loaded.start({ memory });
    const start = process.hrtime.bigint();
    const result = run.finish();
    took += Number(process.hrtime.bigint() - start);
    instructions = result.instructions;
    runs++;
  }
  return { nanoseconds: took / runs, instructions, r0: first.r0 };
}

interface Row {
  readonly name: string;
  readonly native: readonly number[];
  readonly ours: readonly number[];
  readonly instructions: number;
}

function print(rows: readonly Row[]): void {
  console.log("program  native ns   ours ns  instructions  ns/instruction  ratio to native");
  let product = 1;
  let perInstruction = 1;
  for (const row of rows) {
    const native = median(row.native);
    const ours = median(row.ours);
    product *= ours / native;
    perInstruction *= ours / row.instructions;
    console.log(
      row.name.padEnd(7),
      native.toFixed(0).padStart(10),
      ours.toFixed(0).padStart(9),
      String(row.instructions).padStart(13),
      (ours / row.instructions).toFixed(2).padStart(15),
      (ours / native).toFixed(1).padStart(16),
    );
  }
  const mean = (number: number) => number ** (1 / rows.length);
  console.log(
    `geometric mean: ${mean(perInstruction).toFixed(2)} ns an instruction, ${mean(product).toFixed(1)} times native`,
  );
}
