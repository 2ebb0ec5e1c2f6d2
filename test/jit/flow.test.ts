// Loops that no nesting of blocks fits, because two ways lead into them: they run by a table, to the same results.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { blocks } from "../../src/isa/cfg.ts";
import { flowOf } from "../../src/jit/flow.ts";
import { both } from "../support/engines.ts";
import { randomFrom } from "../support/generate.ts";
import { workProgram } from "../support/work.ts";

const start = "r6 = *(u32 *)(r1 + 0)\nr7 = *(u32 *)(r1 + 4)\nr7 -= r6\nr0 = 0\nr8 = 0\n";
const end = "r8 += 1\nif r8 < 6 goto head\nexit\n";
const shapes = {
  "entered in the middle": `${start}if r7 > 40 goto middle\nhead:\nr0 += 3\nmiddle:\nr0 *= 5\n${end}`,
  "entered at three places": `${start}if r7 > 40 goto middle\nif r7 > 20 goto later\nhead:\nr0 += 3\nmiddle:\nr0 *= 5\nlater:\nr0 += 7\n${end}`,
  "with another loop in it": `${start}if r7 > 40 goto middle\nhead:\nr0 += 3\nr9 = 0\ninner:\nr0 += 1\nr9 += 1\nif r9 < 3 goto inner\nmiddle:\nr0 *= 5\n${end}`,
  "in a loop": `${start}r7 &= 63\nagain:\nr8 = 0\nif r7 > 40 goto middle\nhead:\nr0 += 3\nmiddle:\nr0 *= 5\nr8 += 1\nif r8 < 3 goto head\nr7 -= 16\nif r7 s> 0 goto again\nexit\n`,
};

it("compiles what stands where no run comes: writes to r10", () => {
  for (const dead of ["r10 = 0", "r10 += 10", "r10 = *(u64 *)(r1 + 0)", "w10 = 1"]) {
    const text = `.prog socket_filter\n.rcu implicit\nr0 = 7\nif r0 == 7 goto out\n${dead}\n*(u64 *)(r10 - 8) = r10\nout: exit\n`;
    const made = assemble(text);
    if (!made.ok) throw new Error(made.diagnostics[0]?.text);
    const result = both(made.value, "implicit", [{}]);
    expect({ dead, difference: result?.difference }).toEqual({ dead, difference: undefined });
    expect(result?.results).toMatchObject([{ kind: "exit", r0: 7n }]);
  }
});

describe("a loop with two ways in", () => {
  it.each(Object.entries(shapes))("%s", (_, text) => {
    const made = assemble(`.prog xdp\n.rcu implicit\n${text}`);
    if (!made.ok) throw new Error(made.diagnostics[0]?.text);
    const list = blocks(made.value.insns);
    expect(flowOf(new Map(list.map((block) => [block.start, block])), 0).reducible).toBe(false);
    const inputs = [10, 30, 64].map((length) => ({ packet: new Uint8Array(length) }));
    const result = both(made.value, "implicit", inputs);
    expect(result?.difference).toBe(undefined);
    expect(result?.results.map(({ kind }) => kind)).toEqual(["exit", "exit", "exit"]);
    expect(new Set(result?.results.map((each) => (each.kind === "exit" ? each.r0 : ""))).size).toBeGreaterThan(1);
  });

  it("is in many of the generated programs", () => {
    const random = randomFrom(1);
    const found = Array.from({ length: 200 }, () => {
      const list = blocks(workProgram(random).insns);
      return !flowOf(new Map(list.map((block) => [block.start, block])), 0).reducible;
    });
    expect(found.filter(Boolean).length).toBeGreaterThan(10);
  });
});
