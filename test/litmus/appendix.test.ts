// The tests of two public catalogues, one by one: the 49 of BPF's and the 47 of the Linux kernel memory model's, with the
// verdicts of sequential consistency (and, of BPF's, of total store order) that herd7 gave. The explorer runs each that
// can be said with programs, maps, locks and grace periods and finds the same; of the others stands why they cannot.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { areaAddress, holds, type LitmusTest, type Seen } from "../../src/litmus/axioms/test.ts";
import { readLitmus } from "../../src/litmus/herd/read.ts";
import { Model } from "../../src/litmus/model.ts";
import type { Memory } from "../../src/litmus/scenario.ts";
import { map } from "../../src/maps/layout.ts";
import { POINTER_HIGH } from "../../src/memory/layout.ts";
import { scenarioOf, valuesOf } from "../support/litmus/scenario.ts";
import { example, folder, judged, scenarioFile } from "./support.ts";

function litmusTest(path: string): LitmusTest {
  const text = readFileSync(join(folder, path), "utf8");
  const read = readLitmus({ name: path, text }, assemble);
  if (!read.ok) throw new Error(`${path}: ${read.diagnostics[0]?.text}`);
  return read.value;
}

function frequency(positive: number, all: number): Seen {
  return positive === 0 ? "Never" : positive === all ? "Always" : "Sometimes";
}

/** What the explorer finds of a litmus test: whether its condition holds in none, some or all of the final states. */
function explored(test: LitmusTest, memory: Memory): Seen {
  const { scenario } = scenarioFile(scenarioOf(test));
  const now = { ...scenario, profile: { ...scenario.profile, memory } };
  const made = Model.build(now);
  if (!made.ok) throw new Error(made.diagnostics[0]?.text);
  const { mapSet } = made.value.machine;
  const areas = test.locations.map((_, at) => mapSet.word(made.value.ids.get(`l${at}`) ?? 0, map.values));
  /** Where a value is a pointer to a location, its address in the test. */
  const asInTest = (text: string): bigint => {
    const value = BigInt.asUintN(64, BigInt(text));
    const at = areas.indexOf(Number(value & 0xffffffffn));
    return at >= 0 && value >> 32n === BigInt(POINTER_HIGH >>> 0) ? BigInt(areaAddress(at)) : BigInt(text);
  };
  const { finals, status, bound } = judged(now);
  if (status === "unknown") throw new Error(bound);
  const ends = finals.map((final) => {
    const values = valuesOf(test, final).map(asInTest);
    return holds(test.condition, (term) => values[test.observed.indexOf(term)] ?? 0n);
  });
  return frequency(ends.filter((each) => each).length, ends.length);
}

const catalogue = readdirSync(join(folder, "catalogue"));
/** Total store order allows these, and none of the others (machine-of-programs.test.ts compares all final states). */
const buffered = [
  "R+poonceonces",
  "SB+fence+fail_cmpxchg",
  "SB+poonceonces",
  "SB+rfionceonce-poonceonces",
  "W+RWC+poll+poaa+pola",
];

interface Reason {
  readonly why: string;
}
const half: Reason = { why: "it has smp_rmb or smp_wmb, and BPF has no barrier for reads or writes alone" };
const after: Reason = { why: "it has smp_mb__after_atomic or smp_mb__after_spinlock, which BPF has not" };
const asks: Reason = { why: "it asks spin_is_locked, which no program can" };

