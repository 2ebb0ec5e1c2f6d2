// The litmus tests that the project ships and the families that are generated, under each memory model. The verdicts of
// the BPF model are the public catalogue's and herd7's, those of the others were found with herd7 too.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { judgeLitmus, type MemoryModel, memoryModels } from "../../src/lab/litmus-test.ts";
import { allowedFamilies, familyNames, familyTest } from "../support/litmus/families.ts";

const folder = join(import.meta.dirname, "../../examples/litmus/catalogue");
const files = readdirSync(folder).filter((name) => name.endsWith(".litmus"));

function observed(text: string, name: string, model: MemoryModel): string {
  const verdict = judgeLitmus(text, name, model);
  return verdict.ok ? verdict.value.observation : verdict.diagnostics.map((each) => each.text).join();
}

describe("examples/litmus/catalogue", () => {
  it("holds 49 tests, each named as its file", () => {
    const names = files.map((name) => readFileSync(join(folder, name), "utf8").split("\n")[0]);
    expect(names).toEqual(files.map((name) => `BPF ${name.replace(".litmus", "")}`));
    expect(files.length).toBe(49);
  });

  it.each(memoryModels)("%s: every test is as it says", (model) => {
    const wrong = files.flatMap((name) => {
      const text = readFileSync(join(folder, name), "utf8");
      const said = new RegExp(`expect:.*\\b${model} (\\w+)`).exec(text)?.[1];
      const found = observed(text, name, model);
      return found === said ? [] : [{ name, said, found }];
    });
    expect(wrong).toEqual([]);
  });
});

describe("the generated families", () => {
  it("are 128 tests", () => expect(new Set(familyNames).size).toBe(128));

  it.each(memoryModels)("%s: every test is as it should be", (model) => {
    const wrong = familyNames.flatMap((name) => {
      const wanted = model === "bpf" && allowedFamilies.includes(name) ? "Sometimes" : "Never";
      const found = observed(familyTest(name), name, model);
      return found === wanted ? [] : [{ name, wanted, found }];
    });
    expect(wrong).toEqual([]);
  });
});
