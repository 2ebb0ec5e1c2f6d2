// A log of the Linux verifier, read: which instructions were walked last, what each left in the registers, and what was
// said at the end. The styles of 5.10 to 6.18 are read (states before an instruction, on a line of their own, or behind a
// semicolon), with whatever a console, a loader or a mail puts before each line. Nothing in it is trusted to be complete.
import { loggedInsn } from "../asm/log.ts";
import type { Insn } from "../isa/insn.ts";
import { codeOfMessage } from "./kernel-messages.ts";

/** One visit of an instruction. */
export interface LogStep {
  readonly pc: number;
  /** As printed, without number and opcode. */
  readonly text: string;
  readonly insn: Insn | undefined;
  /** Calls entered. */
  readonly depth: number;
  /** The line of the input, from 1. */
  readonly line: number;
  /** What it left, by `R0` or `fp-8`: as far as the log says. */
  readonly after: Map<string, string>;
  /** The line of C that the log printed before it. */
  readonly source?: string;
}

export interface KernelLog {
  /** The path that was walked last, in order. */
  readonly steps: readonly LogStep[];
  /** What was known where the path begins. */
  readonly entry: ReadonlyMap<string, string>;
  /** Every instruction that the log shows, by its number. */
  readonly listing: ReadonlyMap<number, string>;
  /** What was said after the last instruction. */
  readonly messages: readonly string[];
  /** The input's line of the first of them, or the last line read. */
  readonly line: number;
  /** The line of statistics was there: the log is whole at its end. */
  readonly ended: boolean;
  readonly instructions?: number;
}

/** Longer lines are nobody's; of a longer log the end is read. */
const LONGEST_LINE = 1 << 14;
const MOST_LINES = 2_000_000;
/** Visits of a path that are kept: the last ones. */
const MOST_STEPS = 50_000;

const prefixes: readonly RegExp[] = [
  // dmesg, syslog, journal, container logs.
  /^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?/,
  /^<\d+>(?:\[ *\d+\.\d+\] ?)?/,
  /^[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \S+ [^:]{1,40}: /,
  /^\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S* (?:(?:stderr|stdout) [FP] )?/,
  // Loaders and test tools.
  /^(?:libbpf|bpftool|iproute2|bpf|tc|ip): (?=\s*(?:\d+:|R\d|;|from |func#|processed |arg#|$))/,
  /^Verifier (?:output|log|analysis):? ?/i,
  // Mail and Markdown.
  /^(?:> ?)+/,
  /^\| /,
];

/** Escape sequences of terminals. */
const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, "g");

function stripped(raw: string): string {
  let line = raw.replace(escapes, "").trim();
  for (let again = true; again; ) {
    again = false;
    for (const prefix of prefixes) {
      const found = prefix.exec(line);
      if (found === null || found[0] === "") continue;
      line = line.slice(found[0].length).trimStart();
      again = true;
    }
  }
  const said = keyed.exec(line);
  return said === null ? line : (said[1] ?? "").replace(/\\(.)/g, "$1").trim();
}

/** logrus and slog, which Cilium's agent writes the log's lines with. */
const keyed = /^(?:time=\S+ )?level=\w+(?: msg="((?:[^"\\]|\\.)*)")?(?: \w+=\S+)*$/;
/** The last two lines in one, as the errors of Go's ebpf package have them. */
const summary = /(?:^|: )(\d{1,7}: \([0-9a-f]{2}\) .+?): (.+?) \((?:truncated, )?\d+ line\(s\) omitted\)$/;

