// Data races: which pairs of accesses nothing orders. Each scenario has its verdict from the rules (concurrency.md, A4), and
// has it with every reduction and with none.
import { describe, expect, it } from "vitest";
import { type Access, AccessWords, READ, WRITE } from "../../src/litmus/access-words.ts";
import type { Scenario } from "../../src/litmus/scenario.ts";
import { tell } from "../../src/litmus/telling.ts";
import { Memory } from "../../src/memory/memory.ts";
import { judged, scenarioFile } from "./support.ts";

/** What is looked at with `r0` pointing to the element of a map. */
function program(map: string, body: readonly string[], kfuncs = { before: "", between: "", after: "" }): string {
  return [
    ".prog syscall",
    kfuncs.before,
    "*(u32 *)(r10 - 4) = 0",
    `r1 = ${map} ll`,
    "r2 = r10",
    "r2 += -4",
    "call bpf_map_lookup_elem",
    kfuncs.between,
    "if r0 == 0 goto out",
    ...(map === "outer" ? ["r1 = r0", "r2 = r10", "r2 += -4", "call bpf_map_lookup_elem", "if r0 == 0 goto out"] : []),
    "r6 = r0",
    ...body,
    "out:",
    kfuncs.after,
    "r0 = 0",
    "exit",
  ]
    .filter((line) => line !== "")
    .map((line) => `      ${line}`)
    .join("\n");
}

const maps = `maps:
  word: {type: array, value: 8}
  flag: {type: array, value: 8}
  pair: {type: array, value: 16}
  old: {type: array, value: 16}
  new: {type: array, value: 16}
  outer: {type: array_of_maps, init: {0: old}}
  hash: {type: hash, value: 16, entries: 4, init: {0: [1, 1]}}
  lru: {type: lru_hash, value: 16, entries: 64, init: {0: [1, 1]}}
  percpu: {type: percpu_array, value: 16}
  locked: {type: array, value: 24, spin_lock: 0}
  queue: {type: queue, value: 16, entries: 4}
`;

