// Helpers and kfuncs at work: the port of host/machine.ts for the CPU that is calling, and the continuations of those
// that run functions of the program. No helper calls the interpreter: it pushes a frame and says what happens when
// that frame exits. One file, beyond 400 lines, because the port is one interface whose members share the call in
// progress.
import type { HostCall, HostMaps } from "../host/machine.ts";
import { helperName } from "../host/names.ts";
import type { StructName } from "../host/objects.ts";
import { POINTER_HIGH } from "../memory/layout.ts";
import { access } from "./access.ts";
import { callOf } from "./busy.ts";
import { type Callee, helperCallee, kfuncCallee } from "./callee.ts";
import { INSN_WORDS, REG_WORDS } from "./code.ts";
import { Dynptrs } from "./dynptr.ts";
import type { FaultKind, History } from "./fault.ts";
import { clobber, copyRegister, enter, frameAt, popFrame, pushFrame, setNumber } from "./frames.ts";
import { type Happened, happened, type Lately } from "./lately.ts";
import { objectAddress } from "./objects.ts";
import { raise } from "./raise.ts";
import {
  BLOCKED,
  type CallPort,
  type Cpu,
  EXITED,
  frame,
  RUNNING,
  sections,
  state,
  TAIL_CALLS,
  UNINITIALISED,
  word,
} from "./registers.ts";

/** The upper half of the address of a function; the lower is the program's number and the slot. */
export const CODE_HIGH = 0xffffffffc0 | 0;
const PROGRAM_SHIFT = 20;

/** What stands in a prog_array: a program of the machine and the slot of one of its functions, as one number. */
export function programHandle(program: number, slot: number): number {
  return (slot << 12) | (program + 1);
}

export function programOfHandle(handle: number): { readonly program: number; readonly slot: number } {
  return { program: (handle & 0xfff) - 1, slot: handle >>> 12 };
}

/** What happens when a frame exits; 0 is a call of the program's own. */
export const continuation = { none: 0, loop: 1, forEach: 2, tailCalled: 4 } as const;

function isCallback(kind: number): boolean {
  return kind === continuation.loop || kind === continuation.forEach;
}

const EINVAL = -22;
const ENOENT = -2;
const EFAULT = -14;
const E2BIG = -7;
const MAX_LOOPS = 1 << 23;
const MAX_SECTIONS = 8;

/** What calls ask of the machine around the CPUs. */
export interface World {
  /** Whether the program that a CPU runs may sleep outside of sections. */
  sleepable(cpu: Cpu): boolean;
  readonly task: HostCall["task"];
  nanoseconds(): bigint;
  bootNanoseconds(): bigint;
  random(): number;
  print(cpu: Cpu, text: string): void;
  /** A section of this CPU opened; the answer names it. */
  sectionOpened(cpu: Cpu): number;
  sectionClosed(cpu: Cpu, section: number): void;
  /** Makes the CPU run another of the machine's programs from its start. */
  switchProgram(cpu: Cpu, index: number): void;
  describe(region: number, address: number): string;
  history(cpu: Cpu, what: FaultKind, reg: number, region: number): readonly History[];
  readonly lately: Lately;
  /** The map operations of the CPU in `call`, and their steps. */
  maps(call: Calls): MapCalls;
}

export interface MapCalls extends HostMaps {
  /** Reserves for the dynptr in the fourth argument. */
  ringbufReserveFor(map: number, size: number, flags: number): void;
  /** One step of the operation in progress. */
  step(cpu: Cpu): void;
  forEach(map: number, callback: number, context: number): void;
  /** The next element of a walk whose callback returned; the frame on top is the callback's. */
  forEachReturned(cpu: Cpu): void;
  /** What a slot of a prog_array holds (see `programHandle`), 0 if nothing. */
  program(map: number, index: number): number;
  timer: HostCall["timer"];
}

