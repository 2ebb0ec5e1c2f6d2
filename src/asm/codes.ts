// The codes the assembler reports with, one line each, so that `explain` can list them.
export const asmCodes = {
  E0101: "unknown instruction or syntax error",
  E0102: "no such register",
  E0103: "immediate does not fit",
  E0104: "operand widths or sizes disagree",
  E0105: "unknown name",
  E0106: "unknown directive",
  E0107: "defined twice",
  E0108: "undefined label",
  E0109: "bad directive argument",
  E0110: "offset does not fit",
  E0111: "reserved or invalid encoding",
  E0112: "instruction needs a newer instruction set",
  E0113: "bad expectation",
  E0114: "input is not text, or too long",
  W0101: "leading zero makes the number octal",
  W0102: "stored constant is cut to the width of the store",
  W0103: "32-bit constant is sign-extended to 64 bits",
  W0104: "program type is not known here",
} as const;

export type AsmCode = keyof typeof asmCodes;
