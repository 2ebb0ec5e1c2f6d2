// The verifier beside the machine, on random programs under the explicit regime: an accepted program never faults,
// whatever the coins say, and among the refused ones the machine meets what the verifier foresaw. Some refusals cannot
// be met: the machine walks one way at a time, and an unchecked pointer is not null when the entry is there.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { execute } from "../../src/lab/execute.ts";
import { verify } from "../../src/verifier/verify.ts";
import { generate, randomFrom } from "../support/generate.ts";
import { assemblyOf } from "../support/text.ts";

const SEED = 2018_07;
const PROGRAMS = 1500;
const COINS = [1, 2, 3, 4];

/** The program with something to be found in its maps. */
function furnished(text: string): string {
  const maps = [...text.matchAll(/^\.map (counters|locked|timers|outer)\b.*$/gm)];
  const entries = maps.map(([, name]) => `.entry ${name}, 0 = ${name === "outer" ? "counters" : "0"}`);
  return `${text}\n${entries.join("\n")}\n`;
}

it(`agrees with runs of ${PROGRAMS} programs from seed ${SEED}`, { timeout: 60_000 }, () => {
  const random = randomFrom(SEED);
  const wrong: string[] = [];
  const refused = { L0601: 0, L0602: 0 };
  const met = { L0601: 0, L0602: 0 };
  let accepted = 0;
  for (let at = 0; at < PROGRAMS; at++) {
    const text = assemblyOf(generate(random));
    for (const source of [text, furnished(text)]) {
      const outcome = assemble(source, { name: `program ${at}` });
      if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
      const verdict = verify(outcome.value, { rcu: "explicit" });
      if (verdict.verdict === "undecided") continue;
      const runs = COINS.map((seed) => {
        const ran = execute(outcome.value, { seed, rcu: "explicit", maxSteps: 100_000 });
        if (!ran.ok) throw new Error(ran.diagnostics[0]?.text);
        return ran.value.result;
      });
      const faults = runs.flatMap((result) => (result.kind === "fault" ? [result.fault] : []));
      if (verdict.verdict === "accepted") {
        accepted++;
        const first = faults[0];
        if (first !== undefined) wrong.push(`program ${at}: ${first.code} ${first.text} at ${first.pc}\n${source}`);
        continue;
      }
      const code = verdict.diagnostics.find((each) => each.severity === "error")?.code;
      if (code !== "L0601" && code !== "L0602") continue;
      refused[code]++;
      if (faults.some((fault) => fault.code === code)) met[code]++;
    }
  }
  expect(wrong.slice(0, 3)).toEqual([]);
  expect(accepted).toBeGreaterThan(PROGRAMS);
  // 98 of 258 and 113 of 130 when this was written.
  expect(met.L0601).toBeGreaterThan(refused.L0601 / 4);
  expect(met.L0602).toBeGreaterThan(refused.L0602 / 2);
});
