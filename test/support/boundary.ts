// Random programs about bounds: numbers that nobody knows, a short body of arithmetic and jumps, a mask or a compare
// near the size of some memory, then an access to it. Two thirds of them are right, and most of the others nearly so,
// which is where two verifiers part, or one of them errs. What registers hold is known while a program is made, so
// that most instructions make sense; now and then an operand is chosen blindly. One file because the table of what
// may come next and the record of what registers hold belong together.
import type { AluOp } from "../../src/isa/alu.ts";
import { aluOps } from "../../src/isa/alu.ts";
import type { AccessSize, Insn, Operand, Width } from "../../src/isa/insn.ts";
import { jumpOps } from "../../src/isa/jump.ts";
import { type MapDef, makeProgram, type Program } from "../../src/isa/program.ts";
import { joined, type Maker, VALUE } from "./boundary-joins.ts";
import { Builder, imm, reg } from "./build.ts";
import { Dice } from "./dice.ts";

/** The types that Linux loads without CAP_PERFMON, and all. */
export const openTypes = ["socket_filter", "sched_cls", "xdp"] as const;
export const boundaryTypes = [...openTypes, "raw_tracepoint"] as const;
export type BoundaryType = (typeof boundaryTypes)[number];

/** Value sizes of the maps; small, so that bytes and short masks come near them. */
export const valueSizes = [8, 16, 33, 48, 64, 256] as const;
const directMap = (valueSize: number): MapDef => ({
  name: `direct${valueSize}`,
  type: "array",
  keySize: 4,
  valueSize,
  maxEntries: 1,
  flags: 0,
});
const hashMap = (valueSize: number): MapDef => ({
  name: `hash${valueSize}`,
  type: "hash",
  keySize: 4,
  valueSize,
  maxEntries: 4,
  flags: 0,
});
const ringMap: MapDef = { name: "ring", type: "ringbuf", keySize: 0, valueSize: 0, maxEntries: 4096, flags: 0 };

export interface Boundary {
  readonly program: Program & { readonly type: BoundaryType };
  /** The slot of the first access whose offset may be moved by a few bytes to lie on the boundary; -1: none. */
  readonly access: number;
}

type Kind = "none" | "number" | "ctx" | "value" | "packet" | "end" | "stack" | "moved";
const CTX = 6;
const PRANDOM = 7;
const KTIME = 5;
const LOOKUP = 1;
const RINGBUF_OUTPUT = 130;

const interesting = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 33, 47, 48, 63, 64, 127, 128, 255, 256, 511, 512, 0xffff];
const extreme = [-1, -2, -8, -64, -128, -512, 0x7fffffff, -0x80000000, 0x7ffffffe, -0x7fffffff, 0x10000, 0x40000000];
const sizes = [1, 2, 4, 8] as const;

class Generator extends Dice implements Maker {
  readonly type: BoundaryType;
  readonly valueSize: (typeof valueSizes)[number];
  readonly b = new Builder();
  readonly out: number;
  readonly kinds: Kind[] = Array.from({ length: 11 }, () => "none");
  readonly maps: MapDef[] = [];
  readonly functions: { readonly label: number; readonly write: () => void }[] = [];
  /** Stack offsets that hold a whole spilled number, and bytes that may be read. */
  readonly spilled: { readonly off: number; readonly size: AccessSize }[] = [];
  access = -1;

  constructor(random: () => number, types: readonly BoundaryType[]) {
    super(random);
    this.type = this.pick(types);
    this.valueSize = this.pick(valueSizes);
    this.out = this.b.label();
    this.kinds[1] = "ctx";
    this.kinds[10] = "stack";
  }

  constant(): number {
    const roll = this.random();
    if (roll < 0.55) return this.pick(interesting);
    if (roll < 0.7) return this.valueSize - this.below(9) + 4;
    if (roll < 0.85) return this.pick(extreme);
    return (this.below(2 ** 32) | 0) >> this.below(32);
  }

  program(): Boundary {
    const { b } = this;
    b.mov(CTX, reg(1));
    this.kinds[CTX] = "ctx";
    this.findValue();
    const packet = (this.type === "xdp" || this.type === "sched_cls") && this.chance(0.3);
    const count = 1 + this.below(3);
    for (let at = 0; at < count; at++) this.source();
    const length = this.below(9);
    for (let at = 0; at < length; at++) this.step();
    const accesses = this.chance(0.85) ? 1 : 2;
    for (let at = 0; at < accesses; at++) {
      this.needNumber();
      if (packet) this.packetAccess();
      else this.accessSomewhere();
    }
    b.place(this.out);
    if (this.chance(0.98)) b.mov(0, imm(this.below(2)));
    b.exit();
    for (const { label, write } of this.functions) {
      b.place(label);
      write();
    }
    const program = makeProgram({ insns: b.insns(), maps: this.maps, type: this.type, rcu: "implicit" });
    return { program: program as Boundary["program"], access: this.access };
  }

