// A program on its CPU as a thread: its runs, one instruction or step of a map operation at a time, and what the next of
// them touches.
import { op as w } from "../maps/layout.ts";
import type { Maps } from "../maps/maps.ts";
import { kind, region } from "../memory/layout.ts";
import { TRACE } from "../rcu/domain.ts";
import { operationOf } from "../vm/busy.ts";
import { operation, REG_WORDS } from "../vm/code.ts";
import { forgetStack } from "../vm/frames.ts";
import { interpret } from "../vm/interpret.ts";
import type { Machine } from "../vm/machine.ts";
import { BLOCKED, type Cpu, EXITED, RUNNING, sections, state, word } from "../vm/registers.ts";
import { accessAt, baseAt } from "./access-at.ts";
import { type Actor, DONE, type Next, PRIVATE, type Touch, Unwalkable, VISIBLE, type Words } from "./actor.ts";
import {
  decodeCpu,
  decodeIdle,
  decodeInputs,
  encodeCpu,
  encodeInputs,
  type Input,
  inputsOf,
  programOf,
} from "./cpu-words.ts";
import { LOGICAL_WORDS, Logical } from "./logical.ts";
import { type Cut, type Piece, Pieces, piecesOf } from "./pieces.ts";
import { placeOf } from "./program-place.ts";
import type { RcuMode } from "./scenario.ts";
import type { StoreBuffer } from "./store-buffer.ts";

/** Words of a thread that are not the CPU's. */
const local = { phase: 0, runs: 1, lo: 2, hi: 3, logical: 4, pieces: 4 + LOGICAL_WORDS, count: 12 } as const;
const BETWEEN = 0;
const INSIDE = 1;

const none: readonly Piece[] = [];

/** Private instructions in a row that no program of this size needs: an endless loop. */
const MOST_PRIVATE = 1 << 20;

const helper = { lookup: 1, update: 2, remove: 3, now: 5, cpu: 8, lookupPercpu: 195, lock: 93 } as const;
/** Calls that touch nothing shared when they begin: operations that are then made in steps, and questions. */
const quiet: ReadonlySet<number> = new Set([
  helper.lookup,
  helper.update,
  helper.remove,
  helper.lookupPercpu,
  helper.now,
  helper.cpu,
]);
export interface ProgramPlan {
  readonly name: string;
  readonly cpu: Cpu;
  /** Its number among the machine's programs. */
  readonly program: number;
  readonly times: number;
  readonly rcu: RcuMode;
  /** A userspace thread is on the same CPU: its locked sections hold this one up. */
  readonly shares: boolean;
  /** Maps may be freed while programs run: then the start of every call looks at shared words. */
  readonly freeing: boolean;
  /** Where accesses that are not aligned are cut. */
  readonly cut: Cut;
  /** Where the CPU's stores wait; absent: they reach memory at once. */
  readonly buffer?: StoreBuffer;
}

export class ProgramThread implements Actor {
  readonly name: string;
  readonly cpu: Cpu;
  readonly plan: ProgramPlan;
  readonly #machine: Machine;
  readonly #maps: Maps;
  /** Index in `i32` of its own words. */
  readonly #own: number;
  /** Its context and packet, which runs hand on to each other. */
  readonly #inputs: readonly Input[];
  /** Slots that some run executed. */
  readonly covered: Uint8Array;
  /** The instructions that some run made in pieces, by program and slot. */
  readonly split = new Set<number>();
  readonly logical: Logical;
  readonly #pieces: Pieces;

  constructor(machine: Machine, plan: ProgramPlan) {
    this.name = plan.name;
    this.cpu = plan.cpu;
    this.plan = plan;
    this.#machine = machine;
    this.#maps = machine.mapSet;
    this.#own = machine.memory.reserve(local.count * 4) >> 2;
    this.logical = new Logical(machine.memory, this.#own + local.logical);
    this.#pieces = new Pieces(machine.memory, this.#own + local.pieces);
    this.#inputs = inputsOf(plan.cpu);
    this.covered = new Uint8Array(machine.loaded(plan.program).code.slots + 1);
    plan.cpu.stepwise = true;
  }

  get #i32(): Int32Array {
    return this.#machine.memory.i32;
  }

