// The command line as a function from words and streams to an exit code. Apart from main.ts so that tests call it in
// process, hundreds of times in a second.
import type { Args } from "./args.ts";
import { parse } from "./args.ts";
import { exit, type Io, UsageError } from "./io.ts";
import { version } from "./version.ts";

export async function runCli(words: readonly string[], io: Io): Promise<number> {
  let args: Args | undefined;
  try {
    const parsed = parse(words);
    if (parsed.kind === "version") {
      io.out(`bpflab ${version()} (engines: interpreter; profiles: linux-6.18)\n`);
      return exit.ok;
    }
    if (parsed.kind === "help") {
      const { commandHelp, mainHelp } = await import("./help.ts");
      const width = Math.min(io.columns ?? 100, 100);
      io.out(parsed.command === undefined ? mainHelp(width) : commandHelp(parsed.command, width));
      return exit.ok;
    }
    args = parsed.args;
    const { commandRuns } = await import("./commands.ts");
    const { Session } = await import("./session.ts");
    const { run } = await commandRuns[args.command.name]();
    return await run(new Session(args, io));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (words.includes("--json")) {
      const command = args?.command.name ?? null;
      io.out(`${JSON.stringify({ schemaVersion: 1, command, error: error.message }, null, 2)}\n`);
    } else {
      io.err(`bpflab: ${error.message}\n`);
    }
    return exit.usage;
  }
}
