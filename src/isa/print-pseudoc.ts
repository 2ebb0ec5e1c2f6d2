// The pseudo-C styles: LLVM's and that of the kernel's log, which differ in details only.
import { type AluRow, alu } from "./alu.ts";
import { type AtomicRow, atomic } from "./atomic.ts";
import type { AccessSize, Insn, Operand, Width } from "./insn.ts";
import { type JumpRow, jump } from "./jump.ts";
import { dataLine, type Names, signed, wideValue, writable } from "./print-parts.ts";

export interface PseudoCOptions {
  readonly names?: Names;
  readonly pc?: number;
  readonly alu32?: boolean;
}

export class PseudoC {
  private readonly names: Names;
  private readonly pc: number | undefined;
  private readonly alu32: boolean;
  private readonly kernel: boolean;

  constructor(options: PseudoCOptions, kernel: boolean) {
    this.names = options.names ?? {};
    this.pc = options.pc;
    this.alu32 = options.alu32 ?? false;
    this.kernel = kernel;
  }

  text(insn: Insn): string {
    switch (insn.kind) {
      case "alu": {
        const row: AluRow = alu[insn.op];
        return `${reg(insn.width, insn.dst)} ${row.symbol} ${this.operand(insn.src, insn.width)}`;
      }
      case "neg":
        return `${reg(insn.width, insn.dst)} = -${reg(insn.width, insn.dst)}`;
      case "movsx":
        return `${reg(insn.width, insn.dst)} = (s${insn.from})${reg(insn.width, insn.src)}`;
      case "swap":
        return `r${insn.dst} = ${insn.op}${insn.size} r${insn.dst}`;
      case "addrSpaceCast":
        return `r${insn.dst} = addr_space_cast(r${insn.src}, ${insn.to}, ${insn.from})`;
      case "load":
        return `${this.view(insn.dst, insn.size, insn.signed)} = *${type(insn.size, insn.signed)}${this.memory(insn)}`;
      case "store":
        return `*${type(insn.size)}${this.memory(insn)} = ${
          insn.src.kind === "imm" ? insn.src.value : this.view(insn.src.reg, insn.size)
        }`;
      case "atomic":
        return this.atomic(insn);
      case "loadAcquire":
        return `${this.narrow(insn.dst, insn.size)} = load_acquire(${type(insn.size)}${this.memory(insn)})`;
      case "storeRelease":
        return `store_release(${type(insn.size)}${this.memory(insn)}, ${this.narrow(insn.src, insn.size)})`;
      case "packet":
        return `r0 = *${type(insn.size)}skb[${this.packetOffset(insn.src, insn.imm)}]`;
      case "imm64":
        return this.wide(insn);
      case "jump": {
        const row: JumpRow = jump[insn.op];
        const right =
          this.kernel && insn.src.kind === "imm"
            ? `0x${(insn.src.value >>> 0).toString(16)}`
            : this.operand(insn.src, insn.width);
        return `if ${reg(insn.width, insn.dst)} ${row.symbol} ${right} goto ${this.target(insn.off)}`;
      }
      case "goto":
        return `${insn.long ? "gotol" : "goto"} ${this.target(insn.off)}`;
      case "mayGoto":
        return `may_goto ${this.target(insn.off)}`;
      case "callHelper": {
        const name = this.names.helper?.(insn.id);
        if (this.kernel) return `call ${name ?? (insn.id === 0 ? "bpf_unspec" : "unknown")}#${insn.id}`;
        // A sign would look like a distance.
        return `call ${name ?? insn.id >>> 0}`;
      }
      case "callKfunc": {
        const name = this.names.kfunc?.(insn.index);
        if (this.kernel) return `call ${name ?? "kernel-function"}#${insn.index}`;
        return writable(name) ? `call ${name}` : dataLine(insn);
      }
      case "callLocal":
        return `call ${this.label(insn.off) ?? `pc${signed(insn.off)}`}`;
      case "callx":
        return `callx r${insn.reg}`;
      case "exit":
        return "exit";
      case "invalid":
        return this.kernel ? `BUG_${insn.raw.code.toString(16).padStart(2, "0")}` : dataLine(insn);
    }
  }

