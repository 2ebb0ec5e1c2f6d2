// The compiler held to the interpreter, and both to the reference, on programs that a seed makes; and a count of what was run:
// each form of instruction, each lowering, each helper, and for those about maps each type of map.

import { assemble } from "../../src/asm/assemble.ts";
import { disassemble } from "../../src/asm/disassemble.ts";
import type { Insn } from "../../src/isa/insn.ts";
import type { Program, RcuRegime } from "../../src/isa/program.ts";
import { lowering } from "../../src/jit/lower.ts";
import { kind, region } from "../../src/memory/layout.ts";
import { verify } from "../../src/verifier/verify.ts";
import { REG_WORDS } from "../../src/vm/code.ts";
import { Machine, type RunInput } from "../../src/vm/machine.ts";
import { state } from "../../src/vm/registers.ts";
import { boundaryProgram } from "./boundary.ts";
import { both, unverified } from "./engines.ts";
import { everyInsn, everyNamingInsn } from "./every-insn.ts";
import { everyForm, formOf, helperOf } from "./forms.ts";
import { generate, randomFrom } from "./generate.ts";
import { reference } from "./reference.ts";
import { shrinkProgram } from "./shrink-insns.ts";
import { assemblyOf } from "./text.ts";
import { withOddForm, workProgram } from "./work.ts";

export interface JitDifference {
  readonly program: Program;
  readonly rcu: RcuRegime;
  readonly text: string;
  readonly inputs: readonly RunInput[];
}

interface Drawn {
  readonly program: Program;
  readonly rcu: RcuRegime;
  /** Of arithmetic and the stack only: the reference runs it too. */
  readonly pure?: true;
}

/** A loop that the verifier refuses may not end. */
const MOST_UNVERIFIED = 100_000;

export class JitCampaign {
  programs = 0;
  /** Of the programs run compiled and verified: all, and those with memory, maps and calls. */
  accepted = 0;
  rich = 0;
  /** Run without the verifier's word, in the interpreter and in compiled code that checks. */
  refused = 0;
  referenced = 0;
  runs = 0;
  readonly notCompiled = new Map<string, number>();
  /** Forms that were executed: in compiled code of verified programs, and in code that checks. */
  readonly compiled = new Set<string>();
  readonly checked = new Set<string>();
  readonly helpers = new Map<string, Set<string>>();
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  next(): JitDifference | undefined {
    this.programs++;
    const { program, rcu, pure } = this.#draw();
    const inputs = this.#inputs(program);
    const text = this.#difference(program, rcu, inputs, pure === true);
    return text === undefined ? undefined : { program, rcu, text, inputs };
  }

  /** The least program that still differs, as text. */
  shrunk({ program, rcu, inputs, text }: JitDifference): string {
    const engine = text.split(" ").at(-1);
    const still = (each: Program): boolean =>
      new JitCampaign(0).#difference(each, rcu, inputs, engine === "reference")?.endsWith(engine ?? "") === true;
    return disassemble(still(program) ? shrinkProgram(program, still) : program).trimEnd();
  }

  get missing(): Readonly<Record<"compiled" | "checked" | "lowerings", readonly string[]>> {
    const kinds = new Set([...this.checked].map(kindOf));
    return {
      compiled: everyForm.filter((form) => !this.compiled.has(form)),
      checked: everyForm.filter((form) => !this.checked.has(form)),
      lowerings: Object.keys(lowering).filter((name) => !kinds.has(name)),
    };
  }

