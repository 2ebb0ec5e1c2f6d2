// The atomic read-modify-write operations, one row each (RFC 9669 §5.3).

export interface AtomicRow {
  /** The imm field without the FETCH bit (0x01). */
  readonly imm: number;
  readonly symbol: string | null;
  readonly mnemonic: string;
  /** xchg and cmpxchg exist only as fetching forms. */
  readonly fetch: "optional" | "always";
  readonly since: "v1" | "v3";
  /** What memory holds afterwards; `r0` matters to cmpxchg only. */
  readonly eval: (memory: bigint, src: bigint, r0: bigint) => bigint;
}

export const atomic = {
  add: { imm: 0x00, symbol: "+=", mnemonic: "add", fetch: "optional", since: "v1", eval: (m, s) => m + s },
  or: { imm: 0x40, symbol: "|=", mnemonic: "or", fetch: "optional", since: "v3", eval: (m, s) => m | s },
  and: { imm: 0x50, symbol: "&=", mnemonic: "and", fetch: "optional", since: "v3", eval: (m, s) => m & s },
  xor: { imm: 0xa0, symbol: "^=", mnemonic: "xor", fetch: "optional", since: "v3", eval: (m, s) => m ^ s },
  xchg: { imm: 0xe0, symbol: null, mnemonic: "xchg", fetch: "always", since: "v3", eval: (_, s) => s },
  cmpxchg: {
    imm: 0xf0,
    symbol: null,
    mnemonic: "cmpxchg",
    fetch: "always",
    since: "v3",
    eval: (m, s, r0) => (m === r0 ? s : m),
  },
} as const satisfies Record<string, AtomicRow>;

export type AtomicOp = keyof typeof atomic;
export const atomicOps = Object.keys(atomic) as readonly AtomicOp[];

/** The FETCH bit of the imm field, and the kernel's two additions (6.14): load-acquire and store-release. */
export const FETCH = 0x01;
export const LOAD_ACQUIRE = 0x100;
export const STORE_RELEASE = 0x110;

/** Memory after the operation, on operands of `size` bytes. */
export function evalAtomic(op: AtomicOp, size: 4 | 8, memory: bigint, src: bigint, r0: bigint): bigint {
  const width = size * 8;
  const row: AtomicRow = atomic[op];
  const cut = (v: bigint) => BigInt.asUintN(width, v);
  return cut(row.eval(cut(memory), cut(src), cut(r0)));
}
