// Reading the verifier's log: the line that says why, and the statistics at the end.
// The wording is the kernel's and changes between releases, so nothing is decided by it.

export interface LogFacts {
  /** The last line that is not a statistic: of a rejected program, the reason. Empty if there is none. */
  readonly message: string;
  readonly insnsProcessed?: number;
  readonly timeUs?: number;
  readonly totalStates?: number;
  readonly peakStates?: number;
  /** "stack depth 16+8": of main and of each subprogram. */
  readonly stackDepth?: readonly number[];
}

const statistic = /^(?:verification time \d|stack depth \d|processed \d+ insns|insns processed)/;

/** Whether a line of a log tells how long the work took rather than what came of it. */
export function isStatistic(line: string): boolean {
  return statistic.test(line);
}

export function readLog(log: string): LogFacts {
  const lines = log.split("\n").map((line) => line.trimEnd());
  const message = lines.findLast((line) => line !== "" && !statistic.test(line)) ?? "";
  const number = (pattern: RegExp): number | undefined => {
    const found = pattern.exec(log)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  return {
    message,
    insnsProcessed: number(/^processed (\d+) insns/m),
    timeUs: number(/^verification time (\d+) usec/m),
    totalStates: number(/ total_states (\d+)/),
    peakStates: number(/ peak_states (\d+)/),
    stackDepth: /^stack depth ([\d+]+)/m.exec(log)?.[1]?.split("+").map(Number),
  };
}
