// Random scenarios: two or three threads of a few operations on shared maps, with sections, waits, locks and marks. The
// operations are kept as data, so that a scenario can be written for another tool too.

export type Op =
  | { readonly kind: "load" | "increment" | "atomicAdd"; readonly key: number }
  | { readonly kind: "store"; readonly key: number; readonly value: number }
  /** Through the outer map: an atomic addition to element 0 of the inner map that stands in slot 0. */
  | { readonly kind: "viaOuter" }
  | { readonly kind: "hashAdd" | "hashDelete"; readonly key: number }
  | { readonly kind: "hashUpdate"; readonly key: number; readonly value: number }
  /** A load or a store across the boundary between the two words of element 0 of the wide map. */
  | { readonly kind: "wideLoad" }
  | { readonly kind: "wideStore"; readonly value: number }
  /** A read and a write of element 0 of the locked map under its bpf_spin_lock. */
  | { readonly kind: "locked" }
  | { readonly kind: "section"; readonly body: readonly Op[] };

export type UserOp =
  | { readonly kind: "write"; readonly key: number; readonly value: number }
  | { readonly kind: "read"; readonly key: number }
  | { readonly kind: "swap"; readonly to: "inner_a" | "inner_b" }
  | { readonly kind: "readInner" }
  | { readonly kind: "hashPut"; readonly key: number; readonly value: number }
  | { readonly kind: "hashTake" | "hashLook"; readonly key: number }
  | { readonly kind: "lockedWrite" | "wideWrite"; readonly value: number }
  | { readonly kind: "wideRead" }
  | { readonly kind: "synchronize" | "fence" | "mark" };

export interface RandomScenario {
  readonly seed: number;
  readonly programs: readonly {
    readonly rcu: "implicit" | "explicit";
    readonly times: number;
    readonly ops: readonly Op[];
  }[];
  readonly users: readonly (readonly UserOp[])[];
  /** An access that must not come after the mark, in some scenarios; and a condition on the end. */
  readonly never?: { readonly write: "words" | "inner_a" };
  readonly final?: string;
}

/** Numbers from a seed (mulberry32). */
export function random(seed: number): (n: number) => number {
  let state = seed | 0;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) % n;
  };
}

export function randomScenario(seed: number): RandomScenario {
  const pick = random(seed);
  const one = <T>(list: readonly T[]): T => list[pick(list.length)];
  const op = (deep: boolean): Op => {
    const key = pick(2);
    const kind = one([
      "load",
      "increment",
      "atomicAdd",
      "store",
      "viaOuter",
      "viaOuter",
      "hashAdd",
      "hashDelete",
      "hashUpdate",
      "locked",
      "section",
      "wideLoad",
      "wideStore",
    ] as const);
    if (kind === "section")
      return deep ? { kind: "load", key } : { kind, body: [op(true), ...(pick(2) === 0 ? [op(true)] : [])] };
    if (kind === "store" || kind === "hashUpdate") return { kind, key, value: 1 + pick(3) };
    if (kind === "wideStore") return { kind, value: 1 + pick(3) };
    if (kind === "viaOuter" || kind === "locked" || kind === "wideLoad") return { kind };
    return { kind, key };
  };
  const userOp = (): UserOp => {
    const key = pick(2);
    const kind = one([
      "write",
      "read",
      "swap",
      "swap",
      "readInner",
      "hashPut",
      "hashTake",
      "hashLook",
      "lockedWrite",
      "synchronize",
      "fence",
      "mark",
      "wideWrite",
      "wideRead",
    ] as const);
    if (kind === "write" || kind === "hashPut") return { kind, key, value: 4 + pick(3) };
    if (kind === "lockedWrite" || kind === "wideWrite") return { kind, value: 7 + pick(2) };
    if (kind === "swap") return { kind, to: one(["inner_a", "inner_b"]) };
    if (kind === "read" || kind === "hashTake" || kind === "hashLook") return { kind, key };
    return { kind };
  };
  const programs = Array.from({ length: 1 + pick(2) }, () => ({
    rcu: one(["implicit", "explicit"] as const),
    times: pick(4) === 0 ? 2 : 1,
    ops: Array.from({ length: 1 + pick(2) }, () => op(false)),
  }));
  const count = programs.length > 1 ? 1 : 1 + pick(2);
  const users = Array.from({ length: count }, () => Array.from({ length: 1 + pick(3) }, userOp));
  const marks = users.some((each) => each.some((one) => one.kind === "mark"));
  const never = marks ? { never: { write: one(["words", "inner_a"] as const) } } : {};
  const final = one([
    "words[0] + words[1] < 4",
    "words[0] != 2",
    "inner_a[0] + inner_b[0] < 2",
    "inner_b[0] == 0",
    "words[0] <= words[1] + 1",
    "locked[0].1 < 8",
    "table[0] != 1",
    "words[1] == 0 || words[0] > 0",
  ]);
  return { seed, programs, users, ...never, ...(pick(4) > 0 || !marks ? { final } : {}) };
}