export class Calls implements CallPort, HostCall {
  readonly world: World;
  readonly maps: MapCalls;
  readonly dynptr = new Dynptrs(this);
  cpuCalling: Cpu | null = null;
  /** Index in the code's words of the instruction that calls. */
  at = 0;

  constructor(world: World) {
    this.world = world;
    this.maps = world.maps(this);
  }

  // What the interpreter calls.

  helper(cpu: Cpu, id: number): number {
    this.#begin(cpu);
    const helper = helperCallee(id);
    if (helper === undefined) {
      const name = helperName(id);
      this.fail(
        "call",
        name === undefined ? `there is no helper ${id}` : `${name} (helper ${id}) is not available here`,
      );
    } else if (this.#allowed(cpu, helper)) helper.start(this);
    return this.#end(cpu);
  }

  kfunc(cpu: Cpu, index: number): number {
    this.#begin(cpu);
    const name = cpu.code.program.kfuncs[index];
    const kfunc = name === undefined ? undefined : kfuncCallee(name);
    if (kfunc === undefined) this.fail("call", `there is no kfunc ${name ?? index}`);
    else if (this.#allowed(cpu, kfunc)) kfunc.start(this);
    return this.#end(cpu);
  }

  step(cpu: Cpu): number {
    this.cpuCalling = cpu;
    this.at = callOf(cpu);
    this.maps.step(cpu);
    cpu.refresh();
    return cpu.R[state.status];
  }

  returned(cpu: Cpu, kind: number): number {
    const R = cpu.R;
    this.cpuCalling = cpu;
    this.at = R[state.pc];
    if (R[state.frame] === 0) this.finish(cpu, R[0], R[1]);
    else if (this.#balanced(cpu, kind)) {
      // A function that a tail call replaced: its caller's program goes on.
      const program = R[frameAt(R[state.frame]) + frame.program];
      if (program !== R[state.program]) this.world.switchProgram(cpu, program);
      if (kind === continuation.loop) this.#loopReturned(cpu);
      else if (kind === continuation.forEach) this.#forEachReturned(cpu);
      else R[state.pc] = popFrame(cpu);
    }
    cpu.refresh();
    return cpu.R[state.status];
  }

  packet(cpu: Cpu, offset: number, size: number): number {
    const R = cpu.R;
    if (R[state.sectionDepth] > 0 || R[state.spin] !== 0) {
      this.cpuCalling = cpu;
      this.at = R[state.pc];
      const inside = R[state.spin] !== 0 ? "with a bpf_spin_lock held" : "inside an RCU section";
      this.fail("sectionOpen", `a legacy packet load, which may end the program, ${inside}`);
      return R[state.status];
    }
    const start = R[state.packetStart] + offset;
    clobber(R);
    if (R[state.packetRegion] !== 0 && offset >= 0 && start + size <= R[state.packetEnd]) {
      let value = 0;
      for (let at = 0; at < size; at++) value = (value << 8) | cpu.U[start + at];
      setNumber(R, 0, value, 0);
      return RUNNING;
    }
    // Beyond the packet the function returns 0, as the kernel's rewritten load does.
    setNumber(R, 0, 0, 0);
    const kind = R[frameAt(R[state.frame]) + frame.kind];
    if (R[state.frame] === 0 || kind !== continuation.none) return this.returned(cpu, kind);
    R[state.pc] = popFrame(cpu);
    return RUNNING;
  }

  describe(region: number, address: number): string {
    return this.world.describe(region, address);
  }

  history(cpu: Cpu, what: FaultKind, reg: number, region: number): readonly History[] {
    return this.world.history(cpu, what, reg, region);
  }

  /** Remembers that the call in progress did something that a later fault may be about. */
  note(what: Happened, key: number, more = 0): void {
    const { R, index } = this.calling;
    this.world.lately.note(what, index, R[state.program], this.at / INSN_WORDS, key, more);
  }

  #begin(cpu: Cpu): void {
    this.cpuCalling = cpu;
    this.at = cpu.R[state.pc] - INSN_WORDS;
  }

  #end(cpu: Cpu): number {
    cpu.refresh();
    return cpu.R[state.status];
  }

