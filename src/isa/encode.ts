// Instructions to bytes. Total: what the type allows has an encoding.
import { type AluRow, alu } from "./alu.ts";
import { type AtomicRow, atomic, FETCH, LOAD_ACQUIRE, STORE_RELEASE } from "./atomic.ts";
import * as e from "./encoding.ts";
import type { Insn, Operand, RawInsn } from "./insn.ts";
import { type JumpRow, jump } from "./jump.ts";

export type ByteOrder = "little" | "big";

/** How many 8-byte slots the instruction takes: two for LD_IMM64, one for the rest. */
export function slots(insn: Insn): 1 | 2 {
  return insn.kind === "imm64" ? 2 : 1;
}

function fields(code: number, dst = 0, src = 0, off = 0, imm = 0): RawInsn {
  return { code, dst, src, off, imm };
}

function operand(code: number, dst: number, src: Operand, off: number): RawInsn {
  return src.kind === "reg" ? fields(code | e.X, dst, src.reg, off) : fields(code, dst, 0, off, src.value);
}

/** The fields of the first slot. */
export function rawOf(insn: Insn): RawInsn {
  switch (insn.kind) {
    case "alu": {
      const row: AluRow = alu[insn.op];
      return operand((row.code << 4) | (insn.width === 64 ? e.ALU64 : e.ALU), insn.dst, insn.src, row.off);
    }
    case "neg":
      return fields(e.NEG | (insn.width === 64 ? e.ALU64 : e.ALU), insn.dst);
    case "movsx":
      return fields(0xb0 | e.X | (insn.width === 64 ? e.ALU64 : e.ALU), insn.dst, insn.src, insn.from);
    case "swap": {
      const code = { le: e.ALU, be: e.ALU | e.X, bswap: e.ALU64 }[insn.op];
      return fields(e.END | code, insn.dst, 0, 0, insn.size);
    }
    case "addrSpaceCast":
      return fields(0xbf, insn.dst, insn.src, e.ADDR_SPACE_CAST, (insn.to << 16) | insn.from);
    case "load":
      return fields(e.LDX | (insn.signed ? e.MEMSX : e.MEM) | e.sizeBits[insn.size], insn.dst, insn.base, insn.off);
    case "store":
      return insn.src.kind === "reg"
        ? fields(e.STX | e.MEM | e.sizeBits[insn.size], insn.base, insn.src.reg, insn.off)
        : fields(e.ST | e.MEM | e.sizeBits[insn.size], insn.base, 0, insn.off, insn.src.value);
    case "atomic": {
      const row: AtomicRow = atomic[insn.op];
      const imm = row.imm | (insn.fetch ? FETCH : 0);
      return fields(e.STX | e.ATOMIC | e.sizeBits[insn.size], insn.base, insn.src, insn.off, imm);
    }
    case "loadAcquire":
      return fields(e.STX | e.ATOMIC | e.sizeBits[insn.size], insn.dst, insn.base, insn.off, LOAD_ACQUIRE);
    case "storeRelease":
      return fields(e.STX | e.ATOMIC | e.sizeBits[insn.size], insn.base, insn.src, insn.off, STORE_RELEASE);
    case "packet":
      return insn.src === null
        ? fields(e.LD | e.ABS | e.sizeBits[insn.size], 0, 0, 0, insn.imm)
        : fields(e.LD | e.IND | e.sizeBits[insn.size], 0, insn.src, 0, insn.imm);
    case "imm64":
      return fields(e.LD_IMM64, insn.dst, e.wideKinds.indexOf(insn.what), 0, insn.low);
    case "jump": {
      const row: JumpRow = jump[insn.op];
      return operand((row.code << 4) | (insn.width === 64 ? e.JMP : e.JMP32), insn.dst, insn.src, insn.off);
    }
    case "goto":
      return insn.long ? fields(e.JMP32 | e.JA, 0, 0, 0, insn.off) : fields(e.JMP | e.JA, 0, 0, insn.off);
    case "mayGoto":
      return fields(e.JMP | e.JCOND, 0, 0, insn.off);
    case "callHelper":
      return fields(e.JMP | e.CALL, 0, e.CALL_HELPER, 0, insn.id);
    case "callKfunc":
      return fields(e.JMP | e.CALL, 0, e.CALL_KFUNC, insn.btfFd, insn.index);
    case "callLocal":
      return fields(e.JMP | e.CALL, 0, e.CALL_LOCAL, 0, insn.off);
    case "callx":
      return fields(e.CALLX, insn.reg);
    case "exit":
      return fields(e.JMP | e.EXIT);
    case "invalid":
      return insn.raw;
  }
}

export function writeRaw(view: DataView, at: number, raw: RawInsn, order: ByteOrder): void {
  const little = order === "little";
  view.setUint8(at, raw.code);
  view.setUint8(at + 1, little ? (raw.src << 4) | raw.dst : (raw.dst << 4) | raw.src);
  view.setInt16(at + 2, raw.off, little);
  view.setInt32(at + 4, raw.imm, little);
}

/** The bytes of one instruction: 8, or 16 for LD_IMM64. */
export function encode(insn: Insn, order: ByteOrder = "little"): Uint8Array {
  return encodeAll(insn.kind === "imm64" ? [insn, null] : [insn], order);
}

/** The bytes of a program's slots; the `null` after an LD_IMM64 is its second slot. */
export function encodeAll(insns: readonly (Insn | null)[], order: ByteOrder = "little"): Uint8Array {
  const bytes = new Uint8Array(insns.length * 8);
  const view = new DataView(bytes.buffer);
  insns.forEach((insn, pc) => {
    if (insn === null) return;
    writeRaw(view, pc * 8, rawOf(insn), order);
    if (insn.kind === "imm64" && pc + 1 < insns.length)
      writeRaw(view, pc * 8 + 8, fields(0, 0, 0, 0, insn.high), order);
  });
  return bytes;
}
