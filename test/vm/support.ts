// What the tests of the machine share: programs from instructions or text, and numbers that find mistakes.
import { assemble } from "../../src/asm/assemble.ts";
import type { Insn } from "../../src/isa/insn.ts";
import type { Program } from "../../src/isa/program.ts";
import { type Loaded, Machine, type MachineOptions, type RunInput } from "../../src/vm/machine.ts";

export function programOf(insns: readonly (Insn | null)[], rest: Partial<Program> = {}): Program {
  return {
    name: "test",
    insns,
    maps: [],
    kfuncs: [],
    functions: [],
    labels: new Map(),
    order: "little",
    origin: [],
    expectations: [],
    warnings: [],
    bytes: () => new Uint8Array(),
    ...rest,
  };
}

export function text(source: string): Program {
  const made = assemble(source);
  if (!made.ok) throw new Error(made.diagnostics.map((one) => one.text).join("\n"));
  return made.value;
}

export function load(source: string | Program, options: MachineOptions = {}): { machine: Machine; loaded: Loaded } {
  const machine = new Machine(options);
  const made = machine.load(typeof source === "string" ? text(source) : source);
  if (!made.ok) throw new Error(made.diagnostics.map((one) => one.text).join("\n"));
  return { machine, loaded: made.value };
}

/** For programs whose sections are the kernel's. */
export const implicit = { regime: "implicit" } as const;

/** What a program returns as a signed number, or the code of its fault. */
export function answer(source: string, input: RunInput = {}, options: MachineOptions = implicit): number | string {
  const result = load(source, options).loaded.run(input);
  return result.kind === "exit" ? Number(BigInt.asIntN(64, result.r0)) : result.fault.code;
}

/** The bytes that userspace finds under a small key. */
export function stored(machine: Machine, name: string, key = 0): Uint8Array {
  return machine.maps.lookup(machine.mapSet.byName(name), Uint8Array.of(key, 0, 0, 0)).value;
}

/** Numbers at which carries, signs and widths go wrong. */
export const edges: readonly bigint[] = [
  0n,
  1n,
  2n,
  31n,
  32n,
  33n,
  63n,
  64n,
  0xffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x123456789abcdef0n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 62n) + 1n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 2n,
  (1n << 64n) - 1n,
];

/** A generator of numbers that a seed decides; `next` has every length in bits equally often. */
export class Numbers {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  word(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  next(): bigint {
    const whole = (BigInt(this.word()) << 32n) | BigInt(this.word());
    return whole >> BigInt(this.word() % 64);
  }

  /** Below n. */
  below(n: number): number {
    return this.word() % n;
  }
}

/** A seed that is new each time unless SEED says which; tests print it when they fail. */
export const seed = Number(process.env.SEED ?? Date.now() % 2147483647);
