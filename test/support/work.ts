// Random programs at work: numbers in registers, on the stack, in maps and packets; arithmetic of every form, atomics,
// functions, callbacks, tail calls, loops with one and with two ways in. Nearly all of them are right, and no result is a
// pointer, a time or a random number, so that engines, and the kernel, must agree on all that is left behind. One file,
// though long, because the table of what may come next and the record of what registers hold belong together.
import { aluOps } from "../../src/isa/alu.ts";
import { type AtomicRow, atomic, atomicOps } from "../../src/isa/atomic.ts";
import type { AccessSize, Insn, Operand, Width } from "../../src/isa/insn.ts";
import { jumpOps } from "../../src/isa/jump.ts";
import { type FunctionSymbol, type MapDef, makeProgram, type Program } from "../../src/isa/program.ts";
import { Builder, imm, reg } from "./build.ts";
import { Dice } from "./dice.ts";

export const workTypes = ["socket_filter", "sched_cls", "xdp"] as const;
export type WorkType = (typeof workTypes)[number];

const simple = (name: string, type: MapDef["type"], valueSize: number, maxEntries: number): MapDef => ({
  name,
  type,
  keySize: type === "queue" || type === "stack" ? 0 : 4,
  valueSize,
  maxEntries,
  flags: 0,
});
const inner = simple("inner", "array", 16, 4);
/** Every program has these, in this order: `state` is what r7 points to. */
const state = simple("state", "array", 64, 1);
const keyed = {
  array: simple("array", "array", 16, 8),
  hash: simple("hash", "hash", 16, 32),
  percpu_array: simple("percpu_array", "percpu_array", 16, 8),
  percpu_hash: simple("percpu_hash", "percpu_hash", 16, 32),
  lru_hash: simple("lru_hash", "lru_hash", 16, 64),
  lru_percpu_hash: simple("lru_percpu_hash", "lru_percpu_hash", 16, 64),
} as const;
const locked: MapDef = { ...simple("locked", "array", 16, 2), fields: [{ kind: "spin_lock", offset: 0 }] };
const jumps: MapDef = {
  ...simple("jumps", "prog_array", 4, 2),
  entries: [{ key: new Uint8Array(4), value: { func: "main" } }],
};
const outers = (["array_of_maps", "hash_of_maps"] as const).map(
  (type): MapDef => ({
    ...simple(type, type, 4, 2),
    inner,
    entries: [{ key: new Uint8Array(4), value: { map: "inner" } }],
  }),
);
const ring: MapDef = { name: "ring", type: "ringbuf", keySize: 0, valueSize: 0, maxEntries: 4096, flags: 0 };
const queues = [simple("queue", "queue", 8, 4), simple("stack", "stack", 8, 4)] as const;

export const helper = {
  lookup: 1,
  update: 2,
  delete: 3,
  cpu: 8,
  tailCall: 12,
  skbLoadBytes: 26,
  csumDiff: 28,
  push: 87,
  pop: 88,
  peek: 89,
  spinLock: 93,
  spinUnlock: 94,
  ringOutput: 130,
  ringReserve: 131,
  ringSubmit: 132,
  ringDiscard: 133,
  forEach: 164,
  loop: 181,
  strncmp: 182,
} as const;

const CTX = 6;
const STATE = 7;
const sizes = [1, 2, 4, 8] as const;
const widths = [32, 64] as const;
const interesting = [0, 1, -1, 2, 3, 7, 8, 16, 31, 32, 63, 64, 127, 255, 0xffff, 0x7fffffff, -0x80000000, -2, -300];
/** Eight slots of numbers below r10, then buffers of a key, a value and whatever a call wants. */
const NUMBERS = 8;
const KEY = -72;
const VALUE = -88;

export interface WorkOptions {
  /** Arithmetic, jumps and the stack only: what a reference of a few lines can follow too. */
  readonly pure?: boolean;
}

class Worker extends Dice {
  readonly type: WorkType;
  readonly pure: boolean;
  readonly b = new Builder();
  readonly maps: MapDef[] = [state];
  /** Registers that hold numbers. */
  numbers = new Set<number>();
  readonly functions: { readonly label: number; readonly name: string; readonly write: () => void }[] = [];
  readonly names: FunctionSymbol[] = [];
  readonly out: number;
  /** Nesting of functions, loops and skipped stretches, which bounds what a program can take. */
  depth = 0;
  isMain = true;

