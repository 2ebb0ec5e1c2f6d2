// Several threads walk what one walks, and end when they should: on random scenarios of scripts/litmus-reductions.ts --threads,
// beyond the budget, when nobody wants to know any more, and when one of them comes to grief.
import { afterAll, describe, expect, it } from "vitest";
import { judgedBy, judgeWithThreads, Walkers } from "../../src/lab/node-walkers.ts";
import type { JudgeOptions, Progress, Verdict } from "../../src/litmus/judgement.ts";
import type { Scenario } from "../../src/litmus/scenario.ts";
import type { Crew } from "../../src/litmus/team.ts";
import { judging } from "../../src/litmus/verdict.ts";
import type { WalkTask } from "../../src/litmus/walker.ts";
import { circlesOf, compareThreads } from "../support/litmus-threads.ts";
import { example, judged, scenarioFile } from "./support.ts";

const teams: Walkers[] = [];
function teamOf(threads: number, from = 0): Walkers {
  const team = new Walkers(threads, from);
  teams.push(team);
  return team;
}
afterAll(async () => {
  await Promise.all(teams.map((each) => each.close()));
});

async function together(
  team: Walkers,
  scenario: Scenario,
  options: JudgeOptions = {},
  progress?: (so: Progress) => void,
): Promise<Verdict> {
  const outcome = await judgedBy(team, scenario, options, progress);
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  return outcome.value;
}

/** The map swap with so many programs, which is safe. */
function swap(programs: number): Scenario {
  const { scenario } = example("map-swap.yaml");
  const [first] = scenario.threads;
  const copies = Array.from({ length: programs }, (_, at) => ({ ...first, name: `cpu${at}` }));
  const users = scenario.threads.filter((each) => each.kind === "user");
  const assertions = scenario.assertions.filter((each) => each.kind === "access");
  return { ...scenario, threads: [...copies, ...users], assertions };
}

const long = 120_000;

describe("several threads", () => {
  it.each([2, 3])(
    "%d find what one finds, in random scenarios",
    async (threads) => {
      const team = teamOf(threads);
      const all = [];
      for (let n = 0; n < 8; n++) all.push(await compareThreads(threads * 1000 + n, team));
      expect(all.filter((each) => each.wrong.length > 0)).toEqual([]);
      const verdicts = new Set(all.map((each) => each.verdict));
      expect(verdicts).toEqual(new Set(["holds", "violated"]));
      expect(all.some((each) => each.symmetric)).toBe(true);
      expect(all.some((each) => each.round)).toBe(true);
    },
    long,
  );

  it("count the states of the map swap as one does, and are counted", async () => {
    const verdict = await together(teamOf(2), swap(4), { reduce: false });
    expect(verdict.status).toBe("holds");
    expect([verdict.statistics.states, verdict.statistics.steps]).toEqual([21_167, 105_835]);
    expect(verdict.statistics.threads).toBe(2);
    const sorted = await together(teamOf(2), swap(4));
    expect(sorted.statistics.states).toBeLessThanOrEqual(1873);
    expect(sorted.reductions).toContain("CPU symmetry");
  });

  it("are not called where the space is small", async () => {
    const team = teamOf(2, 250_000);
    const [small, alone] = [await together(team, swap(3)), judged(swap(3))];
    expect(small.statistics.threads).toBe(1);
    expect([small.interleavings, small.statistics.states]).toEqual([alone.interleavings, alone.statistics.states]);
    const larger = await together(team, swap(5), { reduce: false });
    expect([larger.statistics.threads, larger.statistics.states]).toEqual([1, 176_645]);
  });

  it("end with the budget, to the state", async () => {
    const verdict = await together(teamOf(2), swap(5), { reduce: false, states: 5000 });
    expect(verdict.status).toBe("unknown");
    expect(verdict.bound).toContain("5000 states were not enough");
    expect(verdict.statistics.states).toBe(5000);
  });

  it("end with the time", async () => {
    const verdict = await together(teamOf(2), swap(7), { reduce: false, seconds: 1 });
    expect([verdict.status, verdict.bound?.startsWith("1 s were over")]).toEqual(["unknown", true]);
  });

  it("end when they are interrupted, with what is known by then", async () => {
    const signal = { aborted: false };
    const verdict = await together(teamOf(3), swap(7), { reduce: false, signal }, ({ states }) => {
      if (states > 1000) signal.aborted = true;
    });
    expect([verdict.status, verdict.bound]).toEqual(["unknown", "it was interrupted"]);
    expect(verdict.statistics.states).toBeGreaterThan(1000);
    expect(verdict.statistics.threads).toBe(3);
  });

  it("can be left, and called again", async () => {
    const team = teamOf(2);
    const steps = judging(swap(7), { reduce: false, team });
    for (let slice = 0; slice < 20; slice++) {
      expect(steps.next().done).toBe(false);
      await new Promise((resolve) => setImmediate(resolve));
    }
    steps.return(undefined as never);
    expect((await together(team, swap(4), { reduce: false })).statistics.states).toBe(21_167);
  });

  it("are one where there is no memory for more", async () => {
    const verdict = await together(teamOf(2), swap(3), { states: 1e13 });
    expect([verdict.status, verdict.statistics.threads]).toEqual(["holds", 1]);
  });

  it("come from a number that makes sense", () => {
    for (const threads of [0, -1, 1.5, Number.NaN]) expect(() => new Walkers(threads)).toThrow(RangeError);
  });

  it("tell how far they are", async () => {
    let last: Progress | undefined;
    const outcome = await judgeWithThreads(swap(4), { threads: 2, reduce: false, progress: (so) => (last = so) });
    expect(outcome.ok && outcome.value.status).toBe("holds");
    expect(last?.states).toBeGreaterThan(0);
  });
});