  private mapIndex(def: MapDef): number {
    const at = this.maps.findIndex((map) => map.name === def.name);
    return at >= 0 ? at : this.maps.push(def) - 1;
  }

  /** r7 = the value of a map. */
  private findValue(): void {
    const { b } = this;
    if (this.chance(0.6)) {
      b.map(VALUE, this.mapIndex(directMap(this.valueSize)), "mapValue");
    } else {
      b.store(4, 10, -4, imm(0));
      b.map(1, this.mapIndex(hashMap(this.valueSize)));
      b.mov(2, reg(10));
      b.alu("add", 64, 2, imm(-4));
      this.call(LOOKUP);
      if (this.chance(0.995)) b.jump("jeq", 64, 0, imm(0), this.out);
      b.mov(VALUE, reg(0));
      this.kinds[0] = "value";
    }
    this.kinds[VALUE] = "value";
  }

  call(id: number): void {
    this.b.helper(id);
    for (let r = 1; r <= 5; r++) this.kinds[r] = "none";
    this.kinds[0] = "number";
  }

  private target(): number {
    return this.pick([0, 1, 2, 3, 4, 5, 8, 8, 9, 9]);
  }
  private numbers(): readonly number[] {
    return [0, 1, 2, 3, 4, 5, 8, 9].filter((r) => this.kinds[r] === "number");
  }
  /** A register with a number in it; now and then just any. */
  private number(): number {
    if (this.chance(0.004)) return this.below(11);
    const all = this.numbers();
    return all.length === 0 ? this.needNumber() : this.pick(all);
  }
  private needNumber(): number {
    if (this.numbers().length === 0) this.source();
    return this.pick(this.numbers());
  }
  private operand(): Operand {
    return this.chance(0.55) ? imm(this.constant()) : reg(this.number());
  }
  set(r: number, kind: Kind = "number"): void {
    this.kinds[r] = kind;
  }

  /** A number that nobody knows. */
  private source(): void {
    const { b } = this;
    const to = this.target();
    const roll = this.random();
    if (roll < 0.6) {
      const size = this.pick(sizes);
      b.load(size, to, VALUE, this.below(this.valueSize - size + 1) & -size, this.chance(0.3));
      this.set(to);
    } else if (roll < 0.8) {
      this.call(this.chance(0.7) ? PRANDOM : KTIME);
      if (to !== 0) {
        b.mov(to, reg(0));
        this.set(to);
      }
    } else if (this.type === "raw_tracepoint") {
      const size = this.pick(sizes);
      b.load(size, to, CTX, 8 * this.below(4));
      this.set(to);
    } else {
      // ingress_ifindex and rx_queue_index; len and mark.
      b.load(4, to, CTX, this.type === "xdp" ? this.pick([12, 16]) : this.pick([0, 8]));
      this.set(to);
    }
  }

