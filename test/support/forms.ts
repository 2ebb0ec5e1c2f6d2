// The forms of instructions, by name, for the count of what a campaign has run: each row of the tables of isa/ with each kind
// of operand, width and size; calls by whom they call.
import { helperName } from "../../src/host/names.ts";
import type { Insn } from "../../src/isa/insn.ts";
import { everyInsn, everyNamingInsn } from "./every-insn.ts";

export function formOf(insn: Insn): string {
  switch (insn.kind) {
    case "alu":
    case "jump":
      return `${insn.op}${insn.width} ${insn.src.kind}`;
    case "neg":
      return `neg${insn.width}`;
    case "movsx":
      return `movsx${insn.width} from ${insn.from}`;
    case "swap":
      return `${insn.op}${insn.size}`;
    case "load":
      return `load${insn.size}${insn.signed ? " signed" : ""}`;
    case "store":
      return `store${insn.size} ${insn.src.kind}`;
    case "atomic":
      return `atomic ${insn.op}${insn.size}${insn.fetch ? " fetch" : ""}`;
    case "loadAcquire":
    case "storeRelease":
      return `${insn.kind}${insn.size}`;
    case "packet":
      return `packet${insn.size} ${insn.src === null ? "abs" : "ind"}`;
    case "imm64":
      return `imm64 ${insn.what}`;
    case "goto":
      return insn.long ? "goto long" : "goto";
    default:
      return insn.kind;
  }
}

/** Every form there is, but what is no instruction and what names a type of the kernel's, which machines have not. */
export const everyForm: readonly string[] = [...new Set([...everyInsn, ...everyNamingInsn].map(formOf))].filter(
  (form) => form !== "imm64 btfId",
);

/** Of a call of a helper, its name. */
export function helperOf(insn: Insn): string | undefined {
  return insn.kind === "callHelper" ? (helperName(insn.id) ?? String(insn.id)) : undefined;
}
