// Map helpers at work. Each starts an operation of src/maps in the CPU's record for the running frame, whose steps the
// interpreter drives; what it found becomes a register with its provenance. Walks and timers are here too, for
// they call back with elements.
import type { HostMaps } from "../host/machine.ts";
import { code, DONE, map, BLOCKED as OP_BLOCKED, RUNNING as OP_RUNNING, type Status, op as w } from "../maps/layout.ts";
import type { Maps } from "../maps/maps.ts";
import { kind, POINTER_HIGH, READ_ONLY, region } from "../memory/layout.ts";
import { point } from "./access.ts";
import { after, operationOf } from "./busy.ts";
import { type Calls, continuation, type MapCalls } from "./calls.ts";
import { INSN_WORDS, REG_WORDS } from "./code.ts";
import { clobber, copyRegister, frameAt, popFrame, pushFrame, setNumber } from "./frames.ts";
import { happened } from "./lately.ts";
import { MapCallsInOneGo } from "./map-code.ts";
import { BLOCKED, type Cpu, frame, NOT_WRITABLE, RUNNING, state, UNINITIALISED, word } from "./registers.ts";

const EINVAL = -22;
const EDEADLK = -35;
/** CLOCK_REALTIME, CLOCK_MONOTONIC and CLOCK_BOOTTIME: one clock here. */
const CLOCKS: readonly number[] = [0, 1, 7];
/** Flags of bpf_timer_start. Which CPU a callback runs on is for those to say who let time pass. */
const TIMER_ABS = 1;
const TIMER_CPU_PIN = 2;

/** What timers need: a table of them in memory (timers.ts). */
export interface Timers {
  init(timer: number, header: number): number;
  setCallback(timer: number, program: number, slot: number): number;
  start(timer: number, nanoseconds: bigint, absolute: boolean): number;
  cancel(timer: number): number;
}

export class MapOperations implements MapCalls, HostMaps {
  readonly #calls: Calls;
  readonly #maps: Maps;
  readonly #timers: Timers;
  readonly #fast: MapCallsInOneGo;

  constructor(calls: Calls, maps: Maps, timers: Timers) {
    this.#fast = new MapCallsInOneGo(calls, maps);
    this.#calls = calls;
    this.#maps = maps;
    this.#timers = timers;
  }

