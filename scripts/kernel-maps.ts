// Compares the laboratory's maps with the running kernel's: random operations of userspace, and random programs.
//   npx tsx scripts/kernel-maps.ts --count 100000 [--type hash] [--seed 1] [--self]
// Each type gets that many operations through bpf(2) (creation with any sizes and flags, update, lookup, delete, next key,
// lookup and delete, walks over everything) and as many calls of helpers, in programs that the kernel test-runs. What
// differs is printed with what led to it, most frequent first (--show 8); the seed that is printed repeats a run.
// With --self the kernel's bpf(2) is compared with itself, which shows what a comparison can be held to. Without a kernel
// to ask it says so and ends well; it attaches and pins nothing.
//
// What is compared: error numbers, values, and the set of keys. Not compared: the order of keys in hashes; which key an LRU
// table of userspace's evicts, for the process moves between CPUs (of programs' it is).
import { parseArgs } from "node:util";
import { openKernel } from "../src/kernel/syscall.ts";
import { randomFrom } from "../test/support/generate.ts";
import { Comparison, type Difference } from "./map-differential/compare.ts";
import { LabSide } from "./map-differential/lab-side.ts";
import { ProgramRuns } from "./map-differential/program-runs.ts";
import { type Kind, kinds } from "./map-differential/shapes.ts";
import { KernelSide } from "./map-differential/side.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100000" },
    type: { type: "string" },
    seed: { type: "string" },
    self: { type: "boolean", default: false },
    show: { type: "string", default: "8" },
  },
});
const count = Number(values.count);
const seed = values.seed === undefined ? Date.now() % 1_000_000_007 : Number(values.seed);
const wanted = kinds.filter((kind) => values.type === undefined || kind === values.type);
if (wanted.length === 0) {
  console.error(`no map type ${values.type}; there are ${kinds.join(", ")}`);
  process.exit(2);
}
if (!(count > 0 && Number.isInteger(seed))) {
  console.error("--count takes a positive number, --seed a whole one");
  process.exit(2);
}
const opened = await openKernel();
if ("unavailable" in opened) {
  console.log(`skipped: ${opened.unavailable}`);
  process.exit(0);
}
const kernel = opened;
const second = values.self ? new KernelSide(kernel) : new LabSide(kernel.cpus);
const names = { first: "kernel", second: values.self ? "kernel again" : "bpflab" };
console.log(`seed ${seed}; kernel / ${names.second}`);

let failed = false;
for (const kind of wanted) {
  report(kind, "bpf(2)", () => {
    const comparison = new Comparison(kind, randomFrom(seed), [new KernelSide(kernel), second], names, kernel.cpus);
    while (comparison.operations < count) comparison.episode(500);
    return comparison;
  });
  if (values.self) continue;
  const runs = await ProgramRuns.open(kernel, kind, randomFrom(seed));
  report(kind, "programs", () => {
    while (runs.operations < count && runs.differences.length < count) runs.episode(40);
    return runs;
  });
}
process.exitCode = failed ? 1 : 0;

function report(kind: Kind, where: string, work: () => Pick<Comparison, "operations" | "differences">): void {
  const started = Date.now();
  const { operations, differences } = work();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(
    `${kind.padEnd(18)}${where.padEnd(10)}${operations} operations, ${differences.length} differences, ${seconds} s`,
  );
  show(differences);
  failed ||= differences.length > 0;
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
