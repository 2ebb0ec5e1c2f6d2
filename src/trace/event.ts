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

export type Event = Place &
  /** `inCall`: a further step of the call before; `at` is then where the call will return to. */
  (
    | { readonly kind: "step"; readonly changes: readonly RegisterChange[]; readonly inCall?: true }
    | { readonly kind: "branch"; readonly taken: boolean }
    | { readonly kind: "call"; readonly name: string; readonly args: readonly bigint[] }
    | { readonly kind: "return"; readonly name: string; readonly value: bigint }
    | { readonly kind: "enter"; readonly to: number }
    | { readonly kind: "leave" }
    /** One step of a map operation. */
    | { readonly kind: "map"; readonly map: string; readonly operation: string }
    | { readonly kind: "rcu"; readonly what: "lock" | "unlock" | "begin" | "end"; readonly section: number }
    | { readonly kind: "memory"; readonly what: "allocated" | "freed" | "reused"; readonly address: number }
    | { readonly kind: "print"; readonly text: string }
    | { readonly kind: "warning"; readonly text: string }
    | { readonly kind: "fault"; readonly code: Code; readonly text: string }
    | { readonly kind: "exit"; readonly value: bigint }
  );

export type Listener = (event: Event) => void;
