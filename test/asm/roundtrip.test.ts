// Text to instructions and back, in both dialects.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { disassemble } from "../../src/asm/disassemble.ts";
import { helperName } from "../../src/host/names.ts";
import { print } from "../../src/isa/print.ts";
import { everyInsn } from "../support/every-insn.ts";
import { hex } from "../support/isa-oracle.ts";

const names = { helper: helperName };

describe.each([
  ["pseudoc", "llvm", {}],
  ["pseudoc", "llvm", { alu32: true }],
  ["pseudoc", "llvm", { names }],
  ["mnemonic", "mnemonic", {}],
] as const)("%s, printed as %s %o", (dialect, style, options) => {
  it("reads every form it prints, and prints it the same again", () => {
    const wrong = [];
    for (const insn of everyInsn) {
      const text = print(insn, { style, ...options });
      const outcome = assemble(text, { dialect });
      const again = outcome.ok ? outcome.value.insns[0] : undefined;
      if (JSON.stringify(again) !== JSON.stringify(insn)) wrong.push({ text, insn, again, said: outcome.diagnostics });
      else if (again && print(again, { style, ...options }) !== text) wrong.push({ text });
    }
    expect(wrong).toEqual([]);
  });
});

it("reads the kernel's form of all that the kernel's form tells", () => {
  const wrong = [];
  for (const insn of everyInsn) {
    const text = print(insn, { style: "kernel", names });
    const outcome = assemble(`0: ${text}`);
    const again = outcome.ok ? outcome.value.insns[0] : undefined;
    if (JSON.stringify(again) !== JSON.stringify(insn)) wrong.push({ text, again, said: outcome.diagnostics[0]?.text });
  }
  expect(wrong).toEqual([]);
});

const whole = `.prog xdp sleepable attach=devmap
.rcu explicit
.map m, type=hash, key=4, value=16, max=4, flags=1, spin_lock=4
.map o, type=array_of_maps, max=2, inner=m
.map q, type=array_of_maps, max=2, inner=(type=array, value=4, max=1)
.map p, type=prog_array, max=1
.entry m, 1 = 2
.entry o, 0 = m
.entry p, 0 = f
.extern other
.global g(mem:8, scalar)
start: call other
  call rcu_lock
  r1 = m ll
  r1 = map_value[m] + 8 ll
  r2 = f ll
1: call bpf_map_lookup_elem
  if r0 == 0 goto out
  goto 1b
out: call f
  call g
  gotol +1
  .8byte 0x8d
  exit
f: r0 = 0x1122334455667788 ll
  store_release((u8 *)(r1 + 4), w2)
  may_goto out
  exit
g: r1 = addr_space_cast(r2, 0, 1)
  exit
end:
`;

function stable(text: string, style: "llvm" | "mnemonic"): void {
  const first = assemble(text);
  if (!first.ok) throw new Error(first.diagnostics.map((d) => d.text).join("\n"));
  const printed = disassemble(first.value, { style });
  const second = assemble(printed);
  if (!second.ok) throw new Error(`${second.diagnostics.map((d) => d.text).join("\n")}\n${printed}`);
  expect(hex(second.value.bytes())).toBe(hex(first.value.bytes()));
  const data = ({ maps, kfuncs, functions, labels, type, sleepable, attach, rcu }: typeof first.value) =>
    JSON.stringify(
      { maps, kfuncs, functions, labels: [...labels].sort(), type, sleepable, attach, rcu },
      (key, value) => (key === "at" ? undefined : value),
    );
  expect(data(second.value)).toBe(data(first.value));
  expect(disassemble(second.value, { style })).toBe(printed);
}

describe("a whole program", () => {
  it.each(["llvm", "mnemonic"] as const)("is the same after printing as %s and reading", (style) =>
    stable(whole, style),
  );

  const folder = new URL("../../examples/", import.meta.url);
  const files = readdirSync(folder).filter((file) => /\.(bpf|s)$/.test(file));
  it.each(files)("examples/%s is too", (file) => stable(readFileSync(new URL(file, folder), "utf8"), "llvm"));
});

it("prints bytes that are no program", () => {
  expect(disassemble(Uint8Array.from([0xb7, 0x0b, 0, 0, 1, 0, 0, 0, 0x18]))).toBe("    .8byte 0x0000000100000bb7\n");
});
