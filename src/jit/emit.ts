// A whole program as one WebAssembly module: a function for each function of the program that is reached from the first, and
// for those that something outside calls (the first, and callbacks) an entry that takes the registers from the CPU's words
// and leaves r0 there.
import { type Block, blocks as blocksOf, called } from "../isa/cfg.ts";
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";
import type { Maps } from "../maps/maps.ts";
import { REG_WORDS } from "../vm/code.ts";
import { FRAMES, state } from "../vm/registers.ts";
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
import { type Flow, flowOf, joined, threaded } from "./flow.ts";
import { Locals } from "./locals.ts";
import { chosen, condition, globals, imported, lowering, mayLeave, type Place, stuck } from "./lower.ts";
import { Known, MapCode } from "./maps.ts";
import { narrowAfter, narrowAfterChoice, narrowAtStart } from "./narrow.ts";
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
  const { maps, checked, resolved } = given;
  const starts = [...flows.keys()];
  const leaving = new Set(starts.filter((start) => leaves(program, flows.get(start))));
  const calls = callsIn(program, flows);
  const inside = checked ? new Set<number>() : insideTheirCallers(program, flows, calls, leaving);
  const isEntry = (start: number) => start === 0 || isNamed(program, start);
  // The first function stands in its entry, unless the program calls it, too.
  const apart = starts.filter((start) => (isEntry(start) ? start !== 0 || calls.has(0) : !inside.has(start)));
  const indices = new Map(apart.map((start, n) => [start, names.length + n]));
  const first = names.length + apart.length;
  const mapCode = new MapCode({ maps, cpuIndex: globals.cpuIndex, first, resolved });
  const codeOf = (start: number, flow: Flow, locals: Locals, ends: Place["ends"]): Code => {
    const known = new Known();
    const rotations = new Map<number, Rotation>();
    const demand = checked ? allOf(program, flow) : demandIn(program, flow, counts);
    const place: Place = {
      ...given,
      shared,
      locals,
      mapCall: (insn) => (checked ? undefined : mapCode.inPlaceOf(insn, known)),
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
            const given = [...operands.slice(0, -1).map((value, n) => set(its.wide(n + 1), value))];
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
    return functionCode(place, { ...given, program }, flow, counts.get(start) ?? 0, { known, rotations, demand });
  };
  const functionOf = (start: number): Func => {
    const flow = flows.get(start);
    if (flow === undefined) throw new Error(`no function begins at ${start}`);
    const locals = Locals.ofFunction(counts.get(start) ?? 0);
    const body = [codeOf(start, flow, locals, give), unreachable];
    const { parameters, locals: others, names } = locals.function;
    const says = { name: functionName(program, start), locals: names };
    return { parameters, results: [wide], locals: others, body, says };
  };
  const entryOf = (start: number): Func => {
    const count = counts.get(start) ?? 0;
    const cpu = getGlobal(globals.cpu);
    const register = (n: number) => n * REG_WORDS * 4;
    const begin = start === 0 ? setGlobal(globals.context, i32.load(cpu, register(1))) : [];
    const values = Array.from({ length: count }, (_, n) => i64.load(cpu, register(n + 1)));
    const locals = Locals.ofFunction(0);
    const index = indices.get(start);
    const flow = flows.get(start);
    let body: Code;
    if (index !== undefined || flow === undefined) {
      body = i64.store(cpu, call(index ?? 0, [...values, get(locals.frame)]));
    } else {
      const given = values.map((value, n) => set(locals.wide(n + 1), value));
      body = [given, codeOf(start, flow, locals, (result) => [i64.store(cpu, result), leave]), unreachable];
    }
    const { parameters, locals: others, names } = locals.function;
    const says = { name: `enter_${start}`, locals: names };
    return { name: String(start), parameters, results: [], locals: others, says, body: [begin, body] };
  };
  const functions = apart.map(functionOf);
  const entries = starts.filter(isEntry).map(entryOf);
  return {
    imports: names.map((name) => ({ name, ...signatures[name] })),
    constants: ["cpu", "cpuIndex"],
    variables: 1,
    shared,
    functions: [...functions, ...mapCode.functions, ...entries],
  };
}

