// Litmus tests run instead of reasoned about: every interleaving of the threads on one memory, and for total store order
// on CPUs with a store buffer each. Nothing is shared with the axiomatic engine but the ISA's `eval` and the test itself.
import { evalAlu, evalMovsx, evalNeg } from "../../../src/isa/alu.ts";
import { evalAtomic } from "../../../src/isa/atomic.ts";
import type { Insn } from "../../../src/isa/insn.ts";
import { evalJump } from "../../../src/isa/jump.ts";
import { areaOf, extended, type LitmusTest, type Term, valueText } from "../../../src/litmus/axioms/test.ts";

export interface MachineOptions {
  readonly buffers: boolean;
  readonly failedExchangeFences?: boolean;
}

interface Store {
  readonly address: number;
  readonly size: number;
  readonly value: bigint;
}

interface Cpu {
  readonly pc: number;
  readonly registers: readonly bigint[];
  readonly buffer: readonly Store[];
}

interface State {
  readonly cpus: readonly Cpu[];
  readonly memory: ReadonlyMap<number, number>;
}

/** The final states, each as the values of the observed terms; `undefined` if some execution goes outside the locations. */
export function machineStates(test: LitmusTest, options: MachineOptions): ReadonlySet<string> | undefined {
  const finals = new Set<string>();
  const seen = new Set<string>();
  const work: State[] = [begin(test)];
  for (let state = work.pop(); state !== undefined; state = work.pop()) {
    const key = keyOf(state);
    if (seen.has(key)) continue;
    seen.add(key);
    let steps = 0;
    for (const index of state.cpus.keys()) {
      const stepped = step(test, state, index, options);
      if (stepped === "outside") return undefined;
      const drained = drain(state, index);
      for (const next of [stepped, drained]) {
        if (next === undefined) continue;
        steps += 1;
        work.push(next);
      }
    }
    if (steps === 0) finals.add(test.observed.map((term) => valueText(test, observe(test, state, term))).join());
  }
  return finals;
}

function begin(test: LitmusTest): State {
  const memory = new Map<number, number>();
  for (const { address, initial } of test.locations) {
    const bits = BigInt.asUintN(64, initial);
    for (let at = 0; at < 8; at++) memory.set(address + at, Number((bits >> BigInt(at * 8)) & 0xffn));
  }
  const cpus = test.threads.map(({ registers }) => ({
    pc: 0,
    registers: Array.from({ length: 11 }, (_, reg) => BigInt.asUintN(64, registers.get(reg) ?? 0n)),
    buffer: [],
  }));
  return { cpus, memory };
}

function keyOf({ cpus, memory }: State): string {
  const parts = cpus.map(({ pc, registers, buffer }) => {
    return `${pc};${registers.join()};${buffer.map((each) => `${each.address}/${each.size}=${each.value}`).join()}`;
  });
  return `${parts.join("|")}#${[...memory].sort(([a], [b]) => a - b).join(";")}`;
}

function observe(test: LitmusTest, { cpus, memory }: State, term: Term): bigint {
  if (term.kind === "register") return cpus[term.thread]?.registers[term.reg] ?? 0n;
  const location = test.locations[term.location];
  return location === undefined ? 0n : extended(bytesAt(memory, [], location.address, location.size), location.size);
}

/** What a CPU sees: each byte from its newest store that waits, or from memory. */
function bytesAt(memory: ReadonlyMap<number, number>, buffer: readonly Store[], address: number, size: number): bigint {
  let out = 0n;
  for (let at = 0; at < size; at++) {
    const byte = address + at;
    const waiting = buffer.findLast((each) => each.address <= byte && byte < each.address + each.size);
    const value =
      waiting === undefined
        ? BigInt(memory.get(byte) ?? 0)
        : (waiting.value >> BigInt((byte - waiting.address) * 8)) & 0xffn;
    out |= value << BigInt(at * 8);
  }
  return out;
}

