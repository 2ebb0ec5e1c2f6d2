// Programs that are alike are exchanged without a difference: fewer states, the same verdict, the same final states and the
// same number of interleavings; and programs that can be told apart are not.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/lab/asm.ts";
import { isPlaceless } from "../../src/litmus/placeless.ts";
import type { Scenario } from "../../src/litmus/scenario.ts";
import { compareReductions } from "../support/litmus-campaign.ts";
import { example, judged, scenarioFile } from "./support.ts";

/** The map swap with so many programs. */
function swap(programs: number): Scenario {
  const { scenario } = example("map-swap.yaml");
  const [first] = scenario.threads;
  if (first.kind !== "program") throw new Error("the first thread is no program");
  const copies = Array.from({ length: programs }, (_, at) => ({ ...first, name: `cpu${at}` }));
  const users = scenario.threads.filter((each) => each.kind === "user");
  const assertions = scenario.assertions.filter((each) => each.kind === "access");
  return { ...scenario, threads: [...copies, ...users], assertions };
}

const symmetric = "CPU symmetry";

describe("programs that are alike", () => {
  it.each([
    [3, 2697, 681],
    [4, 21_167, 1873],
  ])("%d in the map swap: %d states become %d, of as many interleavings", (programs, all, sorted) => {
    const plain = judged(swap(programs), { reduce: false });
    const reduced = judged(swap(programs));
    expect([plain.statistics.states, reduced.statistics.states]).toEqual([all, sorted]);
    expect(reduced.interleavings).toBe(plain.interleavings);
    expect(reduced.reductions).toContain(symmetric);
    expect(plain.reductions).not.toContain(symmetric);
  });

  it("change no verdict, no final state and no count, in 16 random scenarios from seed 1", () => {
    const all = Array.from({ length: 16 }, (_, at) => compareReductions(1 + 2 * at));
    expect(all.filter((each) => each.wrong.length > 0)).toEqual([]);
    expect(all.filter((each) => each.symmetric).length).toBeGreaterThan(6);
    expect(all.filter((each) => each.verdict === "violated").length).toBeGreaterThan(0);
  });

  const counting = (assertions: string, more = ""): string => `
maps: {m: {type: array}, other: {type: array}}
programs:
  add: |
    .prog syscall
    *(u32 *)(r10 - 4) = 0
    r1 = m ll
    r2 = r10
    r2 += -4
    call bpf_map_lookup_elem
    if r0 == 0 goto out
    r1 = 1
    r1 = atomic_fetch_add((u64 *)(r0 + 0), r1)
    r0 = r1
    exit
    out: r0 = 9
    exit
threads:
  cpu0: {run: add}
  cpu1: {run: add}
  cpu2: {run: add${more}}
assert:
${assertions}`;

  it.each([
    ["names them", "cpu0 == 2 && cpu1 == 0 && cpu2 == 1", "r0 = r1", 6],
    ["does not", "m[0] == 3", "r0 = r1", 1],
    ["does not, and they end alike", "m[0] == 3", "r0 = 0", 1],
  ])("have all final states that each can be in, and counts of them, where an assertion %s", (_, that, end, kinds) => {
    const { scenario } = scenarioFile(counting(`  - exists: ${that}`).replace("r0 = r1", end));
    const [plain, reduced] = [judged(scenario, { reduce: false }), judged(scenario)];
    const finals = (verdict: typeof plain) =>
      verdict.finals.map((each) => `${each.values.join(" ")}: ${each.states}`).sort();
    expect(finals(reduced)).toEqual(finals(plain));
    expect(finals(reduced)).toHaveLength(kinds);
    expect(reduced.observations).toEqual(plain.observations);
    expect(reduced.statistics.states).toBeLessThan(plain.statistics.states);
  });

  it("break what one of them alone must not do, with a schedule of that one", () => {
    const { scenario } = scenarioFile(counting("  - final: cpu1 != 2 || cpu0 != 1"));
    const { status, failure, reductions } = judged(scenario, { readable: false });
    expect([status, reductions.includes(symmetric)]).toEqual(["violated", true]);
    const ends = failure?.schedule.filter(
      (move, at, all) => all.findLastIndex((one) => one.thread === move.thread) === at,
    );
    expect(ends?.map((move) => move.thread)).toEqual([2, 0, 1]);
  });

  it.each([
    ["an assertion about the accesses of one", counting("  - never: {write: other, by: cpu1}")],
    ["how often they run", counting("  - final: cpu0 < 9", ", times: 2")],
    ["whose sections theirs are", counting("  - final: cpu0 < 9", ", rcu: explicit")],
  ])("are told apart by %s, and the other two are not", (_, text) => {
    const { scenario } = scenarioFile(text);
    const plain = judged(scenario, { reduce: false });
    const [both, all] = [judged(scenario), judged(scenarioFile(counting("  - final: cpu0 < 9")).scenario)];
    expect(both.reductions).toContain(symmetric);
    expect([both.status, both.interleavings]).toEqual([plain.status, plain.interleavings]);
    const saved = (verdict: typeof both): number => plain.statistics.states / verdict.statistics.states;
    expect(saved(both)).toBeGreaterThan(1);
    expect(saved(both)).toBeLessThan(2.01);
    expect(all.statistics.states).toBeLessThan(both.statistics.states);
  });

  it("are not looked for where the maps deal out elements to CPUs in order", () => {
    const text = counting("  - final: cpu0 < 9").replace("other: {type: array}", "other: {type: hash}");
    expect(judged(scenarioFile(text).scenario).reductions).not.toContain(symmetric);
    const even = text.replace("type: hash", "type: hash, flags: no_prealloc");
    expect(judged(scenarioFile(even).scenario).reductions).toContain(symmetric);
  });
});

