// `bpflab litmus` for litmus tests: what it prints, its documents and its exit codes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { schema } from "../../src/cli/schema.ts";
import { cli } from "../support/cli.ts";
import { misfits } from "../support/schema.ts";

const folder = "examples/litmus/catalogue";
const shipped = (name: string): string =>
  readFileSync(join(import.meta.dirname, "../..", folder, `${name}.litmus`), "utf8");

describe("bpflab litmus TEST.litmus", () => {
  it("prints what docs/memory-models.md shows", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/memory-models.md"), "utf8");
    const shown = /```console\n\$ bpflab (\S+) (\S+)\n([\s\S]*?)```/.exec(page);
    const { out, code } = await cli([shown?.[1] ?? "", shown?.[2] ?? ""]);
    expect({ out, code }).toEqual({ out: shown?.[3], code: 0 });
  });

  it("takes a test from standard input, known by its first word", async () => {
    const { out, code } = await cli(["litmus", "--memory", "tso", "-"], { stdin: shipped("SB+poonceonces") });
    expect(code).toBe(0);
    expect(out).toContain("Observation SB+poonceonces Sometimes 1 3");
  });

  it("prints documents that fit the schema, errors among them", async () => {
    const files = ["LockTwice", "MP+poonceonces"].map((name) => `${folder}/${name}.litmus`);
    const judged = JSON.parse((await cli(["litmus", "--json", ...files])).out);
    const refused = JSON.parse((await cli(["litmus", "--json", "-"], { stdin: "BPF t" })).out);
    expect([...misfits(judged, schema), ...misfits(refused, schema)]).toEqual([]);
    expect(judged.litmus.map((each: { observation: string }) => each.observation)).toEqual(["Always", "Sometimes"]);
    expect(refused.litmus[0].diagnostics[0].code).toBe("E1001");
  });

  const test = (more: string, question: string): string =>
    `BPF t\n${more}{ 0:r1=x; }\n P0 ;\n*(u32 *)(r1 + 0) = 1 ;\n${question}\n`;
  it.each([
    ["as expected", test("(* expect: bpf Always *)", "exists (x=1)"), 0],
    ["not as expected", test("(* expect: bpf Never *)", "exists (x=1)"), 1],
    ["expected under another model", test("(* expect: sc Never *)", "exists (x=1)"), 0],
    ["exists, and does not", test("", "exists (x=2)"), 0],
    ["may not exist, and does", test("", "~exists (x=1)"), 1],
    ["for all, and is", test("", "forall (x=1)"), 0],
    ["for all, and is not", test("", "forall (x=2)"), 1],
    ["an expectation that says nothing", test("(* expect: bpf Perhaps *)", "exists (x=1)"), 2],
    ["no test", "BPF", 2],
  ])("%s: exit code", async (_, stdin, code) => {
    expect((await cli(["litmus", "-"], { stdin })).code).toBe(code);
  });

  it("says that a test is too large, with the exit code of what is undecided", async () => {
    const { code, out } = await cli(["litmus", "--states", "2", `${folder}/SB+poonceonces.litmus`]);
    expect({ code, said: out.includes("error[E1004]") }).toEqual({ code: 3, said: true });
  });

  it("refuses the options of scenarios", async () => {
    expect((await cli(["litmus", "--variant", "a", `${folder}/LockTwice.litmus`])).code).toBe(2);
  });
});
