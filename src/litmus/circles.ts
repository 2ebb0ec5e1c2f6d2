// Whether the states of a scenario can go round at all. Every step brings its thread on: a script to its next command, a
// program to a later instruction or into the next of its runs, calls deeper or back; only a jump backwards can bring
// private words back that were there before.
import { successors } from "../isa/cfg.ts";
import type { Scenario } from "./scenario.ts";

export function canGoRound(scenario: Scenario): boolean {
  return scenario.threads.some(
    (each) =>
      each.kind === "program" &&
      each.program.insns.some((_, pc) => successors(each.program.insns, pc).some((next) => next <= pc)),
  );
}