/** Where each test of the Linux kernel memory model (6.12) is, or why it is nowhere. Under one order of memory all that are somewhere are Never. */
const lkmm: Readonly<Record<string, string | Reason>> = {
  "CoRR+poonceonce+Once": "catalogue/CoRR+poonceonce+Once.litmus",
  "CoRW+poonceonce+Once": "catalogue/CoRW+poonceonce+Once.litmus",
  "CoWR+poonceonce+Once": "catalogue/CoWR+poonceonce.litmus",
  "CoWW+poonceonce": "catalogue/CoWW+poonceonce.litmus",
  "IRIW+fencembonceonces+OnceOnce": "catalogue/IRIW+fencembonceonces+OnceOnce.litmus",
  "IRIW+poonceonces+OnceOnce": "catalogue/IRIW+poonceonces+OnceOnce.litmus",
  "ISA2+pooncelock+pooncelock+pombonce": "locks/ISA2+pooncelock+pooncelock+pombonce.yaml",
  "ISA2+poonceonces": "catalogue/ISA2+poonceonces.litmus",
  "ISA2+pooncerelease+poacquirerelease+poacquireonce": "lkmm/ISA2+pooncerelease+poacquirerelease+poacquireonce.litmus",
  "LB+fencembonceonce+ctrlonceonce": "lkmm/LB+fencembonceonce+ctrlonceonce.litmus",
  "LB+poacquireonce+pooncerelease": "lkmm/LB+poacquireonce+pooncerelease.litmus",
  "LB+poonceonces": "catalogue/LB+poonceonces.litmus",
  "LB+unlocklockonceonce+poacquireonce": "locks/LB+unlocklockonceonce+poacquireonce.yaml",
  "MP+fencewmbonceonce+fencermbonceonce": half,
  "MP+onceassign+derefonce": "lkmm/MP+onceassign+derefonce.litmus",
  "MP+polockmbonce+poacquiresilsil": asks,
  "MP+polockonce+poacquiresilsil": asks,
  "MP+polocks": "locks/MP+polocks.yaml",
  "MP+poonceonces": "catalogue/MP+poonceonces.litmus",
  "MP+pooncerelease+poacquireonce": "catalogue/MP+pooncerelease+poacquireonce.litmus",
  "MP+porevlocks": "locks/MP+porevlocks.yaml",
  "MP+unlocklockonceonce+fencermbonceonce": half,
  "R+fencembonceonces": "catalogue/R+fencembonceonces.litmus",
  "R+poonceonces": "catalogue/R+poonceonces.litmus",
  "S+fencewmbonceonce+poacquireonce": half,
  "S+poonceonces": "catalogue/S+poonceonces.litmus",
  "SB+fencembonceonces": "catalogue/SB+fencembonceonces.litmus",
  "SB+poonceonces": "catalogue/SB+poonceonces.litmus",
  "SB+rfionceonce-poonceonces": "catalogue/SB+rfionceonce-poonceonces.litmus",
  "WRC+poonceonces+Once": "catalogue/WRC+poonceonces+Once.litmus",
  "WRC+pooncerelease+fencermbonceonce+Once": "catalogue/WRC+pooncerelease+fencermbonceonce+Once.litmus",
  "Z6.0+pooncelock+poonceLock+pombonce": after,
  "Z6.0+pooncelock+pooncelock+pombonce": "locks/Z6.0+pooncelock+pooncelock+pombonce.yaml",
  "Z6.0+pooncerelease+poacquirerelease+fencembonceonce":
    "lkmm/Z6.0+pooncerelease+poacquirerelease+fencembonceonce.litmus",
  "dep+plain": "lkmm/dep+plain.litmus",
  "Atomic-RMW+mb__after_atomic-is-stronger-than-acquire": after,
  "Atomic-RMW-ops-are-atomic-WRT-atomic_set": "lkmm/Atomic-RMW-ops-are-atomic-WRT-atomic_set.litmus",
  "cmpxchg-fail-ordered-1": "lkmm/cmpxchg-fail-ordered-1.litmus",
  "cmpxchg-fail-ordered-2": "lkmm/cmpxchg-fail-ordered-2.litmus",
  "cmpxchg-fail-unordered-1": "lkmm/cmpxchg-fail-unordered-1.litmus",
  "cmpxchg-fail-unordered-2": "lkmm/cmpxchg-fail-unordered-2.litmus",
  "DCL-broken": "locks/DCL-broken.yaml",
  "DCL-fixed": "locks/DCL-fixed.yaml",
  "RM-broken": "locks/RM-broken.yaml",
  "RM-fixed": "locks/RM-fixed.yaml",
  "RCU+sync+free": "rcu-sync-free.yaml",
  "RCU+sync+read": "rcu-sync-read.yaml",
};
const expressed = Object.entries(lkmm).flatMap(([name, where]) => (typeof where === "string" ? [{ name, where }] : []));

/** The scenario that says a test in programs, maps, locks and waits: what its `exists` found. */
function ofScenario(where: string, change = (text: string) => text): Seen | undefined {
  const file = where.includes("/") ? scenarioFile(change(readFileSync(join(folder, where), "utf8"))) : example(where);
  const found = judged(file.scenario).observations.at(0)?.frequency;
  return found === undefined
    ? undefined
    : ({ never: "Never", sometimes: "Sometimes", always: "Always" } as const)[found];
}

describe("the explorer", () => {
  it(`finds of the BPF catalogue's 49 tests, of which ${catalogue.length} are expressed, what one order of memory allows, and store buffers`, () => {
    expect(catalogue.length).toBe(49);
    const wrong: unknown[] = [];
    for (const file of catalogue) {
      const name = file.replace(".litmus", "");
      const found = explored(litmusTest(`catalogue/${file}`), "sc");
      if (found !== (name === "LockTwice" ? "Always" : "Never")) wrong.push({ name, found });
    }
    for (const name of buffered) {
      // A machine's failed exchange is a `lock cmpxchg` and orders; the table's does not.
      const wanted = name === "SB+fence+fail_cmpxchg" ? "Never" : "Sometimes";
      const found = explored(litmusTest(`catalogue/${name}.litmus`), "tso");
      if (found !== wanted) wrong.push({ name, found, wanted });
    }
    expect(wrong).toEqual([]);
  });

  it(`finds of the kernel model's 47 tests, of which ${expressed.length} are expressed, what one order of memory allows`, () => {
    expect([Object.keys(lkmm).length, expressed.length]).toEqual([47, 40]);
    const found = expressed.map(({ name, where }) => [
      name,
      where.endsWith(".litmus") ? explored(litmusTest(where), "sc") : ofScenario(where),
    ]);
    // RCU+sync+read and RCU+sync+free among them: the table's column knows no RCU, and the explorer does.
    expect(found).toEqual(expressed.map(({ name }) => [name, "Never"]));
  });

  it("would find what a test asks for if its lock were not there", () => {
    const without = (text: string) => text.replace(/ +r1 = map_value\[lock\] ll\n +call bpf_spin_(?:un)?lock\n/g, "");
    expect(ofScenario("locks/RM-broken.yaml", without)).toBe("Sometimes");
  });

  it("ships every scenario of a lock that the table names, and no other", () => {
    const named = expressed.flatMap(({ where }) => (where.startsWith("locks/") ? [where.slice(6)] : []));
    expect(readdirSync(join(folder, "locks")).sort()).toEqual(named.sort());
  });
});

it("says which tests are not expressed", () => {
  const why = Object.entries(lkmm).flatMap(([name, where]) =>
    typeof where === "string" ? [] : [`${name}: ${where.why}`],
  );
  const page = readFileSync(join(folder, "../../docs/memory-models.md"), "utf8");
  console.log(
    `expressed: ${catalogue.length} of 49 BPF tests, ${expressed.length} of 47 of the kernel's model\nnot: ${why.join("\n     ")}`,
  );
  expect(why.map((line) => line.split(":")[0]).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
