// The interpreter on the twelve benchmark programs, beside native code of the same source in the same run.
//   npx tsx bench/interpret.ts [folder of programs.c] [passes]
// Needs clang-19 (BPF) and gcc (native); without the sources it says so and ends.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeAll } from "../src/isa/decode.ts";
import type { Insn } from "../src/isa/insn.ts";
import type { MapDef, Program } from "../src/isa/program.ts";
import { type Loaded, Machine } from "../src/vm/machine.ts";

const names = ["a", "b", "c", "k", "d", "e", "f", "g", "u", "h", "i", "j"];
const folder = process.argv[2] ?? fileURLToPath(new URL("../../shared/bench", import.meta.url));
const passes = Number(process.argv[3] ?? 7);

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
function objectPrograms(bytes: Buffer): Map<string, (Insn | null)[]> {
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

const maps: readonly MapDef[] = [
  { name: "hash", type: "hash", keySize: 4, valueSize: 8, maxEntries: 256, flags: 0 },
  { name: "array", type: "array", keySize: 4, valueSize: 8, maxEntries: 32, flags: 0 },
];

function programOf(name: string, insns: readonly (Insn | null)[], entry: number): Program {
  if (entry !== 0) throw new Error(`program ${name} does not begin its section`);
  return {
    name,
    insns,
    maps: insns.some((insn) => insn?.kind === "imm64" && insn.what === "mapFd") ? maps : [],
    kfuncs: [],
    functions: [],
    labels: new Map(),
    order: "little",
    origin: [],
    expectations: [],
    warnings: [],
    bytes: () => new Uint8Array(),
  };
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;

function main(): void {
  if (!existsSync(join(folder, "programs.c"))) {
    console.log(`skipped: there is no programs.c in ${folder}`);
    return;
  }
  const work = mkdtempSync(join(tmpdir(), "bpflab-bench-"));
  try {
    writeFileSync(join(work, "harness.c"), harness);
    // The map is a translation unit of its own: to the programs its functions are foreign, as helpers are.
    writeFileSync(join(work, "map.c"), '#include "data.h"\n#include "native-map.h"\n');
    execFileSync("gcc", [
      "-O2",
      "-w",
      "-DVAR=native_",
      `-I${folder}`,
      "-o",
      join(work, "native"),
      join(work, "harness.c"),
      join(work, "map.c"),
    ]);
    const object = join(work, "programs.o");
    execFileSync("clang-19", [
      "-target",
      "bpf",
      "-mcpu=v3",
      "-O2",
      "-w",
      "-c",
      "-o",
      object,
      join(folder, "programs.c"),
    ]);
    const memory = new Uint8Array(execFileSync(join(work, "native"), { maxBuffer: 1 << 20 }));
    const programs = objectPrograms(readFileSync(object));
    const machine = new Machine({ regime: "implicit", maxInstructions: 0x7fffffff });
    const rows = names.map((name, at) => {
      const loaded = machine.load(programOf(name, programs.get(name) ?? [], 0));
      if (!loaded.ok) throw new Error(`${name}: ${loaded.diagnostics[0].text}`);
      return { name, at, loaded: loaded.value, native: [] as number[], ours: [] as number[], instructions: 0 };
    });
    for (let pass = 0; pass <= passes; pass++) {
      for (const row of rows) {
        const answer = execFileSync(join(work, "native"), [String(row.at)], { encoding: "utf8" }).split(" ");
        const { nanoseconds, instructions, r0 } = time(row.loaded, memory, pass === 0 ? 200e6 : 30e6);
        if (pass === 0 && r0 !== BigInt(answer[0])) {
          console.log(`${row.name}: the result differs, native ${answer[0]}, here ${r0}`);
        }
        // The first pass is not counted: the engine compiles meanwhile.
        if (pass === 0) continue;
        row.native.push(Number(answer[1]));
        row.ours.push(nanoseconds);
        row.instructions = instructions;
      }
    }
    print(rows);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Nanoseconds of a run, over at least `atLeast` of them; starting (copying the input in) is not counted. */
function time(
  loaded: Loaded,
  memory: Uint8Array,
  atLeast: number,
): { nanoseconds: number; instructions: number; r0: bigint } {
  const first = loaded.run({ memory });
  if (first.kind === "fault") throw new Error(`${loaded.program.name}: ${first.fault.text}`);
  let took = 0;
  let runs = 0;
  let instructions = first.instructions;
  while (took < atLeast) {
    const run = loaded.start({ memory });
    const start = process.hrtime.bigint();
    const result = run.finish();
    took += Number(process.hrtime.bigint() - start);
    instructions = result.instructions;
    runs++;
  }
  return { nanoseconds: took / runs, instructions, r0: first.r0 };
}

interface Row {
  readonly name: string;
  readonly native: readonly number[];
  readonly ours: readonly number[];
  readonly instructions: number;
}

function print(rows: readonly Row[]): void {
  console.log("program  native ns   ours ns  instructions  ns/instruction  ratio to native");
  let product = 1;
  let perInstruction = 1;
  for (const row of rows) {
    const native = median(row.native);
    const ours = median(row.ours);
    product *= ours / native;
    perInstruction *= ours / row.instructions;
    console.log(
      row.name.padEnd(7),
      native.toFixed(0).padStart(10),
      ours.toFixed(0).padStart(9),
      String(row.instructions).padStart(13),
      (ours / row.instructions).toFixed(2).padStart(15),
      (ours / native).toFixed(1).padStart(16),
    );
  }
  const mean = (number: number) => number ** (1 / rows.length);
  console.log(
    `geometric mean: ${mean(perInstruction).toFixed(2)} ns an instruction, ${mean(product).toFixed(1)} times native`,
  );
}

main();
