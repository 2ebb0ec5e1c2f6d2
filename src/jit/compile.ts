// The compiler: a verified program becomes WebAssembly on the machine's memory and runs to the same result as in the
// interpreter, without the checks that the verifier has made needless. Anything else is compiled with checks and a budget, by
// a function of another name, so that nothing unproven runs unchecked by mistake. What cannot be compiled
// is refused, never compiled wrongly: the interpreter runs everything.
import type { Program } from "../isa/program.ts";
import { kind, region } from "../memory/layout.ts";
import type { VerifiedProgram } from "../verifier/verdict.ts";
import { INSN_WORDS, operation } from "../vm/code.ts";
import { frameAt } from "../vm/frames.ts";
import type { Loaded, Machine, Result, Run, RunInput } from "../vm/machine.ts";
import { type Cpu, EXITED, FRAMES, frame, state } from "../vm/registers.ts";
import { compile as compileModule, type Module, onMemory } from "../wasm/module.ts";
import { over } from "./checked.ts";
import { emit } from "./emit.ts";
import { type Entry, importsFor } from "./glue.ts";
import { contextReach, type Refusal, refusalOf, traced, withoutEngine } from "./refusal.ts";

export type Compilation =
  | { readonly ok: true; readonly value: Compiled }
  | { readonly ok: false; readonly refusal: Refusal };

/** Compiles what the verifier accepted; the program is loaded into the machine. */
export function compile(verified: VerifiedProgram, machine: Machine): Compilation {
  return compiled(verified.program, machine, false);
}

/** Compiles any program: slower, for each access is checked and each block counted. */
export function compileChecked(program: Program, machine: Machine): Compilation {
  return compiled(program, machine, true);
}

function compiled(program: Program, machine: Machine, checked: boolean): Compilation {
  const refusal = !machine.compiles ? withoutEngine : machine.tracer === undefined ? refusalOf(program) : traced;
  if (refusal !== undefined) return { ok: false, refusal };
  const loaded = machine.load(program);
  if (!loaded.ok) {
    const text = loaded.diagnostics[0]?.text ?? "the machine does not load the program";
    return { ok: false, refusal: { reason: "load", text, diagnostics: loaded.diagnostics } };
  }
  return { ok: true, value: entered(new Compiled(loaded.value, checked)) };
}

/** What was compiled in the thread that shares a machine, for that machine in another thread; see Machine.share. */
export interface SharedCode {
  readonly program: number;
  readonly checked: boolean;
  readonly bytes: Uint8Array;
  readonly module: Module;
}

/** The compiled program of a machine that another thread shares. */
export function attachCode(machine: Machine, { program, checked, bytes, module }: SharedCode): Compiled {
  return entered(new Compiled(machine.program(program), checked, { bytes, module }));
}

function entered(compiled: Compiled): Compiled {
  const { machine, index } = compiled.loaded;
  programsOf(machine).set(index, compiled);
  return compiled;
}

/** The compiled programs of a machine by their numbers: those that tail calls may go on in. */
const programs = new WeakMap<Machine, Map<number, Compiled>>();

function programsOf(machine: Machine): Map<number, Compiled> {
  let found = programs.get(machine);
  if (found === undefined) programs.set(machine, (found = new Map()));
  return found;
}

/**
 * A compiled program in a machine. Of a verified one the input must be what it was verified for: a run with memory in place
 * of a context, or with a shorter context, is left to the interpreter, which checks.
 */
export class Compiled {
  readonly loaded: Loaded;
  readonly bytes: Uint8Array;
  readonly #checked: boolean;
  readonly #module: Module;
  readonly #contextReach: number;
  /** By CPU: what the module exports there. */
  readonly #instances: Readonly<Record<string, unknown>>[] = [];

  constructor(loaded: Loaded, checked: boolean, made?: Pick<SharedCode, "bytes" | "module">) {
    this.loaded = loaded;
    this.#checked = checked;
    this.#contextReach = contextReach(loaded.program);
    this.bytes = made?.bytes ?? moduleOf(loaded, checked);
    const module = made?.module ?? compileModule(this.bytes);
    if (module === undefined) throw new Error("the machine says that it compiles, and does not");
    this.#module = module;
  }

  /** For `attachCode` in another thread that has the machine attached. */
  share(): SharedCode {
    return { program: this.loaded.index, checked: this.#checked, bytes: this.bytes, module: this.#module };
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
    if (!this.#checked && !this.#isContext(cpu)) return run.finish();
    // No frame is left of an earlier run in which a callback would be taken to be open.
    for (let depth = 1; depth < FRAMES; depth++) cpu.R[frameAt(depth) + frame.kind] = 0;
    cpu.trusted = true;
    try {
      this.entry(cpu, 0)?.(cpu.stacks[0].address);
      cpu.refresh();
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
  #isContext(cpu: Cpu): boolean {
    const { memory } = this.loaded.machine;
    const id = cpu.R[state.ctxRegion];
    return memory.regionWord(id, region.kind) === kind.ctx && memory.regionWord(id, region.size) >= this.#contextReach;
  }

  /** The entry of the function at a slot on a CPU; undefined where the function is called by this program only. */
  entry(cpu: Cpu, slot: number): Entry | undefined {
    return this.#on(cpu)[slot] as Entry | undefined;
  }

  #on(cpu: Cpu): Readonly<Record<string, unknown>> {
    const { machine } = this.loaded;
    return (this.#instances[cpu.index] ??= onMemory(this.#module, machine.memory.wasm, {
      cpu: cpu.base,
      cpuIndex: cpu.index,
      ...importsFor(cpu, {
        calls: machine.calls,
        entry: (slot) => this.entry(cpu, slot),
        compiled: (program) => {
          const other = programsOf(machine).get(program);
          // A checked program may not go on in one that trusts it, nor the other way round: their budgets differ.
          return other !== undefined && other.#checked === this.#checked ? other.entry(cpu, 0) : undefined;
        },
      }),
    }));
  }
}

function moduleOf({ machine, program, index }: Loaded, checked: boolean): Uint8Array {
  const { code, pointers } = machine.loaded(index);
  const { words } = code;
  return emit({
    program,
    memory: machine.memory,
    checked,
    pointers,
    resolved: (pc) => {
      const at = pc * INSN_WORDS;
      return words[at] === operation.pointer ? { lo: words[at + 4], hi: words[at + 5] } : null;
    },
  });
}
