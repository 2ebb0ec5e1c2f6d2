// In how many RCU sections each instruction stands, over the ways that lead to it: for drawing the sections beside
// the text. Every branch counts as possible here, so it knows less than the verifier, and it judges nothing.
import { called, successors } from "../isa/cfg.ts";
import type { Program } from "../isa/program.ts";

/** Sections open before an instruction: on the way with the fewest, and on the way with the most. */
export interface Depth {
  readonly least: number;
  readonly most: number;
}

/** Beyond this the drawing would not fit, and no regime allows it. */
const deepest = 9;

/** By slot; undefined for what cannot be reached. */
export function sectionDepths(program: Program): readonly (Depth | undefined)[] {
  const found: (Depth | undefined)[] = program.insns.map(() => undefined);
  const walk = new Walk(program, found);
  walk.exits(0, 0);
  for (const [pc, insn] of program.insns.entries()) {
    const target = called(insn, pc);
    // A callback is entered at the depth of the call that runs it, which the address being taken is close to.
    if (insn?.kind === "imm64" && target !== undefined) walk.exits(target, found[pc]?.most ?? 0);
  }
  return found;
}

class Walk {
  private readonly program: Program;
  private readonly found: (Depth | undefined)[];
  /** The depths at which a function may return, by its start and the depth it is entered at. */
  private readonly known = new Map<string, readonly number[]>();

  constructor(program: Program, found: (Depth | undefined)[]) {
    this.program = program;
    this.found = found;
  }

  exits(start: number, depth: number): readonly number[] {
    const name = `${start} ${depth}`;
    const before = this.known.get(name);
    if (before !== undefined) return before;
    // A function that calls itself is refused anyway: taken to leave the depth as it was.
    this.known.set(name, [depth]);
    const out = new Set<number>();
    const seen = new Set<string>();
    const open: [pc: number, depth: number][] = [[start, depth]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [pc, at] = next;
      const insn = this.program.insns[pc];
      if (insn === undefined || insn === null || seen.has(`${pc} ${at}`)) continue;
      seen.add(`${pc} ${at}`);
      const old = this.found[pc];
      this.found[pc] = { least: Math.min(old?.least ?? at, at), most: Math.max(old?.most ?? at, at) };
      if (insn.kind === "exit") out.add(at);
      for (const after of this.after(pc, at))
        for (const to of successors(this.program.insns, pc)) open.push([to, after]);
    }
    const list = [...out];
    this.known.set(name, list);
    return list;
  }

  private after(pc: number, depth: number): readonly number[] {
    const insn = this.program.insns[pc];
    if (insn?.kind === "callLocal") return this.exits(pc + 1 + insn.off, depth);
    if (insn?.kind !== "callKfunc") return [depth];
    const name = this.program.kfuncs[insn.index];
    if (name === "bpf_rcu_read_lock") return [Math.min(depth + 1, deepest)];
    return [name === "bpf_rcu_read_unlock" ? Math.max(depth - 1, 0) : depth];
  }
}

/**
 * A bar for each line of the text (from 0): `│` a section open on every way here, `┊` on some, `╭` and `╰` where one
 * opens and closes. Lines without an instruction go with the one after them.
 */
export function sectionBars(
  program: Program,
  lineOf: (pc: number) => number | undefined,
  lines: number,
): readonly string[] {
  const depths = sectionDepths(program);
  const bars: (string | undefined)[] = Array.from({ length: lines });
  const before: (string | undefined)[] = Array.from({ length: lines });
  program.insns.forEach((insn, pc) => {
    const line = lineOf(pc);
    const depth = depths[pc];
    if (line === undefined || depth === undefined || insn === null) return;
    const bar = "│".repeat(depth.least) + "┊".repeat(depth.most - depth.least);
    before[line] ??= bar;
    const name = insn.kind === "callKfunc" ? program.kfuncs[insn.index] : "";
    const opens = name === "bpf_rcu_read_lock" ? `${bar}╭` : bar;
    bars[line] = name === "bpf_rcu_read_unlock" && depth.most > 0 ? `${bar.slice(0, -1)}╰` : opens;
  });
  let below = "";
  for (let line = lines - 1; line >= 0; line--) {
    bars[line] ??= below;
    below = before[line] ?? below;
  }
  return bars.map((bar) => bar ?? "");
}
