// Data races (concurrency.md, A4): two accesses to the same bytes by different threads, one of them a write, that nothing
// orders, unless each is one aligned access and both of one size; those are told of as `relaxed`. What orders is each
// thread's own order, locks, grace periods, pointers that are published and followed, and atomic operations that return
// something. The order in which an interleaving happens to make two accesses is none of these, so a race is found in
// every interleaving that has it, however far apart the two are.
import { copiesNext } from "../maps/footprint.ts";
import { map, op as w } from "../maps/layout.ts";
import type { Maps } from "../maps/maps.ts";
import { PLAIN, type RcuDomain, TRACE } from "../rcu/domain.ts";
import type { Machine } from "../vm/machine.ts";
import { type Access, type AccessKind, AccessWords, ATOMIC, READ, WRITE } from "./access-words.ts";
import type { Touch } from "./actor.ts";
import { lineAt, orderingOf, partsOf, placeOf } from "./program-place.ts";
import { ProgramThread } from "./program-thread.ts";
import { placeAt, placeName } from "./race-places.ts";
import type { UserThread } from "./user-thread.ts";

type Acting = ProgramThread | UserThread;

/** One of the two accesses of a race. */
export interface RaceSide {
  readonly thread: string;
  readonly access: "read" | "write" | "atomic";
  readonly address: number;
  readonly bytes: number;
  /** Part of a copy of several words, or of an access made in pieces. */
  readonly plain: boolean;
  /** A program's instruction, or the number of a script's command, from 1. */
  readonly pc?: number;
  readonly command?: number;
  readonly line?: number;
  readonly text: string;
}

export interface Race {
  readonly kind: "race" | "relaxed";
  /** `pair[0] + 8`. */
  readonly place: string;
  /** In the order in which the interleaving makes them. */
  readonly first: RaceSide;
  readonly second: RaceSide;
}

/** Carriers below 0 are readers and grace periods; the others are addresses. */
const STARTED = -1;
const LEFT = -16;
const WAITED = -4096;
const left = (reader: number, flavour: number): number => LEFT - reader * 2 - flavour;
const started = (flavour: number): number => STARTED - flavour;
const waited = (record: number): number => WAITED - record;

/** What the next step of a thread will do, as far as races and the order of accesses go. */
interface Coming {
  readonly accesses: readonly Pick<Access, "address" | "size" | "kind" | "plain" | "meets">[];
  readonly acquires: readonly number[];
  readonly releases: readonly number[];
  /** Words into which a pointer is put; `fresh` is what a table's operation publishes, -1 whatever is put there. */
  readonly pointers: readonly { readonly address: number; readonly fresh: number }[];
  readonly where: number;
  readonly depths: readonly [number, number];
  readonly waitsFor: number;
  /** Grace periods that wait for a section the thread is in. */
  readonly waiters: readonly number[];
}

/** Threads have a bit each. */
export const MOST_THREADS = 30;

export class Races {
  readonly words: AccessWords;
  /** Every pair that was met, whichever of its accesses came first. */
  readonly found = new Map<string, Race>();
  /** How many accesses were looked at. */
  looked = 0;
  readonly #machine: Machine;
  readonly #maps: Maps;
  readonly #rcu: RcuDomain;
  readonly #threads: readonly Acting[];
  /** Somebody waits for readers, so that sections order something. */
  readonly #waiting: boolean;
  #coming: Coming | undefined;

  constructor(machine: Machine, threads: readonly Acting[], waiting: boolean) {
    this.words = new AccessWords(machine.memory);
    this.#machine = machine;
    this.#maps = machine.mapSet;
    this.#rcu = machine.rcu;
    this.#threads = threads;
    this.#waiting = waiting;
  }

