// The machine's memory: one growable linear memory, an allocator whose state is in it, and the shadow that names the
// region of every 8 bytes (the idea of KASAN). Whoever holds an address and the region and generation it was born
// with can tell in O(1) whether it still points to the same thing.
import { FIRST_BLOCK, FREED, head, LIVE, REGION_BYTES, region, WASM_PAGE } from "./layout.ts";
import { Lock } from "./lock.ts";
import { type LinearMemory, linearMemory } from "./wasm.ts";

/** Every word of a machine. Restoring it gives the machine back, whatever happened in between. */
export interface Snapshot {
  readonly bytes: Uint8Array;
  readonly shadow: Uint16Array;
}

export interface MemoryOptions {
  /** Threads may share it. It has all its bytes from the start, for views of it cannot follow when it grows. */
  readonly shared?: boolean;
  /** The most bytes it may grow to; allocation beyond gives 0. */
  readonly most?: number;
  /** Freed blocks stay untouched until this many bytes of them wait; then the oldest fitting one is handed out again. */
  readonly quarantine?: number;
}

/** What another thread needs to see the same memory. */
export interface SharedMemory {
  readonly wasm: LinearMemory;
  readonly shadow: SharedArrayBuffer;
}

/** Elements of equal size inside one region; see `region.stride`. */
export interface Elements {
  readonly stride: number;
  readonly first: number;
  readonly length: number;
  /** Offset of the element's generation word from its start; -1 if it has none. */
  readonly generationAt: number;
}

const FIRST_CAPACITY = 64;
const MOST_REGIONS = 0xffff;
/** Bytes of a shared memory for each place in its table of regions. */
const BYTES_PER_REGION = 1024;
const MOST_BYTES = 0x40000000;
const MOST_SHARED_BYTES = 0x10000000;

export class Memory {
  readonly shared: boolean;
  /** Held for what threads may not do at once. */
  readonly lock = new Lock(this);
  wasm: LinearMemory;
  // Views are replaced when memory grows: read them from here each time, never keep one across an allocation.
  u8: Uint8Array;
  u16: Uint16Array;
  i32: Int32Array;
  u32: Uint32Array;
  view: DataView;
  /** The region of each 8-byte granule; 0 where there is none. */
  shadow: Uint16Array;
  readonly #most: number;
  readonly #quarantine: number;

