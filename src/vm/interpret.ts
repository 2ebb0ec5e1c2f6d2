// The interpreter: runs any program, checks every access, stops and resumes at any instruction.
//
// The fast loop is one function with one switch, far beyond 400 lines, because that is what makes it fast. The cases
// are literal numbers, for V8 builds a jump table only from those (the names are in code.ts, in the same order;
// test/vm/reference.test.ts runs every one against isa/). The loop calls nothing: with a call in it V8 must look at
// length, base and map of every typed array again for each instruction, which costs more than the instruction.
// Whatever the loop does not do leaves it, is done by slow.ts, and the loop is entered anew.
import { POINTER_HIGH } from "../memory/layout.ts";
import { raise } from "./raise.ts";
import {
  type Cpu,
  FRAME_WORDS,
  FRAMES,
  frame,
  MAY_GOTO_BUDGET,
  RUNNING,
  SLOT_WORDS,
  STACK_BYTES,
  state,
  WATCHED,
} from "./registers.ts";
import { slow } from "./slow.ts";

const FRAME = state.frame;
const FRAME_COUNT = state.serial;
const FRAME0 = FRAME_WORDS;
const FRAME_SIZE = frame.size;
const RETURN_TO = frame.returnTo;
const SERIAL = frame.serial;
const KIND = frame.kind;
const MAY_GOTO = frame.mayGoto;
const SAVED = frame.saved;
const STACK_TOP = frame.stackTop;
const STACK_REGION = frame.stackRegion;
const LIFE = frame.life;

/**
 * Runs up to `budget` instructions (or steps of a call in progress) and returns the CPU's status. Everything it knows
 * is in the CPU's words when it returns, so that it may be called again, now, later, or on a restored copy.
 */
export function interpret(cpu: Cpu, budget: number): number {
  cpu.refresh();
  if (cpu.R[state.status] > 1) return cpu.R[state.status];
  cpu.R[state.status] = RUNNING;
  let left = budget;
  while (left > 0) {
    const R = cpu.R;
    if (R[state.busy] !== 0) {
      left--;
      if (cpu.calls.step(cpu) !== RUNNING) return cpu.R[state.status];
      cpu.refresh();
      continue;
    }
    const may = Math.min(left, R[state.limit] - R[state.count]);
    if (may <= 0) {
      raise(cpu, R[state.pc], "budget", `the program ran for more than ${R[state.limit]} instructions`);
      return R[state.status];
    }
    const rest = run(R, cpu.code.words, cpu.I, cpu.U, cpu.D, may);
    const done = may - rest;
    R[state.count] += done;
    left -= done;
    if (R[state.leaving] === 0) continue;
    if (slow(cpu, R[state.pc])) {
      cpu.refresh();
      cpu.R[state.count]++;
      left--;
    }
    if (cpu.R[state.status] !== RUNNING) return cpu.R[state.status];
  }
  return cpu.R[state.status];
}

