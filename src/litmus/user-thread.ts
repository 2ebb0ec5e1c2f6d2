// A script of userspace as a thread: bpf(2) commands made of the same steps as the helpers', waits for readers, marks.
// Its private words are where it stands, its variables, the operation in progress and the bytes handed to it.
import { create, errno } from "../maps/errno.ts";
import { WAIT_AT_END } from "../maps/ground.ts";
import { map, DONE as OP_DONE, OP_WORDS, op as w } from "../maps/layout.ts";
import type { Maps } from "../maps/maps.ts";
import type { Userspace } from "../maps/userspace.ts";
import { PLAIN, TRACE } from "../rcu/domain.ts";
import type { Machine } from "../vm/machine.ts";
import { type Actor, DONE, type Next, PRIVATE, type Touch, VISIBLE, type Words } from "./actor.ts";
import { LOGICAL_WORDS, Logical } from "./logical.ts";
import type { Properties } from "./properties.ts";
import type { Command } from "./scenario.ts";
import { round8, type UserPlan, type Variable } from "./user-plan.ts";

const local = { pc: 0, stage: 1, record: 2, place: 3, logical: 4, count: 4 + LOGICAL_WORDS } as const;
const READY = 0;
const OPERATING = 1;
const WAITING = 2;
/** Linux has no such number: the wait cannot be asked for. */
const ENOTHING = -1;

export class UserThread implements Actor {
  readonly name: string;
  readonly plan: UserPlan;
  readonly variables = new Map<string, Variable>();
  readonly op: number;
  readonly logical: Logical;
  readonly #machine: Machine;
  readonly #maps: Maps;
  readonly #users: Userspace;
  readonly #properties: Properties;
  readonly #own: number;
  readonly #words: number;
  /** Bytes of the key and value being handed over. */
  readonly #scratch: number;
  readonly #scratchWords: number;

  constructor(machine: Machine, properties: Properties, plan: UserPlan) {
    this.name = plan.name;
    this.plan = plan;
    this.#machine = machine;
    this.#maps = machine.mapSet;
    this.#users = machine.maps;
    this.#properties = properties;
    this.op = machine.mapSet.newOperation(plan.placement.cpus[0], plan.reader, true);
    let words: number = local.count;
    let scratch = 8;
    for (const command of plan.script) {
      const bytes = this.#resultBytes(command);
      const name = "as" in command ? command.as : undefined;
      if ("map" in command) scratch = Math.max(scratch, this.#room(command.map));
      if (name === undefined) continue;
      const before = this.variables.get(name);
      if (before !== undefined && before.bytes >= bytes) continue;
      const count = Math.max(8, (bytes + 7) & -8) / 4;
      this.variables.set(name, { at: words, words: count, bytes });
      words += count + 1;
    }
    this.#words = words;
    this.#own = machine.memory.reserve(words * 4) >> 2;
    this.logical = new Logical(machine.memory, this.#own + local.logical);
    this.#scratchWords = (scratch + 7) >> 2;
    this.#scratch = machine.memory.reserve(this.#scratchWords * 4);
  }

  #id(name: string): number {
    return this.plan.maps.get(name) ?? 0;
  }

  #room(name: string): number {
    const id = this.#id(name);
    const keySize = round8(this.#maps.word(id, map.keySize));
    return keySize + Math.max(this.#users.valueBytes(id), keySize) + 8;
  }

  #resultBytes(command: Command): number {
    if (command.kind === "lookup" || command.kind === "lookup_and_delete") {
      return this.#users.valueBytes(this.#id(command.map));
    }
    return command.kind === "next_key" ? this.#maps.word(this.#id(command.map), map.keySize) : 8;
  }

  get #i32(): Int32Array {
    return this.#machine.memory.i32;
  }

