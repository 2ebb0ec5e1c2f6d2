// Short programs, each with what Linux says of it: ours must say the same, and the running kernel, where it answers.
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { renderAll } from "../../src/diag/render.ts";
import type { Program } from "../../src/isa/program.ts";
import { judge } from "../../src/kernel/judge.ts";
import { verify } from "../../src/verifier/verify.ts";
import { kernelThere, theKernel } from "./kernel.ts";

/**
 * What is tried; the body, behind the head and in front of `r0 = 0; exit`; what Linux's message has in it, null:
 * accepted; and how many instructions are walked, by Linux as well.
 */
export type Edge = readonly [rule: string, body: string, refused: string | null, walked?: number];

function programOf(text: string): Program {
  const outcome = assemble(text);
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  return outcome.value;
}

/**
 * A test for each, and one for the words in which the refused are explained: they are in explained/NAME.txt beside the
 * test, which `npx vitest run FILE -u` writes anew.
 */
export function heldToLinux(name: string, head: string, edges: readonly Edge[], privileged = true): void {
  describe(name, () => {
    const rows = edges.map(([rule, body, refused, walked]) => ({ rule, body, refused, walked }));
    it.each(rows)("$rule", ({ body, refused, walked }) => {
      const program = programOf(`${head}${body}\nr0 = 0\nexit`);
      const ours = verify(program, { privileged });
      expect(ours.verdict === "accepted" ? "" : ours.kernelMessage).toContain(refused ?? "");
      expect(ours.verdict).toBe(refused === null ? "accepted" : "rejected");
      if (walked !== undefined) expect(ours.statistics.instructions).toBe(walked);
      if (!kernelThere) return;
      const theirs = judge(theKernel(), program, { unprivileged: !privileged });
      expect([theirs.verdict, theirs.log.includes(refused ?? "")]).toEqual([
        refused === null ? "accept" : "reject",
        true,
      ]);
      if (walked !== undefined) expect(theirs.insnsProcessed).toBe(walked);
    });

    if (edges.every(([, , refused]) => refused === null)) return;
    it("is explained as before", async () => {
      const said = edges.map(([rule, body]) => {
        const { diagnostics } = verify(programOf(`${head}${body}\nr0 = 0\nexit`), { privileged });
        return diagnostics.length === 0 ? "" : `# ${rule}\n${renderAll(diagnostics, { fullPath: true })}\n`;
      });
      await expect(said.join("")).toMatchFileSnapshot(`explained/${name.replaceAll(" ", "-")}.txt`);
    });
  });
}
