// A schedule told step by step: who did what, what it changed in maps, who was inside a section, who waited for whom. The
// model makes the steps once more and this looks on.
import { helperName } from "../host/names.ts";
import { print } from "../isa/print.ts";
import { map, mapType, op as w } from "../maps/layout.ts";
import type { Maps } from "../maps/maps.ts";
import { POINTER_HIGH } from "../memory/layout.ts";
import { PLAIN, TRACE } from "../rcu/domain.ts";
import { callOf } from "../vm/busy.ts";
import { INSN_WORDS, REG_WORDS } from "../vm/code.ts";
import { state } from "../vm/registers.ts";
import { type Actor, PRIVATE, type Touch } from "./actor.ts";
import type { Violation } from "./checks.ts";
import { keyAt, mapAt, valueAddress } from "./contents.ts";
import { Model } from "./model.ts";
import { ProgramThread } from "./program-thread.ts";
import type { Race } from "./races.ts";
import type { Scenario } from "./scenario.ts";
import type { Move } from "./schedule.ts";
import { StoreBuffer } from "./store-buffer.ts";
import { UserThread } from "./user-thread.ts";

/** Something a thread did. */
export interface TellingRow {
  /** The number of the schedule's step, from 1. */
  readonly step: number;
  readonly thread: number;
  readonly text: string;
  /** Nobody else could notice it. */
  readonly quiet: boolean;
  /** What changed in maps: `old[42]: 0 -> 1`. */
  readonly changes: readonly string[];
  /** For each thread, whether it was inside an RCU section before and after. */
  readonly sections: readonly (readonly [before: boolean, after: boolean])[];
  /** Threads that wait for readers, and the readers they wait for. */
  readonly waiting: readonly { readonly thread: number; readonly readers: readonly number[] }[];
  readonly violation?: string;
  /** The first access of the data race that the violation is. */
  readonly race?: true;
}

export interface Telling {
  readonly threads: readonly string[];
  readonly rows: readonly TellingRow[];
  readonly violation?: Violation;
  /** The step at which a schedule could not go on as it said; absent if it could. */
  readonly stuckAt?: number;
}

/** Makes the steps of a schedule on a fresh machine. */
export function tell(
  scenario: Scenario,
  schedule: readonly Move[],
  options: { readonly fuse?: boolean } = {},
): Telling {
  const made = Model.build(scenario, options);
  if (!made.ok) throw new Error("a scenario that was judged cannot be built again");
  return new Teller(made.value).tell(schedule);
}

class Teller {
  readonly #model: Model;
  readonly #maps: Maps;
  readonly #rows: TellingRow[] = [];
  /** What each row's step touched. */
  readonly #touched: (readonly Touch[])[] = [];
  #touches: readonly Touch[] = [];
  #step = 0;
  #text = "";
  #quiet = false;
  #before: ReadonlyMap<string, string> = new Map();
  #sections: readonly boolean[] = [];

  constructor(model: Model) {
    this.#model = model;
    this.#maps = model.machine.mapSet;
  }

