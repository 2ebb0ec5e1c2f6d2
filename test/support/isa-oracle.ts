// The bytes that LLVM and the kernel agree on for each spelling. Kept outside the repository.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface AcceptedRow {
  readonly asm: string;
  readonly hex: string;
  readonly hex_be?: string;
  readonly relocated?: boolean;
  /** What LLVM prints for the spelling, and for the bytes. */
  readonly printed?: string | null;
  readonly disasm?: string | null;
  readonly kernel_6_12?: string | null;
  readonly mnemonic?: string | null;
}

interface Oracle {
  readonly accepted: readonly AcceptedRow[];
  readonly rejected: readonly { readonly asm: string }[];
}

const path = fileURLToPath(new URL("../../../shared/isa/isa-oracle.json", import.meta.url));
const there = existsSync(path);
const none: Oracle = { accepted: [], rejected: [] };
const oracle = there ? (JSON.parse(readFileSync(path, "utf8")) as Oracle) : none;

export const oracleIsThere = there;
export const oracleName = (what: string) => (there ? what : `${what}: skipped, there is no ${path}`);
/** The rows whose bytes depend on no symbol. */
export const accepted = oracle.accepted.filter((row) => !row.relocated);
export const rejected = oracle.rejected;

export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
export const unhex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
