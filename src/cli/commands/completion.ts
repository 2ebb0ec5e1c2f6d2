// `bpflab completion`: the script for a shell.
import { completions } from "../help.ts";
import { exit, UsageError } from "../io.ts";
import type { Session } from "../session.ts";

export function run(session: Session): number {
  const shell = session.args.operands[0] ?? "";
  if (shell !== "bash" && shell !== "zsh" && shell !== "fish") {
    throw new UsageError(`there is no completion for \`${shell.slice(0, 40)}\`; the shells are bash, zsh and fish`);
  }
  if (session.json) session.document({ shell, script: completions[shell]() });
  else session.out(completions[shell]());
  return exit.ok;
}
