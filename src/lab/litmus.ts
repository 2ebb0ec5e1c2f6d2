// The concurrency laboratory: the part of the public interface that reads scenarios and judges them by every
// interleaving. It has a door of its own, for it brings the YAML library with it.
import { assemble } from "../asm/assemble.ts";
import type { Outcome } from "../diag/diagnostic.ts";
import type { Source } from "../diag/source.ts";
import { type ProgramPort, readScenario as read } from "../litmus/read.ts";
import type { ScenarioFile } from "../litmus/scenario.ts";

export { timeline } from "../litmus/drawing.ts";
export type { Failure } from "../litmus/explore.ts";
export type { Final } from "../litmus/finals.ts";
export type { JudgeOptions, Observation, Progress, Verdict } from "../litmus/judgement.ts";
export { type Race, raceText } from "../litmus/races.ts";
export { reasons as whyNot } from "../litmus/reasons.ts";
export type { Scenario, ScenarioFile } from "../litmus/scenario.ts";
export type { Move } from "../litmus/schedule.ts";
export { parseSchedule, scheduleText } from "../litmus/schedule.ts";
export { type Telling, type TellingRow, tell } from "../litmus/telling.ts";
export { judgeScenario, judging } from "../litmus/verdict.ts";
export * from "./litmus-test.ts";

/** Reads a scenario; `file` gives the text of a program's file that the scenario names. */
export function readScenario(source: Source, file?: ProgramPort["read"]): Outcome<ScenarioFile> {
  const port: ProgramPort = { assemble: (text) => assemble(text, { name: text.name }) };
  return read(source, file === undefined ? port : { ...port, read: file });
}
