// A machine: memory, CPUs, maps, an RCU domain, and the programs loaded into it. All that it knows between two steps is
// numbers in its memory; the classes here are handles. One file because loading, starting and restoring must agree
// on every word of a CPU.
import type { Diagnostic, Outcome } from "../diag/diagnostic.ts";
import { type ProgramType, programType } from "../host/programs.ts";
import type { Insn } from "../isa/insn.ts";
import { makeProgram, type Program, type RcuRegime } from "../isa/program.ts";
import { create } from "../maps/errno.ts";
import { MAP_BYTES, map, mapType } from "../maps/layout.ts";
import { Maps, type MapsOptions, withoutSource } from "../maps/maps.ts";
import { Userspace } from "../maps/userspace.ts";
import { head, kind, POINTER_HIGH, READ_ONLY, region } from "../memory/layout.ts";
import { Patience } from "../memory/lock.ts";
import { Memory, type SharedMemory, type Snapshot } from "../memory/memory.ts";
import { Clock } from "../rcu/clock.ts";
import { type Pending, RcuDomain, type RcuOptions } from "../rcu/domain.ts";
import type { Listener } from "../trace/event.ts";
import { point } from "./access.ts";
import { Calls, programOfHandle, type World } from "./calls.ts";
import { type Code, INSN_WORDS, predecode, REG_WORDS, type Resolved } from "./code.ts";
import { contextBytes, contextPointers, type RunInput } from "./context.ts";
import type { Fault, Warning } from "./fault.ts";
import { enter, forgetStack, frameAt, setNumber } from "./frames.ts";
import { historyOf, type Past } from "./history.ts";
import { interpret } from "./interpret.ts";
import { Lately } from "./lately.ts";
import { createMaps } from "./load-maps.ts";
import { oneAtATime } from "./locked.ts";
import { fastLoop } from "./loop/loop.ts";
import { portableLoop } from "./loop/portable.ts";
import { MapOperations } from "./map-calls.ts";
import { raise } from "./raise.ts";
import {
  BLOCKED,
  CPU_WORDS,
  Cpu,
  EXITED,
  FAULTED,
  FRAMES,
  frame,
  NOT_WRITABLE,
  RUNNING,
  STACK_BYTES,
  sections,
  state,
  UNINITIALISED,
  word,
} from "./registers.ts";
import { type Due, TimerTable } from "./timers.ts";
import { Tracer } from "./trace.ts";

export type { RunInput } from "./context.ts";

export interface MachineOptions {
  readonly cpus?: number;
  /** Threads of userspace that are RCU readers of their own, numbered after the CPUs; 1 otherwise. */
  readonly users?: number;
  readonly seed?: number;
  /** Overrides what the programs say of themselves. */
  readonly regime?: RcuRegime;
  /** An access through a pointer whose element was deleted or reused is a fault instead of a warning. */
  readonly strict?: boolean;
  /** `virtual`: starts at 0 and passes by advanceTime only. */
  readonly clock?: "virtual" | "real";
  readonly maxInstructions?: number;
  readonly onEvent?: Listener;
  /** How map operations behave where Linux leaves a choice. */
  readonly maps?: Pick<MapsOptions, "profile" | "choose">;
  /** How the kernel's grace periods are made; as in Linux 6.18 unless it is said. */
  readonly rcu?: RcuOptions;
  /** Its CPUs may be run by other threads at the same time; see `share`. */
  readonly shared?: boolean;
  /** False: nothing of WebAssembly is compiled, as where a page forbids it; programs take many times as long. */
  readonly webAssembly?: boolean;
}

/** A machine as another thread gets it: everything in it can be sent there. */
export interface SharedMachine {
  readonly memory: SharedMemory;
  readonly options: Pick<
    MachineOptions,
    "cpus" | "seed" | "regime" | "strict" | "clock" | "maxInstructions" | "webAssembly" | "rcu"
  >;
  readonly profile: MapsOptions["profile"];
  readonly programs: readonly { readonly program: Omit<Program, "bytes">; readonly address: number }[];
  readonly maps: ReturnType<Maps["definitions"]>;
}

/** A run that begins with this serial of frames begins with 0 again, long before the numbers are used up. */
const LAST_SERIAL = 1 << 30;

