// Programs that are twins: the same program as often as the other, with nothing that tells them apart. Exchanging two of them
// in a state, their private words and the shared words that belong to their CPUs, gives a state from which the same can happen
// with the two exchanged. What is looked for here is scenarios of which that is sure; see docs/why.md.
import type { MapDef } from "../isa/program.ts";
import { create } from "../maps/errno.ts";
import { map } from "../maps/layout.ts";
import { region } from "../memory/layout.ts";
import type { Model } from "./model.ts";
import { isPlaceless } from "./placeless.ts";
import type { ProgramThread } from "./program-thread.ts";
import { type Assertion, matches, type ProgramThread as ProgramDef } from "./scenario.ts";

/** Assertions that judge all programs alike, but for the names that they give. */
const fair: ReadonlySet<Assertion["kind"]> = new Set([
  "access",
  "never",
  "always",
  "final",
  "exists",
  "noUseAfterFree",
  "noStaleElement",
]);

/** Words that belong to a CPU, of the same meaning at the same place for each. */
type Column = readonly number[];

export class Twins {
  /** Threads that are twins of each other, two at least, ascending. */
  readonly groups: readonly (readonly number[])[];
  readonly #model: Model;
  /** By CPU: indices in `i32` of its words among those of the maps; the first names the operation that holds the CPU. */
  readonly #columns: readonly Column[];
  /** For each index the CPU whose word it is, plus 1. */
  readonly #owner: Uint8Array;

  private constructor(model: Model, groups: readonly (readonly number[])[], columns: readonly Column[]) {
    this.groups = groups;
    this.#model = model;
    this.#columns = columns;
    this.#owner = new Uint8Array(model.machine.memory.used >> 2);
    for (const [cpu, column] of columns.entries()) for (const at of column) this.#owner[at] = cpu + 1;
  }

  /** The twins of a scenario that has just been built; undefined where there are none. */
  static of(model: Model): Twins | undefined {
    if (!model.fresh || !isFair(model)) return undefined;
    const groups: number[][] = [];
    for (const [at, program] of model.programs.entries()) {
      if (program.plan.shares) continue;
      const group = groups.find(([other]) => areTwins(model, model.programs[other], program));
      if (group === undefined) groups.push([at]);
      else group.push(at);
    }
    const found = groups.filter((each) => each.length > 1 && isSilent(model, model.programs[each[0]]));
    if (found.length === 0) return undefined;
    return new Twins(
      model,
      found,
      model.programs.map((each) => columnOf(model, each)),
    );
  }

  /** Whether a state of the maps, as differences from the start, says anything about either of two CPUs. */
  concerns(a: number, b: number, words: Int32Array, start: number): boolean {
    const owner = this.#owner;
    for (let i = 0, at = start + 1; i < words[start]; i++, at += 2) {
      const whose = words[at] < owner.length ? owner[words[at]] : 0;
      if (whose === a + 1 || whose === b + 1) return true;
    }
    return false;
  }

  /** Exchanges in memory what the maps have of two CPUs. */
  exchange(a: number, b: number): void {
    const { i32 } = this.#model.machine.memory;
    const theirs = this.#columns[b];
    for (const [n, at] of this.#columns[a].entries()) {
      const word = i32[at];
      i32[at] = i32[theirs[n]];
      i32[theirs[n]] = word;
    }
    this.#rename(this.#columns[a][0], b, a);
    this.#rename(theirs[0], a, b);
  }

  /** The word that names an operation of one CPU names the same operation of the other. */
  #rename(at: number, from: number, to: number): void {
    const { i32 } = this.#model.machine.memory;
    const { cpus } = this.#model.machine;
    const frame = cpus[from].operations.indexOf(i32[at]);
    if (frame >= 0) i32[at] = cpus[to].operations[frame];
  }

  /** What the maps in memory have of a CPU, such that twins with equal texts are exchanged without a change. */
  text(cpu: number): string {
    const { i32 } = this.#model.machine.memory;
    const [holder, ...rest] = this.#columns[cpu];
    const frame = this.#model.machine.cpus[cpu].operations.indexOf(i32[holder]);
    return [frame < 0 ? i32[holder] : -frame - 1, ...rest.map((at) => i32[at])].join(" ");
  }
}

/** Whether programs are treated alike at all: by memory, by the maps, by scripts and by assertions. */
function isFair(model: Model): boolean {
  const { scenario, machine } = model;
  if (scenario.profile.memory !== "sc" || model.freeing || model.properties.tagged) return false;
  if (!scenario.assertions.every((each) => fair.has(each.kind))) return false;
  const named = new Set(
    scenario.threads.flatMap((each) =>
      each.kind === "user" ? each.script.flatMap((one) => ("map" in one ? [model.ids.get(one.map)] : [])) : [],
    ),
  );
  return [...model.ids.values()].every((id) => {
    const def = machine.mapSet.definition(id);
    return def !== undefined && isEven(def) && !(def.type === "percpu_array" && named.has(id));
  });
}

/** Maps in which no CPU is before another: free elements of preallocated tables are dealt out to CPUs, and stolen in order. */
function isEven({ type, flags }: MapDef): boolean {
  if (type === "hash" || type === "hash_of_maps") return (flags & create.BPF_F_NO_PREALLOC) !== 0;
  return type === "array" || type === "percpu_array" || type === "array_of_maps";
}

function areTwins(model: Model, a: ProgramThread, b: ProgramThread): boolean {
  const [one, other] = [a.plan, b.plan];
  if (one.program !== other.program || one.times !== other.times || one.rcu !== other.rcu) return false;
  const context = (name: string): string =>
    String(model.scenario.threads.find((each): each is ProgramDef => each.name === name)?.context);
  if (context(a.name) !== context(b.name)) return false;
  return model.scenario.assertions.every(
    (each) => each.kind !== "access" || matches(each.by, a.name) === matches(each.by, b.name),
  );
}

/** Whether a program cannot tell on which CPU it runs. */
function isSilent(model: Model, { plan, cpu }: ProgramThread): boolean {
  const { program } = model.machine.loaded(plan.program).code;
  const types = [...model.ids.values()].map((id) => model.machine.mapSet.definition(id)?.type);
  return isPlaceless(program, {
    contextPoints: cpu.contextPointers.size > 0,
    percpu: types.includes("percpu_array"),
  });
}

function columnOf(model: Model, { cpu: { index } }: ProgramThread): Column {
  const { mapSet, memory } = model.machine;
  const column = [mapSet.holders + index];
  for (const id of model.ids.values()) {
    const lists = mapSet.word(id, map.freeLists);
    if (lists !== 0) column.push((lists >> 2) + index, (mapSet.word(id, map.extra) >> 2) + index);
    if (mapSet.word(id, map.percpu) === 0) continue;
    const values = mapSet.word(id, map.values);
    const slot = mapSet.word(id, map.slot);
    const bytes = memory.regionWord(memory.regionAt(values), region.size);
    for (let item = values; item < values + bytes; item += mapSet.word(id, map.stride)) {
      for (let at = 0; at < slot; at += 4) column.push((item + index * slot + at) >> 2);
    }
  }
  return column;
}
