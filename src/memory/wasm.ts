// The one thing this folder needs of WebAssembly, declared here because the library's type set has no DOM:
// a growable buffer that compiled programs can share.

/** A WebAssembly.Memory. Growing it detaches `buffer` and makes a new one. */
export interface LinearMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

interface Descriptor {
  readonly initial: number;
  readonly maximum?: number;
  readonly shared?: boolean;
}

interface Engine {
  readonly Memory: new (descriptor: Descriptor) => LinearMemory;
}

const PAGE = 65536;

export function linearMemory(descriptor: Descriptor): LinearMemory {
  const { WebAssembly: engine } = globalThis as unknown as { readonly WebAssembly?: Engine };
  return engine === undefined ? new PlainMemory(descriptor) : new engine.Memory(descriptor);
}

/** The same where the engine has no WebAssembly at all. */
class PlainMemory implements LinearMemory {
  buffer: ArrayBufferLike;

  constructor({ initial, shared }: Descriptor) {
    this.buffer = shared === true ? new SharedArrayBuffer(initial * PAGE) : new ArrayBuffer(initial * PAGE);
  }

  grow(pages: number): number {
    const before = this.buffer;
    const after = new ArrayBuffer(before.byteLength + pages * PAGE);
    new Uint8Array(after).set(new Uint8Array(before));
    this.buffer = after;
    return before.byteLength / PAGE;
  }
}