/** The fast loop. Returns how much of the budget is left; `leaving` says whether the instruction at `pc` is for slow.ts. */
function run(R: Int32Array, C: Int32Array, I: Int32Array, U: Uint8Array, D: DataView, budget: number): number {
  // A look at each array before the loop lets V8 take its length and base out of the loop.
  let left = (budget + ((C[0] | I[0] | U[0] | D.getInt8(0)) & 0)) | 0;
  let i = R[state.pc];
  const section = R[state.section];
  let fp = R[FRAME0 + R[FRAME] * FRAME_SIZE + STACK_TOP];
  let fs = (SLOT_WORDS + R[FRAME] * STACK_BYTES + STACK_BYTES) | 0;
  let serial = R[FRAME0 + R[FRAME] * FRAME_SIZE + SERIAL];
  R[state.leaving] = 1;
  loop: for (;;) {
    if (left <= 0) {
      R[state.leaving] = 0;
      break;
    }
    const d = C[i + 1];
    switch (C[i]) {
      case 0: {
        // add imm64
        if (R[d + 2] < 0) break loop;
        const a = R[d];
        const lo = (a + C[i + 4]) | 0;
        R[d + 1] = R[d + 1] + C[i + 5] + (lo >>> 0 < a >>> 0 ? 1 : 0);
        R[d] = lo;
        break;
      }
      case 1: {
        // sub imm64
        if (R[d + 2] < 0) break loop;
        const a = R[d];
        const b = C[i + 4];
        R[d + 1] = R[d + 1] - C[i + 5] - (a >>> 0 < b >>> 0 ? 1 : 0);
        R[d] = a - b;
        break;
      }
      case 2: {
        // mul imm64
        if (R[d + 2] < 0) break loop;
        const a = R[d];
        const b = C[i + 4];
        const al = a & 0xffff;
        const ah = a >>> 16;
        const bl = b & 0xffff;
        const bh = b >>> 16;
        const cross = Math.imul(ah, bl) + (Math.imul(al, bl) >>> 16);
        const middle = Math.imul(al, bh) + (cross & 0xffff);
        const high = Math.imul(ah, bh) + (cross >>> 16) + (middle >>> 16);
        R[d + 1] = high + Math.imul(a, C[i + 5]) + Math.imul(R[d + 1], b);
        R[d] = Math.imul(a, b);
        R[d + 2] = 0;
        break;
      }
      case 5: {
        // or imm64
        if (R[d + 2] < 0) break loop;
        R[d] |= C[i + 4];
        R[d + 1] |= C[i + 5];
        R[d + 2] = 0;
        break;
      }
      case 6: {
        // and imm64
        if (R[d + 2] < 0) break loop;
        R[d] &= C[i + 4];
        R[d + 1] &= C[i + 5];
        R[d + 2] = 0;
        break;
      }
      case 7: {
        // lsh imm64
        if (R[d + 2] < 0) break loop;
        const by = C[i + 4];
        const lo = R[d];
        if (by < 32) {
          R[d + 1] = (R[d + 1] << by) | ((lo >>> 1) >>> (31 - by));
          R[d] = lo << by;
        } else {
          R[d + 1] = lo << by;
          R[d] = 0;
        }
        R[d + 2] = 0;
        break;
      }
      case 8: {
        // rsh imm64
        if (R[d + 2] < 0) break loop;
        const by = C[i + 4];
        const hi = R[d + 1];
        if (by < 32) {
          R[d] = (R[d] >>> by) | ((hi << 1) << (31 - by));
          R[d + 1] = hi >>> by;
        } else {
          R[d] = hi >>> by;
          R[d + 1] = 0;
        }
        R[d + 2] = 0;
        break;
      }
      case 11: {
        // xor imm64
        if (R[d + 2] < 0) break loop;
        R[d] ^= C[i + 4];
        R[d + 1] ^= C[i + 5];
        R[d + 2] = 0;
        break;
      }
      case 12: {
        // mov imm64
        R[d] = C[i + 4];
        R[d + 1] = C[i + 5];
        R[d + 2] = 0;
        break;
      }
      case 13: {
        // arsh imm64
        if (R[d + 2] < 0) break loop;
        const by = C[i + 4];
        const hi = R[d + 1];
        if (by < 32) {
          R[d] = (R[d] >>> by) | ((hi << 1) << (31 - by));
          R[d + 1] = hi >> by;
        } else {
          R[d] = hi >> by;
          R[d + 1] = hi >> 31;
        }
        R[d + 2] = 0;
        break;
      }
      case 14: {
        // add reg64
        const s = C[i + 2];
        // A pointer and a number, in this order, stay what they are; anything else is looked at.
        if (R[s + 2] !== 0 || R[d + 2] < 0) break loop;
        const a = R[d];
        const lo = (a + R[s]) | 0;
        R[d + 1] = R[d + 1] + R[s + 1] + (lo >>> 0 < a >>> 0 ? 1 : 0);
        R[d] = lo;
        break;
      }
      case 15: {
        // sub reg64
        const s = C[i + 2];
        // A pointer and a number, in this order, stay what they are; anything else is looked at.
        if (R[s + 2] !== 0 || R[d + 2] < 0) break loop;
        const a = R[d];
        const b = R[s];
        R[d + 1] = R[d + 1] - R[s + 1] - (a >>> 0 < b >>> 0 ? 1 : 0);
        R[d] = a - b;
        break;
      }
      case 16: {
        // mul reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const a = R[d];
        const b = R[s];
        const al = a & 0xffff;
        const ah = a >>> 16;
        const bl = b & 0xffff;
        const bh = b >>> 16;
        const cross = Math.imul(ah, bl) + (Math.imul(al, bl) >>> 16);
        const middle = Math.imul(al, bh) + (cross & 0xffff);
        const high = Math.imul(ah, bh) + (cross >>> 16) + (middle >>> 16);
        R[d + 1] = high + Math.imul(a, R[s + 1]) + Math.imul(R[d + 1], b);
        R[d] = Math.imul(a, b);
        R[d + 2] = 0;
        break;
      }
      case 19: {
        // or reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        R[d] |= R[s];
        R[d + 1] |= R[s + 1];
        R[d + 2] = 0;
        break;
      }
      case 20: {
        // and reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        R[d] &= R[s];
        R[d + 1] &= R[s + 1];
        R[d + 2] = 0;
        break;
      }
      case 21: {
        // lsh reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const by = R[s] & 63;
        const lo = R[d];
        if (by < 32) {
          R[d + 1] = (R[d + 1] << by) | ((lo >>> 1) >>> (31 - by));
          R[d] = lo << by;
        } else {
          R[d + 1] = lo << by;
          R[d] = 0;
        }
        R[d + 2] = 0;
        break;
      }
      case 22: {
        // rsh reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const by = R[s] & 63;
        const hi = R[d + 1];
        if (by < 32) {
          R[d] = (R[d] >>> by) | ((hi << 1) << (31 - by));
          R[d + 1] = hi >>> by;
        } else {
          R[d] = hi >>> by;
          R[d + 1] = 0;
        }
        R[d + 2] = 0;
        break;
      }
      case 25: {
        // xor reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        R[d] ^= R[s];
        R[d + 1] ^= R[s + 1];
        R[d + 2] = 0;
        break;
      }
      case 26: {
        // mov reg64
        const s = C[i + 2];
        const region = R[s + 2];
        if (region < 0) break loop;
        R[d] = R[s];
        R[d + 1] = R[s + 1];
        R[d + 2] = region;
        if (region > 0) {
          R[d + 3] = R[s + 3];
          R[d + 4] = R[s + 4];
          R[d + 5] = R[s + 5];
          R[d + 6] = R[s + 6];
          R[d + 7] = R[s + 7];
        }
        break;
      }
      case 27: {
        // arsh reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const by = R[s] & 63;
        const hi = R[d + 1];
        if (by < 32) {
          R[d] = (R[d] >>> by) | ((hi << 1) << (31 - by));
          R[d + 1] = hi >> by;
        } else {
          R[d] = hi >> by;
          R[d + 1] = hi >> 31;
        }
        R[d + 2] = 0;
        break;
      }
      case 28: {
        // add imm32
        if (R[d + 2] < 0) break loop;
        R[d] = R[d] + C[i + 4];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 29: {
        // sub imm32
        if (R[d + 2] < 0) break loop;
        R[d] = R[d] - C[i + 4];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 30: {
        // mul imm32
        if (R[d + 2] < 0) break loop;
        R[d] = Math.imul(R[d], C[i + 4]);
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 31: {
        // div imm32
        if (R[d + 2] < 0) break loop;
        const b = C[i + 4] >>> 0;
        R[d] = b === 0 ? 0 : (R[d] >>> 0) / b;
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 32: {
        // sdiv imm32
        if (R[d + 2] < 0) break loop;
        const b = C[i + 4];
        R[d] = b === 0 ? 0 : R[d] / b;
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 33: {
        // or imm32
        if (R[d + 2] < 0) break loop;
        R[d] |= C[i + 4];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 34: {
        // and imm32
        if (R[d + 2] < 0) break loop;
        R[d] &= C[i + 4];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 35: {
        // lsh imm32
        if (R[d + 2] < 0) break loop;
        R[d] <<= C[i + 4];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 36: {
        // rsh imm32
        if (R[d + 2] < 0) break loop;
        R[d] >>>= C[i + 4];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 37: {
        // mod imm32
        if (R[d + 2] < 0) break loop;
        const b = C[i + 4] >>> 0;
        if (b !== 0) R[d] = (R[d] >>> 0) % b;
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 38: {
        // smod imm32
        if (R[d + 2] < 0) break loop;
        const b = C[i + 4];
        if (b !== 0) R[d] = R[d] % b;
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 39: {
        // xor imm32
        if (R[d + 2] < 0) break loop;
        R[d] ^= C[i + 4];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 40: {
        // mov imm32
        R[d] = C[i + 4];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 41: {
        // arsh imm32
        if (R[d + 2] < 0) break loop;
        R[d] >>= C[i + 4];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 42: {
        // add reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        R[d] = R[d] + R[s];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 43: {
        // sub reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        R[d] = R[d] - R[s];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 44: {
        // mul reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        R[d] = Math.imul(R[d], R[s]);
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 45: {
        // div reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const b = R[s] >>> 0;
        R[d] = b === 0 ? 0 : (R[d] >>> 0) / b;
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 46: {
        // sdiv reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const b = R[s];
        R[d] = b === 0 ? 0 : R[d] / b;
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 47: {
        // or reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        R[d] |= R[s];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 48: {
        // and reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        R[d] &= R[s];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 49: {
        // lsh reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        R[d] <<= R[s];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 50: {
        // rsh reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        R[d] >>>= R[s];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 51: {
        // mod reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const b = R[s] >>> 0;
        if (b !== 0) R[d] = (R[d] >>> 0) % b;
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 52: {
        // smod reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const b = R[s];
        if (b !== 0) R[d] = R[d] % b;
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 53: {
        // xor reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        R[d] ^= R[s];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 54: {
        // mov reg32
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        R[d] = R[s];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 55: {
        // arsh reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        R[d] >>= R[s];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 3:
      case 9:
      case 17:
      case 23: {
        // div imm64, mod imm64, div reg64, mod reg64; arithmetic.ts explains
        const op = C[i];
        let bl = C[i + 4];
        let bh = C[i + 5];
        if (op > 13) {
          const s = C[i + 2];
          if (R[s + 2] < 0) break loop;
          bl = R[s];
          bh = R[s + 1];
        }
        if (R[d + 2] < 0) break loop;
        R[d + 2] = 0;
        const remainder = op === 9 || op === 23;
        const al = R[d];
        const ah = R[d + 1];
        if (bh === 0) {
          if (bl === 0) {
            if (!remainder) R[d] = R[d + 1] = 0;
            break;
          }
          if (ah === 0) {
            R[d] = remainder ? (al >>> 0) % (bl >>> 0) : (al >>> 0) / (bl >>> 0);
            break;
          }
          const b = bl >>> 0;
          const q1 = Math.floor((ah >>> 0) / b);
          const part2 = ((ah >>> 0) - q1 * b) * 65536 + (al >>> 16);
          const q2 = Math.floor(part2 / b);
          const part3 = (part2 - q2 * b) * 65536 + (al & 0xffff);
          const q3 = Math.floor(part3 / b);
          R[d] = remainder ? part3 - q3 * b : q2 * 65536 + q3;
          R[d + 1] = remainder ? 0 : q1;
          break;
        }
        const a = (ah >>> 0) * 4294967296 + (al >>> 0);
        const b = (bh >>> 0) * 4294967296 + (bl >>> 0);
        let q = Math.floor(a / b);
        if (q > 4294967295) q = 4294967295;
        const low = Math.imul(q | 0, bl);
        let rl = (al - low) | 0;
        const cross = Math.imul(q >>> 16, bl & 0xffff) + (Math.imul(q & 0xffff, bl & 0xffff) >>> 16);
        const middle = Math.imul(q & 0xffff, bl >>> 16) + (cross & 0xffff);
        const highProduct = (Math.imul(q >>> 16, bl >>> 16) + (cross >>> 16) + (middle >>> 16)) >>> 0;
        let rh = (ah >>> 0) - highProduct - q * (bh >>> 0) - (al >>> 0 < low >>> 0 ? 1 : 0);
        if (rh < 0) {
          q--;
          const sum = (rl >>> 0) + (bl >>> 0);
          rh += (bh >>> 0) + (sum > 4294967295 ? 1 : 0);
          rl = sum | 0;
        } else if (rh > bh >>> 0 || (rh === bh >>> 0 && rl >>> 0 >= bl >>> 0)) {
          q++;
          rh -= (bh >>> 0) + (rl >>> 0 < bl >>> 0 ? 1 : 0);
          rl = (rl - bl) | 0;
        }
        R[d] = remainder ? rl : q;
        R[d + 1] = remainder ? rh : 0;
        break;
      }
      case 56: {
        // jeq imm64
        if (R[d + 2] < 0) break loop;
        if (R[d] === C[i + 4] && R[d + 1] === C[i + 5]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 57: {
        // jgt imm64
        if (R[d + 2] < 0) break loop;
        const h = R[d + 1];
        const k = C[i + 5];
        if (h === k ? R[d] >>> 0 > C[i + 4] >>> 0 : h >>> 0 > k >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 58: {
        // jge imm64
        if (R[d + 2] < 0) break loop;
        const h = R[d + 1];
        const k = C[i + 5];
        if (h === k ? R[d] >>> 0 >= C[i + 4] >>> 0 : h >>> 0 > k >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 59: {
        // jset imm64
        if (R[d + 2] < 0) break loop;
        if (((R[d] & C[i + 4]) | (R[d + 1] & C[i + 5])) !== 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 60: {
        // jne imm64
        if (R[d + 2] < 0) break loop;
        if (R[d] !== C[i + 4] || R[d + 1] !== C[i + 5]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 61: {
        // jsgt imm64
        if (R[d + 2] < 0) break loop;
        const h = R[d + 1];
        const k = C[i + 5];
        if (h === k ? R[d] >>> 0 > C[i + 4] >>> 0 : h > k) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 62: {
        // jsge imm64
        if (R[d + 2] < 0) break loop;
        const h = R[d + 1];
        const k = C[i + 5];
        if (h === k ? R[d] >>> 0 >= C[i + 4] >>> 0 : h > k) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 63: {
        // jlt imm64
        if (R[d + 2] < 0) break loop;
        const h = R[d + 1];
        const k = C[i + 5];
        if (h === k ? R[d] >>> 0 < C[i + 4] >>> 0 : h >>> 0 < k >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 64: {
        // jle imm64
        if (R[d + 2] < 0) break loop;
        const h = R[d + 1];
        const k = C[i + 5];
        if (h === k ? R[d] >>> 0 <= C[i + 4] >>> 0 : h >>> 0 < k >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 65: {
        // jslt imm64
        if (R[d + 2] < 0) break loop;
        const h = R[d + 1];
        const k = C[i + 5];
        if (h === k ? R[d] >>> 0 < C[i + 4] >>> 0 : h < k) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 66: {
        // jsle imm64
        if (R[d + 2] < 0) break loop;
        const h = R[d + 1];
        const k = C[i + 5];
        if (h === k ? R[d] >>> 0 <= C[i + 4] >>> 0 : h < k) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 67: {
        // jeq reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (R[d] === R[s] && R[d + 1] === R[s + 1]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 68: {
        // jgt reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const h = R[d + 1];
        const k = R[s + 1];
        if (h === k ? R[d] >>> 0 > R[s] >>> 0 : h >>> 0 > k >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 69: {
        // jge reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const h = R[d + 1];
        const k = R[s + 1];
        if (h === k ? R[d] >>> 0 >= R[s] >>> 0 : h >>> 0 > k >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 70: {
        // jset reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (((R[d] & R[s]) | (R[d + 1] & R[s + 1])) !== 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 71: {
        // jne reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (R[d] !== R[s] || R[d + 1] !== R[s + 1]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 72: {
        // jsgt reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const h = R[d + 1];
        const k = R[s + 1];
        if (h === k ? R[d] >>> 0 > R[s] >>> 0 : h > k) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 73: {
        // jsge reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const h = R[d + 1];
        const k = R[s + 1];
        if (h === k ? R[d] >>> 0 >= R[s] >>> 0 : h > k) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 74: {
        // jlt reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const h = R[d + 1];
        const k = R[s + 1];
        if (h === k ? R[d] >>> 0 < R[s] >>> 0 : h >>> 0 < k >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 75: {
        // jle reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const h = R[d + 1];
        const k = R[s + 1];
        if (h === k ? R[d] >>> 0 <= R[s] >>> 0 : h >>> 0 < k >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 76: {
        // jslt reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const h = R[d + 1];
        const k = R[s + 1];
        if (h === k ? R[d] >>> 0 < R[s] >>> 0 : h < k) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 77: {
        // jsle reg64
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        const h = R[d + 1];
        const k = R[s + 1];
        if (h === k ? R[d] >>> 0 <= R[s] >>> 0 : h < k) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 78: {
        // jeq imm32
        if (R[d + 2] < 0) break loop;
        if (R[d] === C[i + 4]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 79: {
        // jgt imm32
        if (R[d + 2] < 0) break loop;
        if (R[d] >>> 0 > C[i + 4] >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 80: {
        // jge imm32
        if (R[d + 2] < 0) break loop;
        if (R[d] >>> 0 >= C[i + 4] >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 81: {
        // jset imm32
        if (R[d + 2] < 0) break loop;
        if ((R[d] & C[i + 4]) !== 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 82: {
        // jne imm32
        if (R[d + 2] < 0) break loop;
        if (R[d] !== C[i + 4]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 83: {
        // jsgt imm32
        if (R[d + 2] < 0) break loop;
        if (R[d] > C[i + 4]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 84: {
        // jsge imm32
        if (R[d + 2] < 0) break loop;
        if (R[d] >= C[i + 4]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 85: {
        // jlt imm32
        if (R[d + 2] < 0) break loop;
        if (R[d] >>> 0 < C[i + 4] >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 86: {
        // jle imm32
        if (R[d + 2] < 0) break loop;
        if (R[d] >>> 0 <= C[i + 4] >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 87: {
        // jslt imm32
        if (R[d + 2] < 0) break loop;
        if (R[d] < C[i + 4]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 88: {
        // jsle imm32
        if (R[d + 2] < 0) break loop;
        if (R[d] <= C[i + 4]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 89: {
        // jeq reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (R[d] === R[s]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 90: {
        // jgt reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (R[d] >>> 0 > R[s] >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 91: {
        // jge reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (R[d] >>> 0 >= R[s] >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 92: {
        // jset reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if ((R[d] & R[s]) !== 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 93: {
        // jne reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (R[d] !== R[s]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 94: {
        // jsgt reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (R[d] > R[s]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 95: {
        // jsge reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (R[d] >= R[s]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 96: {
        // jlt reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (R[d] >>> 0 < R[s] >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 97: {
        // jle reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (R[d] >>> 0 <= R[s] >>> 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 98: {
        // jslt reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (R[d] < R[s]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 99: {
        // jsle reg32
        const s = C[i + 2];
        if ((R[d + 2] | R[s + 2]) < 0) break loop;
        if (R[d] <= R[s]) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        break;
      }
      case 100: {
        // goto
        i = C[i + 3];
        left = (left - 1) | 0;
        continue;
      }
      case 101: {
        // may_goto
        const at = FRAME0 + R[FRAME] * FRAME_SIZE + MAY_GOTO;
        if (R[at] === 0) {
          i = C[i + 3];
          left = (left - 1) | 0;
          continue;
        }
        R[at]--;
        break;
      }
      case 102: {
        // exit, to a caller in the program
        const depth = R[FRAME];
        const f = FRAME0 + depth * FRAME_SIZE;
        if (depth === 0 || R[f + KIND] !== 0 || R[2] < 0) break loop;
        R[f + SERIAL] = 0;
        for (let to = 48, from = f + SAVED; to < 80; to += 8, from += 8) {
          R[to] = R[from];
          R[to + 1] = R[from + 1];
          const region = R[from + 2];
          R[to + 2] = region;
          if (region > 0) {
            R[to + 3] = R[from + 3];
            R[to + 4] = R[from + 4];
            R[to + 5] = R[from + 5];
            R[to + 6] = R[from + 6];
            R[to + 7] = R[from + 7];
          }
        }
        R[FRAME] = depth - 1;
        const caller = f - FRAME_SIZE;
        serial = R[caller + SERIAL];
        fp = R[caller + STACK_TOP];
        R[80] = fp;
        R[81] = POINTER_HIGH;
        R[82] = R[caller + STACK_REGION];
        R[83] = serial;
        R[84] = WATCHED;
        R[85] = R[caller + LIFE];
        R[86] = fp - STACK_BYTES;
        R[87] = fp;
        fs = (fs - STACK_BYTES) | 0;
        R[10] = R[18] = R[26] = R[34] = R[42] = -1;
        i = R[f + RETURN_TO];
        left = (left - 1) | 0;
        continue;
      }
      case 103: {
        // call a function of the program
        const depth = (R[FRAME] + 1) | 0;
        if (depth >= FRAMES) break loop;
        const f = FRAME0 + depth * FRAME_SIZE;
        R[f + RETURN_TO] = i + 8;
        R[f + KIND] = 0;
        R[f + MAY_GOTO] = MAY_GOTO_BUDGET;
        for (let from = 48, to = f + SAVED; from < 80; from += 8, to += 8) {
          R[to] = R[from];
          R[to + 1] = R[from + 1];
          const region = R[from + 2];
          R[to + 2] = region;
          if (region > 0) {
            R[to + 3] = R[from + 3];
            R[to + 4] = R[from + 4];
            R[to + 5] = R[from + 5];
            R[to + 6] = R[from + 6];
            R[to + 7] = R[from + 7];
          }
          R[from + 2] = -1;
        }
        serial = (R[FRAME_COUNT] + 1) | 0;
        R[FRAME_COUNT] = serial;
        R[f + SERIAL] = serial;
        R[FRAME] = depth;
        fp = R[f + STACK_TOP];
        R[80] = fp;
        R[81] = POINTER_HIGH;
        R[82] = R[f + STACK_REGION];
        R[83] = serial;
        R[84] = WATCHED;
        R[85] = R[f + LIFE];
        R[86] = fp - STACK_BYTES;
        R[87] = fp;
        fs = (fs + STACK_BYTES) | 0;
        i = C[i + 3];
        left = (left - 1) | 0;
        continue;
      }
      case 107: {
        // 64-bit number
        R[d] = C[i + 4];
        R[d + 1] = C[i + 5];
        R[d + 2] = 0;
        i = (i + 16) | 0;
        left = (left - 1) | 0;
        continue;
      }
      case 108: {
        // address of a map, a map's value or a function; its provenance stands in the second slot
        R[d] = C[i + 4];
        R[d + 1] = C[i + 5];
        R[d + 2] = C[i + 10];
        R[d + 3] = C[i + 11];
        R[d + 4] = C[i + 12];
        R[d + 5] = C[i + 13];
        R[d + 6] = C[i + 14];
        R[d + 7] = C[i + 15];
        i = (i + 16) | 0;
        left = (left - 1) | 0;
        continue;
      }
      case 109: {
        // neg64
        if (R[d + 2] < 0) break loop;
        const lo = R[d];
        R[d] = -lo;
        R[d + 1] = ~R[d + 1] + (lo === 0 ? 1 : 0);
        R[d + 2] = 0;
        break;
      }
      case 110: {
        // neg32
        if (R[d + 2] < 0) break loop;
        R[d] = -R[d];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 111: {
        // movsx64 from 8
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        R[d] = (R[s] << 24) >> 24;
        R[d + 1] = R[d] >> 31;
        R[d + 2] = 0;
        break;
      }
      case 112: {
        // movsx64 from 16
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        R[d] = (R[s] << 16) >> 16;
        R[d + 1] = R[d] >> 31;
        R[d + 2] = 0;
        break;
      }
      case 113: {
        // movsx64 from 32
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        R[d] = R[s];
        R[d + 1] = R[d] >> 31;
        R[d + 2] = 0;
        break;
      }
      case 114: {
        // movsx32 from 8
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        R[d] = (R[s] << 24) >> 24;
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 115: {
        // movsx32 from 16
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        R[d] = (R[s] << 16) >> 16;
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 116: {
        // le16
        if (R[d + 2] < 0) break loop;
        R[d] &= 0xffff;
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 117: {
        // le32
        if (R[d + 2] < 0) break loop;
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 118: {
        // le64
        if (R[d + 2] < 0) break loop;
        break;
      }
      case 119: {
        // be16
        if (R[d + 2] < 0) break loop;
        const v = R[d];
        R[d] = ((v & 0xff) << 8) | ((v >>> 8) & 0xff);
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 120: {
        // be32
        if (R[d + 2] < 0) break loop;
        const v = R[d];
        R[d] = (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 121: {
        // be64
        if (R[d + 2] < 0) break loop;
        const v = R[d];
        const h = R[d + 1];
        R[d] = (h << 24) | ((h & 0xff00) << 8) | ((h >>> 8) & 0xff00) | (h >>> 24);
        R[d + 1] = (v << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24);
        R[d + 2] = 0;
        break;
      }
      case 123: {
        // load u8
        const s = C[i + 2];
        const a = (R[s] + C[i + 3]) | 0;
        if (
          R[s + 2] <= 0 ||
          R[s + 1] !== POINTER_HIGH ||
          a < R[s + 6] ||
          ((a + 1) | 0) > R[s + 7] ||
          I[R[s + 5]] !== R[s + 3] ||
          (R[s + 4] !== 0 && R[s + 4] !== section)
        ) {
          break loop;
        }
        R[d] = U[a];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 124: {
        // load u16
        const s = C[i + 2];
        const a = (R[s] + C[i + 3]) | 0;
        if (
          R[s + 2] <= 0 ||
          R[s + 1] !== POINTER_HIGH ||
          a < R[s + 6] ||
          ((a + 2) | 0) > R[s + 7] ||
          I[R[s + 5]] !== R[s + 3] ||
          (R[s + 4] !== 0 && R[s + 4] !== section)
        ) {
          break loop;
        }
        R[d] = D.getUint16(a, true);
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 125: {
        // load u32
        const s = C[i + 2];
        const a = (R[s] + C[i + 3]) | 0;
        if (
          R[s + 2] <= 0 ||
          R[s + 1] !== POINTER_HIGH ||
          a < R[s + 6] ||
          ((a + 4) | 0) > R[s + 7] ||
          I[R[s + 5]] !== R[s + 3] ||
          (R[s + 4] !== 0 && R[s + 4] !== section)
        ) {
          break loop;
        }
        R[d] = D.getInt32(a, true);
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 126: {
        // load u64
        const s = C[i + 2];
        const a = (R[s] + C[i + 3]) | 0;
        if (
          R[s + 2] <= 0 ||
          R[s + 1] !== POINTER_HIGH ||
          a < R[s + 6] ||
          ((a + 8) | 0) > R[s + 7] ||
          I[R[s + 5]] !== R[s + 3] ||
          (R[s + 4] !== 0 && R[s + 4] !== section)
        ) {
          break loop;
        }
        R[d] = D.getInt32(a, true);
        R[d + 1] = D.getInt32((a + 4) | 0, true);
        R[d + 2] = 0;
        break;
      }
      case 127: {
        // load s8
        const s = C[i + 2];
        const a = (R[s] + C[i + 3]) | 0;
        if (
          R[s + 2] <= 0 ||
          R[s + 1] !== POINTER_HIGH ||
          a < R[s + 6] ||
          ((a + 1) | 0) > R[s + 7] ||
          I[R[s + 5]] !== R[s + 3] ||
          (R[s + 4] !== 0 && R[s + 4] !== section)
        ) {
          break loop;
        }
        R[d] = (U[a] << 24) >> 24;
        R[d + 1] = R[d] >> 31;
        R[d + 2] = 0;
        break;
      }
      case 128: {
        // load s16
        const s = C[i + 2];
        const a = (R[s] + C[i + 3]) | 0;
        if (
          R[s + 2] <= 0 ||
          R[s + 1] !== POINTER_HIGH ||
          a < R[s + 6] ||
          ((a + 2) | 0) > R[s + 7] ||
          I[R[s + 5]] !== R[s + 3] ||
          (R[s + 4] !== 0 && R[s + 4] !== section)
        ) {
          break loop;
        }
        R[d] = D.getInt16(a, true);
        R[d + 1] = R[d] >> 31;
        R[d + 2] = 0;
        break;
      }
      case 129: {
        // load s32
        const s = C[i + 2];
        const a = (R[s] + C[i + 3]) | 0;
        if (
          R[s + 2] <= 0 ||
          R[s + 1] !== POINTER_HIGH ||
          a < R[s + 6] ||
          ((a + 4) | 0) > R[s + 7] ||
          I[R[s + 5]] !== R[s + 3] ||
          (R[s + 4] !== 0 && R[s + 4] !== section)
        ) {
          break loop;
        }
        R[d] = D.getInt32(a, true);
        R[d + 1] = R[d] >> 31;
        R[d + 2] = 0;
        break;
      }
      case 130: {
        // store u8 of an immediate
        const a = (R[d] + C[i + 3]) | 0;
        if (
          (R[d + 2] - 1) >>> 0 >= 0xffff ||
          R[d + 1] !== POINTER_HIGH ||
          a < R[d + 6] ||
          ((a + 1) | 0) > R[d + 7] ||
          I[R[d + 5]] !== R[d + 3] ||
          (R[d + 4] !== 0 && R[d + 4] !== section)
        ) {
          break loop;
        }
        U[a] = C[i + 4];
        break;
      }
      case 131: {
        // store u16 of an immediate
        const a = (R[d] + C[i + 3]) | 0;
        if (
          (R[d + 2] - 1) >>> 0 >= 0xffff ||
          R[d + 1] !== POINTER_HIGH ||
          a < R[d + 6] ||
          ((a + 2) | 0) > R[d + 7] ||
          I[R[d + 5]] !== R[d + 3] ||
          (R[d + 4] !== 0 && R[d + 4] !== section)
        ) {
          break loop;
        }
        U[a] = C[i + 4];
        U[a + 1] = C[i + 4] >> 8;
        break;
      }
      case 132: {
        // store u32 of an immediate
        const a = (R[d] + C[i + 3]) | 0;
        if (
          (R[d + 2] - 1) >>> 0 >= 0xffff ||
          R[d + 1] !== POINTER_HIGH ||
          a < R[d + 6] ||
          ((a + 4) | 0) > R[d + 7] ||
          I[R[d + 5]] !== R[d + 3] ||
          (R[d + 4] !== 0 && R[d + 4] !== section)
        ) {
          break loop;
        }
        if ((a & 3) === 0) I[a >> 2] = C[i + 4];
        else {
          const v = C[i + 4];
          U[a] = v;
          U[a + 1] = v >> 8;
          U[a + 2] = v >> 16;
          U[a + 3] = v >> 24;
        }
        break;
      }
      case 133: {
        // store u64 of an immediate
        const a = (R[d] + C[i + 3]) | 0;
        if (
          (R[d + 2] - 1) >>> 0 >= 0xffff ||
          R[d + 1] !== POINTER_HIGH ||
          a < R[d + 6] ||
          ((a + 8) | 0) > R[d + 7] ||
          I[R[d + 5]] !== R[d + 3] ||
          (R[d + 4] !== 0 && R[d + 4] !== section)
        ) {
          break loop;
        }
        if ((a & 3) === 0) {
          I[a >> 2] = C[i + 4];
          I[(a >> 2) + 1] = C[i + 5];
        } else {
          const v = C[i + 4];
          const h = C[i + 5];
          U[a] = v;
          U[a + 1] = v >> 8;
          U[a + 2] = v >> 16;
          U[a + 3] = v >> 24;
          U[a + 4] = h;
          U[a + 5] = h >> 8;
          U[a + 6] = h >> 16;
          U[a + 7] = h >> 24;
        }
        break;
      }
      case 134: {
        // store u8
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        const a = (R[d] + C[i + 3]) | 0;
        if (
          (R[d + 2] - 1) >>> 0 >= 0xffff ||
          R[d + 1] !== POINTER_HIGH ||
          a < R[d + 6] ||
          ((a + 1) | 0) > R[d + 7] ||
          I[R[d + 5]] !== R[d + 3] ||
          (R[d + 4] !== 0 && R[d + 4] !== section)
        ) {
          break loop;
        }
        U[a] = R[s];
        break;
      }
      case 135: {
        // store u16
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        const a = (R[d] + C[i + 3]) | 0;
        if (
          (R[d + 2] - 1) >>> 0 >= 0xffff ||
          R[d + 1] !== POINTER_HIGH ||
          a < R[d + 6] ||
          ((a + 2) | 0) > R[d + 7] ||
          I[R[d + 5]] !== R[d + 3] ||
          (R[d + 4] !== 0 && R[d + 4] !== section)
        ) {
          break loop;
        }
        U[a] = R[s];
        U[a + 1] = R[s] >> 8;
        break;
      }
      case 136: {
        // store u32
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        const a = (R[d] + C[i + 3]) | 0;
        if (
          (R[d + 2] - 1) >>> 0 >= 0xffff ||
          R[d + 1] !== POINTER_HIGH ||
          a < R[d + 6] ||
          ((a + 4) | 0) > R[d + 7] ||
          I[R[d + 5]] !== R[d + 3] ||
          (R[d + 4] !== 0 && R[d + 4] !== section)
        ) {
          break loop;
        }
        if ((a & 3) === 0) I[a >> 2] = R[s];
        else {
          const v = R[s];
          U[a] = v;
          U[a + 1] = v >> 8;
          U[a + 2] = v >> 16;
          U[a + 3] = v >> 24;
        }
        break;
      }
      case 137: {
        // store u64
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        const a = (R[d] + C[i + 3]) | 0;
        if (
          (R[d + 2] - 1) >>> 0 >= 0xffff ||
          R[d + 1] !== POINTER_HIGH ||
          a < R[d + 6] ||
          ((a + 8) | 0) > R[d + 7] ||
          I[R[d + 5]] !== R[d + 3] ||
          (R[d + 4] !== 0 && R[d + 4] !== section)
        ) {
          break loop;
        }
        if ((a & 3) === 0) {
          I[a >> 2] = R[s];
          I[(a >> 2) + 1] = R[s + 1];
        } else {
          const v = R[s];
          const h = R[s + 1];
          U[a] = v;
          U[a + 1] = v >> 8;
          U[a + 2] = v >> 16;
          U[a + 3] = v >> 24;
          U[a + 4] = h;
          U[a + 5] = h >> 8;
          U[a + 6] = h >> 16;
          U[a + 7] = h >> 24;
        }
        break;
      }
      case 145: {
        // load u8 from [r10 + off], aligned and in bounds
        const at = (fs + C[i + 7]) | 0;
        const mask = C[i + 6];
        if (R[at + 1] !== serial || (R[at] & mask) !== mask) break loop;
        R[d] = U[(fp + C[i + 3]) | 0];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 146: {
        // load u16 from [r10 + off], aligned and in bounds
        const at = (fs + C[i + 7]) | 0;
        const mask = C[i + 6];
        if (R[at + 1] !== serial || (R[at] & mask) !== mask) break loop;
        R[d] = D.getUint16((fp + C[i + 3]) | 0, true);
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 147: {
        // load u32 from [r10 + off], aligned and in bounds
        const at = (fs + C[i + 7]) | 0;
        const mask = C[i + 6];
        if (R[at + 1] !== serial || (R[at] & mask) !== mask) break loop;
        R[d] = I[(fp + C[i + 3]) >> 2];
        R[d + 1] = 0;
        R[d + 2] = 0;
        break;
      }
      case 148: {
        // load u64 from [r10 + off], aligned and in bounds
        const at = (fs + C[i + 7]) | 0;
        const mask = C[i + 6];
        if (R[at + 1] !== serial || (R[at] & mask) !== mask) break loop;
        const a = (fp + C[i + 3]) >> 2;
        R[d] = I[a];
        R[d + 1] = I[a + 1];
        const region = R[at + 2];
        R[d + 2] = region;
        if (region > 0) {
          R[d + 3] = R[at + 3];
          R[d + 4] = R[at + 4];
          R[d + 5] = R[at + 5];
          R[d + 6] = R[at + 6];
          R[d + 7] = R[at + 7];
        }
        break;
      }
      case 149: {
        // store u8 to [r10 + off]
        const at = (fs + C[i + 7]) | 0;
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        R[at] = R[at + 1] === serial ? R[at] | C[i + 6] : C[i + 6];
        R[at + 1] = serial;
        R[at + 2] = 0;
        const a = (fp + C[i + 3]) | 0;
        U[a] = R[s];
        break;
      }
      case 150: {
        // store u16 to [r10 + off]
        const at = (fs + C[i + 7]) | 0;
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        R[at] = R[at + 1] === serial ? R[at] | C[i + 6] : C[i + 6];
        R[at + 1] = serial;
        R[at + 2] = 0;
        const a = (fp + C[i + 3]) | 0;
        U[a] = R[s];
        U[a + 1] = R[s] >> 8;
        break;
      }
      case 151: {
        // store u32 to [r10 + off]
        const at = (fs + C[i + 7]) | 0;
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        R[at] = R[at + 1] === serial ? R[at] | C[i + 6] : C[i + 6];
        R[at + 1] = serial;
        R[at + 2] = 0;
        I[(fp + C[i + 3]) >> 2] = R[s];
        break;
      }
      case 152: {
        // store u64 to [r10 + off]
        const at = (fs + C[i + 7]) | 0;
        const s = C[i + 2];
        if (R[s + 2] < 0) break loop;
        R[at] = 0xff;
        R[at + 1] = serial;
        const region = R[s + 2];
        R[at + 2] = region;
        if (region > 0) {
          R[at + 3] = R[s + 3];
          R[at + 4] = R[s + 4];
          R[at + 5] = R[s + 5];
          R[at + 6] = R[s + 6];
          R[at + 7] = R[s + 7];
        }
        const a = (fp + C[i + 3]) >> 2;
        I[a] = R[s];
        I[a + 1] = R[s + 1];
        break;
      }
      case 153: {
        // store u8 of an immediate to [r10 + off]
        const at = (fs + C[i + 7]) | 0;
        R[at] = R[at + 1] === serial ? R[at] | C[i + 6] : C[i + 6];
        R[at + 1] = serial;
        R[at + 2] = 0;
        const a = (fp + C[i + 3]) | 0;
        U[a] = C[i + 4];
        break;
      }
      case 154: {
        // store u16 of an immediate to [r10 + off]
        const at = (fs + C[i + 7]) | 0;
        R[at] = R[at + 1] === serial ? R[at] | C[i + 6] : C[i + 6];
        R[at + 1] = serial;
        R[at + 2] = 0;
        const a = (fp + C[i + 3]) | 0;
        U[a] = C[i + 4];
        U[a + 1] = C[i + 4] >> 8;
        break;
      }
      case 155: {
        // store u32 of an immediate to [r10 + off]
        const at = (fs + C[i + 7]) | 0;
        R[at] = R[at + 1] === serial ? R[at] | C[i + 6] : C[i + 6];
        R[at + 1] = serial;
        R[at + 2] = 0;
        I[(fp + C[i + 3]) >> 2] = C[i + 4];
        break;
      }
      case 156: {
        // store u64 of an immediate to [r10 + off]
        const at = (fs + C[i + 7]) | 0;
        R[at] = 0xff;
        R[at + 1] = serial;
        R[at + 2] = 0;
        const a = (fp + C[i + 3]) >> 2;
        I[a] = C[i + 4];
        I[a + 1] = C[i + 5];
        break;
      }
      default:
        break loop;
    }
    i = (i + 8) | 0;
    left = (left - 1) | 0;
  }
  R[state.pc] = i;
  return left;
}
