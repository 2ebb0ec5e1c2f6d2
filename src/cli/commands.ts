// Where each command lives. They are loaded when asked for, so that none pays for the others at the start.
import type { CommandName } from "./options.ts";
import type { Session } from "./session.ts";

export type Run = (session: Session) => number | Promise<number>;

export const commandRuns: Readonly<Record<CommandName, () => Promise<{ readonly run: Run }>>> = {
  verify: () => import("./commands/verify.ts"),
  run: () => import("./commands/run.ts"),
  asm: () => import("./commands/asm.ts"),
  dis: () => import("./commands/dis.ts"),
  test: () => import("./commands/test.ts"),
  explain: () => import("./commands/explain.ts"),
  fmt: () => import("./commands/fmt.ts"),
  cfg: () => import("./commands/cfg.ts"),
  bench: () => import("./commands/bench.ts"),
  jit: () => import("./commands/jit.ts"),
  conformance: () => import("./commands/conformance.ts"),
  corpus: () => import("./commands/corpus.ts"),
  compare: () => import("./commands/compare.ts"),
  log: () => import("./commands/log.ts"),
  diff: () => import("./commands/diff.ts"),
  litmus: () => import("./commands/litmus.ts"),
  completion: () => import("./commands/completion.ts"),
  man: () => import("./commands/man.ts"),
};
