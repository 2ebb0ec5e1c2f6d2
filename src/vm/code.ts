// A program made ready to run: eight int32 words an instruction, one dense operation number for each form, so that the
// fast loop is a single jump table and decodes nothing.
import { aluOps } from "../isa/alu.ts";
import { atomicOps } from "../isa/atomic.ts";
import type { AccessSize, Insn, Operand } from "../isa/insn.ts";
import { jumpOps } from "../isa/jump.ts";
import type { Program } from "../isa/program.ts";

/**
 * Words of one instruction: operation, dst, src, offset or target, immediate low and high, and two
 * for whatever the operation needs. */
export const INSN_WORDS = 8;
/** Words of one register: low, high, and its provenance (see registers.ts). dst and src are kept multiplied by it. */
export const REG_WORDS = 8;

const ALU_COUNT = aluOps.length;
const JUMP_COUNT = jumpOps.length;

/**
 * The operation numbers. Arithmetic and jumps are four runs each, in the order of the tables in isa/:
 * 64-bit immediate, 64-bit register, 32-bit immediate, 32-bit register.
 */
export const operation = {
  alu: 0,
  jump: 4 * ALU_COUNT,
  goto: 100,
  mayGoto: 101,
  exit: 102,
  callLocal: 103,
  callHelper: 104,
  callKfunc: 105,
  callx: 106,
  value: 107,
  pointer: 108,
  neg64: 109,
  neg32: 110,
  /** 64-bit from 8, 16, 32; then 32-bit from 8, 16. */
  movsx: 111,
  /** le 16, 32, 64; then reversed 16, 32, 64. */
  swap: 116,
  addrSpaceCast: 122,
  /** Unsigned 1, 2, 4, 8; then signed 1, 2, 4. */
  load: 123,
  storeImm: 130,
  storeReg: 134,
  atomic: 138,
  loadAcquire: 139,
  storeRelease: 140,
  packet: 141,
  invalid: 142,
  /** Past the last instruction, or a jump that leaves the program. */
  outside: 143,
  /** The second half of an LD_IMM64. */
  middle: 144,
  /** Aligned accesses inside the frame through r10, where no instruction writes r10. */
  stackLoad: 145,
  stackStoreReg: 149,
  stackStoreImm: 153,
} as const;

/** What an LD_IMM64 of a map, a map's value or a function becomes on this machine: 64 bits and the region they point into. */
export interface Resolved {
  readonly lo: number;
  readonly hi: number;
  /** 0 for a function: no memory. */
  readonly region: number;
  readonly base: number;
  readonly limit: number;
}

export interface Code {
  readonly words: Int32Array;
  readonly program: Program;
  /** Slots of the program; word `slots * INSN_WORDS` begins the sentinel. */
  readonly slots: number;
}

const sizeIndex: Readonly<Record<AccessSize, number>> = { 1: 0, 2: 1, 4: 2, 8: 3 };

