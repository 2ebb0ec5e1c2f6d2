// The text of compiled programs: it is read back from the module's bytes, and each instruction stands before its code.
import { describe, expect, it } from "vitest";
import { schema } from "../../src/cli/schema.ts";
import { compile } from "../../src/jit/compile.ts";
import { listing } from "../../src/lab/listing.ts";
import { verify } from "../../src/verifier/verify.ts";
import { Machine } from "../../src/vm/machine.ts";
import { cli } from "../support/cli.ts";
import { corpusFiles, programOf } from "../support/corpus.ts";
import { misfits } from "../support/schema.ts";

function textOf(name: string): string {
  const file = corpusFiles("../../examples").find((each) => each.name === name);
  if (file === undefined) throw new Error(`there is no example ${name}`);
  const program = programOf(file);
  const verdict = verify(program, {});
  if (verdict.verdict !== "accepted") throw new Error(`${name} is not accepted`);
  const made = compile(verdict.program, new Machine());
  if (!made.ok) throw new Error(made.refusal.text);
  const says = listing(program);
  return made.value.text((pc) => says(pc)?.text);
}

describe("the text of a compiled program", () => {
  it("has every instruction of every example before its code, and all brackets closed", () => {
    const wrong: string[] = [];
    for (const file of corpusFiles("../../examples")) {
      const program = programOf(file);
      const text = textOf(file.name);
      const shown = new Set([...text.matchAll(/;; (\d+): /g)].map((match) => Number(match[1])));
      program.insns.forEach((insn, pc) => {
        if (insn !== null && !shown.has(pc)) wrong.push(`${file.name}: ${pc}`);
      });
      const code = text.replace(/;;.*$/gm, "").replace(/"[^"]*"/g, "");
      if (code.split("(").length !== code.split(")").length) wrong.push(`${file.name}: brackets`);
      const opened = code.match(/^ *(block|loop|if)\b/gm)?.length ?? 0;
      if (opened !== (code.match(/^ *end\b/gm)?.length ?? 0)) wrong.push(`${file.name}: blocks`);
    }
    expect(wrong).toEqual([]);
  });

  it("reads as the instruction does", () => {
    const text = textOf("byte-swap.bpf");
    expect(text).toContain(";; 8: r0 = 0\n    i64.const 0\n    local.set $r0\n");
    expect(text).toMatch(/;; 9: exit\n {4}global\.get \$cpu\n {4}local\.get \$r0\n {4}i64\.store\n {4}return\n/);
  });
});

describe("bpflab jit", () => {
  it("prints text, or writes the module", async () => {
    const text = await cli(["jit", "examples/pass.bpf"]);
    expect(text.code).toBe(0);
    expect(text.out).toMatch(/^\(module\n {2}\(import "m" "memory"/);
    const json = JSON.parse((await cli(["jit", "--json", "--emit", "wasm", "examples/pass.bpf"])).out);
    expect(json).toMatchObject({ command: "jit", verdict: "accepted", checked: false });
    expect(json.bytes).toMatch(/^0061736d01000000/);
    expect(misfits(json, schema)).toEqual([]);
  });

  it("compiles what is refused only when told to, and then with checks", async () => {
    const refused = await cli(["jit", "examples/refused/no-null-check.bpf"]);
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toContain("E0");
    const checked = await cli(["jit", "--no-verify", "examples/refused/no-null-check.bpf"]);
    expect(checked.code).toBe(0);
    expect(checked.out).toContain("call $m.check");
  });

  it("says what is wrong with the words, and writes nothing then", async () => {
    for (const [words, said] of [
      [["jit"], "wants FILE"],
      [["jit", "nowhere.bpf"], "nowhere.bpf"],
      [["jit", "examples/pass.bpf", "--emit", "elf"], "wat, wasm"],
      [["jit", "examples/pass.bpf", "-o", "/nowhere/x.wat"], "cannot write /nowhere/x.wat"],
    ] as const) {
      const done = await cli(words);
      expect({ words, code: done.code, out: done.out }).toEqual({ words, code: 2, out: "" });
      expect(done.err).toContain(said);
    }
  });
});
