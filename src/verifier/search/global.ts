// What callers need to know of a global function, whose body they do not see: whether it may sleep or move the packet,
// and how many RCU sections it may open. All are bounds over the functions it can reach (rule E6; kernel:
// merge_callee_effects).
import { contractOf } from "../../host/table.ts";
import { called } from "../../isa/cfg.ts";
import type { Env } from "../env.ts";
import { subprogramAt } from "./structure.ts";

export interface GlobalFacts {
  readonly sleeps: boolean;
  readonly movesPacket: boolean;
  /** An upper bound of the RCU depth inside. */
  readonly rcuDepth: number;
}

export function globalFacts(env: Env, pc: number, within: ReadonlySet<number> = new Set()): GlobalFacts {
  let sleeps = false;
  let movesPacket = false;
  let opened = 0;
  let deepest = 0;
  const { start, end } = subprogramAt(env.structure, pc);
  // What calls itself is refused for that.
  const around = new Set([...within, pc]);
  env.program.insns.slice(start, end).forEach((insn, n) => {
    const contract = contractOf(insn, env.program);
    sleeps ||= contract?.sleeps === true;
    movesPacket ||= contract?.changesPacket === true;
    if (contract?.rcu === "lock") opened++;
    const callee = called(insn, start + n);
    if (callee === undefined || around.has(callee)) return;
    const inner = globalFacts(env, callee, around);
    sleeps ||= inner.sleeps;
    movesPacket ||= inner.movesPacket;
    deepest = Math.max(deepest, inner.rcuDepth);
  });
  return { sleeps, movesPacket, rcuDepth: opened + deepest };
}
