// What each command of a script gives: values, and error numbers as negative ones.
import { describe, expect, it } from "vitest";
import { judged, scenarioFile } from "./support.ts";

/** The variables that a script ends with, in the one way it can go. */
function ends(maps: string, script: readonly string[], names: readonly string[]): Readonly<Record<string, bigint>> {
  const text = [
    "maps:",
    ...maps.split("\n").map((line) => `  ${line.trim()}`),
    "threads:",
    "  user:",
    ...script.map((line) => `    - ${line}`),
    "assert:",
    `  - exists: ${names.map((name) => `${name} == 0`).join(" && ")}`,
  ].join("\n");
  const verdict = judged(scenarioFile(text).scenario);
  expect(verdict.status).toBe("holds");
  expect(verdict.finals.length).toBe(1);
  return Object.fromEntries(verdict.columns.map((name, at) => [name, verdict.finals[0].values[at]]));
}

const [ENOENT, EBADF, EEXIST, EPERM, EINVAL] = [-2n, -9n, -17n, -1n, -22n];

describe("commands of a script", () => {
  it("look up, update, delete and walk as bpf(2) does", () => {
    const found = ends(
      "table: {type: hash, entries: 2, init: {1: 5}}",
      [
        "lookup_and_delete: {map: table, key: 1, as: took}",
        "lookup: {map: table, key: 1, as: gone}",
        "update: {map: table, key: 1, value: 3, flags: exist, as: absent}",
        "update: {map: table, key: 1, value: 3, flags: noexist, as: added}",
        "update: {map: table, key: 1, value: 4, flags: noexist, as: twice}",
        "next_key: {map: table, as: first}",
        "next_key: {map: table, key: 1, as: last}",
        "delete: {map: table, key: 9, as: none}",
        "update: {map: table, key: 1, value: 4, flags: lock, as: lockless}",
      ],
      ["took", "gone", "absent", "added", "twice", "first", "last", "none", "lockless", "table[1]"],
    );
    expect(found).toEqual({
      took: 5n,
      gone: ENOENT,
      absent: ENOENT,
      added: 0n,
      twice: EEXIST,
      first: 1n,
      last: ENOENT,
      none: ENOENT,
      lockless: EINVAL,
      "table[1]": 3n,
    });
  });

  it("do several at once, create, freeze and let go", () => {
    const found = ends(
      "table: {type: hash, entries: 4}\nlater: {type: array, create: later}\ncpus: {type: percpu_array}",
      [
        "batch: {update: table, entries: {1: 10, 2: 20, 3: 30}}",
        "batch: {delete: table, keys: [3]}",
        "batch: {lookup: table, keys: [1, 2, 3], as: got}",
        "lookup: {map: later, key: 0, as: early}",
        "create: later",
        "lookup: {map: later, key: 0, as: there}",
        "freeze: table",
        "update: {map: table, key: 1, value: 11, as: frozen}",
        "update: {map: cpus, key: 0, value: 7}",
        "free: later",
        "lookup: {map: later, key: 0, as: closed}",
      ],
      ["got0", "got1", "got2", "early", "there", "frozen", "closed", "table[1]"],
    );
    expect(found).toEqual({
      got0: 10n,
      got1: 20n,
      got2: ENOENT,
      early: EBADF,
      there: 0n,
      frozen: EPERM,
      closed: EBADF,
      "table[1]": 10n,
    });
  });

  it("take values of every form", () => {
    const found = ends(
      "wide: {type: array, value: 24}",
      [
        "update: {map: wide, key: 0, value: [1, 2, -1]}",
        "lookup: {map: wide, key: 0, as: list}",
        "update: {map: wide, key: 0, value: {fill: 9}}",
        "lookup: {map: wide, key: 0, as: full}",
        'update: {map: wide, key: 0, value: "hex:0100000000000000 0200000000000000 0300000000000000"}',
      ],
      ["list.0", "list.1", "list.2", "full.2", "wide[0].1", "wide[0].2"],
    );
    expect(found).toEqual({
      list: 1n,
      "list.1": 2n,
      "list.2": 0xffffffffffffffffn,
      "full.2": 9n,
      "wide[0].1": 2n,
      "wide[0].2": 3n,
    });
  });
});

describe("a program that keeps its lock", () => {
  it("breaks the scenario, whatever its assertions are", () => {
    const text = `
maps: {locked: {type: array, value: 16, spin_lock: 0}}
threads:
  cpu0:
    rcu: explicit
    run: |
      .prog syscall
      *(u32 *)(r10 - 4) = 0
      r1 = locked ll
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto out
      r1 = r0
      call bpf_spin_lock
      out: r0 = 0
      exit
  user:
    - update: {map: locked, key: 0, value: [0, 1], flags: lock}
`;
    const verdict = judged(scenarioFile(text).scenario);
    expect(verdict.status).toBe("violated");
    expect(verdict.failure?.violation.text).toContain("bpf_spin_lock");
  });
});
