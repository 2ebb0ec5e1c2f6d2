// What led to a fault, oldest first: the RCU section, where the pointer came from, what became of what it points to.
// Put together from what lately happened, and only when there is a fault.
import { helperName } from "../host/names.ts";
import type { Program } from "../isa/program.ts";
import { code, element, op as w } from "../maps/layout.ts";
import type { Memory } from "../memory/memory.ts";
import { callOf, operationOf } from "./busy.ts";
import { INSN_WORDS } from "./code.ts";
import type { FaultKind, History } from "./fault.ts";
import { type Entry, happened, type Lately } from "./lately.ts";
import { type Cpu, state, word } from "./registers.ts";

export interface Past {
  readonly lately: Lately;
  readonly memory: Memory;
  readonly cpus: readonly Cpu[];
  program(index: number): Program;
  describe(region: number, address: number): string;
}

/** For a fault on `cpu`: through the register at `reg` (-1: none) into region `id` (0: none). */
export function historyOf(past: Past, cpu: Cpu, kind: FaultKind, reg: number, id: number): readonly History[] {
  const { R, I } = cpu;
  const pointer = reg >= 0 && R[reg + word.region] > 0;
  const life = pointer ? R[reg + word.life] : -1;
  const generation = pointer ? R[reg + word.generation] : 0;
  const gone = pointer && I[life] !== generation;
  const section = sectionOf(past, cpu, kind, pointer ? R[reg + word.birth] : 0);
  const told: History[] = [];
  const tell = (entry: Entry, what: History["what"], text: string): void => {
    const program = past.program(entry.program);
    const here = entry.program === R[state.program];
    const where = `${here ? "" : ` in program \`${program.name}\``}${entry.cpu === cpu.index ? "" : ` on CPU ${entry.cpu}`}`;
    const place = here ? { pc: entry.pc, span: program.origin[entry.pc]?.whole } : {};
    told.push({ what, text: text + where, ...place });
  };
  let thing = "";
  if (pointer) thing = past.describe(id, R[reg + word.base]);
  let born = !pointer;
  for (const entry of [...underWay(past, gone ? life : -1), ...past.lately.backwards()]) {
    const { what, key } = entry;
    if (what === happened.opened && key === section) tell(entry, "opened", "an RCU section opens");
    else if (what === happened.closed && key === section) tell(entry, "closed", "the RCU section closes");
    else if (what === happened.born && !born && key === R[reg + word.base] && entry.more === generation) {
      born = true;
      tell(entry, "born", `${callAt(past, entry)} gives the pointer to ${thing}`);
    } else if (gone && !born && key === life) {
      if (what === happened.freed) tell(entry, "freed", `${callAt(past, entry)} ends the life of ${thing}`);
      if (what === happened.reused) tell(entry, "reused", `${callAt(past, entry)} takes its memory for something else`);
    }
  }
  told.reverse();
  if (gone && !told.some((event) => event.what === "freed" || event.what === "reused")) {
    // Nobody on a CPU did it, or too long ago. The first change of the count is the end of the life.
    const ended = I[life] === generation + 1 || (id !== 0 && !past.memory.isLive(id));
    told.push(
      ended
        ? { what: "freed", text: `${thing} was freed` }
        : { what: "reused", text: `the memory of ${thing} was reused` },
    );
  } else if (!pointer && id !== 0 && !past.memory.isLive(id)) {
    told.push({ what: "freed", text: `${past.describe(id, 0)} was freed` });
  }
  return told;
}

/** The section that the fault is about; 0 if none. */
function sectionOf(past: Past, cpu: Cpu, kind: FaultKind, birth: number): number {
  if (birth > 0) return birth;
  if (kind === "outsideSection" || kind === "unmatched") {
    for (const { what, cpu: on, key } of past.lately.backwards()) {
      if (on === cpu.index && what === happened.closed) return key;
    }
    return 0;
  }
  const about = kind === "sectionOpen" || kind === "nested" || kind === "sleep" || kind === "callback";
  return about ? Math.max(0, cpu.R[state.section]) : 0;
}

/** What map operations that are not over yet have done to the element that the word at `life` counts. */
function underWay(past: Past, life: number): readonly Entry[] {
  const found: Entry[] = [];
  for (const cpu of life < 0 ? [] : past.cpus) {
    const { R, I } = cpu;
    if (R[state.busy] === 0) continue;
    const op = operationOf(cpu);
    const what = I[op + w.code];
    if (what !== code.update && what !== code.remove) continue;
    const at = { cpu: cpu.index, program: R[state.program], pc: callOf(cpu) / INSN_WORDS, key: life, more: 0 };
    if (what === code.update && (I[op + w.fresh] >> 2) + element.generation === life) {
      found.push({ what: happened.reused, ...at });
    }
    if ((I[op + w.old] >> 2) + element.generation === life) found.push({ what: happened.freed, ...at });
  }
  return found;
}

/** The name of what is called at the place of an entry. */
function callAt(past: Past, entry: Entry): string {
  const program = past.program(entry.program);
  const insn = program.insns[entry.pc];
  if (insn?.kind === "callHelper") return `\`${helperName(insn.id) ?? `helper ${insn.id}`}\``;
  if (insn?.kind === "callKfunc") return `\`${program.kfuncs[insn.index] ?? insn.index}\``;
  return "the call";
}
