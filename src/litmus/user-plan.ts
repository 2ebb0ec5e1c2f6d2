// What a script of userspace is given when its thread is made, and how its variables are kept.
import type { Placement } from "./placement.ts";
import type { Command } from "./scenario.ts";

export interface UserPlan {
  readonly name: string;
  readonly script: readonly Command[];
  readonly placement: Placement;
  /** Picks one of n possibilities. */
  readonly choose: (n: number) => number;
  /** Its number among the RCU readers. */
  readonly reader: number;
  /** Ids of the maps by name. */
  readonly maps: ReadonlyMap<string, number>;
  /** membarrier GLOBAL waits for readers. */
  readonly globalWaits: boolean;
  /** Some other thread could notice that an operation begins or ends: maps are freed or frozen, or others wait for readers. */
  readonly observed: boolean;
}

/** A variable of a script. */
export interface Variable {
  /** Index of its first word behind the thread's own: 1 once it is set, then the value. */
  readonly at: number;
  readonly words: number;
  readonly bytes: number;
}

/** Bytes filled up to whole words of 8. */
export function round8(size: number): number {
  return (size + 7) & -8;
}
