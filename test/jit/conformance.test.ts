// The public conformance suite in both engines, as `bpflab conformance` runs it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { conformance } from "../../src/lab/conformance.ts";

const folder = fileURLToPath(new URL("../../../shared/conformance/", import.meta.url));
const there = existsSync(folder);

describe.skipIf(!there)(there ? "conformance" : `conformance: skipped, there is no ${folder}`, () => {
  it("passes every file in every engine", () => {
    const names = readdirSync(folder).filter((name) => name.endsWith(".data"));
    const reports = conformance(names.map((name) => ({ name, text: readFileSync(folder + name, "utf8") })));
    for (const { total, failed } of Object.values(reports)) {
      expect(total).toBeGreaterThanOrEqual(207);
      expect(failed).toEqual([]);
    }
  });
});
