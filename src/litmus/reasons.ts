// Why a wait did not help, read off the told schedule: which reader it was not obliged to wait for, and why.
import type { Scenario } from "./scenario.ts";
import type { Telling } from "./telling.ts";

/** Sentences about the waits of a schedule that ends in a violation; none where the violation has nothing to do with them. */
export function reasons(scenario: Scenario, telling: Telling): readonly string[] {
  const { rows, threads } = telling;
  const culprit = rows.findLast((row) => row.violation !== undefined);
  if (culprit === undefined) return [];
  const thread = scenario.threads[culprit.thread];
  if (thread?.kind !== "program") return [];
  const who = threads[culprit.thread];
  const commands = scenario.threads.flatMap((each) => (each.kind === "user" ? each.script : []));
  const found: string[] = [];
  for (const row of rows) {
    const wait = /^(\S+(?: global)?): (?:waits for|no reader is inside)/.exec(row.text);
    const fence = /^(membarrier \S+): waits for no reader$/.exec(row.text);
    if (fence !== null)
      found.push(
        `step ${row.step}, ${fence[1]}: it orders memory between CPUs and waits for no reader; ${who} went on.`,
      );
    if (wait === null) continue;
    const inside = row.sections[culprit.thread]?.[0] ?? false;
    const began = sectionBefore(telling, culprit.thread, culprit.step);
    if (inside && row.waiting.length > 0) {
      found.push(
        `step ${row.step}, ${wait[1]}: it waited for ${who}'s section, and what broke the rule came after that section had ended.`,
      );
    } else if (began !== undefined && began > row.step) {
      found.push(
        `step ${row.step}, ${wait[1]}: ${who}'s section began later, at step ${began}; a grace period waits only for readers that are already inside.`,
      );
    } else {
      const left = lastLeft(telling, culprit.thread, row.step);
      const where = left === undefined ? "was in no RCU section" : `had left its RCU section at step ${left}`;
      found.push(`step ${row.step}, ${wait[1]}: ${who} ${where} when it began, so it was not waited for.`);
    }
  }
  const freed = rows.find((row) => row.text === "runs a deferred call");
  if (found.length === 0 && freed !== undefined && thread.rcu === "sleepable") {
    found.push(
      `step ${freed.step}: the call waited for ordinary readers; ${who} is sleepable, a reader of tasks trace, for which that is no wait.`,
    );
  }
  const waits = commands.some((each) => each.kind === "wait");
  if (found.length === 0 && !waits && !scenario.profile.mimUpdateWaits) {
    found.push(`Nothing waits for readers: ${who} was still at work with what it had looked up.`);
  }
  return found;
}

/** The step at which the section that is open at a step began. */
function sectionBefore({ rows }: Telling, thread: number, step: number): number | undefined {
  const open = rows.findLast(
    (row) =>
      row.step <= step &&
      row.thread === thread &&
      row.sections[thread]?.[0] === false &&
      row.sections[thread]?.[1] === true,
  );
  if (open === undefined) return undefined;
  const closed = rows.some(
    (row) => row.step > open.step && row.step < step && row.sections[thread]?.[0] && !row.sections[thread]?.[1],
  );
  return closed ? undefined : open.step;
}

function lastLeft({ rows }: Telling, thread: number, step: number): number | undefined {
  return rows.findLast(
    (row) => row.step < step && row.sections[thread]?.[0] === true && row.sections[thread]?.[1] === false,
  )?.step;
}
