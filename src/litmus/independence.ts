// What steps touch, as bits: which maps, the RCU domain, the words of properties. Two steps whose bits do not meet can be
// made in either order. For each thread also the bits of all that it may still do.

import { successors } from "../isa/cfg.ts";
import type { Insn } from "../isa/insn.ts";
import type { Program } from "../isa/program.ts";
import { continuation } from "../vm/calls.ts";
import { frameAt } from "../vm/frames.ts";
import { frame, state } from "../vm/registers.ts";
import type { Touch } from "./actor.ts";
import { mapAt } from "./contents.ts";
import type { Model } from "./model.ts";
import { ProgramThread } from "./program-thread.ts";
import { type Assertion, type Command, matches } from "./scenario.ts";
import { UserThread } from "./user-thread.ts";

/** Maps have the bits below. */
const MOST_MAPS = 24;
const RCU = 1 << 25;
const MARK = 1 << 26;
const HOLDER = 1 << 27;
const EVERYTHING = 0x0fffffff;

export interface Bits {
  readonly reads: number;
  readonly writes: number;
}
const nothing: Bits = { reads: 0, writes: 0 };
const everything: Bits = { reads: EVERYTHING, writes: EVERYTHING };

function both(a: Bits, b: Bits): Bits {
  return { reads: a.reads | b.reads, writes: a.writes | b.writes };
}

const helper = { lookup: 1, update: 2, remove: 3, now: 5, cpu: 8, lookupPercpu: 195, lock: 93, unlock: 94 } as const;
/** Types whose look-ups write: they mark elements as used. */
const marking: ReadonlySet<string> = new Set(["lru_hash", "lru_percpu_hash"]);

export class Independence {
  readonly #model: Model;
  readonly #accesses: readonly Extract<Assertion, { kind: "access" }>[];
  readonly #conditions: boolean;
  readonly #shares: boolean;
  /** Of each user thread, the bits of its script from each command on. */
  readonly #scripts = new Map<UserThread, readonly Bits[]>();
  /** Of each program thread, the bits of what can be reached from each instruction. */
  readonly #programs = new Map<ProgramThread, readonly Bits[]>();

  constructor(model: Model) {
    this.#model = model;
    const { assertions } = model.scenario;
    this.#accesses = assertions.filter((each) => each.kind === "access");
    this.#conditions = assertions.some((each) => each.kind === "never" || each.kind === "always");
    this.#shares = model.programs.some((each) => each.plan.shares);
    for (const user of model.users) this.#scripts.set(user, this.#suffixes(user));
    for (const program of model.programs) this.#programs.set(program, this.#reaches(program));
  }

