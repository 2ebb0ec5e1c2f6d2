// The verifier's front door: what a program is judged by, the walk over its entries, and the verdict.
import type { Diagnostic } from "../diag/diagnostic.ts";
import { attachNumber, type ProgramType, type ProgramTypeName, programType, programTypes } from "../host/programs.ts";
import type { Program } from "../isa/program.ts";
import { checkMapUses } from "./check/maps.ts";
import { checkSignatures } from "./check/signatures.ts";
import { type Env, Speculation } from "./env.ts";
import { diagnose, profileText, spanAt } from "./explain.ts";
import { WalkLog } from "./log.ts";
import { type Refusal, Rejection, reject } from "./reject.ts";
import { checkStackDepth, Depths } from "./search/depth.ts";
import { type Structure, structureOf } from "./search/structure.ts";
import { type Counters as Counted, Search, Undecided } from "./search/worklist.ts";
import { Frame, State } from "./state/state.ts";
import { pointer, unknownScalar } from "./state/value.ts";
import type { Facts, Profile, Statistics, Stop, Verdict, VerifiedProgram, VerifyOptions } from "./verdict.ts";

/** The kernel's budget (BPF_COMPLEXITY_LIMIT_INSNS). */
export const BUDGET = 1_000_000;

/** What the program says of itself, then what is asked for, then the defaults: explicit RCU, syscall, privileged. */
export function defaultProfile(program: Program, overrides: Partial<Profile> = {}): Profile {
  const said = program.type === undefined ? undefined : programType(program.type)?.name;
  const type: ProgramTypeName = overrides.type ?? nameOf(said) ?? "syscall";
  const always = "sleepable" in programTypes[type];
  return {
    rcu:
      overrides.rcu ?? program.rcu ?? (program.origin.some((origin) => origin !== undefined) ? "explicit" : "implicit"),
    type,
    sleepable: always || (overrides.sleepable ?? program.sleepable ?? false),
    privileged: overrides.privileged ?? true,
    ...attachOf(program, overrides),
    ...(overrides.strictAlignment === true ? { strictAlignment: true } : {}),
    kernel: "linux-6.18",
  };
}

function attachOf({ attach }: Program, { attachType }: Partial<Profile>): Pick<Profile, "attachType"> {
  const number = attachType ?? (attach === undefined ? undefined : attachNumber(attach));
  return number === undefined ? {} : { attachType: number };
}

function nameOf(name: string | undefined): ProgramTypeName | undefined {
  return (Object.keys(programTypes) as ProgramTypeName[]).find((known) => known === name);
}

/**
 * Judges a program. Never throws for the program's faults: they are the verdict.
 * `undecided` means the budget was used up; it is neither an acceptance nor a refusal.
 */
export function verify(program: Program, profile: Partial<Profile> = {}, options: VerifyOptions = {}): Verdict {
  const began = performance.now();
  const full = defaultProfile(program, profile);
  const level = options.logLevel ?? 0;
  const walkLog = level === 0 ? null : new WalkLog(program, level);
  const judged = judge(program, full, options, walkLog);
  const statistics: Statistics = { ...judged.counters, milliseconds: performance.now() - began };
  const loop = judged.outcome === "rejected" && judged.refusal.code === "E0201" ? judged.refusal.state : undefined;
  walkLog?.end(statistics, options.limits?.instructions ?? BUDGET, messageOf(judged), loop ?? null);
  const base = { profile: full, statistics, ...(walkLog === null ? {} : { log: walkLog.text() }) };
  switch (judged.outcome) {
    case "accepted":
      return { ...base, verdict: "accepted", diagnostics: [], program: asVerified(program, full, judged.facts) };
    case "undecided":
      return {
        ...base,
        verdict: "undecided",
        kernelMessage: judged.kernel,
        diagnostics: [tooComplex(program, full, judged)],
      };
    case "rejected": {
      const { refusal } = judged;
      const other = () => judge(program, { ...full, rcu: "implicit" }, options, null).outcome === "accepted";
      const diagnostic = diagnose(program, full, refusal, other);
      return { ...base, verdict: "rejected", kernelMessage: refusal.kernel ?? "", diagnostics: [diagnostic] };
    }
  }
}