  /** Byte ranges of memory, besides the CPU's, that are this thread's alone: address and length. */
  get own(): readonly (readonly [number, number])[] {
    return [
      [this.#own << 2, local.count * 4],
      ...this.#inputs.map(({ at, start }) => [at << 2, start.length * 4] as const),
    ];
  }

  get inside(): boolean {
    return this.#i32[this.#own + local.phase] === INSIDE;
  }

  /** The value that its last run returned. */
  get result(): bigint {
    const i32 = this.#i32;
    return (BigInt(i32[this.#own + local.hi] >>> 0) << 32n) | BigInt(i32[this.#own + local.lo] >>> 0);
  }

  /** Runs begun. */
  get runs(): number {
    return this.#i32[this.#own + local.runs];
  }

  get pc(): number {
    return this.cpu.R[state.pc] / REG_WORDS;
  }

  /** The map operation in the middle of which it is; 0 if none. */
  get operation(): number {
    return this.inside && this.cpu.R[state.busy] !== 0 ? operationOf(this.cpu) : 0;
  }

  next(): Next {
    this.cpu.refresh();
    if (!this.inside) {
      if (this.runs >= this.plan.times) return DONE;
      return this.plan.rcu === "explicit" ? PRIVATE : VISIBLE;
    }
    const { R } = this.cpu;
    if (R[state.status] > BLOCKED) return DONE;
    if (R[state.busy] !== 0) {
      if (this.plan.shares) return VISIBLE;
      return this.#maps.footprint(operationOf(this.cpu)).length > 0 ? VISIBLE : PRIVATE;
    }
    return this.#instruction();
  }

  #instruction(): Next {
    const { R, code } = this.cpu;
    const at = R[state.pc];
    const op = code.words[at];
    if (op >= operation.load && op <= operation.storeRelease) return this.#reach(op, at);
    switch (op) {
      case operation.exit:
        return R[state.frame] === 0 && this.plan.rcu !== "explicit" ? VISIBLE : PRIVATE;
      case operation.callHelper: {
        const id = code.words[at + 4];
        return quiet.has(id) && !this.plan.freeing ? PRIVATE : VISIBLE;
      }
      case operation.callKfunc: {
        const name = code.program.kfuncs[code.words[at + 4]];
        const section = name === "bpf_rcu_read_lock" || name === "bpf_rcu_read_unlock";
        return section && this.plan.rcu === "implicit" ? PRIVATE : VISIBLE;
      }
      case operation.callx:
        return VISIBLE;
      default:
        return PRIVATE;
    }
  }

  /** Whether a load or store reaches what others reach. */
  #reach(op: number, at: number): Next {
    const { R, memory } = this.cpu;
    const tag = R[baseAt(this.cpu, at) + word.region];
    if (tag <= 0) return VISIBLE;
    const id = tag & 0xffff;
    const what = memory.regionWord(id, region.kind);
    // Which piece is next is the thread's own business.
    if (this.#inPieces(op, at).length > 0 && this.#pieces.next < 0) return PRIVATE;
    if (what === kind.ctx || what === kind.packet || what === kind.scratch) return PRIVATE;
    if (what !== kind.stack) return VISIBLE;
    if (memory.regionWord(id, region.owner) >> 3 !== this.cpu.index) {
      // Its words are not where the explorer keeps them apart.
      throw new Unwalkable(`${this.name} uses the stack of another program`);
    }
    return PRIVATE;
  }

  /** The pieces that an access of a program to a map's value is made in; none where it is made at once. */
  #inPieces(op: number, at: number): readonly Piece[] {
    const { R, memory } = this.cpu;
    if (op >= operation.atomic) return none;
    const tag = R[baseAt(this.cpu, at) + word.region];
    if (tag <= 0 || memory.regionWord(tag & 0xffff, region.kind) !== kind.mapValues) return none;
    const { address, size } = accessAt(this.cpu, at);
    return memory.fits(tag & 0xffff, address, size) ? piecesOf(address, size, this.plan.cut) : none;
  }

  /** Whether the next step makes a piece of an access. */
  get makesPiece(): boolean {
    return this.#pieces.next >= 0;
  }

  touches(): readonly Touch[] {
    const { buffer } = this.plan;
    return buffer === undefined ? this.#touched() : [...this.#touched(), buffer.watched];
  }

  #touched(): readonly Touch[] {
    this.cpu.refresh();
    if (!this.inside) return [{ kind: "rcu", address: 0, size: 0 }];
    const { R, code } = this.cpu;
    if (R[state.busy] !== 0) {
      const found = this.#maps.footprint(operationOf(this.cpu));
      return found.length > 0 ? found : [{ kind: "unknown", address: 0, size: 0 }];
    }
    const at = R[state.pc];
    const op = code.words[at];
    if (op >= operation.load && op <= operation.storeRelease) {
      const access = accessAt(this.cpu, at);
      return [{ ...access, ...this.#inPieces(op, at)[this.#pieces.next] }];
    }
    if (op === operation.exit) return [{ kind: "rcu", address: 0, size: 0 }];
    if (op === operation.callKfunc) {
      const name = code.program.kfuncs[code.words[at + 4]];
      if (name === "bpf_rcu_read_lock" || name === "bpf_rcu_read_unlock") return [{ kind: "rcu", address: 0, size: 0 }];
    }
    if (op === operation.callHelper && (code.words[at + 4] === helper.lock || code.words[at + 4] === helper.lock + 1)) {
      return [{ kind: "lock", address: R[REG_WORDS], size: 4 }];
    }
    return [{ kind: "unknown", address: 0, size: 0 }];
  }

  step(): boolean {
    const { cpu } = this;
    cpu.refresh();
    if (!this.inside) {
      this.#begin();
      return true;
    }
    const { R } = cpu;
    if (R[state.busy] === 0) {
      const at = R[state.pc];
      this.covered[at / REG_WORDS] = 1;
      const op = cpu.code.words[at];
      if (op === operation.callHelper || op === operation.callKfunc || op === operation.exit) this.#forgetOperation();
      if (op === operation.callHelper) this.#startWrite(cpu.code.words[at + 4]);
    }
    const { buffer } = this.plan;
    const pieces = R[state.busy] === 0 ? this.#piecesOfNext() : none;
    if (pieces.length > 0) return this.#piece(pieces);
    return buffer === undefined || this.next() === PRIVATE ? this.#interpret() : this.#buffered(buffer);
  }

  #piecesOfNext(): readonly Piece[] {
    const { R, code } = this.cpu;
    const op = code.words[R[state.pc]];
    return op >= operation.load && op < operation.atomic ? this.#inPieces(op, R[state.pc]) : none;
  }

  /** Picks a piece of an access, or makes the one that is picked; the last makes the instruction. */
  #piece(pieces: readonly Piece[]): boolean {
    const { R, code } = this.cpu;
    const { buffer } = this.plan;
    const at = R[state.pc];
    if (this.#pieces.next < 0) {
      this.split.add(placeOf(this.cpu));
      this.#pieces.pick(pieces.length, (n) => (this.#maps.profile.copyOrder === "free" ? this.#maps.choose(n) : 0));
      return true;
    }
    if (code.words[at] < operation.storeImm) {
      const { address } = accessAt(this.cpu, at);
      const run = (): boolean => this.#pieces.load(address, pieces, () => this.#interpret());
      return buffer === undefined ? run() : buffer.load(run);
    }
    const isLast = this.#pieces.isLast;
    const { address, size } = pieces[this.#pieces.next];
    const run = (): boolean => this.#pieces.store(pieces, () => (isLast ? this.#interpret() : this.#rehearse()));
    if (buffer === undefined) return run();
    return !buffer.isFull && buffer.store(address, size, run);
  }

  /** Makes the next instruction and leaves the CPU as if it had not. */
  #rehearse(): boolean {
    const { R } = this.cpu;
    const before = R.slice();
    const ran = this.#interpret();
    R.set(before);
    this.cpu.warnings.length = 0;
    return ran;
  }

  #interpret(): boolean {
    const { cpu } = this;
    const { R } = cpu;
    R[state.count] = 0;
    R[state.limit] = MOST_PRIVATE;
    const status = interpret(cpu, 1);
    if (status === BLOCKED) {
      cpu.R[state.status] = RUNNING;
      return false;
    }
    if (status === EXITED) this.#end();
    return true;
  }

