// The numbers of the instruction format (RFC 9669 §3, §4.1, §5.1), apart because the
// encoder and the decoder must agree on them and nobody else needs them.
//
//   byte 0   opcode: for arithmetic and jumps  code(4) source(1) class(3)
//                    for loads and stores      mode(3) size(2)   class(3)
//   byte 1   src(4) dst(4) in little-endian programs; dst(4) src(4) in big-endian ones
//   2..3     off, signed      4..7     imm, signed
import type { AccessSize, WideKind } from "./insn.ts";

export const LD = 0x00;
export const LDX = 0x01;
export const ST = 0x02;
export const STX = 0x03;
export const ALU = 0x04;
export const JMP = 0x05;
export const JMP32 = 0x06;
export const ALU64 = 0x07;

/** The source bit: the operand is a register. */
export const X = 0x08;

export const IMM = 0x00;
export const ABS = 0x20;
export const IND = 0x40;
export const MEM = 0x60;
export const MEMSX = 0x80;
export const ATOMIC = 0xc0;

export const NEG = 0x80;
export const END = 0xd0;
export const JA = 0x00;
export const CALL = 0x80;
export const EXIT = 0x90;
/** Linux 6.9: a jump that is bounded by the kernel's count, not by the program's. */
export const JCOND = 0xe0;

export const LD_IMM64 = 0x18;
/** LLVM's callx. Linux has no such opcode; RFC 9669 reserves the number. */
export const CALLX = 0x8d;

/** The source field of a call. */
export const CALL_HELPER = 0;
export const CALL_LOCAL = 1;
export const CALL_KFUNC = 2;

/** The off field of a 64-bit register move that casts between address spaces. */
export const ADDR_SPACE_CAST = 1;

export const sizeBits: Readonly<Record<AccessSize, number>> = { 4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18 };
export const sizes: readonly AccessSize[] = [4, 2, 1, 8];

/** The source field of LD_IMM64, in order (kernel: 0 and BPF_PSEUDO_*). */
export const wideKinds: readonly WideKind[] = ["value", "mapFd", "mapValue", "btfId", "func", "mapIdx", "mapIdxValue"];

/** Whether the name of the object is in the low immediate and an offset into it in the high one. */
export const wideHasOffset: Readonly<Record<WideKind, boolean>> = {
  value: true,
  mapFd: false,
  mapValue: true,
  btfId: true,
  func: false,
  mapIdx: false,
  mapIdxValue: true,
};
