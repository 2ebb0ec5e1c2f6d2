// Programs put together instruction by instruction, for tests and campaigns that make many: jumps name a label, and
// the slots are counted when all is said.
import type { AluOp } from "../../src/isa/alu.ts";
import type { AccessSize, Insn, Operand, Width } from "../../src/isa/insn.ts";
import type { JumpOp } from "../../src/isa/jump.ts";

export const imm = (value: number): Operand => ({ kind: "imm", value: value | 0 });
export const reg = (number: number): Operand => ({ kind: "reg", reg: number });

type Jumping = Extract<Insn, { kind: "jump" | "goto" | "mayGoto" | "callLocal" }>;
type Item = { readonly insn: Insn; readonly to?: number } | { readonly label: number };

export class Builder {
  private readonly items: Item[] = [];
  private labels = 0;

  /** A label, to be put somewhere by `place`. */
  label(): number {
    return this.labels++;
  }
  place(label: number): void {
    this.items.push({ label });
  }

  add(insn: Insn): void {
    this.items.push({ insn });
  }
  alu(op: AluOp, width: Width, dst: number, src: Operand): void {
    this.add({ kind: "alu", op, width, dst, src });
  }
  mov(dst: number, src: Operand): void {
    this.alu("mov", 64, dst, src);
  }
  load(size: AccessSize, dst: number, base: number, off: number, signed = false): void {
    this.add({ kind: "load", size, signed: signed && size < 8, dst, base, off });
  }
  store(size: AccessSize, base: number, off: number, src: Operand): void {
    this.add({ kind: "store", size, base, off, src });
  }
  /** `what` of the program's map number `index`. */
  map(dst: number, index: number, what: "mapFd" | "mapValue" = "mapFd", high = 0): void {
    this.add({ kind: "imm64", what, dst, low: index, high });
  }
  helper(id: number): void {
    this.add({ kind: "callHelper", id });
  }
  exit(): void {
    this.add({ kind: "exit" });
  }
  jump(op: JumpOp, width: Width, dst: number, src: Operand, to: number): void {
    this.items.push({ insn: { kind: "jump", op, width, dst, src, off: 0 }, to });
  }
  goto(to: number): void {
    this.items.push({ insn: { kind: "goto", long: false, off: 0 }, to });
  }
  gotoLong(to: number): void {
    this.items.push({ insn: { kind: "goto", long: true, off: 0 }, to });
  }
  mayGoto(to: number): void {
    this.items.push({ insn: { kind: "mayGoto", off: 0 }, to });
  }
  /** The address of the function at a label. */
  func(dst: number, to: number): void {
    this.items.push({ insn: { kind: "imm64", what: "func", dst, low: 0, high: 0 }, to });
  }
  call(to: number): void {
    this.items.push({ insn: { kind: "callLocal", off: 0 }, to });
  }

  /** How many slots there are so far: where the next instruction will be. */
  get here(): number {
    return this.items.reduce((sum, item) => sum + ("insn" in item ? slots(item.insn) : 0), 0);
  }

  insns(): readonly (Insn | null)[] {
    const places = new Map<number, number>();
    let at = 0;
    for (const item of this.items) {
      if ("label" in item) places.set(item.label, at);
      else at += slots(item.insn);
    }
    const out: (Insn | null)[] = [];
    for (const item of this.items) {
      if ("label" in item) continue;
      const { insn, to } = item;
      const target = to === undefined ? undefined : places.get(to);
      if (to !== undefined && target === undefined) throw new Error(`label ${to} was never placed`);
      const off = (target ?? 0) - out.length - 1;
      if (target === undefined) out.push(insn);
      else out.push(insn.kind === "imm64" ? { ...insn, low: off } : { ...(insn as Jumping), off });
      if (slots(insn) === 2) out.push(null);
    }
    return out;
  }
}

function slots(insn: Insn): 1 | 2 {
  return insn.kind === "imm64" ? 2 : 1;
}
