// Which benchmark programs there are, and where: in the package that this file is part of, two folders above both src/cli and
// dist/cli.
import { fileURLToPath } from "node:url";

/** In the order of the list in bench/programs/harness.c. */
export const benchmarks = {
  a: "64-bit arithmetic",
  b: "32-bit arithmetic",
  c: "sums of bytes",
  k: "internet checksum",
  d: "packet parser",
  e: "prime sieve",
  f: "SipHash-2-4",
  g: "map lookups",
  u: "map updates",
  h: "function calls",
  i: "64-bit division",
  j: "bubble sort",
} as const;

export const benchmarkFolder = fileURLToPath(new URL("../../bench/programs/", import.meta.url));
