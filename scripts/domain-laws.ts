// The laws of the abstract numbers, with more time than a test has:
//   npx tsx scripts/domain-laws.ts [--width 8] [--stride 1] [--samples 1000000]
// All pairs of tnums of so many bits; all pairs of known sets at the seams of a word (one in `stride`); the laws of 64-bit
// numbers, sampled. Prints for each operator what was unsound, which must be nothing, and the percent of results that
// are the best possible.
import { parseArgs } from "node:util";
import { aluOps } from "../src/isa/alu.ts";
import { jumpOps } from "../src/isa/jump.ts";
import { counterexamples, laws } from "../test/verifier/domain/laws.ts";
import { census, smallOperators } from "../test/verifier/domain/small.ts";
import { castTally, compareTally, crossTally, operatorTally, type Tally } from "../test/verifier/domain/windows.ts";

const { values } = parseArgs({
  options: {
    width: { type: "string", default: "8" },
    stride: { type: "string", default: "1" },
    samples: { type: "string", default: "1000000" },
  },
});
const width = Number(values.width);
const share = { stride: Number(values.stride), first: 0 };
let unsound = 0;

function line(name: string, run: () => { pairs: number; unsound: readonly string[]; percent: number }): void {
  const began = performance.now();
  const { pairs, unsound: wrong, percent } = run();
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  unsound += wrong.length;
  console.log(`${name.padEnd(12)} ${String(pairs).padStart(9)} ${percent.toFixed(2).padStart(7)} %  ${seconds} s`);
  for (const each of wrong.slice(0, 5)) console.log(`  UNSOUND ${each}`);
}

console.log(`pairs of ${width}-bit tnums, and how many results are the least possible`);
for (const [name, operator] of Object.entries(smallOperators)) {
  line(name, () => {
    const found = census(width, operator);
    return { ...found, percent: (100 * found.optimal) / found.pairs };
  });
}
const tallied = (found: Tally) => ({ ...found, percent: (100 * found.tight) / found.bounds });
console.log("\nsets of words at the seams, and how many bounds some result reaches");
for (const op of aluOps) line(op, () => tallied(operatorTally(op, share)));
for (const op of jumpOps) line(op, () => tallied(compareTally(op, share)));
line("casts", () => tallied(castTally()));
line("crossings", () => tallied(crossTally(share)));
console.log(`\nlaws, ${values.samples} samples of each that is worth it`);
for (const law of laws) {
  const began = performance.now();
  const found = counterexamples(law, Number(values.samples));
  unsound += found.length;
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s  ${law.name}`);
  for (const each of found.slice(0, 5)) console.log(`  BROKEN ${each}`);
}
process.exit(unsound === 0 ? 0 : 1);
