// Blocks and functions of small programs, written in assembly.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { blockOf, blocks, functionStarts, successors } from "../../src/isa/cfg.ts";
import type { Insn } from "../../src/isa/insn.ts";

function insns(text: string): readonly (Insn | null)[] {
  const outcome = assemble(text);
  if (!outcome.ok) throw new Error(outcome.diagnostics.map((d) => d.text).join("\n"));
  return outcome.value.insns;
}

const shown = (text: string) =>
  blocks(insns(text)).map((b) => `${b.start}-${b.last} -> ${b.next.join(" ")} in ${b.function}`);

it.each([
  ["one block", "r0 = 0; exit", ["0-1 ->  in 0"]],
  ["a wide instruction at the end of a block", "r1 = 5 ll\n1: r0 = 0\ngoto 1b", ["0-0 -> 2 in 0", "2-3 -> 2 in 0"]],
  [
    "a diamond",
    "if r1 == 0 goto a; r0 = 1; goto b; a: r0 = 2; b: exit",
    ["0-0 -> 1 3 in 0", "1-2 -> 4 in 0", "3-3 -> 4 in 0", "4-4 ->  in 0"],
  ],
  ["a function", "call f; exit; f: r0 = 1; exit", ["0-1 ->  in 0", "2-3 ->  in 2"]],
  ["dead code", "exit; r0 = 0; exit", ["0-0 ->  in 0", "1-2 ->  in 0"]],
  ["a jump to the next instruction", "if r1 == 0 goto +0; exit", ["0-0 -> 1 in 0", "1-1 ->  in 0"]],
])("finds the blocks of %s", (_, text, want) => expect(shown(text)).toEqual(want));

it("keeps targets outside the program", () => {
  expect(successors(insns("goto +3"), 0)).toEqual([4]);
  expect(shown("if r1 == 0 goto -5; exit")).toEqual(["0-0 -> 1 -4 in 0", "1-1 ->  in 0"]);
});

it("takes a callback for a function", () => {
  expect(functionStarts(insns("r2 = f ll; exit; f: exit"))).toEqual([0, 3]);
});

it("gives each slot its block", () => {
  const program = insns("r1 = 5 ll; 1: r0 = 0; goto 1b");
  expect([...blockOf(blocks(program), program.length)]).toEqual([0, 0, 2, 2]);
});
