// Compares the laboratory's maps with the running kernel's, operation by operation:
//   npx tsx scripts/kernel-maps.ts --ops 100000 [--type hash] [--seed 1] [--self]
// With --self the kernel is compared with itself, which shows what a comparison can be held to.
import { parseArgs } from "node:util";
import { openKernel } from "../src/kernel/syscall.ts";
import { randomFrom } from "../test/support/generate.ts";
import { Comparison, type Difference } from "./map-differential/compare.ts";
import { LabSide } from "./map-differential/lab-side.ts";
import { type Kind, kinds } from "./map-differential/shapes.ts";
import { KernelSide } from "./map-differential/side.ts";

const { values } = parseArgs({
  options: {
    ops: { type: "string", default: "100000" },
    type: { type: "string" },
    seed: { type: "string" },
    self: { type: "boolean", default: false },
    show: { type: "string", default: "8" },
  },
});
const seed = values.seed === undefined ? Date.now() % 1_000_000_007 : Number(values.seed);
const wanted = kinds.filter((kind) => values.type === undefined || kind === values.type);
if (wanted.length === 0) {
  console.error(`no map type ${values.type}; there are ${kinds.join(", ")}`);
  process.exit(2);
}
const kernel = await openKernel();
if ("unavailable" in kernel) {
  console.log(`skipped: ${kernel.unavailable}`);
  process.exit(0);
}
const second = values.self ? new KernelSide(kernel) : new LabSide(kernel.cpus);
console.log(`seed ${seed}; kernel / ${values.self ? "kernel again" : "bpflab"}`);

let failed = false;
for (const kind of wanted) {
  const started = Date.now();
  const { operations, differences } = compare(kind);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${kind.padEnd(18)} ${operations} operations, ${differences.length} differences, ${seconds} s`);
  show(differences);
  failed ||= differences.length > 0;
}
process.exitCode = failed ? 1 : 0;

function compare(kind: Kind): Comparison {
  if ("unavailable" in kernel) throw new Error(kernel.unavailable);
  const sides = [new KernelSide(kernel), second] as const;
  const names = { first: "kernel", second: values.self ? "kernel again" : "bpflab" };
  const random = randomFrom(seed);
  const comparison = new Comparison(kind, random, sides, names, kernel.cpus);
  const length = 500;
  while (comparison.operations < Number(values.ops)) comparison.episode(length);
  return comparison;
}

function show(differences: readonly Difference[]): void {
  const groups = new Map<string, Difference[]>();
  for (const difference of differences) {
    const group = groups.get(difference.signature);
    if (group === undefined) groups.set(difference.signature, [difference]);
    else group.push(difference);
  }
  const sorted = [...groups].sort(([, a], [, b]) => b.length - a.length).slice(0, Number(values.show));
  for (const [signature, group] of sorted) {
    console.log(`  ${group.length} x ${signature}\n    ${group[0]?.detail ?? ""}`);
  }
}
