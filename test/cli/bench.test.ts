// `bpflab bench`: the programs give in both engines what native code gives, the input is the same bytes, and what is missing is
// said. Nothing is timed here.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { Native } from "../../src/cli/bench/native.ts";
import { barsSvg } from "../../src/cli/bench/plot.ts";
import { type benchmarks, benchmarkFolder as folder } from "../../src/cli/benchmarks.ts";
import { schema } from "../../src/cli/schema.ts";
import { benchmark, benchmarkInput } from "../../src/lab/benchmark.ts";
import { cli } from "../support/cli.ts";
import { misfits } from "../support/schema.ts";

/** What the programs return on their input, from gcc's build. */
const returned: Readonly<Record<keyof typeof benchmarks, bigint>> = {
  a: 10534979557307746642n,
  b: 1105122142n,
  c: 570208289237937408n,
  k: 7475n,
  d: 11699534310902055619n,
  e: 172n,
  f: 7407620266587998946n,
  g: 128n,
  u: 64n,
  h: 7392974489760248391n,
  i: 2067008555n,
  j: 173348633805389832n,
};
const gccThere = spawnSync("gcc", ["--version"]).status === 0;

describe("the benchmark programs", () => {
  it.each(Object.entries(returned))("%s returns the same in both engines", (name, r0) => {
    const program = assemble(readFileSync(join(folder, `${name}.bpf`), "utf8"));
    if (!program.ok) throw new Error(program.diagnostics[0]?.text);
    const made = benchmark(program.value, benchmarkInput());
    if (!made.ok) throw new Error(made.diagnostics[0]?.text);
    expect(made.value).toMatchObject({ interpreted: r0, compiled: r0 });
  });

  it.skipIf(!gccThere)("are given the input that native code makes for itself, and return the same", () => {
    const work = mkdtempSync(join(tmpdir(), "bpflab-test-"));
    try {
      const program = join(work, "native");
      const from = ["harness.c", "native-map.c"].map((name) => join(folder, name));
      execFileSync("gcc", ["-O1", "-w", "-o", program, ...from]);
      expect(execFileSync(program).equals(benchmarkInput())).toBe(true);
    } finally {
      rmSync(work, { recursive: true });
    }
    const native = Native.build(folder);
    if (typeof native === "string") throw new Error(native);
    try {
      expect(native.time(Object.keys(returned).indexOf("k")).r0).toBe(returned.k);
    } finally {
      native.close();
    }
  });

  it("are left to themselves where there is no compiler for C", () => {
    const { PATH } = process.env;
    process.env.PATH = "";
    try {
      expect(Native.build(folder)).toBe("gcc is not installed");
    } finally {
      process.env.PATH = PATH;
    }
    expect(Native.build("/nowhere")).toBe(gccThere ? "gcc does not build the programs" : "gcc is not installed");
  });
});

describe("the plot", () => {
  const series = [
    { name: "one <&>", tone: "jit", values: [1, 0.5, null] },
    { name: "two", tone: "kernel", values: [2.5, 70, 1e4] },
  ] as const;

  it("has a bar for each number, words for what is missing, and both colour schemes", () => {
    const svg = barsSvg("a title", ["x", "y", "z"], series);
    expect(svg.match(/<rect class="jit"/g)).toHaveLength(3);
    expect(svg.match(/<rect class="kernel"/g)).toHaveLength(4);
    expect(svg).toContain("not measured");
    expect(svg).toContain("one &lt;&amp;&gt;");
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("lies inside its frame", () => {
    const svg = barsSvg("a title", ["x", "y", "z"], series);
    const width = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);
    const bars = [...svg.matchAll(/<rect class="\w+" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)];
    expect(bars.filter(([, x, wide]) => Number(x) + Number(wide) > width)).toEqual([]);
  });
});

it("has a place in the schema for what was not measured", () => {
  const none = { jit: 1.5, interp: 20, kernel: null };
  const document = {
    schemaVersion: 1,
    command: "bench",
    geomean: none,
    programs: [{ name: "a", native: 4.5, ...none }],
  };
  expect(misfits(document, schema)).toEqual([]);
  expect(misfits({ ...document, geomean: { ...none, jit: "1.5" } }, schema)).not.toEqual([]);
});

it("wants a number of passes, at least one", async () => {
  for (const words of [["--passes", "0"], ["--passes", "many"], ["--plot"], ["file"]]) {
    expect(await cli(["bench", ...words])).toMatchObject({ code: 2, out: "" });
  }
});
