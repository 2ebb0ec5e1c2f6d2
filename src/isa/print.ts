// An instruction as text, in each of the styles people read. The printer knows no names of
// maps, helpers or labels: who has them hands them in.
import { encode, rawOf } from "./encode.ts";
import type { Insn } from "./insn.ts";
import { printMacro } from "./print-c.ts";
import { printMnemonic } from "./print-mnemonic.ts";
import { dataLine, type Names } from "./print-parts.ts";
import { PseudoC } from "./print-pseudoc.ts";

export type { Names } from "./print-parts.ts";

/** llvm: what LLVM prints and reads. kernel: a line of the verifier's log. c: the kernel's BPF_… macros. */
export type Style = "llvm" | "kernel" | "mnemonic" | "hex" | "c";
export const styles: readonly Style[] = ["llvm", "kernel", "mnemonic", "hex", "c"];

export interface PrintOptions {
  readonly style?: Style;
  readonly names?: Names;
  /** The slot of the instruction: with it, targets can be named. */
  readonly pc?: number;
  /** Write loads and stores of up to 4 bytes with `w` registers, as LLVM does from -mcpu=v3 on. */
  readonly alu32?: boolean;
}

/** One line of text, without a line end. */
export function print(insn: Insn, options: PrintOptions = {}): string {
  switch (options.style ?? "llvm") {
    case "hex":
      return [...encode(insn)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    case "c":
      return printMacro(insn, options.names ?? {});
    case "mnemonic":
      return printMnemonic(insn, options.names ?? {}, options.pc) ?? dataLine(insn);
    case "kernel": {
      const code = rawOf(insn).code.toString(16).padStart(2, "0");
      return `(${code}) ${new PseudoC(options, true).text(insn)}`;
    }
    case "llvm":
      return new PseudoC(options, false).text(insn);
  }
}
