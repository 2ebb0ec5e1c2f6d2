// The litmus tests that the project ships and the families that are generated, under each memory model. The verdicts of
// the BPF model are the public catalogue's and herd7's, those of the others were found with herd7 too.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { judgeLitmus, type MemoryModel, memoryModels } from "../../src/lab/litmus-test.ts";
import { allowedFamilies, familyNames, familyTest } from "../support/litmus/families.ts";

const examples = join(import.meta.dirname, "../../examples/litmus");
const litmusFiles = (folder: string): readonly string[] =>
  readdirSync(join(examples, folder)).filter((name) => name.endsWith(".litmus"));

function observed(text: string, name: string, model: MemoryModel): string {
  const verdict = judgeLitmus(text, name, model);
  return verdict.ok ? verdict.value.observation : verdict.diagnostics.map((each) => each.text).join();
}

describe.each([
  ["catalogue", 49],
  // Tests of the Linux kernel's model that BPF can express and the catalogue has not: `bpf` is the kernel's verdict.
  ["lkmm", 11],
])("examples/litmus/%s", (folder, count) => {
  const files = litmusFiles(folder);
  const read = (name: string): string => readFileSync(join(examples, folder, name), "utf8");

  it(`holds ${count} tests, each named as its file`, () => {
    expect(files.map((name) => read(name).split("\n")[0])).toEqual(
      files.map((name) => `BPF ${name.replace(".litmus", "")}`),
    );
    expect(files.length).toBe(count);
  });

  it.each(memoryModels)("%s: every test is as it says", (model) => {
    const wrong = files.flatMap((name) => {
      const said = new RegExp(`expect:.*\\b${model} (\\w+)`).exec(read(name))?.[1];
      const found = observed(read(name), name, model);
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
