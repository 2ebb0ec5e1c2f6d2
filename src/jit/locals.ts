// Where a compiled function keeps the registers: the arguments that it reads and the bottom of its stack frame are its
// parameters, the others are locals, and so are all of a function that stands in place of its call. r10 is not kept as
// such: it is the address 512 bytes above that bottom.
import { POINTER_HIGH } from "../memory/layout.ts";
import { STACK_BYTES } from "../vm/registers.ts";
import { type Code, get, i32, i64, set, type } from "../wasm/code.ts";
import { Frame } from "../wasm/frame.ts";

export class Locals {
  readonly function: Frame;
  /** Of 32 bits: the bottom of the stack frame. */
  readonly frame: number;
  /** A bit for each register that is in its local of 32 bits just now (narrow.ts), and not in that of 64. */
  narrow = 0;
  /** The registers' locals of 64 and of 32 bits, and the others by their names, once they are asked for. */
  readonly #registers: number[] = [];
  readonly #lows: number[] = [];
  readonly #others = new Map<string, number>();

  readonly #prefix: string;

  private constructor(within: Frame, frame: number, prefix = "") {
    this.function = within;
    this.frame = frame;
    this.#prefix = prefix;
  }

  /** For a function that reads the first `count` arguments. */
  static ofFunction(count: number): Locals {
    const parameters = [...Array.from({ length: count }, () => type.i64), type.i32];
    const names = [...Array.from({ length: count }, (_, n) => `r${n + 1}`), "frame"];
    const made = new Locals(new Frame(parameters, names), count);
    for (let r = 1; r <= count; r++) made.#registers[r] = r - 1;
    return made;
  }

  /** For one whose code stands inside that of a caller. */
  static inside({ function: within }: Locals, name: string): Locals {
    return new Locals(within, within.narrow(`${name}_frame`), `${name}_`);
  }

  /** The next node of a dispatch. */
  get nextNode(): number {
    return this.#other("next", "narrow");
  }

  /** How often may_goto let it go on. */
  get mayGoto(): number {
    return this.#other("may_goto", "narrow");
  }

  /** An address, or another number that is needed at once. */
  get address(): number {
    return this.#other("address", "narrow");
  }

  /** Of 64 bits: what an atomic operation found. */
  get found(): number {
    return this.#other("found", "wide");
  }

  /** A value that a block keeps (rotate.ts), by its place there. */
  kept(place: number, width: 32 | 64): number {
    return this.#other(`kept_${place}_${width}`, width === 64 ? "wide" : "narrow");
  }

  #other(name: string, what: "wide" | "narrow"): number {
    let found = this.#others.get(name);
    if (found === undefined) this.#others.set(name, (found = this.function[what](this.#prefix + name)));
    return found;
  }

  /** The local of 64 bits of a register. */
  wide(register: number): number {
    return (this.#registers[register] ??= this.function.wide(`${this.#prefix}r${register}`));
  }

  #lowOf(register: number): number {
    return (this.#lows[register] ??= this.function.narrow(`${this.#prefix}w${register}`));
  }

  /** The 64 bits of a register. */
  read(register: number): Code {
    if (this.isNarrow(register)) return i64.fromU(get(this.#lowOf(register)));
    if (register !== 10) return get(this.wide(register));
    const top = i32.add(get(this.frame), i32.const(STACK_BYTES));
    return i64.or(i64.fromU(top), i64.const(BigInt(POINTER_HIGH) << 32n));
  }

  /** The low half of a register. */
  low(register: number): Code {
    if (this.isNarrow(register)) return get(this.#lowOf(register));
    return register === 10 ? i32.add(get(this.frame), i32.const(STACK_BYTES)) : i32.wrap(this.read(register));
  }

  isNarrow(register: number): boolean {
    return ((this.narrow >> register) & 1) !== 0;
  }

  write(register: number, value: Code): Code {
    return set(this.wide(register), value);
  }

  /** Writes a number of 32 bits; the register is narrow then. */
  writeLow(register: number, value: Code): Code {
    return set(this.#lowOf(register), value);
  }

  /** Puts registers where they are looked for next: those in `whole` into locals of 64 bits, those in `low` into ones of 32. */
  move(whole: number, low: number): Code {
    const code: Code[] = [];
    for (let r = 0; r < 10; r++) {
      const isNarrow = this.isNarrow(r);
      if (isNarrow && ((whole >> r) & 1) !== 0) code.push(this.write(r, this.read(r)));
      if (!isNarrow && ((low >> r) & 1) !== 0) code.push(this.writeLow(r, this.low(r)));
    }
    return code;
  }
}
