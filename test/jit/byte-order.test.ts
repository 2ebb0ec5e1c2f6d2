// Numbers in network byte order that are only compared with constants are not turned: the constants are.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { blocks } from "../../src/isa/cfg.ts";
import type { Program } from "../../src/isa/program.ts";
import { argumentCounts } from "../../src/jit/arguments.ts";
import { turned } from "../../src/jit/byte-order.ts";
import { flowOf, joined, threaded } from "../../src/jit/flow.ts";
import { both } from "../support/engines.ts";
import { randomFrom } from "../support/generate.ts";

const seed = Number(process.env.SEED ?? Date.now() % 2147483647);
/** Their lengths are what the programs turn. */
const packets = [1, 2, 0x80, 0x102, 0x1f4].map((length) => ({ packet: new Uint8Array(length) }));

function programOf(body: string): Program {
  const made = assemble(`.prog socket_filter\n.rcu implicit\nr6 = *(u32 *)(r1 + 0)\nr0 = 0\n${body}\nexit\n`);
  if (!made.ok) throw new Error(`${made.diagnostics[0]?.text}\n${body}`);
  return made.value;
}

function turnedIn(program: Program): number {
  const { insns } = program;
  const flows = new Map([[0, flowOf(joined(insns, threaded(insns, blocks(insns))), 0)]]);
  const { insns: after } = turned(program, flows, argumentCounts(program, flows));
  return after.filter((insn, pc) => insn !== insns[pc] && insn?.kind === "swap").length;
}

const differenceOf = (program: Program): string | undefined => {
  const done = both(program, "implicit", packets);
  return done === undefined ? "not accepted" : (done.refusal ?? done.difference);
};

it.each([
  ["compared once", "r3 = be16 r6\nif r3 != 512 goto out\nr0 += 1\nout:", 1],
  [
    "compared twice, in 32 bits",
    "r3 = r6\nr3 = be16 r3\nif w3 == 256 goto out\nif w3 == 512 goto out\nr0 += 1\nout:",
    1,
  ],
  ["of 32 bits", "r3 = r6\nr3 = be32 r3\nif w3 == 0x2000000 goto out\nr0 += 1\nout:", 1],
  [
    "on two ways",
    "r3 = r6\nif r6 > 9 goto odd\nr3 = be16 r3\ngoto test\nodd: r3 += 1\nr3 = be16 r3\ntest: if r3 == 512 goto out\nr0 += 1\nout:",
    2,
  ],
  ["in a constant that no number of 16 bits is", "r3 = r6\nr3 = be16 r3\nif r3 == 65536 goto out\nr0 += 1\nout:", 0],
  ["below 0 in 64 bits", "r3 = r6\nr3 = be32 r3\nif r3 == 0x80 goto out\nr0 += 1\nout:", 0],
  ["ordered", "r3 = r6\nr3 = be16 r3\nif r3 == 512 goto out\nif r3 > 700 goto out\nr0 += 1\nout:", 0],
  ["returned", "r3 = r6\nr3 = be16 r3\nif r3 == 512 goto out\nr0 = r3\nout:", 0],
  ["on one of two ways", "r3 = r6\nif r6 > 9 goto test\nr3 = be16 r3\ntest: if r3 == 512 goto out\nr0 += 1\nout:", 0],
  [
    "of two sizes",
    "r3 = r6\nif r6 > 9 goto odd\nr3 = be16 r3\ngoto test\nodd: r3 = be32 r3\ntest: if r3 == 512 goto out\nr0 += 1\nout:",
    0,
  ],
  [
    "with what is used on another way",
    "r3 = r6\nr4 = r6\nr3 = be16 r3\nif r6 > 9 goto test\nr3 = r4\nr3 = be16 r3\nr0 = r3\ntest: if r3 == 512 goto out\nr0 += 1\nout:",
    0,
  ],
] as const)("a number %s", (_, text, count) => {
  const program = programOf(text.replace("be16 r6\n", "r6\nr3 = be16 r3\n"));
  expect(turnedIn(program)).toBe(count);
  expect(differenceOf(program)).toBe(undefined);
});

it(`comes to the same as turning the numbers does (SEED=${seed})`, () => {
  const random = randomFrom(seed);
  const below = (n: number) => Math.floor(random() * n);
  const one = <T>(list: readonly [T, ...T[]]): T => list[below(list.length)] ?? list[0];
  const wrong = [];
  let found = 0;
  for (let n = 0; n < 250; n++) {
    const lines = ["r3 = r6", "r4 = r6", "r5 = 7"];
    for (let step = 0; step < 8; step++) {
      const reg = one(["3", "4", "5"]);
      const constant = one([1, 2, 256, 512, 0x201, 0x8000, 0x1000000, 0x2000000, -2147483648, 0x2010000]);
      lines.push(
        one([
          `r${reg} = ${one(["be16", "be32", "bswap16", "be64", "le16"])} r${reg}`,
          `r${reg} = be16 r${reg}`,
          `if ${one(["r", "w"])}${reg} ${one(["==", "!=", "==", "!=", ">", "s<"])} ${constant} goto l${step}\nr0 += ${1 << step}\nl${step}:`,
          `if r6 ${one([">", "=="])} ${one([1, 2, 300])} goto l${step}\nr${reg} = be16 r${reg}\nl${step}:`,
          `if r6 == 2 goto l${step}\nr${reg} = ${one([0, 512, "r6"])}\nl${step}:`,
          `r${reg} = r6`,
        ]),
      );
      if (below(9) === 0) lines.push(`r0 += r${reg}`);
    }
    const program = programOf(lines.join("\n"));
    found += turnedIn(program);
    const difference = differenceOf(program);
    if (difference !== undefined) wrong.push({ difference, lines });
  }
  expect(wrong).toEqual([]);
  expect(found).toBeGreaterThan(100);
});
