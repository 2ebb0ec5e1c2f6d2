// What callers need to know of a global function, whose body they do not see: whether it may sleep, and how many
// RCU sections it may open. Both are bounds over the functions it can reach (rule E6).
import { helperById, kfuncByName } from "../../host/table.ts";
import type { Env } from "../env.ts";
import { subprogramAt } from "./structure.ts";

export interface GlobalFacts {
  readonly sleeps: boolean;
  /** An upper bound of the RCU depth inside. */
  readonly rcuDepth: number;
}

export function globalFacts(env: Env, pc: number, seen: ReadonlySet<number> = new Set()): GlobalFacts {
  if (seen.has(pc)) return { sleeps: false, rcuDepth: 0 };
  const within = new Set([...seen, pc]);
  const { start, end } = subprogramAt(env.structure, pc);
  let sleeps = false;
  let opened = 0;
  let deepest = 0;
  for (let at = start; at < end; at++) {
    const insn = env.program.insns[at];
    if (insn == null) continue;
    if (insn.kind === "callHelper" && helperById(insn.id)?.sleeps === true) sleeps = true;
    if (insn.kind === "callKfunc") {
      const contract = kfuncByName(env.program.kfuncs[insn.index] ?? "");
      if (contract?.sleeps === true) sleeps = true;
      if (contract?.rcu === "lock") opened++;
    }
    if (insn.kind === "callLocal") {
      const inner = globalFacts(env, at + 1 + insn.off, within);
      sleeps ||= inner.sleeps;
      deepest = Math.max(deepest, inner.rcuDepth);
    }
  }
  return { sleeps, rcuDepth: opened + deepest };
}
