// How many of r1 to r5 a function reads: it is compiled with so many parameters. From the ends of the blocks backwards, until
// nothing changes; a call of a function of the program reads what that one does, so all functions are done together.
import { contractOf } from "../host/table.ts";
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";
import type { Flow } from "./flow.ts";

/** By the functions' starts. */
export function argumentCounts(program: Program, flows: ReadonlyMap<number, Flow>): ReadonlyMap<number, number> {
  const counts = new Map([...flows.keys()].map((start) => [start, 0]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const [start, flow] of flows) {
      const count = 31 - Math.clz32(liveAtStart(program, flow, counts) | 1);
      if (count !== counts.get(start)) {
        counts.set(start, count);
        changed = true;
      }
    }
  }
  return counts;
}

/** A bit for each register that is read before it is written on some way from the start, of r1 to r5. */
function liveAtStart(program: Program, flow: Flow, counts: ReadonlyMap<number, number>): number {
  const live = new Int32Array(flow.nodes.length);
  for (let changed = true; changed; ) {
    changed = false;
    for (let node = flow.nodes.length - 1; node >= 0; node--) {
      const { start, end, next, unless = -1 } = flow.nodes[node];
      let now = next.reduce((sum, to) => sum | live[to], 0);
      const move = program.insns[unless];
      // What it would write over may stay.
      if (move) now |= read(program, move, unless, counts);
      for (let pc = end - 1; pc >= start; pc--) {
        const insn = program.insns[pc];
        if (insn !== null) now = (now & ~written(insn)) | read(program, insn, pc, counts);
      }
      if (now !== live[node]) {
        live[node] = now;
        changed = true;
      }
    }
  }
  return live[0] & 0b111110;
}

/** The first `count` arguments. */
const first = (count: number) => (2 << count) - 2;

/** How many arguments a call reads; all, where that is not known. */
export function argumentsOf(program: Program, insn: Insn): number {
  const callee = contractOf(insn, program);
  if (callee === undefined || callee.variants !== undefined) return 5;
  // A text is printed with as many numbers as it asks for.
  return callee.name === "bpf_trace_printk" ? 5 : callee.args.length;
}

/** A bit for each register that an instruction writes; calls leave r0 and take r1 to r5 away. */
export function written(insn: Insn): number {
  if (insn.kind === "atomic") return insn.fetch ? 1 << (insn.op === "cmpxchg" ? 0 : insn.src) : 0;
  return insn.kind !== "jump" && "dst" in insn ? 1 << insn.dst : 0;
}

/** A bit for each register that it reads. */
export function read(program: Program, insn: Insn, pc: number, counts: ReadonlyMap<number, number>): number {
  switch (insn.kind) {
    case "callLocal":
      return first(counts.get(pc + 1 + insn.off) ?? 5);
    case "callHelper":
    case "callKfunc":
      return first(argumentsOf(program, insn));
    case "callx":
      return first(5) | (1 << insn.reg);
    case "alu": {
      const src = insn.src.kind === "reg" ? 1 << insn.src.reg : 0;
      return insn.op === "mov" ? src : src | (1 << insn.dst);
    }
    case "jump":
      return (1 << insn.dst) | (insn.src.kind === "reg" ? 1 << insn.src.reg : 0);
    case "neg":
    case "swap":
      return 1 << insn.dst;
    case "movsx":
    case "addrSpaceCast":
      return 1 << insn.src;
    case "load":
    case "loadAcquire":
      return 1 << insn.base;
    case "store":
      return (1 << insn.base) | (insn.src.kind === "reg" ? 1 << insn.src.reg : 0);
    case "storeRelease":
    case "atomic":
      return (1 << insn.base) | (1 << insn.src) | 1;
    case "packet":
      return insn.src === null ? 0 : 1 << insn.src;
    case "imm64":
    case "goto":
    case "mayGoto":
    case "exit":
    case "invalid":
      return 0;
  }
}