  constructor(random: () => number, { pure = false }: WorkOptions) {
    super(random);
    this.pure = pure;
    this.type = this.pick(workTypes);
    this.out = this.b.label();
  }

  constant(): number {
    return this.chance(0.6) ? this.pick(interesting) : (this.below(2 ** 32) | 0) >> this.below(32);
  }

  program(): Program {
    const { b } = this;
    b.mov(CTX, reg(1));
    if (!this.pure) b.map(STATE, 0, "mapValue");
    this.zeroStack();
    for (const r of [8, 9, 0]) this.wide(r);
    const length = 3 + this.below(14);
    for (let at = 0; at < length; at++) this.step();
    if (this.chance(0.9)) this.leave();
    b.place(this.out);
    this.end();
    b.exit();
    // A function may ask for others.
    for (let at = 0; at < this.functions.length; at++) {
      const { label, name, write } = this.functions[at];
      b.place(label);
      this.names.push({ name, pc: b.here, global: false });
      write();
    }
    const { type, maps } = this;
    const functions = [{ name: "main", pc: 0, global: false }, ...this.names];
    return makeProgram({ insns: b.insns(), maps: this.pure ? [] : maps, functions, type, rcu: "implicit" });
  }

  /** Puts what the registers hold where it will be seen. */
  private leave(): void {
    if (this.pure) return;
    for (const [at, r] of [...this.numbers].entries()) {
      if (at < 4) this.b.store(8, STATE, 16 + 8 * at, reg(r));
    }
  }

  /** Everything on the stack and in registers that every way has set, into r0. */
  private end(): void {
    const { b } = this;
    b.mov(0, reg(8));
    b.alu("xor", 64, 0, reg(9));
    for (let slot = 0; slot < NUMBERS; slot++) {
      b.load(8, 1, 10, -8 * (slot + 1));
      b.alu("mul", 64, 0, imm(31));
      b.alu("add", 64, 0, reg(1));
    }
  }

  private zeroStack(): void {
    for (let slot = 0; slot < NUMBERS; slot++) {
      this.b.store(8, 10, -8 * (slot + 1), imm(this.chance(0.5) ? 0 : this.constant()));
    }
    if (this.pure) return;
    this.b.store(8, 10, KEY, imm(0));
    this.b.store(8, 10, VALUE, imm(this.constant()));
    this.b.store(8, 10, VALUE + 8, imm(this.constant()));
  }

  private wide(r: number): void {
    const low = this.chance(0.5) ? this.constant() : this.below(2 ** 32) | 0;
    this.b.add({ kind: "imm64", what: "value", dst: r, low, high: this.chance(0.3) ? 0 : this.below(2 ** 32) | 0 });
    this.numbers.add(r);
  }

  private target(): number {
    const r = this.pick([0, 1, 2, 3, 4, 5, 8, 9]);
    this.numbers.add(r);
    return r;
  }
  private number(): number {
    return this.pick([...this.numbers]);
  }
  private operand(): Operand {
    return this.chance(0.5) ? imm(this.constant()) : reg(this.number());
  }
  /** A call leaves a number in r0 and nothing in r1 to r5. */
  private called(id: number): void {
    this.b.helper(id);
    for (let r = 1; r <= 5; r++) this.numbers.delete(r);
    this.numbers.add(0);
  }

