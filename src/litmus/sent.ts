// A scenario as another thread can be sent it. All of it is data but the function that gives a program's bytes. Programs that are
// one object stay one, for that tells which threads run the same.
import { makeProgram, type Program } from "../isa/program.ts";
import type { ProgramThread, Scenario, UserThread } from "./scenario.ts";

type Bare = Omit<Program, "bytes">;

export type SentScenario = Omit<Scenario, "threads"> & {
  readonly threads: readonly (UserThread | (Omit<ProgramThread, "program"> & { readonly program: Bare }))[];
};

export function sent(scenario: Scenario): SentScenario {
  const bare = each(({ bytes: _, ...rest }: Program): Bare => rest);
  return {
    ...scenario,
    threads: scenario.threads.map((one) => (one.kind === "program" ? { ...one, program: bare(one.program) } : one)),
  };
}

export function received(scenario: SentScenario): Scenario {
  const whole = each((program: Bare): Program => makeProgram(program));
  return {
    ...scenario,
    threads: scenario.threads.map((one) => (one.kind === "program" ? { ...one, program: whole(one.program) } : one)),
  };
}

/** Makes of each object one object. */
function each<From extends object, To>(make: (from: From) => To): (from: From) => To {
  const made = new Map<From, To>();
  return (from) => {
    const known = made.get(from);
    if (known !== undefined) return known;
    const fresh = make(from);
    made.set(from, fresh);
    return fresh;
  };
}