/** The only place that makes one. */
function asVerified(program: Program, profile: Profile, facts: Facts): VerifiedProgram {
  return { program, profile, facts } as VerifiedProgram;
}

function factsOf({ program: { maps }, through, about }: Env): Facts {
  const context = [...through].flatMap(([pc, kind]) => (kind === "ctx" ? [pc] : []));
  const known = [...about].flatMap(([pc, map]): (readonly [number, number])[] => {
    // A map that others have in them stands for all of those.
    const isOne = map !== null && !maps.some(({ inner }) => inner === map);
    return isOne && maps.includes(map) ? [[pc, maps.indexOf(map)]] : [];
  });
  return { context: new Set(context), maps: new Map(known) };
}

type Counters = Omit<Statistics, "milliseconds">;
type Judged = { readonly counters: Counters } & (
  | { readonly outcome: "accepted"; readonly facts: Facts }
  /** `stopped`: why, where it was not the budget. */
  | { readonly outcome: "undecided"; readonly kernel: string; readonly stopped?: string }
  | { readonly outcome: "rejected"; readonly refusal: Refusal }
);

function messageOf(judged: Judged): string {
  return judged.outcome === "accepted"
    ? ""
    : judged.outcome === "undecided"
      ? (judged.stopped ?? judged.kernel)
      : (judged.refusal.kernel ?? judged.refusal.text);
}

const nothing: Counters = { instructions: 0, states: 0, peakStates: 0, pruned: 0 };

function judge(program: Program, profile: Profile, options: VerifyOptions, log: WalkLog | null): Judged {
  let search: Search | null = null;
  const counters = (): Counters => (search === null ? nothing : { ...search.counters });
  const budget = options.limits?.instructions ?? BUDGET;
  try {
    if (program.type !== undefined && nameOf(program.type) === undefined) unknownType(program.type);
    if (program.attach !== undefined) checkAttach(program.attach, profile);
    const depths = new Depths();
    let ids = 1;
    const entered = new Set<number>();
    const entries: State[] = [];
    refuseForeign(program);
    const structure: Structure = structureOf(program);
    checkSignatures(program, structure);
    checkMapUses(program, profile);
    const env: Env = {
      program,
      profile,
      structure,
      reference: options.engine === "reference",
      through: new Map(),
      about: new Map(),
      speculation: new Speculation(),
      nextId: () => ++ids,
      deepen: (start, bytes, pc) => depths.add(start, bytes, pc),
      push: (state) => {
        log?.pushed(state);
        search?.push(state);
      },
      pushEntry: (state) => {
        depths.callbacks.add(state.pc);
        entries.push(state);
      },
      enterGlobal: (pc) => {
        if (entered.has(pc)) return;
        entered.add(pc);
        entries.push(globalEntry(pc, program.functions.find((f) => f.pc === pc)?.args ?? [], env));
      },
    };
    const { onState } = options;
    const trace = (state: State): void => {
      if (!state.speculative) onState?.(state);
      log?.state(state);
    };
    const safe = log === null ? null : (state: State): void => log.safe(state);
    const waits = log === null ? null : ({ kernel }: Refusal): void => log.waits(kernel ?? "");
    search = new Search({
      env,
      waits,
      budget,
      trace: log === null && onState === undefined ? null : trace,
      safe,
      breathe: breathing(options),
    });
    search.push(mainEntry());
    search.run();
    // Timer callbacks and global functions are walked once something has asked for them (kernel: do_check_subprogs).
    for (let entry = entries.shift(); entry !== undefined; entry = entries.shift()) {
      search.push(entry);
      search.run();
    }
    checkStackDepth(env, depths);
    return { outcome: "accepted", facts: factsOf(env), counters: counters() };
  } catch (error) {
    if (error instanceof Rejection) return { outcome: "rejected", refusal: error.refusal, counters: counters() };
    if (error instanceof Undecided) {
      if (error.kernel === null)
        return { outcome: "undecided", kernel: "", stopped: error.message, counters: counters() };
      return { outcome: "undecided", kernel: error.kernel, counters: counters() };
    }
    throw error;
  }
}

