// Scenarios for tests: from files and from text.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readScenario } from "../../src/lab/litmus.ts";
import type { JudgeOptions, Verdict } from "../../src/litmus/judgement.ts";
import type { Scenario, ScenarioFile } from "../../src/litmus/scenario.ts";
import { judgeScenario } from "../../src/litmus/verdict.ts";

export const folder = join(import.meta.dirname, "../../examples/litmus");
export const examples: readonly string[] = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

export function scenarioFile(text: string, name = "test.yaml"): ScenarioFile {
  const outcome = readScenario({ name, text }, (file) => ({
    source: { name: file, text: readFileSync(join(folder, file), "utf8") },
  }));
  if (!outcome.ok) throw new Error(outcome.diagnostics.map((each) => each.text).join("\n"));
  return outcome.value;
}

export function example(name: string): ScenarioFile {
  return scenarioFile(readFileSync(join(folder, name), "utf8"), name);
}

/** The scenario as it is, and its variants, by name. */
export function variantsOf(file: ScenarioFile): ReadonlyMap<string, Scenario> {
  return new Map([["default", file.scenario], ...file.variants.map((each) => [each.name, each.scenario] as const)]);
}

export function judged(scenario: Scenario, options: JudgeOptions = {}): Verdict {
  const outcome = judgeScenario(scenario, options);
  if (!outcome.ok) throw new Error(outcome.diagnostics.map((each) => each.text).join("\n"));
  return outcome.value;
}
