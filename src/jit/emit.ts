// A whole program as one WebAssembly module: a function for each function of the program that is reached from the first, and
// for those that something outside calls (the first, and callbacks) an entry that takes the registers from the CPU's words
// and leaves r0 there.
import { blocks as blocksOf } from "../isa/cfg.ts";
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";
import type { Maps } from "../maps/maps.ts";
import type { Facts } from "../verifier/verdict.ts";
import { REG_WORDS } from "../vm/code.ts";
import { state } from "../vm/registers.ts";
import {
  type Code,
  call,
  get,
  getGlobal,
  give,
  i32,
  i64,
  set,
  setGlobal,
  type,
  unreachable,
  unsigned,
  when,
} from "../wasm/code.ts";
import type { Func, Parts, Signature } from "../wasm/module.ts";
import { argumentCounts, argumentsOf } from "./arguments.ts";
import { turned } from "./byte-order.ts";
import { allOf, type Demand, demandIn } from "./demand.ts";
import { type Flow, joined, threaded } from "./flow.ts";
import { callsIn, enteredFromOutside, functionName, insideTheirCallers, leaves, reached } from "./functions.ts";
import { Locals } from "./locals.ts";
import { chosen, condition, lowering, stuck } from "./lower.ts";
import { MapCode } from "./maps.ts";
import { narrowAfter, narrowAfterChoice, narrowAtStart } from "./narrow.ts";
import { globals, imported, type Place } from "./place.ts";
import { writesFramePointer } from "./refusal.ts";
import { type Rotation, rotationsIn } from "./rotate.ts";
import { type Content, structured } from "./structure.ts";

const { i32: narrow, i64: wide } = type;
const signature = (parameters: number, results: number): Signature => ({
  parameters: Array.from({ length: parameters }, () => narrow),
  results: Array.from({ length: results }, () => narrow),
});
/** What is imported: the slot first, where it is asked for, and where the frame matters its bottom. */
const signatures: Readonly<Record<keyof typeof imported, Signature>> = {
  helper: signature(3, 0),
  kfunc: signature(3, 0),
  callx: signature(4, 1),
  tailCall: signature(2, 1),
  goOn: signature(1, 0),
  check: signature(4, 1),
  enter: signature(2, 0),
  spent: signature(1, 0),
  stuck: signature(1, 0),
};
/** A block with a result of 64 bits, its end, and how to leave. */
const BLOCK_OF_I64 = [0x02, type.i64];
const END = 0x0b;
const leave = 0x0f;
const branch = (depth: number): Code => [0x0c, unsigned(depth)];
const names = Object.keys(imported) as readonly (keyof typeof imported)[];

export interface Given extends Pick<Place, "checked" | "pointers" | "resolved"> {
  readonly program: Program;
  /** What was proven of the program; not of one that is checked. */
  readonly facts: Facts | undefined;
  /** Marks where each instruction's code begins. */
  readonly marked?: true;
  /** The machine's. */
  readonly maps: Maps;
}