  private step(): void {
    const memory = this.pure ? 0 : 1;
    const main = this.isMain ? memory : 0;
    const nested = this.depth < 2 ? 1 : 0;
    const rows: readonly (readonly [number, () => void])[] = [
      [22, () => this.arithmetic()],
      [9, () => this.unary()],
      [4, () => this.wide(this.pick([0, 2, 4, 8, 9]))],
      [12, () => this.stack()],
      [8 * memory, () => this.value()],
      [10, () => this.atomic()],
      [5 * memory, () => this.ordered()],
      [9, () => this.jump()],
      [8 * memory, () => this.lookup()],
      [6 * memory, () => this.change()],
      [3 * memory, () => this.queue()],
      [2 * memory, () => this.innerLookup()],
      [2 * memory, () => this.record()],
      [2 * memory, () => this.lock()],
      [3 * memory, () => this.sum()],
      [5 * main, () => this.packet()],
      [3 * main, () => this.context()],
      [4 * nested, () => this.loop()],
      [2 * nested, () => this.twoWaysIn()],
      [2 * nested, () => this.mayGoto()],
      [5 * memory * nested, () => this.call()],
      [3 * main * nested, () => this.callback()],
      [3 * memory, () => this.tailCall()],
    ];
    let roll = this.random() * rows.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, run] of rows) {
      roll -= weight;
      if (roll < 0) {
        run();
        return;
      }
    }
  }

  private arithmetic(): void {
    const width: Width = this.pick(widths);
    const op = this.pick(aluOps);
    let src = this.operand();
    if (src.kind === "imm") {
      if (op === "lsh" || op === "rsh" || op === "arsh") src = imm(this.below(width));
      else if (/^s?(div|mod)$/.test(op) && src.value === 0) src = imm(this.pick([3, -1, 7]));
    }
    const dst = this.number();
    this.b.alu(op, width, dst, src);
  }

  private unary(): void {
    const width: Width = this.pick(widths);
    const from = this.number();
    const roll = this.random();
    if (roll < 0.25) this.b.add({ kind: "neg", width, dst: from });
    else if (roll < 0.55) {
      const op = this.pick(["le", "be", "bswap"] as const);
      this.b.add({ kind: "swap", op, size: this.pick([16, 32, 64] as const), dst: from });
    } else if (roll < 0.85) {
      const bits = this.pick(width === 64 ? ([8, 16, 32] as const) : ([8, 16] as const));
      this.b.add({ kind: "movsx", width, from: bits, dst: this.target(), src: from });
    } else this.b.alu("mov", width, this.target(), reg(from));
  }

  private stack(): void {
    const size = this.pick(sizes);
    const off = -8 * NUMBERS + size * this.below((8 * NUMBERS) / size);
    this.access(size, 10, off);
  }

  private access(size: AccessSize, base: number, off: number): void {
    const roll = this.random();
    if (roll < 0.45) this.b.store(size, base, off, this.operand());
    else this.b.load(size, this.target(), base, off, roll < 0.7);
  }

  /** The state map's value, at an offset that is known or bounded; its first 16 bytes are other operations'. */
  private value(): void {
    const { b } = this;
    const size = this.pick(sizes);
    if (this.chance(0.7)) {
      this.access(size, STATE, 16 + size * this.below(48 / size));
      return;
    }
    const index = this.number();
    const base = this.pick([1, 2, 3].filter((r) => r !== index));
    b.mov(base, reg(index));
    b.alu("and", this.pick(widths), base, imm(24));
    b.alu("add", 64, base, reg(STATE));
    this.numbers.delete(base);
    this.access(size, base, 16 + this.below(9));
  }

  private atomic(): void {
    const { b } = this;
    const op = this.pick(atomicOps);
    const row: AtomicRow = atomic[op];
    const size = this.pick([4, 8] as const);
    const onStack = this.pure || this.chance(0.5);
    const off = onStack ? -8 * NUMBERS + size * this.below((8 * NUMBERS) / size) : 16 + size * this.below(48 / size);
    const src = this.number();
    // r0 is what cmpxchg compares with: now and then what is there.
    if (op === "cmpxchg") {
      if (this.chance(0.5)) b.load(size, 0, onStack ? 10 : STATE, off);
      else b.mov(0, imm(this.constant()));
      this.numbers.add(0);
    }
    const fetch = row.fetch === "always" || this.chance(0.5);
    b.add({ kind: "atomic", op, fetch, size, base: onStack ? 10 : STATE, off, src });
  }

  private ordered(): void {
    const size = this.pick(sizes);
    const [base, off] = this.chance(0.5)
      ? [10, -8 * NUMBERS + size * this.below((8 * NUMBERS) / size)]
      : [STATE, 16 + size * this.below(48 / size)];
    if (this.chance(0.5)) this.b.add({ kind: "loadAcquire", size, dst: this.target(), base, off });
    else this.b.add({ kind: "storeRelease", size, base, off, src: this.number() });
  }

  /** Runs `write` in a stretch that some ways go past: what it sets is not set behind it. */
  private maybe(write: () => void): void {
    const before = new Set(this.numbers);
    this.depth++;
    write();
    this.depth--;
    this.numbers = new Set([...before].filter((r) => this.numbers.has(r)));
  }

  private jump(): void {
    const { b } = this;
    const past = b.label();
    const op = this.pick(jumpOps);
    if (this.isMain && this.chance(0.1) && this.numbers.has(8) && this.numbers.has(9)) {
      b.jump(op, this.pick(widths), this.number(), this.operand(), this.out);
      return;
    }
    b.jump(op, this.pick(widths), this.number(), this.operand(), past);
    const both = this.chance(0.3);
    const end = b.label();
    this.maybe(() => {
      for (let at = this.below(3); at >= 0; at--) this.step();
    });
    if (both) this.goTo(end);
    b.place(past);
    if (both) this.maybe(() => this.step());
    b.place(end);
  }

  private goTo(label: number): void {
    if (this.chance(0.5)) this.b.goto(label);
    else this.b.gotoLong(label);
  }

  /** 0 to 15, or what `most` says, as a key on the stack. */
  private key(most = 15): void {
    const from = this.number();
    const { b } = this;
    const spare = from === 2 ? 3 : 2;
    b.mov(spare, reg(from));
    b.alu("and", 64, spare, imm(most));
    b.store(4, 10, KEY, reg(spare));
    this.numbers.delete(spare);
  }

  private mapOf(def: MapDef): number {
    const at = this.maps.findIndex(({ name }) => name === def.name);
    return at >= 0 ? at : this.maps.push(def) - 1;
  }

  private point(r: number, off: number): void {
    this.b.mov(r, reg(10));
    this.b.alu("add", 64, r, imm(off));
  }

  private findIn(def: MapDef, then: () => void, most = 15): void {
    const { b } = this;
    if (this.numbers.size > 0) this.key(most);
    b.map(1, this.mapOf(def));
    this.point(2, KEY);
    this.called(helper.lookup);
    this.whenFound(then);
  }

  /** r0 is an address or null; `then` is for the address, and r0 is a number afterwards. */
  private whenFound(then: () => void): void {
    const { b } = this;
    this.numbers.delete(0);
    const none = b.label();
    b.jump("jeq", 64, 0, imm(0), none);
    this.maybe(then);
    b.place(none);
    b.mov(0, imm(this.constant()));
    this.numbers.add(0);
  }

  private lookup(): void {
    const def = this.pick(Object.values(keyed));
    this.findIn(def, () => {
      // Only r8 and r9 are sure to be numbers here.
      const size = this.pick(sizes);
      this.b.load(size, 1, 0, size * this.below(16 / size), this.chance(0.4));
      this.numbers.add(1);
      if (this.chance(0.6)) this.b.store(size, 0, size * this.below(16 / size), this.operand());
      if (this.chance(0.4)) {
        const op = this.pick(["add", "and", "or", "xor", "xchg"] as const);
        const wide = this.chance(0.5) ? 8 : 4;
        const fetch = op === "xchg" || this.chance(0.5);
        this.b.add({ kind: "atomic", op, fetch, size: wide, base: 0, off: 8, src: 1 });
      }
      if (this.chance(0.7)) this.b.store(8, 10, -8 * (1 + this.below(NUMBERS)), reg(1));
    });
  }

  private change(): void {
    const { b } = this;
    const def = this.pick(Object.values(keyed));
    b.store(8, 10, VALUE, this.operand());
    this.key();
    b.map(1, this.mapOf(def));
    this.point(2, KEY);
    if (this.chance(0.7)) {
      this.point(3, VALUE);
      b.mov(4, imm(this.pick([0, 0, 0, 1, 2])));
      this.called(helper.update);
    } else this.called(helper.delete);
  }

  private queue(): void {
    const { b } = this;
    const def = this.pick(queues);
    b.store(8, 10, VALUE, this.operand());
    b.map(1, this.mapOf(def));
    this.point(2, VALUE);
    const id = this.pick([helper.push, helper.push, helper.pop, helper.peek]);
    if (id === helper.push) b.mov(3, imm(this.pick([0, 0, 2])));
    this.called(id);
    b.load(8, 8, 10, VALUE);
  }

  private innerLookup(): void {
    this.mapOf(inner);
    this.findIn(
      this.pick(outers),
      () => {
        const { b } = this;
        b.mov(1, reg(0));
        b.store(4, 10, KEY, imm(this.below(5)));
        this.point(2, KEY);
        b.helper(helper.lookup);
        this.numbers.delete(1);
        this.whenFound(() => {
          b.load(8, 1, 0, 8);
          b.alu("add", 64, 1, reg(8));
          b.store(8, 0, 8, reg(1));
        });
      },
      1,
    );
  }

  /** A record of a ring buffer: copied in one go, or reserved, written and sent or thrown away. */
  private record(): void {
    const { b } = this;
    b.map(1, this.mapOf(ring));
    if (this.chance(0.4)) {
      this.point(2, VALUE);
      b.mov(3, imm(this.pick([1, 8, 16])));
      b.mov(4, imm(0));
      this.called(helper.ringOutput);
      return;
    }
    b.mov(2, imm(16));
    b.mov(3, imm(0));
    this.called(helper.ringReserve);
    this.whenFound(() => {
      b.store(8, 0, 0, imm(this.constant()));
      b.store(8, 0, 8, reg(9));
      b.mov(1, reg(0));
      b.mov(2, imm(this.pick([0, 1])));
      b.helper(this.pick([helper.ringSubmit, helper.ringDiscard]));
    });
  }

  private lock(): void {
    const { b } = this;
    if (!this.isMain || this.type === "socket_filter") return;
    const saved = -96;
    this.findIn(
      locked,
      () => {
        b.store(8, 10, saved, reg(0));
        b.mov(1, reg(0));
        b.helper(helper.spinLock);
        b.load(8, 1, 10, saved);
        b.load(8, 2, 1, 8);
        b.alu("add", 64, 2, reg(9));
        b.store(8, 1, 8, reg(2));
        b.helper(helper.spinUnlock);
        for (const r of [1, 2]) this.numbers.delete(r);
      },
      1,
    );
  }

  /** Helpers that read bytes of the stack: a checksum of 8 of them, or a comparison of texts. */
  private sum(): void {
    const { b } = this;
    if (this.type === "sched_cls") {
      b.mov(1, imm(0));
      b.mov(2, imm(0));
      this.point(3, -64);
      b.mov(4, imm(8 * (1 + this.below(4))));
      b.mov(5, imm(this.below(1000)));
      this.called(helper.csumDiff);
    } else if (this.type === "socket_filter") {
      if (!this.isMain) return;
      b.mov(1, reg(CTX));
      b.mov(2, imm(this.below(70)));
      this.point(3, VALUE);
      b.mov(4, imm(1 + this.below(16)));
      this.called(helper.skbLoadBytes);
    }
  }

  private packet(): void {
    const { b } = this;
    if (this.type !== "xdp" && this.chance(0.5)) {
      // Behind the end of the packet the program is over, and r6 must be the context.
      const src = this.chance(0.5) ? null : this.number();
      if (src !== null) b.alu("and", 64, src, imm(this.pick([15, 63])));
      b.add({ kind: "packet", size: this.pick([1, 2, 4] as const), src, imm: this.below(48) });
      for (let r = 1; r <= 5; r++) this.numbers.delete(r);
      this.numbers.add(0);
      return;
    }
    if (this.type === "socket_filter") return;
    const [data, end] = this.type === "xdp" ? [0, 4] : [76, 80];
    const past = b.label();
    b.load(4, 1, CTX, data);
    b.load(4, 2, CTX, end);
    b.mov(3, reg(1));
    const bytes = 8 + this.below(24);
    b.alu("add", 64, 3, imm(bytes));
    for (let r = 1; r <= 3; r++) this.numbers.delete(r);
    b.jump("jgt", 64, 3, reg(2), past);
    this.maybe(() => {
      const size = this.pick(sizes);
      const off = this.below(bytes - size + 1);
      if (this.chance(0.5)) b.store(size, 1, off, this.operand());
      b.load(size, this.pick([0, 8, 9]), 1, off, this.chance(0.3));
      this.numbers.add(0);
    });
    b.place(past);
  }

  private context(): void {
    const { b } = this;
    if (this.type === "xdp") b.load(4, this.target(), CTX, this.pick([12, 16]));
    else if (this.chance(0.5)) b.load(4, this.target(), CTX, this.pick([0, 8, 48, 52, 64]));
    else b.store(4, CTX, this.pick([48, 52, 56, 60, 64]), reg(this.number()));
  }

  private loop(): void {
    const { b } = this;
    const counter = this.counter();
    const again = b.label();
    // What is in the others when the loop begins need not be there when it goes round.
    for (let r = 0; r <= 5; r++) this.numbers.delete(r);
    b.place(again);
    this.maybe(() => {
      for (let at = this.below(2); at >= 0; at--) this.step();
    });
    this.count(counter, again);
  }

  /** A counter on the stack, which nothing else writes. */
  private counter(): number {
    const slot = -104 - 8 * this.depth;
    this.b.store(8, 10, slot, imm(0));
    return slot;
  }
  private count(slot: number, again: number): void {
    const { b } = this;
    b.load(8, 0, 10, slot);
    b.alu("add", 64, 0, imm(1));
    b.store(8, 10, slot, reg(0));
    b.jump(this.pick(["jlt", "jne", "jslt"] as const), this.pick(widths), 0, imm(2 + this.below(4)), again);
    this.numbers.add(0);
  }

  /** A loop that is entered at its head or in the middle: no nesting of loops and blocks fits it. */
  private twoWaysIn(): void {
    const { b } = this;
    const counter = this.counter();
    const [head, middle] = [b.label(), b.label()];
    b.jump(this.pick(jumpOps), this.pick(widths), this.number(), this.operand(), middle);
    this.numbers.delete(0);
    b.place(head);
    this.maybe(() => this.flat());
    b.place(middle);
    this.maybe(() => this.flat());
    this.count(counter, head);
  }

  /** One or two instructions that need no more than r8 and r9. */
  private flat(): void {
    const both = new Set([8, 9]);
    const before = this.numbers;
    this.numbers = both;
    this.arithmetic();
    if (this.chance(0.5)) this.unary();
    this.numbers = new Set([...before].filter((r) => r >= 8));
  }

  private mayGoto(): void {
    const { b } = this;
    const counter = this.counter();
    const [again, past] = [b.label(), b.label()];
    b.place(again);
    b.mayGoto(past);
    this.maybe(() => this.flat());
    b.load(8, 1, 10, counter);
    b.alu("add", 64, 1, imm(1));
    b.store(8, 10, counter, reg(1));
    b.jump("jlt", 64, 1, imm(3), again);
    b.place(past);
    this.numbers.delete(1);
  }

  /** A function of its own: it has the arguments as numbers and a stack, and returns a number. */
  private define(name: string, args: number, write: () => void): number {
    const { b } = this;
    const label = b.label();
    const depth = this.depth + 1;
    this.functions.push({
      label,
      name: `${name}_${this.functions.length}`,
      write: () => {
        const outside = { numbers: this.numbers, depth: this.depth, isMain: this.isMain };
        this.numbers = new Set(Array.from({ length: args }, (_, n) => n + 1));
        this.depth = depth;
        this.isMain = false;
        write();
        b.exit();
        Object.assign(this, outside);
      },
    });
    return label;
  }

  private call(): void {
    const { b } = this;
    const args = this.below(6);
    const from = [...this.numbers];
    for (let r = 1; r <= args; r++) {
      if (!this.numbers.has(r)) b.mov(r, reg(this.numbers.has(8) ? 8 : (from[0] ?? 9)));
    }
    const length = 1 + this.below(4);
    const label = this.define("f", args, () => {
      if (!this.pure) b.map(STATE, 0, "mapValue");
      this.zeroStack();
      for (const r of [8, 9]) {
        if (args > 0 && this.chance(0.7)) b.mov(r, reg(1 + this.below(args)));
        else this.wide(r);
        this.numbers.add(r);
      }
      for (let at = 0; at < length; at++) this.step();
      b.mov(0, reg(this.number()));
    });
    b.call(label);
    for (let r = 1; r <= 5; r++) this.numbers.delete(r);
    this.numbers.add(0);
  }

  private callback(): void {
    const { b } = this;
    const each = this.chance(0.4);
    const stop = this.chance(0.3);
    // bpf_loop hands over (index, context), for_each (map, key, value, context); the context is a slot of our stack.
    const label = this.define("each", 0, () => {
      const context = each ? 4 : 2;
      b.load(8, 8, context, 0);
      this.numbers.add(8);
      if (each) b.load(8, 9, 3, 8);
      else b.mov(9, reg(1));
      this.numbers.add(9);
      b.alu(this.pick(["add", "xor", "or"] as const), 64, 8, reg(9));
      b.store(8, context, 0, reg(8));
      if (each && this.chance(0.5)) b.store(4, 3, 0, imm(this.constant()));
      b.mov(0, imm(0));
      if (stop) {
        const on = b.label();
        b.jump("jset", 64, 8, imm(4), on);
        b.mov(0, imm(1));
        b.place(on);
      }
    });
    if (each) b.map(1, this.mapOf(keyed.array));
    else b.mov(1, imm(this.pick([0, 1, 3, 9])));
    b.func(2, label);
    this.point(3, -8 * (1 + this.below(NUMBERS)));
    b.mov(4, imm(0));
    this.called(each ? helper.forEach : helper.loop);
  }

  /** Goes on in the same program, from it or from a function of it, or at an empty slot does not. A counter ends it. */
  private tailCall(): void {
    const { b } = this;
    if (!this.isMain) return;
    const past = b.label();
    const filled = this.chance(0.6);
    if (filled) {
      b.load(4, 1, STATE, 0);
      b.jump("jge", 64, 1, imm(1 + this.below(4)), past);
      b.alu("add", 64, 1, imm(1));
      b.store(4, STATE, 0, reg(1));
    }
    this.numbers.delete(1);
    const inFunction = this.chance(0.5);
    if (inFunction) {
      const label = this.define("tail", 0, () => {
        // r1 is the context here.
        b.map(2, this.mapOf(jumps));
        b.mov(3, imm(filled ? 0 : 1));
        b.helper(helper.tailCall);
        b.mov(0, imm(this.constant()));
      });
      b.mov(1, reg(CTX));
      b.call(label);
    } else {
      b.mov(1, reg(CTX));
      b.map(2, this.mapOf(jumps));
      b.mov(3, imm(filled ? 0 : 1));
      b.helper(helper.tailCall);
    }
    for (let r = 1; r <= 5; r++) this.numbers.delete(r);
    this.numbers.delete(0);
    b.place(past);
    b.mov(0, imm(7));
    this.numbers.add(0);
  }
}

