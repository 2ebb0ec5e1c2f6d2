// How far our register states agree with those that the kernel logged. A pair is an instruction and a register of which
// the kernel said something and which is still read; it agrees if every value that we had there equals one of the
// kernel's or lies in it.
import type { Program } from "../../src/isa/program.ts";
import { valueText } from "../../src/verifier/log-text.ts";
import { liveness } from "../../src/verifier/search/liveness.ts";
import type { Value } from "../../src/verifier/state/value.ts";
import type { Profile } from "../../src/verifier/verdict.ts";
import { verify } from "../../src/verifier/verify.ts";
import { apart, type LoggedState } from "./kernel-log.ts";

export interface Agreement {
  pairs: number;
  agreeing: number;
  /** Of the agreeing pairs those where we say just what the kernel says, and those where we never come. */
  equal: number;
  unreached: number;
  readonly disagreements: {
    readonly pc: number;
    readonly reg: number;
    readonly ours: Value;
    readonly theirs: readonly string[];
    readonly cause: string;
  }[];
}

export function agreement(program: Program, profile: Partial<Profile>, logged: readonly LoggedState[]): Agreement {
  const ours = new Map<string, Value[]>();
  verify(program, profile, {
    onState: (state) => {
      if (state.frames.length > 1) return;
      state.frame.regs.forEach((value, reg) => {
        const key = `${state.pc} ${reg}`;
        const all = ours.get(key);
        if (all === undefined) ours.set(key, [value]);
        else all.push(value);
      });
    },
  });
  const live = liveness(program);
  const theirs = new Map<string, Set<string>>();
  for (const { pc, regs } of logged) {
    for (const [reg, text] of regs) {
      if (((live[pc] ?? 0) >> reg) & 1) theirs.set(`${pc} ${reg}`, (theirs.get(`${pc} ${reg}`) ?? new Set()).add(text));
    }
  }
  const found: Agreement = { pairs: 0, agreeing: 0, equal: 0, unreached: 0, disagreements: [] };
  for (const [key, texts] of theirs) {
    found.pairs++;
    const all = ours.get(key);
    if (all === undefined) {
      found.unreached++;
      found.agreeing++;
      continue;
    }
    const wrong = all.find((value) => ![...texts].some((text) => apart(value, text) === undefined));
    if (wrong === undefined) {
      found.agreeing++;
      if (all.every((value) => texts.has(valueText(value)))) found.equal++;
      continue;
    }
    const [pc = 0, reg = 0] = key.split(" ").map(Number);
    const [text = ""] = texts;
    found.disagreements.push({ pc, reg, ours: wrong, theirs: [...texts], cause: apart(wrong, text) ?? "" });
  }
  return found;
}
