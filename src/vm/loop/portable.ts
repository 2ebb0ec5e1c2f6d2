// The interpreter's loop without WebAssembly, for pages that forbid compiling it: registers as two halves of 32 bits, and
// what is long in halves (products and quotients of 64 bits) by the reference in isa/. It does what loop.ts does and
// leaves what that leaves; memory it reaches by the roads of slow.ts, which know every kind of it.
import { type AluOp, alu, aluOps } from "../../isa/alu.ts";
import { type JumpOp, jumpOps } from "../../isa/jump.ts";
import { INSN_WORDS, operation, REG_WORDS } from "../code.ts";
import { frameAt, popFrame, pushFrame, setNumber } from "../frames.ts";
import { type Cpu, type FastLoop, frame, RUNNING, state, word } from "../registers.ts";
import { load, store } from "../slow.ts";

type Narrow = (a: number, b: number) => number;
/** Changes the pair at `d`, whose other operand is `lo` and `hi`. */
type Wide = (R: Int32Array, d: number, lo: number, hi: number) => void;

const long = (lo: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);

function byReference(op: AluOp): Wide {
  const { eval: value } = alu[op];
  return (R, d, lo, hi) => {
    const result = BigInt.asUintN(64, value(long(R[d], R[d + 1]), long(lo, hi), 64));
    R[d] = Number(result & 0xffffffffn);
    R[d + 1] = Number(result >> 32n);
  };
}

const alu64: Readonly<Record<AluOp, Wide>> = {
  add: (R, d, lo, hi) => {
    const sum = (R[d] + lo) | 0;
    R[d + 1] += hi + (sum >>> 0 < lo >>> 0 ? 1 : 0);
    R[d] = sum;
  },
  sub: (R, d, lo, hi) => {
    const borrow = R[d] >>> 0 < lo >>> 0 ? 1 : 0;
    R[d] -= lo;
    R[d + 1] -= hi + borrow;
  },
  mul: byReference("mul"),
  div: byReference("div"),
  sdiv: byReference("sdiv"),
  or: (R, d, lo, hi) => {
    R[d] |= lo;
    R[d + 1] |= hi;
  },
  and: (R, d, lo, hi) => {
    R[d] &= lo;
    R[d + 1] &= hi;
  },
  lsh: (R, d, lo) => {
    const by = lo & 63;
    if (by >= 32) {
      R[d + 1] = R[d] << (by - 32);
      R[d] = 0;
    } else if (by > 0) {
      R[d + 1] = (R[d + 1] << by) | (R[d] >>> (32 - by));
      R[d] <<= by;
    }
  },
  rsh: (R, d, lo) => shiftRight(R, d, lo & 63, R[d + 1] >>> 0, 0),
  mod: byReference("mod"),
  smod: byReference("smod"),
  xor: (R, d, lo, hi) => {
    R[d] ^= lo;
    R[d + 1] ^= hi;
  },
  mov: (R, d, lo, hi) => {
    R[d] = lo;
    R[d + 1] = hi;
  },
  arsh: (R, d, lo) => shiftRight(R, d, lo & 63, R[d + 1], R[d + 1] >> 31),
};

/** `hi` is the upper half as a number with or without sign, `above` what comes in from above. */
function shiftRight(R: Int32Array, d: number, by: number, hi: number, above: number): void {
  if (by === 0) return;
  if (by >= 32) {
    R[d] = above === 0 ? (hi >>> 0) >>> (by - 32) : hi >> (by - 32);
    R[d + 1] = above;
  } else {
    R[d] = (R[d] >>> by) | (R[d + 1] << (32 - by));
    R[d + 1] = above === 0 ? R[d + 1] >>> by : R[d + 1] >> by;
  }
}

const alu32: Readonly<Record<AluOp, Narrow>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: Math.imul,
  div: (a, b) => (b === 0 ? 0 : (a >>> 0) / (b >>> 0)),
  sdiv: (a, b) => (b === 0 ? 0 : a / b),
  or: (a, b) => a | b,
  and: (a, b) => a & b,
  lsh: (a, b) => a << b,
  rsh: (a, b) => a >>> b,
  mod: (a, b) => (b === 0 ? a : (a >>> 0) % (b >>> 0)),
  smod: (a, b) => (b === 0 ? a : a % b),
  xor: (a, b) => a ^ b,
  mov: (_, b) => b,
  arsh: (a, b) => a >> b,
};

