// What an engine says while it works: one stream of events for the log, the debugger, the recorder and the page. An
// engine builds them only when somebody listens; apart from the engines because all of them speak it.
import type { Code } from "../diag/diagnostic.ts";
import type { Span } from "../diag/source.ts";

/** Where it happened: the slot of the instruction, and its place in the text where there is one. */
export interface Place {
  readonly at: number;
  readonly span?: Span;
  readonly cpu: number;
  /** Depth of the frame, 0 the outermost. */
  readonly frame: number;
}

export type RegisterChange = { readonly reg: number; readonly before: bigint; readonly after: bigint };

/** The events of one instruction, or of one further step of a call, begin with its `step`. */
export type Event = Place &
  /** `inCall`: a further step of the call that the instruction made. */
  (
    | { readonly kind: "step"; readonly changes: readonly RegisterChange[]; readonly inCall?: true }
    | { readonly kind: "branch"; readonly taken: boolean }
    /** `map`: the map it works on. */
    | { readonly kind: "call"; readonly name: string; readonly args: readonly bigint[]; readonly map?: string }
    /** No value: the call returns nothing. */
    | { readonly kind: "return"; readonly name: string; readonly value?: bigint }
    /** A function or callback of the program begins, or the program that a tail call names. */
    | { readonly kind: "enter"; readonly to: number }
    | { readonly kind: "leave" }
    /** One step of a map operation, by its name in src/maps. */
    | { readonly kind: "map"; readonly map: string; readonly operation: string }
    /** `lock` and `unlock` are calls; what they count begins and ends a section, or else the run itself does. */
    | { readonly kind: "rcu"; readonly what: "lock" | "unlock" | "begin" | "end"; readonly section: number }
    /** The life of a map's element or a ring buffer's record, by the address of its value. */
    | { readonly kind: "memory"; readonly what: "allocated" | "freed" | "reused"; readonly address: number }
    | { readonly kind: "print"; readonly text: string }
    | { readonly kind: "warning"; readonly text: string }
    | { readonly kind: "fault"; readonly code: Code; readonly text: string }
    | { readonly kind: "exit"; readonly value: bigint }
  );

export type Listener = (event: Event) => void;
