// The compiler on the twelve benchmark programs, beside native code of the same source and the interpreter in the same run.
//   npx tsx bench/jit.ts [folder of programs.c] [passes]
// Needs clang-19 (BPF) and gcc (native); without the sources it says so and ends. Each program is a function of its
// memory, 4096 bytes: a program of ours looks them up in an array map and calls it, and that whole is verified. The least of
// the passes counts, for what else the machine does only ever adds.
import { type Compiled, compile } from "../src/jit/compile.ts";
import { verify } from "../src/verifier/verify.ts";
import { Machine, type Run } from "../src/vm/machine.ts";
import { RUNNING, state } from "../src/vm/registers.ts";
import { names, verifiable, withPrograms } from "./programs.ts";

const passes = Number(process.argv[3] ?? 7);
interface Row {
  readonly name: string;
  readonly at: number;
  readonly machine: Machine;
  readonly compiled: Compiled;
  readonly native: number[];
  readonly interpreted: number[];
  readonly jit: number[];
}

withPrograms(process.argv[2], ({ memory, programs, native }) => {
  const rows = names.flatMap((name, at): Row[] => {
    const program = verifiable(name, programs.get(name) ?? []);
    const verdict = verify(program, { privileged: true, rcu: "implicit" });
    if (verdict.verdict !== "accepted") {
      console.log(`${name}: ${verdict.verdict}: ${verdict.diagnostics[0]?.text}`);
      return [];
    }
    const machine = new Machine({ regime: "implicit", maxInstructions: 0x7fffffff });
    const made = compile(verdict.program, machine);
    if (!made.ok) throw new Error(`${name}: ${made.refusal.text}`);
    machine.maps.update(machine.mapSet.byName("input"), new Uint8Array(4), memory, 0);
    return [{ name, at, machine, compiled: made.value, native: [], interpreted: [], jit: [] }];
  });
  for (let pass = 0; pass <= passes; pass++) {
    for (const row of rows) {
      const answer = native(row.at);
      const { compiled } = row;
      for (const [engine, result] of [
        ["interpreter", compiled.loaded.run()],
        ["compiler", compiled.run()],
      ] as const) {
        const got = result.kind === "exit" ? result.r0 : result.fault.text;
        // In the maps of g an earlier run leaves what a later one finds.
        if (pass === 0 && row.name !== "g" && got !== answer.r0) {
          console.log(`${row.name}: the result differs, native ${answer.r0}, ${engine} ${got}`);
        }
      }
      const interpreted = timed(20e6, () => compiled.loaded.start().finish());
      const jit = timedEntry(compiled, pass === 0 ? 200e6 : 30e6);
      // The first pass is not counted: the engine compiles meanwhile.
      if (pass === 0) continue;
      row.native.push(answer.nanoseconds);
      row.interpreted.push(interpreted);
      row.jit.push(jit);
    }
  }
  print(rows);
});

/** Nanoseconds of one go, over at least so many of them. */
function timed(atLeast: number, go: () => void): number {
  for (let times = 1; ; times *= 2) {
    const start = process.hrtime.bigint();
    for (let n = 0; n < times; n++) go();
    const took = Number(process.hrtime.bigint() - start);
    if (took > atLeast) return took / times;
  }
}

/** The compiled code alone, from its entry to its exit: what the machine does once around a run is not in it. */
function timedEntry(compiled: Compiled, atLeast: number): number {
  const run: Run = compiled.start();
  const { cpu } = run;
  const entry = compiled.entry(cpu, 0);
  if (entry === undefined) throw new Error("the program has no entry");
  cpu.R[state.status] = RUNNING;
  cpu.trusted = true;
  const [{ address }] = cpu.stacks;
  const took = timed(atLeast, () => entry(address));
  compiled.finish(run);
  return took;
}

function print(rows: readonly Row[]): void {
  console.log("program  native ns    jit ns  ratio  interpreter ns  ratio");
  let products = [1, 1];
  for (const { name, native, jit, interpreted } of rows) {
    const [base, ...both] = [native, jit, interpreted].map((times) => Math.min(...times));
    const ratios = both.map((one) => one / base);
    products = products.map((product, at) => product * ratios[at]);
    console.log(
      name.padEnd(7),
      base.toFixed(0).padStart(10),
      both[0].toFixed(0).padStart(9),
      ratios[0].toFixed(2).padStart(6),
      both[1].toFixed(0).padStart(15),
      ratios[1].toFixed(1).padStart(6),
    );
  }
  const [jit, interpreted] = products.map((product) => product ** (1 / rows.length));
  console.log(`geometric mean: ${jit.toFixed(2)} of native compiled, ${interpreted.toFixed(1)} interpreted`);
}