describe("programs that go round", () => {
  const spinning = (value: number): Scenario =>
    scenarioFile(`
maps: {m: {type: array, value: 16}}
programs:
  sets: |
    .prog syscall
    r6 = map_value[m] ll
    *(u64 *)(r6 + 0) = 1
    again: r2 = *(u64 *)(r6 + 8)
    if r2 != 0 goto again
    r0 = 0
    exit
  waits: |
    .prog syscall
    r6 = map_value[m] ll
    again: r2 = 1
    lock *(u64 *)(r6 + 8) ^= r2
    r2 = *(u64 *)(r6 + 0)
    if r2 != ${value} goto again
    *(u64 *)(r6 + 8) = 0
    r0 = 0
    exit
threads: {cpu0: {run: sets}, cpu1: {run: waits}}
assert:
  - final: m[0] == 1
`).scenario;

  it("for a while, come to their ends", async () => {
    const team = teamOf(2);
    expect(judged(spinning(1)).status).toBe("holds");
    for (const options of [{}, { reduce: false } as const]) {
      expect((await together(team, spinning(1), options)).status).toBe("holds");
    }
  });

  it("for ever, are shown as one thread shows them", async () => {
    const team = teamOf(2);
    const [one, several] = [judged(spinning(2)), await together(team, spinning(2))];
    expect(one.failure?.violation.text).toContain("round for ever");
    expect([several.status, several.failure?.violation.text]).toEqual(["violated", one.failure?.violation.text]);
  });

  it("are half of these at least", () => {
    const all = Array.from({ length: 20 }, (_, at) => judged(circlesOf(at)));
    expect(all.filter((each) => each.interleavings === undefined).length).toBeGreaterThan(9);
  });
});

/** Threads of which the first walk's get a task that they cannot do. */
class Clumsy extends Walkers {
  #calls = 0;
  override call(task: WalkTask): Crew {
    const first = this.#calls++ === 0;
    return super.call(first ? { ...task, scenario: { ...task.scenario, profile: undefined as never } } : task);
  }
}

describe("a thread that comes to grief", () => {
  it("ends the walk with what is wrong, and not the next", async () => {
    const team = new Clumsy(2, 0);
    teams.push(team);
    await expect(together(team, swap(4), { reduce: false })).rejects.toThrow("a thread of the walk failed: ");
    expect((await together(team, swap(4), { reduce: false })).statistics.states).toBe(21_167);
  });

  it("ends it when it is no more", async () => {
    const team = teamOf(2);
    const walk = together(team, swap(7), { reduce: false }, ({ states }) => {
      if (states > 1000) void team.close();
    });
    await expect(walk).rejects.toThrow("a thread of the walk ended early");
  });
});
