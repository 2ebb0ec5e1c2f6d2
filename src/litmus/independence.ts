// Which interleavings need not be walked because others stand for them.
import type { Transitions } from "./transitions.ts";

export interface Reduction {
  readonly names: readonly string[];
  /** The one thread whose step stands for all of a state's, or -1. */
  only(transitions: Transitions, tuples: Int32Array, from: number): number;
  /** Replaces a state by the one that stands for it; whether that is another. */
  canonical(transitions: Transitions, tuples: Int32Array, from: number): boolean;
}