/** What is done every few thousand instructions; null where nobody asked for anything. */
function breathing({ signal, onProgress }: VerifyOptions): ((so: Readonly<Counted>) => void) | null {
  if (signal === undefined && onProgress === undefined) return null;
  const check = (): void => {
    if (signal?.aborted === true) throw new Undecided(reasonOf(signal), null);
  };
  check();
  return (so) => {
    onProgress?.(so);
    check();
  };
}

function reasonOf({ reason }: Stop): string {
  const said = reason instanceof Error ? reason.message : typeof reason === "string" ? reason : "";
  return said === "" ? "it was asked to stop" : said;
}

function mainEntry(): State {
  const state = new State(0);
  const frame = new Frame("main", -1, 0, 0, null);
  frame.regs[1] = pointer("ctx", {});
  frame.regs[10] = pointer("stack", { frame: 0 });
  state.frames = [frame];
  return state;
}

function globalEntry(pc: number, args: NonNullable<Program["functions"][number]["args"]>, env: Env): State {
  const state = new State(pc);
  const frame = new Frame("global", -1, pc, 0, null);
  args.forEach((arg, at) => {
    if (arg === "scalar") frame.regs[at + 1] = unknownScalar;
    else if (arg === "ctx") frame.regs[at + 1] = pointer("ctx", {});
    else {
      const id = env.nextId();
      frame.regs[at + 1] = pointer("mem", { size: arg.mem, maybeNull: !arg.nonnull, id, origin: id });
    }
  });
  frame.regs[10] = pointer("stack", { frame: 0 });
  state.frames = [frame];
  state.path = { previous: null, from: -1, to: pc, kind: "goto" };
  return state;
}

/** A name in the text that the program's type has not (kernel: bpf_prog_load_check_attach). */
function checkAttach(name: string, { type }: Profile): void {
  const { attaches }: ProgramType = programTypes[type];
  if (attaches?.some((each) => each === name)) return;
  reject({
    code: "E0701",
    pc: 0,
    operand: "whole",
    text: `\`${type}\` programs are not attached to \`${name}\``,
    label: attaches === undefined ? "nothing depends on where this type is attached" : `known: ${attaches.join(", ")}`,
    kernel: "invalid attach type",
  });
}

function unknownType(name: string): never {
  return reject({
    code: "E0701",
    pc: 0,
    operand: "whole",
    text: `there is no program type \`${name}\` here`,
    label: `known: ${Object.keys(programTypes).join(", ")}`,
    kernel: "invalid program type",
  });
}

/** What Linux refuses before it walks: encodings that are no instruction (kernel: resolve_pseudo_ldimm64, check_cfg). */
function refuseForeign(program: Program): void {
  const last = program.insns.length - 1;
  if (program.insns[last]?.kind === "invalid") {
    reject({
      code: "E0203",
      pc: last,
      operand: "whole",
      text: "the program can run off its end",
      label: "the last instruction must be `exit` or a jump",
      kernel: "last insn is not an exit or jmp",
    });
  }
  program.insns.forEach((insn, pc) => {
    if (insn?.kind === "invalid") {
      reject({
        code: "E0111",
        pc,
        operand: "whole",
        text: "not an instruction",
        label: insn.reason,
        // Loads are looked at before opcodes are.
        kernel: /^unknown opcode .[19]$/.test(insn.reason) ? "BPF_LDX uses reserved fields" : insn.reason,
      });
    }
    if (insn?.kind === "callx") {
      reject({
        code: "E0406",
        pc,
        operand: "whole",
        text: "calls through a register are not verified",
        label: "Linux has no such instruction",
        kernel: "unknown opcode 8d",
      });
    }
  });
}

function tooComplex(
  program: Program,
  profile: Profile,
  { kernel, stopped }: { readonly kernel: string; readonly stopped?: string },
): Diagnostic {
  const at = spanAt(program, 0);
  return {
    code: "E0202",
    severity: "error",
    ...(at === undefined ? {} : { at }),
    pc: 0,
    text:
      stopped === undefined
        ? "the program is too complex to decide within the budget"
        : `stopped before there was a verdict: ${stopped}`,
    label: "neither accepted nor refused",
    notes: [],
    facts: [{ name: "profile", text: profileText(profile) }],
    ...(stopped === undefined ? { kernelMessage: kernel } : {}),
  };
}
