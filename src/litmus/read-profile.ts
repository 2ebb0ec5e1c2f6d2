// The kernel that a scenario plays in: a name for several properties, and each property by itself.
import { cuts } from "./pieces.ts";
import type { Reader } from "./reader.ts";
import { linux, memories, type Profile } from "./scenario.ts";
import type { Tree } from "./tree.ts";

/** Before 1ae80cf31938 no update waited; before 07738bc566c3 a new element was filled without its lock. */
const kernels: Readonly<Record<string, Partial<Profile>>> = {
  "2018": { mimUpdateWaits: false, lockedFill: false },
  "6.12": { lockedFill: false },
  "6.18": {},
  "2026": {},
};
const names = Object.keys(kernels);

export function readProfile(reader: Reader, tree: Tree, from: Profile = linux): Profile {
  const fields = reader.fields(tree, "`profile`", [
    "kernel",
    "mim_update_waits",
    "membarrier_global",
    "copy",
    "misaligned",
    "locked_fill",
    "eviction",
    "rcu_trace_implies_rcu_gp",
    "inner_map_free",
    "reuse",
    "memory",
  ]);
  const kernel = fields.has("kernel") ? kernels[reader.choice(fields.get("kernel"), names, "6.18")] : undefined;
  const base: Profile = kernel === undefined ? from : { ...linux, ...kernel };
  // Linux frees elements for immediate reuse; other answers are not known yet.
  reader.choice(fields.get("reuse"), ["immediate"], "immediate");
  return {
    mimUpdateWaits: reader.flag(fields.get("mim_update_waits"), base.mimUpdateWaits),
    membarrierGlobal: reader.choice(fields.get("membarrier_global"), ["rcu", "sched"], base.membarrierGlobal),
    copy: reader.choice(fields.get("copy"), ["words8", "ascending"], base.copy),
    misaligned: reader.choice(fields.get("misaligned"), cuts, base.misaligned),
    lockedFill: reader.flag(fields.get("locked_fill"), base.lockedFill),
    eviction: reader.choice(fields.get("eviction"), ["kernel", "free"], base.eviction),
    rcuTraceImpliesRcuGp: reader.flag(fields.get("rcu_trace_implies_rcu_gp"), base.rcuTraceImpliesRcuGp),
    innerMapFree: reader.choice(fields.get("inner_map_free"), ["rcu", "both"], base.innerMapFree),
    memory: reader.choice(fields.get("memory"), memories, base.memory),
  };
}