describe("a program that does the same on every CPU", () => {
  const judge = (body: string, { contextPoints = false, percpu = false } = {}): boolean => {
    const text = `.prog syscall\n.map m, type=percpu_array, key=4, value=8, max=1\n${body}\n`;
    const outcome = assemble(text, { name: "test.bpf" });
    if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
    return isPlaceless(outcome.value, { contextPoints, percpu });
  };
  const lookup = "*(u32 *)(r10 - 4) = 0\nr1 = m ll\nr2 = r10\nr2 += -4\ncall 1\nif r0 == 0 goto out\n";
  const out = "out: r0 = 0\nexit";

  it.each([
    ["moves pointers to its stack by numbers", "r1 = r10\nr2 = 8\nr1 -= r2\n*(u64 *)(r1 + 0) = 1\nr0 = 0\nexit"],
    ["uses what it looked up", `${lookup}r1 = 1\nlock *(u64 *)(r0 + 0) += r1\n${out}`],
    ["goes in circles", "r1 = 9\nagain: r1 += -1\nif r1 != 0 goto again\nr0 = 0\nexit"],
    ["reads its context", "r2 = *(u64 *)(r1 + 0)\nr0 = r2\nexit"],
  ])("%s", (_, body) => {
    expect(judge(body, { percpu: true })).toBe(true);
  });

  it.each([
    ["returns where its stack is", "r0 = r10\nexit"],
    ["computes with it", "r1 = r10\nr1 >>= 3\nr0 = 0\nexit"],
    ["takes its lower half", "w1 = w10\nr0 = 0\nexit"],
    ["compares it", "r0 = 0\nif r10 > 7 goto out\nout: exit"],
    ["compares it with a number in a register", "r0 = 0\nr2 = 7\nif r2 > r10 goto out\nout: exit"],
    ["stores it", `${lookup}*(u64 *)(r0 + 0) = r10\n${out}`],
    ["stores its context", "*(u64 *)(r10 - 8) = r1\nr0 = 0\nexit"],
    ["adds it to memory", `${lookup}lock *(u64 *)(r0 + 0) += r10\n${out}`],
    ["subtracts one pointer from another", "r2 = r10\nr2 -= r1\nr0 = 0\nexit"],
    ["returns where a per-CPU value is", `${lookup}exit\nout: r0 = 0\nexit`],
    ["asks which CPU it is on", "call 8\nexit"],
    ["asks for chance", "call 7\nr0 = 0\nexit"],
    ["returns it after one way of two", "r0 = 0\nif r1 == 0 goto out\nr0 = r10\nout: exit"],
  ])("is not one that %s", (_, body) => {
    expect(judge(body, { percpu: true })).toBe(false);
  });

  it("is not one that looks at a context with pointers in it", () => {
    expect(judge("r2 = *(u64 *)(r1 + 0)\nr0 = 0\nexit", { contextPoints: true })).toBe(false);
  });
});
