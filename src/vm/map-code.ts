// Map helpers that nobody watches: the whole operation in one go where there is code for it (maps/compiled). What they leave in
// memory and in the registers is what the operation in steps leaves; where they decline, nothing has happened yet.
import { OUTSIDE } from "../maps/compiled/shape.ts";
import { element, map, mapType, op as w } from "../maps/layout.ts";
import type { Maps } from "../maps/maps.ts";
import { POINTER_HIGH, READ_ONLY, region } from "../memory/layout.ts";
import { operationOf } from "./busy.ts";
import type { Calls } from "./calls.ts";
import { clobber, setNumber } from "./frames.ts";
import { happened } from "./lately.ts";
import { type Cpu, NOT_WRITABLE, sections, state, word } from "./registers.ts";

export class MapCallsInOneGo {
  readonly #calls: Calls;
  readonly #maps: Maps;

  constructor(calls: Calls, maps: Maps) {
    this.#calls = calls;
    this.#maps = maps;
  }

  /** A lookup, of arguments that were checked; false where it is not done here. */
  found(mapArg: number, key: number): boolean {
    const calls = this.#calls;
    const cpu = calls.calling;
    if (cpu.stepwise) return false;
    const address = calls.lo(mapArg);
    const lookup = this.#maps.inOneGo(address)?.lookup;
    if (lookup === undefined) return false;
    const item = lookup(calls.lo(key), 0, 0, cpu.index, address, 0);
    const { I, R, memory } = cpu;
    clobber(R);
    if (item === 0) {
      setNumber(R, 0, 0, 0);
      return true;
    }
    const header = address >> 2;
    const own = I[header + map.percpu] === 0 ? 0 : cpu.index * I[header + map.slot];
    const value = item + I[header + map.valueOffset] + own;
    const id = memory.regionAt(value);
    setNumber(R, 0, value, POINTER_HIGH);
    const readOnly = memory.regionWord(id, region.flags) & READ_ONLY;
    R[word.region] = readOnly === 0 ? id : id | NOT_WRITABLE;
    R[word.base] = value;
    R[word.limit] = value + I[header + map.valueSize];
    const generationAt = memory.generationAt(id, value);
    this.born(cpu, 0, generationAt, I[generationAt >> 2], true);
    return true;
  }

  /** The same for an update or a deletion; `flags` is -1 where the call has none. */
  changed(what: "update" | "remove", mapArg: number, key: number, value: number, flags: number): boolean {
    const calls = this.#calls;
    const cpu = calls.calling;
    if (cpu.stepwise || (flags >= 0 && calls.hi(flags) !== 0)) return false;
    const header = calls.lo(mapArg);
    const change = this.#maps.inOneGo(header)?.[what];
    if (change === undefined) return false;
    const op = operationOf(cpu);
    const given = flags < 0 ? 0 : calls.lo(flags);
    const answer = change(calls.lo(key), calls.lo(value), given, cpu.index, header, op);
    if (answer === OUTSIDE) return false;
    if (answer === 0) this.rememberLives(cpu, op, header, what === "update");
    calls.returnsNumber(answer);
    return true;
  }

  /** Takes down which lives of elements a finished update or deletion ended and began. */
  rememberLives({ I }: Cpu, op: number, header: number, updated: boolean): void {
    const type = I[(header >> 2) + map.type];
    if (
      type !== mapType.hash &&
      type !== mapType.lru_hash &&
      type !== mapType.percpu_hash &&
      type !== mapType.lru_percpu_hash
    )
      return;
    const old = I[op + w.old] >> 2;
    const fresh = I[op + w.fresh] >> 2;
    if (old !== 0) this.#calls.note(happened.freed, old + element.generation);
    if (updated && fresh !== 0) this.#calls.note(happened.reused, fresh + element.generation);
  }

  /** The rest of a provenance: the life that the pointer belongs to, and for one looked up the section it was found in. */
  born({ R }: Cpu, to: number, generationAt: number, generation: number, looked: boolean): void {
    R[to + word.generation] = generation;
    R[to + word.life] = generationAt >> 2;
    R[to + word.birth] = looked && R[state.explicit] === sections.own ? Math.max(R[state.section], 0) : 0;
    this.#calls.note(happened.born, R[to + word.base], R[to + word.generation]);
  }
}