  constructor(options: MemoryOptions = {}) {
    this.shared = options.shared ?? false;
    this.#most = Math.min(options.most ?? (this.shared ? MOST_SHARED_BYTES : MOST_BYTES), 0x7fff0000);
    this.#quarantine = options.quarantine ?? 65536;
    const maximum = Math.ceil(this.#most / WASM_PAGE);
    this.wasm = linearMemory(this.shared ? { initial: maximum, maximum, shared: true } : { initial: 1 });
    this.u8 = new Uint8Array(this.wasm.buffer);
    this.u16 = new Uint16Array(this.wasm.buffer);
    this.i32 = new Int32Array(this.wasm.buffer);
    this.u32 = new Uint32Array(this.wasm.buffer);
    this.view = new DataView(this.wasm.buffer);
    this.shadow = this.#newShadow();
    this.i32[head.used] = FIRST_BLOCK;
    this.i32[head.regionCount] = 1;
    // Nobody follows a table that moves while another thread looks at it: a shared one has its last size at once.
    const all = Math.min(MOST_REGIONS + 1, this.#most / BYTES_PER_REGION);
    const capacity = this.shared ? all : FIRST_CAPACITY;
    this.i32[head.regionCapacity] = capacity;
    this.i32[head.regions] = this.reserve(capacity * REGION_BYTES);
  }

  /** For another thread's `adopt`; to be sent to it as it is. */
  share(): SharedMemory {
    const shadow = this.shadow.buffer;
    if (!(shadow instanceof SharedArrayBuffer)) throw new Error("only a memory that was made to be shared is");
    return { wasm: this.wasm, shadow };
  }

  /** Becomes the memory that another thread shares; what was in this one is gone. */
  adopt({ wasm, shadow }: SharedMemory): void {
    if (!this.shared) throw new Error("only a memory that was made to be shared adopts another");
    this.wasm = wasm;
    this.#look();
    this.shadow = new Uint16Array(shadow);
  }

  #look(): void {
    this.u8 = new Uint8Array(this.wasm.buffer);
    this.u16 = new Uint16Array(this.wasm.buffer);
    this.i32 = new Int32Array(this.wasm.buffer);
    this.u32 = new Uint32Array(this.wasm.buffer);
    this.view = new DataView(this.wasm.buffer);
  }

  /** Space for book-keeping that no program may touch and that is never given back; 0 when memory is exhausted. */
  reserve(bytes: number): number {
    const base = this.i32[head.used];
    const end = base + ((bytes + 7) & -8);
    if (end > this.#most || !this.#cover(end)) return 0;
    this.i32[head.used] = end;
    return base;
  }

  /** A new region of `size` zero bytes, its base aligned to `align` (at least 8); 0 when memory is exhausted. */
  allocate(size: number, align: number, kindNumber: number, owner: number, flags = 0): number {
    if (size < 0 || size > this.#most) return 0;
    const block = Math.max(8, (size + 7) & -8);
    const id = this.#reuse(block, align) || this.#carve(block, align);
    if (id === 0) return 0;
    const at = this.regionIndex(id);
    const i32 = this.i32;
    i32[at + region.size] = size;
    i32[at + region.kind] = kindNumber;
    i32[at + region.owner] = owner;
    i32[at + region.state] = LIVE;
    i32[at + region.flags] = flags;
    i32[at + region.stride] = 0;
    i32[at + region.first] = 0;
    i32[at + region.length] = size;
    i32[at + region.generationAt] = -1;
    return i32[at + region.base];
  }

  /** Says that the region at `base` is made of equal elements, each with bounds and a lifetime of its own. */
  divide(base: number, elements: Elements): void {
    const at = this.regionIndex(this.regionAt(base));
    this.i32[at + region.stride] = elements.stride;
    this.i32[at + region.first] = elements.first;
    this.i32[at + region.length] = elements.length;
    this.i32[at + region.generationAt] = elements.generationAt;
  }

  /** Ends the life of the region at `base`. Its bytes and its shadow stay until the block is handed out again. */
  free(base: number): void {
    const id = this.regionAt(base);
    const at = this.regionIndex(id);
    const i32 = this.i32;
    if (id === 0 || i32[at + region.base] !== base || i32[at + region.state] !== LIVE) {
      throw new Error(`no live region begins at ${base}`);
    }
    i32[at + region.state] = FREED;
    i32[at + region.generation]++;
    i32[at + region.nextFreed] = 0;
    const last = i32[head.freedLast];
    if (last === 0) i32[head.freedFirst] = id;
    else i32[this.regionIndex(last) + region.nextFreed] = id;
    i32[head.freedLast] = id;
    i32[head.freedBytes] += i32[at + region.block];
  }

  /** The region that the byte at `address` belongs to, live or freed; 0 if none. */
  regionAt(address: number): number {
    return this.shadow[address >>> 3] | 0;
  }

  /** Index in `i32` of a region's record; add a word of `region`. */
  regionIndex(id: number): number {
    return (this.i32[head.regions] + id * REGION_BYTES) >> 2;
  }

  regionWord(id: number, word: number): number {
    return this.i32[this.regionIndex(id) + word];
  }

  isLive(id: number): boolean {
    return id !== 0 && this.i32[this.regionIndex(id) + region.state] === LIVE;
  }

  /** Whether [address, address + count) lies inside region `id` and, if it is divided, inside one element's own bytes. */
  fits(id: number, address: number, count: number): boolean {
    const at = this.regionIndex(id);
    const i32 = this.i32;
    const offset = address - i32[at + region.base];
    if (offset < 0 || offset + count > i32[at + region.size]) return false;
    const stride = i32[at + region.stride];
    if (stride === 0) return true;
    const inside = (offset % stride) - i32[at + region.first];
    return inside >= 0 && inside + count <= i32[at + region.length];
  }

  /** Address of the word that counts the lives of what `address` points to: the element's, or else the region's. */
  generationAt(id: number, address: number): number {
    const at = this.regionIndex(id);
    const i32 = this.i32;
    const inElement = i32[at + region.generationAt];
    if (inElement < 0) return (at + region.generation) << 2;
    const offset = address - i32[at + region.base];
    return address - (offset % i32[at + region.stride]) + inElement;
  }

  /** The bytes handed out so far; everything a machine knows is below it. */
  get used(): number {
    return this.i32[head.used];
  }

  snapshot(): Snapshot {
    const used = this.used;
    return { bytes: this.u8.slice(0, used), shadow: this.shadow.slice(0, (used + 7) >> 3) };
  }

  restore(snapshot: Snapshot): void {
    const { bytes, shadow } = snapshot;
    const before = this.used;
    if (!this.#cover(bytes.length)) throw new Error("memory cannot grow to the snapshot's size");
    this.u8.set(bytes);
    this.shadow.set(shadow);
    // What was never handed out is zero; allocation relies on it.
    if (before > bytes.length) {
      this.u8.fill(0, bytes.length, before);
      this.shadow.fill(0, shadow.length, (before + 7) >> 3);
    }
  }

  /** The oldest freed block of exactly this length, once enough are waiting; its bytes are cleared. */
  #reuse(block: number, align: number): number {
    const i32 = this.i32;
    if (i32[head.freedBytes] <= this.#quarantine) return 0;
    let before = 0;
    for (let id = i32[head.freedFirst]; id !== 0; id = i32[this.regionIndex(id) + region.nextFreed]) {
      const at = this.regionIndex(id);
      if (i32[at + region.block] === block && i32[at + region.base] % Math.max(8, align) === 0) {
        const next = i32[at + region.nextFreed];
        if (before === 0) i32[head.freedFirst] = next;
        else i32[this.regionIndex(before) + region.nextFreed] = next;
        if (i32[head.freedLast] === id) i32[head.freedLast] = before;
        i32[head.freedBytes] -= block;
        const base = i32[at + region.base];
        this.u8.fill(0, base, base + block);
        return id;
      }
      before = id;
    }
    return 0;
  }

  #carve(block: number, align: number): number {
    const id = this.i32[head.regionCount];
    if (id > MOST_REGIONS) return 0;
    if (id >= this.i32[head.regionCapacity] && !this.#growTable()) return 0;
    const from = this.i32[head.used];
    const base = Math.ceil(from / Math.max(8, align)) * Math.max(8, align);
    if (this.reserve(base - from + block) === 0) return 0;
    this.i32[head.regionCount] = id + 1;
    this.shadow.fill(id, base >> 3, (base + block) >> 3);
    const at = this.regionIndex(id);
    this.i32[at + region.base] = base;
    this.i32[at + region.block] = block;
    this.i32[at + region.generation] = 1;
    return id;
  }

  #growTable(): boolean {
    const bytes = this.i32[head.regionCapacity] * REGION_BYTES;
    const moved = this.reserve(bytes * 2);
    if (moved === 0) return false;
    const from = this.i32[head.regions];
    this.u8.copyWithin(moved, from, from + bytes);
    this.i32[head.regions] = moved;
    this.i32[head.regionCapacity] *= 2;
    return true;
  }

  #newShadow(): Uint16Array {
    const bytes = this.u8.length >> 2;
    return new Uint16Array(this.shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  }

  /** Makes the linear memory at least `end` bytes long, by half as much again so that growth stays rare. */
  #cover(end: number): boolean {
    if (end <= this.u8.length) return true;
    const limit = Math.ceil(this.#most / WASM_PAGE);
    const have = this.u8.length / WASM_PAGE;
    const need = Math.ceil(end / WASM_PAGE);
    const pages = Math.min(limit, Math.max(need, Math.ceil(have * 1.5))) - have;
    if (need > limit) return false;
    try {
      this.wasm.grow(pages);
    } catch {
      return false; // the engine has no more to give: the caller reports ENOMEM
    }
    this.#look();
    const shadow = this.shadow;
    this.shadow = this.#newShadow();
    this.shadow.set(shadow);
    return true;
  }
}
