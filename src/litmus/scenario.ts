// A scenario as data: maps, programs on CPUs, scripts of userspace, what must hold, and the variants to compare. Apart
// from the reader of YAML, so that tests and generators make scenarios without text.
import type { Source, Span } from "../diag/source.ts";
import type { MapDef, Program } from "../isa/program.ts";
import type { Expression } from "./expression.ts";
import type { Cut } from "./pieces.ts";

/** How a kernel behaves where kernels differ (concurrency.md, R6, M2, M7, M8, M12). */
export interface Profile {
  /** Updating a map of maps waits for the programs that run; Linux does since 2018. */
  readonly mimUpdateWaits: boolean;
  /** Whether membarrier GLOBAL waits as synchronize_rcu does. */
  readonly membarrierGlobal: "rcu" | "sched";
  /** The order in which the 8-byte words of a value are copied: ascending, any, or all of them in one step. */
  readonly copy: "ascending" | "words8";
  /** Where a program's access that is not aligned is cut into pieces: at boundaries of 8 bytes, or at every byte. */
  readonly misaligned: Cut;
  /** A new element under BPF_F_LOCK is filled with its lock held; Linux does since 2026. */
  readonly lockedFill: boolean;
  readonly eviction: "kernel" | "free";
  /** A grace period of tasks trace waits for ordinary readers as well; in Linux it does, as an accident of how it is made (R5). */
  readonly rcuTraceImpliesRcuGp: boolean;
  /** What the free of an inner map waits for where a sleepable program may use the outer one (M11). */
  readonly innerMapFree: "rcu" | "both";
  /** What order threads see memory in: sequential consistency, or total store order. */
  readonly memory: Memory;
}

export const memories = ["sc", "tso"] as const;
export type Memory = (typeof memories)[number];

export const linux: Profile = {
  mimUpdateWaits: true,
  membarrierGlobal: "rcu",
  copy: "words8",
  misaligned: "words8",
  lockedFill: true,
  eviction: "kernel",
  rcuTraceImpliesRcuGp: true,
  innerMapFree: "both",
  memory: "sc",
};

/**
 * Whose the RCU sections of a thread's runs are. `implicit`: each run is one; `sleepable`: each run is one of tasks trace,
 * and the program may open ordinary ones; `explicit`: the program opens them, and there are no others.
 */
export type RcuMode = "implicit" | "sleepable" | "explicit";

export interface ProgramThread {
  readonly kind: "program";
  readonly name: string;
  readonly program: Program;
  readonly times: number;
  readonly rcu: RcuMode;
  readonly context?: Uint8Array;
  readonly at?: Span;
}

export interface UserThread {
  readonly kind: "user";
  readonly name: string;
  /** The CPU it runs on, by the name of the program thread there, or `own`; absent: each that makes a difference (placement.ts). */
  readonly cpu?: string;
  readonly script: readonly Command[];
  readonly at?: Span;
}
export type Thread = ProgramThread | UserThread;

/** What a wait is called; all but `expedited` and `fence` wait for readers. */
export const waits = [
  "synchronize_rcu",
  "sync_map_access",
  "pf_key_close",
  "membarrier_global",
  "synchronize_rcu_tasks_trace",
] as const;
export const fences = ["membarrier_private_expedited", "membarrier_global_expedited"] as const;

/** A value as bpf(2) is given it: bytes, or the name of a map. */
export type Value = { readonly bytes: Uint8Array } | { readonly map: string };

interface Base {
  /** The word by which variants name it. */
  readonly label: string;
  /** As the scenario writes it, for people. */
  readonly text: string;
  readonly at?: Span;
}
interface Named {
  /** The variable that takes the result: a value, or the error number as a negative number. */
  readonly as?: string;
}
export type Command = Base &
  (
    | ({
        readonly kind: "update";
        readonly map: string;
        readonly key: Uint8Array;
        readonly value: Value;
        readonly flags: number;
        /** Part of a batch: only the last waits for readers. */
        readonly quiet?: true;
      } & Named)
    | ({ readonly kind: "delete"; readonly map: string; readonly key: Uint8Array; readonly quiet?: true } & Named)
    | ({
        readonly kind: "lookup" | "lookup_and_delete";
        readonly map: string;
        readonly key: Uint8Array;
        readonly flags: number;
      } & Named)
    | ({ readonly kind: "next_key"; readonly map: string; readonly key?: Uint8Array } & Named)
    | { readonly kind: "freeze" | "create" | "free"; readonly map: string }
    | { readonly kind: "wait"; readonly how: (typeof waits)[number] }
    | { readonly kind: "fence"; readonly how: (typeof fences)[number] }
    | { readonly kind: "mark"; readonly mark: string }
  );

export type Frequency = "never" | "sometimes" | "always";

export type Assertion = { readonly text: string; readonly at?: Span } & (
  | {
      readonly kind: "access";
      readonly access: "read" | "write" | "any";
      readonly map: string;
      readonly key?: Uint8Array;
      /** Threads, by a pattern in which `*` is any text. */
      readonly by: string;
      readonly after?: string;
      readonly before?: string;
    }
  | { readonly kind: "never" | "always"; readonly expression: Expression }
  | { readonly kind: "final"; readonly expression: Expression }
  | { readonly kind: "exists"; readonly expression: Expression; readonly expect?: Frequency }
  | { readonly kind: "noTornRead"; readonly map: string }
  | { readonly kind: "noUseAfterFree" }
  | { readonly kind: "noStaleElement" }
  /** `reports`: they are told of, and break nothing. */
  | { readonly kind: "noDataRace"; readonly reports: boolean }
);

export interface Bounds {
  /** The most preemptions of a schedule; null: any number. */
  readonly preemptions: number | null;
  readonly states: number;
  readonly seconds: number;
}

/** States that two cores walk in a few minutes and hold in less than 1 GB. */
export const defaultBounds: Bounds = { preemptions: null, states: 10_000_000, seconds: 120 };

export type Expected = "holds" | "violated";

/** One thing to explore: a scenario with its variant's changes made. */
export interface Scenario {
  readonly name: string;
  readonly source?: Source;
  readonly profile: Profile;
  readonly maps: readonly MapDef[];
  /** Maps that do not exist before a script creates them. */
  readonly later: ReadonlySet<string>;
  readonly threads: readonly Thread[];
  readonly assertions: readonly Assertion[];
  readonly bounds: Bounds;
}

/** A scenario file: the scenario as it is, its variants, and the verdicts that its author expects. */
export interface ScenarioFile {
  readonly scenario: Scenario;
  readonly variants: readonly { readonly name: string; readonly scenario: Scenario }[];
  /** Rows and columns of a table of variants, named `row / column`. */
  readonly table?: { readonly rows: readonly string[]; readonly columns: readonly string[] };
  readonly expect: ReadonlyMap<string, { readonly verdict: Expected; readonly at?: Span }>;
}

/** Whether a name matches a pattern in which `*` is any text. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(name);
}
