// What is said of each refused program, as people read it: every mark, event, label and line of help is in a file beside
// this one, so that a change of any of them is seen. `npx vitest run test/corpus/explained.test.ts -u` writes them anew.
import { expect, it } from "vitest";
import { renderAll } from "../../src/diag/render.ts";
import type { RcuRegime } from "../../src/isa/program.ts";
import { verify } from "../../src/verifier/verify.ts";
import { corpusFiles, programOf } from "../support/corpus.ts";

const corpora: readonly (readonly [name: string, folder: string, regime: RcuRegime])[] = [
  ["bounds", "bounds", "implicit"],
  ["cve", "cve", "implicit"],
  ["kfuncs", "kfuncs", "implicit"],
  ["objects", "objects", "implicit"],
  ["rcu-implicit", "rcu", "implicit"],
  ["rcu-explicit", "rcu", "explicit"],
];

it.each(corpora)("%s", async (name, folder, rcu) => {
  const texts = corpusFiles(`../corpus/${folder}`).flatMap((file) => {
    const { diagnostics } = verify(programOf(file), { rcu });
    return diagnostics.length === 0 ? [] : [renderAll(diagnostics, { fullPath: true })];
  });
  await expect(texts.join("\n")).toMatchFileSnapshot(`explained/${name}.txt`);
});
