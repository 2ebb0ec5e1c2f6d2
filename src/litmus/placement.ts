// Which CPUs a script may be on. Free elements of hash tables belong to CPUs, and what a CPU frees it hands out again first: a
// script on a program's CPU gets the element that the program has just freed, one on another CPU does not. So where a script
// and another thread both free or take elements of a table, each of the two is tried. Elsewhere where it is makes no
// difference but that a lock held with interrupts off keeps the CPU to itself, which takes interleavings away and adds none.
import type { Program } from "../isa/program.ts";
import type { Command, Scenario, UserThread } from "./scenario.ts";

/** No program's CPU, as scenarios write it. */
export const OWN = "own";

export interface Placement {
  /** The CPUs that it may be on; the first is the one it is on where that makes no difference. */
  readonly cpus: readonly number[];
  /** Maps of which it must be on one of them to change their elements. */
  readonly dealing: ReadonlySet<string>;
}

/** Where each script may be, in the order of the scenario; and how many CPUs there are. */
export function placements(scenario: Scenario): { readonly cpus: number; readonly users: readonly Placement[] } {
  const programs = scenario.threads.flatMap((each) => (each.kind === "program" ? [each] : []));
  const scripts = scenario.threads.flatMap((each) => (each.kind === "user" ? [each] : []));
  const types = new Map(scenario.maps.map((each) => [each.name, each.type]));
  for (const { program } of programs) for (const each of program.maps) types.set(each.name, each.type);
  const deals = [...types.keys()].filter((name) => /hash/.test(types.get(name) ?? ""));
  const byProgram = programs.map(({ program }) => new Set(deals.filter((name) => dealsIn(program, name))));
  const byScript = scripts.map(
    ({ script }) => new Set(deals.filter((name) => script.some((one) => changes(one, name)))),
  );
  let cpus = programs.length;
  // Of scripts on a CPU of their own the number of it.
  const own = scripts.map((each) => (programOf(each, scenario) < 0 ? cpus++ : -1));
  const users = scripts.map((each, at): Placement => {
    const known = programOf(each, scenario);
    if (known >= 0 || each.cpu !== undefined) return { cpus: [known >= 0 ? known : own[at]], dealing: new Set() };
    const mine = byScript[at];
    const meets = (others: ReadonlySet<string>): boolean => [...mine].some((name) => others.has(name));
    const beside = [
      ...programs.flatMap((_, other) => (meets(byProgram[other]) ? [other] : [])),
      ...scripts.flatMap((_, other) => (other < at && own[other] >= 0 && meets(byScript[other]) ? [own[other]] : [])),
    ];
    return { cpus: [own[at], ...beside], dealing: mine };
  });
  return { cpus: Math.max(1, cpus), users };
}

/** The program on whose CPU a script is said to be; -1 if on none. */
function programOf({ cpu }: UserThread, { threads }: Scenario): number {
  return threads.filter((each) => each.kind === "program").findIndex((each) => each.name === cpu);
}

function changes(command: Command, map: string): boolean {
  const { kind } = command;
  return (kind === "update" || kind === "delete" || kind === "lookup_and_delete") && command.map === map;
}

const helper = { update: 2, remove: 3 } as const;

/** Whether a program may free or take elements of a table: it changes some, and has this one or may find it in another map. */
function dealsIn({ insns, maps }: Program, name: string): boolean {
  const changes = insns.some(
    (each) => each?.kind === "callHelper" && (each.id === helper.update || each.id === helper.remove),
  );
  return changes && maps.some((each) => each.name === name || each.type.endsWith("_of_maps"));
}
