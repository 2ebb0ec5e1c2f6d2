// Dynptrs at work: 16 bytes that hold where memory is, how much of it, and whose it is. Programs may not touch them once
// they are verified; one that was not may have written anything there, so that what they say is checked at each use.
import type { HostCall, HostDynptrs, HostMaps } from "../host/machine.ts";
import { POINTER_HIGH } from "../memory/layout.ts";
import { access, point } from "./access.ts";
import { REG_WORDS } from "./code.ts";
import { clobber, setNumber } from "./frames.ts";
import { type Cpu, UNINITIALISED, word } from "./registers.ts";

/** Words of a dynptr: the address of its memory, that of all memory here, the size, and who lent it. */
const at = { address: 0, high: 1, size: 2, lender: 3 } as const;
const BYTES = 16;
const MAP_VALUE = 1;
const RING_BUFFER = 2;

const EINVAL = -22;
const E2BIG = -7;
/** The greatest size of memory behind one (kernel: DYNPTR_MAX_SIZE). */
const MOST = (1 << 24) - 1;
const SPARE = 11 * REG_WORDS;

/** What a dynptr asks of the call in progress. */
export interface DynptrCall
  extends Pick<HostCall, "lo" | "hi" | "returns" | "returnsNumber" | "readable" | "writable"> {
  readonly calling: Cpu;
  readonly R: Int32Array;
  /** Index in the code's words of the instruction that calls. */
  readonly at: number;
  readonly maps: HostMaps & { ringbufReserveFor(map: number, size: number, flags: number): void };
}

export class Dynptrs implements HostDynptrs {
  readonly #calls: DynptrCall;

  constructor(calls: DynptrCall) {
    this.#calls = calls;
  }

  fromMemory(data: number, size: number, flags: number, to: number): void {
    const calls = this.#calls;
    const bytes = calls.lo(size) >>> 0;
    if (!calls.writable(to, BYTES)) return;
    const tooMuch = bytes > MOST || calls.hi(size) !== 0;
    if (!tooMuch && bytes > 0 && !calls.writable(data, bytes)) return;
    const refused = tooMuch ? E2BIG : (calls.lo(flags) | calls.hi(flags)) !== 0 ? EINVAL : 0;
    this.#set(calls.lo(to), refused === 0 ? calls.lo(data) : 0, bytes, MAP_VALUE);
    calls.returnsNumber(refused);
  }

  reserve(map: number, size: number, flags: number, to: number): void {
    const calls = this.#calls;
    if (!calls.writable(to, BYTES)) return;
    this.#set(calls.lo(to), 0, 0, 0);
    const refused = calls.hi(size) !== 0 || calls.lo(size) >>> 0 > MOST ? E2BIG : 0;
    if (refused !== 0) calls.returnsNumber(refused);
    else calls.maps.ringbufReserveFor(map, size, flags);
  }

  /** A reservation for the dynptr at `to` came to its end; 0 when there was no room. The result of the call. */
  reserved(to: number, address: number, size: number): number {
    if (address === 0) return EINVAL;
    this.#set(to, address, size, RING_BUFFER);
    return 0;
  }

  giveBack(dynptr: number, discard: boolean): void {
    const calls = this.#calls;
    if (!calls.writable(dynptr, BYTES)) return;
    const I = calls.calling.I;
    const words = calls.lo(dynptr) >> 2;
    const record = I[words + at.lender] === RING_BUFFER ? I[words + at.address] : 0;
    this.#set(calls.lo(dynptr), 0, 0, 0);
    if (record === 0) {
      clobber(calls.R);
      calls.R[word.region] = UNINITIALISED;
      return;
    }
    // Submitting and discarding look at the record in the argument's register.
    setNumber(calls.R, REG_WORDS, record, POINTER_HIGH);
    point(calls.calling, REG_WORDS, calls.calling.memory.regionAt(record));
    if (discard) calls.maps.ringbufDiscard(0, 1);
    else calls.maps.ringbufSubmit(0, 1);
  }

  data(dynptr: number, offset: number, length: number): void {
    const calls = this.#calls;
    if (!calls.readable(dynptr, BYTES)) return;
    const count = calls.lo(length) >>> 0;
    const address = this.#slice(dynptr, offset, count, calls.hi(length));
    if (address <= 0 || !this.#there(address, Math.max(1, count), true)) {
      if (address <= 0) calls.returns(0, 0);
      return;
    }
    const { R } = calls;
    calls.returns(address, POINTER_HIGH);
    point(calls.calling, 0, calls.calling.memory.regionAt(address));
    R[word.base] = address;
    R[word.limit] = address + count;
  }

  read(to: number, size: number, dynptr: number, offset: number, flags: number): void {
    const calls = this.#calls;
    const count = calls.lo(size) >>> 0;
    if (!calls.readable(dynptr, BYTES) || !calls.writable(to, count)) return;
    const address = this.#slice(dynptr, offset, count, calls.lo(flags) | calls.hi(flags) | calls.hi(size));
    if (address > 0 && count > 0) {
      if (!this.#there(address, count, false)) return;
      calls.calling.U.copyWithin(calls.lo(to), address, address + count);
    }
    calls.returnsNumber(Math.min(0, address));
  }

  write(dynptr: number, offset: number, from: number, size: number, flags: number): void {
    const calls = this.#calls;
    const count = calls.lo(size) >>> 0;
    if (!calls.readable(dynptr, BYTES) || !calls.readable(from, count)) return;
    const address = this.#slice(dynptr, offset, count, calls.lo(flags) | calls.hi(flags) | calls.hi(size));
    if (address > 0 && count > 0) {
      if (!this.#there(address, count, true)) return;
      calls.calling.U.copyWithin(address, calls.lo(from), calls.lo(from) + count);
    }
    calls.returnsNumber(Math.min(0, address));
  }

  /** Where `count` bytes from an offset begin; an error number where they are not there. */
  #slice(dynptr: number, offset: number, count: number, wrong: number): number {
    const calls = this.#calls;
    const I = calls.calling.I;
    const words = calls.lo(dynptr) >> 2;
    const from = calls.lo(offset) >>> 0;
    if (I[words + at.address] === 0 || wrong !== 0) return EINVAL;
    if (calls.hi(offset) !== 0 || from + count > I[words + at.size]) return E2BIG;
    return I[words + at.address] + from;
  }

  #there(address: number, count: number, write: boolean): boolean {
    const { calling, at: pc } = this.#calls;
    setNumber(calling.R, SPARE, address, POINTER_HIGH);
    return access(calling, pc, SPARE, address, count, write) >= 0;
  }

  #set(dynptr: number, address: number, size: number, lender: number): void {
    const I = this.#calls.calling.I;
    const words = dynptr >> 2;
    I[words + at.address] = address;
    I[words + at.high] = address === 0 ? 0 : POINTER_HIGH;
    I[words + at.size] = address === 0 ? 0 : size;
    I[words + at.lender] = address === 0 ? 0 : lender;
  }
}