function lookup(map: string, slot: number): readonly string[] {
  return [`r1 = ${map} ll`, "r2 = r10", `r2 += ${slot}`, "call bpf_map_lookup_elem"];
}

class Assembly {
  readonly lines: string[] = [];
  #label = 0;

  op(op: Op): void {
    const skip = `l${this.#label++}`;
    const on = (map: string, key: number, body: readonly string[]): void => {
      this.lines.push(`*(u32 *)(r10 - 4) = ${key}`, ...lookup(map, -4), `if r0 == 0 goto ${skip}`, ...body, `${skip}:`);
    };
    switch (op.kind) {
      case "load":
        on("words", op.key, ["r1 = *(u64 *)(r0 + 0)", "r9 *= 10", "r9 += r1"]);
        return;
      case "increment":
        on("words", op.key, ["r1 = *(u64 *)(r0 + 0)", "r1 += 1", "*(u64 *)(r0 + 0) = r1"]);
        return;
      case "atomicAdd":
        on("words", op.key, ["r1 = 1", "lock *(u64 *)(r0 + 0) += r1"]);
        return;
      case "store":
        on("words", op.key, [`*(u64 *)(r0 + 0) = ${op.value}`]);
        return;
      case "viaOuter":
        on("outer", 0, [
          "r1 = r0",
          "r2 = r10",
          "r2 += -4",
          "call bpf_map_lookup_elem",
          `if r0 == 0 goto ${skip}`,
          "r1 = 1",
          "lock *(u64 *)(r0 + 0) += r1",
        ]);
        return;
      case "hashAdd":
        on("table", op.key, ["r1 = 1", "lock *(u64 *)(r0 + 0) += r1"]);
        return;
      case "hashDelete":
        this.lines.push(
          `*(u32 *)(r10 - 4) = ${op.key}`,
          "r1 = table ll",
          "r2 = r10",
          "r2 += -4",
          "call bpf_map_delete_elem",
        );
        return;
      case "hashUpdate":
        this.lines.push(`*(u32 *)(r10 - 4) = ${op.key}`, `*(u64 *)(r10 - 16) = ${op.value}`);
        this.lines.push(
          "r1 = table ll",
          "r2 = r10",
          "r2 += -4",
          "r3 = r10",
          "r3 += -16",
          "r4 = 0",
          "call bpf_map_update_elem",
        );
        return;
      case "locked":
        on("locked", 0, [
          "r6 = r0",
          "r1 = r6",
          "call bpf_spin_lock",
          "r1 = *(u64 *)(r6 + 8)",
          "r1 += 1",
          "*(u64 *)(r6 + 8) = r1",
          "r1 = r6",
          "call bpf_spin_unlock",
        ]);
        return;
      case "wideLoad":
        on("wide", 0, ["r1 = *(u64 *)(r0 + 4)", "r9 *= 10", "r9 += r1"]);
        return;
      case "wideStore":
        on("wide", 0, [`r1 = ${op.value * 0x1000001}`, "r1 *= r1", "*(u64 *)(r0 + 4) = r1"]);
        return;
      case "section":
        this.lines.push("call bpf_rcu_read_lock");
        for (const each of op.body) this.op(each);
        this.lines.push("call bpf_rcu_read_unlock");
    }
  }
}

