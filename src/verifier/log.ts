// The walk as Linux 6.18 logs it: each instruction with what it changed behind a semicolon, the whole state where a path
// is taken up again, `safe` where an earlier state stands for it, and the line of statistics at the end (kernel: do_check,
// print_insn_state). Level 2 is every path; level 1 is what is left when each path that ended well is taken back, which
// is the refused one. Not here: the kernel's notes to its own developers (`mark_precise`, `+live`, `SCC`).
import { helperName } from "../host/names.ts";
import type { Insn } from "../isa/insn.ts";
import { print } from "../isa/print.ts";
import type { Program } from "../isa/program.ts";
import { frameText, type Naming, type Touched } from "./log-text.ts";
import { place, type Slot, STACK_SIZE } from "./state/stack.ts";
import type { State } from "./state/state.ts";
import type { Statistics } from "./verdict.ts";

/** Where the state begins behind an instruction, at the least, and the steps in which it moves for longer ones. */
const COLUMN = 40;
const COLUMN_STEP = 8;
/** Characters kept; of a longer log the end is kept, as in the kernel's buffer. */
const MOST = 64 << 20;

/** Stand-ins for the kernel addresses that stand here in its logs. */
const MAP_ADDRESS = 0xffff888100000000n;
const VALUE_ADDRESS = 0xffffc90000000000n;

/** What was there before the last instruction, to tell what it changed. */
interface Before {
  readonly state: State;
  readonly pc: number;
  readonly insn: Insn;
  readonly depth: number;
  readonly stacks: readonly (readonly Slot[])[];
  /** The state itself, as far as a return needs it. */
  readonly callee: State | null;
  readonly touched: Touched;
}

export class WalkLog {
  private readonly program: Program;
  private readonly level: 1 | 2;
  private readonly starts: readonly number[];
  private readonly texts: string[] = [];
  private lines: string[] = [];
  private size = 0;
  private dropped = 0;
  private before: Before | null = null;
  /** Identities as Linux numbers them: from 1, and two for a reference that may be null. */
  private readonly names = new Map<number, number>();
  private lastName = 0;
  private readonly name: Naming = (id, held) => {
    const known = this.names.get(id);
    if (known !== undefined) return known;
    this.lastName += held ? 2 : 1;
    this.names.set(id, this.lastName);
    return this.lastName;
  };
  /** Level 1: how much of the log stays when a state is taken up. */
  private readonly resume = new Map<State, { readonly lines: number; readonly last: string }>();

  constructor(program: Program, level: 1 | 2) {
    this.program = program;
    this.level = level;
    this.starts = functionStarts(program);
    if (level === 2) this.starts.forEach((pc, at) => void this.say(`func#${at} @${pc}`));
  }

  /** A state was put aside to be taken up later. */
  pushed(state: State): void {
    if (this.level === 1) {
      this.resume.set(state, { lines: this.lines.length, last: this.lines[this.lines.length - 1] ?? "" });
    }
  }

  /** An instruction is about to be walked. */
  state(state: State): void {
    const { pc } = state;
    const at = state.frames.length - 1;
    const { before } = this;
    if (before?.state !== state) this.takeUp(state);
    else if (state.frames.length > before.depth) this.called(state, before);
    else if (state.frames.length < before.depth) this.returned(state, before);
    else {
      const text = this.frame(state, at, touchedBy(before, state));
      if (text !== ` frame${at}:` && text !== "") this.append(text);
    }
    const insn = this.program.insns[pc];
    if (insn == null) return;
    this.say(`${pc}: ${(this.texts[pc] ??= this.instruction(insn))}`);
    this.before = {
      state,
      pc,
      insn,
      depth: state.frames.length,
      stacks: state.frames.map((frame) => frame.stack.identity),
      callee: insn.kind === "exit" && at > 0 ? state.copy() : null,
      touched: accessed(insn, state),
    };
  }

  /** A path ends here, for an earlier state stands for it. */
  safe(state: State): void {
    const { before } = this;
    const { pc } = state;
    if (before?.state !== state) {
      if (this.level === 2) this.say("", `from ${state.path?.from ?? 0} to ${pc}${ahead(state)}: safe`);
    } else if (state.frames.length < before.depth) {
      this.returning(state, before);
      this.say("", `from ${before.pc} to ${pc}${ahead(state)}: safe`);
    } else {
      this.say(`${pc}: safe`);
    }
    this.before = null;
  }