function stored(memory: ReadonlyMap<number, number>, { address, size, value }: Store): ReadonlyMap<number, number> {
  const out = new Map(memory);
  for (let at = 0; at < size; at++) out.set(address + at, Number((value >> BigInt(at * 8)) & 0xffn));
  return out;
}

/** The CPU's oldest store reaches memory. */
function drain(state: State, index: number): State | undefined {
  const cpu = state.cpus[index];
  const [oldest, ...buffer] = cpu?.buffer ?? [];
  if (cpu === undefined || oldest === undefined) return undefined;
  return { cpus: state.cpus.with(index, { ...cpu, buffer }), memory: stored(state.memory, oldest) };
}

/** One instruction; undefined if the CPU is at its end or has to wait for its buffer. */
function step(test: LitmusTest, state: State, index: number, options: MachineOptions): State | "outside" | undefined {
  const cpu = state.cpus[index];
  const insn = cpu && test.threads[index]?.program.insns[cpu.pc];
  if (cpu === undefined || insn === undefined || insn === null || insn.kind === "exit") return undefined;
  const done = (next: Partial<Cpu>, memory = state.memory): State => ({
    cpus: state.cpus.with(index, { ...cpu, pc: cpu.pc + 1, ...next }),
    memory,
  });
  const reg = (number: number): bigint => cpu.registers[number] ?? 0n;
  const set = (number: number, value: bigint): Partial<Cpu> => ({ registers: cpu.registers.with(number, value) });
  const operand = (from: Extract<Insn, { kind: "alu" }>["src"]): bigint =>
    from.kind === "reg" ? reg(from.reg) : BigInt.asUintN(64, BigInt(from.value));
  if (insn.kind === "alu") return done(set(insn.dst, evalAlu(insn.op, insn.width, reg(insn.dst), operand(insn.src))));
  if (insn.kind === "neg") return done(set(insn.dst, evalNeg(insn.width, reg(insn.dst))));
  if (insn.kind === "jump") {
    const taken = evalJump(insn.op, insn.width, reg(insn.dst), operand(insn.src));
    return done({ pc: cpu.pc + 1 + (taken ? insn.off : 0) });
  }
  if (insn.kind === "goto") return done({ pc: cpu.pc + 1 + insn.off });
  if (!("base" in insn)) throw new Error(`no ${insn.kind} in generated tests`);
  const { size } = insn;
  const address = Number(BigInt.asUintN(64, reg(insn.base) + BigInt(insn.off)));
  if (areaOf(test, address, size) === undefined) return "outside";
  const seen = bytesAt(state.memory, cpu.buffer, address, size);
  if (insn.kind === "load" || insn.kind === "loadAcquire") {
    const signed = insn.kind === "load" && insn.signed && size !== 8;
    const bits = (size * 8) as 8 | 16 | 32;
    return done(set(insn.dst, signed ? evalMovsx(64, bits, seen) : seen));
  }
  if (insn.kind === "store" || insn.kind === "storeRelease") {
    const value = insn.kind === "store" ? operand(insn.src) : reg(insn.src);
    const store = { address, size, value: BigInt.asUintN(size * 8, value) };
    if (options.buffers) return done({ buffer: [...cpu.buffer, store] });
    return done({}, stored(state.memory, store));
  }
  const cut = (value: bigint): bigint => BigInt.asUintN(size * 8, value);
  const fails = insn.op === "cmpxchg" && seen !== cut(reg(0));
  const waits = cpu.buffer.length > 0 && (!fails || options.failedExchangeFences === true);
  if (waits) return undefined;
  const back = insn.op === "cmpxchg" ? set(0, seen) : insn.fetch ? set(insn.src, seen) : {};
  if (fails) return done(back);
  const value = evalAtomic(insn.op, insn.size, seen, reg(insn.src), reg(0));
  return done(back, stored(state.memory, { address, size, value }));
}
