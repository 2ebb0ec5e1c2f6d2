// union bpf_attr as bytes: zeroed, of an exact size, with pointers to Buffers that stay alive.
// A non-zero byte beyond what a command knows is refused with E2BIG, so each call starts from zeros.
import { endianness } from "node:os";
import type { Ffi } from "./ffi.ts";

const little = endianness() === "LE";

/** Sizes that kernels since 6.9 and before agree on: the fields used here lie within them. */
export const attrSize = { mapCreate: 72, mapElem: 32, progLoad: 168, testRun: 80, btfLoad: 32 } as const;

export class Attr {
  readonly bytes: Buffer;
  private readonly ffi: Ffi;
  /** What the pointers point to; held so that the collector leaves it alone until the call is over. */
  private readonly held: Buffer[] = [];

  constructor(ffi: Ffi, size: number) {
    this.ffi = ffi;
    this.bytes = Buffer.alloc(size);
  }

  u32(at: number, value: number): this {
    if (little) this.bytes.writeUInt32LE(value >>> 0, at);
    else this.bytes.writeUInt32BE(value >>> 0, at);
    return this;
  }
  u64(at: number, value: bigint): this {
    if (little) this.bytes.writeBigUInt64LE(value, at);
    else this.bytes.writeBigUInt64BE(value, at);
    return this;
  }
  /** A null pointer for an absent or empty Buffer. */
  pointer(at: number, to: Buffer | undefined): this {
    if (to === undefined || to.length === 0) return this;
    this.held.push(to);
    return this.u64(at, this.ffi.address(to));
  }
  readU32(at: number): number {
    return little ? this.bytes.readUInt32LE(at) : this.bytes.readUInt32BE(at);
  }
  /** The result of bpf(2), or the negated errno. */
  call(command: number): number {
    const result = this.ffi.bpf(command, this.bytes, this.bytes.length);
    this.held.length = 0;
    return result;
  }
}

/** A copy outside the JavaScript heap: a small typed array may lie inside it, where the collector moves things. */
export function stable(bytes: Uint8Array): Buffer {
  const copy = Buffer.alloc(bytes.length);
  copy.set(bytes);
  return copy;
}
