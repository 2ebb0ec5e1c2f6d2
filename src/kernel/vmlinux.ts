// The BTF of the running kernel, as far as calling it needs: the id of each function by name, and the size of each
// structure, by which it is told whether this is the build whose offsets btf/types.ts has.
import { readFileSync } from "node:fs";

const path = "/sys/kernel/btf/vmlinux";

/** Bytes after the 12 common ones, per kind: fixed, and for each of the vlen members. */
const fixedBytes: Readonly<Record<number, number>> = { 1: 4, 3: 12, 14: 4, 17: 4 };
const memberBytes: Readonly<Record<number, number>> = { 4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12 };
const kindStruct = 4;
const kindFunc = 12;

interface Known {
  readonly functions: ReadonlyMap<string, number>;
  readonly structures: ReadonlyMap<string, number>;
}
let known: Known | undefined;

/** The vmlinux BTF id of a kernel function; undefined when this kernel has none, or publishes no BTF. */
export function functionId(name: string): number | undefined {
  known ??= scan();
  return known.functions.get(name);
}

/** Bytes of a structure of this kernel; undefined when it has none of that name, or publishes no BTF. */
export function structSize(name: string): number | undefined {
  known ??= scan();
  return known.structures.get(name);
}

function scan(): Known {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch {
    return { functions: new Map(), structures: new Map() };
  }
  const little = file[0] === 0x9f;
  const u32 = (at: number): number => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const header = u32(4);
  const types = header + u32(8);
  const end = types + u32(12);
  const strings = header + u32(16);
  const functions = new Map<string, number>();
  const structures = new Map<string, number>();
  const nameAt = (at: number): string => {
    const start = strings + u32(at);
    return file.toString("latin1", start, file.indexOf(0, start));
  };
  // Type ids count from 1; 0 is void.
  for (let at = types, id = 1; at < end; id++) {
    const info = u32(at + 4);
    const kind = (info >>> 24) & 0x1f;
    if (kind === kindFunc) functions.set(nameAt(at), id);
    if (kind === kindStruct) structures.set(nameAt(at), u32(at + 8));
    at += 12 + (fixedBytes[kind] ?? 0) + (info & 0xffff) * (memberBytes[kind] ?? 0);
  }
  return { functions, structures };
}