const insnLine = /^\s*(\d{1,7}): \(([0-9a-f]{2})\) (.*)$/;
const stateLine = /^\s*(\d{1,7}): ?((?:frame\d+: ?)?(?:R\d+(?:_[rwDlive]+)?=|fp-\d+).*)?$/;
const fromLine = /^\s*from (\d+) to (\d+)(?: \(speculative execution\))?: ?(.*)$/;
const frameState = /^ *(?:frame\d+: )?(?:R\d+(?:_\w+)?=|fp-\d+)/;
/** What the verifier says to its developers, and what loaders say around it. */
const noise =
  /^\s*(?:func#\d+ @|Live regs before insn|\d{0,4} *\d{1,7}: [.0-9]{10} \(|mark_precise:|last_idx |regs=|parent (?:didn't|already)|propagating |frame \d+: propagating|\(\d+(?:,\d+)*\) (?:frame|live)|SCC |caller:|callee:|returning from callee:|to caller at|Validating |Func#\d+ .*(?:safe|assumed valid)|verification time|stack depth \d|peak_states|arg#\d+ reference type|reg type unsupported for arg#\d+ function|btf_vmlinux is malformed|\d+: safe$|.*(?:BEGIN|END) (?:PROG LOAD LOG|DUMP LOG|LOG)|Skipped \d+ bytes|\[\.\.\.\]|[-=*# ]*$)/;
const chatter =
  /^\s*(?:libbpf: |bpftool: |Error: |error: |ERROR|WARN|INFO|make|Traceback|level=|time=|```|~~~|\$ |# |\+ )|BPF program load failed|failed to load (?:program|object|BPF)|couldn't load|Permission denied \(os error|^\s*\.\.\. /;
const processed = /^\s*processed (\d+) insns/;

/** `R0=map_value(ks=4,vs=8) R10=fp0 fp-8=mmmm`, the parts by name. */
export function statesIn(text: string): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  const start = /(?:^|\s)(R\d+|fp-\d+)(?:_\w+)?=/g;
  for (let found = start.exec(text); found !== null; found = start.exec(text)) {
    let depth = 0;
    let at = start.lastIndex;
    for (; at < text.length; at++) {
      const char = text[at];
      if (char === "(") depth++;
      else if (char === ")") depth--;
      else if (char === " " && depth <= 0) break;
    }
    const name = found[1];
    if (name !== undefined) out.set(name, text.slice(start.lastIndex, at));
    start.lastIndex = at;
  }
  return out;
}

/** The logs in a text, one for each load that it shows; none when it shows no verifier at all. */
export function readKernelLogs(text: string): readonly KernelLog[] {
  const logs: KernelLog[] = [];
  let reader = new Reader();
  let number = 0;
  // A log inside JSON or a Go error has its line ends written out.
  const lines = (/\\n\d+: \(/.test(text) ? text.replace(/\\n/g, "\n").replace(/\\t/g, " ") : text).split(/\r\n|\n|\r/);
  const skip = Math.max(0, lines.length - MOST_LINES);
  for (const raw of lines) {
    number++;
    if (number <= skip) continue;
    if (!reader.line(stripped(raw.slice(0, LONGEST_LINE)), number)) continue;
    logs.push(reader.log());
    reader = new Reader();
  }
  if (reader.seen) logs.push(reader.log());
  return logs;
}

class Reader {
  private steps: LogStep[] = [];
  /** Where in `steps` each instruction was visited, the last visit last. */
  private visits = new Map<number, number[]>();
  private readonly listing = new Map<number, string>();
  private readonly entry = new Map<string, string>();
  private readonly parsed = new Map<string, Insn | undefined>();
  private messages: string[] = [];
  private messageLine = 0;
  private lastLine = 0;
  private depth = 0;
  private source: string | undefined;
  private instructions: number | undefined;
  seen = false;

  /** Reads a line; true when it ends the log. */
  line(text: string, number: number): boolean {
    const end = processed.exec(text);
    if (end !== null) {
      this.instructions = Number(end[1]);
      this.seen = true;
      this.lastLine = number;
      return true;
    }
    const both = text.endsWith("omitted)") ? summary.exec(text.slice(-2000)) : null;
    if (both !== null && codeOfMessage(both[2] ?? "") !== undefined) {
      this.messages = [];
      this.isWalk(both[1] ?? "", number);
      this.say(both[2] ?? "", number);
      return true;
    }
    if (this.isWalk(text, number)) {
      this.seen = true;
      this.lastLine = number;
      // What was said in between was not the end.
      this.messages = [];
    } else if (!noise.test(text)) {
      const source = /^\s*; (.*)$/.exec(text);
      if (source !== null) this.source = source[1];
      else this.say(text.trim(), number);
    }
    return false;
  }

  log(): KernelLog {
    const { steps, entry, listing, messages, instructions } = this;
    return {
      steps: steps.slice(-MOST_STEPS),
      entry,
      listing,
      messages: chosen(messages),
      line: messages.length > 0 ? this.messageLine : this.lastLine,
      ended: instructions !== undefined,
      ...(instructions === undefined ? {} : { instructions }),
    };
  }

  private say(text: string, number: number): void {
    const known = codeOfMessage(text) !== undefined;
    if (!known && (chatter.test(text) || (!this.seen && this.messages.length === 0))) return;
    if (this.messages.length === 0) this.messageLine = number;
    // A program that says much is no message of the verifier's.
    if (this.messages.length < 64) this.messages.push(text);
    if (known) this.seen = true;
  }

  private isWalk(text: string, number: number): boolean {
    const insn = insnLine.exec(text);
    if (insn !== null) {
      this.visit(Number(insn[1]), Number.parseInt(insn[2] ?? "", 16), insn[3] ?? "", number);
      return true;
    }
    const from = fromLine.exec(text);
    if (from !== null) {
      this.takeUp(Number(from[1]), from[3] ?? "");
      return true;
    }
    const state = stateLine.exec(text);
    if (state !== null) {
      this.state(state[2] ?? "");
      return true;
    }
    if (frameState.test(text)) {
      this.state(text);
      return true;
    }
    return false;
  }

  private visit(pc: number, opcode: number, rest: string, line: number): void {
    const semicolon = rest.indexOf(";");
    const words = (semicolon < 0 ? rest : rest.slice(0, semicolon)).trim();
    // Linux before 5.16: a state behind the instruction begins with the number of the next one.
    const text = words.replace(/ \d+: (?:frame\d+: )?R\d.*$/, "").trim();
    const state = semicolon >= 0 ? rest.slice(semicolon + 1) : words.slice(text.length);
    const key = `${opcode} ${text}`;
    if (!this.parsed.has(key)) this.parsed.set(key, loggedInsn(text, opcode));
    const { source } = this;
    this.source = undefined;
    const frame = /^\s*(?:\d+: )?frame(\d+):/.exec(state)?.[1];
    if (frame !== undefined) this.depth = Number(frame);
    this.steps.push({
      pc,
      text,
      insn: this.parsed.get(key),
      depth: this.depth,
      line,
      after: new Map(statesIn(state)),
      ...(source === undefined ? {} : { source }),
    });
    this.remember(pc, this.steps.length - 1);
    if (this.steps.length > 2 * MOST_STEPS) {
      this.steps = this.steps.slice(-MOST_STEPS);
      this.visits = new Map();
      this.steps.forEach((step, at) => void this.remember(step.pc, at));
    }
    if (!this.listing.has(pc)) this.listing.set(pc, text);
  }

  private remember(pc: number, at: number): void {
    const known = this.visits.get(pc);
    if (known === undefined) this.visits.set(pc, [at]);
    else known.push(at);
  }

  /** A path goes on at a branch that was put aside: what was walked since is no part of it. */
  private takeUp(from: number, state: string): void {
    const at = this.visits.get(from)?.at(-1);
    while (at !== undefined && this.steps.length > at + 1) {
      const gone = this.steps.pop();
      if (gone !== undefined) this.visits.get(gone.pc)?.pop();
    }
    this.depth = Number(/^\s*frame(\d+):/.exec(state)?.[1] ?? 0);
    this.state(state);
  }

  /** Registers before the next instruction are those after the last. */
  private state(text: string): void {
    this.depth = Number(/^\s*frame(\d+):/.exec(text)?.[1] ?? 0);
    const into = this.steps[this.steps.length - 1]?.after ?? this.entry;
    for (const [name, value] of statesIn(text)) into.set(name, value);
  }
}

/** Of the lines at the end those that say why: from the first that is known on, or the first alone. */
function chosen(messages: readonly string[]): readonly string[] {
  const first = messages.findIndex((line) => codeOfMessage(line) !== undefined);
  if (first < 0) return messages.slice(0, 1);
  return messages.slice(first).filter((line, at) => at === 0 || codeOfMessage(line) !== undefined);
}