  lookup(mapArg: number, key: number): void {
    const id = this.#checked(mapArg, key, -1, false);
    if (id === 0 || this.#fast.found(mapArg, key)) return;
    const op = this.#begins(after.result);
    this.#goesOn(op, this.#maps.lookup(op, id, this.#lo(key)));
  }

  lookupPercpu(mapArg: number, key: number, cpu: number): void {
    const id = this.#checked(mapArg, key, -1, false);
    if (id === 0) return;
    const op = this.#begins(after.result);
    this.#goesOn(op, this.#maps.lookupPercpu(op, id, this.#lo(key), this.#lo(cpu)));
  }

  update(mapArg: number, key: number, value: number, flags: number): void {
    const id = this.#checked(mapArg, key, value, false);
    if (id === 0 || this.#fast.changed("update", mapArg, key, value, flags)) return;
    const op = this.#begins(after.result);
    this.#goesOn(op, this.#maps.update(op, id, this.#lo(key), this.#lo(value), this.#lo(flags), this.#hi(flags)));
  }

  remove(mapArg: number, key: number): void {
    const id = this.#checked(mapArg, key, -1, false);
    if (id === 0 || this.#fast.changed("remove", mapArg, key, key, -1)) return;
    const op = this.#begins(after.result);
    this.#goesOn(op, this.#maps.remove(op, id, this.#lo(key)));
  }

  push(mapArg: number, value: number, flags: number): void {
    const id = this.#checked(mapArg, -1, value, false);
    if (id === 0) return;
    const op = this.#begins(after.result);
    this.#goesOn(op, this.#maps.push(op, id, this.#lo(value), this.#lo(flags), this.#hi(flags)));
  }

  pop(mapArg: number, value: number): void {
    const id = this.#checked(mapArg, -1, value, true);
    if (id === 0) return;
    const op = this.#begins(after.result);
    this.#goesOn(op, this.#maps.pop(op, id, this.#lo(value)));
  }

  peek(mapArg: number, value: number): void {
    const id = this.#checked(mapArg, -1, value, true);
    if (id === 0) return;
    const op = this.#begins(after.result);
    this.#goesOn(op, this.#maps.peek(op, id, this.#lo(value)));
  }

  ringbufOutput(mapArg: number, data: number, size: number, flags: number): void {
    const id = this.#checked(mapArg, -1, -1, false);
    if (id === 0 || !this.#calls.readable(data, this.#lo(size))) return;
    const op = this.#begins(after.result);
    this.#goesOn(
      op,
      this.#maps.ringbufOutput(op, id, this.#lo(data), this.#lo(size), this.#lo(flags), this.#hi(flags)),
    );
  }

  ringbufReserve(mapArg: number, size: number, flags: number): void {
    const id = this.#checked(mapArg, -1, -1, false);
    if (id === 0) return;
    const op = this.#begins(after.result);
    this.#goesOn(op, this.#maps.ringbufReserve(op, id, this.#lo(size), this.#lo(flags), this.#hi(flags)));
  }

  /** The same for a dynptr in memory: what was reserved is put there. */
  ringbufReserveFor(mapArg: number, size: number, flags: number): void {
    const id = this.#checked(mapArg, -1, -1, false);
    if (id === 0) return;
    const op = this.#begins(after.dynptr);
    this.#goesOn(op, this.#maps.ringbufReserve(op, id, this.#lo(size), this.#lo(flags), this.#hi(flags)));
  }

  ringbufSubmit(record: number): void {
    if (!this.#calls.writable(record, 1)) return;
    const op = this.#begins(after.nothing);
    this.#goesOn(op, this.#maps.ringbufSubmit(op, this.#lo(record)));
  }

  ringbufDiscard(record: number): void {
    if (!this.#calls.writable(record, 1)) return;
    const op = this.#begins(after.nothing);
    this.#goesOn(op, this.#maps.ringbufDiscard(op, this.#lo(record)));
  }

  ringbufQuery(mapArg: number, flags: number): void {
    const id = this.#checked(mapArg, -1, -1, false);
    if (id === 0) return;
    const op = this.#begins(after.result);
    this.#goesOn(op, this.#maps.ringbufQuery(op, id, this.#lo(flags), this.#hi(flags)));
  }

  program(mapArg: number, index: number): number {
    const id = this.#checked(mapArg, -1, -1, false);
    if (id === 0) return 0;
    const cpu = this.#calls.calling;
    const op = cpu.operations[cpu.R[state.frame]];
    cpu.I[op + w.keyRoom] = index;
    if (this.#maps.tailCall(op, id, (op + w.keyRoom) << 2) !== DONE) this.#maps.run(op);
    return this.#maps.memory.i32[op + w.lo];
  }

  forEach(mapArg: number, callback: number, context: number): void {
    const calls = this.#calls;
    const cpu = calls.calling;
    const header = this.#header(mapArg);
    if (header === 0) return;
    const slot = calls.functionAt(callback);
    if (slot < 0) return;
    const R = cpu.R;
    if (!pushFrame(cpu, R[state.pc], continuation.forEach)) {
      calls.fail("depth", "the call is nested more than 8 frames deep");
      return;
    }
    const at = frameAt(R[state.frame]);
    R[at + frame.data] = 0;
    R[at + frame.data + 1] = slot;
    R[at + frame.data + 2] = header << 2;
    R[at + frame.data + 3] = cpu.I[header + map.id];
    R[at + frame.data + 4] = 0;
    R[at + frame.data + 5] = 0;
    copyRegister(R, (mapArg + 1) * REG_WORDS, at + frame.kept);
    copyRegister(R, (context + 1) * REG_WORDS, at + frame.kept + REG_WORDS);
    clobber(R);
    R[state.pc] = slot * INSN_WORDS;
    this.#walk(cpu);
  }

  /** Asks for the next element; the record is that of the callback's caller, for the callback uses its own. */
  #walk(cpu: Cpu): void {
    const R = cpu.R;
    const at = frameAt(R[state.frame]);
    const cursor = cpu.base + (at + frame.data + 4) * 4;
    const op = this.#begins(after.walk);
    this.#goesOn(op, this.#maps.nextElement(op, R[at + frame.data + 3], cursor));
  }

  forEachReturned(cpu: Cpu): void {
    const R = cpu.R;
    const at = frameAt(R[state.frame]);
    if ((R[0] | R[1]) !== 0) {
      this.#walked(cpu);
      return;
    }
    for (let r = 6; r < 10; r++) R[r * REG_WORDS + word.region] = UNINITIALISED;
    R[state.pc] = R[at + frame.data + 1] * INSN_WORDS;
    this.#calls.again(cpu);
    this.#walk(cpu);
  }

  #walked(cpu: Cpu): void {
    const R = cpu.R;
    const done = R[frameAt(R[state.frame]) + frame.data];
    R[state.pc] = popFrame(cpu);
    setNumber(R, 0, done, 0);
  }

  timer = {
    init: (timer: number, mapArg: number, clock: number) => {
      const header = this.#header(mapArg);
      if (header === 0 || !this.#calls.writable(timer, 16)) return;
      if (!CLOCKS.includes(clock)) this.#calls.returnsNumber(EINVAL);
      else this.#calls.returnsNumber(this.#timers.init(this.#lo(timer), header << 2));
    },
    setCallback: (timer: number, callback: number) => {
      if (!this.#calls.writable(timer, 16)) return;
      const slot = this.#calls.functionAt(callback);
      if (slot < 0) return;
      const program = this.#calls.R[state.program];
      this.#calls.returnsNumber(this.#timers.setCallback(this.#lo(timer), program, slot));
    },
    start: (timer: number, nanoseconds: bigint) => {
      if (!this.#calls.writable(timer, 16)) return;
      const flags = this.#lo(2);
      const unknown = (flags & ~(TIMER_ABS | TIMER_CPU_PIN)) | this.#calls.hi(2);
      const absolute = (flags & TIMER_ABS) !== 0;
      const done = unknown !== 0 ? EINVAL : this.#timers.start(this.#lo(timer), nanoseconds, absolute);
      this.#calls.returnsNumber(done);
    },
    cancel: (timer: number) => {
      if (!this.#calls.writable(timer, 16)) return;
      const address = this.#lo(timer);
      // Waiting for a callback to end, as cancelling does, would never end inside it.
      const own = this.#calls.R[state.timer] === address;
      this.#calls.returnsNumber(own ? EDEADLK : this.#timers.cancel(address));
    },
  };

  /** One step of the operation in progress. */
  step(cpu: Cpu): void {
    const op = operationOf(cpu);
    this.#settle(cpu, op, this.#maps.step(op));
  }

  /** Index of the header of the map in an argument; 0 and a fault when it is none that may be used now. */
  #header(arg: number): number {
    const calls = this.#calls;
    const cpu = calls.calling;
    const register = (arg + 1) * REG_WORDS;
    const tag = cpu.R[register + word.region];
    const id = tag > 0 ? tag & 0xffff : calls.hi(arg) === POINTER_HIGH ? cpu.memory.regionAt(calls.lo(arg)) : 0;
    if (id === 0 || cpu.memory.regionWord(id, region.kind) !== kind.mapHeader) {
      calls.fail("argument", `r${arg + 1} is no map`);
      return 0;
    }
    return calls.readable(arg, 4) ? calls.lo(arg) >> 2 : 0;
  }

  /** The id of the map in an argument, once its key and value are known to be there; 0 after a fault. */
  #checked(mapArg: number, key: number, value: number, out: boolean): number {
    const calls = this.#calls;
    const header = this.#header(mapArg);
    if (header === 0) return 0;
    const I = calls.calling.I;
    if (key >= 0 && !calls.readable(key, I[header + map.keySize])) return 0;
    const size = I[header + map.valueSize];
    if (value >= 0 && !(out ? calls.writable(value, size) : calls.readable(value, size))) return 0;
    return I[header + map.id];
  }

  /** The words of an argument. */
  #lo(arg: number): number {
    return this.#calls.lo(arg);
  }

  #hi(arg: number): number {
    return this.#calls.hi(arg);
  }

  /** The record of the operation that the call will start. */
  #begins(what: number): number {
    const cpu = this.#calls.calling;
    cpu.R[state.busy] = what;
    return operationOf(cpu);
  }

  /** An operation was started; one that is not to be watched runs to its end at once. */
  #goesOn(op: number, started: Status): void {
    const cpu = this.#calls.calling;
    this.#settle(cpu, op, cpu.stepwise || started !== OP_RUNNING ? started : this.#maps.run(op));
  }

  #settle(cpu: Cpu, op: number, status: number): void {
    cpu.refresh();
    const R = cpu.R;
    if (status === OP_BLOCKED) R[state.status] = BLOCKED;
    if (status !== DONE) return;
    R[state.status] = RUNNING;
    this.#remember(cpu, op);
    const what = R[state.busy];
    R[state.busy] = 0;
    if (what === after.walk) {
      this.#element(cpu, op);
      return;
    }
    if (what === after.dynptr) {
      // The arguments still stand: the fourth is where the dynptr lies, the second how much was asked for.
      const reserved = this.#calls.dynptr.reserved(R[4 * REG_WORDS], cpu.I[op + w.lo], R[2 * REG_WORDS]);
      this.#calls.returnsNumber(reserved);
      return;
    }
    clobber(R);
    if (what === after.nothing) R[word.region] = UNINITIALISED;
    else this.#result(cpu, op, 0);
  }

  /** Takes down which lives a finished operation ended and began. Those of inner maps end elsewhere, after a grace period. */
  #remember(cpu: Cpu, op: number): void {
    const I = cpu.I;
    const what = I[op + w.code];
    if (what === code.submit || what === code.discard) {
      this.#calls.note(happened.freed, (I[op + w.value] >> 2) - 1);
      return;
    }
    if ((what !== code.update && what !== code.remove) || I[op + w.lo] !== 0) return;
    this.#fast.rememberLives(cpu, op, I[op + w.map], what === code.update);
  }

