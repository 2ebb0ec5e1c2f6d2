// What stays the same through one verification: the program, what it is judged by, and the counters.
import type { MapDef, Program } from "../isa/program.ts";
import type { Structure } from "./search/structure.ts";
import type { State } from "./state/state.ts";
import type { Profile } from "./verdict.ts";

/** What Linux does to an unprivileged program so that a processor that runs ahead of a check finds nothing. */
export class Speculation {
  /** How moves of pointers by registers are masked, by instruction. */
  readonly masks = new Map<number, string>();
  /** Instructions that no processor may run ahead to, or beyond (kernel: nospec, nospec_result). */
  readonly before = new Set<number>();
  readonly behind = new Set<number>();
  /** A pointer is moved by a number that varies: its mask is the same on all paths only if numbers are (kernel: explore_alu_limits). */
  strict = false;
}

export interface Env {
  readonly program: Program;
  readonly profile: Profile;
  readonly structure: Structure;
  /** Every number and every slot is compared, whatever was relied on: slower, and simple to believe. */
  readonly reference: boolean;
  /** The kind of pointer that each load and store was first seen to go through: Linux rewrites it for that kind. */
  readonly through: Map<number, string>;
  /** The map that each call was seen to be about; null: now this one, now that. */
  readonly about: Map<number, MapDef | null>;
  readonly speculation: Speculation;
  /** Makes identities: of null checks, packets, lookups, references. */
  nextId(): number;
  /** The function that begins at `start` uses this many bytes of its frame, at the instruction `pc`. */
  deepen(start: number, bytes: number, pc: number): void;
  /** A continuation to be walked later. */
  push(state: State): void;
  /** An entry to be verified apart: a timer callback. */
  pushEntry(state: State): void;
  /** A global function that is called somewhere must be verified by itself. */
  enterGlobal(pc: number): void;
}