  /** Before a step. Nothing is kept of it until it was made. */
  before(thread: Acting, touches: readonly Touch[]): void {
    const reader = readerOf(thread);
    const depths = [this.#rcu.depth(reader, PLAIN), this.#rcu.depth(reader, TRACE)] as const;
    const accesses: Coming["accesses"][number][] = [];
    const acquires: number[] = [];
    const releases: number[] = [];
    const pointers: Coming["pointers"][number][] = [];
    const op = thread instanceof ProgramThread ? thread.operation : thread.operating ? thread.op : 0;
    const { i32 } = this.#maps.memory;
    for (const { kind, address, size } of touches) {
      if (kind === "lock") {
        if (!this.#isHolder(address)) (i32[address >> 2] === 0 ? acquires : releases).push(address);
        continue;
      }
      if ((kind !== "read" && kind !== "write" && kind !== "atomic") || size > 8) continue;
      const place = placeAt(this.#maps, address, size);
      if (place === undefined) continue;
      if (place.kind === "list") {
        acquires.push(place.address);
        releases.push(place.address);
      } else if (place.kind === "pointer") {
        // Following a pointer comes after what was done before it was published.
        if (kind !== "write") acquires.push(i32[address >> 2]);
        if (kind !== "read") pointers.push({ address, fresh: place.slot || op === 0 ? -1 : i32[op + w.fresh] });
      } else {
        const plain = op === 0 ? isUnaligned(thread, address, size) : !place.percpu && this.#isLong(op);
        const { acquire, release } = op === 0 && thread instanceof ProgramThread ? orderingOf(thread.cpu) : unordered;
        if (acquire) acquires.push(place.address);
        if (release) releases.push(place.address);
        const meets = kind === "atomic" || acquire || release;
        accesses.push({ address: place.address, size: place.size, kind: kinds[kind], plain, meets });
      }
    }
    const where = this.#whereOf(thread);
    const waitsFor = thread instanceof ProgramThread ? -1 : thread.waitsFor;
    const waiters = this.#waiting && (depths[0] > 0 || depths[1] > 0) ? this.#waitersFor(reader) : [];
    this.#coming = { accesses, acquires, releases, pointers, where, depths, waitsFor, waiters };
  }

  /** After it was made: the race that it completed. */
  after(thread: Acting): Race | undefined {
    const coming = this.#coming;
    if (coming === undefined) return undefined;
    this.#coming = undefined;
    const reader = readerOf(thread);
    const now = [this.#rcu.depth(reader, PLAIN), this.#rcu.depth(reader, TRACE)];
    const waits = thread instanceof ProgramThread ? -1 : thread.waitsFor;
    const sections = this.#waiting && (now[PLAIN] !== coming.depths[PLAIN] || now[TRACE] !== coming.depths[TRACE]);
    const { accesses: made, acquires, releases, pointers } = coming;
    const quiet = made.length + acquires.length + releases.length + pointers.length === 0;
    if (quiet && !sections && waits === coming.waitsFor) return undefined;
    const accesses = this.words.read();
    const number = this.#threads.indexOf(thread);
    const knowledge = new Knowledge(accesses, number);
    for (const flavour of [PLAIN, TRACE]) {
      if (coming.depths[flavour] === 0 && now[flavour] > 0) knowledge.acquire(started(flavour));
    }
    for (const each of acquires) knowledge.acquire(each);
    if (coming.waitsFor >= 0 && waits !== coming.waitsFor) {
      knowledge.acquire(waited(coming.waitsFor));
      knowledge.forget(waited(coming.waitsFor));
    }
    let race: Race | undefined;
    for (const each of made) {
      this.looked++;
      const own: Access = { ...each, thread: number, where: coming.where, known: 1 << number, carriers: [] };
      race ??= this.#meet(accesses, own);
      knowledge.add(own);
    }
    for (const { address, fresh } of pointers) {
      const value = this.#maps.memory.i32[address >> 2];
      if (value !== 0 && (value & 1) === 0 && (fresh === -1 || value === fresh)) knowledge.publish(value);
    }
    for (const each of releases) knowledge.release(each);
    if (this.#waiting) {
      for (const flavour of [PLAIN, TRACE]) {
        if (coming.depths[flavour] === 0 || now[flavour] > 0) continue;
        knowledge.release(left(reader, flavour));
        for (const record of coming.waiters) knowledge.release(waited(record));
      }
      if (waits >= 0 && waits !== coming.waitsFor) this.#start(knowledge, waits);
    }
    const all = 2 ** this.#threads.length - 1;
    this.words.write(knowledge.accesses.filter((each) => each.known !== all));
    return race;
  }

  /** A grace period begins: sections that are over come before it, and it comes before sections that begin later. */
  #start(knowledge: Knowledge, record: number): void {
    const flavour = this.#rcu.pending().find((each) => each.record === record)?.flavour ?? PLAIN;
    for (const each of this.#rcu.waitedFor(flavour)) {
      knowledge.release(started(each));
      for (let reader = 0; reader < this.#rcu.readers; reader++) knowledge.acquire(left(reader, each));
    }
  }

  /** The pairs that an access makes with those that it does not come after; the first that is a race. */
  #meet(accesses: readonly Access[], own: Access): Race | undefined {
    let race: Race | undefined;
    for (const other of accesses) {
      const apart = other.address + other.size <= own.address || own.address + own.size <= other.address;
      if (apart || other.thread === own.thread || (other.kind === READ && own.kind === READ)) continue;
      if ((other.known & own.known) !== 0) continue;
      const same = other.address === own.address && other.size === own.size;
      const isRace = other.plain || own.plain || !same;
      if (!isRace && other.meets && own.meets) continue;
      const found: Race = {
        kind: isRace ? "race" : "relaxed",
        place: placeName(this.#maps, Math.max(own.address, other.address)),
        first: this.#side(other),
        second: this.#side(own),
      };
      const pair = [sideText(found.first, "now"), sideText(found.second, "now")].sort().join(" | ");
      this.add(`${found.place} ${pair}`, found);
      if (isRace) race ??= found;
    }
    return race;
  }

  /** Keeps a pair. Of one that is met in both orders the same is told, however the walk came upon it. */
  add(pair: string, found: Race): void {
    const known = this.found.get(pair);
    if (known === undefined || sideText(found.first, "now") < sideText(known.first, "now")) this.found.set(pair, found);
  }

  #side({ thread, kind, address, size, plain, where }: Access): RaceSide {
    const acting = this.#threads[thread];
    const side = { thread: acting.name, access: names[kind], address, bytes: size, plain };
    if (!(acting instanceof ProgramThread)) {
      return { ...side, command: where + 1, text: acting.plan.script[where]?.text ?? "" };
    }
    const { program, pc } = partsOf(where);
    return { ...side, pc, ...lineAt(this.#machine.loaded(program).code.program, pc) };
  }

  #whereOf(thread: Acting): number {
    if (!(thread instanceof ProgramThread)) return thread.pc;
    return thread.inside ? placeOf(thread.cpu) : 0;
  }

  /** Whether an operation's step is one of several that copy or compare more than a word. */
  #isLong(op: number): boolean {
    const { i32 } = this.#maps.memory;
    return (copiesNext(this.#maps, op) ? i32[op + w.bytes] : i32[(i32[op + w.map] >> 2) + map.keySize]) > 8;
  }

  #isHolder(address: number): boolean {
    const at = (address >> 2) - this.#maps.holders;
    return at >= 0 && at < this.#machine.cpus.length;
  }

  #waitersFor(reader: number): Coming["waiters"] {
    return this.#rcu
      .pending()
      .filter((each) => each.kind === 0 && each.waitsFor.includes(reader))
      .map((each) => each.record);
  }
}

/** What a thread's steps do to the sets of the accesses. */
class Knowledge {
  accesses: Access[];
  readonly #thread: number;
  readonly #bit: number;

  constructor(accesses: Access[], thread: number) {
    this.accesses = accesses;
    this.#thread = thread;
    this.#bit = 1 << thread;
  }

  /** The thread comes after what the carrier comes after. */
  acquire(carrier: number): void {
    for (const each of this.accesses) if (each.carriers.includes(carrier)) each.known |= this.#bit;
  }

  /** The carrier comes after what the thread comes after, besides what it came after before. */
  release(carrier: number): void {
    for (const each of this.accesses) {
      if ((each.known & this.#bit) === 0 || each.carriers.includes(carrier)) continue;
      each.carriers = [...each.carriers, carrier].sort((a, b) => a - b);
    }
  }

  /** The same, and it forgets what it came after before. */
  publish(carrier: number): void {
    this.forget(carrier);
    this.release(carrier);
  }

  forget(carrier: number): void {
    for (const each of this.accesses) each.carriers = each.carriers.filter((one) => one !== carrier);
  }

  /** A new access stands for an older one like it: whoever does not come after that does not come after this. */
  add(own: Access): void {
    this.accesses = this.accesses.filter(
      (each) =>
        each.thread !== this.#thread ||
        each.address !== own.address ||
        each.size !== own.size ||
        each.kind !== own.kind ||
        each.plain !== own.plain ||
        each.meets !== own.meets,
    );
    this.accesses.push(own);
  }
}

const unordered = { acquire: false, release: false } as const;
const kinds: Readonly<Record<"read" | "write" | "atomic", AccessKind>> = { read: READ, write: WRITE, atomic: ATOMIC };
const names = ["read", "write", "atomic"] as const;

/** Whether a program's access is one that need not be made at once. */
function isUnaligned(thread: Acting, address: number, size: number): boolean {
  return (thread instanceof ProgramThread && thread.makesPiece) || (address & (size - 1)) !== 0;
}

function readerOf(thread: Acting): number {
  return thread instanceof ProgramThread ? thread.cpu.index : thread.plan.reader;
}

/** What a pair is, in one line: `data race on pair[0] + 8: reader reads ...`. */
export function raceText({ kind, place, first, second }: Race): string {
  if (kind === "race") {
    return `data race on ${place}: ${sideText(second, "now")}, ${sideText(first, "before")}, and nothing orders the two`;
  }
  return `${place}: ${sideText(first, "now")}, ${sideText(second, "now")}: nothing orders the two, each is one access`;
}

function sideText({ thread, access, bytes, plain, pc, command, line, text }: RaceSide, when: "now" | "before"): string {
  const verbs = {
    read: { now: "reads", before: "read" },
    write: { now: "writes", before: "wrote" },
    atomic: { now: "changes", before: "changed" },
  };
  const part = plain ? (pc !== undefined && !text.startsWith("call") ? ", not aligned" : " of a copy") : "";
  const number = pc === undefined ? `command ${command}` : line === undefined ? `instruction ${pc}` : `line ${line}`;
  return `${thread} ${verbs[access][when]} ${bytes} byte${bytes === 1 ? "" : "s"}${part} (${number}, \`${text}\`)`;
}
