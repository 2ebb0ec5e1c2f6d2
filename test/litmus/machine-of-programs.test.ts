// The explorer, which runs programs, beside the axioms, which judge executions: the same final states of every litmus test,
// under sequential consistency and under total store order.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import { judge } from "../../src/litmus/axioms/judge.ts";
import { readLitmus } from "../../src/litmus/herd/read.ts";
import { memories } from "../../src/litmus/scenario.ts";
import { randomLitmus } from "../support/litmus/random.ts";
import { scenarioOf, valuesOf } from "../support/litmus/scenario.ts";
import { judged, scenarioFile } from "./support.ts";

const root = join(import.meta.dirname, "../../examples/litmus");
const files = ["catalogue", "lkmm"].flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => readFileSync(join(root, folder, name), "utf8")),
);

/** The final states of both; undefined where one is about addresses, which differ. */
function states(
  text: string,
  memory: (typeof memories)[number],
): { explored: readonly string[]; allowed: readonly string[] } | undefined {
  const read = readLitmus({ name: "test.litmus", text }, assemble);
  if (!read.ok) throw new Error(text);
  const test = read.value;
  // A machine that runs programs is an x86: a `lock cmpxchg` that fails is a barrier as well.
  const verdict = judge(test, memory, { failedExchangeFences: true });
  if (!verdict.ok) throw new Error(`${verdict.diagnostics[0]?.text}\n${text}`);
  const allowed = verdict.value.states.map(({ values }) => values.map(({ value }) => value).join(" "));
  if (allowed.some((state) => /[a-z]/i.test(state))) return undefined;
  const { scenario } = scenarioFile(scenarioOf(test));
  const found = judged({ ...scenario, profile: { ...scenario.profile, memory } });
  const explored = new Set(found.finals.map((final) => valuesOf(test, final).join(" ")));
  if (found.status === "unknown") throw new Error(`${found.bound}\n${text}`);
  return { explored: [...explored].sort(), allowed: [...new Set(allowed)].sort() };
}

it.each(memories)("ends every shipped test in the states that the axioms allow: %s", (memory) => {
  let about = 0;
  for (const text of files) {
    const found = states(text, memory);
    if (found === undefined) continue;
    about++;
    expect([text, found.explored]).toEqual([text, found.allowed]);
  }
  expect(about).toBeGreaterThanOrEqual(50);
});

it.each(memories)(
  "ends random tests in those states: %s",
  (memory) => {
    const seed = Number(process.env.LITMUS_SEED ?? Math.floor(Math.random() * 1e9));
    const count = Number(process.env.LITMUS_TESTS ?? 25);
    let ends = 0;
    for (let at = 0; at < count; at++) {
      const text = randomLitmus(seed + at);
      const found = states(text, memory);
      if (found === undefined) continue;
      ends += found.allowed.length;
      expect([`LITMUS_SEED=${seed + at}`, text, found.explored]).toEqual([
        `LITMUS_SEED=${seed + at}`,
        text,
        found.allowed,
      ]);
    }
    expect(ends).toBeGreaterThan(count);
  },
  120_000,
);