  /** Puts what an operation returned into the register at `to`. */
  #result(cpu: Cpu, op: number, to: number): void {
    const R = cpu.R;
    const I = cpu.I;
    setNumber(R, to, I[op + w.lo], I[op + w.hi]);
    const id = I[op + w.region];
    if (id === 0 || I[op + w.hi] !== POINTER_HIGH) return;
    if (I[op + w.size] === 0 && I[op + w.code] !== code.reserve) {
      // An inner map: the whole header.
      point(cpu, to, id);
      R[to + word.region] |= NOT_WRITABLE;
    } else {
      const readOnly = cpu.memory.regionWord(id, region.flags) & READ_ONLY;
      R[to + word.region] = readOnly === 0 ? id : id | NOT_WRITABLE;
      R[to + word.base] = I[op + w.lo];
      R[to + word.limit] = I[op + w.lo] + I[op + w.size];
    }
    this.#fast.born(cpu, to, I[op + w.generationAt], I[op + w.generation], I[op + w.code] !== code.reserve);
  }

  /** The element of a walk goes to the callback, or the walk is over. */
  #element(cpu: Cpu, op: number): void {
    const R = cpu.R;
    const I = cpu.I;
    if (I[op + w.region] === 0) {
      this.#walked(cpu);
      return;
    }
    const at = frameAt(R[state.frame]);
    R[at + frame.data]++;
    copyRegister(R, at + frame.kept, REG_WORDS);
    this.#result(cpu, op, 3 * REG_WORDS);
    const key = 2 * REG_WORDS;
    copyRegister(R, 3 * REG_WORDS, key);
    R[key] = I[op + w.keyResult];
    const id = cpu.memory.regionAt(R[key]);
    if (id !== (R[key + word.region] & 0xffff)) {
      // An array's index stands in the operation's own record, which nobody frees.
      R[key + word.generation] = 0;
      R[key + word.life] = 0;
    }
    R[key + word.region] = id | NOT_WRITABLE;
    R[key + word.base] = R[key];
    R[key + word.limit] = R[key] + I[(R[at + frame.data + 2] >> 2) + map.keySize];
    copyRegister(R, at + frame.kept + REG_WORDS, 4 * REG_WORDS);
    R[5 * REG_WORDS + word.region] = UNINITIALISED;
    R[word.region] = UNINITIALISED;
  }
}