type Holds = (al: number, ah: number, bl: number, bh: number) => boolean;
const below: Holds = (al, ah, bl, bh) => ah >>> 0 < bh >>> 0 || (ah === bh && al >>> 0 < bl >>> 0);
const less: Holds = (al, ah, bl, bh) => ah < bh || (ah === bh && al >>> 0 < bl >>> 0);

const jumps: Readonly<Record<JumpOp, Holds>> = {
  jeq: (al, ah, bl, bh) => al === bl && ah === bh,
  jgt: (al, ah, bl, bh) => below(bl, bh, al, ah),
  jge: (al, ah, bl, bh) => !below(al, ah, bl, bh),
  jset: (al, ah, bl, bh) => ((al & bl) | (ah & bh)) !== 0,
  jne: (al, ah, bl, bh) => al !== bl || ah !== bh,
  jsgt: (al, ah, bl, bh) => less(bl, bh, al, ah),
  jsge: (al, ah, bl, bh) => !less(al, ah, bl, bh),
  jlt: below,
  jle: (al, ah, bl, bh) => !below(bl, bh, al, ah),
  jslt: less,
  jsle: (al, ah, bl, bh) => !less(bl, bh, al, ah),
};

const wides = aluOps.map((op) => alu64[op]);
const narrows = aluOps.map((op) => alu32[op]);
const conditions = jumpOps.map((op) => jumps[op]);
const ADD = aluOps.indexOf("add");
const SUB = aluOps.indexOf("sub");
const MOV = aluOps.indexOf("mov");

/** The loop for one CPU; it finds the CPU's words and code by itself. */
export function portableLoop(cpu: Cpu): FastLoop {
  return (_words, _code, budget) => {
    for (let left = budget; left > 0; left--) {
      if (!one(cpu, cpu.R, cpu.code.words, cpu.R[state.pc])) return ~left;
      // A fault: the instruction counts.
      if (cpu.R[state.status] !== RUNNING) return ~(left - 1);
    }
    return 0;
  };
}

/** Does the instruction at `i`, or leaves everything as it was and answers false. */
function one(cpu: Cpu, R: Int32Array, C: Int32Array, i: number): boolean {
  const op = C[i];
  const d = C[i + 1];
  const s = C[i + 2];
  if (op < operation.jump) return arithmetic(R, C, i, op, d, s);
  if (op < operation.goto) return conditional(R, C, i, op - operation.jump, d, s);
  if (op >= operation.movsx && op < operation.addrSpaceCast) return converted(R, i, op, d, s);
  const next = i + INSN_WORDS;
  switch (op) {
    case operation.goto:
      R[state.pc] = C[i + 3];
      return true;
    case operation.mayGoto: {
      const budget = frameAt(R[state.frame]) + frame.mayGoto;
      if (R[budget] === 0) R[state.pc] = C[i + 3];
      else {
        R[budget]--;
        R[state.pc] = next;
      }
      return true;
    }
    case operation.exit:
      if (R[state.frame] === 0 || R[frameAt(R[state.frame]) + frame.kind] !== 0 || R[word.region] < 0) return false;
      R[state.pc] = popFrame(cpu);
      return true;
    case operation.callLocal:
      if (!pushFrame(cpu, next, 0)) return false;
      R[state.pc] = C[i + 3];
      return true;
    case operation.value:
    case operation.pointer:
      setNumber(R, d, C[i + 4], C[i + 5]);
      // The provenance stands in the second slot.
      if (op === operation.pointer) for (let w: number = word.region; w < REG_WORDS; w++) R[d + w] = C[next + w];
      R[state.pc] = next + INSN_WORDS;
      return true;
    case operation.neg64:
    case operation.neg32: {
      if (R[d + word.region] < 0) return false;
      const lo = -R[d] | 0;
      setNumber(R, d, lo, op === operation.neg32 ? 0 : ~R[d + 1] + (lo === 0 ? 1 : 0));
      R[state.pc] = next;
      return true;
    }
    default:
      return access(cpu, i, op, d, s);
  }
}

