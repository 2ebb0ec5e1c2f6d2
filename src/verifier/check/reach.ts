// One memory access as the checks see it; apart, so that each kind of memory can have a file of its own.
import type { AccessSize } from "../../isa/insn.ts";

export interface Access {
  /** The register that holds the address. */
  readonly base: number;
  readonly off: number;
  readonly size: AccessSize;
  readonly mode: "read" | "write" | "atomic";
}
