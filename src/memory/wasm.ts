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

export function linearMemory(descriptor: Descriptor): LinearMemory {
  const { WebAssembly: engine } = globalThis as unknown as { readonly WebAssembly: Engine };
  return new engine.Memory(descriptor);
}