  /** The rules about where a call may stand, at run time; a fault if it may not stand here. */
  #allowed(cpu: Cpu, callee: Callee): boolean {
    const R = cpu.R;
    const { name } = callee;
    if (R[state.spin] !== 0 && !callee.locks) {
      const section = callee.section && R[state.explicit] !== 0;
      return this.#forbid(section ? "depthUnderLock" : "lock", `${name} is called while a bpf_spin_lock is held`);
    }
    if (callee.free) return true;
    const depth = R[state.sectionDepth];
    if (callee.reader && depth === 0 && R[state.explicit] === sections.own) {
      return this.#forbid("outsideSection", `${name} is called outside an RCU section`);
    }
    if (callee.sleeps) {
      if (depth > 0) return this.#forbid("sleep", `${name} may sleep, and an RCU section is open`);
      if (R[state.preempt] > 0) return this.#forbid("sleep", `${name} may sleep, and preemption is off`);
      if (!this.world.sleepable(cpu)) return this.#forbid("sleep", `${name} may sleep, and this program may not`);
    }
    if (callee.tailCall && depth > 0) {
      return this.#forbid("sectionOpen", "a tail call is made while an RCU section is open");
    }
    return true;
  }

  #forbid(kind: FaultKind, text: string): false {
    this.fail(kind, text);
    return false;
  }

  // The port that helper bodies see.

  get calling(): Cpu {
    if (this.cpuCalling === null) throw new Error("no call is in progress");
    return this.cpuCalling;
  }

  get R(): Int32Array {
    return this.calling.R;
  }

  fail(kind: FaultKind, text: string, address?: bigint, region = 0): void {
    raise(this.calling, this.at, kind, text, address, region);
  }

  lo(i: number): number {
    return this.R[(i + 1) * REG_WORDS];
  }

  hi(i: number): number {
    return this.R[(i + 1) * REG_WORDS + 1];
  }

  returns(lo: number, hi: number): void {
    setNumber(this.R, 0, lo, hi);
    clobber(this.R);
  }

  returnsNumber(value: number): void {
    this.returns(value, value >> 31);
  }

  returnsObject(name: StructName): void {
    this.returns(objectAddress(this.calling.memory, this.world.task, name), POINTER_HIGH);
  }

  readable(i: number, count: number): boolean {
    return this.#range(i, count, false);
  }

  writable(i: number, count: number): boolean {
    return this.#range(i, count, true);
  }

  #range(i: number, count: number, write: boolean): boolean {
    if (count === 0) return true;
    const register = (i + 1) * REG_WORDS;
    if (count < 0 || count > 0x20000000) {
      this.fail("argument", `r${i + 2} is ${count >>> 0}: too large a size`);
      return false;
    }
    return access(this.calling, this.at, register, this.R[register], count, write) >= 0;
  }

  byte(i: number, offset: number): number {
    return this.calling.U[this.lo(i) + offset];
  }

  setByte(i: number, offset: number, value: number): void {
    this.calling.U[this.lo(i) + offset] = value;
  }

  rcu = { lock: () => this.#lockSection(), unlock: () => this.#unlockSection() };

  #lockSection(): void {
    const cpu = this.calling;
    const R = cpu.R;
    const explicit = R[state.explicit] !== 0;
    if (R[state.sectionDepth] >= (explicit ? MAX_SECTIONS : 1)) {
      this.fail("nested", explicit ? "RCU sections are nested more than 8 deep" : "an RCU section is already open");
      return;
    }
    R[state.sectionDepth]++;
    if (R[state.sectionDepth] === 1 && explicit) {
      R[state.section] = this.world.sectionOpened(cpu);
      this.note(happened.opened, R[state.section]);
    }
    this.#returnsNothing();
  }

  #unlockSection(): void {
    const cpu = this.calling;
    const R = cpu.R;
    if (R[state.sectionDepth] === 0) {
      this.fail("unmatched", "bpf_rcu_read_unlock is called with no section open");
      return;
    }
    if (R[state.sectionDepth] === 1 && R[state.explicit] !== 0) {
      if (this.#walkDepends(cpu)) {
        this.fail("callback", "a callback closes the RCU section of the call that runs it");
        return;
      }
      this.world.sectionClosed(cpu, R[state.section]);
      this.note(happened.closed, R[state.section]);
      R[state.section] = -1;
    }
    R[state.sectionDepth]--;
    this.#returnsNothing();
  }

  /** Whether a callback runs whose call was made inside a section (rule E7). */
  #walkDepends(cpu: Cpu): boolean {
    const R = cpu.R;
    for (let depth = R[state.frame]; depth > 0; depth--) {
      const at = frameAt(depth);
      if (isCallback(R[at + frame.kind]) && R[at + frame.entryDepth] > 0) return true;
    }
    return false;
  }

  /** A call that returns nothing leaves r0 as unset as r1 to r5. */
  #returnsNothing(): void {
    clobber(this.R);
    this.R[word.region] = UNINITIALISED;
  }

  clock = {
    nanoseconds: () => this.world.nanoseconds(),
    bootNanoseconds: () => this.world.bootNanoseconds(),
  };
  random = () => this.world.random();

  get cpu(): number {
    return this.calling.index;
  }

  get task(): HostCall["task"] {
    return this.world.task;
  }

  print(text: string): void {
    this.world.print(this.calling, text);
  }

  string(lo: number, hi: number, most: number): string | null {
    const cpu = this.calling;
    // Whichever argument holds the address tells where it may read.
    const spare = 11 * REG_WORDS;
    const R = cpu.R;
    setNumber(R, spare, lo, hi);
    for (let register = REG_WORDS; register < 6 * REG_WORDS; register += REG_WORDS) {
      if (R[register] === lo && R[register + 1] === hi && R[register + word.region] > 0)
        copyRegister(R, register, spare);
    }
    let text = "";
    for (let at = 0; at < most; at++) {
      R[spare] = lo + at;
      if (access(cpu, this.at, spare, lo + at, 1, false) < 0) return null;
      const byte = cpu.U[lo + at];
      if (byte === 0) break;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  stringIfThere(lo: number, hi: number, most: number): string {
    const { memory, U } = this.calling;
    const id = hi === POINTER_HIGH ? memory.regionAt(lo) : 0;
    let text = "";
    for (let at = lo; at < lo + most && memory.isLive(id) && memory.fits(id, at, 1) && U[at] !== 0; at++) {
      text += String.fromCharCode(U[at]);
    }
    return text;
  }

  /** The slot of the function that argument `arg` names; -1 and a fault when it names none. */
  functionAt(arg: number): number {
    const lo = this.lo(arg);
    const program = this.R[state.program];
    const slot = lo & ((1 << PROGRAM_SHIFT) - 1);
    if (this.hi(arg) === CODE_HIGH && lo >>> PROGRAM_SHIFT === program && slot < this.calling.code.slots) return slot;
    this.fail("argument", `r${arg + 1} is no function of this program`);
    return -1;
  }

  loop(count: number, callbackArg: number, contextArg: number): void {
    const cpu = this.calling;
    const slot = this.functionAt(callbackArg);
    if (slot < 0) return;
    if (count === 0) {
      this.returnsNumber(0);
      return;
    }
    const R = cpu.R;
    if (!pushFrame(cpu, R[state.pc], continuation.loop)) {
      this.fail("depth", "the call is nested more than 8 frames deep");
      return;
    }
    const at = frameAt(R[state.frame]);
    R[at + frame.data] = 0;
    R[at + frame.data + 1] = count;
    R[at + frame.data + 2] = slot;
    copyRegister(R, (contextArg + 1) * REG_WORDS, at + frame.kept);
    this.#loopEnter(cpu);
  }

  #loopEnter(cpu: Cpu): void {
    const R = cpu.R;
    const at = frameAt(R[state.frame]);
    clobber(R);
    R[word.region] = UNINITIALISED;
    setNumber(R, REG_WORDS, R[at + frame.data], 0);
    copyRegister(R, at + frame.kept, 2 * REG_WORDS);
    R[state.pc] = R[at + frame.data + 2] * INSN_WORDS;
  }

  #loopReturned(cpu: Cpu): void {
    const R = cpu.R;
    const at = frameAt(R[state.frame]);
    const done = ++R[at + frame.data];
    const stop = R[0] !== 0 || R[1] !== 0;
    if (stop || done >>> 0 >= R[at + frame.data + 1] >>> 0) {
      R[state.pc] = popFrame(cpu);
      setNumber(R, 0, done, 0);
      return;
    }
    this.again(cpu);
    this.#loopEnter(cpu);
  }

  /** The callback's frame once more, with a fresh stack. */
  again(cpu: Cpu): void {
    const R = cpu.R;
    for (let r = 6; r < 10; r++) R[r * REG_WORDS + word.region] = UNINITIALISED;
    enter(cpu, R[state.frame]);
  }

  #forEachReturned(cpu: Cpu): void {
    this.at = cpu.R[frameAt(cpu.R[state.frame]) + frame.returnTo] - INSN_WORDS;
    this.maps.forEachReturned(cpu);
  }

  /** A callback returns at the depth it was called with (rule E7). */
  #balanced(cpu: Cpu, kind: number): boolean {
    const R = cpu.R;
    const entry = R[frameAt(R[state.frame]) + frame.entryDepth];
    if (!isCallback(kind) || R[state.explicit] === 0 || entry === R[state.sectionDepth]) return true;
    const text = `a callback returns at RCU depth ${R[state.sectionDepth]}, and was called at ${entry}`;
    return this.#forbid("callback", text);
  }

  forEach(mapArg: number, callbackArg: number, contextArg: number): void {
    this.maps.forEach(mapArg, callbackArg, contextArg);
  }

  get timer(): HostCall["timer"] {
    return this.maps.timer;
  }

  spin = { lock: (arg: number) => this.#spinLock(arg), unlock: (arg: number) => this.#spinUnlock(arg) };

  #spinLock(arg: number): void {
    const cpu = this.calling;
    const R = cpu.R;
    const address = this.lo(arg);
    if (R[state.spin] !== 0) {
      this.fail("lock", "a bpf_spin_lock is taken while another is held");
      return;
    }
    if (!this.writable(arg, 4)) return;
    if (cpu.I[address >> 2] !== 0) {
      // Somebody else has it: the call is made again when this CPU is run again.
      R[state.status] = BLOCKED;
      R[state.pc] = this.at;
      return;
    }
    cpu.I[address >> 2] = 1;
    R[state.spin] = address;
    this.#returnsNothing();
  }

  #spinUnlock(arg: number): void {
    const R = this.R;
    const address = this.lo(arg);
    if (R[state.spin] === 0 || R[state.spin] !== address) {
      this.fail("lock", "bpf_spin_unlock is called on a lock that this program does not hold");
      return;
    }
    if (!this.writable(arg, 4)) return;
    this.calling.I[address >> 2] = 0;
    R[state.spin] = 0;
    this.#returnsNothing();
  }

  preempt = {
    disable: () => {
      this.R[state.preempt]++;
      this.#returnsNothing();
    },
    enable: () => {
      if (this.R[state.preempt] === 0) {
        this.fail("preemption", "bpf_preempt_enable without bpf_preempt_disable");
        return;
      }
      this.R[state.preempt]--;
      this.#returnsNothing();
    },
  };

  /** A number iterator is two words: the number before the next one, and the end (kernel: struct bpf_iter_num_kern). */
  iter = {
    create: (arg: number, start: number, end: number) => {
      if (!this.writable(arg, 8)) return;
      const word = this.lo(arg) >> 2;
      const bad = start > end ? EINVAL : end - start > MAX_LOOPS ? E2BIG : 0;
      this.calling.I[word] = bad === 0 ? start - 1 : 0;
      this.calling.I[word + 1] = bad === 0 ? end : 0;
      this.returnsNumber(bad);
    },
    next: (arg: number) => {
      if (!this.readable(arg, 8) || !this.writable(arg, 8)) return;
      const I = this.calling.I;
      const R = this.R;
      const word = this.lo(arg) >> 2;
      if (((I[word] + 1) | 0) >= I[word + 1]) {
        I[word] = I[word + 1] = 0;
        this.returnsNumber(0);
        return;
      }
      I[word]++;
      copyRegister(R, (arg + 1) * REG_WORDS, 0);
      clobber(R);
    },
    destroy: (arg: number) => {
      if (!this.writable(arg, 8)) return;
      const word = this.lo(arg) >> 2;
      this.calling.I[word] = this.calling.I[word + 1] = 0;
      this.#returnsNothing();
    },
  };

  tailCall(mapArg: number, index: number): void {
    const cpu = this.calling;
    const R = cpu.R;
    const handle = this.maps.program(mapArg, index);
    if (R[state.status] !== RUNNING) return;
    if (handle === 0 || R[state.tailCalls] >= TAIL_CALLS) {
      this.returnsNumber(ENOENT);
      return;
    }
    R[state.tailCalls]++;
    const depth = R[state.frame];
    const at = frameAt(depth);
    if (depth > 0 && R[at + frame.kind] === continuation.none) {
      R[at + frame.kind] = continuation.tailCalled;
      R[at + frame.program] = R[state.program];
    }
    for (let r = 0; r < 10; r++) if (r !== 1) R[r * REG_WORDS + word.region] = UNINITIALISED;
    enter(cpu, depth);
    const { program, slot } = programOfHandle(handle);
    this.world.switchProgram(cpu, program);
    cpu.R[state.pc] = slot * INSN_WORDS;
  }

  throwException(lo: number, hi: number): void {
    const cpu = this.calling;
    if (cpu.R[state.sectionDepth] > 0) {
      this.fail("sectionOpen", "bpf_throw is called while an RCU section is open");
      return;
    }
    cpu.R[state.frame] = 0;
    this.finish(cpu, lo, hi);
  }

  packetLoad(offset: number, to: number, size: number): void {
    const cpu = this.calling;
    const R = cpu.R;
    if (size < 0 || !this.writable(to, size)) return;
    const from = R[state.packetStart] + offset;
    const inside = R[state.packetRegion] !== 0 && offset >= 0 && from + size <= R[state.packetEnd];
    const target = this.lo(to);
    if (inside) cpu.U.copyWithin(target, from, from + size);
    else cpu.U.fill(0, target, target + size);
    this.returnsNumber(inside ? 0 : EFAULT);
  }

  /** The program ends with this result, unless it holds something that it must not keep. */
  finish(cpu: Cpu, lo: number, hi: number): void {
    const R = cpu.R;
    if (R[state.spin] !== 0) {
      this.fail("sectionOpen", "the program exits while it holds a bpf_spin_lock");
      return;
    }
    if (R[state.sectionDepth] > 0) {
      this.fail("sectionOpen", "the program exits while its RCU section is open");
      return;
    }
    if (R[state.preempt] > 0) {
      this.fail("preemption", "the program exits with preemption disabled");
      return;
    }
    R[state.resultLo] = lo;
    R[state.resultHi] = hi;
    R[state.status] = EXITED;
    if (R[state.explicit] === 0 && R[state.section] > 0) {
      this.world.sectionClosed(cpu, R[state.section]);
      R[state.section] = -1;
    }
  }

  /** A function of the running program as an address. */
  static address(program: number, slot: number): { lo: number; hi: number } {
    return { lo: (program << PROGRAM_SHIFT) | slot, hi: CODE_HIGH };
  }
}
