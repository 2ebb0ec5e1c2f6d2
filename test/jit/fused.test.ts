// Instructions that compiled code has fewer of: rotations out of shifts, and short functions in place of their calls.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { Program } from "../../src/isa/program.ts";
import { compile, compileChecked } from "../../src/jit/compile.ts";
import { rotationsIn } from "../../src/jit/rotate.ts";
import { verify } from "../../src/verifier/verify.ts";
import { Machine } from "../../src/vm/machine.ts";
import { both } from "../support/engines.ts";
import { randomFrom } from "../support/generate.ts";

const seed = Number(process.env.SEED ?? Date.now() % 2147483647);

function programOf(body: string): Program {
  const made = assemble(`.prog socket_filter\n.rcu implicit\n${body}\n`);
  if (!made.ok) throw new Error(`${made.diagnostics[0]?.text}\n${body}`);
  return made.value;
}

function differenceOf(program: Program): string | undefined {
  const done = both(program, "implicit", [{ packet: Uint8Array.from({ length: 64 }, (_, n) => n * 37) }]);
  return done === undefined ? "not accepted" : (done.refusal ?? done.difference);
}

/** A number in r1, and three ways to rotate it; what else r1 was copied to must stand. */
const ways: readonly ((reg: string, left: number, right: number, join: string) => string)[] = [
  (r, left, right, join) => `${r}2 = ${r}1\n${r}2 <<= ${left}\n${r}1 >>= ${right}\n${r}1 ${join}= ${r}2`,
  (r, left, right, join) =>
    `${r}2 = ${r}1\n${r}3 = ${r}1\n${r}3 >>= ${right}\n${r}2 <<= ${left}\n${r}2 ${join}= ${r}3\n${r}1 ^= ${r}2`,
  (r, left, right, join) =>
    `${r}1 += 7\n${r}4 = ${r}1\n${r}4 >>= ${right}\n${r}1 <<= ${left}\n${r}4 ${join}= ${r}1\n${r}1 += ${r}4`,
];

const begin = "r6 = r1\nr0 = 0\nr1 = *(u32 *)(r6 + 0)\nr2 = 0x9e3779b97f4a7c15 ll\nr1 *= r2\nr0 = r1";

it(`rotates as the shifts do, and only where they are a rotation (SEED=${seed})`, () => {
  const random = randomFrom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const wrong = [];
  let fused = 0;
  for (let n = 0; n < 300; n++) {
    const width = below(2) === 0 ? 64 : 32;
    const left = 1 + below(width - 1);
    // Now and then the shifts do not make up the width.
    const isRotation = below(4) !== 0;
    const right = isRotation ? width - left : 1 + below(width - 1);
    const join = ["|", "^", "+"][below(3)] ?? "|";
    const shifts = (ways[below(3)] ?? ways[0])(width === 64 ? "r" : "w", left, right, join);
    const program = programOf(`${begin}\n${shifts}\nr0 ^= r1\nr0 += r2\nexit`);
    const found = rotationsIn(program.insns, 0, program.insns.length).at.size;
    fused += found;
    const difference = differenceOf(program);
    if (difference !== undefined || found !== (left + right === width ? 1 : 0))
      wrong.push({ difference, found, shifts });
  }
  expect(wrong).toEqual([]);
  expect(fused).toBeGreaterThan(150);
});

it.each([
  [15, 0xcc9e2d51, 1],
  [13, 0x1b873593, 1],
  [15, 0xcc9e2d50, 0],
])("rotates a product by %i whose other factor is shifted", (by, factor, found) => {
  const shifted = (0xcc9e2d51 << by) | 0;
  const other = found === 1 ? (factor << by) | 0 : shifted;
  const program = programOf(
    `${begin}\nw2 = w1\nw2 *= ${other}\nw1 *= ${factor | 0}\nw1 >>= ${32 - by}\nw2 |= w1\nr0 ^= r2\nexit`,
  );
  expect(rotationsIn(program.insns, 0, program.insns.length).at.size).toBe(found);
  expect(differenceOf(program)).toBe(undefined);
});