function arithmetic(R: Int32Array, C: Int32Array, i: number, op: number, d: number, s: number): boolean {
  const run = (op / aluOps.length) | 0;
  const which = op % aluOps.length;
  const register = (run & 1) === 1;
  const isWide = run < 2;
  const isMove = which === MOV;
  const keepsPointer = isWide && (which === ADD || which === SUB);
  if (!isMove && R[d + word.region] < 0) return false;
  if (register && (keepsPointer ? R[s + word.region] !== 0 : R[s + word.region] < 0)) return false;
  const lo = register ? R[s] : C[i + 4];
  const hi = register ? R[s + 1] : C[i + 5];
  if (isWide) wides[which](R, d, lo, hi);
  else {
    R[d] = narrows[which](R[d], lo);
    R[d + 1] = 0;
  }
  if (isMove && isWide && register) for (let w: number = word.region; w < REG_WORDS; w++) R[d + w] = R[s + w];
  else if (!keepsPointer) R[d + word.region] = 0;
  R[state.pc] = i + INSN_WORDS;
  return true;
}

function conditional(R: Int32Array, C: Int32Array, i: number, op: number, d: number, s: number): boolean {
  const run = (op / jumpOps.length) | 0;
  const register = (run & 1) === 1;
  if (R[d + word.region] < 0 || (register && R[s + word.region] < 0)) return false;
  const bl = register ? R[s] : C[i + 4];
  const bh = register ? R[s + 1] : C[i + 5];
  const holds = conditions[op % jumpOps.length];
  // On 32 bits the upper halves are those of the sign, so that both kinds of comparison are right.
  const taken = run < 2 ? holds(R[d], R[d + 1], bl, bh) : holds(R[d], R[d] >> 31, bl, bl >> 31);
  R[state.pc] = taken ? C[i + 3] : i + INSN_WORDS;
  return true;
}

/** Sign extensions and byte swaps. */
function converted(R: Int32Array, i: number, op: number, d: number, s: number): boolean {
  const isExtension = op < operation.swap;
  if (R[(isExtension ? s : d) + word.region] < 0) return false;
  if (isExtension) {
    const which = op - operation.movsx;
    const isNarrow = which > 2;
    const shift = [24, 16, 0][which % 3];
    const lo = (R[s] << shift) >> shift;
    setNumber(R, d, lo, isNarrow ? 0 : lo >> 31);
  } else {
    const size = [16, 32, 64][(op - operation.swap) % 3];
    const [lo, hi] = [R[d], R[d + 1]];
    if (op - operation.swap < 3) {
      // Of all 64 bits there is nothing to change, and a pointer stays one.
      if (size < 64) setNumber(R, d, size === 16 ? lo & 0xffff : lo, 0);
    } else if (size === 64) setNumber(R, d, reversed(hi), reversed(lo));
    else setNumber(R, d, size === 32 ? reversed(lo) : reversed(lo) >>> 16, 0);
  }
  R[state.pc] = i + INSN_WORDS;
  return true;
}

function reversed(v: number): number {
  return (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
}

/** Loads and stores; where the place in the frame is known beforehand it is looked at like any other here. */
function access(cpu: Cpu, i: number, op: number, d: number, s: number): boolean {
  if (op < operation.load) return false;
  if (op < operation.storeImm) return load(cpu, i, op - operation.load, d, s);
  if (op < operation.atomic) return store(cpu, i, op, d, s);
  if (op < operation.stackLoad) return false;
  if (op < operation.stackStoreReg) return load(cpu, i, op - operation.stackLoad, d, 10 * REG_WORDS);
  if (op < operation.stackStoreImm) return store(cpu, i, op - operation.stackStoreReg + operation.storeReg, d, s);
  return store(cpu, i, op - operation.stackStoreImm + operation.storeImm, d, s);
}