  /** Indices of the words that say whether it is inside a read-side section, where nobody else asks. */
  get readerWords(): readonly number[] {
    const at = this.#machine.rcu.readerAddress(this.plan.reader) >> 2;
    return this.plan.observed ? [] : [at, at + 1];
  }

  /** Byte ranges of memory that are this thread's alone: address and length. */
  get own(): readonly (readonly [number, number])[] {
    return [
      [this.#own << 2, this.#words * 4],
      [this.op << 2, OP_WORDS * 4],
      [this.#scratch, this.#scratchWords * 4],
    ];
  }

  get pc(): number {
    return this.#i32[this.#own + local.pc];
  }

  get command(): Command | undefined {
    return this.plan.script[this.pc];
  }

  get #stage(): number {
    return this.#i32[this.#own + local.stage];
  }

  get operating(): boolean {
    return this.#stage === OPERATING;
  }

  /** The grace period that it waits for; -1 if it waits for none. */
  get waitsFor(): number {
    if (this.#stage === WAITING) return this.#i32[this.#own + local.record];
    if (this.#stage !== OPERATING) return -1;
    const isWait = this.#maps.footprint(this.op).some((touch) => touch.kind === "rcu");
    return isWait ? this.#i32[this.op + w.wait] : -1;
  }

  /** The 8-byte word of a variable; 0 while it is not set. Numbers of fewer bytes are filled up with zeroes. */
  value(name: string, word: number): bigint {
    const found = this.variables.get(name);
    if (found === undefined || word * 2 >= found.words) return 0n;
    const at = this.#own + found.at + 1 + word * 2;
    const value = (BigInt(this.#i32[at + 1] >>> 0) << 32n) | BigInt(this.#i32[at] >>> 0);
    // An error number stands there as a negative one.
    return this.#i32[this.#own + found.at] === ENOTHING ? BigInt.asIntN(64, value) : value;
  }

  next(): Next {
    const command = this.command;
    if (command === undefined) return DONE;
    const { observed } = this.plan;
    if (this.#stage === OPERATING) {
      return observed || this.#maps.footprint(this.op).length > 0 ? VISIBLE : PRIVATE;
    }
    switch (command.kind) {
      case "wait":
        return this.#waits(command) ? VISIBLE : PRIVATE;
      case "fence":
        return PRIVATE;
      case "mark":
        return this.#properties.watchesMark(command.mark) ? VISIBLE : PRIVATE;
      case "create":
      case "freeze":
      case "free":
        return VISIBLE;
      default:
        return observed || this.#holds(command) ? VISIBLE : PRIVATE;
    }
  }

  /** Address of the inner map that a command will hold on to from its beginning; 0 if there is none. */
  #holds(command: Command): number {
    return command.kind === "update" && "map" in command.value ? this.#maps.address(this.#id(command.value.map)) : 0;
  }

  #waits(command: Command): boolean {
    return command.kind === "wait" && (command.how !== "membarrier_global" || this.plan.globalWaits);
  }

  touches(): readonly Touch[] {
    const command = this.command;
    if (command === undefined) return [];
    if (this.#stage === OPERATING) return this.#touchesOfOperation();
    if (command.kind === "wait") return [{ kind: "wait", address: 0, size: 0 }];
    if (command.kind === "mark") return [{ kind: "mark", address: 0, size: 0 }];
    const held = this.#holds(command);
    return [{ kind: held === 0 ? "unknown" : "atomic", address: held, size: 4 }];
  }

  #touchesOfOperation(): readonly Touch[] {
    const found: Touch[] = this.#maps
      .footprint(this.op)
      .map((touch) => (touch.kind === "rcu" ? { ...touch, kind: "wait" } : touch));
    if (this.plan.observed) found.push({ kind: "unknown", address: 0, size: 0 });
    // The step that ends the operation begins the grace period.
    if (this.#i32[this.op + w.wait] === WAIT_AT_END) found.push({ kind: "wait", address: 0, size: 0 });
    return found;
  }

  step(): boolean {
    const command = this.command;
    if (command === undefined) return false;
    if (this.#stage === OPERATING) return this.#operate(command);
    if (this.#stage === WAITING) {
      const record = this.#i32[this.#own + local.record];
      if (!this.#machine.rcu.isDue(record)) return false;
      this.#machine.rcu.endWait(record);
      this.#ready();
      return true;
    }
    this.#begin(command);
    return true;
  }

  #begin(command: Command): void {
    switch (command.kind) {
      case "wait": {
        if (!this.#waits(command)) break;
        const flavour = command.how === "synchronize_rcu_tasks_trace" ? TRACE : PLAIN;
        const record = this.#machine.rcu.startWait(flavour);
        this.#i32[this.#own + local.record] = record;
        this.#i32[this.#own + local.stage] = WAITING;
        return;
      }
      case "fence":
        break;
      case "mark":
        this.#properties.pass(command.mark);
        break;
      case "create":
        this.#properties.create(this.#id(command.map));
        break;
      case "freeze":
        this.#properties.freeze(this.#id(command.map));
        break;
      case "free":
        this.#maps.close(this.#id(command.map));
        // A closed handle names nothing.
        this.#properties.hide(this.#id(command.map));
        break;
      default: {
        const refused = this.#start(command);
        if (refused === 0) return;
        this.#store(command, refused);
      }
    }
    this.#ready();
  }

  /** Begins an operation; an error number if bpf(2) refuses before it comes to that. */
  #start(command: Extract<Command, { key?: Uint8Array }>): number {
    const id = this.#id(command.map);
    const maps = this.#maps;
    if (maps.address(id) === 0 || !this.#properties.isCreated(id)) return -errno.EBADF;
    const writes = command.kind === "update" || command.kind === "delete" || command.kind === "lookup_and_delete";
    const flags = maps.word(id, map.flags);
    if (writes && (flags & create.BPF_F_RDONLY || this.#properties.isFrozen(id))) return -errno.EPERM;
    if (command.kind !== "update" && command.kind !== "delete" && flags & create.BPF_F_WRONLY) return -errno.EPERM;
    const { memory } = maps;
    const value = this.#scratch + round8(maps.word(id, map.keySize));
    memory.u8.fill(0, this.#scratch, this.#scratch + this.#scratchWords * 4);
    if (command.key !== undefined) memory.u8.set(command.key, this.#scratch);
    if (writes) this.#place(command.map);
    const i32 = memory.i32;
    i32.fill(0, this.op + w.status, this.op + w.held);
    i32[this.#own + local.stage] = OPERATING;
    this.logical.startRead();
    let status: number;
    switch (command.kind) {
      case "update": {
        this.logical.startWrite();
        const bytes = this.#bytesOf(id, command);
        if (typeof bytes === "number") return bytes;
        memory.u8.set(bytes, value);
        status = maps.update(this.op, id, this.#scratch, value, command.flags);
        break;
      }
      case "delete":
        status = maps.remove(this.op, id, this.#scratch);
        break;
      case "lookup":
        status = maps.lookupInto(this.op, id, this.#scratch, value, command.flags);
        break;
      case "lookup_and_delete":
        status = maps.lookupAndDelete(this.op, id, this.#scratch, value, command.flags);
        break;
      case "next_key":
        status = maps.nextKey(this.op, id, command.key === undefined ? 0 : this.#scratch, value);
    }
    if ("quiet" in command && command.quiet && this.#i32[this.op + w.wait] === WAIT_AT_END) {
      this.#i32[this.op + w.wait] = 0;
    }
    if (status === OP_DONE) this.#finish(command);
    return 0;
  }

  /** Before it first changes elements that belong to CPUs it is on one of those it may be on. */
  #place(name: string): void {
    const { cpus, dealing } = this.plan.placement;
    if (cpus.length < 2 || !dealing.has(name) || this.#i32[this.#own + local.place] !== 0) return;
    this.#i32[this.#own + local.place] = this.plan.choose(cpus.length) + 1;
    this.#takePlace();
  }

  #takePlace(): void {
    const place = Math.max(1, this.#i32[this.#own + local.place]) - 1;
    this.#i32[this.op + w.cpu] = this.plan.placement.cpus[place];
  }

  /** The CPU it is on, where it had a choice and has made it; -1 elsewhere. */
  get chosenCpu(): number {
    const place = this.#i32[this.#own + local.place];
    return place === 0 ? -1 : this.plan.placement.cpus[place - 1];
  }

  #bytesOf(id: number, command: Extract<Command, { kind: "update" }>): Uint8Array | number {
    if ("bytes" in command.value) {
      const size = this.#users.valueBytes(id);
      const { bytes } = command.value;
      if (bytes.length === size) return bytes;
      // Of a per-CPU map the value for one CPU goes to all.
      const all = new Uint8Array(size);
      for (let at = 0; at < size; at += this.#maps.word(id, map.slot)) all.set(bytes, at);
      return all;
    }
    const inner = this.#id(command.value.map);
    if (!this.#properties.isCreated(inner)) return -errno.EBADF;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, inner, true);
    return bytes;
  }

  #operate(command: Command): boolean {
    const status = this.#maps.step(this.op);
    if (status === OP_DONE) this.#finish(command);
    return status <= OP_DONE;
  }

  #finish(command: Command): void {
    this.#store(command, this.#i32[this.op + w.lo]);
    this.#ready();
  }

  /** Keeps what a command gave: a value, or the error number as a negative one. */
  #store(command: Command, error: number): void {
    const name = "as" in command ? command.as : undefined;
    const variable = name === undefined ? undefined : this.variables.get(name);
    if (variable === undefined || !("map" in command)) return;
    const i32 = this.#i32;
    const at = this.#own + variable.at;
    i32.fill(0, at, at + variable.words + 1);
    if (error < 0) {
      i32[at] = ENOTHING;
      i32[at + 1] = error;
      i32[at + 2] = -1;
      return;
    }
    i32[at] = 1;
    const gives = command.kind === "lookup" || command.kind === "lookup_and_delete" || command.kind === "next_key";
    if (!gives) return;
    const from = this.#scratch + round8(this.#maps.word(this.#id(command.map), map.keySize));
    this.#machine.memory.u8.copyWithin((at + 1) * 4, from, from + this.#resultBytes(command));
  }

  #ready(): void {
    const i32 = this.#i32;
    i32[this.#own + local.pc]++;
    i32[this.#own + local.stage] = READY;
    i32[this.#own + local.record] = 0;
    this.logical.startRead();
  }

  encode(into: Words): void {
    const i32 = this.#i32;
    into.pushAll(i32, this.#own, this.#words);
    for (const at of this.readerWords) into.push(i32[at] === 0 ? 0 : 1);
    if (this.#stage !== OPERATING) return;
    i32[this.op + w.status] = 0;
    into.pushAll(i32, this.op, w.held + 1);
    into.pushAll(i32, this.#scratch >> 2, this.#scratchWords);
  }

  decode(words: Int32Array, start: number): void {
    const i32 = this.#i32;
    let from = start;
    for (let i = 0; i < this.#words; i++) i32[this.#own + i] = words[from++];
    this.#takePlace();
    for (const at of this.readerWords) i32[at] = words[from++];
    if (this.#stage !== OPERATING) {
      // What another state was in the middle of is over here.
      i32[this.op + w.pc] = 0;
      i32.fill(0, this.op + w.status, this.op + w.held + 1);
      return;
    }
    for (let i = 0; i <= w.held; i++) i32[this.op + i] = words[from++];
    for (let i = 0; i < this.#scratchWords; i++) i32[(this.#scratch >> 2) + i] = words[from++];
  }
}
