// A program run from start to end on a machine of its own, with the input that the caller gives or the text names.
import type { Outcome } from "../diag/diagnostic.ts";
import type { Source } from "../diag/source.ts";
import { programType } from "../host/programs.ts";
import type { Program, RcuRegime } from "../isa/program.ts";
import { type Compilation, type Compiled, compile, compileChecked } from "../jit/compile.ts";
import type { Listener } from "../trace/event.ts";
import type { VerifiedProgram } from "../verifier/verdict.ts";
import { type Loaded, Machine, type MachineOptions, type Result, type RunInput } from "../vm/machine.ts";

export interface ExecuteOptions {
  readonly ctx?: Uint8Array;
  readonly packet?: Uint8Array;
  /** Runs one after the other, the maps kept; a fault ends them. */
  readonly repeat?: number;
  readonly seed?: number;
  /**
   * `interp`: every run is interpreted; `jit`: every run is compiled. `auto` (when absent): the first run, in which instructions
   * are counted and every access is checked, is interpreted, and those that follow are compiled if they can be.
   */
  readonly engine?: Engine;
  /** What `verify` made of the program: without it compiled code checks each access, and `auto` does not compile. */
  readonly verified?: VerifiedProgram;
  readonly maxSteps?: number;
  readonly rcu?: RcuRegime;
  readonly onEvent?: Listener;
  /** Called before the first run, when the maps are there. */
  readonly prepare?: (machine: Machine) => void;
}

export interface Times {
  /** Milliseconds that it took to compile, and the bytes of the module. */
  readonly compile?: { readonly milliseconds: number; readonly bytes: number };
  /** Nanoseconds of a run, start and end included: the mean of all but the first, or the first where it is the only one. */
  readonly run: number;
}

export interface Execution {
  readonly times?: Times;
  readonly machine: Machine;
  /** Of the last run. */
  readonly result: Result;
  readonly runs: number;
  /** What ran the last run; compiled code of a verified program counts no instructions. */
  readonly engine: "interp" | "jit";
  /** Why nothing was compiled, where that was tried. */
  readonly refusal?: string;
}

export const engineNames = ["interp", "jit", "auto"] as const;
export type Engine = (typeof engineNames)[number];

/** A program on a machine of its own, its maps filled. */
export interface Prepared {
  readonly machine: Machine;
  readonly loaded: Loaded;
  readonly compiled?: Compiled;
  readonly refusal?: string;
  /** Milliseconds of compiling, where that was tried. */
  readonly compiling: number;
  readonly input: RunInput;
}

/** Fails only where the program cannot be loaded at all. */
export function prepareRun(
  program: Program,
  options: ExecuteOptions,
  more: Pick<MachineOptions, "cpus" | "shared"> = {},
): Outcome<Prepared> {
  const given = givenInput(program);
  const input = { ctx: options.ctx ?? given.ctx, packet: options.packet ?? given.packet ?? defaultPacket(program) };
  const machine = new Machine({
    ...more,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.maxSteps === undefined ? {} : { maxInstructions: options.maxSteps }),
    ...(options.rcu === undefined ? {} : { regime: options.rcu }),
    ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
  });
  const began = performance.now();
  const made = compilation(program, machine, options);
  const compiling = performance.now() - began;
  const loaded = made?.ok === true ? { ok: true as const, value: made.value.loaded } : machine.load(program);
  if (!loaded.ok) return loaded;
  options.prepare?.(machine);
  const found = {
    machine,
    loaded: loaded.value,
    ...(made?.ok === true ? { compiled: made.value } : {}),
    ...(made?.ok === false ? { refusal: made.refusal.text } : {}),
    compiling,
    input,
  };
  return { ok: true, value: found, diagnostics: [] };
}

/** Fails only where the program cannot be loaded at all; a fault is a result. */
export function execute(program: Program, options: ExecuteOptions = {}): Outcome<Execution> {
  const ready = prepareRun(program, options);
  if (!ready.ok) return ready;
  const { machine, loaded, compiled, refusal, compiling, input } = ready.value;
  const wanted = Math.max(1, options.repeat ?? 1);
  const direct = options.engine === "jit" ? compiled : undefined;
  const started = performance.now();
  const first = (direct ?? loaded).run(input);
  const since = performance.now();
  let result = first;
  let runs = 1;
  while (runs < wanted && result.kind === "exit") {
    const next = (compiled ?? loaded).run(input);
    // Compiled code does not warn, so what the interpreter said stands.
    result = compiled === undefined ? next : { ...next, warnings: first.warnings };
    runs++;
  }
  const engine = compiled !== undefined && (runs > 1 || direct !== undefined) ? "jit" : "interp";
  const run = runs === 1 ? since - started : (performance.now() - since) / (runs - 1);
  const compile = compiled === undefined ? {} : { compile: { milliseconds: compiling, bytes: compiled.bytes.length } };
  const times = { ...compile, run: run * 1e6 };
  const value = { machine, result, runs, engine, times, ...(refusal === undefined ? {} : { refusal }) } as const;
  return { ok: true, value, diagnostics: [] };
}

/** The program compiled, or why not; undefined where the interpreter is to run it all. */
function compilation(program: Program, machine: Machine, options: ExecuteOptions): Compilation | undefined {
  const { engine = "auto", verified, maxSteps, repeat = 1 } = options;
  if (engine === "interp") return undefined;
  if (engine === "jit") return verified === undefined ? compileChecked(program, machine) : compile(verified, machine);
  // A bound on the instructions is kept where they are counted.
  return verified === undefined || repeat < 2 || maxSteps !== undefined ? undefined : compile(verified, machine);
}

/** The shortest frame that Ethernet knows, all zeros, for programs that want a packet and were given none. */
function defaultPacket(program: Program): Uint8Array | undefined {
  const type = program.type === undefined ? undefined : programType(program.type);
  return type?.packet === undefined && type?.packetLoads === undefined ? undefined : new Uint8Array(60);
}

/** `# packet: 0011…` and `# ctx: 0011…` lines of the text the program was written in. */
export function givenInput(program: Program): { readonly packet?: Uint8Array; readonly ctx?: Uint8Array } {
  const source = sourceOf(program);
  if (source === undefined) return {};
  const read = (name: string): Uint8Array | undefined => {
    const found = new RegExp(`^[ \\t]*#[ \\t]*${name}:[ \\t]*((?:[0-9a-f]{2}[ \\t]*)+)$`, "im").exec(source.text);
    const pairs = found?.[1]?.match(/[0-9a-f]{2}/gi);
    return pairs == null ? undefined : Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
  };
  return { packet: read("packet"), ctx: read("ctx") };
}

export function sourceOf(program: Program): Source | undefined {
  return program.origin.find((origin) => origin !== undefined)?.whole.source;
}
