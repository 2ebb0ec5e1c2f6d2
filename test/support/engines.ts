// One program in every engine, each on a machine of its own: the interpreter, compiled code of the verified program, and
// compiled code that checks. What they return, print and leave in memory must be the same.

import type { Program, RcuRegime } from "../../src/isa/program.ts";
import { type Compilation, compile, compileChecked } from "../../src/jit/compile.ts";
import { kind, region } from "../../src/memory/layout.ts";
import type { Verdict } from "../../src/verifier/verdict.ts";
import { verify } from "../../src/verifier/verify.ts";
import { type Loaded, Machine, type Result, type RunInput } from "../../src/vm/machine.ts";
import { isValid } from "../../src/wasm/module.ts";

export interface Both {
  /** Why the compiler did not take it; undefined when it did. */
  readonly refusal?: string;
  /** What was not the same; undefined when all was. */
  readonly difference?: string;
  /** The program in the interpreter's machine, after its runs. */
  readonly interpreted?: Loaded;
  /** How the interpreter's runs ended. */
  readonly results: readonly Result[];
}

export interface Comparing {
  readonly verdict?: Verdict;
  /** Hears of each machine before the first run. */
  readonly prepare?: (machine: Machine) => void;
  readonly maxInstructions?: number;
}

/** Runs an accepted program with each input in turn, the maps kept. Undefined: the verifier does not accept it. */
export function both(
  program: Program,
  rcu: RcuRegime,
  inputs: readonly RunInput[],
  { verdict = verify(program, { rcu }), ...options }: Comparing = {},
): Both | undefined {
  if (verdict.verdict !== "accepted") return undefined;
  const verified = verdict.program;
  return compared(program, rcu, inputs, options, {
    compiled: (machine) => compile(verified, machine),
    checked: (machine) => compileChecked(program, machine),
  });
}

/**
 * Runs any program in the interpreter and in compiled code that checks. Where the interpreter comes to a fault the other need
 * not, for it knows less of where values came from; where a run comes to its end, the other does too.
 */
export function unverified(
  program: Program,
  rcu: RcuRegime,
  inputs: readonly RunInput[],
  options: Comparing = {},
): Both {
  return compared(program, rcu, inputs, options, { checked: (machine) => compileChecked(program, machine) });
}

function compared(
  program: Program,
  rcu: RcuRegime,
  inputs: readonly RunInput[],
  { prepare, maxInstructions }: Comparing,
  compilers: Readonly<Record<string, (machine: Machine) => Compilation>>,
): Both {
  const machineFor = (): Machine => {
    const machine = new Machine({
      seed: 1,
      regime: rcu,
      ...(maxInstructions === undefined ? {} : { maxInstructions }),
    });
    machine.advanceTime(10_000_000n);
    return machine;
  };
  const first = machineFor();
  const loaded = first.load(program);
  if (!loaded.ok) return { refusal: "load", results: [] };
  const others = [];
  let refusal: string | undefined;
  for (const [name, made] of Object.entries(compilers)) {
    const machine = machineFor();
    const compiled = made(machine);
    if (!compiled.ok) {
      refusal = compiled.refusal.reason;
      continue;
    }
    if (!isValid(compiled.value.bytes)) return { difference: `${name}: the module is not valid`, results: [] };
    others.push({ name, machine, compiled: compiled.value });
  }
  if (others.length === 0) return { refusal, results: [] };
  for (const machine of [first, ...others.map((other) => other.machine)]) prepare?.(machine);
  const results: Result[] = [];
  const interpreted = loaded.value;
  for (const input of inputs) {
    const result = interpreted.run(input);
    results.push(result);
    // Compiled code of verified programs counts no instructions: it may come to an end where the interpreter had none left.
    const unlike = result.kind === "fault" && (result.fault.kind === "budget" || !("compiled" in compilers));
    if (unlike) return { interpreted, results };
    for (const { name, machine, compiled } of others) {
      const ends = [result, compiled.run(input)].map(endOf);
      if (ends[0] !== ends[1])
        return { difference: `${ends[0]} interpreted, ${ends[1]} ${name}`, interpreted, results };
      const memory = memoryDifference(first, machine);
      if (memory !== undefined) return { difference: `${memory} ${name}`, interpreted, results };
    }
  }
  return { interpreted, results };
}

function endOf(result: Result): string {
  const end = result.kind === "exit" ? result.r0 : `${result.fault.code} ${result.fault.text}`;
  return [end, ...result.output].join("\n");
}

/** What programs and user space can see; a call's own records are the machine's. */
const own: readonly number[] = [kind.op, kind.internal];

function memoryDifference(a: Machine, b: Machine): string | undefined {
  if (a.memory.used !== b.memory.used) return `${a.memory.used} and ${b.memory.used} bytes are in use`;
  for (let at = 0; at < a.memory.used; at += 8) {
    const id = a.memory.shadow[at >> 3];
    if (id !== b.memory.shadow[at >> 3]) return `the region at ${at} differs`;
    if (id === 0 || own.includes(a.memory.regionWord(id, region.kind))) continue;
    const word = at >> 2;
    const [x, y] = [a.memory.i32, b.memory.i32];
    if (x[word] === y[word] && x[word + 1] === y[word + 1]) continue;
    const [first, second] = [a, b].map(({ memory }) => memory.view.getBigUint64(at, true).toString(16));
    return `${a.describe(id, at)} holds 0x${first} interpreted, 0x${second}`;
  }
  return undefined;
}
