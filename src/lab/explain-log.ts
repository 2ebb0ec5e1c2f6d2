// A Linux verifier log turned into a diagnostic of ours: the refused instruction, the history of the register that the
// message is about, what Linux said, and what the page of our code says to do. An unknown message keeps its place and its
// words.
import type { Diagnostic, Note } from "../diag/diagnostic.ts";
import { explain } from "./explain.ts";
import { type KernelLog, type LogStep, readKernelLogs } from "./kernel-log.ts";
import { codeOfMessage, registerOf } from "./kernel-messages.ts";
import { type HistoryEvent, history } from "./log-history.ts";

export interface ExplainedLog {
  /** `open`: the log ends before it says what came of the program. */
  readonly outcome: "refused" | "accepted" | "open";
  /** Of a refusal whose message is in our table; the diagnostic's code otherwise is that of what is not known. */
  readonly known: boolean;
  /** The refusal, or what is missing. */
  readonly diagnostic?: Diagnostic;
  /** The instructions of the log by number, as diagnostics print them. */
  readonly listing: ReadonlyMap<number, string>;
  /** The refused instruction with those around it. */
  readonly around: readonly { readonly pc: number; readonly text: string; readonly refused: boolean }[];
  /** The input's line that says so. */
  readonly line: number;
}

/** Instructions shown before and after the refused one. */
const AROUND = 4;

/** One for each load in the text, a repeated one once; empty when there is no verifier log in it. */
export function explainLogs(text: string): readonly ExplainedLog[] {
  const seen = new Set<string>();
  return readKernelLogs(text).flatMap((log) => {
    const explained = explainLog(log);
    // Loaders that fail load again with a log: both say the same.
    const { diagnostic, outcome } = explained;
    const key = `${outcome} ${diagnostic?.pc} ${diagnostic?.kernelMessage}`;
    if (diagnostic !== undefined && seen.has(key)) return [];
    seen.add(key);
    return [explained];
  });
}

function explainLog(log: KernelLog): ExplainedLog {
  const { listing, line, messages } = log;
  const [first] = messages;
  if (first === undefined) {
    if (log.ended) return { outcome: "accepted", known: true, listing, around: [], line };
    const last = log.steps[log.steps.length - 1];
    const diagnostic: Diagnostic = {
      code: "E0115",
      severity: "error",
      ...(last === undefined ? {} : { pc: last.pc }),
      text: "the log ends before it says what came of the program",
      label: "the last instruction that it shows",
      notes: [],
      help: "paste it to the line that begins with `processed`; a loader's buffer may have been too small for it",
    };
    return { outcome: "open", known: false, diagnostic, listing, around: around(log, last?.pc), line };
  }
  const pc = placeOf(log);
  const path = untilPlace(log.steps, pc);
  const found = messages.map(codeOfMessage).find((each) => each !== undefined);
  const reg = found === undefined ? undefined : culpritOf(messages, path);
  const taken = reg === undefined ? undefined : takenAway(first, path, reg);
  const code = taken?.released === true ? "E0503" : found;
  const last = path[path.length - 1];
  const page = code === undefined ? undefined : explain(code);
  const facts: { name: string; text: string }[] = [];
  const state = reg === undefined || taken !== undefined ? undefined : stateBefore(log, path, reg);
  if (taken !== undefined) facts.push({ name: "state", text: `r${reg} was ${taken.was}, and is a number now` });
  if (reg !== undefined && state !== undefined) facts.push({ name: "state", text: `r${reg} = ${state}` });
  const source = path.findLast((step) => step.source !== undefined)?.source;
  if (source !== undefined) facts.push({ name: "source", text: source });
  if (page !== undefined) facts.push({ name: "note", text: `\`bpflab explain ${page.code}\` has a program for it` });
  const diagnostic: Diagnostic = {
    code: code ?? "E0115",
    severity: "error",
    ...(pc === undefined ? {} : { pc }),
    text: page === undefined ? "Linux refused the program for a reason that bpflab has no page for" : page.title,
    label: last === undefined || pc === undefined ? "" : labelOf(first, state, reg),
    notes: notesOf(log, path, messages, reg, taken),
    facts,
    kernelMessage: messages.join("\n"),
    ...(page === undefined ? {} : { help: page.says }),
  };
  return { outcome: "refused", known: code !== undefined, diagnostic, listing, around: around(log, pc), line };
}

/** The register that a message names, or else the one that the instruction reads an address or an amount from. */
function culpritOf(messages: readonly string[], path: readonly LogStep[]): number | undefined {
  const named = messages.map(registerOf).find((each) => each !== undefined);
  if (named !== undefined) return named;
  const insn = path[path.length - 1]?.insn;
  if (insn === undefined) return undefined;
  if ("base" in insn) return insn.base === 10 ? undefined : insn.base;
  return insn.kind === "alu" && insn.src.kind === "reg" ? insn.src.reg : undefined;
}

/** Messages about the shape of the program name the instruction; others are about the last one walked. */
function placeOf({ messages, steps, listing }: KernelLog): number | undefined {
  for (const message of messages) {
    const found =
      /^(?:unreachable|infinite loop detected at|invalid|jump into the middle of ldimm64) insn (?:idx )?(\d+)/.exec(
        message,
      ) ??
      /^(?:jump out of range|back-edge|jump) .*?from insn (\d+)/.exec(message) ??
      /^insn (\d+) /.exec(message);
    if (found !== null) return Number(found[1]);
  }
  const last = steps[steps.length - 1];
  return last?.pc ?? [...listing.keys()].pop();
}

