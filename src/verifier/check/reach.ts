// One memory access as the checks see it; apart, so that each kind of memory can have a file of its own.
import type { AccessSize } from "../../isa/insn.ts";

export interface Access {
  /** The register that holds the address. */
  readonly base: number;
  readonly off: number;
  readonly size: AccessSize;
  /** "update": it is read and written by one atomic instruction. */
  readonly mode: "read" | "write" | "update";
  /** The address has to be a multiple of the size, whatever memory it is of: the access is atomic. */
  readonly aligned?: true;
}
