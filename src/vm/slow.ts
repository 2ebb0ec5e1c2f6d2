// One instruction that the fast loop would not do: because a register or stack byte it reads was never written, because
// an access needs judging, because it calls something, or because it is rare.
import {
  access,
  addPointer,
  atomic,
  contextLoad,
  fillSlot,
  movePointer,
  spillSlot,
  subPointer,
  unset,
  unsetEither,
  unwritten,
} from "./access.ts";
import { loadAmongOthers, storeAmongOthers } from "./atomics.ts";
import { INSN_WORDS, operation, REG_WORDS } from "./code.ts";
import { frameAt, popFrame, setNumber } from "./frames.ts";
import { raise } from "./raise.ts";
import { type Cpu, frame, RUNNING, SLOT_WORDS, STACK_BYTES, state, word } from "./registers.ts";

/**
 * Does the instruction at `i`, or removes what kept the fast loop from doing it. True when it is done (or faulted);
 * false when the loop shall try again.
 */
export function slow(cpu: Cpu, i: number): boolean {
  const R = cpu.R;
  const C = cpu.code.words;
  const op = C[i];
  const d = C[i + 1];
  const s = C[i + 2];
  const next = i + INSN_WORDS;
  if (op < operation.jump) return arithmetic(cpu, i, op, d, s);
  if (op < operation.goto) {
    if (((op - operation.jump) / 11) & 1) unsetEither(cpu, i, d, s);
    else unset(cpu, i, d);
    return false;
  }
  switch (op) {
    case operation.exit: {
      if (R[word.region] < 0) unset(cpu, i, 0);
      const kind = R[frameAt(R[state.frame]) + frame.kind];
      if (R[state.frame] !== 0 && kind === 0) R[state.pc] = popFrame(cpu);
      else cpu.calls.returned(cpu, kind);
      return true;
    }
    case operation.callLocal:
      raise(cpu, i, "depth", "the call is nested more than 8 frames deep");
      return true;
    case operation.callHelper:
      R[state.pc] = next;
      cpu.calls.helper(cpu, C[i + 4]);
      return true;
    case operation.callKfunc:
      R[state.pc] = next;
      cpu.calls.kfunc(cpu, C[i + 4]);
      return true;
    case operation.callx:
      if (R[d + word.region] < 0) unset(cpu, i, d);
      R[state.pc] = next;
      cpu.calls.helper(cpu, R[d + 1] === 0 ? R[d] : -1);
      return true;
    case operation.addrSpaceCast:
      R[d] = R[s];
      R[d + 1] = R[s + 1];
      if ((R[d + word.region] = R[s + word.region]) !== 0) movePointer(cpu, i, d, s);
      R[state.pc] = next;
      return true;
    case operation.atomic:
      if (atomic(cpu, i, d, s, C[i + 3], C[i + 4], C[i + 5], C[i + 6] !== 0)) R[state.pc] = next;
      return true;
    case operation.loadAcquire:
    case operation.storeRelease:
      return ordered(cpu, i, op === operation.storeRelease, d, s);
    case operation.packet: {
      if (C[i + 6] !== 0 && R[s + word.region] < 0) unset(cpu, i, s);
      const offset = (C[i + 4] + (C[i + 6] === 0 ? 0 : R[s])) | 0;
      if (cpu.calls.packet(cpu, offset, C[i + 5]) === RUNNING && R[state.pc] === i) R[state.pc] = next;
      return true;
    }
    case operation.invalid:
      raise(cpu, i, "invalid", "this machine has not what the instruction names");
      return true;
    case operation.outside:
      raise(cpu, i, "fallsOff", "the program runs past its last instruction");
      return true;
    case operation.middle:
      raise(cpu, i, "invalid", "the program jumps into the middle of a 64-bit load");
      return true;
    default:
  }
  if (op < operation.load) {
    // Negation, sign extension, byte swaps: only an unwritten register brings them here.
    unset(cpu, i, op >= operation.movsx && op < operation.swap ? s : d);
    return false;
  }
  if (op < operation.storeImm) return load(cpu, i, op - operation.load, d, s);
  if (op < operation.atomic) return store(cpu, i, op, d, s);
  if (op < operation.stackStoreReg) {
    const at = SLOT_WORDS + R[state.frame] * STACK_BYTES + STACK_BYTES + C[i + 7];
    unwritten(cpu, i, at, C[i + 6]);
  } else unset(cpu, i, s);
  return false;
}

