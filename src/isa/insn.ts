// One decoded instruction. Registers are 0..10, offsets count instruction slots (8 bytes)
// and are relative to the next instruction, immediates are signed 32-bit numbers (RFC 9669 §3).
import type { AluOp } from "./alu.ts";
import type { AtomicOp } from "./atomic.ts";
import type { JumpOp } from "./jump.ts";
import type { Width } from "./width.ts";

export type { Width } from "./width.ts";
export type AccessSize = 1 | 2 | 4 | 8;

/** The right-hand side of an operation: a register, or an immediate (sign-extended for 64-bit operations). */
export type Operand = { readonly kind: "reg"; readonly reg: number } | { readonly kind: "imm"; readonly value: number };

/** What an LD_IMM64 loads, by its src_reg field (RFC 9669 §5.4; kernel: BPF_PSEUDO_*). */
export type WideKind = "value" | "mapFd" | "mapValue" | "btfId" | "func" | "mapIdx" | "mapIdxValue";

export type Insn =
  /** `dst = dst op src`; `mov` ignores the old dst. */
  | { readonly kind: "alu"; readonly op: AluOp; readonly width: Width; readonly dst: number; readonly src: Operand }
  | { readonly kind: "neg"; readonly width: Width; readonly dst: number }
  /** Sign-extending move from the low `from` bits of src. */
  | {
      readonly kind: "movsx";
      readonly width: Width;
      readonly from: 8 | 16 | 32;
      readonly dst: number;
      readonly src: number;
    }
  /** Byte order conversion of the low `size` bits; the rest of dst becomes 0. */
  | { readonly kind: "swap"; readonly op: "le" | "be" | "bswap"; readonly size: 16 | 32 | 64; readonly dst: number }
  | {
      readonly kind: "addrSpaceCast";
      readonly dst: number;
      readonly src: number;
      readonly to: number;
      readonly from: number;
    }
  | {
      readonly kind: "load";
      readonly size: AccessSize;
      readonly signed: boolean;
      readonly dst: number;
      readonly base: number;
      readonly off: number;
    }
  | {
      readonly kind: "store";
      readonly size: AccessSize;
      readonly base: number;
      readonly off: number;
      readonly src: Operand;
    }
  /** Read-modify-write of 4 or 8 bytes at base+off. With `fetch`, src gets the old value (cmpxchg: r0 does). */
  | {
      readonly kind: "atomic";
      readonly op: AtomicOp;
      readonly fetch: boolean;
      readonly size: 4 | 8;
      readonly base: number;
      readonly off: number;
      readonly src: number;
    }
  | {
      readonly kind: "loadAcquire";
      readonly size: AccessSize;
      readonly dst: number;
      readonly base: number;
      readonly off: number;
    }
  | {
      readonly kind: "storeRelease";
      readonly size: AccessSize;
      readonly base: number;
      readonly off: number;
      readonly src: number;
    }
  /** Legacy packet load into r0, network byte order: skb[imm] or skb[src + imm]. */
  | { readonly kind: "packet"; readonly size: 1 | 2 | 4; readonly src: number | null; readonly imm: number }
  /** Two slots. `value`: the 64 bits. Otherwise the two immediates: low names the object, high is an offset in it. */
  | {
      readonly kind: "imm64";
      readonly what: WideKind;
      readonly dst: number;
      readonly low: number;
      readonly high: number;
    }
  | {
      readonly kind: "jump";
      readonly op: JumpOp;
      readonly width: Width;
      readonly dst: number;
      readonly src: Operand;
      readonly off: number;
    }
  /** `long`: gotol, a 32-bit offset in imm. */
  | { readonly kind: "goto"; readonly long: boolean; readonly off: number }
  | { readonly kind: "mayGoto"; readonly off: number }
  | { readonly kind: "callHelper"; readonly id: number }
  /** `index` names program.kfuncs; `btfFd` is the off field (0: vmlinux). */
  | { readonly kind: "callKfunc"; readonly index: number; readonly btfFd: number }
  | { readonly kind: "callLocal"; readonly off: number }
  /** LLVM's callx: calls the helper whose number is in the register. */
  | { readonly kind: "callx"; readonly reg: number }
  | { readonly kind: "exit" }
  /** Bytes that are no instruction: kept so that they can be printed, judged and refused with a place. */
  | { readonly kind: "invalid"; readonly raw: RawInsn; readonly reason: string };

/** The fields of one 8-byte slot, before anything is made of them. */
export interface RawInsn {
  readonly code: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
}

export type InsnKind = Insn["kind"];
