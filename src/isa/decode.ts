// Bytes to instructions, strictly: an opcode that does not exist or a field that must be
// zero and is not gives an `invalid` instruction, with the words Linux refuses it with.
import { type AluOp, type AluRow, alu, aluOps } from "./alu.ts";
import { type AtomicOp, type AtomicRow, atomic, atomicOps, FETCH, LOAD_ACQUIRE, STORE_RELEASE } from "./atomic.ts";
import type { ByteOrder } from "./encode.ts";
import * as e from "./encoding.ts";
import type { AccessSize, Insn, Operand, RawInsn, Width } from "./insn.ts";
import { type JumpOp, type JumpRow, jump, jumpOps } from "./jump.ts";

const aluByCode = new Map<number, AluOp>(
  aluOps.map((op) => {
    const row: AluRow = alu[op];
    return [row.code | (row.off << 8), op];
  }),
);
const jumpByCode = new Map<number, JumpOp>(
  jumpOps.map((op) => {
    const row: JumpRow = jump[op];
    return [row.code, op];
  }),
);
const atomicByImm = new Map<number, AtomicOp>(
  atomicOps.map((op) => {
    const row: AtomicRow = atomic[op];
    return [row.imm, op];
  }),
);

export function readRaw(view: DataView, at: number, order: ByteOrder): RawInsn {
  const little = order === "little";
  const registers = view.getUint8(at + 1);
  const [high, low] = [registers >> 4, registers & 15];
  return {
    code: view.getUint8(at),
    dst: little ? low : high,
    src: little ? high : low,
    off: view.getInt16(at + 2, little),
    imm: view.getInt32(at + 4, little),
  };
}

function invalid(raw: RawInsn, reason: string): Insn {
  return { kind: "invalid", raw, reason };
}

function unknown(raw: RawInsn): Insn {
  return invalid(raw, `unknown opcode ${raw.code.toString(16).padStart(2, "0")}`);
}

/** The instruction in a slot. `second` is the slot after it, where there is one. */
export function decodeOne(raw: RawInsn, second: RawInsn | undefined): Insn {
  const insn = decodeClass(raw, second);
  if (insn.kind === "invalid") return insn;
  if (raw.dst > 10) return invalid(raw, `R${raw.dst} is invalid`);
  // The source field of a call, a may_goto and an LD_IMM64 is no register.
  if (raw.src > 10) return invalid(raw, `R${raw.src} is invalid`);
  return insn;
}

function decodeClass(raw: RawInsn, second: RawInsn | undefined): Insn {
  switch (raw.code & 7) {
    case e.ALU:
      return decodeAlu(raw, 32);
    case e.ALU64:
      return decodeAlu(raw, 64);
    case e.JMP:
      return decodeJump(raw, 64);
    case e.JMP32:
      return decodeJump(raw, 32);
    case e.LD:
      return decodeLd(raw, second);
    case e.LDX:
      return decodeLdx(raw);
    case e.ST:
      return decodeSt(raw);
    default:
      return decodeStx(raw);
  }
}

function operandOf(raw: RawInsn): Operand {
  return raw.code & e.X ? { kind: "reg", reg: raw.src } : { kind: "imm", value: raw.imm };
}

/** Of the source register and the immediate, the one that the opcode does not use. */
function unusedOperand(raw: RawInsn): number {
  return raw.code & e.X ? raw.imm : raw.src;
}

function decodeAlu(raw: RawInsn, width: Width): Insn {
  const code = raw.code & 0xf0;
  if (code === e.NEG) {
    if (raw.code & e.X) return unknown(raw);
    if (raw.src !== 0 || raw.off !== 0 || raw.imm !== 0) return invalid(raw, "BPF_NEG uses reserved fields");
    return { kind: "neg", width, dst: raw.dst };
  }
  if (code === e.END) return decodeSwap(raw, width);
  if (code === 0xb0) return decodeMov(raw, width);
  const name = aluByCode.get(code >> 4);
  if (name === undefined) return unknown(raw);
  const op = raw.off === 0 ? name : aluByCode.get((code >> 4) | (raw.off << 8));
  if (op === undefined || unusedOperand(raw) !== 0) return invalid(raw, "BPF_ALU uses reserved fields");
  return { kind: "alu", op, width, dst: raw.dst, src: operandOf(raw) };
}

