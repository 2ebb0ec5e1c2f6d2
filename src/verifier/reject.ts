// How a check says no: it throws a Rejection, which the engine alone catches and turns into a diagnostic with the
// path that led there. Nothing of this leaves the verifier.
import type { Code } from "../diag/diagnostic.ts";
import type { State } from "./state/state.ts";

export type Operand = "whole" | "dst" | "src" | "memory" | "target";

export interface Refusal {
  readonly code: Code;
  /** Absent for what is wrong whatever the path (structure). */
  readonly state?: State;
  /** Only when there is no state, or when the fault is elsewhere than at state.pc. */
  readonly pc?: number;
  readonly operand: Operand;
  readonly text: string;
  readonly label?: string;
  /** The register whose history explains the refusal. */
  readonly culprit?: number;
  /** Linux's line for it; null where Linux accepts. */
  readonly kernel: string | null;
  readonly facts?: readonly { readonly name: string; readonly text: string }[];
  readonly help?: string;
}

export class Rejection extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.text);
    this.refusal = refusal;
  }
}

export function reject(refusal: Refusal): never {
  throw new Rejection(refusal);
}