it("puts short functions in the place of their calls, stacks, helpers and all", () => {
  const program = programOf(`
        r6 = r1
        r7 = 0
        r8 = 5
again:
        r1 = r7
        r2 = r8
        call outer
        r7 += r0
        r8 += -1
        if r8 != 0 goto again
        r0 = r7
        exit
outer:
        *(u64 *)(r10 - 8) = r1
        *(u64 *)(r10 - 16) = r2
        r6 = r2
        r1 = r10
        r1 += -8
        r2 = r6
        call inner
        r6 += r0
        r1 = r10
        r1 += -16
        r2 = 3
        call inner
        r0 += r6
        r1 = *(u64 *)(r10 - 8)
        r0 ^= r1
        exit
inner:
        r7 = *(u64 *)(r1 + 0)
        r7 += r2
        *(u64 *)(r1 + 0) = r7
        *(u64 *)(r10 - 8) = r2
        call bpf_get_prandom_u32
        r0 ^= r7
        r1 = *(u64 *)(r10 - 8)
        r0 += r1
        exit`);
  expect(differenceOf(program)).toBe(undefined);
});

it.each(["r", "w"])("chooses a value without a jump: %s registers", (reg) => {
  const wrong = [];
  for (const [condition, value] of [
    ["r1 == 0", "1"],
    ["r1 s< 5", "-7"],
    ["w1 > 100", `${reg}3`],
    ["r2 & 4", `${reg}2`],
    ["r1 != r2", "0"],
  ]) {
    for (const before of ["r0 = 5", "r0 = -1", "w0 = w1", "r0 = 0x100000007 ll"]) {
      const text = `
        r7 = 0
        r8 = 0
        *(u64 *)(r10 - 8) = 0
again:
        r1 = *(u8 *)(r10 - 8)
        r2 = r8
        r3 = r8
        r3 <<= 33
        r3 += r2
        ${before}
        if ${condition} goto past
        ${reg}0 = ${value}
past:
        r7 *= 31
        r7 += r0
        r8 += 1
        *(u64 *)(r10 - 8) = r8
        if r8 != 9 goto again
        r0 = r7
        exit`;
      const difference = differenceOf(programOf(text));
      if (difference !== undefined) wrong.push({ condition, value, before, difference });
    }
  }
  expect(wrong).toEqual([]);
});

it("puts what is called in one place there, whichever of its exits is taken", () => {
  const program = programOf(`
        r6 = r1
        r7 = 0
        r8 = 9
again:
        r1 = r8
        call outer
        r7 *= 31
        r7 += r0
        r8 += -1
        if r8 != 0 goto again
        r0 = r7
        exit
outer:
        r6 = r1
        if r1 > 6 goto large
        if r1 == 2 goto two
        *(u64 *)(r10 - 8) = r1
        r1 = r10
        r1 += -8
        call inner
        r0 += r6
        exit
two:    r0 = 200
        exit
large:  r6 *= 3
        if r6 & 1 goto odd
        r0 = r6
        exit
odd:    r0 = -7
        r0 ^= r6
        exit
inner:
        r0 = *(u64 *)(r1 + 0)
        if r0 == 5 goto five
        r0 <<= 40
        exit
five:   w0 = -1
        exit`);
  expect(differenceOf(program)).toBe(undefined);
  const made = compileChecked(program, new Machine());
  const verdict = verify(program, {});
  if (!made.ok || verdict.verdict !== "accepted") throw new Error("not compiled");
  const unchecked = compile(verdict.program, new Machine());
  if (!unchecked.ok) throw new Error(unchecked.refusal.text);
  const functions = (text: string) => text.match(/\(func \$(?!m\.)\S+/g);
  expect(functions(unchecked.value.text(() => undefined))).toEqual(["(func $enter_0"]);
  expect(functions(made.value.text(() => undefined))).toHaveLength(3);
});
