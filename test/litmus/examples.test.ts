// Every scenario in examples/litmus says what its verdicts are; here they are, or the list below is not empty. The table
// of the mail of 2018 is written out besides, for it is what the laboratory was made for.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { example, examples, judged, variantsOf } from "./support.ts";

describe("the scenarios of examples/litmus", () => {
  it.each(examples)("%s: its verdicts are those it expects, each in under 2 s", (name) => {
    const file = example(name);
    const wrong: unknown[] = [];
    for (const [variant, scenario] of variantsOf(file)) {
      const expected = file.expect.get(variant)?.verdict;
      const { status, statistics } = judged(scenario);
      // Four times the bound, for the tests of a busy machine run beside each other; bench/explore.ts keeps to it.
      if (status !== expected || statistics.milliseconds > 8000)
        wrong.push({ variant, status, expected, ...statistics });
    }
    expect(wrong).toEqual([]);
  });

  it.each(examples)("%s has a page that tells its story", (name) => {
    expect(existsSync(join(import.meta.dirname, "../../docs/litmus", name.replace(".yaml", ".md")))).toBe(true);
  });
});

it("a map that was freed is called by its name", () => {
  const text = (name: string, variant: string): string | undefined => {
    const scenario = variantsOf(example(name)).get(variant);
    return scenario === undefined ? undefined : judged(scenario).failure?.violation.text;
  };
  expect([text("inner-map-free.yaml", "no section"), text("rcu-sync-free.yaml", "freed, no section")]).toEqual([
    "cpu0: reads 4 bytes of map `old`, which was freed",
    "cpu0: reads 4 bytes of map `first`, which was freed",
  ]);
});

describe("the question of 2018", () => {
  it("has the answers that two independent oracles gave (SPIN; herd7 with the Linux kernel memory model)", () => {
    const variants = variantsOf(example("map-swap.yaml"));
    const table = ["implicit", "outer lookup only", "no section"].map((row) =>
      ["none", "PRIVATE_EXPEDITED", "synchronize_rcu"].map((column) => {
        const scenario = variants.get(`${row} / ${column}`);
        return scenario === undefined ? "missing" : judged(scenario).status;
      }),
    );
    expect(table).toEqual([
      ["violated", "violated", "holds"],
      ["violated", "violated", "violated"],
      ["violated", "violated", "violated"],
    ]);
  });
});
