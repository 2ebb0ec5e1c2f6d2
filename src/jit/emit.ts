// A whole program as one WebAssembly module: a function for each function of the program that is reached from the first, and
// for those that something outside calls (the first, and callbacks) an entry that takes the registers from the CPU's words
// and leaves r0 there.
import { type Block, blocks as blocksOf, called } from "../isa/cfg.ts";
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";
import type { Memory } from "../memory/memory.ts";
import { REG_WORDS } from "../vm/code.ts";
import { state } from "../vm/registers.ts";
import { type Code, call, get, getGlobal, i32, i64, setGlobal, type, unreachable, when } from "../wasm/code.ts";
import type { Func, Parts, Signature } from "../wasm/module.ts";
import { argumentCounts, argumentsOf } from "./arguments.ts";
import { type Flow, flowOf, threaded } from "./flow.ts";
import { Locals } from "./locals.ts";
import { condition, globals, imported, lowering, mayLeave, type Place, stuck } from "./lower.ts";
import { Known, type Lookup, lookupIn, MAP_LOOKUP } from "./maps.ts";
import { narrowAfter, narrowAtStart } from "./narrow.ts";
import { writesFramePointer } from "./refusal.ts";
import { structured } from "./structure.ts";

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
const names = Object.keys(imported) as readonly (keyof typeof imported)[];

export interface Given extends Pick<Place, "checked" | "pointers" | "resolved"> {
  readonly program: Program;
  /** Marks where each instruction's code begins. */
  readonly marked?: true;
  /** Where the maps are. */
  readonly memory: Memory;
}

/** The module. The entry of the function at slot `n` is exported as `n`, and takes the bottom of its frame. */
export function emit(given: Given): Parts {
  const { program } = given;
  const { shared } = given.memory;
  const list = blocksOf(program.insns);
  // Where instructions are counted, a jump counts too.
  const blocks = given.checked ? new Map(list.map((block) => [block.start, block])) : threaded(program.insns, list);
  const flows = reached(program, blocks);
  const counts = argumentCounts(program, flows);
  const starts = [...flows.keys()];
  const indices = new Map(starts.map((start, n) => [start, names.length + n]));
  const leaving = new Set(starts.filter((start) => leaves(program, flows.get(start))));
  const lookups = new Lookups(given, names.length + starts.length);
  const place = (locals: Locals, known: Known): Place => ({
    ...given,
    shared,
    locals,
    lookup: (insn) => lookups.inPlaceOf(insn, known),
    callee: (slot) => {
      const index = indices.get(slot);
      return index === undefined ? null : { index, count: counts.get(slot) ?? 0, leaves: leaving.has(slot) };
    },
    handedOver: (insn) => argumentsOf(program, insn),
  });
  const functions = [...flows].map(([start, flow]) => {
    const locals = new Locals(counts.get(start) ?? 0);
    const known = new Known();
    return functionOf(place(locals, known), given, flow, known);
  });
  const entries = starts
    .filter((start) => start === 0 || isNamed(program, start))
    .map((start) => entryOf(start, indices.get(start) ?? 0, counts.get(start) ?? 0));
  return {
    imports: names.map((name) => ({ name, ...signatures[name] })),
    constants: ["cpu", "cpuIndex"],
    variables: 1,
    shared,
    functions: [...functions, ...lookups.functions, ...entries],
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

/** The lookups of maps that calls are replaced by; those that are functions follow the program's. */
class Lookups {
  readonly functions: Func[] = [];
  readonly #given: Given;
  readonly #first: number;
  readonly #byMap = new Map<number, ((key: Code, address: number) => Code) | undefined>();

  constructor(given: Given, first: number) {
    this.#given = given;
    this.#first = first;
  }

  inPlaceOf(insn: Insn, { slots }: Known): ReturnType<Place["lookup"]> {
    const { checked, resolved, memory } = this.#given;
    if (checked || insn.kind !== "callHelper" || insn.id !== MAP_LOOKUP || slots[1] < 0) return undefined;
    const map = resolved(slots[1])?.lo;
    if (map === undefined) return undefined;
    if (!this.#byMap.has(map)) this.#byMap.set(map, this.#made(lookupIn(memory, map)));
    return this.#byMap.get(map);
  }

  #made(lookup: Lookup | undefined): ReturnType<Place["lookup"]> {
    if (lookup === undefined) return undefined;
    const cpuIndex = getGlobal(globals.cpuIndex);
    if (lookup.kind === "inline") return (key, address) => lookup.code(key, address, cpuIndex);
    const func = this.#first + this.functions.length;
    this.functions.push(lookup.func(cpuIndex));
    return (key) => call(func, key);
  }
}

function functionOf(at: Place, { program, marked }: Given, flow: Flow, known: Known): Func {
  const { insns } = program;
  const { locals, checked } = at;
  const pointers = at.pointers.size > 0;
  const narrow = narrowAtStart(program, flow, pointers, locals.parameters.length - 1);
  const body = (n: number): Code => {
    const { start, end, next } = flow.nodes[n];
    if (start === end) return stuck(start);
    const code: Code[] = [];
    let count = 0;
    known.slots.fill(-1);
    locals.narrow = narrow[n];
    for (let pc = start; pc < end; pc++) {
      const insn = insns[pc];
      if (insn === null) continue;
      if (marked) code.push({ mark: pc });
      code.push(writesFramePointer(insn) ? stuck(pc) : lowered(at, insn, pc));
      known.pass(insn, pc);
      locals.narrow = narrowAfter(locals.narrow, insn, pointers);
      count++;
    }
    const wide = next.reduce((bits, to) => bits | ~narrow[to], 0);
    code.push(locals.widen(locals.narrow & wide));
    return checked ? [counted(start, count), code] : code;
  };
  const last = (n: number): Insn | null | undefined => {
    const { end } = flow.nodes[n];
    return insns[insns[end - 1] === null ? end - 2 : end - 1];
  };
  const code = structured(flow, { body, condition: (n) => condition(at, last(n)), nextNode: locals.nextNode });
  return {
    parameters: locals.parameters,
    results: [wide],
    locals: locals.locals,
    body: [code, unreachable],
    says: { name: functionName(program, flow.nodes[0].start), locals: locals.names },
  };
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

function entryOf(start: number, index: number, count: number): Func {
  const cpu = getGlobal(globals.cpu);
  const register = (n: number) => n * REG_WORDS * 4;
  const values = Array.from({ length: count }, (_, n) => i64.load(cpu, register(n + 1)));
  return {
    name: String(start),
    parameters: [narrow],
    results: [],
    locals: [],
    says: { name: `enter_${start}`, locals: ["frame"] },
    body: [
      start === 0 ? setGlobal(globals.context, i32.load(cpu, register(1))) : [],
      i64.store(cpu, call(index, [...values, get(0)])),
    ],
  };
}