interface Finished {
  readonly instructions: number;
  readonly warnings: readonly Warning[];
  /** What bpf_trace_printk wrote, a line each. */
  readonly output: readonly string[];
}
export type Result = Finished &
  ({ readonly kind: "exit"; readonly r0: bigint } | { readonly kind: "fault"; readonly fault: Fault });

export type RunStatus = "running" | "blocked" | "exited" | "fault";
const statusNames = ["running", "blocked", "exited", "fault"] as const;

export interface MachineSnapshot {
  readonly memory: Snapshot;
  readonly lately: ReturnType<Lately["copy"]>;
  readonly cpus: readonly { readonly fault: Fault | null; readonly warnings: number; readonly output: number }[];
}

const HEADROOM = 256;
const DEFAULT_LIMIT = 10_000_000;
/** Milliseconds that a thread of a shared machine waits for another before it takes it to be stuck. */
export const PATIENCE = 10_000;

interface Entry {
  readonly code: Code;
  /** Of its words in the machine's memory, for the fast loop. */
  address: number;
  readonly type: ProgramType | undefined;
  readonly pointers: ReadonlyMap<number, number>;
}

export class Machine {
  readonly memory: Memory;
  readonly rcu: RcuDomain;
  readonly clock: Clock;
  readonly cpus: readonly Cpu[];
  readonly strict: boolean;
  readonly tracer: Tracer | undefined;
  readonly maxInstructions: number;
  readonly #options: MachineOptions;
  readonly #regime: RcuRegime | undefined;
  readonly #realClock: boolean;
  #compiles = false;
  readonly #programs: Entry[] = [];
  readonly #output: string[][];
  /** Address of the machine's own words: 0 the state of the random numbers. */
  readonly #words: number;
  readonly #lately = new Lately();
  readonly #past: Past;
  readonly world: World;
  readonly calls: Calls;
  /** The maps, and bpf(2)'s view of them. */
  readonly mapSet: Maps;
  readonly maps: Userspace;
  readonly timers: TimerTable;

  constructor(options: MachineOptions = {}) {
    const count = options.cpus ?? 1;
    if (!(count >= 1 && count <= 64)) throw new RangeError(`a machine has 1 to 64 CPUs, not ${count}`);
    this.#options = options;
    this.memory = new Memory({ shared: options.shared ?? false });
    this.clock = new Clock(this.memory);
    this.rcu = new RcuDomain(this.memory, count + (options.users ?? 1), options.rcu ?? { traceImpliesPlain: true });
    this.strict = options.strict ?? false;
    this.maxInstructions = Math.min(options.maxInstructions ?? DEFAULT_LIMIT, 0x7fffffff);
    this.#regime = options.regime;
    this.#realClock = options.clock === "real";
    this.#words = this.memory.reserve(64);
    this.memory.i32[head.machine] = this.#words;
    this.memory.i32[this.#words >> 2] = (options.seed ?? 1) * 2654435761 || 1;
    this.#output = Array.from({ length: count }, () => []);
    this.timers = new TimerTable(this.memory, () => this.nanoseconds());
    this.mapSet = new Maps(this.memory, this.rcu, {
      cpus: count,
      // The program being loaded counts: its own functions may stand in its prog_array.
      isProgram: (handle) =>
        programOfHandle(handle).program >= 0 && programOfHandle(handle).program <= this.#programs.length,
      ...options.maps,
    });
    this.maps = new Userspace(this.mapSet, 0, count);
    this.tracer = options.onEvent === undefined ? undefined : new Tracer(this, options.onEvent);
    this.world = this.#world();
    this.calls = new Calls(this.world);
    const none = predecode(EMPTY, () => null);
    this.cpus = Array.from({ length: count }, (_, index) => this.#makeCpu(index, none));
    this.#setLoops();
    this.#past = {
      lately: this.#lately,
      memory: this.memory,
      cpus: this.cpus,
      program: (index) => this.#programs[index].code.program,
      describe: (id, address) => this.describe(id, address),
    };
  }

  /** Whether WebAssembly may be compiled for it. */
  get compiles(): boolean {
    return this.#compiles;
  }

  /** Gives each CPU the fast loop, or the one that does without WebAssembly. */
  #setLoops(): void {
    const run = this.#options.webAssembly === false ? undefined : fastLoop(this.memory);
    this.#compiles = run !== undefined;
    for (const cpu of this.cpus) cpu.run = run ?? portableLoop(cpu);
  }

