// One step of a CPU, told to a listener: what the instruction was, what it changed, and what it did to maps, memory and
// RCU. All of it is read off the machine's words before and after the step, so that nothing is paid for where nobody
// listens. The events of an instruction follow its `step`; a step that had to wait and changed nothing has none.
import { helperName } from "../host/names.ts";
import { helperById, kfuncByName } from "../host/table.ts";
import type { Insn } from "../isa/insn.ts";
import { evalJump } from "../isa/jump.ts";
import type { Program } from "../isa/program.ts";
import { code, op as w } from "../maps/layout.ts";
import type { Maps } from "../maps/maps.ts";
import { kind, region } from "../memory/layout.ts";
import type { Memory } from "../memory/memory.ts";
import type { Event, Listener } from "../trace/event.ts";
import { after, callOf, operationOf } from "./busy.ts";
import { INSN_WORDS } from "./code.ts";
import type { Fault } from "./fault.ts";
import { frameAt } from "./frames.ts";
import { interpret } from "./interpret.ts";
import { BLOCKED, type Cpu, EXITED, frame, RUNNING, state } from "./registers.ts";

interface Stage {
  readonly memory: Memory;
  readonly mapSet: Maps;
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type Body = Without<Event, "at" | "span" | "cpu" | "frame">;

/** A word that counts the lives of an element or record, and what it was. */
interface Life {
  readonly at: number;
  readonly count: number;
  /** Address of the value. */
  readonly value: number;
  /** Elements of a hash live while the count is even, records while it is odd (maps/layout.ts, maps/ringbuf.ts). */
  readonly aliveWhen: 0 | 1;
}

/** What a step is compared with. */
interface Before {
  readonly program: Program;
  readonly at: number;
  readonly insn: Insn | null;
  readonly busy: number;
  readonly frame: number;
  readonly continuation: number;
  readonly mayGoto: number;
  readonly registers: readonly bigint[];
  /** The first instruction of a run. */
  readonly first: boolean;
  readonly sections: number;
  readonly section: number;
  readonly tailCalls: number;
  readonly warnings: number;
  readonly map: string;
  readonly stepName: string;
  readonly operation: number;
  readonly lives: readonly Life[];
  /** The element that the operation has got for itself. */
  readonly fresh: number;
}

export class Tracer {
  readonly #stage: Stage;
  readonly #listener: Listener;
  /** Lines printed during the step that is being made. */
  #printed: string[] = [];

  constructor(stage: Stage, listener: Listener) {
    this.#stage = stage;
    this.#listener = listener;
  }

  printed(text: string): void {
    this.#printed.push(text);
  }

  /** Makes one step, as `interpret` with a budget of 1. */
  step(cpu: Cpu): number {
    cpu.refresh();
    const before = this.#look(cpu);
    this.#printed = [];
    const status = interpret(cpu, 1);
    if (status !== BLOCKED) this.#tell(cpu, before, status);
    return status;
  }

  /** Ends the trace of a run that nobody can go on with. */
  stuck(cpu: Cpu, fault: Fault): void {
    const { pc: at, span, code, text } = fault;
    this.#listener({ at, span, cpu: cpu.index, frame: cpu.R[state.frame], kind: "fault", code, text });
  }

  #look(cpu: Cpu): Before {
    const { R } = cpu;
    const { program } = cpu.code;
    const busy = R[state.busy];
    const at = (busy === 0 ? R[state.pc] : callOf(cpu)) / INSN_WORDS;
    const insn = program.insns[at] ?? null;
    const operation = busy === 0 ? 0 : operationOf(cpu);
    const depth = R[state.frame];
    return {
      program,
      at,
      insn,
      busy,
      frame: depth,
      continuation: R[frameAt(depth) + frame.kind],
      mayGoto: R[frameAt(depth) + frame.mayGoto],
      registers: Array.from({ length: 11 }, (_, r) => cpu.value(r)),
      first: busy === 0 && R[state.count] === 0,
      sections: R[state.sectionDepth],
      section: R[state.section],
      tailCalls: R[state.tailCalls],
      warnings: cpu.warnings.length,
      map: operation === 0 ? this.#mapOfArguments(cpu, insn) : this.#mapOfOperation(operation),
      stepName: operation === 0 ? "" : this.#stage.mapSet.stepName(operation),
      operation,
      lives: operation === 0 ? [] : this.#livesAhead(operation),
      fresh: cpu.I[operation + w.fresh],
    };
  }

