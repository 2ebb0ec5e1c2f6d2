// The running kernel's verdict on a Program: its maps are created, the indices in its bytes become
// descriptors and BTF ids, it is loaded, and all is closed again. Nothing is attached.

import { endianness } from "node:os";
import { attachNumber } from "../host/programs.ts";
import { helperById } from "../host/table.ts";
import type { Insn } from "../isa/insn.ts";
import type { MapDef, Program } from "../isa/program.ts";
import { type FunctionShape, functionBtf, mapBtf } from "./btf-blob.ts";
import { type LogFacts, readLog } from "./log.ts";
import { loadFlag, programType } from "./names.ts";
import { type Descriptor, errnoName, type Kernel } from "./syscall.ts";

export interface JudgeOptions {
  /** The program type, for a program that does not say. */
  readonly type?: string;
  readonly sleepable?: boolean;
  /** enum bpf_attach_type; the program type's usual one if absent. */
  readonly attachType?: number;
  /** Without CAP_PERFMON and CAP_SYS_ADMIN. */
  readonly unprivileged?: boolean;
  /** Bits: 1 the failing path, 2 every step, 4 statistics. 5 if absent. */
  readonly logLevel?: number;
  /** BPF_F_* of the load, e.g. strict alignment. */
  readonly flags?: number;
}

export interface Judgement extends LogFacts {
  /** `unable`: the verifier was not reached (a map or kernel function is missing, the load is not permitted). */
  readonly verdict: "accept" | "reject" | "unable";
  /** Why it was not accepted: the last line the verifier said. */
  readonly message: string;
  readonly errno: number;
  readonly log: string;
}

/** Loads the program and closes it. */
export function judge(kernel: Kernel, program: Program, options: JudgeOptions = {}): Judgement {
  return judgeAndRun(kernel, program, options, () => undefined).judgement;
}

/**
 * Loads the program and hands the descriptors of it and of its maps to `use`; closes all of them afterwards.
 * `use` is not called when the program is not accepted.
 */
export function judgeAndRun<T>(
  kernel: Kernel,
  program: Program,
  options: JudgeOptions,
  use: (fd: number, mapFds: readonly number[]) => T,
): { readonly judgement: Judgement; readonly result?: T } {
  const open: number[] = [];
  try {
    const maps: number[] = [];
    for (const def of program.maps) {
      const made = createMap(kernel, def, open);
      if (made.fd === undefined) return unable(`the map ${def.name} cannot be created`, made.errno, made.log);
      maps.push(made.fd);
    }
    const insns = program.bytes(endianness() === "LE" ? "little" : "big");
    const missing = patch(kernel, program, insns, maps);
    if (missing !== undefined) return unable(`this kernel has no function ${missing}`, 0);
    const functions = shapesIfNeeded(program);
    let btf: { readonly fd: number; readonly funcInfo: Buffer; readonly count: number } | undefined;
    if (functions !== undefined) {
      const blob = functionBtf(functions);
      const made = kernel.loadBtf(blob.bytes);
      if (made.fd === undefined) return unable("the BTF of the functions was refused", made.errno, made.log);
      open.push(made.fd);
      btf = { fd: made.fd, funcInfo: blob.funcInfo, count: blob.count };
    }
    const type = program.type ?? options.type ?? "socket_filter";
    if (programType[type] === undefined) return unable(`bpf(2) knows no program type called ${type}`, 0);
    const place = program.attach === undefined ? undefined : attachNumber(program.attach);
    if (program.attach !== undefined && place === undefined) {
      return unable(`bpf(2) knows no place to attach to called ${program.attach}`, 0);
    }
    const sleepable = options.sleepable ?? program.sleepable ?? false;
    const answer = loadAgain(kernel, {
      type,
      insns,
      logLevel: options.logLevel ?? 5,
      flags: (options.flags ?? 0) | (sleepable ? loadFlag.sleepable : 0),
      btf,
      fdArray: maps,
      unprivileged: options.unprivileged,
      expectedAttachType: options.attachType ?? place,
    });
    if (answer.fd === undefined && errnoName(answer.errno) === "EAGAIN") {
      return unable(`signals interrupted the kernel's verifier ${ATTEMPTS} times`, answer.errno);
    }
    if (answer.fd === undefined) return { judgement: refusalOf(answer.errno, answer.log) };
    open.push(answer.fd);
    const judgement: Judgement = { ...readLog(answer.log), verdict: "accept", message: "", errno: 0, log: answer.log };
    return { judgement, result: use(answer.fd, maps) };
  } finally {
    for (const fd of open) kernel.close(fd);
  }
}

/** How often a program is loaded whose verification a signal interrupts, a profiler's for instance. */
const ATTEMPTS = 5;

