// What can be said of a program without walking it: subprograms, jump targets, reachability, where states are
// compared, which registers still matter (kernel: check_subprogs, check_cfg, compute_live_registers).
import type { Contract } from "../../host/contract.ts";
import { contractOf } from "../../host/table.ts";
import { called } from "../../isa/cfg.ts";
import type { Program } from "../../isa/program.ts";
import { reject } from "../reject.ts";
import { successors } from "./flow.ts";
import { liveness } from "./liveness.ts";

export interface Subprogram {
  readonly start: number;
  /** One past its last slot. */
  readonly end: number;
  readonly name: string;
}

export interface Structure {
  readonly subprograms: readonly Subprogram[];
  /** Slots at which states are kept and compared. */
  readonly prunePoints: Uint8Array;
  /** Slots at which a loop is known to end by itself: iterator next, callback calls, may_goto. */
  readonly converging: Uint8Array;
  /** Bit n of entry pc: register n may be read from there on. */
  readonly live: Uint16Array;
}

export function structureOf(program: Program): Structure {
  const { insns } = program;
  if (insns.length === 0) {
    reject({ code: "E0203", pc: 0, operand: "whole", text: "the program is empty", kernel: "insn_cnt is 0" });
  }
  const subprograms = findSubprograms(program);
  const prunePoints = new Uint8Array(insns.length);
  const converging = new Uint8Array(insns.length);
  for (const sub of subprograms) {
    prunePoints[sub.start] = 1;
    checkJumps(program, sub, prunePoints);
  }
  checkReachable(program);
  insns.forEach((insn, pc) => {
    if (insn === null) return;
    if (insn.kind === "mayGoto" || callsBackOrIterates(contractOf(insn, program))) {
      prunePoints[pc] = 1;
      converging[pc] = 1;
    }
    if (insn.kind === "callLocal" || insn.kind === "callHelper" || insn.kind === "callKfunc") prunePoints[pc + 1] = 1;
  });
  return { subprograms, prunePoints, converging, live: liveness(program) };
}

function callsBackOrIterates(contract: Contract | undefined): boolean {
  const first = contract?.args[0];
  const iterates = typeof first === "object" && "iterator" in first && first.step === "next";
  return iterates || contract?.callback?.when === "sync";
}

export function subprogramAt(structure: Structure, pc: number): Subprogram {
  const found = structure.subprograms.find((sub) => pc >= sub.start && pc < sub.end);
  if (found === undefined) throw new Error(`no subprogram holds instruction ${pc}`);
  return found;
}

function findSubprograms(program: Program): readonly Subprogram[] {
  const { insns } = program;
  const starts = new Set([0]);
  insns.forEach((insn, pc) => {
    const start = called(insn, pc);
    if (start !== undefined) starts.add(callee(program, pc, start));
  });
  for (const f of program.functions) if (insns[f.pc] != null) starts.add(f.pc);
  const order = [...starts].sort((a, b) => a - b);
  return order.map((start, at) => ({
    start,
    end: order[at + 1] ?? insns.length,
    name: program.functions.find((f) => f.pc === start)?.name ?? (start === 0 ? "main" : `func_${start}`),
  }));
}

function callee(program: Program, pc: number, to: number): number {
  if (to < 0 || to >= program.insns.length || program.insns[to] === null) {
    reject({
      code: "E0203",
      pc,
      operand: "target",
      text: "calls a function that is not in the program",
      label: `instruction ${to} is no place to begin`,
      kernel: program.insns[to] === null ? "last insn is not an exit or jmp" : "call to invalid destination",
    });
  }
  return to;
}

function checkJumps(program: Program, sub: Subprogram, prunePoints: Uint8Array): void {
  const { insns } = program;
  let last = sub.start;
  for (let pc = sub.start; pc < sub.end; pc++) {
    const insn = insns[pc];
    if (insn == null) continue;
    last = pc;
    if (insn.kind !== "jump" && insn.kind !== "goto" && insn.kind !== "mayGoto") continue;
    const to = pc + 1 + insn.off;
    if (to < sub.start || to >= sub.end) {
      const whole = to < 0 || to >= insns.length;
      reject({
        code: "E0203",
        pc,
        operand: "target",
        text: whole ? "jumps out of the program" : "jumps out of its function",
        label: whole
          ? `instruction ${to} does not exist: the program has ${insns.length}`
          : `instruction ${to} belongs to another function`,
        kernel: `jump out of range from insn ${pc} to ${to}`,
      });
    }
    if (insns[to] === null) {
      reject({
        code: "E0203",
        pc,
        operand: "target",
        text: "jumps into the middle of a 64-bit immediate load",
        label: `instruction ${to} is the second half of the load at ${to - 1}`,
        kernel: `jump into the middle of ldimm64 insn ${to - 1}`,
      });
    }
    prunePoints[to] = 1;
  }
  const end = insns[last];
  if (end?.kind !== "exit" && end?.kind !== "goto") {
    reject({
      code: "E0203",
      pc: last,
      operand: "whole",
      text: "the function can run off its end",
      label: "the last instruction must be `exit` or a jump",
      kernel: "last insn is not an exit or jmp",
    });
  }
}

function checkReachable({ insns }: Program): void {
  const seen = new Uint8Array(insns.length);
  const work = [0];
  for (let pc = work.pop(); pc !== undefined; pc = work.pop()) {
    const insn = insns[pc];
    if (insn == null || seen[pc] === 1) continue;
    seen[pc] = 1;
    work.push(...successors(insn, pc), called(insn, pc) ?? pc);
  }
  insns.forEach((insn, pc) => {
    if (insn === null || seen[pc] === 1) return;
    reject({
      code: "E0203",
      pc,
      operand: "whole",
      text: "this instruction can never run",
      label: "no path leads here",
      kernel: `unreachable insn ${pc}`,
    });
  });
}
