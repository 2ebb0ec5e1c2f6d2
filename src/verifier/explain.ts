// From a refusal to a diagnostic: the operand's span, the events on the path that matter, the facts that were assumed.
import type { Diagnostic, Note } from "../diag/diagnostic.ts";
import { position, type Span } from "../diag/source.ts";
import { attachName, programTypes } from "../host/programs.ts";
import { contractOf } from "../host/table.ts";
import type { Program } from "../isa/program.ts";
import { type LineageEvent, lineage, type Step, stepsOf } from "./path.ts";
import type { Operand, Refusal } from "./reject.ts";
import type { Value } from "./state/value.ts";
import type { Profile } from "./verdict.ts";

/** The span of an operand, or of the whole instruction where the operand has none. */
export function spanAt(program: Program, pc: number, operand: Operand = "whole"): Span | undefined {
  const origin = program.origin[pc];
  if (origin === undefined) return undefined;
  return (operand === "whole" ? undefined : origin[operand]) ?? origin.whole;
}

export function profileText(profile: Profile): string {
  const parts = [`${profile.rcu} RCU`, profile.type];
  if (profile.sleepable) parts.push("sleepable");
  const attached = attachName(programTypes[profile.type], profile.attachType);
  if (attached !== undefined) parts.push(`attached to ${attached}`);
  parts.push(profile.privileged ? "privileged" : "unprivileged");
  return `${parts.join(", ")} (${profile.kernel})`;
}

export function diagnose(
  program: Program,
  profile: Profile,
  refusal: Refusal,
  kernelAccepts: () => boolean,
): Diagnostic {
  const { state } = refusal;
  const pc = refusal.pc ?? state?.pc ?? 0;
  const steps = state === undefined ? [] : stepsOf(program, state.path, pc);
  const at = spanAt(program, pc, refusal.operand);
  const facts = [...(refusal.facts ?? [])];
  facts.push({ name: "profile", text: profileText(profile) });
  if (refusal.kernel === null) {
    const verdict = kernelAccepts() ? "Linux 6.18 ACCEPTS this program" : "Linux 6.18 has no such rule";
    facts.push({ name: "note", text: `${verdict}: a map value is not an RCU pointer to it` });
  }
  const branches = steps.filter((step) => step.decision !== null).map((step) => step.pc);
  const taken = pathText(program, steps);
  if (taken !== "") facts.unshift({ name: "path", text: taken });
  return {
    code: refusal.code,
    severity: "error",
    ...(at === undefined ? {} : { at }),
    pc,
    text: refusal.text,
    ...(refusal.label === undefined ? {} : { label: refusal.label }),
    notes: notesOf(program, refusal, steps),
    facts,
    path: branches.slice(-64),
    ...(refusal.kernel === null ? {} : { kernelMessage: refusal.kernel }),
    ...(refusal.help === undefined ? {} : { help: refusal.help }),
  };
}

/** Decisions shown of a long path: the last ones. */
const MOST_SHOWN = 8;

/** The decisions that led here, by line where there is a text: `14 (taken) → 20`. Straight paths have none. */
function pathText(program: Program, steps: readonly Step[]): string {
  const place = (pc: number): string => {
    const span = spanAt(program, pc);
    return span === undefined ? `insn ${pc}` : String(position(span.source, span.start).line);
  };
  const words = {
    taken: "taken",
    fallthrough: "not taken",
    call: "calls",
    return: "returns",
    callback: "runs callback",
    again: "callback returns",
  };
  const decisions = steps.flatMap(({ pc, decision }) =>
    decision === null || decision === "goto" ? [] : [`${place(pc)} (${words[decision]})`],
  );
  const last = steps[steps.length - 1];
  if (decisions.length === 0 || last === undefined) return "";
  const shown = decisions.slice(-MOST_SHOWN);
  const before = decisions.length > shown.length ? [`${decisions.length - shown.length} more`] : [];
  return [...before, ...shown, place(last.pc)].join(" → ");
}

/** Locks and unlocks on the path with the depth before and after, and a letter for each outermost section. */
interface SectionEvent {
  readonly step: Step;
  readonly index: number;
  readonly opens: boolean;
  readonly outermost: boolean;
  readonly letter: string;
}

function sectionEvents(program: Program, steps: readonly Step[]): readonly SectionEvent[] {
  const out: SectionEvent[] = [];
  let depth = 0;
  let sections = 0;
  steps.forEach((step, index) => {
    if (step.insn.kind !== "callKfunc") return;
    const rcu = contractOf(step.insn, program)?.rcu;
    if (rcu !== "lock" && rcu !== "unlock") return;
    const opens = rcu === "lock";
    const outermost = opens ? depth === 0 : depth === 1;
    if (opens && outermost) sections++;
    depth = Math.max(0, depth + (opens ? 1 : -1));
    const letter = sections <= 26 ? String.fromCharCode(64 + Math.max(1, sections)) : `#${sections}`;
    out.push({ step, index, opens, outermost, letter });
  });
  return out;
}

