// What a step may choose is chosen in every way, wherever in the scenario the step stands.
import { describe, expect, it } from "vitest";
import { judged, scenarioFile } from "./support.ts";

/** What a reader of a value of two words can see while a writer copies it, in whatever order its words come. */
function seen(writer: string, reader: string, copy: string, fuse: boolean): readonly string[] {
  const text = `
profile: {copy: ${copy}}
maps: {pair: {type: array, value: 16}, other: {type: array}}
threads:
  writer: [${writer}]
  reader:
    run: |
      .prog syscall
      *(u32 *)(r10 - 4) = 0
      r1 = pair ll
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      r9 = 0
      if r0 == 0 goto out
      r9 = *(u64 *)(r0 + ${reader === "upwards" ? 0 : 8})
      r9 *= 10
      r1 = *(u64 *)(r0 + ${reader === "upwards" ? 8 : 0})
      r9 += r1
      out:
      r0 = r9
      exit
assert:
  - exists: reader == 0
`;
  const verdict = judged(scenarioFile(text).scenario, { fuse });
  return verdict.finals.map(({ values }) => values[0].toString().padStart(2, "0")).sort();
}

const update = "{update: {map: pair, key: 0, value: [1, 1]}}";
const before = "{lookup: {map: other, key: 0}}";

describe.each([true, false])("the order of a copy, with step fusion %s", (fuse) => {
  it.each([
    ["the first command of a script", update],
    ["a later one", `${before}, ${update}`],
  ])("is any, where it is that of %s", (_, script) => {
    expect(seen(script, "upwards", "words8", fuse)).toEqual(["00", "01", "10", "11"]);
    expect(seen(script, "downwards", "words8", fuse)).toEqual(["00", "01", "10", "11"]);
  });

  it("is ascending where the profile says so", () => {
    // Digits are in the order of reading. Who reads downwards may not see the second word written and then the first not.
    expect(seen(update, "upwards", "ascending", fuse)).toEqual(["00", "01", "10", "11"]);
    expect(seen(update, "downwards", "ascending", fuse)).toEqual(["00", "01", "11"]);
  });
});
