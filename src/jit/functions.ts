// The functions of a program: which there are, what calls them, and which of them stand in place of their calls.
import { type Block, called } from "../isa/cfg.ts";
import type { Program } from "../isa/program.ts";
import { FRAMES } from "../vm/registers.ts";
import { type Flow, flowOf } from "./flow.ts";
import { mayLeave } from "./lower.ts";

/** The functions that calls and addresses lead to, from the first. */
export function reached(program: Program, blocks: ReadonlyMap<number, Block>): ReadonlyMap<number, Flow> {
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
export function leaves({ insns }: Program, flow: Flow | undefined): boolean {
  return flow?.nodes.some(({ start, end }) => insns.slice(start, end).some(mayLeave)) === true;
}

/** Where functions begin that are entered from outside: the first, and those whose addresses the program takes. */
export function enteredFromOutside({ insns }: Program): ReadonlySet<number> {
  const entered = new Set([0]);
  insns.forEach((insn, pc) => {
    if (insn?.kind === "imm64" && insn.what === "func") entered.add(pc + 1 + insn.low);
  });
  return entered;
}

/** How often the functions are called. */
export function callsIn({ insns }: Program, flows: ReadonlyMap<number, Flow>): ReadonlyMap<number, number> {
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
export function insideTheirCallers(
  program: Program,
  flows: ReadonlyMap<number, Flow>,
  calls: ReadonlyMap<number, number>,
  apart: { readonly leaving: ReadonlySet<number>; readonly entered: ReadonlySet<number> },
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
    if (apart.leaving.has(start) || apart.entered.has(start)) return false;
    return (calls.get(start) === 1 && !flows.get(start)?.heads.includes(1)) || weigh(start, 0) <= SHORT;
  });
  return new Set(found);
}

export function functionName({ functions }: Program, start: number): string {
  const known = functions.find(({ pc }) => pc === start)?.name;
  return known?.replace(/[^A-Za-z0-9_]/g, "_") ?? (start === 0 ? "program" : `function_${start}`);
}