/** The functions that calls and addresses lead to, from the first. */
function reached(program: Program, blocks: ReadonlyMap<number, Block>): ReadonlyMap<number, Flow> {
  const flows = new Map<number, Flow>();
  const open = [0];
  for (let start = open.pop(); start !== undefined; start = open.pop()) {
    if (flows.has(start)) continue;
    const flow = flowOf(blocks, start);
    flows.set(start, flow);
    for (const node of flow.nodes) {
      for (let pc = node.start; pc < node.end; pc++) {
        const target = called(program.insns[pc], pc);
        if (target !== undefined && blocks.has(target)) open.push(target);
      }
    }
  }
  return flows;
}

/** Whether a function may make a tail call itself. */
function leaves({ insns }: Program, flow: Flow | undefined): boolean {
  return flow?.nodes.some(({ start, end }) => insns.slice(start, end).some(mayLeave)) === true;
}

function isNamed(program: Program, start: number): boolean {
  return program.insns.some(
    (insn, pc) => insn?.kind === "imm64" && insn.what === "func" && pc + 1 + insn.low === start,
  );
}

/** How often the functions are called. */
function callsIn({ insns }: Program, flows: ReadonlyMap<number, Flow>): ReadonlyMap<number, number> {
  const calls = new Map<number, number>();
  for (const { nodes } of flows.values()) {
    for (const { start, end } of nodes) {
      for (let pc = start; pc < end; pc++) {
        const insn = insns[pc];
        if (insn?.kind !== "callLocal") continue;
        const to = pc + 1 + insn.off;
        calls.set(to, (calls.get(to) ?? 0) + 1);
      }
    }
  }
  return calls;
}

/** The most instructions of a function whose code stands in place of several calls. */
const SHORT = 48;

/**
 * Functions whose code stands in place of their calls: those that are called in one place, and those that are short and
 * straight, for a call of one costs more than what it does. Not what is entered from outside, too, or may make a tail call.
 */
function insideTheirCallers(
  program: Program,
  flows: ReadonlyMap<number, Flow>,
  calls: ReadonlyMap<number, number>,
  leaving: ReadonlySet<number>,
): ReadonlySet<number> {
  const { insns } = program;
  const weights = new Map<number, number>();
  const weigh = (start: number, depth: number): number => {
    const known = weights.get(start);
    if (known !== undefined) return known;
    const [only, more] = flows.get(start)?.nodes ?? [];
    if (only === undefined || more !== undefined || depth >= FRAMES) return Number.POSITIVE_INFINITY;
    let weight = 0;
    for (let pc = only.start; pc < only.end; pc++) {
      const insn = insns[pc];
      if (insn !== null) weight += insn.kind === "callLocal" ? weigh(pc + 1 + insn.off, depth + 1) : 1;
    }
    if (weight > SHORT) return Number.POSITIVE_INFINITY;
    weights.set(start, weight);
    return weight;
  };
  const found = [...flows.keys()].filter((start) => {
    if (start === 0 || leaving.has(start) || isNamed(program, start)) return false;
    return (calls.get(start) === 1 && !flows.get(start)?.heads.includes(1)) || weigh(start, 0) <= SHORT;
  });
  return new Set(found);
}

/** What the instructions of the block that is being compiled refer to. */
interface InBlock {
  readonly demand: Demand;
  readonly known: Known;
  readonly rotations: Map<number, Rotation>;
}

function functionCode(
  at: Place,
  { program, marked }: Given,
  flow: Flow,
  count: number,
  { known, rotations, demand }: InBlock,
): Code {
  const { insns } = program;
  const { locals, checked } = at;
  const pointers = at.pointers.size > 0;
  const { live, wholeAfter } = demand;
  const narrow = narrowAtStart(program, flow, pointers, count, demand);
  const body = (n: number, depth: number): Code => {
    at.depth = depth;
    const { start, end, next, unless = -1 } = flow.nodes[n];
    if (start === end) return stuck(start);
    const code: Code[] = [];
    let done = 0;
    known.slots.fill(-1);
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
      known.pass(insn, pc);
      locals.narrow = narrowAfter(locals.narrow, insn, pointers, wholeAfter[pc]);
      if (kept.length > 0) keep(pc);
      done++;
    }
    const move = insns[unless];
    if (move) {
      if (marked) code.push({ mark: unless });
      const after = narrowAfterChoice(locals.narrow, move, pointers, wholeAfter[unless]);
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

function functionName({ functions }: Program, start: number): string {
  const known = functions.find(({ pc }) => pc === start)?.name;
  return known?.replace(/[^A-Za-z0-9_]/g, "_") ?? (start === 0 ? "program" : `function_${start}`);
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
