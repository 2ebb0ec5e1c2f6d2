// Programs that do the same on every CPU: their stack and context lie elsewhere on each, but no number that the program
// computes, stores, compares or returns comes of where. Judged by following, through all ways of the program at once, the
// registers that may hold a pointer to what is the CPU's own.
import { functionStarts, successors } from "../isa/cfg.ts";
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";

export interface Surroundings {
  /** Fields of the context load as pointers. */
  readonly contextPoints: boolean;
  /** Some look-up may give the value of this CPU in a per-CPU map. */
  readonly percpu: boolean;
}

const helper = { lookup: 1, update: 2, remove: 3, now: 5, lock: 93, unlock: 94 } as const;
/** The helpers that ask nothing about the CPU, and how many arguments they have. */
const known: ReadonlyMap<number, number> = new Map([
  [helper.lookup, 2],
  [helper.update, 4],
  [helper.remove, 2],
  [helper.now, 0],
  [helper.lock, 1],
  [helper.unlock, 1],
]);
const knownKfuncs: ReadonlySet<string> = new Set(["bpf_rcu_read_lock", "bpf_rcu_read_unlock"]);

/** Registers as bits: those that may point to what is the CPU's own, and those of them that may point to the context. */
interface Held {
  readonly own: number;
  readonly context: number;
}

/** Whether a program is sure to do the same on every CPU. */
export function isPlaceless(program: Program, surroundings: Surroundings): boolean {
  const { insns } = program;
  if (functionStarts(insns).length > 1) return false;
  const held: (Held | undefined)[] = [];
  held[0] = { own: (1 << 10) | (1 << 1), context: 1 << 1 };
  const work = [0];
  for (let pc = work.pop(); pc !== undefined; pc = work.pop()) {
    const insn = insns[pc];
    const before = held[pc];
    if (insn === null || insn === undefined || before === undefined) return false;
    const after = follow(insn, before, program, surroundings);
    if (after === undefined) return false;
    for (const next of successors(insns, pc)) {
      const known = held[next];
      const own = after.own | (known?.own ?? 0);
      const context = after.context | (known?.context ?? 0);
      if (known !== undefined && own === known.own && context === known.context) continue;
      held[next] = { own, context };
      work.push(next);
    }
  }
  return true;
}

/** What registers hold after an instruction; undefined where it makes a number of an address. */
function follow(insn: Insn, held: Held, program: Program, { contextPoints, percpu }: Surroundings): Held | undefined {
  const has = (reg: number): boolean => (held.own & (1 << reg)) !== 0;
  const set = (reg: number, like: number | undefined): Held => ({
    own: like !== undefined && has(like) ? held.own | (1 << reg) : held.own & ~(1 << reg),
    context: like !== undefined && held.context & (1 << like) ? held.context | (1 << reg) : held.context & ~(1 << reg),
  });
  switch (insn.kind) {
    case "alu":
      return arithmetic(insn, has, set, held);
    case "neg":
    case "swap":
      return has(insn.dst) ? undefined : held;
    case "movsx":
      return has(insn.src) ? undefined : set(insn.dst, undefined);
    case "imm64":
      return insn.what === "func" ? undefined : set(insn.dst, undefined);
    case "load":
    case "loadAcquire":
      return contextPoints && held.context & (1 << insn.base) ? undefined : set(insn.dst, undefined);
    case "store":
      return insn.src.kind === "reg" && has(insn.src.reg) ? undefined : held;
    case "storeRelease":
      return has(insn.src) ? undefined : held;
    case "atomic":
      if (has(insn.src) || (insn.op === "cmpxchg" && has(0))) return undefined;
      return insn.op === "cmpxchg" ? set(0, undefined) : held;
    case "jump": {
      if (insn.src.kind === "reg") return has(insn.dst) || has(insn.src.reg) ? undefined : held;
      // Whether there is a pointer at all is the same everywhere.
      const isNull = insn.src.value === 0 && insn.width === 64 && (insn.op === "jeq" || insn.op === "jne");
      return has(insn.dst) && !isNull ? undefined : held;
    }
    case "goto":
    case "mayGoto":
      return held;
    case "callHelper": {
      const count = known.get(insn.id);
      if (count === undefined) return undefined;
      // The bytes of such a context are not the same everywhere.
      if (contextPoints && held.context & ((2 << count) - 2)) return undefined;
      return called(held, percpu && insn.id === helper.lookup);
    }
    case "callKfunc":
      return knownKfuncs.has(program.kfuncs[insn.index] ?? "") ? called(held, false) : undefined;
    case "exit":
      return has(0) ? undefined : held;
    default:
      return undefined;
  }
}

/** A call gives r0, and leaves nothing in the registers of its arguments. */
function called({ own, context }: Held, gives: boolean): Held {
  return { own: (own & ~0x3f) | (gives ? 1 : 0), context: context & ~0x3f };
}

/** A pointer may be copied, and moved by a number. */
function arithmetic(
  { op, width, dst, src }: Extract<Insn, { kind: "alu" }>,
  has: (reg: number) => boolean,
  set: (reg: number, like: number | undefined) => Held,
  held: Held,
): Held | undefined {
  const right = src.kind === "reg" && has(src.reg);
  if (op === "mov") {
    if (!right || src.kind !== "reg") return set(dst, undefined);
    return width === 64 ? set(dst, src.reg) : undefined;
  }
  const left = has(dst);
  if (!left && !right) return held;
  if (width !== 64 || (left && right)) return undefined;
  if (op === "add") return left || src.kind !== "reg" ? held : set(dst, src.reg);
  return op === "sub" && left ? held : undefined;
}