  #makeCpu(index: number, none: Code): Cpu {
    const base = this.memory.reserve(CPU_WORDS * 4);
    const makeStacks = () =>
      Array.from({ length: FRAMES }, (_, depth) => {
        const address = this.memory.allocate(STACK_BYTES, 8, kind.stack, index * FRAMES + depth);
        return { address, region: this.memory.regionAt(address) };
      });
    // Compiled code finds a frame's stack behind its caller's. Only a region table that grew just then can lie between.
    const first = makeStacks();
    const stacks = first.every(({ address }, n) => address === first[0].address + n * STACK_BYTES)
      ? first
      : makeStacks();
    const calls = this.memory.shared ? oneAtATime(this.calls, this.memory.lock) : this.calls;
    const cpu = new Cpu(index, this.memory, base, stacks, calls, none);
    cpu.operations = Array.from({ length: FRAMES }, () => this.mapSet.newOperation(index, index, false));
    cpu.strict = this.strict;
    cpu.R[state.status] = EXITED;
    cpu.R[state.section] = -1;
    return cpu;
  }

  /** Loads a program, or says why this machine cannot run it. Maps of a name that is already there are shared. */
  load(from: Program | { readonly program: Program }): Outcome<Loaded> {
    const program = "program" in from ? from.program : from;
    const refuse = (diagnostic: Pick<Diagnostic, "code" | "text" | "at" | "pc">): Outcome<Loaded> => ({
      ok: false,
      diagnostics: [{ severity: "error", notes: [], ...diagnostic }],
    });
    const at = program.origin.find((one) => one !== undefined)?.whole;
    if (program.order === "big") {
      return refuse({
        code: "E0112",
        at,
        pc: 0,
        text: "a big-endian program can be verified and printed, but not run",
      });
    }
    const type = program.type === undefined ? undefined : programType(program.type);
    if (program.type !== undefined && type === undefined) {
      return refuse({ code: "E0113", at, pc: 0, text: `there is no program type \`${program.type}\`` });
    }
    const index = this.#programs.length;
    const made = createMaps(this, program, index);
    if (!Array.isArray(made)) return refuse(made);
    const code = predecode(program, (insn) => this.#resolve(made, index, program, insn));
    const entry = { code, address: 0, type, pointers: contextPointers(type) };
    if (!this.#place(entry)) {
      const text = `no memory is left for the program's ${program.insns.length} instructions`;
      return refuse({ code: "E0703", at, pc: 0, text });
    }
    this.#programs.push(entry);
    return { ok: true, value: new Loaded(this, index, program), diagnostics: [] };
  }

  /** Puts a program's words into the machine's memory; false when there is no room. */
  #place(entry: Entry): boolean {
    const { words } = entry.code;
    entry.address = this.memory.reserve(words.length * 4);
    if (entry.address !== 0) this.memory.i32.set(words, entry.address >> 2);
    return entry.address !== 0;
  }

  #resolve(
    ids: readonly number[],
    index: number,
    program: Program,
    insn: Extract<Insn, { kind: "imm64" }>,
  ): Resolved | null {
    if (insn.what === "func") {
      const slot = program.insns.indexOf(insn) + 1 + insn.low;
      return { ...Calls.address(index, slot), region: 0, base: 0, limit: 0 };
    }
    const id = insn.what === "btfId" || insn.what === "value" ? undefined : ids[insn.low];
    if (id === undefined) return null;
    const value = insn.what === "mapValue" || insn.what === "mapIdxValue";
    const base = value ? this.mapSet.word(id, map.values) : this.mapSet.address(id);
    const region = this.memory.regionAt(base);
    if (region === 0) return null;
    const size = value ? this.mapSet.word(id, map.valueSize) : MAP_BYTES;
    const writable = value && (this.mapSet.word(id, map.flags) & create.BPF_F_RDONLY_PROG) === 0;
    const lo = value ? base + insn.high : base;
    return { lo, hi: POINTER_HIGH, region: writable ? region : region | NOT_WRITABLE, base, limit: base + size };
  }

  /** A program by its number. */
  program(index: number): Loaded {
    return new Loaded(this, index, this.#programs[index].code.program);
  }

  /** Which regime a program of this machine runs under. */
  regimeOf(program: Program): RcuRegime {
    return this.#regime ?? program.rcu ?? "explicit";
  }

  /** The code of a program that was loaded, the address of its words, and its context fields that load as pointers. */
  loaded(index: number): Pick<Entry, "code" | "address" | "pointers"> {
    return this.#programs[index];
  }

  /**
   * For `Machine.attach` in other threads, once every program is loaded. A CPU is to be run by one thread; map operations,
   * grace periods and the making of runs wait for one another, and instructions do not.
   */
  share(): SharedMachine {
    const { cpus, seed, regime, strict, clock, maxInstructions, webAssembly, rcu, maps } = this.#options;
    if (this.tracer !== undefined || maps?.choose !== undefined) {
      throw new Error("a machine that somebody listens to, or chooses for, is not shared");
    }
    return {
      memory: this.memory.share(),
      options: { cpus, seed, regime, strict, clock, maxInstructions, webAssembly, rcu },
      profile: maps?.profile,
      programs: this.#programs.map(({ code, address }) => ({ program: sendable(code.program), address })),
      maps: this.mapSet.definitions(),
    };
  }

  /** The machine that another thread shares: the same memory, programs and maps. */
  static attach({ memory, options, profile, programs, maps }: SharedMachine): Machine {
    const machine = new Machine({ ...options, shared: true, maps: { profile } });
    machine.memory.adopt(memory);
    machine.mapSet.adopt(maps);
    for (const { program, address } of programs) machine.#attach(makeProgram(program), address);
    machine.#setLoops();
    for (const cpu of machine.cpus) cpu.refresh();
    return machine;
  }

  /** A program that the other thread loaded: its words stand in memory as they were resolved there. */
  #attach(program: Program, address: number): void {
    const code = predecode(program, () => null);
    const { words } = code;
    words.set(this.memory.i32.subarray(address >> 2, (address >> 2) + words.length));
    const type = program.type === undefined ? undefined : programType(program.type);
    this.#programs.push({ code, address, type, pointers: contextPointers(type) });
  }

  /**
   * Waits for the RCU sections that are open now (kernel: synchronize_rcu). Of a shared machine this thread sleeps until they
   * are closed, or until `patience` milliseconds have passed; any other machine cannot go on meanwhile, so
   * nothing is waited for. False if one of them is still open.
   */
  synchronizeRcu(patience = PATIENCE): boolean {
    const { memory, rcu } = this;
    const record = memory.lock.hold(() => rcu.startWait());
    const wait = new Patience(memory, patience);
    const isOver = () => memory.lock.hold(() => rcu.isDue(record));
    let over = isOver();
    while (!over && wait.goesOn()) over = isOver();
    memory.lock.hold(() => {
      rcu.endWait(record);
      rcu.advance();
    });
    return over;
  }

  /** Puts a CPU at the start of a program. The regions made for its input live until the next start on that CPU. */
  prepare(index: number, input: RunInput): Cpu {
    return this.memory.lock.hold(() => this.#prepare(index, input));
  }

  #prepare(index: number, input: RunInput): Cpu {
    const entry = this.#programs[index];
    const { code, type } = entry;
    const cpu = this.cpus[input.cpu ?? 0];
    if (cpu === undefined) throw new RangeError(`there is no CPU ${input.cpu}`);
    cpu.refresh();
    if (cpu.R[state.status] <= BLOCKED) throw new Error(`CPU ${cpu.index} is in the middle of another run`);
    for (const owned of [state.ctxRegion, state.packetRegion]) {
      const old = cpu.R[owned];
      if (old !== 0 && this.memory.isLive(old)) this.memory.free(this.memory.regionWord(old, region.base));
      cpu.R[owned] = 0;
    }
    const explicit = this.regimeOf(code.program) === "explicit";
    const packet = input.packet ?? (type?.fields === undefined ? undefined : new Uint8Array());
    const packetBase = packet === undefined ? 0 : this.#input(HEADROOM + packet.length, kind.packet, cpu, type);
    const context = input.memory ?? contextBytes(type, input, packet, packetBase + HEADROOM);
    const contextKind = input.memory === undefined ? kind.ctx : kind.scratch;
    const contextBase = this.#input(context.length, contextKind, cpu, undefined);
    cpu.refresh();
    cpu.U.set(context, contextBase);
    if (packet !== undefined) cpu.U.set(packet, packetBase + HEADROOM);
    const R = cpu.R;
    R[state.ctxRegion] = this.memory.regionAt(contextBase);
    R[state.packetRegion] = packet === undefined ? 0 : this.memory.regionAt(packetBase);
    R[state.packetStart] = packet === undefined ? 0 : packetBase + HEADROOM;
    R[state.packetEnd] = packet === undefined ? 0 : packetBase + HEADROOM + packet.length;
    // A run that faulted inside a section left it open.
    while (this.rcu.unlock(cpu.index));
    this.restart(index, cpu, explicit ? sections.own : sections.run);
    if (!explicit && !sleepable(entry)) R[state.section] = this.world.sectionOpened(cpu);
    if (input.memory !== undefined) setNumber(R, 2 * REG_WORDS, input.memory.length, 0);
    return cpu;
  }

  /**
   * Puts a CPU at a program's first instruction with the input that it was prepared with, as that now is. Opens no RCU
   * section: where the run is one, that is for the caller to do.
   */
  restart(index: number, cpu: Cpu, whose: (typeof sections)[keyof typeof sections]): void {
    const R = cpu.R;
    const input = R.slice(state.ctxRegion, state.packetEnd + 1);
    const serial = R[state.serial];
    R.fill(0, 0, state.table);
    R.set(input, state.ctxRegion);
    // What an earlier run left on the stack has an earlier serial, and counts as never written.
    if (serial < LAST_SERIAL) R[state.serial] = serial;
    else forgetStack(cpu);
    R[state.sectionDepth] = 0;
    R[state.timer] = 0;
    R[state.limit] = this.maxInstructions;
    R[state.section] = -1;
    R[state.explicit] = whose;
    for (let r = 0; r < 10; r++) R[r * REG_WORDS + word.region] = UNINITIALISED;
    R[REG_WORDS] = this.memory.regionWord(R[state.ctxRegion], region.base);
    R[REG_WORDS + 1] = POINTER_HIGH;
    point(cpu, REG_WORDS, R[state.ctxRegion]);
    for (let depth = 0; depth < FRAMES; depth++) R[frameAt(depth) + frame.serial] = 0;
    enter(cpu, 0);
    this.world.switchProgram(cpu, index);
    cpu.trusted = false;
    cpu.fault = null;
    cpu.warnings = [];
    this.#output[cpu.index] = [];
    R[state.status] = RUNNING;
  }

  #input(size: number, what: number, cpu: Cpu, type: ProgramType | undefined): number {
    const flags = what === kind.packet && type !== undefined && type.packet !== "write" ? READ_ONLY : 0;
    const base = this.memory.allocate(Math.max(1, size), 8, what, cpu.index, flags);
    if (base === 0) throw new Error(`no memory is left for ${size} bytes of input`);
    return base;
  }

  #world(): World {
    return {
      task: { pid: 1, tgid: 1, uid: 0, gid: 0, comm: "bpflab" },
      nanoseconds: () => this.nanoseconds(),
      bootNanoseconds: () => this.nanoseconds(),
      random: () => this.#random(),
      print: (cpu, text) => {
        this.#output[cpu.index].push(text);
        this.tracer?.printed(text);
      },
      sectionOpened: (cpu) => {
        this.rcu.lock(cpu.index);
        return this.rcu.section(cpu.index);
      },
      sectionClosed: (cpu) => {
        this.rcu.unlock(cpu.index);
      },
      switchProgram: (cpu, index) => {
        const entry = this.#programs[index];
        enterProgram(cpu, entry);
        cpu.R[state.program] = index;
        cpu.R[state.pc] = 0;
      },
      describe: (id, address) => this.describe(id, address),
      history: (cpu, what, reg, id) => historyOf(this.#past, cpu, what, reg, id),
      lately: this.#lately,
      sleepable: (cpu) => sleepable(this.#programs[cpu.R[state.program]]),
      maps: (calls) => new MapOperations(calls, this.mapSet, this.timers),
    };
  }

  #random(): number {
    const at = this.#words >> 2;
    const I = this.memory.i32;
    let x = I[at];
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    I[at] = x;
    return x;
  }

  nanoseconds(): bigint {
    return this.#realClock ? BigInt(Math.round(performance.now() * 1e6)) : this.clock.nanoseconds;
  }

  describe(id: number, address: number): string {
    const what = this.memory.regionWord(id, region.kind);
    const owner = this.memory.regionWord(id, region.owner);
    switch (what) {
      case kind.stack:
        return `the stack of frame ${owner % FRAMES}`;
      case kind.ctx:
        return "the context";
      case kind.packet:
        return "the packet";
      case kind.scratch:
        return "the memory handed to the program";
      case kind.ringbuf:
        return `a record of map \`${this.#mapName(owner)}\``;
      case kind.mapValues:
        return `a value of map \`${this.#mapName(owner)}\``;
      case kind.mapHeader:
        return `map \`${this.#mapName(owner)}\``;
      default:
        return `memory at offset ${address - this.memory.regionWord(id, region.base)} of region ${id}`;
    }
  }

  /** What a map is called, or was before it was freed. */
  #mapName(id: number): string {
    return new Map(this.mapSet.definitions()).get(id)?.name ?? String(id);
  }

  /** Grace periods and deferred calls under way. */
  get pending(): readonly Pending[] {
    return this.rcu.pending();
  }

  output(cpu: Cpu): readonly string[] {
    return this.#output[cpu.index];
  }

  snapshot(): MachineSnapshot {
    return {
      memory: this.memory.snapshot(),
      lately: this.#lately.copy(),
      cpus: this.cpus.map((cpu) => ({
        fault: cpu.fault,
        warnings: cpu.warnings.length,
        output: this.#output[cpu.index].length,
      })),
    };
  }

  restore(snapshot: MachineSnapshot): void {
    this.memory.restore(snapshot.memory);
    this.#lately.restore(snapshot.lately);
    // Programs that were loaded since then stay, at another place.
    for (const entry of this.#programs) if (entry.address >= this.memory.used) this.#place(entry);
    this.cpus.forEach((cpu, at) => {
      const kept = snapshot.cpus[at];
      cpu.refresh();
      const entry = this.#programs[cpu.R[state.program]];
      if (entry !== undefined) enterProgram(cpu, entry);
      cpu.fault = kept.fault;
      cpu.warnings.length = kept.warnings;
      this.#output[at].length = kept.output;
    });
  }

  /**
   * Lets time pass, and runs the timers that become due, each on a CPU that is idle. Under the explicit regime a
   * callback opens its own RCU sections.
   */
  advanceTime(nanoseconds: bigint, onCpu = 0): readonly Result[] {
    const until = this.clock.nanoseconds + nanoseconds;
    const results: Result[] = [];
    for (let due = this.timers.take(until); due !== null; due = this.timers.take(until)) {
      if (due.at > this.clock.nanoseconds) this.clock.set(due.at);
      results.push(this.#runTimer(due, onCpu));
    }
    this.clock.set(until);
    this.rcu.advance();
    return results;
  }

  #runTimer(due: Due, onCpu: number): Result {
    const cpu = this.prepare(due.program, { cpu: onCpu });
    const { R } = cpu;
    const header = due.header >> 2;
    const value = due.timer - cpu.I[header + map.timerField];
    R[state.pc] = due.slot * INSN_WORDS;
    R[state.timer] = due.timer;
    setNumber(R, REG_WORDS, due.header, POINTER_HIGH);
    point(cpu, REG_WORDS, this.memory.regionAt(due.header));
    setNumber(R, 3 * REG_WORDS, value, POINTER_HIGH);
    point(cpu, 3 * REG_WORDS, this.memory.regionAt(value));
    const type = cpu.I[header + map.type];
    let key = value - cpu.I[header + map.valueOffset] + cpu.I[header + map.keyOffset];
    if (type === mapType.array) {
      // An array has no keys in memory: the index goes where the context would be.
      key = this.memory.regionWord(R[state.ctxRegion], region.base);
      cpu.I[key >> 2] = (value - cpu.I[header + map.values]) / cpu.I[header + map.stride];
    }
    setNumber(R, 2 * REG_WORDS, key, POINTER_HIGH);
    if (type === mapType.array) point(cpu, 2 * REG_WORDS, R[state.ctxRegion]);
    else {
      for (let w: number = word.region; w < REG_WORDS; w++) R[2 * REG_WORDS + w] = R[3 * REG_WORDS + w];
      R[2 * REG_WORDS + word.base] = key;
      R[2 * REG_WORDS + word.limit] = key + cpu.I[header + map.keySize];
    }
    return new Run(this, cpu).finish();
  }

  /** Runs several runs to their ends, one step at a time, in an order that the seed alone decides. */
  interleave(runs: readonly Run[], seed: number): readonly Result[] {
    let x = seed | 0 || 1;
    const open = [...runs];
    let idle = 0;
    while (open.length > 0) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      const at = (x >>> 0) % open.length;
      const status = open[at].step();
      if (status === "exited" || status === "fault") open.splice(at, 1);
      idle = status === "blocked" ? idle + 1 : 0;
      // A thousand tries of blocked runs in a row: nobody can go on.
      if (idle > 1000) for (const run of open.splice(0)) run.deadlock();
    }
    return runs.map((run) => run.result());
  }
}

