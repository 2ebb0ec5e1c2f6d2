// What the words of linear memory mean. Everything a machine knows is numbers in here, so that a copy of the used
// bytes is a copy of the machine; addresses are byte offsets, and an "index" is an address divided by four.
//
//   0     .. 4096   never mapped: null and small offsets from it fault
//   4096  .. 4352   the header: 64 words, named by `head`
//   4352  ..        blocks, one after another. A block that programs may see is a region and is named by the shadow;
//                   book-keeping (the region table itself) is reserved space whose shadow is 0.

/** The upper half of every pointer: it looks like a kernel address, and a truncated pointer lacks it. */
export const POINTER_HIGH = 0xffff8881 | 0;

export const FIRST_PAGE = 4096;
export const HEADER = 4096;
export const FIRST_BLOCK = HEADER + 256;
export const WASM_PAGE = 65536;

/** Words of the header, as indices into `i32`. */
export const head = {
  /** The first byte that was never handed out. */
  used: HEADER / 4,
  /** Address, capacity and length of the region table; region 0 is no region. */
  regions: HEADER / 4 + 1,
  regionCapacity: HEADER / 4 + 2,
  regionCount: HEADER / 4 + 3,
  /** Freed blocks, oldest first: first and last region of the queue, and the bytes it holds. */
  freedFirst: HEADER / 4 + 4,
  freedLast: HEADER / 4 + 5,
  freedBytes: HEADER / 4 + 6,
  /** Addresses of the state of the parts above: set once, when each is built. */
  clock: HEADER / 4 + 8,
  rcu: HEADER / 4 + 9,
  maps: HEADER / 4 + 10,
  machine: HEADER / 4 + 11,
  objects: HEADER / 4 + 12,
  /** Of a shared machine: its lock (lock.ts), and a word that stays 0, to sleep on. */
  lock: HEADER / 4 + 16,
  pause: HEADER / 4 + 17,
} as const;

/** Bytes of one record of the region table, and its words. */
export const REGION_BYTES = 64;
export const region = {
  base: 0,
  /** The bytes asked for; the block may be longer. */
  size: 1,
  kind: 2,
  /** Whose it is: a map's id, a CPU, or whatever the kind says. */
  owner: 3,
  state: 4,
  flags: 5,
  /** Counts the uses of the block. A pointer whose remembered count differs points to a former tenant. */
  generation: 6,
  /** The bytes of the block, and the next region in the queue of freed blocks. */
  block: 7,
  nextFreed: 8,
  /**
   * A region of equal elements: every `stride` bytes an element begins, whose bytes [first, first + length) a program
   * may touch, and whose own generation stands in the word at `generationAt` (-1: the region's serves).
   * Stride 0: the region is one element.
   */
  stride: 9,
  first: 10,
  length: 11,
  generationAt: 12,
} as const;

/** Region states. A freed region keeps its shadow until its block is handed out again. */
export const LIVE = 1;
export const FREED = 2;

export const kinds = [
  "none",
  "stack",
  "ctx",
  "packet",
  "mapValues",
  "mapHeader",
  "scratch",
  "ringbuf",
  "op",
  "internal",
  "mapInternal",
] as const;
export type Kind = (typeof kinds)[number];

/** The number of a kind, as the region table holds it. */
export const kind = {
  none: 0,
  stack: 1,
  ctx: 2,
  packet: 3,
  mapValues: 4,
  mapHeader: 5,
  scratch: 6,
  ringbuf: 7,
  op: 8,
  internal: 9,
  /** Buckets, free lists and slots of a map: its owner is the map. */
  mapInternal: 10,
} as const satisfies Record<Kind, number>;

/** Region flags. */
export const READ_ONLY = 1;