  #tell(cpu: Cpu, before: Before, status: number): void {
    cpu.refresh();
    const { R } = cpu;
    const { at, insn, busy, program } = before;
    const say = (body: Body, frame = before.frame, pc = at, of: Program = program): void => {
      this.#listener({ at: pc, span: of.origin[pc]?.whole, cpu: cpu.index, frame, ...body });
    };
    if (before.first && before.section > 0) say({ kind: "rcu", what: "begin", section: before.section });
    const changes = before.registers
      .map((value, reg) => ({ reg, before: value, after: cpu.value(reg) }))
      .filter((change) => change.before !== change.after);
    say({ kind: "step", changes, ...(busy === 0 ? {} : { inCall: true as const }) });
    if (busy !== 0) say({ kind: "map", map: before.map, operation: before.stepName });
    else if (insn?.kind === "jump" || insn?.kind === "mayGoto") say({ kind: "branch", taken: isTaken(insn, before) });
    else if (isCall(insn)) {
      const { name, args } = calleeOf(program, insn, before.registers);
      const map = before.map === "" ? {} : { map: before.map };
      say({ kind: "call", name, args: before.registers.slice(1, 1 + args), ...map });
    }
    for (const life of before.lives) this.#tellLife(life, say);
    this.#tellCarved(before, say);
    this.#tellSections(cpu, before, say);
    for (const text of this.#printed) say({ kind: "print", text });
    if (status === RUNNING) this.#tellFrames(cpu, before, say);
    for (const { text } of cpu.warnings.slice(before.warnings)) say({ kind: "warning", text });
    if (cpu.fault !== null) say({ kind: "fault", code: cpu.fault.code, text: cpu.fault.text });
    if (status === EXITED) {
      const value = (BigInt(R[state.resultHi] >>> 0) << 32n) | BigInt(R[state.resultLo] >>> 0);
      say({ kind: "exit", value }, 0);
    }
  }

