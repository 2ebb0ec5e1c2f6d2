// Two CPUs at the same time, each a thread, on one machine:
//   npm run cpus -- --increments 10000000 --seconds 30
// Counts with atomic instructions (nothing may be lost) and with plain ones (how much is), then exchanges a map under load,
// with synchronize_rcu() and without, and looks whether the old counter still grows. Exits with 1 if an atomic
// increment was lost, or an old map was touched after synchronize_rcu() had returned; says so if the
// wrong ways did not show their fault in the time given.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { assemble, compile, Machine, verify } from "../src/lab/index.ts";
import { Cpus } from "../src/lab/node.ts";

const { values } = parseArgs({ options: { increments: { type: "string" }, seconds: { type: "string" } } });
const increments = Number(values.increments ?? 10_000_000);
const seconds = Number(values.seconds ?? 30);
const CPUS = 2;
/** What one run of the counting examples adds. */
const PER_RUN = 1000;
const first = new Uint8Array(4);
let failed = false;

function compiledExample(name: string, machine: Machine) {
  const path = join(import.meta.dirname, "..", "examples", `${name}.bpf`);
  const program = assemble(readFileSync(path, "utf8"), { name });
  if (!program.ok) throw new Error(`${name} does not assemble`);
  const verdict = verify(program.value);
  if (verdict.verdict !== "accepted") throw new Error(`${name} is not accepted`);
  const compiled = compile(verdict.program, machine);
  if (!compiled.ok) throw new Error(compiled.refusal.text);
  return compiled.value;
}

function number(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}

async function count(name: string): Promise<number> {
  const machine = new Machine({ cpus: CPUS, shared: true });
  const repeat = Math.ceil(increments / CPUS / PER_RUN);
  const cpus = new Cpus(compiledExample(name, machine), { repeat });
  await cpus.start();
  const began = performance.now();
  const reports = await cpus.reports;
  const ms = performance.now() - began;
  const done = reports.reduce((sum, { runs }) => sum + runs * PER_RUN, 0);
  const found = Number(number(machine.maps.lookup(machine.mapSet.byName("hits"), first).value));
  const lost = done - found;
  console.log(`${name}: ${done} increments on ${CPUS} CPUs in ${ms.toFixed(0)} ms, ${found} counted, ${lost} lost`);
  return lost;
}

/** Exchanges the map for `seconds`; how often that was, and how often an old counter grew afterwards. */
async function swap(synchronize: boolean): Promise<void> {
  const machine = new Machine({ cpus: CPUS, shared: true, maps: { profile: { outerUpdateWaits: false } } });
  const program = compiledExample("swapped-counter", machine);
  const { maps, mapSet } = machine;
  const def = mapSet.definition(mapSet.byName("counter"));
  if (def === undefined) throw new Error("the example has no map `counter`");
  const outer = mapSet.byName("current");
  const inner = [mapSet.byName("counter"), maps.create({ ...def, name: "other" })];
  const cpus = new Cpus(program);
  await cpus.start();
  let swaps = 0;
  let touched = 0;
  let counted = 0n;
  const end = performance.now() + seconds * 1000;
  const handle = new Uint8Array(4);
  while (performance.now() < end) {
    const old = inner[swaps % 2];
    new DataView(handle.buffer).setUint32(0, inner[++swaps % 2], true);
    const error = maps.update(outer, first, handle);
    if (error !== 0) throw new Error(`the exchange fails with ${error}`);
    if (synchronize && !machine.synchronizeRcu()) throw new Error("a reader does not leave its section");
    const before = number(maps.lookup(old, first).value);
    counted = before;
    const until = performance.now() + 0.2;
    while (performance.now() < until);
    if (number(maps.lookup(old, first).value) !== before) touched++;
  }
  cpus.stop();
  const runs = (await cpus.reports).reduce((sum, report) => sum + report.runs, 0);
  const how = synchronize ? "with synchronize_rcu()" : "without";
  console.log(`exchange ${how}: ${swaps} in ${seconds} s, ${runs} runs; the old counter grew after ${touched}`);
  if (counted === 0n || runs === 0) {
    console.log("  but nobody counted in the map that was exchanged: this says nothing");
    failed = true;
  }
  if (synchronize && touched > 0) failed = true;
  if (!synchronize && touched === 0) console.log("  the fault did not show; try --seconds with more");
}

if ((await count("count-atomic")) !== 0) failed = true;
if ((await count("count-plain")) === 0) console.log("  no update was lost this time; try --increments with more");
await swap(true);
await swap(false);
process.exit(failed ? 1 : 0);
