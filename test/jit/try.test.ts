import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { parseConformance } from "../../src/vm/conformance.ts";
import { Machine } from "../../src/vm/machine.ts";
import { compileChecked } from "../../src/jit/compile.ts";
import { isValid } from "../../src/wasm/module.ts";
it("x", () => {
  const wrong: unknown[] = [];
  const folder = "/work/shared/conformance/";
  for (const f of readdirSync(folder).filter((f) => f.endsWith(".data"))) {
    const test = parseConformance(readFileSync(folder + f, "utf8"))!;
    const a = assemble(test.asm);
    if (!a.ok) continue;
    try {
      const c = compileChecked(a.value, new Machine({ regime: "implicit" }));
      if (!c.ok) { wrong.push([f, c.refusal]); continue; }
      if (!isValid(c.value.bytes)) wrong.push([f, "invalid"]);
      const r = c.value.run({ memory: test.memory ?? new Uint8Array() });
      if (r.kind === "fault") wrong.push([f, r.fault.text]);
      else if (r.r0 !== test.want) wrong.push([f, r.r0, test.want]);
    } catch (e) { wrong.push([f, String(e)]); }
  }
  expect(wrong).toEqual([]);
});
