// Saved verdicts side by side: what counts as a change, in which order, and the tests of columns.
import { describe, expect, it } from "vitest";
import { diffVerdicts, rowFilter, savedVerdicts } from "../../src/lab/verdict-diff.ts";

const saved = (name: string, verdict: string, instructions = 10, states = 1) => ({
  name,
  verdict,
  instructions,
  states,
});

describe("diffVerdicts", () => {
  const diff = diffVerdicts(
    [saved("a", "accepted"), saved("b", "accepted", 100, 10), saved("c", "rejected", 0), saved("gone", "accepted")],
    [saved("new", "accepted"), saved("a", "rejected"), saved("b", "accepted", 75, 12), saved("c", "rejected", 5)],
  );

  it("puts verdicts that changed first, then the greater change in percent", () => {
    expect(diff.rows.map((row) => row.name)).toEqual(["a", "c", "b"]);
    expect(diff.rows.map((row) => row.verdictChanged)).toEqual([true, false, false]);
  });

  it("counts differences and percent, of nothing too", () => {
    expect(diff.rows[2]?.instructions).toEqual({ a: 100, b: 75, diff: -25, percent: -25 });
    expect(diff.rows[2]?.states.percent).toBe(20);
    expect(diff.rows[1]?.instructions).toEqual({ a: 0, b: 5, diff: 5, percent: 100 });
  });

  it("lists what only one side has", () => {
    expect([diff.onlyA, diff.onlyB]).toEqual([["gone"], ["new"]]);
  });

  it.each([
    ["verdict_diff", ["a"]],
    ["insns_pct>10", ["c"]],
    ["|insns_pct|>10", ["c", "b"]],
    ["insns_diff<=-25", ["b"]],
    ["insns_diff>10%", ["c"]],
    ["states_b=12", ["b"]],
    ["insns>=10", ["a", "b"]],
    ["insns_a != 10", ["c", "b"]],
    ["verdict_a=rejected", ["c"]],
    ["verdict_b!=rejected", ["b"]],
    ["^[ab]$", ["a", "b"]],
  ])("filter %s", (text, names) => {
    const filter = rowFilter(text);
    if (typeof filter === "string") throw new Error(filter);
    expect(diff.rows.filter(filter).map((row) => row.name)).toEqual(names);
  });

  it.each(["insns_foo>1", "(", "verdict>1", "insns>many"])("filter %s cannot be read", (text) => {
    expect(typeof rowFilter(text)).toBe("string");
  });
});

describe("savedVerdicts", () => {
  it("reads the documents of verify and of corpus", () => {
    const statistics = { instructions: 7, states: 2 };
    expect(savedVerdicts({ command: "verify", files: [{ file: "x", verdict: "accepted", statistics }] })).toEqual([
      saved("x", "accepted", 7, 2),
    ]);
    const record = { id: "x", verdict: "accept", instructions: 7, states: 2 };
    expect(savedVerdicts({ command: "corpus", records: [record] })).toEqual([saved("x", "accept", 7, 2)]);
  });

  it.each([null, 1, "text", [], {}, { command: "corpus" }, { files: "none" }, { command: "asm", bytes: "00" }])(
    "says why %j holds none",
    (document) => {
      expect(typeof savedVerdicts(document)).toBe("string");
    },
  );

  it("passes over rows that are none", () => {
    expect(savedVerdicts({ files: [null, 1, {}, { file: 1, verdict: "accepted" }, { file: "x" }] })).toEqual([]);
  });
});
