// The writes that threads may still come to: a read that is decided now may be left to see one of them, and only those.
import type { Program } from "../../isa/program.ts";
import type { LitmusTest } from "./test.ts";
import type { ThreadState } from "./thread.ts";
import type { Value } from "./value.ts";

export interface FutureWrite {
  readonly thread: number;
  readonly address: number;
  readonly size: number;
}

/**
 * Where the rest of each thread may write. An address that is not known yet may be any: it is given as a write of everything.
 * Branches are taken either way; in a program with a loop no address is taken for known.
 */
export function futureWrites(
  test: LitmusTest,
  threads: readonly ThreadState[],
  value: (of: Value) => bigint | undefined,
): readonly FutureWrite[] {
  return threads.flatMap((state) => {
    const program = test.threads[state.index]?.program;
    if (program === undefined || state.end !== undefined) return [];
    const changed = new Set<number>();
    const loops = hasLoop(program);
    return program.insns.slice(loops ? 0 : state.pc).flatMap((insn): FutureWrite[] => {
      if (insn === null) return [];
      const out: FutureWrite[] = [];
      if (insn.kind === "store" || insn.kind === "storeRelease" || insn.kind === "atomic") {
        const base = loops || changed.has(insn.base) ? undefined : value(state.registers[insn.base] as Value);
        const at = base === undefined ? undefined : Number(BigInt.asUintN(64, base + BigInt(insn.off)));
        const everything = { address: 0, size: Number.POSITIVE_INFINITY };
        out.push({ thread: state.index, ...(at === undefined ? everything : { address: at, size: insn.size }) });
      }
      if (insn.kind === "atomic") changed.add(insn.op === "cmpxchg" ? 0 : insn.src);
      else if ("dst" in insn && insn.kind !== "jump") changed.add(insn.dst);
      return out;
    });
  });
}

function hasLoop(program: Program): boolean {
  return program.insns.some((insn) => (insn?.kind === "jump" || insn?.kind === "goto") && insn.off < 0);
}