function arithmetic(cpu: Cpu, i: number, op: number, d: number, s: number): boolean {
  const R = cpu.R;
  const run = (op / 14) | 0;
  const which = op % 14;
  if (op === 14 || op === 15) {
    const al = R[d];
    const bl = R[s];
    const bh = R[s + 1];
    if (op === 14) {
      addPointer(cpu, i, d, s);
      R[d + 1] += bh + ((al + bl) >>> 0 < al >>> 0 ? 1 : 0);
      R[d] = al + bl;
    } else {
      subPointer(cpu, i, d, s);
      R[d + 1] -= bh + (al >>> 0 < bl >>> 0 ? 1 : 0);
      R[d] = al - bl;
    }
    R[state.pc] = i + INSN_WORDS;
    return true;
  }
  // `mov` reads its source only.
  if ((run & 1) === 1 && which === 12) unset(cpu, i, s);
  else if ((run & 1) === 1) unsetEither(cpu, i, d, s);
  else unset(cpu, i, d);
  return false;
}

/** A load of any memory; true when it is done, or faulted. */
export function load(cpu: Cpu, i: number, which: number, d: number, s: number): boolean {
  const R = cpu.R;
  const D = cpu.D;
  const size = which === 3 ? 8 : 1 << (which & 3);
  const a = access(cpu, i, s, (R[s] + cpu.code.words[i + 3]) | 0, size, false);
  if (a < 0) return true;
  R[state.pc] = i + INSN_WORDS;
  if (size === 8 && cpu.slot >= 0) {
    fillSlot(cpu, i, d, a);
    return true;
  }
  if (which === 2 && cpu.slot === -2) {
    contextLoad(cpu, d, a);
    return true;
  }
  const signed = which > 3;
  if (size === 1) R[d] = signed ? D.getInt8(a) : D.getUint8(a);
  else if (size === 2) R[d] = signed ? D.getInt16(a, true) : D.getUint16(a, true);
  else R[d] = D.getInt32(a, true);
  R[d + 1] = size === 8 ? D.getInt32(a + 4, true) : signed ? R[d] >> 31 : 0;
  R[d + word.region] = 0;
  return true;
}

/** A store likewise. */
export function store(cpu: Cpu, i: number, op: number, d: number, s: number): boolean {
  const R = cpu.R;
  const D = cpu.D;
  const C = cpu.code.words;
  const immediate = op < operation.storeReg;
  const size = 1 << (op - (immediate ? operation.storeImm : operation.storeReg));
  if (!immediate && R[s + word.region] < 0) unset(cpu, i, s);
  const a = access(cpu, i, d, (R[d] + C[i + 3]) | 0, size, true);
  if (a < 0) return true;
  R[state.pc] = i + INSN_WORDS;
  const lo = immediate ? C[i + 4] : R[s];
  if (size === 1) D.setInt8(a, lo);
  else if (size === 2) D.setInt16(a, lo, true);
  else D.setInt32(a, lo, true);
  if (size === 8) {
    D.setInt32(a + 4, immediate ? C[i + 5] : R[s + 1], true);
    if (cpu.slot >= 0 && !immediate) spillSlot(cpu, s);
  }
  return true;
}

/** load_acquire and store_release: where one CPU runs at a time they are a load and a store that must be aligned. */
function ordered(cpu: Cpu, i: number, write: boolean, d: number, s: number): boolean {
  const R = cpu.R;
  const D = cpu.D;
  const C = cpu.code.words;
  const size = C[i + 4];
  const base = write ? d : s;
  if (write && R[s + word.region] < 0) unset(cpu, i, s);
  const a = access(cpu, i, base, (R[base] + C[i + 3]) | 0, size, write);
  if (a < 0) return true;
  if ((a & (size - 1)) !== 0) {
    const name = write ? "store_release" : "load_acquire";
    raise(cpu, i, "misaligned", `${name} of ${size} bytes needs an address that is a multiple of ${size}`, BigInt(a));
    return true;
  }
  R[state.pc] = i + INSN_WORDS;
  const { memory } = cpu;
  if (memory.shared && cpu.slot < 0) {
    if (write) storeAmongOthers(memory, size, a, cpu.value(s / REG_WORDS));
    else {
      const found = loadAmongOthers(memory, size, a);
      setNumber(R, d, Number(BigInt.asIntN(32, found)), Number(BigInt.asIntN(32, found >> 32n)));
    }
    return true;
  }
  if (write) {
    if (size === 1) D.setInt8(a, R[s]);
    else if (size === 2) D.setInt16(a, R[s], true);
    else D.setInt32(a, R[s], true);
    if (size === 8) {
      D.setInt32(a + 4, R[s + 1], true);
      if (cpu.slot >= 0) spillSlot(cpu, s);
    }
    return true;
  }
  if (size === 8 && cpu.slot >= 0) {
    fillSlot(cpu, i, d, a);
    return true;
  }
  R[d] = size === 1 ? D.getUint8(a) : size === 2 ? D.getUint16(a, true) : D.getInt32(a, true);
  R[d + 1] = size === 8 ? D.getInt32(a + 4, true) : 0;
  R[d + word.region] = 0;
  return true;
}
