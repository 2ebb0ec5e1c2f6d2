// Which version of the instruction set an instruction belongs to, for `--isa`.
import { type AluRow, alu } from "./alu.ts";
import { type AtomicRow, atomic } from "./atomic.ts";
import type { Insn } from "./insn.ts";
import { type JumpRow, jump } from "./jump.ts";

export type IsaVersion = "v1" | "v2" | "v3" | "v4";
export const isaVersions: readonly IsaVersion[] = ["v1", "v2", "v3", "v4"];

/**
 * The least version (LLVM's -mcpu numbering) whose code generator may emit the instruction.
 * 32-bit arithmetic has been encodable since v1 but is emitted from v3 on; here the encoding counts.
 * Linux's own later additions (may_goto, address-space casts: 6.9; load-acquire: 6.14) count as v4.
 */
export function since(insn: Insn): IsaVersion {
  switch (insn.kind) {
    case "alu": {
      const row: AluRow = alu[insn.op];
      return row.since;
    }
    case "jump": {
      if (insn.width === 32) return "v3";
      const row: JumpRow = jump[insn.op];
      return row.since;
    }
    case "atomic": {
      const row: AtomicRow = atomic[insn.op];
      return insn.fetch ? "v3" : row.since;
    }
    case "swap":
      return insn.op === "bswap" ? "v4" : "v1";
    case "load":
      return insn.signed ? "v4" : "v1";
    case "goto":
      return insn.long ? "v4" : "v1";
    case "callx":
      return "v3";
    case "movsx":
    case "addrSpaceCast":
    case "loadAcquire":
    case "storeRelease":
    case "mayGoto":
      return "v4";
    default:
      return "v1";
  }
}