function notesOf(program: Program, refusal: Refusal, steps: readonly Step[]): readonly Note[] {
  const { state } = refusal;
  if (state === undefined || steps.length === 0) return [];
  const sections = sectionEvents(program, steps);
  const picked = new Map<number, Note>();
  const indexOf = new Map(steps.map((step, index) => [step, index]));
  const add = (step: Step, event: string, text: string): void => {
    const at = spanAt(program, step.pc);
    picked.set(indexOf.get(step) ?? 0, { event, pc: step.pc, text, ...(at === undefined ? {} : { at }) });
  };
  const culprit = refusal.culprit === undefined ? null : state.reg(refusal.culprit);
  if (refusal.culprit !== undefined && culprit !== null) {
    for (const event of lineage(steps, refusal.culprit)) {
      add(event.step, event.kind, wordsFor(program, event, culprit, sections, indexOf.get(event.step) ?? 0));
    }
  }
  const last = steps.length - 1;
  if (culprit?.protection === "stale") {
    const died = sections.filter((s) => !s.opens && s.step.pc === culprit.diedAt && s.index < last).pop();
    if (died !== undefined) {
      add(died.step, "closed", `${died.letter} closes: \`r${refusal.culprit}\` is no longer protected`);
      const opened = sections.filter((s) => s.opens && s.outermost && s.index < died.index).pop();
      if (opened !== undefined) add(opened.step, "opened", `RCU section ${opened.letter} opens`);
    }
  } else if (["E0603", "E0604", "E0606", "E0611", "E0609"].includes(refusal.code)) {
    let depth = 0;
    for (const section of sections) {
      if (section.index >= last) break;
      depth += section.opens ? 1 : -1;
      if (section.opens)
        add(section.step, "opened", section.outermost ? `RCU section ${section.letter} opens` : `depth ${depth}`);
    }
    lastBranch(program, steps, sections, add);
  } else if (refusal.code === "L0602" || refusal.code === "E0605") {
    const closed = sections.filter((s) => !s.opens && s.outermost && s.index < last).pop();
    if (closed !== undefined) add(closed.step, "closed", `section ${closed.letter} was closed here`);
  }
  const held = refusal.code === "E0501" ? state.references[0] : undefined;
  if (held !== undefined) {
    const acquired = steps.find((step) => step.pc === held.at);
    if (acquired !== undefined) add(acquired, "acquired", `the reference is acquired here`);
    lastBranch(program, steps, sections, add);
  }
  return [...picked.entries()].sort(([a], [b]) => a - b).map(([, note]) => note);
}

/** The last decision before the end: often the one that skipped what was missing. */
function lastBranch(
  _program: Program,
  steps: readonly Step[],
  _sections: readonly SectionEvent[],
  add: (step: Step, event: string, text: string) => void,
): void {
  for (let at = steps.length - 2; at >= 0; at--) {
    const step = steps[at];
    if (step === undefined || step.insn.kind !== "jump") continue;
    add(step, "branch", step.decision === "taken" ? "taken: jumps over what follows" : "not taken");
    return;
  }
}

function wordsFor(
  program: Program,
  { step, kind, reg }: LineageEvent,
  culprit: Value,
  sections: readonly SectionEvent[],
  index: number,
): string {
  switch (kind) {
    case "copied":
      return `copied to r${reg}`;
    case "spilled":
      return `r${reg} is saved on the stack`;
    case "filled":
      return `r${reg} is loaded back from the stack`;
    case "moved":
      return `r${reg} is moved`;
    case "checked":
      return nullCheckWords(step, reg, culprit);
    case "written":
      return step.insn.kind === "load" ? `r${reg} is loaded from memory` : `r${reg} is set here`;
    case "born":
      return bornWords(program, step, culprit, sections, index);
  }
}

function nullCheckWords(step: Step, reg: number, culprit: Value): string {
  const way = step.decision === "taken" ? "taken" : "not taken";
  if (!culprit.isPointer || culprit.maybeNull || step.insn.kind !== "jump") return way;
  return step.insn.op === "jeq" || step.insn.op === "jne" ? `${way}: r${reg} is not null` : way;
}

function bornWords(
  program: Program,
  step: Step,
  culprit: Value,
  sections: readonly SectionEvent[],
  index: number,
): string {
  const { insn } = step;
  const contract = contractOf(insn, program);
  const section = sections.filter((s) => s.opens && s.outermost && s.index < index).pop();
  const good = culprit.protection === "none" || section === undefined ? "" : `, good inside ${section.letter}`;
  switch (contract?.returns) {
    case "mapValueOrNull":
      return culprit.kind === "mapPtr"
        ? `r0 = inner map, or null${good}`
        : `r0 = value of \`${culprit.map?.name ?? "the map"}\` (${culprit.map?.valueSize ?? 0} bytes), or null${good}`;
    case "recordOrNull":
      return "r0 = a record of the ring buffer, or null";
    case "integer":
      return `r0 = the number that \`${contract.name}\` returns`;
    case "iterNumberOrNull":
      return "r0 = the next number's address, or null when there is none";
    default:
      return "r0 is set by this call";
  }
}