  /**
   * A step that others notice, on a CPU whose stores wait. What only reads goes ahead of them; atomic operations, locks,
   * writing map operations and the ends of sections, whose readers are waited for with all that they did, come after.
   */
  #buffered(buffer: StoreBuffer): boolean {
    const { R, code } = this.cpu;
    if (R[state.busy] !== 0) {
      const reads = this.#maps.footprint(operationOf(this.cpu)).every((touch) => touch.kind === "read");
      return (reads || buffer.length === 0) && this.#interpret();
    }
    const at = R[state.pc];
    const op = code.words[at];
    const isLoad = (op >= operation.load && op < operation.storeImm) || op === operation.loadAcquire;
    const isStore = (op >= operation.storeImm && op < operation.atomic) || op === operation.storeRelease;
    if (isLoad) return buffer.load(() => this.#interpret());
    if (!isStore) return buffer.length === 0 && this.#interpret();
    if (buffer.isFull) return false;
    const { address, size } = accessAt(this.cpu, at);
    const ran = buffer.store(address, size, () => this.#interpret() && this.cpu.fault === null);
    // A fault is told of, whatever came of the store.
    return ran || this.cpu.fault !== null;
  }

  /** What was left of finished operations is no part of the next. */
  #forgetOperation(): void {
    const { R, I, operations } = this.cpu;
    const op = operations[R[state.frame]];
    I.fill(0, op + w.status, op + w.held);
  }

