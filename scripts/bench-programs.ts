// Makes the .bpf files of bench/programs from programs.c:
//   npx tsx scripts/bench-programs.ts
// Needs clang-19. Each file is a whole program: it looks 4096 bytes of input up in an array map and calls the function of
// the C source.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { names, objectPrograms, verifiable } from "../bench/programs.ts";
import { disassemble } from "../src/asm/disassemble.ts";

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
  for (const name of names) {
    const program = verifiable(name, programs.get(name) ?? []);
    const head = `# Benchmark ${name}: ${says.get(name)}\n# Made from programs.c by scripts/bench-programs.ts.\n# expect: accept\n\n`;
    writeFileSync(join(folder, `${name}.bpf`), `${head}${disassemble(program).trimEnd()}\n`);
  }
} finally {
  rmSync(work, { recursive: true });
}