  #draw(): Drawn {
    const random = this.#random;
    const roll = random();
    if (roll < 0.6) return { program: workProgram(random), rcu: "implicit" };
    if (roll < 0.72) return { program: workProgram(random, { pure: true }), rcu: "implicit", pure: true };
    if (roll < 0.76) return { program: withOddForm(workProgram(random), random), rcu: "implicit" };
    if (roll < 0.88) return { program: boundaryProgram(random).program, rcu: "implicit" };
    const made = assemble(assemblyOf(generate(random)));
    return made.ok ? { program: made.value, rcu: "explicit" } : this.#draw();
  }

  #inputs({ type }: Program): readonly RunInput[] {
    const bytes = (length: number) => Uint8Array.from({ length }, () => this.#random() * 256);
    if (type === undefined || type === "syscall") return [{}, {}];
    if (type === "raw_tracepoint") return [{ ctx: bytes(96) }, { ctx: bytes(96) }];
    return [64, 64, 20].map((length) => ({ packet: bytes(length) }));
  }

  #difference(program: Program, rcu: RcuRegime, inputs: readonly RunInput[], pure: boolean): string | undefined {
    const verdict = verify(program, { rcu });
    const accepted = verdict.verdict === "accepted";
    const options = { verdict, maxInstructions: accepted ? 10_000_000 : MOST_UNVERIFIED };
    const done =
      (accepted ? both(program, rcu, inputs, options) : undefined) ?? unverified(program, rcu, inputs, options);
    if (done.refusal !== undefined) {
      this.notCompiled.set(done.refusal, (this.notCompiled.get(done.refusal) ?? 0) + 1);
      return undefined;
    }
    if (done.difference !== undefined) return done.difference;
    if (accepted) this.accepted++;
    else this.refused++;
    if (accepted && isRich(program)) this.rich++;
    this.runs += done.results.length;
    if (done.results.at(-1)?.kind === "exit") this.#cover(program, rcu, inputs, accepted);
    if (!pure) return undefined;
    const [result] = done.results;
    const wanted = reference(program);
    if (wanted === undefined || result.kind === "fault") return undefined;
    this.referenced++;
    return wanted === result.r0 ? undefined : `${result.r0} interpreted, ${wanted} reference`;
  }

  /** Runs a program that has something new step by step, to see whether it is executed. */
  #cover(program: Program, rcu: RcuRegime, inputs: readonly RunInput[], accepted: boolean): void {
    const isNew = (insn: Insn | null): boolean => {
      if (insn === null) return false;
      const form = formOf(insn);
      return !this.checked.has(form) || (accepted && !this.compiled.has(form)) || this.#mayBeNew(insn, program);
    };
    if (!program.insns.some(isNew)) return;
    const machine = new Machine({ seed: 1, regime: rcu });
    machine.advanceTime(10_000_000n);
    const loaded = machine.load(program);
    if (!loaded.ok) return;
    for (const input of inputs) {
      const run = loaded.value.start(input);
      for (let steps = 0; run.status === "running" && steps < 20_000; steps++) {
        const insn = program.insns[run.pc];
        if (insn !== undefined && insn !== null && run.cpu.R[state.busy] === 0)
          this.#saw(insn, machine, run.cpu.R, accepted);
        run.step();
      }
      if (run.status === "running") return;
    }
  }

  #mayBeNew(insn: Insn, program: Program): boolean {
    const name = helperOf(insn);
    if (name === undefined) return false;
    const seen = this.helpers.get(name);
    if (seen === undefined) return true;
    return /_map_/.test(name) && program.maps.some(({ type }) => !seen.has(type));
  }

  #saw(insn: Insn, machine: Machine, R: Int32Array, accepted: boolean): void {
    const form = formOf(insn);
    this.checked.add(form);
    if (accepted) this.compiled.add(form);
    const name = helperOf(insn);
    if (name === undefined) return;
    let seen = this.helpers.get(name);
    if (seen === undefined) this.helpers.set(name, (seen = new Set()));
    if (!/_map_|tail_call|ringbuf/.test(name)) return;
    const at = name === "bpf_tail_call" ? 2 : 1;
    const { memory } = machine;
    const id = memory.regionAt(R[at * REG_WORDS]);
    const isMap = id !== 0 && memory.regionWord(id, region.kind) === kind.mapHeader;
    seen.add(isMap ? (machine.mapSet.definition(memory.regionWord(id, region.owner))?.type ?? "") : "");
  }
}

/** The kind of instruction that a form is of: its row in the table of lowerings. */
function kindOf(form: string): string {
  const known = formKinds.get(form);
  if (known === undefined) throw new Error(`no instruction has the form ${form}`);
  return known;
}

const formKinds = new Map([...everyInsn, ...everyNamingInsn].map((insn) => [formOf(insn), insn.kind]));

function isRich({ insns, maps }: Program): boolean {
  const has = (...kinds: readonly string[]): boolean =>
    insns.some((insn) => insn !== null && kinds.includes(insn.kind));
  return maps.length > 0 && has("load", "store", "atomic") && has("callHelper", "callLocal", "callKfunc");
}
