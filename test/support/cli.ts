// The command line in process: words and standard input in, exit code and both streams out.
import { runCli } from "../../src/cli/cli.ts";
import type { Io } from "../../src/cli/io.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CliOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
}

export async function cli(words: readonly string[], options: CliOptions = {}): Promise<Ran> {
  let out = "";
  let err = "";
  const { stdin = "", env = {}, tty = false } = options;
  const bytes = typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
  const io: Io = {
    env,
    stdinIsTty: tty,
    stdoutIsTty: tty,
    stderrIsTty: tty,
    columns: 100,
    readStdin: async () => bytes,
    out: (text) => void (out += text),
    outBytes: (more) => void (out += new TextDecoder("latin1").decode(more)),
    err: (text) => void (err += text),
  };
  const code = await runCli(words, io);
  return { code, out, err };
}
