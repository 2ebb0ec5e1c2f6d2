// What the interpreter takes for an instruction, on the twelve benchmark programs:
//   npx esbuild bench/interpret.ts --bundle --platform=node --format=esm --outfile=interpret.mjs && node interpret.mjs [passes]
// `bpflab bench` has it beside native code, and compiled code and the kernel's. Passes go over all programs in turn; the least counts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assemble } from "../src/asm/assemble.ts";
import { benchmarks } from "../src/cli/benchmarks.ts";
import { benchmark, benchmarkInput } from "../src/lab/benchmark.ts";
import { Machine } from "../src/vm/machine.ts";

const PASS = 30e6;
const passes = Number(process.argv[2] ?? 7);
const input = benchmarkInput();

const rows = Object.keys(benchmarks).map((name) => {
  const made = assemble(readFileSync(join("bench", "programs", `${name}.bpf`), "utf8"));
  if (!made.ok) throw new Error(`${name}: ${made.diagnostics[0]?.text}`);
  const program = made.value;
  const timed = benchmark(program, input);
  if (!timed.ok) throw new Error(`${name}: ${timed.diagnostics[0]?.text}`);
  const machine = new Machine({ regime: "implicit", maxInstructions: 0x7fffffff });
  const loaded = machine.load(program);
  if (!loaded.ok) throw new Error(`${name}: ${loaded.diagnostics[0]?.text}`);
  machine.maps.update(machine.mapSet.byName("input"), new Uint8Array(4), input);
  return { name, timed: timed.value, instructions: loaded.value.run().instructions, least: Number.POSITIVE_INFINITY };
});

// The engine compiles during the first pass.
for (let pass = 0; pass <= passes; pass++) {
  for (const row of rows) {
    const took = row.timed.timeInterpreted(PASS);
    if (pass > 0) row.least = Math.min(row.least, took);
  }
}

console.log("program  instructions         ns  ns/instruction");
let product = 1;
for (const { name, instructions, least } of rows) {
  product *= least / instructions;
  const columns = [
    String(instructions).padStart(13),
    least.toFixed(0).padStart(11),
    (least / instructions).toFixed(2).padStart(16),
  ];
  console.log(name.padEnd(7), ...columns);
}
console.log(`geometric mean: ${(product ** (1 / rows.length)).toFixed(2)} ns an instruction`);