  tell(schedule: readonly Move[]): Telling {
    const model = this.#model;
    const threads = model.threads.map((each) => each.name);
    model.witness = {
      before: (thread, touches) => this.#look(thread, touches),
      after: (thread, ran) => this.#note(thread, ran),
    };
    let violation: Violation | undefined;
    for (const [at, move] of schedule.entries()) {
      this.#step = at + 1;
      const thread = model.threads[move.thread];
      if (thread === undefined || model.isDone(move.thread)) return { threads, rows: this.#rows, stuckAt: at + 1 };
      const made = model.step(move.thread, move.choices);
      if (!made.ran) return { threads, rows: this.#rows, stuckAt: at + 1 };
      violation = made.violation;
      if (violation !== undefined) break;
    }
    const last = this.#rows.findLastIndex((row) => row.step === this.#step && !row.quiet);
    if (violation !== undefined && last >= 0) {
      const step = violation.race === undefined ? 0 : this.#markFirst(violation.race, last);
      const text = step === 0 ? violation.text : `data race on ${violation.race?.place} with step ${step}`;
      this.#rows[last] = { ...this.#rows[last], violation: text };
    }
    return { threads, rows: this.#rows, ...(violation === undefined ? {} : { violation }) };
  }

  /** Marks the row of the access that a data race began with, and gives its step; 0 if there is none. */
  #markFirst({ first }: Race, before: number): number {
    const thread = this.#model.threads.findIndex((each) => each.name === first.thread);
    const isIt = ({ kind, address, size }: Touch): boolean =>
      kind === first.access && address <= first.address && first.address + first.bytes <= address + size;
    for (let at = before - 1; at >= 0; at--) {
      if (this.#rows[at].thread !== thread || !this.#touched[at].some(isIt)) continue;
      this.#rows[at] = { ...this.#rows[at], race: true };
      return this.#rows[at].step;
    }
    return 0;
  }

  #look(thread: Actor, touches: readonly Touch[]): void {
    this.#touches = touches;
    this.#quiet = thread.next() === PRIVATE;
    this.#before = this.#contents();
    this.#sections = this.#inside();
    this.#text =
      thread instanceof ProgramThread
        ? this.#programText(thread, touches)
        : thread instanceof UserThread
          ? this.#userText(thread)
          : thread instanceof StoreBuffer
            ? `${this.#placeName(touches[0]?.address ?? 0) || "a store"} reaches memory`
            : "runs a deferred call";
  }

  #note(thread: Actor, ran: boolean): void {
    if (!ran) return;
    let text = this.#text;
    if (thread instanceof ProgramThread) text = this.#withResult(thread, text);
    if (thread instanceof UserThread) text = this.#withValue(thread, text);
    if (text === "") return;
    const after = this.#contents();
    const changes: string[] = [];
    for (const [name, value] of after) {
      const old = this.#before.get(name);
      if (old !== value) changes.push(`${name}: ${old ?? "none"} -> ${value}`);
    }
    for (const [name, value] of this.#before) if (!after.has(name)) changes.push(`${name}: ${value} -> none`);
    const inside = this.#inside();
    const sections = inside.map((now, at) => [this.#sections[at], now] as const);
    const at = this.#model.threads.indexOf(thread);
    this.#touched.push(this.#touches);
    this.#rows.push({
      step: this.#step,
      thread: at,
      text,
      quiet: this.#quiet,
      changes,
      sections,
      waiting: this.#waiting(),
    });
  }

  #inside(): readonly boolean[] {
    const { rcu } = this.#model.machine;
    return this.#model.threads.map((thread) => {
      if (!(thread instanceof ProgramThread)) return false;
      const reader = thread.cpu.index;
      return rcu.depth(reader, PLAIN) > 0 || rcu.depth(reader, TRACE) > 0;
    });
  }

  #waiting(): TellingRow["waiting"] {
    return this.#model.threads.flatMap((thread, at) => {
      const record = thread instanceof UserThread ? thread.waitsFor : -1;
      if (record < 0) return [];
      const found = this.#model.machine.rcu.pending().find((each) => each.record === record);
      return [{ thread: at, readers: found?.waitsFor ?? [] }];
    });
  }

  /** The elements of all maps, by name. */
  #contents(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const [name, id] of this.#model.ids) {
      for (const [key, value] of elementsOf(this.#maps, id, (inner) => this.#nameOf(inner)))
        found.set(`${name}[${key}]`, value);
    }
    return found;
  }

  #nameOf(id: number): string {
    for (const [name, each] of this.#model.ids) if (each === id) return name;
    return `map ${id}`;
  }

  #programText(thread: ProgramThread, touches: readonly Touch[]): string {
    const { cpu } = thread;
    if (!thread.inside) {
      const first = thread.plan.times > 1 ? ` (run ${thread.runs + 1})` : "";
      const lock = { implicit: "rcu_read_lock", sleepable: "rcu_read_lock_trace", explicit: "begins" }[thread.plan.rcu];
      return `${lock}${first}`;
    }
    const { R } = cpu;
    if (R[state.busy] !== 0) {
      if (this.#quiet) return "";
      return `${this.#callText(thread, callOf(cpu) / INSN_WORDS)}: ${stepText(this.#maps.stepName(thread.operation))}`;
    }
    const pc = R[state.pc] / INSN_WORDS;
    const insn = cpu.code.program.insns[pc];
    if (insn?.kind === "callHelper") {
      return insn.id === 5 || insn.id === 8 ? "" : this.#callText(thread, pc);
    }
    if (insn?.kind === "exit" && R[state.frame] === 0) {
      return { implicit: "exit, rcu_read_unlock", sleepable: "exit, rcu_read_unlock_trace", explicit: "exit" }[
        thread.plan.rcu
      ];
    }
    if (insn?.kind === "callKfunc") return cpu.code.program.kfuncs[insn.index]?.replace(/^bpf_/, "") ?? "call";
    if (this.#quiet || insn === null || insn === undefined) return "";
    const where = touches[0] === undefined ? "" : this.#placeName(touches[0].address);
    const at = cpu.code.program.origin[pc]?.whole;
    const text =
      at === undefined
        ? print(insn)
        : at.source.text
            .slice(at.start, at.end)
            .replace(/\s*#.*$/, "")
            .trim();
    const part = thread.makesPiece ? `, ${touches[0]?.size} of its bytes` : "";
    return where === "" ? text : `${text}  (${where}${part})`;
  }

  /** The helper that is called, with the map and the key. */
  #callText(thread: ProgramThread, pc: number): string {
    const { cpu } = thread;
    const insn = cpu.code.program.insns[pc];
    if (insn?.kind !== "callHelper") return "call";
    const name =
      helperName(insn.id)
        ?.replace(/^bpf_/, "")
        .replace(/^map_|_elem$/g, "") ?? `helper ${insn.id}`;
    const op = thread.operation;
    const { I, R } = cpu;
    if (op !== 0 && I[op + w.map] !== 0) return `${name} ${this.#elementName(I[op + w.map], I[op + w.key])}`;
    const header = R[REG_WORDS];
    const isMap = R[REG_WORDS + 1] === POINTER_HIGH && this.#maps.mapIdAt(header) !== 0;
    if (isMap) return `${name} ${this.#elementName(header, R[2 * REG_WORDS])}`;
    const place = this.#placeName(header);
    return place === "" ? name : `${name} ${place}`;
  }

  #elementName(header: number, key: number): string {
    const { i32, u8 } = this.#maps.memory;
    const id = i32[header >> 2];
    const size = this.#maps.address(id) === 0 ? 0 : this.#maps.word(id, map.keySize);
    if (size === 0) return this.#nameOf(id);
    return `${this.#nameOf(id)}[${number(u8.slice(key, key + size))}]`;
  }

  /** `old[42]` for an address in a value of it. */
  #placeName(address: number): string {
    const { id, contents } = mapAt(this.#maps, address);
    if (id === 0 || !contents || this.#maps.address(id) === 0) return "";
    const key = keyAt(this.#maps, id, address);
    if (key === undefined) return this.#nameOf(id);
    const start = valueAddress(this.#maps, id, key);
    const offset = start !== 0 && address > start && address - start < 4096 ? ` + ${address - start}` : "";
    return `${this.#nameOf(id)}[${number(key)}]${offset}`;
  }

  /** What a call returned, once it is over. */
  #withResult(thread: ProgramThread, text: string): string {
    const { R } = thread.cpu;
    const wasCall = /^(?:lookup|update|delete|pop|push|peek|lookup_percpu)\b/.test(text);
    if (text === "" || !wasCall || !thread.inside) return text;
    if (R[state.busy] !== 0) return this.#quiet ? "" : text;
    const name = text.replace(/: .*$/, "");
    const step = /: (.*)$/.exec(text)?.[1];
    const steps = step === undefined ? "" : `: ${step}`;
    if (!/^(?:lookup|lookup_percpu)\b/.test(text)) return `${name}${steps} = ${R[0]}`;
    if (R[1] !== POINTER_HIGH) return `${name} -> null`;
    const inner = this.#maps.mapIdAt(R[0]);
    return `${name} -> ${inner === 0 ? "a pointer" : this.#nameOf(inner)}`;
  }

  #userText(thread: UserThread): string {
    const { command } = thread;
    if (command === undefined) return "";
    if (command.kind === "wait") {
      const name = waitName(command.how);
      if (thread.waitsFor >= 0) return `${name} returns`;
      const readers = this.#readersNow(command.how === "synchronize_rcu_tasks_trace");
      return readers === "" ? `${name}: no reader is inside` : `${name}: waits for ${readers}`;
    }
    if (command.kind === "fence") return `${waitName(command.how)}: waits for no reader`;
    if (command.kind === "mark") return `mark ${command.mark}`;
    if (thread.operating) {
      if (thread.waitsFor >= 0) return `${this.#commandText(thread)} returns: the readers have left`;
      return this.#quiet ? "" : `${this.#commandText(thread)}: ${stepText(this.#maps.stepName(thread.op))}`;
    }
    if (command.kind === "update" && "map" in command.value) return `${this.#commandText(thread)}: begins`;
    const visible = command.kind === "create" || command.kind === "freeze" || command.kind === "free";
    return visible ? `${command.kind} ${command.map}` : "";
  }

  #readersNow(trace: boolean): string {
    const { machine, programs } = this.#model;
    const inside = programs.filter((each) => machine.rcu.depth(each.cpu.index, trace ? TRACE : PLAIN) > 0);
    return inside.map((each) => each.name).join(" and ");
  }

  #commandText(thread: UserThread): string {
    const { command } = thread;
    if (command === undefined || !("map" in command)) return "";
    const key =
      "key" in command && command.key !== undefined && command.key.length > 0 ? `[${number(command.key)}]` : "";
    const where = this.#placeText(thread);
    if (command.kind !== "update") return `${command.kind} ${command.map}${key}${where}`;
    const value = "map" in command.value ? command.value.map : words(command.value.bytes);
    return `update ${command.map}${key} = ${value}${where}`;
  }

  /** On which CPU a script is that could be on others. */
  #placeText({ name, chosenCpu }: UserThread): string {
    if (chosenCpu < 0) return "";
    const { programs, users } = this.#model;
    const others = users.filter((each) => each.name !== name && each.plan.placement.cpus[0] === chosenCpu);
    const beside = programs[chosenCpu] ?? others[0];
    return beside === undefined ? " on its own CPU" : ` on ${beside.name}'s CPU`;
  }

  /** What a command gave its variable. */
  #withValue(thread: UserThread, text: string): string {
    const before = this.#model.scenario.threads.find((each) => each.name === thread.name);
    const command = before?.kind === "user" ? before.script[thread.pc - 1] : undefined;
    if (text === "" || thread.operating || command === undefined || !("as" in command) || command.as === undefined)
      return text;
    return `${text} -> ${command.as} = ${thread.value(command.as, 0)}`;
  }
}

