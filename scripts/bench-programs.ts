// Makes the .bpf files of bench/programs from programs.c:
//   npx tsx scripts/bench-programs.ts
// Needs clang-19. Each file is a whole program: it looks 4096 bytes of input up in an array map and calls the function of
// the C source.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { disassemble } from "../src/asm/disassemble.ts";
import { benchmarks } from "../src/cli/benchmarks.ts";
import { decodeAll } from "../src/isa/decode.ts";
import type { Insn } from "../src/isa/insn.ts";
import { type MapDef, makeProgram, type Program } from "../src/isa/program.ts";

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
function verifiable(name: string, insns: readonly (Insn | null)[]): Program {
  return makeProgram({
    name,
    insns: [...caller, ...insns],
    maps: [...maps, input],
    type: "socket_filter",
    rcu: "implicit",
  });
}

const folder = join(import.meta.dirname, "..", "bench", "programs");
const source = join(folder, "programs.c");
const work = mkdtempSync(join(tmpdir(), "bpflab-bench-"));
try {
  const object = join(work, "programs.o");
  execFileSync("clang-19", ["-target", "bpf", "-mcpu=v3", "-O2", "-w", "-c", "-o", object, source]);
  const programs = objectPrograms(readFileSync(object));
  const says = new Map(
    [...readFileSync(source, "utf8").matchAll(/^\/\/ ([a-z]): (.*)$/gm)].map((match) => [match[1], match[2]]),
  );
  for (const name of Object.keys(benchmarks)) {
    const program = verifiable(name, programs.get(name) ?? []);
    const head = `# Benchmark ${name}: ${says.get(name)}\n# Made from programs.c by scripts/bench-programs.ts.\n# expect: accept\n\n`;
    writeFileSync(join(folder, `${name}.bpf`), `${head}${disassemble(program).trimEnd()}\n`);
  }
} finally {
  rmSync(work, { recursive: true });
}
