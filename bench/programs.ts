// The twelve benchmark programs: their sources compiled by clang for BPF and by gcc for this machine, and what the native build
// takes. Needs clang-19 and gcc.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeAll } from "../src/isa/decode.ts";
import type { Insn } from "../src/isa/insn.ts";
import { type MapDef, makeProgram, type Program } from "../src/isa/program.ts";

export const names = ["a", "b", "c", "k", "d", "e", "f", "g", "u", "h", "i", "j"];

const harness = `
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "data.h"
#include "programs.c"
typedef u64 (*program)(u8 *);
static u8 mem[4096] __attribute__((aligned(8)));
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1e9 + t.tv_nsec; }
int main(int argc, char **argv) {
  program all[] = { ${names.map((name) => `PFX(prog_${name})`).join(", ")} };
  fill(mem);
  if (argc < 2) { fwrite(mem, 1, 4096, stdout); return 0; }
  program run = all[atoi(argv[1])];
  u64 first = run(mem), times = 1;
  for (;;) {
    double start = now();
    for (u64 n = 0; n < times; n++) { __asm__ volatile("" ::: "memory"); run(mem); }
    double took = now() - start;
    if (took > 2e7) { printf("%llu %f\\n", first, took / times); return 0; }
    times *= 2;
  }
}
`;

interface Section {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

/** Just enough of ELF to find sections, symbols and the call relocations between static functions. */
export function objectPrograms(bytes: Buffer): Map<string, (Insn | null)[]> {
  const big = (at: number) => Number(bytes.readBigUInt64LE(at));
  const table = big(0x28);
  const count = bytes.readUInt16LE(0x3c);
  const raw = Array.from({ length: count }, (_, n) => table + n * 64);
  const stringsAt = big(raw[bytes.readUInt16LE(0x3e)] + 24);
  const text = (at: number) => bytes.toString("latin1", at, bytes.indexOf(0, at));
  const sections: Section[] = raw.map((at) => ({
    name: text(stringsAt + bytes.readUInt32LE(at)),
    type: bytes.readUInt32LE(at + 4),
    offset: big(at + 24),
    size: big(at + 32),
    link: bytes.readUInt32LE(at + 40),
    info: bytes.readUInt32LE(at + 44),
  }));
  const relocations = sections.filter((one) => one.type === 9);
  for (const relocation of relocations) {
    const target = sections[relocation.info];
    const symbols = sections[relocation.link];
    for (let at = relocation.offset; at < relocation.offset + relocation.size; at += 16) {
      const where = big(at);
      const kind = bytes.readUInt32LE(at + 8);
      if (kind !== 10 || !target.name.startsWith("p_")) continue;
      const symbol = symbols.offset + bytes.readUInt32LE(at + 12) * 24;
      const section = (bytes[symbol + 4] & 15) === 3;
      const insn = target.offset + where;
      const to = section ? bytes.readInt32LE(insn + 4) + 1 : big(symbol + 8) / 8;
      bytes.writeInt32LE(to - (where / 8 + 1), insn + 4);
    }
  }
  const found = new Map<string, (Insn | null)[]>();
  for (const { name, offset, size } of sections) {
    if (!name.startsWith("p_")) continue;
    found.set(name.slice(2), decodeAll(bytes.subarray(offset, offset + size)).map(withMap));
  }
  return found;
}

/** The constants that stand for maps become references: 0x4d41500000000001 the hash, ...2 the array. */
function withMap(insn: Insn | null): Insn | null {
  if (insn?.kind !== "imm64" || insn.high !== 0x4d415000) return insn;
  return { ...insn, what: "mapFd", low: insn.low - 1, high: 0 };
}

export const maps: readonly MapDef[] = [
  { name: "hash", type: "hash", keySize: 4, valueSize: 8, maxEntries: 256, flags: 0 },
  { name: "array", type: "array", keySize: 4, valueSize: 8, maxEntries: 32, flags: 0 },
];

const input: MapDef = { name: "input", type: "array", keySize: 4, valueSize: 4096, maxEntries: 1, flags: 0 };

const reg = (number: number) => ({ kind: "reg", reg: number }) as const;
const imm = (value: number) => ({ kind: "imm", value }) as const;
const caller: readonly (Insn | null)[] = [
  { kind: "store", size: 4, base: 10, off: -4, src: imm(0) },
  { kind: "alu", op: "mov", width: 64, dst: 2, src: reg(10) },
  { kind: "alu", op: "add", width: 64, dst: 2, src: imm(-4) },
  { kind: "imm64", what: "mapFd", dst: 1, low: maps.length, high: 0 },
  null,
  { kind: "callHelper", id: 1 },
  { kind: "jump", op: "jeq", width: 64, dst: 0, src: imm(0), off: 2 },
  { kind: "alu", op: "mov", width: 64, dst: 1, src: reg(0) },
  { kind: "callLocal", off: 1 },
  { kind: "exit" },
];

/** The program of a function of its memory: it looks the memory up, 4096 bytes in an array map, and calls the function. */
export function verifiable(name: string, insns: readonly (Insn | null)[]): Program {
  return makeProgram({
    name,
    insns: [...caller, ...insns],
    maps: [...maps, input],
    type: "socket_filter",
    rcu: "implicit",
  });
}

export interface Built {
  /** The input that all programs get. */
  readonly memory: Uint8Array;
  /** By name: the instructions, a function of one argument first. */
  readonly programs: ReadonlyMap<string, readonly (Insn | null)[]>;
  /** What the native program of that number returns, and nanoseconds of a run. */
  native(number: number): { readonly r0: bigint; readonly nanoseconds: number };
}

/** Builds both in a folder of their own for as long as `use` works; false where there are no sources. */
export function withPrograms(folder: string | undefined, use: (built: Built) => void): boolean {
  const sources = folder ?? fileURLToPath(new URL("../../shared/bench", import.meta.url));
  if (!existsSync(join(sources, "programs.c"))) {
    console.log(`skipped: there is no programs.c in ${sources}`);
    return false;
  }
  const work = mkdtempSync(join(tmpdir(), "bpflab-bench-"));
  try {
    const native = join(work, "native");
    const object = join(work, "programs.o");
    writeFileSync(join(work, "harness.c"), harness);
    // The map is a translation unit of its own: to the programs its functions are foreign, as helpers are.
    writeFileSync(join(work, "map.c"), '#include "data.h"\n#include "native-map.h"\n');
    const from = [join(work, "harness.c"), join(work, "map.c")];
    execFileSync("gcc", ["-O2", "-w", "-DVAR=native_", `-I${sources}`, "-o", native, ...from]);
    const bpf = ["-target", "bpf", "-mcpu=v3", "-O2", "-w", "-c", "-o", object, join(sources, "programs.c")];
    execFileSync("clang-19", bpf);
    use({
      memory: new Uint8Array(execFileSync(native, { maxBuffer: 1 << 20 })),
      programs: objectPrograms(readFileSync(object)),
      native: (number) => {
        const [r0 = "", nanoseconds = ""] = execFileSync(native, [String(number)], { encoding: "utf8" }).split(" ");
        return { r0: BigInt(r0), nanoseconds: Number(nanoseconds) };
      },
    });
  } finally {
    rmSync(work, { recursive: true });
  }
  return true;
}

export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
