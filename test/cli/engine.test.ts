// `run --engine`: what runs a program, and what is told of it.
import { describe, expect, it } from "vitest";
import { cli } from "../support/cli.ts";

const counter = `.prog syscall
.rcu implicit
.map counters, type=array, key=4, value=8, max=1
        *(u32 *)(r10 - 4) = 0
        r2 = r10
        r2 += -4
        r1 = counters ll
        call bpf_map_lookup_elem
        if r0 == 0 goto out
        r1 = *(u64 *)(r0 + 0)
        r1 += 1
        *(u64 *)(r0 + 0) = r1
        r0 = r1
out:    exit
`;

const run = async (...words: string[]) => (await cli(["run", "-", ...words], { stdin: counter })).out;

describe("run --engine", () => {
  it("interprets the first run and compiles for the others, on the same maps", async () => {
    expect(await run()).toContain("r0 = 1 after 11 instructions");
    expect(await run("--repeat", "5")).toContain("r0 = 5, compiled");
    expect(await run("--repeat", "5", "--engine", "interp")).toContain("r0 = 5 after 11 instructions");
    expect(await run("--repeat", "5", "--max-steps", "100")).toContain("r0 = 5 after 11 instructions");
  });

  it("compiles for all, or says why not", async () => {
    expect(await run("--engine", "jit")).toContain("r0 = 1, compiled");
    expect(JSON.parse(await run("--engine", "jit", "--json")).run).toMatchObject({ engine: "jit", r0: "1" });
    const traced = await cli(["run", "-", "--engine", "jit", "--trace"], { stdin: counter });
    expect(traced.err).toContain("does not tell its steps");
    const bounded = await cli(["run", "-", "--engine", "jit", "--max-steps", "9"], { stdin: counter });
    expect(bounded.err).toContain("--max-steps");
  });

  it("tells the time with --stats", async () => {
    expect(await run("--stats")).toMatch(/^\d+ ns a run, interpreted$/m);
    expect(await run("--stats", "--repeat", "5")).toMatch(
      /^\d+ ns a run, compiled, all but the first; compiled in [\d.]+ ms to \d+ bytes$/m,
    );
    const { stats } = JSON.parse(await run("--stats", "--engine", "jit", "--json")).run;
    expect(stats.nanoseconds).toBeGreaterThan(0);
    expect(stats.compile.bytes).toBeGreaterThan(100);
    expect((await cli(["run", "-", "--stats", "--cpus", "2"], { stdin: counter })).code).toBe(2);
  });

  it("checks and counts what is not verified", async () => {
    const bad = "r1 = 0\n r0 = *(u64 *)(r1 + 8)\n exit\n";
    const ran = await cli(["run", "-", "--no-verify", "--engine", "jit"], { stdin: bad });
    expect(ran.out).toContain("E0301");
    const endless = await cli(["run", "-", "--no-verify", "--engine", "jit", "--max-steps", "1000"], {
      stdin: "again: goto again\n",
    });
    expect(endless.out).toContain("more than 1000 instructions");
  });
});