function untilPlace(steps: readonly LogStep[], pc: number | undefined): readonly LogStep[] {
  const at = steps.findLastIndex((step) => step.pc === pc);
  return at < 0 ? steps : steps.slice(0, at + 1);
}

/** What the log last said of a register before the refused instruction, unless it was written since. */
function stateBefore(log: KernelLog, path: readonly LogStep[], reg: number): string | undefined {
  const name = `R${reg}`;
  const depth = path[path.length - 1]?.depth;
  // The refused instruction changed nothing: what stands behind it is what it met.
  const met = path[path.length - 1]?.after.get(name);
  if (met !== undefined) return met;
  for (let at = path.length - 2; at >= 0; at--) {
    const step = path[at];
    if (step === undefined || step.depth !== depth) {
      if (reg <= 5 || step === undefined) return undefined;
      continue;
    }
    const state = step.after.get(name);
    if (state !== undefined) return state;
    const { insn } = step;
    if (insn !== undefined && "dst" in insn && insn.dst === reg && insn.kind !== "jump") return undefined;
    if (reg <= 5 && insn?.kind.startsWith("call") === true) return undefined;
  }
  return log.entry.get(name);
}

interface TakenAway {
  readonly step: LogStep;
  /** What the register held before. */
  readonly was: string;
  readonly released: boolean;
}

/** Calls that give something back, and calls that may move the packet: neither names the registers that it empties. */
const releases = /release|submit|discard|_put|destroy|_drop|spin_unlock|rcu_read_unlock/;
const movesPacket =
  /skb_(?:change|pull|vlan|adjust|store|cgroup)|xdp_adjust|l[34]_csum_replace|msg_(?:pull|push|pop)|lwt_/;

/** A pointer that became a number without being written: a call in between took it away. */
function takenAway(message: string, path: readonly LogStep[], reg: number): TakenAway | undefined {
  if (!/invalid mem access '(?:scalar|inv)'|type=(?:scalar|inv) expected=/.test(message)) return undefined;
  for (let at = path.length - 2; at >= 0; at--) {
    const step = path[at];
    const was = step?.after.get(`R${reg}`);
    if (step === undefined || was === undefined) continue;
    const packet = was.startsWith("pkt");
    if (!packet && !was.includes("ref_obj_id=")) return undefined;
    const between = path
      .slice(at + 1, -1)
      .findLast(({ text }) => /^call /.test(text) && (packet ? movesPacket : releases).test(text));
    return between === undefined ? undefined : { step: between, was, released: !packet };
  }
  return undefined;
}

function labelOf(message: string, state: string | undefined, reg: number | undefined): string {
  // A long one has a line of its own below.
  if (reg === undefined || state === undefined || state.length > 40) return message;
  return `\`r${reg}\` is ${state} here`;
}

function notesOf(
  log: KernelLog,
  path: readonly LogStep[],
  messages: readonly string[],
  reg: number | undefined,
  taken: TakenAway | undefined,
): readonly Note[] {
  const notes: Note[] = [];
  if (reg !== undefined) {
    const events = history(path, reg);
    for (const event of events) {
      notes.push({ event: event.kind === "born" ? "born" : event.kind, pc: event.step.pc, text: wordsFor(event) });
    }
    const begins = events[0]?.kind;
    const entry = log.entry.get(`R${reg}`);
    if (events.length === 0 && entry !== undefined && begins === undefined && reg !== 10) {
      notes.push({ event: "born", text: `r${reg} is ${entry} from the start` });
    }
  }
  if (taken !== undefined) {
    const text = taken.released
      ? "given back here, with every copy of it"
      : "may move the packet: pointers into it are lost";
    notes.push({ event: "lost", pc: taken.step.pc, text });
  }
  for (const message of messages) {
    const at = /alloc_insn=(\d+)/.exec(message)?.[1];
    if (at !== undefined) notes.push({ event: "acquired", pc: Number(at), text: "the reference is acquired here" });
  }
  return notes;
}

function wordsFor({ step, kind, reg, taken }: HistoryEvent): string {
  const state = step.after.get(`R${reg}`);
  const is = state === undefined ? "" : `: ${state}`;
  switch (kind) {
    case "born":
      if (reg === 10) return "a number is stored there";
      if (step.insn?.kind === "load") return `r${reg} is loaded from memory${is}`;
      return step.insn?.kind.startsWith("call") === true
        ? `r${reg} is what the call returns${is}`
        : `r${reg} is set${is}`;
    case "copied":
      return `copied to r${reg}${is}`;
    case "spilled":
      return `r${reg} is saved on the stack`;
    case "filled":
      return `r${reg} is loaded back from the stack${is}`;
    case "moved":
      return `r${reg} is changed${is}`;
    case "checked":
      return `${taken === true ? "taken" : "not taken"}${is === "" ? "" : `, r${reg}${is}`}`;
    case "lost":
      return `the call leaves nothing in r1 to r5`;
  }
}

function around({ listing }: KernelLog, pc: number | undefined): ExplainedLog["around"] {
  if (pc === undefined) return [];
  const known = [...listing.keys()].sort((a, b) => a - b);
  const at = known.findIndex((each) => each >= pc);
  const middle = at < 0 ? known.length : at;
  return known
    .slice(Math.max(0, middle - AROUND), middle + AROUND + 1)
    .map((each) => ({ pc: each, text: listing.get(each) ?? "", refused: each === pc }));
}