  /** Deferred calls may come at any time and free what anybody uses; and bits are few. */
  get possible(): boolean {
    return (
      !this.#model.freeing &&
      this.#model.scenario.profile.memory === "sc" &&
      Math.max(0, ...this.#model.ids.values()) < MOST_MAPS
    );
  }

  /** The bits of a step, by what it touches. */
  step(thread: number, touches: readonly Touch[]): Bits {
    let found = nothing;
    for (const touch of touches) found = both(found, this.#touch(thread, touch));
    return found;
  }

  #touch(thread: number, touch: Touch): Bits {
    if (touch.kind === "rcu") return { reads: RCU, writes: 0 };
    if (touch.kind === "wait") return { reads: RCU, writes: RCU };
    if (touch.kind === "mark") return { reads: 0, writes: MARK };
    if (touch.kind === "unknown") return everything;
    const { mapSet, memory } = this.#model.machine;
    const { id } = mapAt(mapSet, touch.address);
    const bit = id === 0 ? this.#holder(touch.address) : 1 << id;
    if (id === 0 && memory.regionAt(touch.address) !== 0) return everything;
    if (touch.kind === "read") return this.#watched(thread, id, { reads: bit, writes: 0 });
    return this.#watched(thread, id, { reads: bit, writes: bit });
  }

  /** The word that says who has a CPU for itself matters only where two threads share one. */
  #holder(address: number): number {
    const { mapSet } = this.#model.machine;
    const at = (address >> 2) - mapSet.holders;
    const known = at >= 0 && at < mapSet.cpus;
    return known ? (this.#shares ? HOLDER : 0) : EVERYTHING;
  }

  /** Whether an access is within an assertion depends on marks; conditions see the order of all writes. */
  #watched(thread: number, id: number, bits: Bits): Bits {
    const name = this.#model.threads[thread].name;
    const asked = this.#accesses.some((each) => matches(each.by, name) && this.#model.ids.get(each.map) === id);
    const reads = bits.reads | (asked ? MARK : 0);
    return { reads, writes: bits.writes | (this.#conditions && bits.writes !== 0 ? MARK : 0) };
  }

  /** All that a thread may still do, from its private words, which are in memory. */
  future(thread: number): Bits {
    const actor = this.#model.threads[thread];
    if (actor instanceof UserThread) return this.#scripts.get(actor)?.[actor.pc] ?? nothing;
    if (!(actor instanceof ProgramThread)) return everything;
    const reaches = this.#programs.get(actor) ?? [];
    const whole = reaches[0] ?? everything;
    const begin: Bits = actor.plan.rcu === "explicit" ? whole : both(whole, { reads: RCU, writes: 0 });
    if (!actor.inside) return actor.runs < actor.plan.times ? begin : nothing;
    const { R } = actor.cpu;
    if (R[state.status] > 1) return nothing;
    const plain = R[state.frame] === 0 && R[frameAt(0) + frame.kind] === continuation.none;
    const now = plain && actor.operation === 0 ? (reaches[actor.pc] ?? everything) : begin;
    return actor.runs < actor.plan.times ? both(now, begin) : now;
  }

  #suffixes(user: UserThread): readonly Bits[] {
    const thread = this.#model.threads.indexOf(user);
    const found: Bits[] = [nothing];
    for (const command of [...user.plan.script].reverse())
      found.unshift(both(found[0], this.#command(thread, command)));
    return found;
  }

  #command(thread: number, command: Command): Bits {
    const { ids, users } = this.#model;
    const holder = this.#shares ? HOLDER : 0;
    switch (command.kind) {
      case "wait":
        return { reads: RCU, writes: RCU };
      case "fence":
        return nothing;
      case "mark":
        return { reads: 0, writes: MARK };
      case "create":
      case "freeze":
      case "free":
        return everything;
      default: {
        if (users.some((each) => each.plan.observed)) return everything;
        const id = ids.get(command.map) ?? 0;
        const def = this.#model.machine.mapSet.definition(id);
        const outer = def?.type.endsWith("_of_maps") === true;
        const writes = command.kind === "lookup" || command.kind === "next_key" ? 0 : 1 << id;
        const inner = command.kind === "update" && "map" in command.value ? 1 << (ids.get(command.value.map) ?? 0) : 0;
        const wait = outer && writes !== 0 ? RCU : 0;
        const bits = { reads: (1 << id) | inner | holder | wait, writes: writes | inner | holder | wait };
        return this.#watched(thread, id, bits);
      }
    }
  }

  #reaches(actor: ProgramThread): readonly Bits[] {
    const { program } = this.#codeOf(actor);
    const maps = this.#mapsOf(program);
    const thread = this.#model.threads.indexOf(actor);
    const own = program.insns.map((insn) => this.#instruction(insn, maps, actor, thread));
    const found = own.slice();
    // Until nothing changes: what is reached from an instruction is its own bits and those of what follows.
    for (let changed = true; changed; ) {
      changed = false;
      for (let pc = own.length - 1; pc >= 0; pc--) {
        let bits = own[pc];
        for (const next of successors(program.insns, pc))
          if (next < own.length && next >= 0) bits = both(bits, found[next]);
        if (bits.reads === found[pc].reads && bits.writes === found[pc].writes) continue;
        found[pc] = bits;
        changed = true;
      }
    }
    return found;
  }

  #codeOf(actor: ProgramThread): { readonly program: Program } {
    return this.#model.machine.loaded(actor.plan.program).code;
  }

  /** The maps that a program may reach: those it names, and what may stand in those that hold maps. */
  #mapsOf(program: Program): { readonly all: number; readonly marking: number } {
    const { mapSet } = this.#model.machine;
    let all = 0;
    let used = 0;
    for (const def of program.maps) {
      const id = mapSet.byName(def.name);
      all |= 1 << id;
      if (marking.has(def.type)) used |= 1 << id;
      if (!def.type.endsWith("_of_maps")) continue;
      for (const other of this.#model.ids.values()) {
        const type = mapSet.definition(other)?.type ?? "";
        if (type.endsWith("_of_maps")) continue;
        all |= 1 << other;
        if (marking.has(type)) used |= 1 << other;
      }
    }
    return { all, marking: used };
  }

  #instruction(
    insn: Insn | null,
    maps: { readonly all: number; readonly marking: number },
    actor: ProgramThread,
    thread: number,
  ): Bits {
    if (insn === null) return nothing;
    const holder = this.#shares ? HOLDER : 0;
    const reads = { reads: maps.all | holder, writes: maps.marking | holder };
    const writes = { reads: maps.all | holder, writes: maps.all | holder };
    switch (insn.kind) {
      case "load":
      case "loadAcquire":
        return insn.base === 10 ? nothing : this.#anyWatched(thread, reads);
      case "store":
      case "storeRelease":
      case "atomic":
        return insn.base === 10 ? nothing : this.#anyWatched(thread, writes);
      case "callHelper":
        if (insn.id === helper.now || insn.id === helper.cpu) return nothing;
        if (insn.id === helper.lookup || insn.id === helper.lookupPercpu) return this.#anyWatched(thread, reads);
        if (insn.id === helper.update || insn.id === helper.remove) return this.#anyWatched(thread, writes);
        return insn.id === helper.lock || insn.id === helper.unlock ? writes : everything;
      case "callKfunc": {
        const name = this.#codeOf(actor).program.kfuncs[insn.index];
        return name === "bpf_rcu_read_lock" || name === "bpf_rcu_read_unlock" ? { reads: RCU, writes: 0 } : everything;
      }
      case "exit":
        return actor.plan.rcu === "explicit" ? nothing : { reads: RCU, writes: 0 };
      case "callLocal":
      case "callx":
        return everything;
      default:
        return nothing;
    }
  }

  #anyWatched(thread: number, bits: Bits): Bits {
    const name = this.#model.threads[thread].name;
    const asked = this.#accesses.some((each) => matches(each.by, name));
    return {
      reads: bits.reads | (asked ? MARK : 0),
      writes: bits.writes | (this.#conditions && bits.writes !== 0 ? MARK : 0),
    };
  }
}
