// The classical tests of memory models, as programs on array maps. What they can end with is compared with a plain
// enumeration of the interleavings of their loads and stores; and what sequential consistency forbids is not among it.
import { describe, expect, it } from "vitest";
import { judged, scenarioFile } from "./support.ts";

/** Loads `R x`, stores `W x 1`, atomic additions that fetch `A x 1`, of each thread; the outcome in question. */
interface Classic {
  readonly threads: readonly (readonly string[])[];
  /** What each thread loads, as digits, and what the maps end with; `*` is anything, or nothing. */
  readonly forbidden: string;
}

// Fences and dependencies add nothing where memory has one order, so that a name stands for all its tests in the lists
// of the Linux kernel memory model and of the BPF catalogue (SB, SB+fencembonceonces, ...).
const classics: Readonly<Record<string, Classic>> = {
  SB: {
    threads: [
      ["W x 1", "R y"],
      ["W y 1", "R x"],
    ],
    forbidden: "0 0 / * *",
  },
  MP: {
    threads: [
      ["W x 1", "W y 1"],
      ["R y", "R x"],
    ],
    forbidden: "* 10 / * *",
  },
  LB: {
    threads: [
      ["R x", "W y 1"],
      ["R y", "W x 1"],
    ],
    forbidden: "1 1 / * *",
  },
  R: {
    threads: [
      ["W x 1", "W y 1"],
      ["W y 2", "R x"],
    ],
    forbidden: "* 0 / 1 2",
  },
  S: {
    threads: [
      ["W x 2", "W y 1"],
      ["R y", "W x 1"],
    ],
    forbidden: "* 1 / 2 1",
  },
  "2+2W": {
    threads: [
      ["W x 1", "W y 2"],
      ["W y 1", "W x 2"],
    ],
    forbidden: "* * / 1 1",
  },
  WRC: { threads: [["W x 1"], ["R x", "W y 1"], ["R y", "R x"]], forbidden: "* 1 10 / * *" },
  IRIW: { threads: [["W x 1"], ["W y 1"], ["R x", "R y"], ["R y", "R x"]], forbidden: "* * 10 10 / * *" },
  ISA2: {
    threads: [
      ["W x 1", "W y 1"],
      ["R y", "W z 1"],
      ["R z", "R x"],
    ],
    forbidden: "* 1 10 / * * *",
  },
  "W+RWC": {
    threads: [
      ["W x 1", "W y 1"],
      ["R y", "R z"],
      ["W z 1", "R x"],
    ],
    forbidden: "* 10 0 / * * *",
  },
  "Z6.3": {
    threads: [
      ["W x 1", "W y 1"],
      ["W y 2", "W z 1"],
      ["R z", "R x"],
    ],
    forbidden: "* * 10 / 1 2 1",
  },
  CoRR: { threads: [["W x 1"], ["R x", "R x"]], forbidden: "* 10 / *" },
  CoRW: { threads: [["R x", "W x 1"]], forbidden: "1 / *" },
  CoWR: { threads: [["W x 1", "R x"], ["W x 2"]], forbidden: "0 * / *" },
  CoWW: { threads: [["W x 1", "W x 2"]], forbidden: "* / 1" },
  "amo-sequence": { threads: [["A x 1"], ["A x 1"], ["R x"]], forbidden: "* * * / 1" },
  "xchg-atomicity": { threads: [["A x 1"], ["A x 1"]], forbidden: "0 0 / *" },
};

const mapsOf = ({ threads }: Classic): readonly string[] =>
  [...new Set(threads.flat().map((op) => op.split(" ")[1]))].sort();

function assembly(ops: readonly string[]): readonly string[] {
  const lines = ["*(u32 *)(r10 - 4) = 0", "r9 = 0"];
  ops.forEach((op, at) => {
    const [kind, map, value] = op.split(" ");
    lines.push(`r1 = ${map} ll`, "r2 = r10", "r2 += -4", "call bpf_map_lookup_elem", `if r0 == 0 goto l${at}`);
    if (kind === "W") lines.push(`*(u64 *)(r0 + 0) = ${value}`);
    if (kind === "R") lines.push("r1 = *(u64 *)(r0 + 0)", "r9 *= 10", "r9 += r1");
    if (kind === "A") lines.push(`r1 = ${value}`, "r1 = atomic_fetch_add((u64 *)(r0 + 0), r1)", "r9 *= 10", "r9 += r1");
    lines.push(`l${at}:`);
  });
  return [...lines, "r0 = r9", "exit"];
}

/** What a test can end with, run by the explorer. */
function explored(classic: Classic): readonly string[] {
  const { threads } = classic;
  const maps = mapsOf(classic);
  const atoms = [...threads.map((_, at) => `cpu${at}`), ...maps.map((map) => `${map}[0]`)];
  const text = [
    "maps:",
    ...maps.map((map) => `  ${map}: {type: array}`),
    "threads:",
    ...threads.flatMap((ops, at) => [
      `  cpu${at}:`,
      "    rcu: explicit",
      "    run: |",
      "      .prog syscall",
      ...assembly(ops).map((line) => `      ${line}`),
    ]),
    "assert:",
    `  - exists: ${atoms.map((atom) => `${atom} == 0`).join(" && ")}`,
  ].join("\n");
  const verdict = judged(scenarioFile(text).scenario);
  return verdict.finals.map(({ values }) => {
    const loaded = threads.map((ops, at) => digits(ops, values[at].toString()));
    return `${loaded.join(" ")} / ${values.slice(threads.length).join(" ")}`;
  });
}

function digits(ops: readonly string[], value: string): string {
  const loads = ops.filter((op) => !op.startsWith("W")).length;
  return loads === 0 ? "*" : value.padStart(loads, "0");
}

/** The same by trying every order of loads and stores. */
function enumerated(classic: Classic): ReadonlySet<string> {
  const { threads } = classic;
  const maps = mapsOf(classic);
  const found = new Set<string>();
  const go = (at: readonly number[], memory: Readonly<Record<string, number>>, loaded: readonly string[]): void => {
    let moved = false;
    threads.forEach((ops, thread) => {
      const op = ops[at[thread]];
      if (op === undefined) return;
      moved = true;
      const [kind, name, value] = op.split(" ");
      const now = memory[name] ?? 0;
      const after = kind === "R" ? now : kind === "W" ? Number(value) : now + Number(value);
      const seen = kind === "W" ? "" : String(now);
      go(
        at.map((n, each) => (each === thread ? n + 1 : n)),
        { ...memory, [name]: after },
        loaded.map((text, each) => (each === thread ? text + seen : text)),
      );
    });
    if (moved) return;
    const ends = maps.map((map) => memory[map] ?? 0);
    found.add(`${loaded.map((text) => (text === "" ? "*" : text)).join(" ")} / ${ends.join(" ")}`);
  };
  go(
    threads.map(() => 0),
    {},
    threads.map(() => ""),
  );
  return found;
}

describe("the classical tests under sequential consistency", () => {
  it.each(Object.entries(classics))(
    "%s ends with what an enumeration ends with, and with nothing forbidden",
    (_, classic) => {
      const ends = explored(classic);
      expect([...ends].sort()).toEqual([...enumerated(classic)].sort());
      const shape = new RegExp(`^${classic.forbidden.replaceAll("*", "\\S+")}$`);
      expect(ends.filter((end) => shape.test(end))).toEqual([]);
    },
  );
});