/** `membarrier global`, as the scenario writes it. */
function waitName(how: string): string {
  return how.replace(/^membarrier_/, "membarrier ");
}

/** The name of a step without that of the map's kind. */
function stepText(name: string): string {
  return name
    .replace(/^copy: (one word)?/, (_, word) => (word === undefined ? "" : "copy one word"))
    .replace(/^[^:]*: /, "");
}

/** The elements of a map as text, by key. */
function* elementsOf(maps: Maps, id: number, name: (id: number) => string): Generator<readonly [string, string]> {
  const header = maps.address(id) >> 2;
  if (header === 0) return;
  const { i32, u8 } = maps.memory;
  const type = i32[header + map.type];
  const outer = type === mapType.array_of_maps || type === mapType.hash_of_maps;
  const show = (at: number): string => {
    if (outer) return i32[at >> 2] === 0 ? "none" : name(i32[i32[at >> 2] >> 2]);
    if (i32[header + map.percpu] === 0) return words(u8.subarray(at, at + i32[header + map.valueSize]));
    const own = Array.from({ length: maps.cpus }, (_, cpu) => at + cpu * i32[header + map.slot]);
    return `{${own.map((from) => words(u8.subarray(from, from + i32[header + map.valueSize]))).join(", ")}}`;
  };
  if (i32[header + map.buckets] === 0) {
    const count = i32[header + map.valueSize] === 0 ? 0 : i32[header + map.maxEntries];
    for (let index = 0; index < Math.min(count, 4096); index++) {
      yield [String(index), show(i32[header + map.values] + index * i32[header + map.stride])];
    }
    return;
  }
  const seen = new Set<string>();
  for (let bucket = 0; bucket <= i32[header + map.bucketMask]; bucket++) {
    let item = i32[(i32[header + map.buckets] >> 2) + bucket * 2];
    for (let steps = 0; (item & 1) === 0 && steps < 4096; steps++) {
      const at = item + i32[header + map.keyOffset];
      const key = number(u8.slice(at, at + i32[header + map.keySize]));
      // While an element is replaced both are linked, and the first is the one that is found.
      if (!seen.has(key)) yield [key, show(item + i32[header + map.valueOffset])];
      seen.add(key);
      item = i32[item >> 2];
    }
  }
}

/** Bytes as a number, the least significant first; long ones in hexadecimal. */
function number(bytes: Uint8Array): string {
  if (bytes.length > 8) return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n).toString();
}

/** A value as its words of 8 bytes. */
function words(bytes: Uint8Array): string {
  if (bytes.length <= 8) return number(bytes);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 8) parts.push(number(bytes.slice(at, at + 8)));
  return `(${parts.join(" ")})`;
}