interface Case {
  /** A name of a program thread, and what it runs. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly rcu?: "implicit" | "explicit" | "sleepable";
  readonly scripts?: Readonly<Record<string, readonly string[]>>;
  readonly profile?: string;
}

function scenarioOf({ programs = {}, rcu = "implicit", scripts = {}, profile }: Case): Scenario {
  const lines = [
    ...(profile === undefined ? [] : [`profile: ${profile}`]),
    maps,
    "threads:",
    ...Object.entries(programs).map(([name, text]) => `  ${name}:\n    rcu: ${rcu}\n    run: |\n${text}`),
    ...Object.entries(scripts).map(
      ([name, script]) => `  ${name}:\n${script.map((each) => `    - ${each}`).join("\n")}`,
    ),
    "assert:",
    "  - no_data_race: true",
  ];
  return scenarioFile(lines.join("\n")).scenario;
}

const load = ["r1 = *(u64 *)(r6 + 0)", "r1 = *(u64 *)(r6 + 8)"];
const store = ["r1 = 1", "*(u64 *)(r6 + 0) = r1"];
const whole = { before: "call bpf_rcu_read_lock", between: "", after: "call bpf_rcu_read_unlock" };
const first = {
  before: "call bpf_rcu_read_lock",
  between: "r6 = r0\n      call bpf_rcu_read_unlock\n      r0 = r6",
  after: "",
};
const swap = "update: {map: outer, key: 0, value: new}";
const drain = "update: {map: old, key: 0, value: [7, 7]}";
const put = (map: string): string => `update: {map: ${map}, key: 0, value: [1, 1]}`;
const putLocked = "update: {map: locked, key: 0, value: [0, 1, 1], flags: lock}";
const get = (map: string, more = ""): string => `lookup: {map: ${map}, key: 0${more}}`;
const noWait = "{mim_update_waits: false}";
const under = (body: readonly string[]): readonly string[] => [
  "r1 = r6",
  "call bpf_spin_lock",
  ...body,
  "r1 = r6",
  "call bpf_spin_unlock",
];
const find = (map: string): readonly string[] => [
  `r1 = ${map} ll`,
  "r2 = r10",
  "r2 += -4",
  "call bpf_map_lookup_elem",
  "if r0 == 0 goto out",
];
/** Writes both words of `pair`, then does `how` to `flag`; the other does `ask` to `flag` and reads `pair` if it found 1. */
function passing(how: readonly string[], ask: readonly string[]): Readonly<Record<string, string>> {
  const writes = ["*(u64 *)(r10 - 16) = 1", "*(u64 *)(r10 - 24) = 1", "r1 = pair ll", "r2 = r10", "r2 += -4"];
  const update = [...writes, "r3 = r10", "r3 += -24", "r4 = 0", "call bpf_map_update_elem"];
  return {
    cpu0: program("flag", [...update, ...how]),
    cpu1: program("flag", [...ask, "if r1 != 1 goto out", ...find("pair"), "r1 = *(u64 *)(r0 + 0)"]),
  };
}
const flagStore = ["r1 = 1", "*(u64 *)(r6 + 0) = r1"];
const flagLoad = ["r1 = *(u64 *)(r6 + 0)"];
const flagAdd = ["r1 = 1", "r1 = atomic_fetch_add((u64 *)(r6 + 0), r1)"];
const flagAsk = ["r1 = 0", "r1 = atomic_fetch_add((u64 *)(r6 + 0), r1)"];

const races: Readonly<Record<string, Case>> = {
  "a copy of two words and a read of them": { scripts: { writer: [put("pair")], reader: [get("pair")] } },
  "two copies": { scripts: { one: [put("pair")], other: [put("pair")] } },
  "a lock on one side only": { scripts: { writer: [putLocked], reader: [get("locked")] } },
  "a load and a store of different sizes": {
    programs: { cpu0: program("word", store), cpu1: program("word", ["r1 = *(u32 *)(r6 + 0)"]) },
  },
  "an element that is used again under a reader": {
    programs: { cpu0: program("hash", load) },
    scripts: { user: [put("hash"), put("hash")] },
  },
  "a drain without a grace period": {
    programs: { cpu0: program("outer", store) },
    scripts: { user: [swap, drain] },
    profile: noWait,
  },
  "a drain after an IPI": {
    programs: { cpu0: program("outer", store) },
    scripts: { user: [swap, "membarrier: private_expedited", drain] },
    profile: noWait,
  },
  "a drain after a grace period that does not wait for the use": {
    programs: { cpu0: program("outer", store, first) },
    rcu: "explicit",
    scripts: { user: [swap, "synchronize_rcu", drain] },
    profile: noWait,
  },
  "a drain after a grace period that does not wait for sleepable programs": {
    programs: { cpu0: program("outer", store) },
    rcu: "sleepable",
    scripts: { user: [swap, "synchronize_rcu", drain] },
    profile: noWait,
  },
  "a drain after one that waits for no others": {
    programs: { cpu0: program("outer", store) },
    scripts: { user: [swap, "synchronize_rcu_tasks_trace", drain] },
    profile: "{mim_update_waits: false, rcu_trace_implies_rcu_gp: false}",
  },
  "a grace period before the swap": {
    programs: { cpu0: program("outer", store) },
    scripts: { user: ["synchronize_rcu", swap, drain] },
    profile: noWait,
  },
  "a map that is filled after it was published": {
    programs: { cpu0: program("outer", load) },
    scripts: { user: [swap, put("new")] },
    profile: noWait,
  },
  // In no interleaving do the two meet; but nothing orders them either, on a machine that reorders.
  "a flag that is stored and loaded": { programs: passing(flagStore, flagLoad) },
  "a copy, though stores of the same words follow it": {
    programs: passing([...find("pair"), "*(u64 *)(r0 + 0) = 1", "*(u64 *)(r0 + 8) = 1", ...flagStore], flagLoad),
  },
  "a flag that is added to and loaded": { programs: passing(flagAdd, flagLoad) },
  "an exchange that fails": {
    programs: passing(flagStore, ["r1 = 0", "r0 = 5", "r0 = cmpxchg_64(r6 + 0, r0, r1)", "r1 = r0"]),
  },
};

const ordered: Readonly<Record<string, Case>> = {
  "one thread": { scripts: { user: [put("pair"), get("pair")] } },
  readers: { scripts: { one: [get("pair")], other: [get("pair")] } },
  "different elements": {
    scripts: { writer: ["update: {map: hash, key: 1, value: [2, 2]}"], reader: ["lookup: {map: hash, key: 0}"] },
  },
  "a lock on both sides": {
    scripts: { writer: [putLocked], reader: [get("locked", ", flags: lock")] },
  },
  "bpf_spin_lock and BPF_F_LOCK": {
    programs: { cpu0: program("locked", under(["r1 = 1", "*(u64 *)(r6 + 8) = r1", "*(u64 *)(r6 + 16) = r1"])) },
    scripts: { user: [putLocked] },
  },
  "an element that is published whole": { programs: { cpu0: program("hash", load) }, scripts: { user: [put("hash")] } },
  "an element that is taken out": {
    programs: { cpu0: program("hash", load) },
    scripts: { user: ["delete: {map: hash, key: 0}"] },
  },
  "a table with an LRU list": { programs: { cpu0: program("lru", load) }, scripts: { user: [put("lru")] } },
  "values of a queue": {
    scripts: {
      one: ["update: {map: queue, value: [1, 1]}"],
      other: ["lookup_and_delete: {map: queue, as: x}", "update: {map: queue, value: [2, 2]}"],
    },
  },
  "a drain after synchronize_rcu": {
    programs: { cpu0: program("outer", store) },
    scripts: { user: [swap, "synchronize_rcu", drain] },
    profile: noWait,
  },
  "a drain after a grace period of tasks trace": {
    programs: { cpu0: program("outer", store) },
    rcu: "sleepable",
    scripts: { user: [swap, "synchronize_rcu_tasks_trace", drain] },
    profile: noWait,
  },
  "a drain after a grace period of tasks trace that is an ordinary one too": {
    programs: { cpu0: program("outer", store) },
    scripts: { user: [swap, "synchronize_rcu_tasks_trace", drain] },
    profile: noWait,
  },
  "a drain after membarrier GLOBAL": {
    programs: { cpu0: program("outer", store, whole) },
    rcu: "explicit",
    scripts: { user: [swap, "membarrier: global", drain] },
    profile: noWait,
  },
  "a drain after an update that waits": {
    programs: { cpu0: program("outer", store) },
    scripts: { user: [swap, drain] },
  },
  "a map that is published when it is full": {
    programs: { cpu0: program("outer", load) },
    scripts: { user: [put("new"), swap] },
    profile: noWait,
  },
  "a flag that is added to by both": { programs: passing(flagAdd, flagAsk) },
  "a flag that is released and acquired": {
    programs: passing(["r1 = 1", "store_release((u64 *)(r6 + 0), r1)"], ["r1 = load_acquire((u64 *)(r6 + 0))"]),
  },
};

/** Accesses that are one each and of one size: no race, and told of. */
const relaxed: Readonly<Record<string, Case>> = {
  "a value of one word": { scripts: { writer: ["update: {map: word, key: 0, value: 1}"], reader: [get("word")] } },
  "loads and stores": { programs: { cpu0: program("word", store), cpu1: program("word", ["r1 = *(u64 *)(r6 + 0)"]) } },
  "a CPU's own value and a read of all": {
    programs: { cpu0: program("percpu", store) },
    scripts: { user: [get("percpu")] },
  },
};

const ways = [
  { reduce: false },
  { reduce: false, readable: false },
  { reduce: "always", readable: false },
  { fuse: false, reduce: false, readable: false },
] as const;

describe("a data race is", () => {
  it.each(Object.entries(races))("%s", (_, each) => {
    const scenario = scenarioOf(each);
    const found = ways.map((options) => judged(scenario, options));
    expect(found.map(({ status }) => status)).toEqual(ways.map(() => "violated"));
    expect(found.map(({ failure }) => failure?.violation.race?.kind)).toEqual(ways.map(() => "race"));
  });

  it("told of with both its accesses, by thread, line and step", () => {
    const scenario = scenarioOf({ programs: { cpu0: program("pair", load) }, scripts: { user: [put("pair")] } });
    const { failure } = judged(scenario);
    const race = failure?.violation.race;
    const sides = [race?.first, race?.second].sort((a, b) => (a?.thread ?? "").localeCompare(b?.thread ?? ""));
    expect(sides.map((side) => [side?.thread, side?.access, side?.bytes, side?.plain, side?.text])).toEqual([
      ["cpu0", "read", 8, false, "r1 = *(u64 *)(r6 + 0)"],
      ["user", "write", 8, true, "update: {map: pair, key: 0, value: [1, 1]}"],
    ]);
    expect([sides[0]?.pc, sides[1]?.command]).toEqual([8, 1]);
    expect(sides[0]?.line).toBeGreaterThan(0);
    const telling = tell(scenario, failure?.schedule ?? []);
    const begins = telling.rows.find((row) => row.race);
    const ends = telling.rows.find((row) => row.violation !== undefined);
    expect([begins?.thread, ends?.thread].sort()).toEqual([0, 1]);
    expect(ends?.violation).toBe(`data race on pair[0] with step ${begins?.step}`);
    expect(telling.violation).toEqual(failure?.violation);
  });
});

describe("no data race is", () => {
  it.each(Object.entries(ordered))("%s", (_, each) => {
    const found = ways.map((options) => judged(scenarioOf(each), options));
    expect(found.map(({ status, races: pairs }) => [status, pairs])).toEqual(ways.map(() => ["holds", []]));
    expect(found[0]?.vacuous).toEqual([]);
  });

  it.each(Object.entries(relaxed))("%s, which is relaxed", (_, each) => {
    const found = ways.map((options) => judged(scenarioOf(each), options));
    expect(found.map(({ status }) => status)).toEqual(ways.map(() => "holds"));
    for (const { races: pairs } of found) {
      expect(pairs.map(({ kind }) => kind)).toEqual(pairs.map(() => "relaxed"));
      expect(pairs.length).toBeGreaterThan(0);
    }
  });
});

it("a race that is only to be reported breaks nothing", () => {
  const text = [
    "maps:",
    "  pair: {value: 16, type: array}",
    "threads:",
    `  writer: [{${put("pair")}}]`,
    `  reader: [{${get("pair")}}]`,
  ];
  const { scenario } = scenarioFile([...text, "assert: [no_data_race: report]"].join("\n"));
  for (const options of ways) {
    const found = judged(scenario, options);
    // A pair for each of the words.
    expect([found.status, found.races.map(({ kind, place }) => `${kind} ${place}`).sort()]).toEqual([
      "holds",
      ["race pair[0]", "race pair[0] + 8"],
    ]);
  }
});

it("a scenario whose stores wait in buffers is told that races are judged in one order of memory", () => {
  const scenario = scenarioOf({ scripts: { user: [put("pair")] }, profile: "{memory: tso}" });
  expect(() => judged(scenario)).toThrow("`no_data_race` is judged under sequential consistency (memory: sc) only");
});

it("so is one with more threads than there are bits", () => {
  const scripts = Object.fromEntries(Array.from({ length: 31 }, (_, at) => [`user${at}`, [get("word")]]));
  expect(() => judged(scenarioOf({ scripts }))).toThrow("data races are looked for among at most 30 threads");
});

describe("the words of accesses", () => {
  const access = (at: number): Access => ({
    address: 4096 + at * 8,
    size: 8,
    thread: at % 3,
    kind: at % 2 === 0 ? READ : WRITE,
    plain: at % 5 === 0,
    meets: false,
    where: at,
    known: 1 << (at % 3),
    carriers: [-1, at * 16],
  });

  it("are the same in whatever order the accesses came", () => {
    const words = new AccessWords(new Memory());
    const all = Array.from({ length: 20 }, (_, at) => access(at));
    words.write(all);
    const once = words.read();
    words.write([...all].reverse());
    expect([words.read(), once]).toEqual([all, all]);
  });

  it("have an end, which is told", () => {
    const words = new AccessWords(new Memory());
    const all = Array.from({ length: 3000 }, (_, at) => access(at));
    expect(() => words.write(all)).toThrow("more accesses that nothing orders than can be followed for data races");
  });
});
