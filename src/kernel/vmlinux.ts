// The BTF of the running kernel, as far as calling it needs: the id of each function by name.
import { readFileSync } from "node:fs";

const path = "/sys/kernel/btf/vmlinux";

/** Bytes after the 12 common ones, per kind: fixed, and for each of the vlen members. */
const fixedBytes: Readonly<Record<number, number>> = { 1: 4, 3: 12, 14: 4, 17: 4 };
const memberBytes: Readonly<Record<number, number>> = { 4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12 };
const kindFunc = 12;

let ids: ReadonlyMap<string, number> | undefined;

/** The vmlinux BTF id of a kernel function; undefined when this kernel has none, or publishes no BTF. */
export function functionId(name: string): number | undefined {
  ids ??= scan();
  return ids.get(name);
}

function scan(): ReadonlyMap<string, number> {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch {
    return new Map();
  }
  const little = file[0] === 0x9f;
  const u32 = (at: number): number => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const header = u32(4);
  const types = header + u32(8);
  const end = types + u32(12);
  const strings = header + u32(16);
  const found = new Map<string, number>();
  // Type ids count from 1; 0 is void.
  for (let at = types, id = 1; at < end; id++) {
    const info = u32(at + 4);
    const kind = (info >>> 24) & 0x1f;
    if (kind === kindFunc) {
      const start = strings + u32(at);
      found.set(file.toString("latin1", start, file.indexOf(0, start)), id);
    }
    at += 12 + (fixedBytes[kind] ?? 0) + (info & 0xffff) * (memberBytes[kind] ?? 0);
  }
  return found;
}
