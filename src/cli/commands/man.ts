// `bpflab man`: the manual page, as man/bpflab.1 has it.
import { manualPage } from "../help.ts";
import { exit } from "../io.ts";
import type { Session } from "../session.ts";
import { version } from "../version.ts";

export function run(session: Session): number {
  const page = manualPage(version());
  if (session.json) session.document({ page });
  else session.out(page);
  return exit.ok;
}
