// Runs of a program held against what the verifier said of it: whenever an instruction is about to run, some state the
// verifier had there must contain the machine: registers, stack bytes, links between numbers, locks and RCU depth.
// The reference engine keeps all it knows, so everything live is compared with it. The other engine lets states that
// differ in what nobody relied on stand for one another; with it, a kept state must contain what was found to be
// relied on, and every other state the kinds of what is live.
import type { Program } from "../../src/isa/program.ts";
import { POINTER_HIGH, region } from "../../src/memory/layout.ts";
import { liveness } from "../../src/verifier/search/liveness.ts";
import { byteKind, type Slot, SPILL, ZERO } from "../../src/verifier/state/stack.ts";
import type { Frame, OpenState, State } from "../../src/verifier/state/state.ts";
import { kindText, uninit, type Value } from "../../src/verifier/state/value.ts";
import type { Profile, VerifyOptions } from "../../src/verifier/verdict.ts";
import { verify } from "../../src/verifier/verify.ts";
import { INSN_WORDS, REG_WORDS } from "../../src/vm/code.ts";
import { frameAt } from "../../src/vm/frames.ts";
import type { Loaded, RunInput } from "../../src/vm/machine.ts";
import {
  type Cpu,
  frame,
  NOT_WRITABLE,
  SLOT_WORDS,
  STACK_BYTES,
  word,
  state as words,
} from "../../src/vm/registers.ts";

export type Engine = NonNullable<VerifyOptions["engine"]>;

interface Seen {
  readonly state: State;
  /** The kept state that this is a copy of: its marks say, once the walk is over, what was relied on. */
  readonly kept: OpenState | null;
}

export interface Judged {
  readonly program: Program;
  readonly verdict: "accepted" | "rejected" | "undecided";
  readonly engine: Engine;
  /** By slot. */
  readonly seen: readonly (readonly Seen[] | undefined)[];
  readonly live: Uint16Array;
}

/** Judges a program and keeps every state that the verifier walked. */
export function judged(program: Program, profile: Partial<Profile>, engine: Engine): Judged {
  const seen: Seen[][] = [];
  const onState = (state: State): void => {
    const { parent } = state;
    const isKept = parent !== null && parent.state.pc === state.pc && parent.state.path === state.path;
    (seen[state.pc] ??= []).push({ state: state.copy(), kept: isKept ? parent : null });
  };
  const { verdict } = verify(program, profile, { engine, onState });
  return { program, verdict, engine, seen, live: liveness(program) };
}

export interface Departure {
  readonly text: string;
  readonly engine: Engine;
}

/**
 * What is wrong with one run: an instruction at which no state contains it, or a fault. `compared` counts instructions.
 */
export function departureOf(
  judgements: readonly Judged[],
  loaded: Loaded,
  input: RunInput,
  compared: { instructions: number },
): Departure | undefined {
  const run = loaded.start(input);
  const { cpu } = run;
  for (let status = run.status; status === "running"; status = run.step()) {
    if (cpu.R[words.busy] !== 0) continue;
    const machine = new Concrete(cpu);
    compared.instructions++;
    for (const judgement of judgements) {
      const text = outside(judgement, machine);
      if (text !== undefined) return { text, engine: judgement.engine };
    }
  }
  const result = run.result();
  if (result.kind === "exit") return undefined;
  return {
    text: `an accepted program faults at ${result.fault.pc}: ${result.fault.code} ${result.fault.text}`,
    engine: "reference",
  };
}

function outside(judgement: Judged, machine: Concrete): string | undefined {
  const candidates = judgement.seen[machine.pc] ?? [];
  let why = "the verifier was never here";
  for (const seen of candidates) {
    const misfit = misfitOf(judgement, seen, machine);
    if (misfit === undefined) return undefined;
    why = misfit;
  }
  return `at ${machine.pc}, none of ${candidates.length} states: ${why}`;
}

/** The machine between two instructions, in the verifier's terms. */
class Concrete {
  readonly cpu: Cpu;
  readonly pc: number;
  readonly depth: number;

  constructor(cpu: Cpu) {
    cpu.refresh();
    this.cpu = cpu;
    this.pc = cpu.R[words.pc] / INSN_WORDS;
    this.depth = cpu.R[words.frame];
  }

