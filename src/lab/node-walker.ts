// A thread that takes part in large walks: lab/node-walkers.ts starts it, and sends it a task for each.
import { parentPort } from "node:worker_threads";
import { Unwalkable } from "../litmus/actor.ts";
import { received, type SentScenario } from "../litmus/sent.ts";
import { walkAlong } from "../litmus/team.ts";
import type { WalkReport, WalkTask } from "../litmus/walker.ts";

/** A task as it is sent, with the number of the walk. */
export type Sent = Omit<WalkTask, "scenario"> & { readonly scenario: SentScenario; readonly walk: number };

/** Without a report the walk was over before the thread came to it. */
export type Answer = { readonly walk: number } & (
  | { readonly report: WalkReport | undefined }
  | { readonly unwalkable: string }
);

function answer({ scenario, walk, ...rest }: Sent): Answer {
  try {
    return { walk, report: walkAlong({ ...rest, scenario: received(scenario) }) };
  } catch (error) {
    if (error instanceof Unwalkable) return { walk, unwalkable: error.message };
    throw error;
  }
}

parentPort?.on("message", (task: Sent) => parentPort?.postMessage(answer(task)));
