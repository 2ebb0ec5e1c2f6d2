// Makes a program smaller while something remains true of it: takes instructions away, jumps following, and brings
// numbers nearer to 0.
import type { Insn } from "../../src/isa/insn.ts";
import { makeProgram, type Program } from "../../src/isa/program.ts";

/** The least program found for which `still` holds; it must hold of the given one. */
export function shrinkProgram(program: Program, still: (program: Program) => boolean): Program {
  let current = program;
  for (let smaller = true; smaller; ) {
    smaller = false;
    for (const next of lesser(current)) {
      if (!still(next)) continue;
      current = next;
      smaller = true;
      break;
    }
  }
  return current;
}

function* lesser(program: Program): Generator<Program> {
  const { insns } = program;
  // From the end, and several at once first: what stands behind a difference cannot matter.
  for (const length of [8, 4, 2, 1]) {
    for (let at = insns.length - length; at >= 0; at--) {
      const next = without(program, at, length);
      if (next !== undefined) yield next;
    }
  }
  for (const [at, insn] of insns.entries()) {
    if (insn === null) continue;
    for (const simpler of simplified(insn)) {
      yield remade(
        program,
        insns.map((each, i) => (i === at ? simpler : each)),
      );
    }
  }
}

/** Without the instructions in slots at..at+length-1; undefined where that would cut one in two. */
function without(program: Program, at: number, length: number): Program | undefined {
  const { insns } = program;
  if (insns[at] === null || insns[at + length] === null) return undefined;
  const moved = (slot: number): number => (slot <= at ? slot : slot < at + length ? at : slot - length);
  const out: (Insn | null)[] = [];
  for (const [pc, insn] of insns.entries()) {
    if (pc >= at && pc < at + length) continue;
    if (insn === null) out.push(null);
    else if ("off" in insn && (insn.kind === "jump" || insn.kind === "goto" || insn.kind === "callLocal")) {
      out.push({ ...insn, off: moved(pc + 1 + insn.off) - moved(pc) - 1 });
    } else out.push(insn);
  }
  return remade(program, out);
}

function* simplified(insn: Insn): Generator<Insn> {
  if ((insn.kind === "alu" || insn.kind === "jump" || insn.kind === "store") && insn.src.kind === "imm") {
    for (const value of nearer(insn.src.value)) yield { ...insn, src: { kind: "imm", value } };
  }
  if (insn.kind === "load" || insn.kind === "store") for (const off of nearer(insn.off)) yield { ...insn, off };
}

function nearer(value: number): readonly number[] {
  if (value === 0) return [];
  // One by one only when it is near, or a great number takes for ever.
  const step = Math.abs(value) <= 64 ? [value - Math.sign(value)] : [];
  return [...new Set([0, Math.sign(value), Math.trunc(value / 2), ...step])].filter(
    (each) => Math.abs(each) < Math.abs(value),
  );
}

/** The same program with other instructions; functions begin where calls say. */
function remade(program: Program, insns: readonly (Insn | null)[]): Program {
  return makeProgram({ insns, maps: program.maps, name: program.name, type: program.type, rcu: program.rcu });
}