function decodeSwap(raw: RawInsn, width: Width): Insn {
  if (width === 64 && raw.code & e.X) return unknown(raw);
  const size = raw.imm;
  if ((size !== 16 && size !== 32 && size !== 64) || raw.src !== 0 || raw.off !== 0) {
    return invalid(raw, "BPF_END uses reserved fields");
  }
  const op = width === 64 ? "bswap" : raw.code & e.X ? "be" : "le";
  return { kind: "swap", op, size, dst: raw.dst };
}

function decodeMov(raw: RawInsn, width: Width): Insn {
  const reserved = invalid(raw, "BPF_MOV uses reserved fields");
  const { dst, src, off, imm } = raw;
  if (!(raw.code & e.X)) {
    return src !== 0 || off !== 0 ? reserved : { kind: "alu", op: "mov", width, dst, src: operandOf(raw) };
  }
  if (width === 64 && off === e.ADDR_SPACE_CAST) {
    return { kind: "addrSpaceCast", dst, src, to: imm >>> 16, from: imm & 0xffff };
  }
  if (imm !== 0) return reserved;
  if (off === 0) return { kind: "alu", op: "mov", width, dst, src: operandOf(raw) };
  if (off === 8 || off === 16 || (off === 32 && width === 64)) return { kind: "movsx", width, from: off, dst, src };
  return reserved;
}

function decodeJump(raw: RawInsn, width: Width): Insn {
  const code = raw.code & 0xf0;
  if (raw.code === (e.JMP | e.JA) || raw.code === (e.JMP32 | e.JA)) {
    const long = width === 32;
    if (raw.dst !== 0 || raw.src !== 0 || (long ? raw.off : raw.imm) !== 0) {
      return invalid(raw, "BPF_JA uses reserved fields");
    }
    return { kind: "goto", long, off: long ? raw.imm : raw.off };
  }
  if (raw.code === (e.JMP | e.CALL)) return decodeCall(raw);
  if (raw.code === e.CALLX) {
    const clean = raw.src === 0 && raw.off === 0 && raw.imm === 0;
    return clean ? { kind: "callx", reg: raw.dst } : invalid(raw, "BPF_CALL uses reserved fields");
  }
  if (raw.code === (e.JMP | e.EXIT)) {
    const clean = raw.dst === 0 && raw.src === 0 && raw.off === 0 && raw.imm === 0;
    return clean ? { kind: "exit" } : invalid(raw, "BPF_EXIT uses reserved fields");
  }
  if (raw.code === (e.JMP | e.JCOND)) {
    const clean = raw.dst === 0 && raw.src === 0 && raw.imm === 0;
    return clean ? { kind: "mayGoto", off: raw.off } : invalid(raw, `invalid may_goto imm ${raw.imm}`);
  }
  const op = jumpByCode.get(code >> 4);
  if (op === undefined) return unknown(raw);
  if (unusedOperand(raw) !== 0) return invalid(raw, "BPF_JMP/JMP32 uses reserved fields");
  return { kind: "jump", op, width, dst: raw.dst, src: operandOf(raw), off: raw.off };
}

function decodeCall(raw: RawInsn): Insn {
  if (raw.dst !== 0 || (raw.off !== 0 && raw.src !== e.CALL_KFUNC)) {
    return invalid(raw, "BPF_CALL uses reserved fields");
  }
  if (raw.src === e.CALL_HELPER) return { kind: "callHelper", id: raw.imm };
  if (raw.src === e.CALL_LOCAL) return { kind: "callLocal", off: raw.imm };
  if (raw.src === e.CALL_KFUNC) return { kind: "callKfunc", index: raw.imm, btfFd: raw.off };
  return invalid(raw, "BPF_CALL uses reserved fields");
}

