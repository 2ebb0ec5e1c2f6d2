// Rotations: a program has no instruction for them, so compilers shift one copy left and another right and join the two. Found
// by following values through a block; the value to rotate is kept in a local where it is made, for the shifts
// overwrite it. LLVM multiplies twice where a product is rotated, once by the factor shifted already: that is found too.
import type { Insn, Width } from "../isa/insn.ts";

/** At the instruction that joins the shifted copies. */
export interface Rotation {
  readonly width: Width;
  /** By how many bits to the left. */
  readonly by: number;
  /** The place that the value is kept in, among those of the block. */
  readonly keep: number;
}

/** A value to be kept: after the instruction at a slot, or (-1) from the beginning of the block, it is in a register. */
export interface Kept {
  readonly after: number;
  readonly register: number;
  readonly width: Width;
}

export interface Rotations {
  readonly at: ReadonlyMap<number, Rotation>;
  readonly kept: readonly Kept[];
}

interface Value {
  readonly after: number;
  readonly register: number;
  /** Of a shift or product by a constant: what it is of, by how much. */
  readonly made?: {
    readonly op: "lsh" | "rsh" | "mul";
    readonly width: Width;
    readonly of: Value;
    readonly by: number;
  };
}

const none: Rotations = { at: new Map(), kept: [] };
const joining: readonly string[] = ["or", "add", "xor"];

export function rotationsIn(insns: readonly (Insn | null)[], start: number, end: number): Rotations {
  return mayRotate(insns, start, end) ? new Block(insns, start, end).rotations() : none;
}

/** Whether there are shifts at all that make up a width, or products in place of one; most blocks have neither. */
function mayRotate(insns: readonly (Insn | null)[], start: number, end: number): boolean {
  let right: number[] | undefined;
  let products = 0;
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    if (insn?.kind !== "alu" || insn.src.kind !== "imm") continue;
    if (insn.op === "rsh") (right ??= []).push(insn.width - insn.src.value);
    else if (insn.op === "mul") products++;
  }
  if (right === undefined) return false;
  if (products > 1) return true;
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    if (insn?.kind === "alu" && insn.op === "lsh" && insn.src.kind === "imm" && right.includes(insn.src.value))
      return true;
  }
  return false;
}

class Block {
  readonly #at = new Map<number, Rotation>();
  readonly #kept: Kept[] = [];
  readonly #places = new Map<string, number>();
  /** The value in each register, and in its low half, which other instructions may share. */
  readonly #whole: Value[];
  readonly #low: Value[];

  constructor(insns: readonly (Insn | null)[], start: number, end: number) {
    this.#whole = Array.from({ length: 11 }, (_, register) => ({ after: -1, register }));
    this.#low = [...this.#whole];
    for (let pc = start; pc < end; pc++) {
      const insn = insns[pc];
      if (insn !== null) this.#pass(insn, pc);
    }
  }

  rotations(): Rotations {
    return this.#at.size === 0 ? none : { at: this.#at, kept: this.#kept };
  }

  #pass(insn: Insn, pc: number): void {
    if (insn.kind === "alu") this.#arithmetic(insn, pc);
    else if (insn.kind.startsWith("call") || insn.kind === "packet") for (let r = 0; r < 6; r++) this.#sets(r, pc);
    else if (insn.kind === "atomic") {
      this.#sets(0, pc);
      this.#sets(insn.src, pc);
    } else if (insn.kind !== "jump" && "dst" in insn) this.#sets(insn.dst, pc);
  }

  #sets(register: number, pc: number): void {
    this.#whole[register] = { after: pc, register };
    this.#low[register] = { after: pc, register };
  }

  #arithmetic({ op, width, dst, src }: Extract<Insn, { kind: "alu" }>, pc: number): void {
    const values = width === 64 ? this.#whole : this.#low;
    if (op === "mov" && src.kind === "reg") {
      const [whole, low] = [this.#whole[src.reg], this.#low[src.reg]];
      this.#sets(dst, pc);
      if (width === 64) this.#whole[dst] = whole;
      this.#low[dst] = low;
      return;
    }
    if (joining.includes(op) && src.kind === "reg") {
      const [a, b] = [values[dst], values[src.reg]];
      const found = rotated(a, b, width) ?? rotated(b, a, width);
      if (found !== undefined) this.#at.set(pc, { width, by: found.by, keep: this.#keep(found.of, width) });
    }
    const of = values[dst];
    this.#sets(dst, pc);
    if ((op === "lsh" || op === "rsh" || op === "mul") && src.kind === "imm") {
      values[dst] = { after: pc, register: dst, made: { op, width, of, by: src.value } };
    }
  }

  #keep({ after, register }: Value, width: Width): number {
    const name = `${after} ${register} ${width}`;
    let place = this.#places.get(name);
    if (place === undefined) {
      place = this.#kept.push({ after, register, width }) - 1;
      this.#places.set(name, place);
    }
    return place;
  }
}

/** What is rotated, where `right` is it shifted to the right and `left` the same to the left. */
function rotated(left: Value, right: Value, width: Width): { readonly of: Value; readonly by: number } | undefined {
  const shift = right.made;
  if (shift?.op !== "rsh" || shift.width !== width || shift.by <= 0 || shift.by >= width) return undefined;
  const { of } = shift;
  const by = width - shift.by;
  const other = left.made;
  if (other === undefined || other.width !== width) return undefined;
  if (other.op === "lsh") return other.by === by && other.of === of ? { of, by } : undefined;
  const product = of.made;
  if (other.op !== "mul" || product?.op !== "mul" || product.width !== width || product.of !== other.of)
    return undefined;
  const factor = BigInt.asUintN(width, BigInt(product.by) << BigInt(by));
  return BigInt.asUintN(width, BigInt(other.by)) === factor ? { of, by } : undefined;
}
