// `bpflab litmus` as a command: verdicts, the interleaving, exit codes, documents.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { schema } from "../../src/cli/schema.ts";
import { cli } from "../support/cli.ts";
import { misfits } from "../support/schema.ts";

const swap = "examples/litmus/map-swap.yaml";
const temporary = mkdtempSync(join(tmpdir(), "bpflab-litmus-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe("bpflab litmus", () => {
  it("prints the table of a file with variants, and exits with 0 when all is as expected", async () => {
    const { code, out } = await cli(["litmus", swap]);
    expect(code).toBe(0);
    const shown = /```text\n( +none +PRIV[\s\S]*?)```/.exec(readFileSync("README.md", "utf8"))?.[1] ?? "missing";
    expect(out).toContain(shown);
  });

  it("shows one variant with its interleaving, and why the wait did not help", async () => {
    const { code, out } = await cli(["litmus", swap, "--variant", "outer lookup only / synchronize_rcu"]);
    expect(code).toBe(0);
    expect(out).toMatch(/VIOLATED, 1 preemption, step \d+/);
    expect(out).toMatch(/\[ rcu_read_lock\n/);
    expect(out).toMatch(/<-- cpu\d writes to old after drain/);
    expect(out).toMatch(/why: step \d+, synchronize_rcu: cpu\d had left its RCU section at step \d+/);
    const schedule = /--replay (\S+)/.exec(out)?.[1] ?? "";
    const again = await cli(["litmus", swap, "--variant", "outer lookup only / synchronize_rcu", "--replay", schedule]);
    expect(again.code).toBe(1);
    expect(out).toContain(again.out.trimEnd());
  });

  it("tells a program from a scenario", async () => {
    const { code, err } = await cli(["litmus", "examples/atomic-add.bpf"]);
    expect(code).toBe(2);
    expect(err).toContain("examples/atomic-add.bpf is a program: litmus wants a scenario (.yaml)");
  });

  it("says for how many interleavings a scenario holds, and shows the nearest miss", async () => {
    const { out } = await cli(["litmus", swap, "--variant", "default"]);
    expect(out).toMatch(/HOLDS for all [\d ]+ interleavings \(\d+ states, [\d.]+ s, exhaustive, SC/);
    expect(out).toContain("nearest miss");
    expect(out).toMatch(/States 3\n/);
  });

  it("names the bound of an answer that it does not have", async () => {
    const { code, out } = await cli(["litmus", swap, "--variant", "default", "--states", "50", "--seed", "3"]);
    expect(code).toBe(3);
    expect(out).toMatch(/UNKNOWN: 50 states were not enough, and \d+ schedules by chance \(seed 3\) broke nothing/);
  });

  it("prints documents that fit the schema", async () => {
    for (const words of [[swap], [swap, "--variant", "implicit / none"], [swap, "--replay", "0,0,2"]]) {
      const { out } = await cli(["litmus", "--json", ...words]);
      expect(misfits(JSON.parse(out), schema)).toEqual([]);
    }
  });

  it("draws an interleaving", async () => {
    const file = join(temporary, "swap.svg");
    await cli(["litmus", swap, "--variant", "implicit / none", "--svg", file]);
    const svg = readFileSync(file, "utf8");
    expect(svg).toContain("<title");
    expect(svg).toContain('class="bad"');
    expect(svg).toContain('class="section"');
  });

  it("refuses what is wrong, with exit code 2", async () => {
    const bad = join(temporary, "bad.yaml");
    writeFileSync(bad, "threads: {cpu0: {run: nowhere.s}}\n");
    const cases = [
      [bad],
      [join(temporary, "absent.yaml")],
      [swap, "--variant", "nonesuch"],
      [swap, "--replay", "0,9"],
      [swap, "--replay", "x"],
      [swap, "--svg", join(temporary, "x.svg")],
      [swap, "--variant", "default", "--states", "0"],
      [swap, "--threads", "0"],
      [swap, "--threads", "65"],
      [swap, "--threads", "two"],
      ["examples/litmus/catalogue/SB+poonceonces.litmus", "--threads", "2"],
    ];
    const found = await Promise.all(cases.map((words) => cli(["litmus", ...words])));
    expect(found.map(({ code }) => code)).toEqual(cases.map(() => 2));
    expect(found[0].out).toContain("E0116");
  });

  it("judges by the expectations of the file", async () => {
    const file = join(temporary, "wrong.yaml");
    writeFileSync(
      file,
      readFileSync("examples/litmus/publish.yaml", "utf8").replace("default: holds", "default: violated"),
    );
    const { code, out } = await cli(["litmus", file]);
    expect(code).toBe(1);
    expect(out).toContain("holds (expected violated)");
  });
});