  private step(): void {
    const weights: readonly (readonly [number, () => void])[] = [
      [30, () => this.arithmetic()],
      [6, () => this.unary()],
      [7, () => this.copy()],
      [18, () => this.compare()],
      [9, () => this.spill()],
      [7, () => this.fill()],
      [6, () => this.link()],
      [3, () => this.source()],
      [2, () => this.subprogram()],
      [3, () => this.atomic()],
      [2, () => this.loop()],
    ];
    let roll = this.random() * weights.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, run] of weights) {
      roll -= weight;
      if (roll < 0) {
        run();
        return;
      }
    }
  }

  private arithmetic(r: number = this.number()): void {
    const width: Width = this.chance(0.6) ? 64 : 32;
    const op = this.pick<AluOp>([...aluOps, "add", "sub", "and", "and", "or", "xor", "rsh", "arsh", "lsh", "mul"]);
    let src = this.operand();
    if (src.kind === "imm" && this.chance(0.97)) {
      const { value } = src;
      if (op === "lsh" || op === "rsh" || op === "arsh") src = imm(this.shift(width));
      if ((op === "div" || op === "mod" || op === "sdiv" || op === "smod") && value === 0) src = imm(3);
    }
    if (op === "mov" && src.kind === "reg") this.kinds[r] = this.kinds[src.reg];
    this.b.alu(op, width, r, src);
  }

  private shift(width: Width): number {
    return this.chance(0.4) ? this.pick([width / 2, width - 1, width - 8, 1]) : this.below(width);
  }

  private unary(): void {
    const r = this.number();
    const width: Width = this.chance(0.5) ? 64 : 32;
    const roll = this.random();
    if (roll < 0.3) this.b.add({ kind: "neg", width, dst: r });
    else if (roll < 0.55) {
      const op = this.pick(["le", "be", "bswap"] as const);
      this.b.add({ kind: "swap", op, size: this.pick([16, 32, 64] as const), dst: r });
    } else {
      const from = this.pick(width === 64 ? ([8, 16, 32] as const) : ([8, 16] as const));
      const to = this.target();
      this.b.add({ kind: "movsx", width, from, dst: to, src: r });
      this.set(to);
    }
  }

  private copy(): void {
    const from = this.number();
    const to = this.target();
    this.b.alu("mov", this.chance(0.65) ? 64 : 32, to, reg(from));
    this.kinds[to] = this.kinds[from];
  }

  /** A jump out, or over a few instructions. */
  private compare(r: number = this.number()): void {
    const { b } = this;
    const width: Width = this.chance(0.6) ? 64 : 32;
    const op = this.pick(jumpOps);
    const src = this.chance(0.65) ? imm(this.constant()) : reg(this.number());
    if (this.chance(0.6)) {
      b.jump(op, width, r, src, this.out);
      return;
    }
    const over = b.label();
    b.jump(op, width, r, src, over);
    const before = [...this.kinds];
    const spills = this.spilled.length;
    const count = 1 + this.below(2);
    for (let at = 0; at < count; at++) {
      if (this.chance(0.7)) this.arithmetic();
      else if (this.chance(0.5)) this.copy();
      else this.unary();
    }
    b.place(over);
    // What was written on one way only may not be read behind.
    for (const [at, kind] of before.entries()) if (kind !== this.kinds[at]) this.kinds[at] = "none";
    this.spilled.length = spills;
  }

  private spill(): void {
    const size = this.pick([8, 8, 8, 4, 4, 2, 1] as const);
    const off = -8 * (2 + this.below(5)) + (this.chance(0.8) ? 0 : this.below(8 / size) * size);
    if (this.chance(0.12)) this.b.store(size, 10, off, imm(this.constant()));
    else this.b.store(size, 10, off, reg(this.number()));
    this.spilled.push({ off, size });
  }

  private fill(): void {
    const spilled = this.spilled.length === 0 ? undefined : this.pick(this.spilled);
    if (spilled === undefined) {
      this.spill();
      return;
    }
    const to = this.target();
    const size = this.chance(0.75) ? spilled.size : this.pick(sizes);
    const off = spilled.off + (size < spilled.size && this.chance(0.3) ? size : 0);
    if (off % size !== 0) return;
    this.b.load(size, to, 10, off, this.chance(0.15));
    this.set(to);
  }

  /** Two numbers a constant apart, and a compare of one of them. */
  private link(): void {
    const { b } = this;
    const from = this.number();
    const to = this.target();
    if (from === to) return;
    const width: Width = this.chance(0.75) ? 64 : 32;
    b.alu("mov", width, to, reg(from));
    this.kinds[to] = this.kinds[from];
    if (this.chance(0.7))
      b.alu(this.chance(0.85) ? "add" : "sub", this.chance(0.8) ? 64 : 32, to, imm(this.constant()));
    if (this.chance(0.2)) b.alu("add", 64, from, imm(this.constant()));
    this.compare(this.chance(0.5) ? from : to);
  }

  private subprogram(): void {
    const { b } = this;
    const argument = this.number();
    if (argument !== 1) b.mov(1, reg(argument));
    const label = b.label();
    b.call(label);
    for (let r = 1; r <= 5; r++) this.kinds[r] = "none";
    this.set(0);
    const body = Array.from({ length: 1 + this.below(3) }, () => this.below(2 ** 30));
    const other = this.constant();
    const op = this.pick(jumpOps);
    this.functions.push({
      label,
      write: () => {
        const end = b.label();
        b.mov(0, reg(1));
        for (const roll of body) {
          if (roll % 3 === 0) b.jump(op, 64, 1, imm(other), end);
          else b.alu(this.pick(["add", "and", "rsh", "or", "xor"] as const), 64, 0, imm(roll % 61));
        }
        b.place(end);
        b.exit();
      },
    });
  }

  private atomic(): void {
    const { b } = this;
    const src = this.number();
    const size = this.pick([4, 8] as const);
    const fetch = this.chance(0.6);
    const op = this.pick(["add", "and", "or", "xor", "xchg"] as const);
    const whole = this.spilled.find((each) => each.size === 8 && each.off % 8 === 0);
    const onStack = whole !== undefined && this.chance(0.5);
    this.b.add({
      kind: "atomic",
      op,
      fetch: op === "xchg" || fetch,
      size,
      base: onStack ? 10 : VALUE,
      off: onStack ? whole.off : 0,
      src,
    });
    if (this.chance(0.1)) b.mov(0, reg(src));
  }

  /** A counted loop around a little arithmetic. */
  private loop(): void {
    const { b } = this;
    const counter = this.pick([8, 9, 4, 5]);
    b.mov(counter, imm(0));
    this.set(counter);
    const again = b.label();
    b.place(again);
    const other = this.number();
    if (other !== counter && this.chance(0.6))
      b.alu(this.pick(["add", "and", "rsh"] as const), 64, other, imm(1 + this.below(7)));
    b.alu("add", this.chance(0.7) ? 64 : 32, counter, imm(1));
    b.jump(
      this.pick(["jlt", "jne", "jslt"] as const),
      this.chance(0.7) ? 64 : 32,
      counter,
      imm(2 + this.below(6)),
      again,
    );
  }

  /** Keeps a number within 0..most, or nearly; now and then not at all. */
  private bound(r: number, most: number): void {
    const { b } = this;
    const width: Width = this.chance(0.65) ? 64 : 32;
    const slack = this.chance(0.93) ? 0 : this.pick([1, 1, 2, 8, -1]);
    const roll = this.random();
    // A compare of the low half says little of the whole, unless the upper half is gone.
    if (width === 32 && roll >= 0.24 && this.chance(0.9)) b.alu("mov", 32, r, reg(r));
    const mask = 2 ** Math.floor(Math.log2(Math.max(1, most + 1))) - 1;
    if (roll < 0.24) b.alu("and", width, r, imm(mask + (this.chance(0.9) ? 0 : mask + 1)));
    else if (roll < 0.5) {
      b.jump("jgt", width, r, imm(most + slack), this.out);
    } else if (roll < 0.58) b.jump("jge", width, r, imm(most + 1 + slack), this.out);
    else if (roll < 0.76) {
      const [upper, lower] = this.chance(0.5) ? (["jsgt", "jslt"] as const) : (["jsge", "jsle"] as const);
      const gap = upper === "jsge" ? 1 : 0;
      const low = (): void => b.jump(lower, width, r, imm(-gap), this.out);
      const high = (): void => b.jump(upper, width, r, imm(most + slack + gap), this.out);
      if (this.chance(0.5)) {
        low();
        high();
      } else {
        high();
        low();
      }
    } else if (roll < 0.84) {
      const inside = b.label();
      b.jump(this.chance(0.5) ? "jlt" : "jle", width, r, imm(most + slack), inside);
      b.goto(this.out);
      b.place(inside);
    } else if (roll < 0.9) b.alu("rsh", width, r, imm(width - Math.max(1, Math.floor(Math.log2(Math.max(2, most))))));
    else if (roll < 0.98) b.alu("mod", width, r, imm(Math.max(1, most + 1 + slack)));
  }

  private accessSomewhere(): void {
    if (this.chance(0.3)) {
      joined(this);
      return;
    }
    const roll = this.random();
    if (roll < 0.6) this.regionAccess(VALUE, this.valueSize, 0);
    else if (roll < 0.85) {
      const length = this.pick([16, 32, 64]);
      for (let at = 8; at <= length && this.chance(0.97); at += 8) this.b.store(8, 10, -at, imm(0));
      this.spilled.length = 0;
      this.regionAccess(10, length, -length);
    } else this.ringbufOutput();
  }

  /** pointer + number, in one of its manners, then a load, a store or an atomic operation. */
  private regionAccess(base: number, length: number, start: number): void {
    const { b } = this;
    const size = this.pick(sizes);
    const index = this.number();
    const most = Math.max(0, length - size);
    if (this.chance(0.97)) this.bound(index, most);
    const between = this.below(3);
    for (let at = 0; at < between && this.chance(0.12); at++) this.arithmetic(index);
    const aligned = base === 10 && size > 1 && this.chance(0.95);
    if (aligned) b.alu("and", 64, index, imm(-size));
    const pointer = this.pick([1, 2, 3, 4, 5].filter((r) => r !== index));
    const roll = this.random();
    if (roll < 0.7 || base === 10) {
      b.mov(pointer, reg(base));
      if (start !== 0 && this.chance(0.5)) {
        b.alu("add", 64, pointer, imm(start));
        b.alu("add", 64, pointer, reg(index));
      } else {
        b.alu("add", 64, pointer, reg(index));
        if (start !== 0) b.alu("add", 64, pointer, imm(start));
      }
    } else if (roll < 0.85) {
      b.mov(pointer, reg(index));
      b.alu("add", 64, pointer, reg(base));
    } else {
      b.mov(pointer, reg(base));
      b.alu("add", 64, pointer, imm(most));
      b.alu("sub", 64, pointer, reg(index));
    }
    this.kinds[pointer] = "moved";
    if (this.chance(0.05)) b.alu(this.chance(0.5) ? "add" : "sub", 64, pointer, imm(this.below(5)));
    if (this.access < 0) this.access = b.here;
    this.touch(pointer, size, 0);
  }

  private touch(pointer: number, size: AccessSize, off: number): void {
    const { b } = this;
    const roll = this.random();
    if (roll < 0.55) {
      const to = this.target();
      b.load(size, to, pointer, off, this.chance(0.2));
      this.set(to);
    } else if (roll < 0.95 || size < 4)
      b.store(size, pointer, off, this.chance(0.5) ? imm(this.constant()) : reg(this.needNumber()));
    else {
      const add: Insn = {
        kind: "atomic",
        op: "add",
        fetch: false,
        size: size === 4 ? 4 : 8,
        base: pointer,
        off,
        src: this.needNumber(),
      };
      b.add(add);
    }
  }

  private packetAccess(): void {
    const { b } = this;
    const size = this.pick(sizes);
    const xdp = this.type === "xdp";
    const index = this.number();
    const most = this.pick([0, 14, 60, 255, 0x7fff, 0x7fff, 0xffff]);
    const free = [1, 2, 3, 4, 5].filter((r) => r !== index);
    const [data, end, after] = free;
    b.load(4, data, CTX, xdp ? 0 : 76);
    b.load(4, end, CTX, xdp ? 4 : 80);
    const varying = this.chance(0.75);
    if (varying) {
      this.bound(index, most);
      b.alu("add", 64, data, reg(index));
    }
    const reach = this.pick([1, 2, 4, 8, 14, 20]);
    b.mov(after, reg(data));
    b.alu("add", 64, after, imm(reach));
    const roll = this.random();
    if (roll < 0.4) b.jump("jgt", 64, after, reg(end), this.out);
    else if (roll < 0.6) b.jump("jlt", 64, end, reg(after), this.out);
    else if (roll < 0.75) b.jump("jge", 64, after, reg(end), this.out);
    else {
      const inside = b.label();
      b.jump(this.chance(0.5) ? "jle" : "jlt", 64, after, reg(end), inside);
      b.goto(this.out);
      b.place(inside);
    }
    for (const r of [data, end, after]) this.kinds[r] = "moved";
    const from = this.chance(0.8) ? data : after;
    const off = (from === after ? -reach : 0) + Math.max(0, reach - size) + (this.chance(0.93) ? 0 : this.below(5) - 2);
    this.touch(from, size, off);
  }

  /** A helper that reads as many bytes as a register says. */
  private ringbufOutput(): void {
    const { b } = this;
    const size = this.number();
    const stack = this.chance(0.4);
    const length = stack ? 32 : this.valueSize;
    if (stack) for (let at = 8; at <= length; at += 8) b.store(8, 10, -at, imm(0));
    this.bound(size, length);
    if (size !== 3) b.mov(3, reg(size));
    b.mov(2, reg(stack ? 10 : VALUE));
    if (stack) b.alu("add", 64, 2, imm(-length));
    b.map(1, this.mapIndex(ringMap));
    b.mov(4, imm(0));
    this.call(RINGBUF_OUTPUT);
  }
}

export function boundaryProgram(random: () => number, types: readonly BoundaryType[] = boundaryTypes): Boundary {
  return new Generator(random, types).program();
}

/** The same with another offset in the access that lies on the boundary. */
export function shifted({ program, access }: Boundary, by: number): Boundary {
  const insns = program.insns.map((insn, pc) =>
    pc === access && insn !== null && (insn.kind === "load" || insn.kind === "store" || insn.kind === "atomic")
      ? { ...insn, off: insn.off + by }
      : insn,
  );
  return { program: { ...makeProgram({ ...program, insns }), type: program.type } as Boundary["program"], access };
}
