// Atomic operations of the interpreter on memory that other threads use: each is one operation of the processor.
import type { Memory } from "../memory/memory.ts";

type Combine = "add" | "or" | "and" | "xor" | "exchange";
/** In the order of isa/atomic.ts. */
const byNumber: readonly Combine[] = ["add", "or", "and", "xor", "exchange"];
export const CMPXCHG = byNumber.length;

/** Does operation `op` of 4 or 8 bytes at an aligned address, and gives what was there. */
export function amongOthers(
  memory: Memory,
  op: number,
  size: number,
  address: number,
  value: bigint,
  expected: bigint,
): bigint {
  if (size === 8) {
    const words = new BigInt64Array(memory.wasm.buffer);
    const at = address >> 3;
    if (op === CMPXCHG) return Atomics.compareExchange(words, at, expected, value);
    return Atomics[byNumber[op]](words, at, value);
  }
  const at = address >> 2;
  const narrow = Number(BigInt.asIntN(32, value));
  if (op !== CMPXCHG) return BigInt(Atomics[byNumber[op]](memory.i32, at, narrow));
  return BigInt(Atomics.compareExchange(memory.i32, at, Number(BigInt.asIntN(32, expected)), narrow));
}

type Words = Uint8Array | Uint16Array | Uint32Array;

function wordsOf({ u8, u16, u32 }: Memory, size: number): Words {
  return size === 1 ? u8 : size === 2 ? u16 : u32;
}

/** load_acquire of 1, 2, 4 or 8 bytes at an aligned address. */
export function loadAmongOthers(memory: Memory, size: number, address: number): bigint {
  if (size === 8) return Atomics.load(new BigInt64Array(memory.wasm.buffer), address >> 3);
  return BigInt(Atomics.load(wordsOf(memory, size), address / size));
}

/** store_release, likewise. */
export function storeAmongOthers(memory: Memory, size: number, address: number, value: bigint): void {
  if (size === 8) Atomics.store(new BigInt64Array(memory.wasm.buffer), address >> 3, value);
  else Atomics.store(wordsOf(memory, size), address / size, Number(BigInt.asUintN(size * 8, value)));
}
