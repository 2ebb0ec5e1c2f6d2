// Every spelling of the oracle, in both byte orders, both dialects and the kernel's text.
import { describe, expect, it } from "vitest";
import type { AssembleOptions } from "../../src/asm/assemble.ts";
import { assemble } from "../../src/asm/assemble.ts";
import { accepted, hex, oracleIsThere, oracleName, rejected } from "../support/isa-oracle.ts";
import { acceptedHere, kernelTextUnreadable, refusedHere } from "./deviations.ts";

const reserved = (text: string) => text.startsWith("ld_pseudo") || /\br11\b/.test(text);

function bytes(text: string, options: AssembleOptions, order: "little" | "big" = "little"): string {
  const outcome = assemble(text, options);
  return outcome.ok ? hex(outcome.value.bytes(order)) : `refused: ${outcome.diagnostics[0]?.text}`;
}

describe.skipIf(!oracleIsThere)(oracleName("the LLVM oracle"), () => {
  const ours = accepted.filter((row) => !(row.asm in refusedHere));

  it("has the rows it had", () => {
    expect(accepted.length).toBe(292);
    expect(accepted.length - ours.length).toBe(Object.keys(refusedHere).length);
    expect(rejected.length).toBe(65);
  });

  it("gives the same bytes, little-endian", () => {
    expect(ours.map((r) => [r.asm, bytes(r.asm, { dialect: "pseudoc" })])).toEqual(ours.map((r) => [r.asm, r.hex]));
  });

  it("gives the same bytes, big-endian", () => {
    const big = ours.filter((row) => row.hex_be);
    const got = big.map((r) => [r.asm, bytes(r.asm, { dialect: "pseudoc" }, "big")]);
    expect(got).toEqual(big.map((r) => [r.asm, r.hex_be]));
  });

  it("refuses what it refuses on purpose", () => {
    expect(Object.keys(refusedHere).filter((text) => assemble(text, { dialect: "pseudoc" }).ok)).toEqual([]);
  });

  it("refuses what LLVM refuses, the wanted extensions aside", () => {
    const extra = rejected.filter(({ asm }) => assemble(asm, { dialect: "pseudoc" }).ok).map(({ asm }) => asm);
    expect(extra.sort()).toEqual(Object.keys(acceptedHere).sort());
  });

  it("puts every refusal in its place", () => {
    const vague = rejected.filter(({ asm }) => {
      const outcome = assemble(asm, { dialect: "pseudoc" });
      return !outcome.ok && outcome.diagnostics.some((d) => d.at === undefined || d.at.end > asm.length);
    });
    expect(vague).toEqual([]);
  });

  it("reads the kernel's text", () => {
    const lines = accepted.filter((r) => r.kernel_6_12 && !(r.kernel_6_12 in kernelTextUnreadable));
    const told = lines.filter((r) => !r.asm.startsWith("ld_pseudo"));
    const got = told.map((r) => [r.kernel_6_12, bytes(`0: ${r.kernel_6_12} ; R1=scalar()`, {})]);
    expect(got).toEqual(told.map((r) => [r.kernel_6_12, r.hex]));
  });

  it("reads the mnemonic dialect", () => {
    const lines = accepted.filter((r) => r.mnemonic && !reserved(r.mnemonic));
    const got = lines.map((r) => [r.mnemonic, bytes(r.mnemonic ?? "", { dialect: "mnemonic" })]);
    expect(got).toEqual(lines.map((r) => [r.mnemonic, r.hex]));
  });
});
