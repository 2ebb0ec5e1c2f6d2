// How map operations and memory grow with the number of entries: a compiled program that looks up a thousand keys at random in
// full hash maps, small and large, beside the bytes that a map takes here and by the kernel's formula (kernel/bpf/hashtab.c:
// an element of 48 bytes with key and value each rounded up to 8, a bucket of 16 for each of the next power of two).
//   npx tsx bench/scale.ts [passes]
import { assemble } from "../src/asm/assemble.ts";
import { compile } from "../src/jit/compile.ts";
import { verify } from "../src/verifier/verify.ts";
import { Machine } from "../src/vm/machine.ts";
import { RUNNING, state } from "../src/vm/registers.ts";

const LOOKUPS = 1000;
const passes = Number(process.argv[2] ?? 15);

function source(entries: number): string {
  return `
.prog syscall
.rcu implicit
.map m, type=hash, key=4, value=8, max=${entries}
.map last, type=array, key=4, value=8, max=1
        r6 = 0
        *(u32 *)(r10 - 4) = r6
        r1 = last ll
        r2 = r10
        r2 += -4
        call bpf_map_lookup_elem
        if r0 == 0 goto out
        r9 = r0
        r8 = *(u64 *)(r9 + 0)
        r7 = 0
next:
        w8 *= 1664525
        w8 += 1013904223
        w1 = w8
        w1 >>= 4
        w1 %= ${entries}
        *(u32 *)(r10 - 4) = r1
        r1 = m ll
        r2 = r10
        r2 += -4
        call bpf_map_lookup_elem
        if r0 == 0 goto missing
        r1 = *(u64 *)(r0 + 0)
        r6 += r1
missing:
        r7 += 1
        if r7 != ${LOOKUPS} goto next
        *(u64 *)(r9 + 0) = r8
out:
        r0 = r6
        exit
`;
}

function measured(entries: number) {
  const made = assemble(source(entries));
  if (!made.ok) throw new Error(made.diagnostics[0]?.text);
  const verdict = verify(made.value);
  if (verdict.verdict !== "accepted") throw new Error(verdict.diagnostics[0]?.text);
  const machine = new Machine();
  const before = machine.memory.used;
  const compilation = compile(verdict.program, machine);
  if (!compilation.ok) throw new Error(compilation.refusal.text);
  const bytes = machine.memory.used - before;
  // The program goes on with the random numbers where its last run stopped, so that it meets other keys each time.
  const id = machine.mapSet.byName("m");
  const key = new Uint32Array(1);
  const value = new Uint8Array(8);
  for (let n = 0; n < entries; n++) {
    key[0] = n;
    value[0] = n;
    const errno = machine.maps.update(id, new Uint8Array(key.buffer), value);
    if (errno !== 0) throw new Error(`entry ${n} was refused: ${errno}`);
  }
  const { cpu } = compilation.value.start();
  const entry = compilation.value.entry(cpu, 0);
  if (entry === undefined) throw new Error("the program has no entry");
  const go = (): number => {
    cpu.R[state.status] = RUNNING;
    cpu.trusted = true;
    const start = process.hrtime.bigint();
    entry(cpu.stacks[0].address);
    return Number(process.hrtime.bigint() - start) / LOOKUPS;
  };
  return { entries, bytes, go, least: Number.POSITIVE_INFINITY };
}

const round8 = (size: number): number => Math.ceil(size / 8) * 8;
const kernelBytes = (entries: number): number =>
  entries * (48 + round8(4) + round8(8)) + 2 ** Math.ceil(Math.log2(entries)) * 16;

const maps = [100, 10_000, 1_000_000].map(measured);
for (const map of maps) for (let n = 0; n < 2000; n++) map.go();
for (let pass = 0; pass < passes; pass++) {
  for (const map of maps) for (let n = 0; n < 20; n++) map.least = Math.min(map.least, map.go());
}
console.log("entries    ns a lookup  times the smallest  bytes an entry  kernel's formula");
for (const { entries, bytes, least } of maps) {
  console.log(
    String(entries).padEnd(10),
    least.toFixed(1).padStart(11),
    (least / maps[0].least).toFixed(2).padStart(19),
    (bytes / entries).toFixed(1).padStart(15),
    (kernelBytes(entries) / entries).toFixed(1).padStart(17),
  );
}
