// How the value of a register came to be what it is, read backwards along the path of a kernel's log: where it was born,
// copied, spilled, loaded back, moved, compared, or lost to a call.
import type { LogStep } from "./kernel-log.ts";

export interface HistoryEvent {
  readonly step: LogStep;
  readonly kind: "born" | "copied" | "spilled" | "filled" | "moved" | "checked" | "lost";
  /** The register that had the value then. */
  readonly reg: number;
  /** Of `checked`: whether the jump was taken; undefined where the log does not show it. */
  readonly taken?: boolean;
}

/** Events of a loop would fill pages; the last ones matter. */
const MOST_EVENTS = 40;

type Place = { readonly depth: number } & ({ readonly reg: number } | { readonly off: number });

/** The last step is the one that was refused. Oldest event first. */
export function history(steps: readonly LogStep[], reg: number): readonly HistoryEvent[] {
  const events: HistoryEvent[] = [];
  let place: Place = { depth: steps[steps.length - 1]?.depth ?? 0, reg };
  for (let at = steps.length - 2; at >= 0 && events.length < MOST_EVENTS; at--) {
    const step = steps[at];
    const insn = step?.insn;
    if (step === undefined || insn === undefined) continue;
    if (step.depth !== place.depth) {
      const moved = across(step, place, steps[at + 1]);
      if (moved !== undefined) place = moved;
      continue;
    }
    if ("off" in place) {
      if (insn.kind !== "store" || insn.base !== 10 || insn.off !== place.off) continue;
      if (insn.src.kind === "imm") {
        events.push({ step, kind: "born", reg: 10 });
        break;
      }
      events.push({ step, kind: "spilled", reg: insn.src.reg });
      place = { depth: step.depth, reg: insn.src.reg };
      continue;
    }
    const held = place.reg;
    if (insn.kind === "jump") {
      const compared = insn.dst === held || (insn.src.kind === "reg" && insn.src.reg === held);
      const next = steps[at + 1];
      if (compared) events.push({ step, kind: "checked", reg: held, ...(next && { taken: next.pc !== step.pc + 1 }) });
      continue;
    }
    if (insn.kind === "callHelper" || insn.kind === "callKfunc" || insn.kind === "callLocal") {
      if (held > 5) continue;
      events.push({ step, kind: held === 0 ? "born" : "lost", reg: held });
      break;
    }
    if (insn.kind === "packet" && held <= 5) {
      events.push({ step, kind: held === 0 ? "born" : "lost", reg: held });
      break;
    }
    if (insn.kind === "atomic") {
      const written = insn.op === "cmpxchg" ? 0 : insn.fetch ? insn.src : -1;
      if (written !== held) continue;
      events.push({ step, kind: "born", reg: held });
      break;
    }
    if (!("dst" in insn) || insn.dst !== held) continue;
    if (insn.kind === "alu" && insn.op === "mov" && insn.src.kind === "reg") {
      events.push({ step, kind: "copied", reg: held });
      place = { depth: step.depth, reg: insn.src.reg };
    } else if (insn.kind === "load" && insn.base === 10) {
      events.push({ step, kind: "filled", reg: held });
      place = { depth: step.depth, off: insn.off };
    } else if (insn.kind === "alu" && insn.op !== "mov") {
      events.push({ step, kind: "moved", reg: held });
    } else if (insn.kind === "neg" || insn.kind === "swap") {
      events.push({ step, kind: "moved", reg: held });
    } else {
      events.push({ step, kind: "born", reg: held });
      break;
    }
  }
  return events.reverse();
}

/** Arguments come from the caller, a result from the callee. */
function across(step: LogStep, place: Place, next: LogStep | undefined): Place | undefined {
  if (!("reg" in place)) return undefined;
  if (step.depth === place.depth - 1 && step.insn?.kind === "callLocal" && place.reg <= 5) {
    return { depth: step.depth, reg: place.reg };
  }
  const returns = step.depth === place.depth + 1 && step.insn?.kind === "exit" && next?.depth === place.depth;
  return returns && place.reg === 0 ? { depth: step.depth, reg: 0 } : undefined;
}