  private operand(src: Operand, width: Width): string {
    return src.kind === "reg" ? reg(width, src.reg) : String(src.value);
  }

  /** The kernel prints plain memory accesses with `r` registers always. */
  private view(register: number, size: AccessSize, signedLoad = false): string {
    return this.alu32 && !this.kernel && size < 8 && !signedLoad ? `w${register}` : `r${register}`;
  }

  private narrow(register: number, size: AccessSize): string {
    return size < 8 && !this.kernel ? `w${register}` : `r${register}`;
  }

  private memory({ base, off }: { readonly base: number; readonly off: number }): string {
    return this.kernel ? `(r${base} ${signed(off)})` : `(r${base} ${off < 0 ? "-" : "+"} ${Math.abs(off)})`;
  }

  private packetOffset(src: number | null, imm: number): string {
    if (src === null) return String(imm);
    if (imm === 0 && !this.kernel) return `r${src}`;
    return imm < 0 && !this.kernel ? `r${src} - ${-imm}` : `r${src} + ${imm}`;
  }

  private atomic(insn: Extract<Insn, { kind: "atomic" }>): string {
    const row: AtomicRow = atomic[insn.op];
    const at = this.memory(insn);
    const src = this.narrow(insn.src, insn.size);
    if (!insn.fetch) return `lock *${type(insn.size)}${at} ${row.symbol} ${src}`;
    const wide = insn.size === 8;
    const compare = insn.op === "cmpxchg";
    const dst = compare ? this.narrow(0, insn.size) : src;
    const operands = compare ? `${dst}, ${src}` : src;
    if (this.kernel || row.fetch === "optional") {
      const prefix = this.kernel && wide ? "atomic64_" : "atomic_";
      const name = row.fetch === "optional" ? `fetch_${row.mnemonic}` : row.mnemonic;
      return `${dst} = ${prefix}${name}(${type(insn.size)}${at}, ${operands})`;
    }
    return `${dst} = ${row.mnemonic}${wide ? "_64" : "32_32"}${at.slice(0, -1)}, ${operands})`;
  }

  private wide(insn: Extract<Insn, { kind: "imm64" }>): string {
    const dst = `r${insn.dst}`;
    const end = this.kernel ? "" : " ll";
    const value = wideValue(insn.low, insn.high);
    const number = this.kernel ? `0x${BigInt.asUintN(64, value).toString(16)}` : String(value);
    if (insn.what === "func") {
      const name = this.label(insn.low);
      if (name !== undefined) return `${dst} = ${name} ll`;
      return this.kernel ? `${dst} = ${number}` : dataLine(insn);
    }
    const name = insn.what === "mapFd" || insn.what === "mapValue" ? this.names.map?.(insn.low) : undefined;
    if (insn.what === "value") return `${dst} = ${number}${end}`;
    if (!writable(name)) return this.kernel ? `${dst} = ${number}` : dataLine(insn);
    if (insn.what === "mapValue") return `${dst} = map_value[${name}]${insn.high ? ` + ${insn.high >>> 0}` : ""}${end}`;
    return this.kernel ? `${dst} = map[${name}]` : `${dst} = ${name} ll`;
  }

  private target(off: number): string {
    if (this.kernel) return `pc${signed(off)}`;
    return this.label(off) ?? signed(off);
  }

  private label(off: number): string | undefined {
    if (this.pc === undefined || this.kernel) return undefined;
    const name = this.names.label?.(this.pc + 1 + off);
    return writable(name) ? name : undefined;
  }
}

function reg(width: Width, register: number): string {
  return `${width === 64 ? "r" : "w"}${register}`;
}

function type(size: AccessSize, signedLoad = false): string {
  return `(${signedLoad ? "s" : "u"}${size * 8} *)`;
}
