// The C style: the macros of the kernel's include/linux/filter.h, for tests written in C.
import type { AluOp } from "./alu.ts";
import type { AtomicOp } from "./atomic.ts";
import { rawOf } from "./encode.ts";
import type { AccessSize, Insn } from "./insn.ts";
import type { JumpOp } from "./jump.ts";
import { type Names, wideValue } from "./print-parts.ts";

const sizeNames: Readonly<Record<AccessSize, string>> = { 1: "BPF_B", 2: "BPF_H", 4: "BPF_W", 8: "BPF_DW" };

/** The macro's operation and, for the signed forms, the offset field that selects them. */
const aluNames: Readonly<Record<AluOp, readonly [name: string, off: 0 | 1]>> = {
  add: ["BPF_ADD", 0],
  sub: ["BPF_SUB", 0],
  mul: ["BPF_MUL", 0],
  div: ["BPF_DIV", 0],
  sdiv: ["BPF_DIV", 1],
  or: ["BPF_OR", 0],
  and: ["BPF_AND", 0],
  lsh: ["BPF_LSH", 0],
  rsh: ["BPF_RSH", 0],
  mod: ["BPF_MOD", 0],
  smod: ["BPF_MOD", 1],
  xor: ["BPF_XOR", 0],
  mov: ["BPF_MOV", 0],
  arsh: ["BPF_ARSH", 0],
};

const r = (register: number) => `BPF_REG_${register}`;
const jumpName = (op: JumpOp) => `BPF_${op.toUpperCase()}`;
const atomicName = (op: AtomicOp) => `BPF_${op.toUpperCase()}`;

export function printMacro(insn: Insn, names: Names): string {
  switch (insn.kind) {
    case "alu": {
      const [op, off] = aluNames[insn.op];
      const [form, src] = insn.src.kind === "reg" ? ["REG", r(insn.src.reg)] : ["IMM", String(insn.src.value)];
      if (insn.op === "mov") return `BPF_MOV${insn.width}_${form}(${r(insn.dst)}, ${src})`;
      return off === 0
        ? `BPF_ALU${insn.width}_${form}(${op}, ${r(insn.dst)}, ${src})`
        : `BPF_ALU${insn.width}_${form}_OFF(${op}, ${r(insn.dst)}, ${src}, ${off})`;
    }
    case "neg":
      return `BPF_ALU${insn.width}_IMM(BPF_NEG, ${r(insn.dst)}, 0)`;
    case "movsx":
      return `BPF_MOVSX${insn.width}_REG(${r(insn.dst)}, ${r(insn.src)}, ${insn.from})`;
    case "swap":
      return insn.op === "bswap"
        ? `BPF_BSWAP(${r(insn.dst)}, ${insn.size})`
        : `BPF_ENDIAN(BPF_TO_${insn.op.toUpperCase()}, ${r(insn.dst)}, ${insn.size})`;
    case "load":
      return `BPF_LDX_MEM${insn.signed ? "SX" : ""}(${sizeNames[insn.size]}, ${r(insn.dst)}, ${r(insn.base)}, ${insn.off})`;
    case "store":
      return insn.src.kind === "reg"
        ? `BPF_STX_MEM(${sizeNames[insn.size]}, ${r(insn.base)}, ${r(insn.src.reg)}, ${insn.off})`
        : `BPF_ST_MEM(${sizeNames[insn.size]}, ${r(insn.base)}, ${insn.off}, ${insn.src.value})`;
    case "atomic": {
      const always = insn.op === "xchg" || insn.op === "cmpxchg";
      return atomicOp(
        insn,
        `${atomicName(insn.op)}${insn.fetch && !always ? " | BPF_FETCH" : ""}`,
        insn.base,
        insn.src,
      );
    }
    case "loadAcquire":
      return atomicOp(insn, "BPF_LOAD_ACQ", insn.dst, insn.base);
    case "storeRelease":
      return atomicOp(insn, "BPF_STORE_REL", insn.base, insn.src);
    case "packet":
      return insn.src === null
        ? `BPF_LD_ABS(${sizeNames[insn.size]}, ${insn.imm})`
        : `BPF_LD_IND(${sizeNames[insn.size]}, ${r(insn.src)}, ${insn.imm})`;
    case "imm64":
      return wide(insn, names);
    case "jump": {
      const width = insn.width === 32 ? "JMP32" : "JMP";
      const [form, src] = insn.src.kind === "reg" ? ["REG", r(insn.src.reg)] : ["IMM", String(insn.src.value)];
      return `BPF_${width}_${form}(${jumpName(insn.op)}, ${r(insn.dst)}, ${src}, ${insn.off})`;
    }
    case "goto":
      return insn.long ? `BPF_JMP32_A(${insn.off})` : `BPF_JMP_A(${insn.off})`;
    case "callHelper":
      return `BPF_RAW_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, ${names.helper?.(insn.id)?.replace(/^bpf_/, "BPF_FUNC_") ?? insn.id})`;
    case "callKfunc":
      return `BPF_CALL_KFUNC(${insn.btfFd}, ${names.kfunc?.(insn.index) ?? insn.index})`;
    case "callLocal":
      return `BPF_CALL_REL(${insn.off})`;
    case "exit":
      return "BPF_EXIT_INSN()";
    case "addrSpaceCast":
    case "mayGoto":
    case "callx":
    case "invalid":
      return raw(insn);
  }
}

function atomicOp(
  { size, off }: { readonly size: AccessSize; readonly off: number },
  op: string,
  dst: number,
  src: number,
): string {
  return `BPF_ATOMIC_OP(${sizeNames[size]}, ${op}, ${r(dst)}, ${r(src)}, ${off})`;
}

function wide(insn: Extract<Insn, { kind: "imm64" }>, names: Names): string {
  const map = names.map?.(insn.low) ?? String(insn.low);
  switch (insn.what) {
    case "value":
      return `BPF_LD_IMM64(${r(insn.dst)}, 0x${BigInt.asUintN(64, wideValue(insn.low, insn.high)).toString(16)}ULL)`;
    case "mapFd":
      return `BPF_LD_MAP_FD(${r(insn.dst)}, ${map})`;
    case "mapValue":
      return `BPF_LD_MAP_VALUE(${r(insn.dst)}, ${map}, ${insn.high})`;
    default: {
      const second = `BPF_RAW_INSN(0, 0, 0, 0, ${insn.high})`;
      return `${raw(insn)}, ${second}`;
    }
  }
}

function raw(insn: Insn): string {
  const { code, dst, src, off, imm } = rawOf(insn);
  return `BPF_RAW_INSN(0x${code.toString(16).padStart(2, "0")}, ${dst}, ${src}, ${off}, ${imm})`;
}