  /** An update, or a section under a lock, is one logical write and the beginning of a logical read. */
  #startWrite(id: number): void {
    if (id !== helper.update && id !== helper.lock) return;
    this.logical.startWrite();
  }

  #begin(): void {
    const { cpu, plan } = this;
    const machine = this.#machine;
    const i32 = this.#i32;
    i32[this.#own + local.phase] = INSIDE;
    i32[this.#own + local.runs]++;
    this.logical.startWrite();
    // Every run begins alike, whatever state the CPU was in before it was put into this one.
    forgetStack(cpu);
    machine.restart(plan.program, cpu, plan.rcu === "implicit" ? sections.run : sections.unchecked);
    if (plan.rcu === "implicit") cpu.R[state.section] = machine.world.sectionOpened(cpu);
    if (plan.rcu === "sleepable") machine.rcu.lock(cpu.index, TRACE);
  }

  #end(): void {
    const { cpu } = this;
    const i32 = this.#i32;
    i32[this.#own + local.phase] = BETWEEN;
    i32[this.#own + local.lo] = cpu.R[state.resultLo];
    i32[this.#own + local.hi] = cpu.R[state.resultHi];
    if (this.plan.rcu === "sleepable") this.#machine.rcu.unlock(cpu.index, TRACE);
  }

  encode(into: Words): void {
    const { cpu } = this;
    cpu.refresh();
    into.pushAll(this.#i32, this.#own, local.count);
    encodeInputs(cpu, this.#inputs, into);
    if (this.inside) encodeCpu(cpu, into);
  }

  decode(words: Int32Array, start: number): void {
    const { cpu } = this;
    const i32 = this.#i32;
    for (let i = 0; i < local.count; i++) i32[this.#own + i] = words[start + i];
    cpu.refresh();
    const from = decodeInputs(cpu, this.#inputs, words, start + local.count);
    if (this.inside) {
      const program = cpu.R[state.program];
      const wanted = programOf(words, from);
      if (wanted !== program || cpu.code !== this.#machine.loaded(wanted).code) {
        this.#machine.world.switchProgram(cpu, wanted);
      }
      decodeCpu(cpu, words, from);
    } else decodeIdle(cpu);
  }
}
