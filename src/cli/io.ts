// What a command may touch: its streams and its environment, so that tests can run the command line in process.

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdinIsTty: boolean;
  readonly stdoutIsTty: boolean;
  readonly stderrIsTty: boolean;
  readonly columns?: number;
  readonly readStdin: () => Promise<Uint8Array>;
  readonly out: (text: string) => void;
  readonly outBytes: (bytes: Uint8Array) => void;
  readonly err: (text: string) => void;
}

/** The user's mistake, told in one line and ended with exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const exit = { ok: 0, refused: 1, usage: 2, undecided: 3, bug: 70 } as const;

/** The worst of several exits: a usage error hides a refusal, a refusal hides an open question. */
export function worst(codes: readonly number[]): number {
  for (const code of [exit.bug, exit.usage, exit.refused, exit.undecided]) if (codes.includes(code)) return code;
  return exit.ok;
}
