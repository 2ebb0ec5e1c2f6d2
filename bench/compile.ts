// How long it takes to compile a verified program and run it once, when the compiler itself is warm:
//   npx esbuild bench/compile.ts --bundle --platform=node --format=esm --outfile=compile.mjs && node compile.mjs
// Programs of 100, 1,000 and 10,000 instructions: arithmetic, branches, loads and stores of the stack and of a map's value, in
// the shares that compilers emit. The time is that of loading, the module's bytes, the module, the instance and the first
// run; verifying comes before it. Median and least of the last two thirds of the rounds; the first apart.
import { assemble } from "../src/asm/assemble.ts";
import { compile } from "../src/jit/compile.ts";
import { verify } from "../src/verifier/verify.ts";
import { Machine } from "../src/vm/machine.ts";

const ROUNDS = 300;

/** Blocks of ten instructions, each with a branch over one of them. */
function text(size: number): string {
  const block = (n: number): string => `
        r1 = *(u64 *)(r10 - ${8 + 8 * (n % 8)})
        r1 += r7
        w1 ^= ${n & 0xffff}
        if r1 > ${n * 3} goto l${n}
        r7 += 3
l${n}:  r2 = *(u32 *)(r6 + ${4 * (n % 16)})
        r2 <<= 3
        r7 |= r2
        *(u64 *)(r10 - ${8 + 8 * ((n + 1) % 8)}) = r7
        *(u32 *)(r6 + ${4 * ((n + 5) % 16)}) = r1`;
  const stores = Array.from({ length: 8 }, (_, n) => `        *(u64 *)(r10 - ${8 + 8 * n}) = ${n}`).join("\n");
  const blocks = Array.from({ length: Math.floor((size - 13) / 10) }, (_, n) => block(n)).join("");
  return `.prog syscall\n.map m, type=array, key=4, value=64, max=1\n        r6 = map_value[m] ll\n        r7 = 1\n${stores}${blocks}\n        r0 = r7\n        exit\n`;
}

for (const size of [100, 1_000, 10_000]) {
  const program = assemble(text(size));
  if (!program.ok) throw new Error(program.diagnostics[0]?.text);
  const verdict = verify(program.value, { rcu: "implicit" });
  if (verdict.verdict !== "accepted") throw new Error(verdict.diagnostics[0]?.text ?? verdict.verdict);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const machine = new Machine({ regime: "implicit" });
    const began = performance.now();
    const made = compile(verdict.program, machine);
    if (!made.ok) throw new Error(made.refusal.text);
    const result = made.value.run();
    times.push(performance.now() - began);
    if (result.kind !== "exit") throw new Error(result.fault.text);
  }
  const warm = times.slice(ROUNDS / 3).sort((a, b) => a - b);
  const median = warm[warm.length >> 1];
  console.log(
    `${program.value.insns.length} instructions: median ${median.toFixed(2)} ms, least ${warm[0].toFixed(2)} ms; the first ${times[0].toFixed(2)} ms`,
  );
}
