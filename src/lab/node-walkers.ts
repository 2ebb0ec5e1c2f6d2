// Threads for large walks of the concurrency laboratory, in Node. They begin when a walk first calls them, and wait for the next.
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import type { Outcome } from "../diag/diagnostic.ts";
import { Unwalkable } from "../litmus/actor.ts";
import type { JudgeOptions, Progress, Verdict } from "../litmus/judgement.ts";
import type { Scenario } from "../litmus/scenario.ts";
import { sent } from "../litmus/sent.ts";
import type { Crew, Team } from "../litmus/team.ts";
import { judging } from "../litmus/verdict.ts";
import { WalkMemory } from "../litmus/walk-memory.ts";
import type { WalkReport, WalkTask } from "../litmus/walker.ts";
import { startThread } from "./node-threads.ts";
import type { Answer } from "./node-walker.ts";

/** States of a walk from which on more threads are worth what it takes to start them. */
const LARGE = 250_000;

export class Walkers implements Team {
  readonly size: number;
  readonly from: number;
  readonly memory = new WalkMemory();
  #threads: readonly Worker[] = [];
  #walks = 0;

  /**
   * `threads`: how many walk, the one that asks among them. `from`: states of a walk from which on they do; with 0 they all
   * do from the first.
   */
  constructor(threads: number = availableParallelism(), from = LARGE) {
    if (!Number.isSafeInteger(threads) || threads < 1) throw new RangeError(`there cannot be ${threads} threads`);
    this.size = threads - 1;
    this.from = from;
  }

  call(task: WalkTask): Crew {
    if (this.#threads.length === 0) {
      this.#threads = Array.from({ length: this.size }, () => startThread("node-walker"));
      // A process need not go on for threads that wait.
      for (const each of this.#threads) each.unref();
    }
    const walk = ++this.#walks;
    const reports: WalkReport[] = [];
    const crew: { reports: WalkReport[]; problem: Error | undefined } = { reports, problem: undefined };
    const { scenario, ...rest } = task;
    for (const thread of this.#threads) {
      const failed = (error: Error): void => {
        crew.problem ??= error;
      };
      const heard = (answer: Answer): void => {
        if (answer.walk !== walk) return;
        if ("unwalkable" in answer) failed(new Unwalkable(answer.unwalkable));
        else if (answer.report !== undefined) reports.push(answer.report);
        thread.off("message", heard).off("error", broke).off("exit", left);
      };
      const lost = (error: Error): void => {
        failed(error);
        // The next walk begins with new threads.
        if (this.#threads.includes(thread)) void this.close();
      };
      const broke = (error: Error): void =>
        lost(new Error(`a thread of the walk failed: ${error.message}`, { cause: error }));
      const left = (code: number): void => lost(new Error(`a thread of the walk ended early (exit code ${code})`));
      thread.on("message", heard).on("error", broke).on("exit", left);
      thread.postMessage({ ...rest, scenario: sent(scenario), walk });
    }
    return crew;
  }

  /** Ends the threads, wherever they are. */
  async close(): Promise<void> {
    const threads = this.#threads;
    this.#threads = [];
    await Promise.all(threads.map((each) => each.terminate()));
  }
}

export interface ThreadsOptions extends Omit<JudgeOptions, "team"> {
  /** Threads for large walks; as many as the machine runs at a time otherwise. */
  readonly threads?: number;
  /** Called between slices of a walk. */
  readonly progress?: (so: Progress) => void;
}

/** Judges a scenario with several threads where its space is large. */
export async function judgeWithThreads(scenario: Scenario, options: ThreadsOptions = {}): Promise<Outcome<Verdict>> {
  const { threads, progress, ...rest } = options;
  const team = new Walkers(threads);
  try {
    return await judgedBy(team, scenario, rest, progress);
  } finally {
    await team.close();
  }
}

/** The same with threads that are there. */
export async function judgedBy(
  team: Team,
  scenario: Scenario,
  options: Omit<JudgeOptions, "team">,
  progress?: (so: Progress) => void,
): Promise<Outcome<Verdict>> {
  const steps = judging(scenario, team.size === 0 ? options : { ...options, team });
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    progress?.(next.value);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
