// A reference for programs of arithmetic, jumps and the stack: the bigint meaning of each instruction from isa/, and nothing
// else. What it does not know is an error, so that nothing goes unchecked unnoticed.
import { evalAlu, evalMovsx, evalNeg, evalSwap } from "../../src/isa/alu.ts";
import { evalAtomic } from "../../src/isa/atomic.ts";
import type { Operand } from "../../src/isa/insn.ts";
import { evalJump } from "../../src/isa/jump.ts";
import type { Program } from "../../src/isa/program.ts";

interface Frame {
  readonly registers: bigint[];
  readonly stack: DataView;
  readonly returnTo: number;
}

const MOST = 200_000;

/** What the program returns; undefined when it goes on for too long. */
export function reference({ insns }: Program): bigint | undefined {
  let regs: bigint[] = Array.from({ length: 11 }, () => 0n);
  let stack: DataView = new DataView(new ArrayBuffer(512));
  const frames: Frame[] = [];
  const operand = (src: Operand): bigint =>
    src.kind === "imm" ? BigInt.asUintN(64, BigInt(src.value)) : (regs[src.reg] ?? 0n);
  const get = (off: number, size: number): bigint => {
    const wide = new DataView(new ArrayBuffer(8));
    for (let at = 0; at < size; at++) wide.setUint8(at, stack.getUint8(512 + off + at));
    return wide.getBigUint64(0, true);
  };
  const put = (off: number, size: number, value: bigint): void => {
    for (let at = 0; at < size; at++) stack.setUint8(512 + off + at, Number((value >> BigInt(8 * at)) & 0xffn));
  };
  for (let pc = 0, steps = 0; steps < MOST; steps++) {
    const insn = insns[pc++];
    if (insn === null || insn === undefined) throw new Error(`nothing stands at ${pc - 1}`);
    if ("base" in insn && insn.base !== 10) throw new Error(`the reference has no memory but the stack, at ${pc - 1}`);
    switch (insn.kind) {
      case "alu":
        regs[insn.dst] = evalAlu(insn.op, insn.width, regs[insn.dst], operand(insn.src));
        break;
      case "neg":
        regs[insn.dst] = evalNeg(insn.width, regs[insn.dst]);
        break;
      case "movsx":
        regs[insn.dst] = evalMovsx(insn.width, insn.from, regs[insn.src]);
        break;
      case "swap":
        regs[insn.dst] = evalSwap(insn.op, insn.size, regs[insn.dst]);
        break;
      case "imm64":
        if (insn.what !== "value") throw new Error(`the reference has no ${insn.what}`);
        regs[insn.dst] = (BigInt(insn.high >>> 0) << 32n) | BigInt(insn.low >>> 0);
        pc++;
        break;
      case "load": {
        const value = get(insn.off, insn.size);
        regs[insn.dst] = insn.signed ? BigInt.asUintN(64, BigInt.asIntN(insn.size * 8, value)) : value;
        break;
      }
      case "store":
        put(insn.off, insn.size, operand(insn.src));
        break;
      case "atomic": {
        const { op, off, size, src, fetch } = insn;
        const found = get(off, size);
        put(off, size, evalAtomic(op, size, found, regs[src], regs[0]));
        if (fetch) regs[op === "cmpxchg" ? 0 : src] = found;
        break;
      }
      case "jump":
        if (evalJump(insn.op, insn.width, regs[insn.dst], operand(insn.src))) pc += insn.off;
        break;
      case "goto":
        pc += insn.off;
        break;
      // Its budget is greater than the steps that are followed here.
      case "mayGoto":
        break;
      case "callLocal":
        frames.push({ registers: regs, stack, returnTo: pc });
        regs = [...regs];
        stack = new DataView(new ArrayBuffer(512));
        pc += insn.off;
        break;
      case "exit": {
        const frame = frames.pop();
        if (frame === undefined) return regs[0];
        const [r0] = regs;
        regs = frame.registers;
        regs[0] = r0;
        stack = frame.stack;
        pc = frame.returnTo;
        break;
      }
      default:
        throw new Error(`the reference does not know ${insn.kind}`);
    }
  }
  return undefined;
}