function userText(op: UserOp, name: string, at: number): string {
  switch (op.kind) {
    case "write":
      return `update: {map: words, key: ${op.key}, value: ${op.value}}`;
    case "read":
      return `lookup: {map: words, key: ${op.key}, as: ${name}${at}}`;
    case "swap":
      return `update: {map: outer, key: 0, value: ${op.to}}`;
    case "readInner":
      return `lookup: {map: inner_a, key: 0, as: ${name}${at}}`;
    case "hashPut":
      return `update: {map: table, key: ${op.key}, value: ${op.value}}`;
    case "hashTake":
      return `delete: {map: table, key: ${op.key}}`;
    case "hashLook":
      return `lookup: {map: table, key: ${op.key}, as: ${name}${at}}`;
    case "lockedWrite":
      return `update: {map: locked, key: 0, value: [0, ${op.value}], flags: lock}`;
    case "wideWrite":
      return `update: {map: wide, key: 0, value: [${op.value}, ${op.value}]}`;
    case "wideRead":
      return `lookup: {map: wide, key: 0, as: ${name}${at}}`;
    case "synchronize":
      return "synchronize_rcu";
    case "fence":
      return "membarrier: private_expedited";
    case "mark":
      return "mark: done";
  }
}

/** The scenario as `bpflab litmus` reads it. `observe`: every atom there is, so that final states are compared whole. */
export function scenarioText(scenario: RandomScenario, observe = true): string {
  const atoms = ["words[0]", "words[1]", "inner_a[0]", "inner_b[0]", "table[0]", "table[1]", "locked[0].1", "outer[0]"];
  atoms.push("wide[0]", "wide[0].1");
  const lines = [
    `name: random ${scenario.seed}`,
    `profile: {kernel: "2018", copy: ${scenario.seed % 2 === 0 ? "words8" : "ascending"}}`,
    "maps:",
    "  words: {type: array, entries: 2}",
    "  inner_a: {type: array}",
    "  inner_b: {type: array}",
    "  outer: {type: array_of_maps, init: {0: inner_a}}",
    "  table: {type: hash, entries: 2, init: {0: 1}}",
    "  locked: {type: array, value: 16, spin_lock: 0}",
    "  wide: {type: array, value: 16}",
    "threads:",
  ];
  for (const [n, { rcu, times, ops }] of scenario.programs.entries()) {
    const assembly = new Assembly();
    for (const op of ops) assembly.op(op);
    atoms.push(`cpu${n}`);
    lines.push(
      `  cpu${n}:`,
      `    rcu: ${rcu}`,
      `    times: ${times}`,
      "    run: |",
      "      .prog syscall",
      "      r9 = 0",
    );
    lines.push(...assembly.lines.map((line) => `      ${line}`), "      r0 = r9", "      exit");
  }
  for (const [n, ops] of scenario.users.entries()) {
    const name = `user${n}`;
    lines.push(`  ${name}:`, ...ops.map((op, at) => `    - ${userText(op, `v${n}`, at)}`));
    for (const [at, op] of ops.entries()) {
      if (op.kind === "read" || op.kind === "readInner" || op.kind === "hashLook") atoms.push(`v${n}${at}`);
      if (op.kind === "wideRead") atoms.push(`v${n}${at}`, `v${n}${at}.1`);
    }
  }
  lines.push("assert:");
  if (scenario.never !== undefined) lines.push(`  - never: {write: ${scenario.never.write}, by: cpu*, after: done}`);
  if (scenario.final !== undefined) lines.push(`  - final: ${scenario.final}`);
  if (observe) lines.push(`  - exists: ${atoms.map((atom) => `${atom} == 0`).join(" && ")}`);
  return `${lines.join("\n")}\n`;
}