/** The program as words; `resolve` gives the addresses of what its LD_IMM64s name, or null for what this machine has not. */
export function predecode(
  program: Program,
  resolve: (insn: Extract<Insn, { kind: "imm64" }>) => Resolved | null,
): Code {
  const slots = program.insns.length;
  const words = new Int32Array((slots + 1) * INSN_WORDS);
  const put = (pc: number, op: number, dst: number, src: number, off: number, lo = 0, hi = 0, a = 0, b = 0) => {
    words.set([op, dst * REG_WORDS, src * REG_WORDS, off, lo, hi, a, b], pc * INSN_WORDS);
  };
  const target = (pc: number, off: number): number => {
    const to = pc + 1 + off;
    return (to >= 0 && to < slots ? to : slots) * INSN_WORDS;
  };
  const framePointerIsFixed = !program.insns.some(writesFramePointer);
  const fixed = (base: number, off: number, size: AccessSize): boolean =>
    framePointerIsFixed && base === 10 && off >= -512 && off <= -size && (off & (size - 1)) === 0;
  const place = (insn: Insn | null, pc: number): void => {
    if (insn === null) {
      words[pc * INSN_WORDS] = operation.middle;
      return;
    }
    switch (insn.kind) {
      case "alu": {
        const run = (insn.width === 64 ? 0 : 2) + (insn.src.kind === "imm" ? 0 : 1);
        const shift = insn.op === "lsh" || insn.op === "rsh" || insn.op === "arsh";
        const imm = immediate(insn.src) & (shift && insn.src.kind === "imm" ? insn.width - 1 : -1);
        put(pc, run * ALU_COUNT + aluOps.indexOf(insn.op), insn.dst, register(insn.src), 0, imm, imm >> 31);
        return;
      }
      case "jump": {
        const run = (insn.width === 64 ? 0 : 2) + (insn.src.kind === "imm" ? 0 : 1);
        const op = operation.jump + run * JUMP_COUNT + jumpOps.indexOf(insn.op);
        const imm = immediate(insn.src);
        put(pc, op, insn.dst, register(insn.src), target(pc, insn.off), imm, imm >> 31);
        return;
      }
      case "neg":
        put(pc, insn.width === 64 ? operation.neg64 : operation.neg32, insn.dst, 0, 0);
        return;
      case "movsx": {
        if (insn.width === 32 && insn.from === 32) {
          put(pc, 3 * ALU_COUNT + aluOps.indexOf("mov"), insn.dst, insn.src, 0);
          return;
        }
        const at = (insn.width === 64 ? 0 : 3) + (insn.from === 8 ? 0 : insn.from === 16 ? 1 : 2);
        put(pc, operation.movsx + at, insn.dst, insn.src, 0);
        return;
      }
      case "swap": {
        const at = (insn.op === "le" ? 0 : 3) + (insn.size === 16 ? 0 : insn.size === 32 ? 1 : 2);
        put(pc, operation.swap + at, insn.dst, 0, 0);
        return;
      }
      case "addrSpaceCast":
        put(pc, operation.addrSpaceCast, insn.dst, insn.src, 0, insn.to, insn.from);
        return;
      case "load":
        if (!insn.signed && fixed(insn.base, insn.off, insn.size)) {
          const mask = ((1 << insn.size) - 1) << (insn.off & 7);
          put(pc, operation.stackLoad + sizeIndex[insn.size], insn.dst, 0, insn.off, 0, 0, mask, insn.off & -8);
          return;
        }
        put(pc, operation.load + sizeIndex[insn.size] + (insn.signed ? 4 : 0), insn.dst, insn.base, insn.off);
        return;
      case "store": {
        const imm = immediate(insn.src);
        if (fixed(insn.base, insn.off, insn.size)) {
          const stack = insn.src.kind === "imm" ? operation.stackStoreImm : operation.stackStoreReg;
          const mask = ((1 << insn.size) - 1) << (insn.off & 7);
          const op = stack + sizeIndex[insn.size];
          put(pc, op, 10, register(insn.src), insn.off, imm, imm >> 31, mask, insn.off & -8);
          return;
        }
        const op = (insn.src.kind === "imm" ? operation.storeImm : operation.storeReg) + sizeIndex[insn.size];
        put(pc, op, insn.base, register(insn.src), insn.off, imm, imm >> 31);
        return;
      }
      case "atomic": {
        const index = atomicOps.indexOf(insn.op);
        put(pc, operation.atomic, insn.base, insn.src, insn.off, index, insn.size, insn.fetch ? 1 : 0);
        return;
      }
      case "loadAcquire":
        put(pc, operation.loadAcquire, insn.dst, insn.base, insn.off, insn.size);
        return;
      case "storeRelease":
        put(pc, operation.storeRelease, insn.base, insn.src, insn.off, insn.size);
        return;
      case "packet":
        put(pc, operation.packet, 0, insn.src ?? 0, 0, insn.imm, insn.size, insn.src === null ? 0 : 1);
        return;
      case "imm64": {
        if (insn.what === "value") {
          put(pc, operation.value, insn.dst, 0, 0, insn.low, insn.high);
          return;
        }
        const to = resolve(insn);
        if (to === null) {
          put(pc, operation.invalid, 0, 0, 0);
          return;
        }
        put(pc, operation.pointer, insn.dst, 0, 0, to.lo, to.hi);
        // The slot after it holds the provenance words; the object cannot go away while the program is loaded, so its
        // life is the word 0, which is always 0.
        words.set([operation.middle, 0, to.region, 0, 0, 0, to.base, to.limit], (pc + 1) * INSN_WORDS);
        return;
      }
      case "goto":
        put(pc, operation.goto, 0, 0, target(pc, insn.off));
        return;
      case "mayGoto":
        put(pc, operation.mayGoto, 0, 0, target(pc, insn.off));
        return;
      case "callHelper":
        put(pc, operation.callHelper, 0, 0, 0, insn.id);
        return;
      case "callKfunc":
        put(pc, operation.callKfunc, 0, 0, 0, insn.index);
        return;
      case "callLocal":
        put(pc, operation.callLocal, 0, 0, target(pc, insn.off));
        return;
      case "callx":
        put(pc, operation.callx, insn.reg, 0, 0);
        return;
      case "exit":
        put(pc, operation.exit, 0, 0, 0);
        return;
      case "invalid":
        put(pc, operation.invalid, 0, 0, 0);
        return;
      default:
        unreachable(insn);
    }
  };
  for (let pc = 0; pc < slots; pc++) place(program.insns[pc], pc);
  put(slots, operation.outside, 0, 0, 0);
  return { words, program, slots };
}

function writesFramePointer(insn: Insn | null): boolean {
  if (insn === null) return false;
  if (insn.kind === "atomic") return insn.fetch && insn.src === 10;
  return insn.kind !== "jump" && "dst" in insn && insn.dst === 10;
}

function immediate(src: Operand): number {
  return src.kind === "imm" ? src.value | 0 : 0;
}

function register(src: Operand): number {
  return src.kind === "reg" ? src.reg : 0;
}

function unreachable(insn: never): never {
  throw new Error(`no such instruction: ${JSON.stringify(insn)}`);
}
