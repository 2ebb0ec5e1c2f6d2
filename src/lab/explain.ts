// The page of a diagnostic code: its title from where the code is issued, its text and programs from diag/pages.
import { asmCodes } from "../asm/codes.ts";
import type { Code } from "../diag/diagnostic.ts";
import { type Page, pages } from "../diag/pages.ts";
import { type CodeEntry, verifierCodes } from "../verifier/codes.ts";

export interface Explanation extends Page {
  readonly code: Code;
  readonly title: string;
  /** Linux enforces it too. */
  readonly kernel: boolean;
}

/** What the machine warns of and lets pass. */
const runtimeCodes: Readonly<Record<string, string>> = {
  W0305: "the run read stack bytes that were never written",
  W0401: "the run read a register that was never written",
  W0503: "the run used a pointer whose element was given to another key",
};

/** What is said of litmus tests; that folder is behind a door of its own. */
const litmusCodes: Readonly<Record<string, string>> = {
  E1001: "a litmus test that cannot be read",
  E1002: "a litmus test names a thread or a location that it does not have",
  E1003: "a thread of a litmus test does what no litmus test can",
  E1004: "a litmus test is too large to look at all executions",
};

/** What `bpflab log` cannot explain. */
const logCodes: Readonly<Record<string, string>> = {
  E0115: "a verifier log that cannot be explained",
};

/** What is wrong with a scenario of the concurrency laboratory. */
const scenarioCodes: Readonly<Record<string, string>> = {
  E0116: "a scenario that cannot be read",
  E0117: "a condition of a scenario that cannot be read, or a map that cannot be made",
};

const titles = new Map<string, { readonly title: string; readonly kernel: boolean }>([
  ...Object.entries(asmCodes).map(([code, title]) => [code, { title, kernel: false }] as const),
  ...Object.entries(verifierCodes).map(([code, entry]: [string, CodeEntry]) => [code, entry] as const),
  ...Object.entries(litmusCodes).map(([code, title]) => [code, { title, kernel: false }] as const),
  ...Object.entries(logCodes).map(([code, title]) => [code, { title, kernel: false }] as const),
  ...Object.entries(scenarioCodes).map(([code, title]) => [code, { title, kernel: false }] as const),
  ...Object.entries(runtimeCodes).map(([code, title]) => [code, { title, kernel: false }] as const),
]);

/** Every code, in the order of their numbers, E before L before W. */
export const explainedCodes: readonly string[] = [...titles.keys()].sort();

export function explain(code: string): Explanation | undefined {
  const wanted = code.trim().toUpperCase();
  const entry = titles.get(wanted);
  const page = pages[wanted];
  if (entry === undefined || page === undefined || !isCode(wanted)) return undefined;
  return { code: wanted, title: entry.title, kernel: entry.kernel, ...page };
}

function isCode(text: string): text is Code {
  return /^[ELW]\d{4}$/.test(text);
}