  /** What a processor that runs ahead of a check would do here: it is made to wait. */
  waits(message: string): void {
    this.say(...message.split("\n"));
    this.before = null;
  }

  /** The verdict; what Linux says where it is a refusal, and the state of an endless loop. */
  end(statistics: Statistics, limit: number, message: string, loop: State | null): void {
    const said = message.replace(/(reference |\()id=([1-9]\d*)/g, (_, before: string, id: string) => {
      return `${before}id=${this.name(Number(id), before !== "(")}`;
    });
    if (said !== "") this.say(...said.split("\n"));
    else if (this.level === 1) this.lines = [];
    // The two states that Linux shows here are equal, or it would be no endless loop.
    if (loop !== null) {
      const all = this.frame(loop, loop.frames.length - 1, null);
      this.say(`cur state:${all}`, `old state:${all}`);
    }
    const { instructions, states, peakStates } = statistics;
    this.say(
      `processed ${instructions} insns (limit ${limit}) max_states_per_insn ${peakStates} ` +
        `total_states ${states} peak_states ${states} mark_read 0`,
    );
  }

  text(): string {
    const head = this.dropped === 0 ? [] : [`(${this.dropped} lines before these are left out)`];
    return [...head, ...this.lines, ""].join("\n");
  }

  private instruction(insn: Insn): string {
    const shown: Insn = insn.kind === "imm64" ? withAddress(insn) : insn;
    const names = { helper: helperName, kfunc: (index: number) => this.program.kfuncs[index] };
    return print(shown, { style: "kernel", names });
  }

  /** A path begins, or one that was put aside goes on: everything that is known is shown. */
  private takeUp(state: State): void {
    const { pc } = state;
    const all = this.frame(state, state.frames.length - 1, null);
    const from = state.path?.from ?? -1;
    if (this.level === 1) this.takeBack(state);
    if (from < 0 && pc !== 0) {
      const name = this.program.functions.find((known) => known.pc === pc)?.name ?? "";
      this.say(`Validating ${name}() func#${this.starts.indexOf(pc)}...`);
    } else if (from >= 0 && this.level === 2) {
      this.say("", `from ${from} to ${pc}${ahead(state)}:${all}`);
    }
    this.say(`${pc}:${all}`);
  }

  private frame(state: State, at: number, touched: Touched | null): string {
    return frameText(state, at, touched, this.name);
  }

  private takeBack(state: State): void {
    const kept = this.resume.get(state);
    this.resume.delete(state);
    this.lines.length = Math.min(kept?.lines ?? 0, this.lines.length);
    if (kept !== undefined && kept.lines > 0) this.lines[kept.lines - 1] = kept.last;
  }

  private called(state: State, before: Before): void {
    const at = state.frames.length - 1;
    // What a call leaves of the argument registers is nothing; here they are forgotten at the return.
    this.say("caller:", this.frame(state, before.depth - 1, { regs: ~CALL, slots: null }));
    this.say("callee:", this.frame(state, at, null));
    this.say(`${state.pc}:${this.frame(state, at, null)}`);
  }

  private returned(state: State, before: Before): void {
    this.returning(state, before);
    if (this.level === 2) {
      this.say("", `from ${before.pc} to ${state.pc}:${this.frame(state, state.frames.length - 1, null)}`);
    }
  }

  private returning(state: State, { callee, depth }: Before): void {
    this.say("returning from callee:", callee === null ? "" : this.frame(callee, depth - 1, null));
    this.say(`to caller at ${state.pc}:`, this.frame(state, state.frames.length - 1, null));
  }

  /** Behind the instruction that changed it. */
  private append(text: string): void {
    const last = this.lines.length - 1;
    const line = this.lines[last];
    if (line === undefined) return;
    const least = Math.max(line.length + COLUMN_STEP / 2, COLUMN);
    const column = Math.ceil(least / COLUMN_STEP) * COLUMN_STEP;
    this.lines[last] = `${line.padEnd(column - 2)};${text}`;
    this.size += this.lines[last].length - line.length;
  }

  private say(...lines: readonly string[]): void {
    for (const line of lines) {
      this.lines.push(line);
      this.size += line.length + 1;
    }
    if (this.size <= MOST) return;
    const half = this.lines.length >> 1;
    this.dropped += half;
    this.lines = this.lines.slice(half);
    this.size = this.lines.reduce((sum, line) => sum + line.length + 1, 0);
  }
}

/** The slots at which functions begin, the main one first: the kernel numbers them so. */
function functionStarts(program: Program): readonly number[] {
  const starts = new Set([0]);
  program.insns.forEach((insn, pc) => {
    if (insn?.kind === "callLocal") starts.add(pc + 1 + insn.off);
    if (insn?.kind === "imm64" && insn.what === "func") starts.add(pc + 1 + insn.low);
  });
  return [...starts].sort((a, b) => a - b);
}

/** Maps have no addresses here; some that look like the kernel's keep the line readable for tools. */
function withAddress(insn: Insn & { kind: "imm64" }): Insn {
  if (insn.what === "value" || insn.what === "func" || insn.what === "btfId") return insn;
  const direct = insn.what === "mapValue" || insn.what === "mapIdxValue";
  const address = direct
    ? VALUE_ADDRESS + BigInt(insn.low) * 0x100000n + BigInt(insn.high >>> 0)
    : MAP_ADDRESS + BigInt(insn.low) * 0x400n;
  return {
    ...insn,
    what: "value",
    low: Number(BigInt.asIntN(32, address)),
    high: Number(BigInt.asIntN(32, address >> 32n)),
  };
}

const bit = (...regs: readonly number[]): number => regs.reduce((set, reg) => set | (1 << reg), 0);
const CALL = 0x3f;

/** The registers that an instruction reads and writes, and the slots that it names. */
function accessed(insn: Insn, state: State): Touched {
  const slots = new Set<number>();
  const memory = (base: number, off: number, size: number): void => {
    const value = state.reg(base);
    // Only the frame that is shown; what a callee does to its caller's stack is seen there later.
    if (value.kind !== "stack" || value.frame !== state.frames.length - 1 || !value.scalar.isConst) return;
    const from = value.off + Number(value.scalar.smin) + off;
    for (let at = from; at < from + size; at++) if (at < 0 && at >= -STACK_SIZE) slots.add(place(at).slot);
  };
  switch (insn.kind) {
    case "alu":
    case "jump":
      return { regs: bit(insn.dst, ...(insn.src.kind === "reg" ? [insn.src.reg] : [])), slots };
    case "neg":
    case "swap":
    case "imm64":
      return { regs: bit(insn.dst), slots };
    case "movsx":
    case "addrSpaceCast":
      return { regs: bit(insn.dst, insn.src), slots };
    case "load":
    case "loadAcquire":
      memory(insn.base, insn.off, insn.size);
      return { regs: bit(insn.dst, insn.base), slots };
    case "store":
      memory(insn.base, insn.off, insn.size);
      return { regs: bit(insn.base, ...(insn.src.kind === "reg" ? [insn.src.reg] : [])), slots };
    case "storeRelease":
      memory(insn.base, insn.off, insn.size);
      return { regs: bit(insn.base, insn.src), slots };
    case "atomic":
      memory(insn.base, insn.off, insn.size);
      return { regs: bit(insn.base, insn.src, ...(insn.op === "cmpxchg" ? [0] : [])), slots };
    case "packet":
      return { regs: CALL | bit(6, insn.src ?? 6), slots };
    case "callHelper":
    case "callKfunc":
      return { regs: CALL, slots };
    case "callLocal":
      return { regs: CALL, slots };
    case "callx":
      return { regs: bit(insn.reg), slots };
    case "goto":
    case "mayGoto":
    case "exit":
    case "invalid":
      return { regs: 0, slots };
  }
}

/** What may write to the stack; a branch may narrow what lies there, which Linux does not show. */
const writers: ReadonlySet<Insn["kind"]> = new Set(["callHelper", "callKfunc", "store", "storeRelease", "atomic"]);

/** That, and the slots that were written through a pointer whose place was not known beforehand. */
function touchedBy({ insn, stacks, touched }: Before, state: State): Touched {
  const at = state.frames.length - 1;
  const old = stacks[at];
  const now = state.frames[at]?.stack.identity;
  const known = touched.slots !== null && touched.slots.size > 0;
  if (old === undefined || now === undefined || old === now || known || !writers.has(insn.kind)) return touched;
  const slots = new Set(touched.slots);
  now.forEach((slot, index) => {
    if (slot !== old[index]) slots.add(index);
  });
  return { regs: touched.regs, slots };
}

const ahead = (state: State): string => (state.speculative ? " (speculative execution)" : "");