function enterProgram(cpu: Cpu, { code, address, pointers }: Entry): void {
  cpu.code = code;
  cpu.codeAt = address;
  cpu.contextPointers = pointers;
}

/** What of a program can be sent to another thread: all but where it was written, for which there are the sources here. */
function sendable({ bytes: _, ...rest }: Program): Omit<Program, "bytes"> {
  return { ...rest, maps: rest.maps.map(withoutSource), origin: [], expectations: [], warnings: [] };
}

function sleepable({ code, type }: Entry): boolean {
  return code.program.sleepable === true || type?.sleepable === true;
}

/** A program in a machine. */
export class Loaded {
  readonly machine: Machine;
  readonly program: Program;
  /** Its number among the machine's programs. */
  readonly index: number;

  constructor(machine: Machine, index: number, program: Program) {
    this.machine = machine;
    this.index = index;
    this.program = program;
  }

  run(input: RunInput = {}): Result {
    return this.start(input).finish();
  }

  /** Puts a CPU at the program's first instruction. */
  start(input: RunInput = {}): Run {
    return new Run(this.machine, this.machine.prepare(this.index, input));
  }
}

/** One run of a program on one CPU. */
export class Run {
  readonly machine: Machine;
  readonly cpu: Cpu;

  constructor(machine: Machine, cpu: Cpu) {
    this.machine = machine;
    this.cpu = cpu;
  }

