// One program in the interpreter and compiled, each on a machine of its own: what they return, print and leave in memory must
// be the same.

import type { Program, RcuRegime } from "../../src/isa/program.ts";
import { compile } from "../../src/jit/compile.ts";
import { kind, region } from "../../src/memory/layout.ts";
import { verify } from "../../src/verifier/verify.ts";
import { Machine, type Result, type RunInput } from "../../src/vm/machine.ts";
import { isValid } from "../../src/wasm/module.ts";

export interface Both {
  /** Why the compiler did not take it; undefined when it did. */
  readonly refusal?: string;
  /** What was not the same; undefined when all was. */
  readonly difference?: string;
}

/** Runs an accepted program with each input in turn, the maps kept. Undefined: the verifier does not accept it. */
export function both(program: Program, rcu: RcuRegime, inputs: readonly RunInput[]): Both | undefined {
  const verdict = verify(program, { rcu });
  if (verdict.verdict !== "accepted") return undefined;
  const machines = [1, 2].map(() => {
    const machine = new Machine({ seed: 1, regime: rcu });
    machine.advanceTime(10_000_000n);
    return machine;
  });
  const loaded = machines[0].load(program);
  if (!loaded.ok) return { refusal: "load" };
  const made = compile(verdict.program, machines[1]);
  if (!made.ok) return { refusal: made.refusal.reason };
  if (!isValid(made.value.bytes)) return { difference: "the module is not valid" };
  for (const input of inputs) {
    const ends = [loaded.value.run(input), made.value.run(input)].map(endOf);
    if (ends[0] !== ends[1]) return { difference: `${ends[0]} interpreted, ${ends[1]} compiled` };
    const memory = memoryDifference(machines[0], machines[1]);
    if (memory !== undefined) return { difference: memory };
  }
  return {};
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
    const [x, y] = [a, b].map(({ memory }) => memory.view.getBigUint64(at, true));
    if (x !== y) return `${a.describe(id, at)} holds 0x${x.toString(16)} interpreted, 0x${y.toString(16)} compiled`;
  }
  return undefined;
}
