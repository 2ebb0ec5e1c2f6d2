// A failing path, made readable: every instruction on it in order, and the history of one register along it.
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";
import type { PathNode } from "./state/state.ts";

/** One instruction on a path; `depth` counts calls entered, `next` is where control went. */
export interface Step {
  readonly pc: number;
  readonly insn: Insn;
  readonly depth: number;
  readonly next: number;
  readonly decision: Exclude<PathNode["kind"], "spill" | "fill"> | null;
}

/** Steps kept when a path is very long: the last ones. */
const MOST_STEPS = 50_000;

/** The instructions from the program's entry (or as far back as is kept) to the one at `end`, which is the last. */
export function stepsOf(program: Program, path: PathNode | null, end: number): readonly Step[] {
  const nodes: PathNode[] = [];
  for (let node = path; node !== null; node = node.previous) nodes.push(node);
  nodes.reverse();
  const steps: Step[] = [];
  let pc = 0;
  let depth = 0;
  const straightTo = (stop: number, node: PathNode | null): void => {
    // Straight lines only go forward; anything else is a node.
    for (; pc <= stop; pc++) {
      const insn = program.insns[pc];
      if (insn == null) continue;
      const last = pc === stop;
      const next = last && node !== null ? node.to : pc + 1;
      steps.push({ pc, insn, depth, next, decision: last && node !== null ? decisionOf(node) : null });
    }
  };
  for (const node of nodes) {
    straightTo(node.from, node);
    if (node.kind === "call" || node.kind === "callback") depth++;
    if (node.kind === "return" || node.kind === "again") depth--;
    pc = node.to;
    if (steps.length > 2 * MOST_STEPS) steps.splice(0, steps.length - MOST_STEPS);
  }
  straightTo(end, null);
  return steps;
}

function decisionOf({ kind }: PathNode): Step["decision"] {
  return kind === "spill" || kind === "fill" ? null : kind;
}

/** A place whose history is followed backwards. */
type Place = { readonly depth: number } & ({ readonly reg: number } | { readonly off: number });

export interface LineageEvent {
  readonly step: Step;
  readonly kind: "copied" | "spilled" | "filled" | "moved" | "checked" | "born" | "written";
  readonly reg: number;
}

/** How the value in `reg` at the last step came there, oldest first. Stops at a load or a call: that is where it was born. */
export function lineage(steps: readonly Step[], reg: number): readonly LineageEvent[] {
  const events: LineageEvent[] = [];
  let place: Place = { depth: steps[steps.length - 1]?.depth ?? 0, reg };
  for (let at = steps.length - 2; at >= 0; at--) {
    const step = steps[at];
    if (step === undefined) break;
    const { insn } = step;
    if (step.depth !== place.depth) {
      // Arguments come from the caller, results from the callee.
      if (step.decision === "call" && step.depth === place.depth - 1 && "reg" in place && place.reg <= 5) {
        place = { depth: step.depth, reg: place.reg };
      } else if (
        (step.decision === "return" || step.decision === "again") &&
        step.depth === place.depth + 1 &&
        "reg" in place &&
        place.reg === 0
      ) {
        const next = steps[at + 1];
        if (next !== undefined && next.depth === place.depth) place = { depth: step.depth, reg: 0 };
      }
      continue;
    }
    if ("off" in place) {
      if (insn.kind === "store" && insn.base === 10 && insn.off === place.off && insn.src.kind === "reg") {
        events.push({ step, kind: "spilled", reg: insn.src.reg });
        place = { depth: step.depth, reg: insn.src.reg };
      }
      continue;
    }
    if (insn.kind === "jump" && insn.dst === place.reg && insn.src.kind === "imm" && insn.src.value === 0) {
      events.push({ step, kind: "checked", reg: place.reg });
      continue;
    }
    if ((insn.kind === "callHelper" || insn.kind === "callKfunc") && place.reg <= 5) {
      if (place.reg === 0) events.push({ step, kind: "born", reg: 0 });
      return events.reverse();
    }
    if (!("dst" in insn) || insn.dst !== place.reg || insn.kind === "jump") continue;
    if (insn.kind === "alu" && insn.op === "mov" && insn.src.kind === "reg") {
      events.push({ step, kind: "copied", reg: place.reg });
      place = { depth: step.depth, reg: insn.src.reg };
    } else if (insn.kind === "load" && insn.base === 10) {
      events.push({ step, kind: "filled", reg: place.reg });
      place = { depth: step.depth, off: insn.off };
    } else if (insn.kind === "alu" && (insn.op === "add" || insn.op === "sub")) {
      events.push({ step, kind: "moved", reg: place.reg });
    } else {
      events.push({ step, kind: "written", reg: place.reg });
      return events.reverse();
    }
  }
  return events.reverse();
}