  get status(): RunStatus {
    this.cpu.refresh();
    return statusNames[this.cpu.R[state.status]];
  }

  /** The slot of the next instruction. */
  get pc(): number {
    this.cpu.refresh();
    return this.cpu.R[state.pc] / INSN_WORDS;
  }

  /** One instruction, or one step of the map operation that a call is in the middle of. */
  step(): RunStatus {
    const { cpu, machine } = this;
    cpu.stepwise = true;
    return statusNames[machine.tracer === undefined ? interpret(cpu, 1) : machine.tracer.step(cpu)];
  }

  finish(): Result {
    const { cpu, machine } = this;
    if (machine.tracer !== undefined) {
      for (let tries = 0; cpu.R[state.status] < EXITED; tries++) {
        if (this.step() !== "blocked") tries = 0;
        else if (tries > 1) this.deadlock();
      }
      return this.result();
    }
    cpu.stepwise = false;
    let status = interpret(cpu, 0x7fffffff);
    const wait = new Patience(machine.memory, PATIENCE);
    while (status === BLOCKED && wait.goesOn()) status = interpret(cpu, 0x7fffffff);
    if (status === BLOCKED) this.deadlock();
    return this.result();
  }

  /** Ends a run that waits for something that cannot happen. */
  deadlock(): void {
    if (this.cpu.R[state.status] > BLOCKED) return;
    const { cpu, machine } = this;
    raise(cpu, cpu.R[state.pc], "lock", "waits for ever: nobody is left to release what it waits for");
    if (cpu.fault !== null) machine.tracer?.stuck(cpu, cpu.fault);
  }

  result(): Result {
    const { cpu } = this;
    cpu.refresh();
    const common = {
      instructions: cpu.R[state.count],
      warnings: cpu.warnings,
      output: this.machine.output(cpu),
    };
    if (cpu.R[state.status] === FAULTED && cpu.fault !== null) return { kind: "fault", fault: cpu.fault, ...common };
    if (cpu.R[state.status] !== EXITED) throw new Error("the run is not over");
    return { kind: "exit", r0: this.#r0(), ...common };
  }

  #r0(): bigint {
    const R = this.cpu.R;
    return (BigInt(R[state.resultHi] >>> 0) << 32n) | BigInt(R[state.resultLo] >>> 0);
  }
}

const EMPTY: Program = {
  name: "",
  insns: [],
  maps: [],
  kfuncs: [],
  functions: [],
  labels: new Map(),
  order: "little",
  origin: [],
  expectations: [],
  warnings: [],
  bytes: () => new Uint8Array(),
};