export function workProgram(random: () => number, options: WorkOptions = {}): Program {
  return new Worker(random, options).program();
}

/** A program with forms that no verified program has: only checked code can be held to it. */
export function withOddForm(program: Program, random: () => number): Program {
  const odd: readonly (readonly (Insn | null)[])[] = [
    [{ kind: "addrSpaceCast", dst: 3, src: 1, to: Math.floor(random() * 2), from: 1 }],
    [
      { kind: "alu", op: "mov", width: 64, dst: 4, src: imm(helper.cpu) },
      { kind: "alu", op: "mov", width: 64, dst: 9, src: reg(1) },
      { kind: "callx", reg: 4 },
      { kind: "alu", op: "mov", width: 64, dst: 1, src: reg(9) },
    ],
  ];
  const first = odd[Math.floor(random() * odd.length)];
  const functions = program.functions.map((each) => ({ ...each, pc: each.pc === 0 ? 0 : each.pc + first.length }));
  return makeProgram({ ...program, insns: [...first, ...program.insns.map(byIndex)], functions });
}

/** Maps named by their number among the program's, as some loaders write them. */
function byIndex(insn: Insn | null): Insn | null {
  if (insn?.kind !== "imm64") return insn;
  if (insn.what === "mapFd") return { ...insn, what: "mapIdx" };
  return insn.what === "mapValue" ? { ...insn, what: "mapIdxValue" } : insn;
}