/** The module. The entry of the function at slot `n` is exported as `n`, and takes the bottom of its frame. */
export function emit(given: Given): Parts {
  const { insns } = given.program;
  const { shared } = given.maps.memory;
  const list = blocksOf(insns);
  // Where instructions are counted, a jump counts too.
  const blocks = given.checked
    ? new Map(list.map((block) => [block.start, block]))
    : joined(insns, threaded(insns, list));
  const flows = reached(given.program, blocks);
  const counts = argumentCounts(given.program, flows);
  const program = turned(given.program, flows, counts);
  const { maps, checked, facts } = given;
  const isPointer = (pc: number): boolean => {
    const insn = program.insns[pc];
    if (insn?.kind !== "load" || insn.size !== 4 || insn.signed || given.pointers.size === 0) return false;
    return facts === undefined ? insn.base !== 10 : facts.context.has(pc) && given.pointers.has(insn.off);
  };
  const loadedAt = new Map<number, number>();
  program.insns.forEach((insn, pc) => {
    if (insn?.kind === "imm64" && (insn.what === "mapFd" || insn.what === "mapIdx")) loadedAt.set(insn.low, pc);
  });
  const mapOf = (pc: number): number | undefined => {
    const slot = loadedAt.get(facts?.maps.get(pc) ?? -1);
    return slot === undefined ? undefined : given.resolved(slot)?.lo;
  };
  const starts = [...flows.keys()];
  const leaving = new Set(starts.filter((start) => leaves(program, flows.get(start))));
  const calls = callsIn(program, flows);
  const entered = enteredFromOutside(program);
  const inside = checked ? new Set<number>() : insideTheirCallers(program, flows, calls, { leaving, entered });
  // The first function stands in its entry, unless the program calls it, too.
  const apart = starts.filter((start) => (entered.has(start) ? start !== 0 || calls.has(0) : !inside.has(start)));
  const indices = new Map(apart.map((start, n) => [start, names.length + n]));
  const first = names.length + apart.length;
  const mapCode = new MapCode({ maps, cpuIndex: globals.cpuIndex, first });
  const codeOf = (start: number, flow: Flow, locals: Locals, ends: Place["ends"]): Code => {
    const rotations = new Map<number, Rotation>();
    const demand = checked ? allOf(program, flow) : demandIn(program, flow, counts);
    const place: Place = {
      ...given,
      shared,
      locals,
      mapCall: (insn, pc) => (checked ? undefined : mapCode.inPlaceOf(insn, mapOf(pc))),
      isPointer,
      callee: (slot) => {
        const called = flows.get(slot);
        if (called === undefined) return null;
        const count = counts.get(slot) ?? 0;
        const leaves = leaving.has(slot);
        if (!inside.has(slot)) return { call: (operands) => call(indices.get(slot) ?? 0, operands), count, leaves };
        return {
          count,
          leaves,
          call: (operands) => {
            const its = Locals.inside(locals, functionName(program, slot));
            const given = operands.slice(0, -1).map((value, n) => set(its.wide(n + 1), value));
            // Its exits lead behind it, with the result.
            const body = codeOf(slot, called, its, (result, depth) => [result, branch(depth)]);
            return [given, set(its.frame, operands.at(-1) ?? []), BLOCK_OF_I64, body, unreachable, END];
          },
        };
      },
      handedOver: (insn) => argumentsOf(program, insn),
      wholeAfter: (pc) => demand.wholeAfter[pc],
      rotation: (pc) => rotations.get(pc),
      ends,
      depth: 0,
    };
    return functionCode(place, { ...given, program }, flow, counts.get(start) ?? 0, { rotations, demand });
  };
  const flowFrom = (start: number): Flow => {
    const flow = flows.get(start);
    if (flow === undefined) throw new Error(`no function begins at ${start}`);
    return flow;
  };
  const functionOf = (start: number): Func => {
    const locals = Locals.ofFunction(counts.get(start) ?? 0);
    const body = [codeOf(start, flowFrom(start), locals, give), unreachable];
    const { parameters, locals: others, names } = locals.function;
    const says = { name: functionName(program, start), locals: names };
    return { parameters, results: [wide], locals: others, body, says };
  };
  const entryOf = (start: number): Func => {
    const count = counts.get(start) ?? 0;
    const cpu = getGlobal(globals.cpu);
    const register = (n: number) => n * REG_WORDS * 4;
    const begin = start === 0 && checked ? setGlobal(globals.context, i32.load(cpu, register(1))) : [];
    const values = Array.from({ length: count }, (_, n) => i64.load(cpu, register(n + 1)));
    const locals = Locals.ofFunction(0);
    const index = indices.get(start);
    let body: Code;
    if (index !== undefined) body = i64.store(cpu, call(index, [...values, get(locals.frame)]));
    else {
      const given = values.map((value, n) => set(locals.wide(n + 1), value));
      const code = codeOf(start, flowFrom(start), locals, (result) => [i64.store(cpu, result), leave]);
      body = [given, code, unreachable];
    }
    const { parameters, locals: others, names } = locals.function;
    const says = { name: `enter_${start}`, locals: names };
    return { name: String(start), parameters, results: [], locals: others, says, body: [begin, body] };
  };
  const functions = apart.map(functionOf);
  const entries = starts.filter((start) => entered.has(start)).map(entryOf);
  return {
    imports: names.map((name) => ({ name, ...signatures[name] })),
    constants: ["cpu", "cpuIndex"],
    variables: checked ? 1 : 0,
    shared,
    functions: [...functions, ...mapCode.functions, ...entries],
  };
}