function decodeLd(raw: RawInsn, second: RawInsn | undefined): Insn {
  if (raw.code === e.LD_IMM64) return decodeWide(raw, second);
  const mode = raw.code & 0xe0;
  const size = sizeOf(raw);
  if ((mode !== e.ABS && mode !== e.IND) || size === 8) return unknown(raw);
  if (raw.dst !== 0 || raw.off !== 0 || (mode === e.ABS && raw.src !== 0)) {
    return invalid(raw, "BPF_LD_[ABS|IND] uses reserved fields");
  }
  return { kind: "packet", size, src: mode === e.IND ? raw.src : null, imm: raw.imm };
}

function decodeWide(raw: RawInsn, second: RawInsn | undefined): Insn {
  if (second === undefined || second.code !== 0 || second.dst !== 0 || second.src !== 0 || second.off !== 0) {
    return invalid(raw, "invalid bpf_ld_imm64 insn");
  }
  if (raw.off !== 0) return invalid(raw, "BPF_LD_IMM64 uses reserved fields");
  const what = e.wideKinds[raw.src];
  if (what === undefined || (!e.wideHasOffset[what] && second.imm !== 0)) {
    return invalid(raw, "unrecognized bpf_ld_imm64 insn");
  }
  return { kind: "imm64", what, dst: raw.dst, low: raw.imm, high: second.imm };
}

function sizeOf(raw: RawInsn): AccessSize {
  return e.sizes[(raw.code >> 3) & 3] ?? 8;
}

function decodeLdx(raw: RawInsn): Insn {
  const mode = raw.code & 0xe0;
  const size = sizeOf(raw);
  if (mode !== e.MEM && (mode !== e.MEMSX || size === 8)) return unknown(raw);
  if (raw.imm !== 0) return invalid(raw, "BPF_LDX uses reserved fields");
  return { kind: "load", size, signed: mode === e.MEMSX, dst: raw.dst, base: raw.src, off: raw.off };
}

function decodeSt(raw: RawInsn): Insn {
  if ((raw.code & 0xe0) !== e.MEM) return unknown(raw);
  if (raw.src !== 0) return invalid(raw, "BPF_ST uses reserved fields");
  return { kind: "store", size: sizeOf(raw), base: raw.dst, off: raw.off, src: { kind: "imm", value: raw.imm } };
}

function decodeStx(raw: RawInsn): Insn {
  const mode = raw.code & 0xe0;
  const size = sizeOf(raw);
  const { dst, src, off, imm } = raw;
  if (mode === e.MEM) {
    if (imm !== 0) return invalid(raw, "BPF_STX uses reserved fields");
    return { kind: "store", size, base: dst, off, src: { kind: "reg", reg: src } };
  }
  if (mode !== e.ATOMIC) return unknown(raw);
  if (imm === LOAD_ACQUIRE) return { kind: "loadAcquire", size, dst, base: src, off };
  if (imm === STORE_RELEASE) return { kind: "storeRelease", size, base: dst, off, src };
  const fetch = (imm & FETCH) !== 0;
  const op = imm < 0 || imm > 0xff ? undefined : atomicByImm.get(imm & ~FETCH);
  const row: AtomicRow | undefined = op && atomic[op];
  if (op === undefined || row === undefined || (row.fetch === "always" && !fetch)) {
    return invalid(raw, `BPF_ATOMIC uses invalid atomic opcode ${(imm >>> 0).toString(16).padStart(2, "0")}`);
  }
  if (size !== 4 && size !== 8) return invalid(raw, "invalid atomic operand size");
  return { kind: "atomic", op, fetch, size, base: dst, off, src };
}

/** All slots of a program; a trailing part shorter than a slot is left out. */
export function decodeAll(bytes: Uint8Array, order: ByteOrder = "little"): (Insn | null)[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = Math.floor(bytes.length / 8);
  const insns: (Insn | null)[] = [];
  for (let pc = 0; pc < count; pc++) {
    const second = pc + 1 < count ? readRaw(view, pc * 8 + 8, order) : undefined;
    const insn = decodeOne(readRaw(view, pc * 8, order), second);
    insns.push(insn);
    if (insn.kind === "imm64") {
      insns.push(null);
      pc++;
    }
  }
  return insns;
}

/** The instruction at the start of `bytes`. */
export function decode(bytes: Uint8Array, order: ByteOrder = "little"): Insn | undefined {
  return decodeAll(bytes.subarray(0, 16), order)[0] ?? undefined;
}