  #tellSections(cpu: Cpu, before: Before, say: (body: Body) => void): void {
    const depth = cpu.R[state.sectionDepth];
    const section = cpu.R[state.section];
    const number = Math.max(0, section, before.section);
    if (depth > before.sections) say({ kind: "rcu", what: "lock", section: number });
    if (depth < before.sections) say({ kind: "rcu", what: "unlock", section: number });
    if (section > 0 && before.section <= 0) say({ kind: "rcu", what: "begin", section });
    if (section <= 0 && before.section > 0) say({ kind: "rcu", what: "end", section: before.section });
  }

  /** Functions, callbacks and calls that began or ended. */
  #tellFrames(cpu: Cpu, before: Before, say: (body: Body, frame?: number, pc?: number, of?: Program) => void): void {
    const { R } = cpu;
    const { insn } = before;
    const now = R[state.frame];
    const pc = R[state.pc] / INSN_WORDS;
    const idle = R[state.busy] === 0;
    const enters = (): void => say({ kind: "enter", to: pc }, now);
    const returns = (): void => {
      const { program } = cpu.code;
      const back = pc - 1;
      const call = program.insns[back] ?? null;
      if (!isCall(call)) return;
      const { name, hasValue } = calleeOf(program, call, before.registers);
      say({ kind: "return", name, ...(hasValue ? { value: cpu.value(0) } : {}) }, now, back, program);
    };
    if (before.busy !== 0) {
      if (!idle) return;
      if (before.busy === after.walk && now === before.frame) enters();
      else returns();
    } else if (isCall(insn)) {
      if (now > before.frame ? idle : R[state.tailCalls] !== before.tailCalls) enters();
      else if (idle && now === before.frame) returns();
    } else if (insn?.kind === "callLocal") enters();
    else if (insn?.kind === "exit" || (insn?.kind === "packet" && pc !== before.at + 1)) {
      say({ kind: "leave" });
      if (now === before.frame) {
        if (idle) enters();
      } else if (before.continuation !== 0) returns();
    }
  }

  #tellLife({ at, count, value, aliveWhen }: Life, say: (body: Body) => void): void {
    const now = this.#stage.memory.i32[at];
    if (now === count) return;
    const lived = (count & 1) === aliveWhen && count !== 0;
    const lives = (now & 1) === aliveWhen;
    if (lived) say({ kind: "memory", what: "freed", address: value });
    // The first life of a place begins at 1 or 2.
    if (lives) say({ kind: "memory", what: now > 2 ? "reused" : "allocated", address: value });
  }

  /** An element of a slab that is carved as it is needed: no footprint tells its place beforehand. */
  #tellCarved({ operation, fresh, lives }: Before, say: (body: Body) => void): void {
    const { memory } = this.#stage;
    const { i32 } = memory;
    const now = i32[operation + w.fresh];
    if (operation === 0 || now === fresh || i32[operation + w.code] !== code.update) return;
    const id = memory.regionAt(now);
    const at = memory.generationAt(id, now) >> 2;
    if (memory.regionWord(id, region.kind) !== kind.mapValues || lives.some((life) => life.at === at)) return;
    say({ kind: "memory", what: "allocated", address: now + memory.regionWord(id, region.first) });
  }

  /** The words that count lives among those that the next step of an operation may write. */
  #livesAhead(operation: number): readonly Life[] {
    const { memory, mapSet } = this.#stage;
    const { i32 } = memory;
    const found: Life[] = [];
    for (const access of mapSet.footprint(operation)) {
      const id = memory.regionAt(access.address);
      if (access.kind === "read" || id === 0) continue;
      const record = memory.regionIndex(id);
      const end = access.address + access.size;
      if (i32[record + region.kind] === kind.ringbuf && access.size === 8) {
        const at = (access.address >> 2) + 1;
        found.push({ at, count: i32[at], value: end, aliveWhen: 1 });
      }
      const offset = i32[record + region.generationAt];
      if (i32[record + region.kind] !== kind.mapValues || offset < 0) continue;
      const stride = i32[record + region.stride];
      const inside = (access.address - i32[record + region.base]) % stride;
      for (let item = access.address - inside; item + offset < end; item += stride) {
        const at = (item + offset) >> 2;
        const value = item + i32[record + region.first];
        if (item + offset >= access.address) found.push({ at, count: i32[at], value, aliveWhen: 0 });
      }
    }
    return found;
  }

  #mapOfOperation(operation: number): string {
    const { memory, mapSet } = this.#stage;
    const header = memory.i32[operation + w.map];
    const id = memory.regionAt(header === 0 ? memory.i32[operation + w.at] : header);
    return mapSet.definition(memory.regionWord(id, region.owner))?.name ?? "";
  }

  /** The map that a call's first or second argument is, or is a part of. */
  #mapOfArguments(cpu: Cpu, insn: Insn | null): string {
    const contract = insn?.kind === "callHelper" ? helperById(insn.id) : undefined;
    const which = contract?.args.findIndex((arg) => arg === "mapPtr" || arg === "record") ?? -1;
    if (which < 0) return "";
    const { memory, mapSet } = this.#stage;
    const id = memory.regionAt(Number(cpu.value(which + 1) & 0xffffffffn));
    const what = memory.regionWord(id, region.kind);
    const named = what === kind.mapHeader || what === kind.ringbuf;
    return named ? (mapSet.definition(memory.regionWord(id, region.owner))?.name ?? "") : "";
  }
}

type Call = Insn & { kind: "callHelper" | "callKfunc" | "callx" };

function isCall(insn: Insn | null): insn is Call {
  return insn?.kind === "callHelper" || insn?.kind === "callKfunc" || insn?.kind === "callx";
}

function calleeOf(
  program: Program,
  insn: Call,
  registers: readonly bigint[],
): { readonly name: string; readonly args: number; readonly hasValue: boolean } {
  if (insn.kind === "callKfunc") {
    const name = program.kfuncs[insn.index] ?? `kfunc ${insn.index}`;
    const contract = kfuncByName(name);
    return { name, args: contract?.args.length ?? 0, hasValue: contract?.returns !== "void" };
  }
  const id = insn.kind === "callx" ? Number(registers[insn.reg] & 0xffffffffn) : insn.id;
  const contract = helperById(id);
  const name = helperName(id) ?? `helper ${id}`;
  return { name, args: contract?.args.length ?? 0, hasValue: contract?.returns !== "void" };
}

function isTaken(insn: Insn & { kind: "jump" | "mayGoto" }, before: Before): boolean {
  if (insn.kind === "mayGoto") return before.mayGoto === 0;
  const src = insn.src.kind === "imm" ? BigInt(insn.src.value) : before.registers[insn.src.reg];
  return evalJump(insn.op, insn.width, before.registers[insn.dst], src);
}
