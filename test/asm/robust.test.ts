// Texts that are no programs: an error with a place, soon, and nothing thrown.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";

const large = 10_000_000;
/** The design asks for two seconds; a loaded machine may take a few times that. */
const soon = 8_000;

const texts: Readonly<Record<string, () => string>> = {
  "one line of 10 MB": () => "r0 = 1 ".padEnd(large, "+ 1 "),
  "a line of parentheses": () => `r0 = ${"(".repeat(60_000)}`,
  "a line of signs": () => `r0 = ${"-".repeat(60_000)}1`,
  "a line of tildes": () => `r0 = ${"~ ".repeat(30_000)}1`,
  "a line of labels": () => "a:".repeat(30_000),
  "a product": () => `r0 = ${"9999999999 * ".repeat(4_000)}1`,
  "a long number": () => `r0 = ${"9".repeat(60_000)}`,
  "a huge shift": () => "r0 = 1 << 100000000000",
  "nested maps": () => `.map a, type=array_of_maps, max=1, inner=(${"inner=(".repeat(5_000)}`,
  "a text that is all errors": () => "foo\n".repeat(1_000_000),
  "many undefined labels": () => Array.from({ length: 50_000 }, (_, i) => `goto l${i}`).join("\n"),
  "many unknown calls": () => Array.from({ length: 2_000 }, (_, i) => `call zzz${i}\nl${i}: exit`).join("\n"),
  "a pattern in an expectation": () => `# expect: reject msg "${"(a+)+".repeat(5_000)}`,
  "names every object has": () => "__proto__ r1\ncall constructor\nr0 = toString(1)\nr0 = *(constructor *)(r1 + 0)",
  "zero bytes": () => "\0\x01\x02",
  "an object file": () => "\x7fELF\x02\x01\x01\0",
  "half a character": () => "\ud800",
  "an unclosed text": () => `.ascii "${"\\".repeat(60_000)}`,
};

describe("the assembler answers", () => {
  it.each(Object.entries(texts))("%s", (_, make) => {
    const text = make();
    const start = performance.now();
    const outcome = assemble(text);
    expect(performance.now() - start).toBeLessThan(soon);
    expect(outcome.ok).toBe(false);
    for (const { at, text: said } of outcome.diagnostics) {
      expect(at?.end).toBeLessThanOrEqual(text.length);
      expect(said.length).toBeLessThan(200);
    }
  });

  it.each([
    ["10 MB of empty lines", () => "\n".repeat(large)],
    ["one label a hundred thousand times", () => "1: goto 1b\n".repeat(100_000)],
    ["a long log", () => "0: (b7) r0 = 1\n".repeat(100_000)],
  ])("%s", (_, make) => {
    const start = performance.now();
    expect(assemble(make()).ok).toBe(true);
    expect(performance.now() - start).toBeLessThan(soon);
  });

  it("anything, whatever it is made of", () => {
    const pieces = fc.constantFrom(
      ..."r0 w1 r10 r11 = == += s>> s< - * & ( ) [ ] , ; : # // /* */ \n ' \" 0x 0b 1f 1b 017 ll lock if goto call pc u32 u64 skb map .map .entry .global .byte hex:01 # expect: exit mov % lddw 9".split(
        " ",
      ),
      "\n",
      " ",
      "0: (18) ",
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 40 }),
        fc.constantFrom("pseudoc", "mnemonic", undefined),
        (parts, dialect) => {
          const text = parts.join(" ");
          const outcome = assemble(text, dialect ? { dialect } : {});
          for (const { at } of outcome.diagnostics) {
            expect(at).toBeDefined();
            expect(at?.end).toBeLessThanOrEqual(text.length);
          }
        },
      ),
      { seed: 6502, numRuns: 5_000 },
    );
  });
});
