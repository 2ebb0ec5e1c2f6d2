// Which CPU a script is on: what a program frees is handed out again on its CPU first.
import { describe, expect, it } from "vitest";
import { placements } from "../../src/litmus/placement.ts";
import { parseSchedule, scheduleText } from "../../src/litmus/schedule.ts";
import { tell } from "../../src/litmus/telling.ts";
import { example, examples, judged, scenarioFile, variantsOf } from "./support.ts";

/** A program deletes an element and goes on using it, while a script puts another key in. */
const reuse = (user: string, flags = "", program = "call bpf_map_delete_elem") => `
maps: {counters: {type: hash, entries: 8, init: {1: 0}${flags}}}
threads:
  cpu0:
    run: |
      .prog syscall
      *(u32 *)(r10 - 4) = 1
      r1 = counters ll
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto out
      r6 = r0
      r1 = counters ll
      r2 = r10
      r2 += -4
      ${program}
      *(u64 *)(r6 + 0) = 7
      out:
      r0 = 0
      exit
  user: ${user}
assert:
  - final: counters[2] == 100
`;
const put = "[{update: {map: counters, key: 2, value: 100}}]";

describe("a script without a CPU in the scenario", () => {
  it("is tried on the program's CPU, where it gets the element that the program has freed", () => {
    const { scenario } = scenarioFile(reuse(put));
    const { status, failure } = judged(scenario);
    expect(status).toBe("violated");
    const told = tell(scenario, failure?.schedule ?? []);
    expect(told.rows.map((each) => each.text)).toContainEqual(
      expect.stringMatching(/^update counters\[2\] = 100 on cpu0's CPU/),
    );
    const again = parseSchedule(scheduleText(failure?.schedule ?? []), 2);
    expect(again).toEqual(failure?.schedule);
  });

  it("is tried on a CPU of its own too, where it does not", () => {
    const { scenario } = scenarioFile(reuse(put).replace("final: counters[2] == 100", "exists: counters[2] == 100"));
    const { observations, finals } = judged(scenario);
    expect(observations[0]?.frequency).toBe("sometimes");
    expect(finals.map((each) => each.values[0]).sort()).toEqual([100n, 7n]);
  });

  it.each([
    ["own", "holds"],
    ["cpu0", "violated"],
  ])("%s: with it, is there", (cpu, verdict) => {
    const { scenario } = scenarioFile(reuse(`{cpu: ${cpu}, script: ${put}}`));
    expect(judged(scenario).status).toBe(verdict);
  });

  it("is tried on both with elements made one by one", () => {
    expect(judged(scenarioFile(reuse(put, ", flags: no_prealloc")).scenario).status).toBe("violated");
  });

  it("has no choice where the program frees and takes nothing", () => {
    const text = reuse(put, "", "call bpf_map_lookup_elem");
    const [free, own] = [text, text.replace(put, `{cpu: own, script: ${put}}`)].map((each) =>
      judged(scenarioFile(each).scenario),
    );
    expect([free.status, free.interleavings, free.statistics.states]).toEqual([
      own.status,
      own.interleavings,
      own.statistics.states,
    ]);
  });

  it("has no choice in the examples, but for the two scripts of locked-fill.yaml, and the same verdict in all", () => {
    const chosen = new Set<string>();
    for (const name of examples) {
      for (const [variant, scenario] of variantsOf(example(name))) {
        if (placements(scenario).users.some((each) => each.cpus.length > 1)) chosen.add(name);
        const threads = scenario.threads.map((each) =>
          each.kind === "user" && each.cpu === undefined ? { ...each, cpu: "own" } : each,
        );
        const [free, own] = [scenario, { ...scenario, threads }].map((each) => judged(each, { readable: false }));
        expect([name, variant, free.status]).toEqual([name, variant, own.status]);
      }
    }
    expect([...chosen]).toEqual(["locked-fill.yaml"]);
  });
});

describe("two scripts", () => {
  const two = (more = "") => `
maps: {table: {type: hash, entries: 8, init: {1: 5}}}
threads:
  cpu0:
    run: |
      .prog syscall
      *(u32 *)(r10 - 4) = 1
      r1 = table ll
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto out
      *(u64 *)(r0 + 0) = 7
      out:
      r0 = 0
      exit
  taker: [{delete: {map: table, key: 1}}]
  giver: ${more === "" ? "[{update: {map: table, key: 2, value: 100}}]" : `{cpu: ${more}, script: [{update: {map: table, key: 2, value: 100}}]}`}
assert:
  - final: table[2] == 100
`;

  it("are tried on one CPU, where one gets what the other has freed, and on two", () => {
    expect(judged(scenarioFile(two()).scenario).status).toBe("violated");
    expect(judged(scenarioFile(two("own")).scenario).status).toBe("holds");
  });
});

it("a CPU that there is not is refused, with those that there are", () => {
  expect(() => scenarioFile(reuse(`{cpu: cpu9, script: ${put}}`))).toThrow("no program runs as `cpu9`");
});
