// Two ways that meet again: the part of random programs that tries what verifiers leave out. One walk is ended because
// an earlier one at the same place stands for it; whether it rightly does is decided by what differs and what is used.
import type { AccessSize } from "../../src/isa/insn.ts";
import { type Builder, imm, reg } from "./build.ts";

/** The register that points to a map's value. */
export const VALUE = 7;
const PRANDOM = 7;
const sizes = [1, 2, 4, 8] as const;

/** What this needs of the program that is being made. */
export interface Maker {
  readonly b: Builder;
  readonly valueSize: number;
  /** The label of the program's end. */
  readonly out: number;
  readonly kinds: string[];
  readonly functions: { readonly label: number; readonly write: () => void }[];
  below(n: number): number;
  chance(p: number): boolean;
  pick<T>(list: readonly T[]): T;
  call(id: number): void;
  /** A register holds a number from now on. */
  set(register: number): void;
}

/**
 * Two ways that meet again with something different in a register or a slot, and an access that rests on it. The
 * first way is right; a walk of the second that is left out, for the first seems to stand for it, is a mistake.
 */
export function joined(g: Maker): void {
  const { b } = g;
  const size: AccessSize = g.pick(sizes);
  const most = Math.max(0, g.valueSize - size);
  const [small, great] = [g.below(most + 1), g.chance(0.6) ? g.below(most + 1) : most + 1 + g.below(9)];
  const index = g.pick([8, 9]);
  const byte = g.below(g.valueSize);
  const twoWays = (first: () => void, second: () => void): void => {
    const other = b.label();
    const join = b.label();
    g.call(PRANDOM);
    b.jump(g.pick(["jeq", "jsgt", "jset", "jlt"] as const), g.chance(0.5) ? 64 : 32, 0, imm(g.pick([1, 2, 7])), other);
    first();
    b.goto(join);
    b.place(other);
    second();
    b.place(join);
  };
  const slot = -8 * (8 + g.below(3));
  const access = (pointer: number): void => {
    b.load(size, g.pick([0, 4]), pointer, 0);
    for (const r of [0, 1, 2, 3, 4, 5]) g.kinds[r] = "none";
    b.mov(0, imm(0));
    g.set(0);
  };
  const byIndex = (): void => {
    b.mov(1, reg(VALUE));
    b.alu("add", 64, 1, reg(index));
    access(1);
  };
  const manner = g.below(12);
  switch (manner) {
    case 0:
    case 1:
      twoWays(
        () => b.mov(index, imm(small)),
        () => b.mov(index, imm(great)),
      );
      carried(g, index);
      byIndex();
      break;
    case 2: {
      const width = g.pick([8, 4, 1] as const);
      twoWays(
        () => b.store(width, 10, slot, imm(small)),
        () => b.store(width, 10, slot, imm(great)),
      );
      if (g.chance(0.5)) noise(g);
      b.load(width, index, 10, slot);
      byIndex();
      break;
    }
    case 3:
      twoWays(
        () => b.mov(1, reg(VALUE)),
        () => {
          b.mov(1, reg(VALUE));
          b.alu("add", 64, 1, imm(great));
        },
      );
      access(1);
      break;
    case 4:
      // A bound that is itself one of two numbers (CVE-2023-2163).
      twoWays(
        () => b.mov(4, imm(small)),
        () => b.mov(4, imm(great)),
      );
      b.load(1, index, VALUE, byte);
      if (g.chance(0.5)) b.mov(5, reg(4));
      else b.alu("mov", 32, 5, reg(4));
      b.jump(g.pick(["jgt", "jsgt"] as const), 64, index, reg(g.pick([4, 5])), g.out);
      byIndex();
      break;
    case 5:
      // A copy on one way, another number on the other.
      b.load(1, 5, VALUE, byte);
      b.store(8, 10, slot, reg(5));
      twoWays(
        () => b.load(8, index, 10, slot),
        () => {
          if (g.chance(0.5)) b.load(1, index, VALUE, 0);
          else b.load(8, index, 10, slot);
        },
      );
      b.load(8, 4, 10, slot);
      b.jump("jgt", 64, 4, imm(most), g.out);
      byIndex();
      break;
    case 6:
      // A number or a pointer.
      twoWays(
        () => b.mov(1, reg(VALUE)),
        () => b.mov(1, g.chance(0.7) ? reg(VALUE) : imm(great)),
      );
      access(1);
      break;
    case 7:
      // A pointer in a slot, or what was written over it.
      b.store(8, 10, slot, reg(VALUE));
      twoWays(
        () => b.store(8, 10, slot - 8, imm(0)),
        () => {
          if (g.chance(0.4)) b.store(g.pick([8, 4, 1] as const), 10, slot, imm(great));
        },
      );
      b.load(8, 1, 10, slot);
      access(1);
      break;
    case 8: {
      // A sum over the rounds of a loop with two ways in it.
      b.mov(index, imm(0));
      const counter = index === 8 ? 9 : 8;
      b.mov(counter, imm(0));
      const again = b.label();
      b.place(again);
      twoWays(
        () => b.alu("add", 64, index, imm(0)),
        () => b.alu("add", 64, index, imm(g.below(3))),
      );
      b.alu("add", 64, counter, imm(1));
      b.jump("jlt", 64, counter, imm(2 + g.below(4)), again);
      g.set(counter);
      byIndex();
      break;
    }
    case 9: {
      // A function that is given one of two numbers, or a place for one.
      twoWays(
        () => b.mov(index, imm(small)),
        () => b.mov(index, imm(great)),
      );
      const label = b.label();
      const byPlace = g.chance(0.4);
      b.store(8, 10, slot, imm(0));
      b.mov(1, byPlace ? reg(10) : reg(index));
      if (byPlace) b.alu("add", 64, 1, imm(slot));
      b.mov(2, reg(index));
      b.call(label);
      const bit = g.below(8);
      g.functions.push({
        label,
        write: () => {
          const end = b.label();
          b.mov(0, byPlace ? imm(0) : reg(1));
          b.jump("jset", 64, 2, imm(1 << bit), end);
          if (byPlace) b.store(8, 1, 0, reg(2));
          else b.alu("add", 64, 0, imm(0));
          b.place(end);
          b.exit();
        },
      });
      if (byPlace) b.load(8, index, 10, slot);
      else if (g.chance(0.7)) b.mov(index, reg(0));
      byIndex();
      break;
    }
    case 10: {
      // Bytes stored as zeroes, or some of them as something else.
      const width = g.pick([2, 4, 8] as const);
      b.store(8, 10, slot, imm(0));
      twoWays(
        () => {
          for (let at = 0; at < width; at++) b.store(1, 10, slot + at, imm(0));
        },
        () => {
          for (let at = 0; at < width; at++) b.store(1, 10, slot + at, imm(g.chance(0.9) ? 0 : great));
        },
      );
      b.load(width, index, 10, slot);
      byIndex();
      break;
    }
    default:
      // Bounded on one way; on the other too, or not.
      b.load(2, index, VALUE, 0);
      twoWays(
        () => b.jump("jgt", 64, index, imm(most), g.out),
        () => {
          if (g.chance(0.7)) b.jump("jgt", 64, index, imm(most), g.out);
          else b.alu("and", 64, index, imm(great));
        },
      );
      byIndex();
  }
  g.set(index);
}

/** Something between a number's origin and its use. */
function carried(g: Maker, r: number): void {
  const { b } = g;
  const slot = -8 * (11 + g.below(2));
  const roll = g.below(6);
  if (roll === 0) {
    b.store(8, 10, slot, reg(r));
    b.mov(r, imm(0));
    b.load(8, r, 10, slot);
  } else if (roll === 1) {
    b.mov(4, reg(r));
    b.mov(r, reg(4));
  } else if (roll === 2) b.alu("add", 64, r, imm(0));
  else if (roll === 3) {
    b.mov(5, imm(0));
    b.alu("add", 64, 5, reg(r));
    b.mov(r, reg(5));
  } else if (roll === 4) noise(g);
}

/** Branches that keep states and change nothing. */
function noise(g: Maker): void {
  const { b } = g;
  for (let at = 0; at < 2; at++) {
    const over = b.label();
    g.call(PRANDOM);
    b.jump("jeq", 64, 0, imm(at), over);
    b.alu("add", 64, 0, imm(1));
    b.place(over);
  }
}
