// Every code has a page, and the programs on the pages do what the pages say.
import { describe, expect, it } from "vitest";
import { assemble, explain, explainedCodes, verify } from "../../src/lab/index.ts";

const all = explainedCodes.map((code) => ({ code, page: explain(code) }));

/** The code that a program is refused with, or "accepted". */
function judged(text: string, unprivileged: boolean): string {
  const program = assemble(text, { name: "page.bpf" });
  if (!program.ok) return program.diagnostics.find((each) => each.severity === "error")?.code ?? "unassembled";
  const verdict = verify(program.value, { privileged: !unprivileged });
  return verdict.verdict === "rejected" ? (verdict.diagnostics[0]?.code ?? "rejected") : verdict.verdict;
}

describe("the pages of the codes", () => {
  it("exist for every code", () => {
    expect(all.filter(({ page }) => page === undefined).map(({ code }) => code)).toEqual([]);
  });

  const shown = all.flatMap(({ code, page }) =>
    page?.bad === undefined || page.good === undefined ? [] : [{ code, bad: page.bad, good: page.good, page }],
  );

  it("mostly show a bad and a good program", () => {
    expect(shown.length).toBeGreaterThan(all.length / 2);
  });

  it.each(shown)("$code: refuses the bad program for that, accepts the good one", ({ code, bad, good, page }) => {
    expect({ bad: judged(bad, page.unprivileged === true), good: judged(good, page.unprivileged === true) }).toEqual({
      bad: code,
      good: "accepted",
    });
  });

  it("answers to lower case, and to nothing it does not know", () => {
    expect(explain("e0301")?.code).toBe("E0301");
    expect(explain("E9999")).toBeUndefined();
  });
});
