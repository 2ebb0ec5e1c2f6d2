// Reading a kernel ring buffer as userspace does: its positions and records through shared memory. The consumer's
// position is a page of its own, which may be written; behind it come the producer's and the data, twice in a row.
import { hex } from "./side.ts";

export interface RingReader {
  /** The records finished since the last reading, as text; they are consumed. */
  read(): string[];
  close(): void;
}

const PAGE = 4096;
const READ = 1;
const WRITE = 2;
const SHARED = 1;
const HEADER = 8;
const BUSY = 2 ** 31;
const DISCARDED = 2 ** 30;

export type MapRing = (fd: number, size: number) => RingReader;

/** What maps a ring buffer's descriptor into memory; undefined where koffi is not installed. */
export async function mapRing(): Promise<MapRing | undefined> {
  const koffi = (await import("koffi").catch(() => undefined))?.default;
  if (koffi === undefined) return undefined;
  const libc = koffi.load(null);
  const mmap = libc.func("mmap", "void *", ["void *", "size_t", "int", "int", "int", "long"]);
  const munmap = libc.func("munmap", "int", ["void *", "size_t"]);
  const share = (fd: number, length: number, access: number, offset: number): bigint => {
    const at: bigint = mmap(null, length, access, SHARED, fd, offset);
    if (at === 0xffffffffffffffffn) throw new Error(`mmap of a ring buffer: errno ${koffi.errno()}`);
    return at;
  };
  return (fd, size) => {
    const consumerAt = share(fd, PAGE, READ | WRITE, 0);
    const producerAt = share(fd, PAGE + 2 * size, READ, PAGE);
    const consumer = new BigUint64Array(koffi.view(consumerAt, PAGE));
    const producer = new BigUint64Array(koffi.view(producerAt, PAGE));
    const bytes = new Uint8Array(koffi.view(producerAt, PAGE + 2 * size));
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return {
      read() {
        const found: string[] = [];
        while (consumer[0] < producer[0]) {
          const at = PAGE + (Number(consumer[0]) & (size - 1));
          const word = view.getUint32(at, true);
          if (word >= BUSY) break;
          const length = word % DISCARDED;
          if (word < DISCARDED) found.push(recordText(bytes.slice(at + HEADER, at + HEADER + length)));
          consumer[0] += BigInt((length + HEADER + 7) & ~7);
        }
        return found;
      },
      close() {
        munmap(consumerAt, PAGE);
        munmap(producerAt, PAGE + 2 * size);
      },
    };
  };
}

/** What is beyond the first word of a record was never written if it was only reserved. */
export function recordText(bytes: Uint8Array): string {
  return `${bytes.length}:${hex(bytes.subarray(0, 8))}`;
}