  /** Where the words of a register are: of a frame that waits, in what its callee saved. */
  register(depth: number, reg: number): number {
    if (depth === this.depth) return reg * REG_WORDS;
    return frameAt(depth + 1) + frame.saved + (reg - 6) * REG_WORDS;
  }
  slotAt(depth: number, slot: number): number {
    return SLOT_WORDS + depth * STACK_BYTES + STACK_BYTES - 8 * (slot + 1);
  }
  slotBytes(depth: number, slot: number): Uint8Array {
    const top = this.cpu.stacks[depth].address + STACK_BYTES;
    return this.cpu.U.subarray(top - 8 * (slot + 1), top - 8 * slot);
  }
  returnsTo(depth: number): number {
    return this.cpu.R[frameAt(depth) + frame.returnTo] / INSN_WORDS;
  }
}

/** By identity: the number that all linked to it were copied from. */
type Links = Map<number, bigint>;

function misfitOf(judgement: Judged, seen: Seen, machine: Concrete): string | undefined {
  const { state, kept } = seen;
  const { R } = machine.cpu;
  if (state.frames.length !== machine.depth + 1) return `${state.frames.length} frames`;
  if ((state.lock === null) !== (R[words.spin] === 0)) return "the lock";
  if (state.preempt !== R[words.preempt]) return "preemption";
  const links: Links = new Map();
  for (const [depth, now] of state.frames.entries()) {
    const inner = state.frames[depth + 1];
    if (inner !== undefined && inner.role === "static" && machine.returnsTo(depth + 1) !== inner.callsite + 1) {
      return "the place to return to";
    }
    const marks = judgement.engine === "reference" ? EVERYTHING : (kept?.state.frames[depth] ?? null);
    const live = liveIn(judgement, state, depth);
    const misfit = misfitOfFrame(now, depth, machine, links, live, marks);
    if (misfit !== undefined) return `${misfit} of frame ${depth}`;
  }
  return undefined;
}

/** What was relied on in a kept frame. */
type Marks = Pick<Frame, "precise" | "preciseLo" | "preciseHi" | "readLo" | "readHi">;
const EVERYTHING: Marks = { precise: -1, preciseLo: -1, preciseHi: -1, readLo: -1, readHi: -1 };

function liveIn(judgement: Judged, state: State, depth: number): number {
  const inner = state.frames[depth + 1];
  if (inner === undefined) return judgement.live[state.pc] ?? 0;
  // Only r6 to r9 of a caller are somewhere to be looked at.
  return inner.role === "static" ? (judgement.live[inner.callsite + 1] ?? 0) & 0x3c0 : 0x3c0;
}

function misfitOfFrame(
  now: Frame,
  depth: number,
  machine: Concrete,
  links: Links,
  live: number,
  marks: Marks | null,
): string | undefined {
  for (let reg = 0; reg < 10; reg++) {
    if (((live >> reg) & 1) === 0) continue;
    const value = now.regs[reg] ?? uninit;
    const free = marks === null || ((marks.precise >> reg) & 1) === 0;
    if (free && value.kind === "scalar") continue;
    const at = machine.register(depth, reg);
    const { R } = machine.cpu;
    const misfit = misfitOfValue(value, machine, at, R[at + 1], R[at], links);
    if (misfit !== undefined) return `r${reg} ${misfit}`;
  }
  if (marks === null) return undefined;
  for (let at = 0; at < now.stack.count; at++) {
    const bit = 1 << (at & 31);
    if (((at < 32 ? marks.readLo : marks.readHi) & bit) === 0) continue;
    const precise = ((at < 32 ? marks.preciseLo : marks.preciseHi) & bit) !== 0;
    const misfit = misfitOfSlot(now.stack.slot(at), depth, at, machine, links, precise);
    if (misfit !== undefined) return `fp-${8 * (at + 1)} ${misfit}`;
  }
  return undefined;
}