/** Linux gives a verification up with EAGAIN when a signal arrives: that is no verdict. */
function loadAgain(kernel: Kernel, load: Parameters<Kernel["loadProgram"]>[0]): ReturnType<Kernel["loadProgram"]> {
  let answer = kernel.loadProgram(load);
  for (let n = 1; n < ATTEMPTS && errnoName(answer.errno) === "EAGAIN"; n++) answer = kernel.loadProgram(load);
  return answer;
}

function refusalOf(errno: number, log: string): Judgement {
  const facts = readLog(log);
  const name = errnoName(errno);
  // EPERM without a word in the log: the load was turned away before verification.
  const verdict = name === "EPERM" && facts.message === "" ? "unable" : "reject";
  return { ...facts, verdict, message: facts.message || name, errno, log };
}

function unable(text: string, errno: number, log = ""): { readonly judgement: Judgement } {
  const message = errno === 0 ? text : `${text}: ${errnoName(errno)}`;
  return { judgement: { verdict: "unable", message, errno, log } };
}

/** Creates a map with the BTF and the inner map it needs. What was opened, the map too, is added to `open`. */
export function createMap(kernel: Kernel, def: MapDef, open: number[]): Descriptor & { readonly log?: string } {
  let innerFd: number | undefined;
  if (def.inner !== undefined) {
    const inner = createMap(kernel, def.inner, open);
    if (inner.fd === undefined) return inner;
    innerFd = inner.fd;
  }
  let btf: { readonly fd: number; readonly keyType: number; readonly valueType: number } | undefined;
  if (def.fields !== undefined && def.fields.length > 0) {
    const blob = mapBtf(def.keySize, def.valueSize, def.fields);
    const made = kernel.loadBtf(blob.bytes);
    if (made.fd === undefined) return made;
    open.push(made.fd);
    btf = { fd: made.fd, keyType: blob.keyType, valueType: blob.valueType };
  }
  const { type, keySize, valueSize, maxEntries, flags } = def;
  const made = kernel.createMap({ type, keySize, valueSize, maxEntries, flags, innerFd, btf });
  if (made.fd !== undefined) open.push(made.fd);
  return made;
}

/** Writes descriptors and BTF ids over the indices; the name of a function that the kernel lacks, if one does. */
function patch(kernel: Kernel, program: Program, insns: Uint8Array, maps: readonly number[]): string | undefined {
  const view = new DataView(insns.buffer, insns.byteOffset, insns.byteLength);
  const little = endianness() === "LE";
  for (const [pc, insn] of program.insns.entries()) {
    if (insn?.kind === "imm64" && (insn.what === "mapFd" || insn.what === "mapValue")) {
      // An index of no map stays what it is: a bad descriptor, which the kernel will say.
      view.setInt32(pc * 8 + 4, maps[insn.low] ?? -1, little);
    } else if (insn?.kind === "callKfunc" && insn.btfFd === 0) {
      const name = program.kfuncs[insn.index] ?? `number ${insn.index}`;
      const id = kernel.kfuncBtfId(name);
      if (id === undefined) return name;
      view.setInt32(pc * 8 + 4, id, little);
    }
  }
  return undefined;
}

/**
 * The functions as BTF describes them; undefined where the kernel does not ask (no callback, no global function, and none
 * but the first that may end the program, by a tail call or a packet load).
 */
function shapesIfNeeded(program: Program): readonly FunctionShape[] | undefined {
  const starts = new Set([0]);
  let needed = false;
  program.insns.forEach((insn, pc) => {
    if (insn?.kind === "callLocal") starts.add(pc + 1 + insn.off);
    if (insn?.kind === "imm64" && insn.what === "func") {
      starts.add(pc + 1 + insn.low);
      needed = true;
    }
  });
  const named = new Map(program.functions.map((symbol) => [symbol.pc, symbol]));
  const second = Math.min(...[...starts].filter((start) => start !== 0));
  const isUnsaid = program.functions.some(({ returns }) => returns === "unsaid");
  if (!isUnsaid && program.insns.slice(second).some(mayEnd)) needed = true;
  for (const start of starts) if (start !== 0 && named.get(start)?.global === true) needed = true;
  if (!needed) return undefined;
  const inside = [...starts].filter((start) => start >= 0 && start < program.insns.length);
  return inside
    .sort((a, b) => a - b)
    .map((pc) => {
      const symbol = named.get(pc);
      // The verifier takes "unreliable" prototypes of static functions; those of global ones must say their arguments.
      return {
        name: identifier(symbol?.name ?? `function_${pc}`),
        pc,
        global: pc !== 0 && symbol?.global === true,
        args: symbol?.args,
      };
    });
}

function mayEnd(insn: Insn | null): boolean {
  return insn?.kind === "packet" || (insn?.kind === "callHelper" && helperById(insn.id)?.tailCall === true);
}

/** BTF wants names to be C identifiers. */
function identifier(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d)/, "_");
}
