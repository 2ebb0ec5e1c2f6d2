// The compiler: a verified program becomes WebAssembly on the machine's memory and runs to the same result as in the
// interpreter, without the checks that the verifier has made needless. Anything else is compiled with checks and a budget, by
// a function of another name, so that nothing unproven runs unchecked by mistake. What cannot be compiled
// is refused, never compiled wrongly: the interpreter runs everything.
import type { Program } from "../isa/program.ts";
import { kind, region } from "../memory/layout.ts";
import type { Facts, VerifiedProgram } from "../verifier/verdict.ts";
import { INSN_WORDS, operation } from "../vm/code.ts";
import { frameAt } from "../vm/frames.ts";
import type { Loaded, Machine, Result, Run, RunInput } from "../vm/machine.ts";
import { type Cpu, EXITED, FRAMES, frame, state } from "../vm/registers.ts";
import { compile as compileModule, type Module, moduleBytes, onMemory } from "../wasm/module.ts";
import { over } from "./checked.ts";
import { emit, type Given } from "./emit.ts";
import { type Entry, type Glue, glueFor } from "./glue.ts";
import { moduleText } from "./listing.ts";
import { contextReach, type Refusal, refusalOf, traced, withoutEngine } from "./refusal.ts";

export type Compilation =
  | { readonly ok: true; readonly value: Compiled }
  | { readonly ok: false; readonly refusal: Refusal };

/** Compiles what the verifier accepted; the program is loaded into the machine. */
export function compile(verified: VerifiedProgram, machine: Machine): Compilation {
  return compiled(verified.program, machine, verified.facts);
}

/** Compiles any program: slower, for each access is checked and each block counted. */
export function compileChecked(program: Program, machine: Machine): Compilation {
  return compiled(program, machine, undefined);
}

function compiled(program: Program, machine: Machine, facts: Facts | undefined): Compilation {
  const refusal = !machine.compiles ? withoutEngine : machine.tracer === undefined ? refusalOf(program, facts) : traced;
  if (refusal !== undefined) return { ok: false, refusal };
  const loaded = machine.load(program);
  if (!loaded.ok) {
    const text = loaded.diagnostics[0]?.text ?? "the machine does not load the program";
    return { ok: false, refusal: { reason: "load", text, diagnostics: loaded.diagnostics } };
  }
  return { ok: true, value: keep(new Compiled(loaded.value, facts)) };
}

/** What was compiled in the thread that shares a machine, for that machine in another thread; see Machine.share. */
export interface SharedCode {
  readonly program: number;
  readonly facts: Facts | undefined;
  readonly bytes: Uint8Array;
  readonly module: Module;
}

/** The compiled program of a machine that another thread shares. */
export function attachCode(machine: Machine, { program, facts, bytes, module }: SharedCode): Compiled {
  return keep(new Compiled(machine.program(program), facts, { bytes, module }));
}

/** The compiled programs of a machine by their numbers, without and with checks: those that tail calls may go on in. */
interface Kept {
  readonly verified: Map<number, Compiled>;
  readonly checked: Map<number, Compiled>;
}
const programs = new WeakMap<Machine, Kept>();

function programsOf(machine: Machine): Kept {
  let found = programs.get(machine);
  if (found === undefined) programs.set(machine, (found = { verified: new Map(), checked: new Map() }));
  return found;
}

function keep(compiled: Compiled): Compiled {
  const { verified, checked } = programsOf(compiled.loaded.machine);
  (compiled.checked ? checked : verified).set(compiled.loaded.index, compiled);
  return compiled;
}

/**
 * What a tail call goes on in. A program that is not known to be verified, or whose context or depth is not what it was
 * verified for, is compiled with checks when it is first come to. Undefined: it is left to the interpreter.
 */
function targetOf(machine: Machine, index: number, depth: number, from: Compiled, cpu: Cpu): Compiled | undefined {
  const { verified, checked } = programsOf(machine);
  const known = from.checked || depth > 0 ? undefined : verified.get(index);
  if (known?.isContext(cpu) === true) return known;
  const found = checked.get(index);
  const loaded = machine.program(index);
  return found !== undefined || refusalOf(loaded.program, undefined) !== undefined
    ? found
    : keep(new Compiled(loaded, undefined));
}

interface Instance {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly glue: Glue;
}

/**
 * A compiled program in a machine. Of a verified one the input must be what it was verified for: a run with memory in place
 * of a context, or with a shorter context, is left to the interpreter, which checks.
 */
