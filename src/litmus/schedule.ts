// A schedule as text: the numbers of the threads that move, each with the answers to what its step asked behind dots.

/** One step of a schedule: a thread, and the answers to what its step asked. */
export interface Move {
  readonly thread: number;
  readonly choices: readonly number[];
}

export function scheduleText(schedule: readonly Move[]): string {
  return schedule.map(({ thread, choices }) => [thread, ...choices].join(".")).join(",");
}

/** The moves, or what is wrong with the text. */
export function parseSchedule(text: string, threads: number): readonly Move[] | string {
  const moves: Move[] = [];
  for (const [at, part] of text
    .trim()
    .split(/\s*,\s*/)
    .entries()) {
    if (!/^\d{1,3}(?:\.\d{1,9})*$/.test(part))
      return `step ${at + 1}, \`${part.slice(0, 20)}\`, is no number of a thread`;
    const [thread, ...choices] = part.split(".").map(Number);
    if (thread >= threads)
      return `step ${at + 1}: there is no thread ${thread}; they are numbered from 0 to ${threads - 1}`;
    moves.push({ thread, choices });
  }
  return moves;
}
