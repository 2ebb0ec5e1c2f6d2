// The public conformance suite in the interpreter.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { runConformance } from "../../src/vm/conformance.ts";

const folder = fileURLToPath(new URL("../../../shared/conformance/", import.meta.url));
const there = existsSync(folder);
const name = there ? "conformance" : `conformance: skipped, there is no ${folder}`;

describe.skipIf(!there)(name, () => {
  const files = there ? readdirSync(folder).filter((file) => file.endsWith(".data")) : [];

  it(`gives the expected result for all ${files.length} files`, () => {
    const wrong = [];
    for (const file of files) {
      const result = runConformance(readFileSync(folder + file, "utf8"), assemble);
      if (!result.ok) wrong.push({ file, ...result });
    }
    expect(files.length).toBeGreaterThanOrEqual(207);
    expect(wrong).toEqual([]);
  });
});