export class Compiled {
  readonly loaded: Loaded;
  readonly bytes: Uint8Array;
  /** Undefined: everything is checked. */
  readonly facts: Facts | undefined;
  readonly #module: Module;
  readonly #contextReach: number;
  /** By CPU: the module's instance there. */
  readonly #instances: Instance[] = [];

  constructor(loaded: Loaded, facts: Facts | undefined, made?: Pick<SharedCode, "bytes" | "module">) {
    this.loaded = loaded;
    this.facts = facts;
    this.#contextReach = contextReach(loaded.program);
    this.bytes = made?.bytes ?? moduleBytes(emit(givenOf(loaded, facts)));
    const module = made?.module ?? compileModule(this.bytes);
    if (module === undefined) throw new Error("the machine says that it compiles, and does not");
    this.#module = module;
  }

  /** For `attachCode` in another thread that has the machine attached. */
  share(): SharedCode {
    return { program: this.loaded.index, facts: this.facts, bytes: this.bytes, module: this.#module };
  }

  /** Each access is checked, and instructions are counted. */
  get checked(): boolean {
    return this.facts === undefined;
  }

  /** The module as WebAssembly text; `says` gives what stands beside the code of the instruction in a slot. */
  text(says: (pc: number) => string | undefined): string {
    return moduleText(givenOf(this.loaded, this.facts), says);
  }

  run(input: RunInput = {}): Result {
    return this.finish(this.start(input));
  }

  /** Puts a CPU at the beginning; `finish` then runs it. Apart so that the run can be timed alone. */
  start(input: RunInput = {}): Run {
    const run = this.loaded.start(input);
    this.entry(run.cpu, 0);
    return run;
  }

  finish(run: Run): Result {
    const { cpu } = run;
    if (!this.checked && !this.isContext(cpu)) return run.finish();
    // No frame is left of an earlier run in which a callback would be taken to be open.
    for (let depth = 1; depth < FRAMES; depth++) cpu.R[frameAt(depth) + frame.kind] = 0;
    cpu.R[state.tailPending] = 0;
    cpu.trusted = true;
    try {
      const [{ address }] = cpu.stacks;
      this.entry(cpu, 0)?.(address);
      cpu.refresh();
      this.#on(cpu).glue.goOn(address);
      cpu.R[state.frame] = 0;
      cpu.calls.returned(cpu, 0);
    } catch (error) {
      if (error !== over) throw error;
      cpu.refresh();
    } finally {
      cpu.trusted = false;
    }
    if (cpu.R[state.status] < EXITED) run.deadlock();
    return run.result();
  }

  /** Whether r1 points to what the verifier took it for: a context, and as much of it as the program looks at. */
  isContext(cpu: Cpu): boolean {
    const { memory } = this.loaded.machine;
    const id = cpu.R[state.ctxRegion];
    return memory.regionWord(id, region.kind) === kind.ctx && memory.regionWord(id, region.size) >= this.#contextReach;
  }

  /** The entry of the function at a slot on a CPU; undefined where the function is called by this program only. */
  entry(cpu: Cpu, slot: number): Entry | undefined {
    return this.#on(cpu).exports[slot] as Entry | undefined;
  }

  #on(cpu: Cpu): Instance {
    return (this.#instances[cpu.index] ??= this.#instanceOn(cpu));
  }

  #instanceOn(cpu: Cpu): Instance {
    const { machine, index } = this.loaded;
    const glue = glueFor(cpu, {
      calls: machine.calls,
      program: index,
      entry: (slot) => this.entry(cpu, slot),
      compiled: (program, depth) => targetOf(machine, program, depth, this, cpu)?.entry(cpu, 0),
    });
    const given = { cpu: cpu.base, cpuIndex: cpu.index, ...glue.imports };
    return { glue, exports: onMemory(this.#module, machine.memory.wasm, given) };
  }
}

function givenOf({ machine, program, index }: Loaded, facts: Facts | undefined): Given {
  const { code, pointers } = machine.loaded(index);
  const { words } = code;
  return {
    program,
    maps: machine.mapSet,
    facts,
    checked: facts === undefined,
    pointers,
    resolved: (pc) => {
      const at = pc * INSN_WORDS;
      return words[at] === operation.pointer ? { lo: words[at + 4], hi: words[at + 5] } : null;
    },
  };
}
