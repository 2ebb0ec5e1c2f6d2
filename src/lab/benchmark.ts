// One benchmark program in the interpreter and compiled: what its first run returns, and the time of one run. What a machine
// does once around a run (a place for the context, a look at how it ended) is in neither time.
import type { Outcome } from "../diag/diagnostic.ts";
import type { Program } from "../isa/program.ts";
import { type Compiled, compile } from "../jit/compile.ts";
import { repeated } from "../jit/repeat.ts";
import { verify } from "../verifier/verify.ts";
import { type Loaded, Machine, type Result } from "../vm/machine.ts";
import { RUNNING, state } from "../vm/registers.ts";

export const INPUT_BYTES = 4096;
const FRAMES = 16;
const FRAME_BYTES = 128;

/** The input of the programs of bench/programs: the bytes that bench/programs/input.h makes. */
export function benchmarkInput(): Uint8Array {
  const input = new Uint8Array(INPUT_BYTES);
  const view = new DataView(input.buffer);
  let noise = 0x9e3779b97f4a7c15n;
  for (let at = 0; at < INPUT_BYTES; at++) {
    noise = BigInt.asUintN(64, noise ^ (noise << 13n));
    noise ^= noise >> 7n;
    noise = BigInt.asUintN(64, noise ^ (noise << 17n));
    input[at] = Number((noise >> 24n) & 0xffn);
  }
  for (let n = 0; n < FRAMES; n++) fillFrame(input, view, n);
  return input;
}

function fillFrame(input: Uint8Array, view: DataView, n: number): void {
  const frame = n * FRAME_BYTES;
  const tagged = n % 5 === 1;
  view.setUint16(frame + 12, tagged ? 0x8100 : n % 7 === 3 ? 0x0806 : 0x0800);
  if (tagged) view.setUint16(frame + 16, n === 6 ? 0x86dd : 0x0800);
  const ip = frame + (tagged ? 16 : 12) + 2;
  input[ip] = n === 9 ? 0x35 : n % 4 === 2 ? 0x48 : 0x45;
  view.setUint16(ip + 6, n === 11 ? 5 : 0x4000);
  input[ip + 9] = [6, 17, n % 2 === 1 ? 1 : 6][n % 3] ?? 0;
  const payload = ip + (input[ip] & 15) * 4;
  view.setUint16(payload, 30000 + n);
  view.setUint16(payload + 2, [80, 53, 9000, 22][n % 4] ?? 0);
  input[payload + 13] = n % 2 === 1 ? 0x02 : 0x12;
}

/** Half a millisecond: so short that what else the machine does spares some stretches of that length. */
export const STRETCH = 500_000;

/** Times are nanoseconds of one run: the least mean of stretches (STRETCH) that take so many nanoseconds together. */
export interface Benchmark {
  /** What the first run in a fresh machine returns; a text where it faults. */
  readonly interpreted: bigint | string;
  readonly compiled: bigint | string;
  timeInterpreted(atLeast: number): number;
  timeCompiled(atLeast: number): number;
}

/** Runs nothing unless the verifier accepts the program and the compiler takes it. `input`: what its map of that name holds. */
export function benchmark(program: Program, input: Uint8Array): Outcome<Benchmark> {
  const verdict = verify(program, { rcu: "implicit" });
  if (verdict.verdict !== "accepted") return { ok: false, diagnostics: verdict.diagnostics };
  const machines = [1, 2].map(() => new Machine({ regime: "implicit", maxInstructions: 0x7fffffff }));
  const loaded = machines[0].load(program);
  if (!loaded.ok) return loaded;
  const made = compile(verdict.program, machines[1]);
  if (!made.ok) {
    const { text } = made.refusal;
    return { ok: false, diagnostics: [{ code: "E0703", severity: "error", text, notes: [] }] };
  }
  for (const machine of machines) machine.maps.update(machine.mapSet.byName("input"), new Uint8Array(4), input);
  const interpreter = loaded.value;
  const compiled = made.value;
  const value: Benchmark = {
    interpreted: answerOf(interpreter.run()),
    compiled: answerOf(compiled.run()),
    timeInterpreted: (atLeast) => timeInterpreted(interpreter, atLeast),
    timeCompiled: (atLeast) => timeCompiled(compiled, atLeast),
  };
  return { ok: true, value, diagnostics: [] };
}

function answerOf(result: Result): bigint | string {
  return result.kind === "exit" ? result.r0 : result.fault.text;
}

/** `go` does a number of runs and says how many nanoseconds they took. */
function leastMean(go: (times: number) => number, atLeast: number): number {
  let times = 1;
  let took = go(times);
  let all = took;
  while (took < STRETCH / 2) {
    times *= 2;
    took = go(times);
    all += took;
  }
  let least = took;
  while (all < atLeast) {
    took = go(times);
    least = Math.min(least, took);
    all += took;
  }
  return least / times;
}

function timeInterpreted(loaded: Loaded, atLeast: number): number {
  return leastMean((times) => {
    let took = 0;
    for (let n = 0; n < times; n++) {
      const run = loaded.start();
      const began = performance.now();
      run.finish();
      took += performance.now() - began;
    }
    return took * 1e6;
  }, atLeast);
}

/** The compiled code from its entry to its exit, called by a loop that is compiled as well, as native code is. */
function timeCompiled(compiled: Compiled, atLeast: number): number {
  const run = compiled.start();
  const { cpu } = run;
  const entry = compiled.entry(cpu, 0);
  const go = entry && repeated(entry, compiled.loaded.machine.memory);
  if (go === undefined) throw new Error("a compiled program has no entry");
  cpu.R[state.status] = RUNNING;
  cpu.trusted = true;
  const [{ address }] = cpu.stacks;
  const least = leastMean((times) => {
    const began = performance.now();
    go(address, times);
    return (performance.now() - began) * 1e6;
  }, atLeast);
  compiled.finish(run);
  return least;
}