/** What the instructions of the block that is being compiled refer to. */
interface InBlock {
  readonly demand: Demand;
  readonly rotations: Map<number, Rotation>;
}

function functionCode(
  at: Place,
  { program, marked }: Given,
  flow: Flow,
  count: number,
  { rotations, demand }: InBlock,
): Code {
  const { insns } = program;
  const { locals, checked } = at;
  const { live, wholeAfter } = demand;
  const narrow = narrowAtStart(program, flow, at.isPointer, count, demand);
  const body = (n: number, depth: number): Code => {
    at.depth = depth;
    const { start, end, next, unless = -1 } = flow.nodes[n];
    if (start === end) return stuck(start);
    const code: Code[] = [];
    let done = 0;
    locals.narrow = narrow[n];
    const { at: found, kept } = rotationsIn(insns, start, end);
    rotations.clear();
    for (const [pc, rotation] of found) rotations.set(pc, rotation);
    const keep = (after: number): void => {
      kept.forEach((one, place) => {
        if (one.after !== after) return;
        const { register, width } = one;
        code.push(set(locals.kept(place, width), width === 64 ? locals.read(register) : locals.low(register)));
      });
    };
    if (kept.length > 0) keep(-1);
    for (let pc = start; pc < end; pc++) {
      const insn = insns[pc];
      if (insn === null) continue;
      if (marked) code.push({ mark: pc });
      code.push(writesFramePointer(insn) ? stuck(pc) : lowered(at, insn, pc));
      locals.narrow = narrowAfter(locals.narrow, insn, at.isPointer(pc), wholeAfter[pc]);
      if (kept.length > 0) keep(pc);
      done++;
    }
    const move = insns[unless];
    if (move) {
      if (marked) code.push({ mark: unless });
      const after = narrowAfterChoice(locals.narrow, move, wholeAfter[unless]);
      code.push(chosen(at, last(n), move, "dst" in move && ((after >> move.dst) & 1) !== 0));
      locals.narrow = after;
    }
    const whole = next.reduce((bits, to) => bits | (live[to] & ~narrow[to]), 0);
    const low = next.reduce((bits, to) => bits | (live[to] & narrow[to]), 0);
    code.push(locals.move(whole, low));
    return checked ? [counted(start, done), code] : code;
  };
  const last = (n: number): Insn | null | undefined => {
    const { end } = flow.nodes[n];
    return insns[insns[end - 1] === null ? end - 2 : end - 1];
  };
  const content: Content = {
    body,
    condition: (n) => condition(at, last(n)),
    get nextNode() {
      return locals.nextNode;
    },
  };
  return structured(flow, content);
}

function lowered<I extends Insn>(at: Place, insn: I, pc: number): Code {
  // The table's row is the one for this kind.
  return (lowering[insn.kind] as (at: Place, insn: I, pc: number) => Code)(at, insn, pc);
}

/** Counts a block's instructions before they run. */
function counted(start: number, count: number): Code {
  const cpu = getGlobal(globals.cpu);
  const done = i32.load(cpu, state.count * 4);
  return [
    i32.store(cpu, i32.add(done, i32.const(count)), state.count * 4),
    when(i32.gtU(done, i32.load(cpu, state.limit * 4)), call(imported.spent, i32.const(start))),
  ];
}