function misfitOfSlot(
  slot: Slot,
  depth: number,
  at: number,
  machine: Concrete,
  links: Links,
  precise: boolean,
): string | undefined {
  const bytes = machine.slotBytes(depth, at);
  const spilled = slot.value;
  if (spilled !== null && (spilled.kind !== "scalar" || precise)) {
    const half = (from: number): number => {
      let out = 0;
      for (let byte = Math.min(from + 4, slot.spilled) - 1; byte >= from; byte--) out = (out << 8) | (bytes[byte] ?? 0);
      return out;
    };
    const misfit = misfitOfValue(spilled, machine, machine.slotAt(depth, at), half(4), half(0), links);
    if (misfit !== undefined) return misfit;
  }
  for (let byte = 0; byte < 8; byte++) {
    const kind = byteKind(slot, byte);
    if (kind === ZERO && precise && bytes[byte] !== 0) return `byte ${byte} is ${bytes[byte]}, not 0`;
    if (kind === SPILL && spilled === null) return `byte ${byte} is said to be spilled`;
  }
  return undefined;
}

/** `at`: the words that say where the value came from. */
function misfitOfValue(
  value: Value,
  machine: Concrete,
  at: number,
  hi: number,
  lo: number,
  links: Links,
): string | undefined {
  if (value.kind === "uninit") return undefined;
  if (value.kind === "scalar") {
    if (!value.scalar.containsHalves(hi, lo)) return `is ${hex(hi, lo)}, not in ${range(value)}`;
    if (value.id === 0) return undefined;
    const original = originalOf(value, hi, lo);
    const other = links.get(value.id) ?? original;
    links.set(value.id, other);
    return other === original ? undefined : `is ${hex(hi, lo)}, a copy of ${original}, and another is one of ${other}`;
  }
  if (value.maybeNull && (hi | lo) === 0) return undefined;
  const base = baseOf(machine, value, at);
  if (typeof base === "string") return `is no ${kindText(value)}: ${base}`;
  if (base === undefined) return undefined;
  // Pointers keep their upper half, for they are never moved as far as that.
  const distance = (lo >>> 0) - (base >>> 0) - value.off;
  if (hi !== POINTER_HIGH || !value.scalar.containsHalves(distance < 0 ? -1 : 0, distance | 0)) {
    return `is ${hex(hi, lo)}, moved by ${distance} beside ${value.off}, not in ${range(value)}`;
  }
  if (value.kind === "packet" && value.size > 0) {
    const beyond = (lo >>> 0) - value.off + value.size - machine.cpu.R[words.packetEnd];
    if (beyond > 0) return `has ${value.size} bytes proven, ${beyond} too many`;
  }
  return undefined;
}

/** The number before the constant was added that a linked number carries. */
function originalOf(value: Value, hi: number, lo: number): bigint {
  const number = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  return value.size === 0 ? number : BigInt.asUintN(value.size, number - BigInt(value.off));
}

function hex(hi: number, lo: number): string {
  return `0x${((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)).toString(16)}`;
}

function range(value: Value): string {
  const { umin, umax, smin, smax, tnumValue, tnumMask } = value.scalar;
  return `u ${umin}..${umax} s ${smin}..${smax} bits ${tnumValue.toString(16)};${tnumMask.toString(16)}`;
}

/** Where a pointer's offset counts from; undefined: not looked at; a text: it is no such pointer. */
function baseOf(machine: Concrete, value: Value, at: number): number | undefined | string {
  const { cpu } = machine;
  const { R } = cpu;
  const id = R[at + word.region] & ~NOT_WRITABLE;
  const is = (wanted: number, base: number): number | string => (id === wanted ? base : `region ${id}`);
  switch (value.kind) {
    case "ctx":
      return is(R[words.ctxRegion], cpu.memory.regionWord(R[words.ctxRegion], region.base));
    case "stack": {
      const owner = frameAt(value.frame);
      return is(R[owner + frame.stackRegion], R[owner + frame.stackTop]);
    }
    case "packet":
    case "packetMeta":
      return is(R[words.packetRegion], R[words.packetStart]);
    case "packetEnd":
      return is(R[words.packetRegion], R[words.packetEnd]);
    case "mapValue":
    case "mapKey":
    case "mem":
      return R[at + word.region] > 0 ? R[at + word.base] : "a number";
    default:
      return undefined;
  }
}
