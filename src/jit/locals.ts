// Where a compiled function keeps the registers: the arguments that it reads and the bottom of its stack frame are its
// parameters, the others are locals. r10 is not kept as such: it is the address 512 bytes above that bottom.
import { POINTER_HIGH } from "../memory/layout.ts";
import { STACK_BYTES } from "../vm/registers.ts";
import { type Code, get, i32, i64, set, type } from "../wasm/code.ts";

export class Locals {
  readonly parameters: readonly number[];
  readonly locals: readonly number[];
  /** Of parameters and locals, for those who read the code: r0 is the whole register, w0 its low half. */
  readonly names: readonly string[];
  /** Of 32 bits: the bottom of the stack frame, the next node of a dispatch, how often may_goto let it go on, an address. */
  readonly frame: number;
  readonly nextNode: number;
  readonly mayGoto: number;
  readonly address: number;
  /** Of 64 bits: what an atomic operation found. */
  readonly found: number;
  /** A bit for each register that is in its local of 32 bits just now (narrow.ts), and not in that of 64. */
  narrow = 0;
  readonly #registers: readonly number[];
  readonly #lows: number;

  /** For a function that reads the first `count` arguments. */
  constructor(count: number) {
    this.parameters = [...Array.from({ length: count }, () => type.i64), type.i32];
    this.frame = count;
    let next = count + 1;
    this.#registers = Array.from({ length: 10 }, (_, r) => (r >= 1 && r <= count ? r - 1 : next++));
    this.found = next++;
    this.locals = Array.from({ length: next - count - 1 }, () => type.i64);
    this.nextNode = next++;
    this.mayGoto = next++;
    this.address = next++;
    this.#lows = next;
    this.locals = [...this.locals, ...Array.from({ length: 13 }, () => type.i32)];
    const names = Array.from({ length: next + 10 }, () => "");
    names[this.frame] = "frame";
    this.#registers.forEach((local, r) => {
      names[local] = `r${r}`;
      names[next + r] = `w${r}`;
    });
    names[this.found] = "found";
    names[this.nextNode] = "next";
    names[this.mayGoto] = "may_goto";
    names[this.address] = "address";
    this.names = names;
  }

  /** The 64 bits of a register. */
  read(register: number): Code {
    if (this.isNarrow(register)) return i64.fromU(get(this.#lows + register));
    if (register !== 10) return get(this.#registers[register]);
    const top = i32.add(get(this.frame), i32.const(STACK_BYTES));
    return i64.or(i64.fromU(top), i64.const(BigInt(POINTER_HIGH) << 32n));
  }

  /** The low half of a register. */
  low(register: number): Code {
    if (this.isNarrow(register)) return get(this.#lows + register);
    return register === 10 ? i32.add(get(this.frame), i32.const(STACK_BYTES)) : i32.wrap(this.read(register));
  }

  isNarrow(register: number): boolean {
    return ((this.narrow >> register) & 1) !== 0;
  }

  write(register: number, value: Code): Code {
    return set(this.#registers[register], value);
  }

  /** Writes a number of 32 bits; the register is narrow then. */
  writeLow(register: number, value: Code): Code {
    return set(this.#lows + register, value);
  }

  /** Puts the registers in `bits`, which are narrow, into their locals of 64 bits. */
  widen(bits: number): Code {
    const code: Code[] = [];
    for (let r = 0; r < 10; r++) if (((bits >> r) & 1) !== 0) code.push(this.write(r, this.read(r)));
    return code;
  }
}
