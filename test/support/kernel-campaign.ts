// Compiled code held to the running kernel: programs at work that both verifiers accept, run by both on the same packets.
// What each returns, what is left in the packet and in the maps must be the same. Nothing is attached.
import { disassemble } from "../../src/asm/disassemble.ts";
import type { MapDef, Program } from "../../src/isa/program.ts";
import { compile } from "../../src/jit/compile.ts";
import { judgeAndRun } from "../../src/kernel/judge.ts";
import { errnoName, type Kernel } from "../../src/kernel/syscall.ts";
import { verify } from "../../src/verifier/verify.ts";
import { Machine } from "../../src/vm/machine.ts";
import { state } from "../../src/vm/registers.ts";
import { randomFrom } from "./generate.ts";
import { workProgram } from "./work.ts";

interface Seen {
  /** By run: what was returned, and the packet afterwards. */
  readonly runs: readonly string[];
  /** By map: the entries, sorted. */
  readonly maps: readonly string[];
}

const ETHERNET = 14;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export class KernelCampaign {
  programs = 0;
  accepted = 0;
  runs = 0;
  differences = 0;
  /** Why programs were not run on both sides. */
  readonly notRun = new Map<string, number>();
  readonly #kernel: Kernel;
  readonly #random: () => number;

  constructor(kernel: Kernel, seed: number) {
    this.#kernel = kernel;
    this.#random = randomFrom(seed);
  }

  /** What differs of the next program, with the program; undefined where all is the same. */
  next(): string | undefined {
    this.programs++;
    const program = workProgram(this.#random);
    const packets = [64, 64, 33].map((length) => Uint8Array.from({ length }, () => this.#random() * 256));
    const ours = inMachine(program, packets);
    if (typeof ours === "string") return this.#skip(ours);
    const theirs = this.#inKernel(program, packets);
    if (typeof theirs === "string") return this.#skip(theirs);
    this.accepted++;
    this.runs += packets.length;
    const wrong = [...pairs(ours.runs, theirs.runs), ...pairs(ours.maps, theirs.maps)].find(([a, b]) => a !== b);
    if (wrong === undefined) return undefined;
    this.differences++;
    return `kernel ${wrong[1]}, here ${wrong[0]}\n${disassemble(program).trimEnd()}`;
  }

  #skip(why: string): undefined {
    this.notRun.set(why, (this.notRun.get(why) ?? 0) + 1);
  }

  #inKernel(program: Program, packets: readonly Uint8Array[]): Seen | string {
    const kernel = this.#kernel;
    const { judgement, result } = judgeAndRun(kernel, program, { logLevel: 1 }, (fd, fds): Seen | string => {
      const jumps = program.maps.findIndex(({ type }) => type === "prog_array");
      const inner = fds[program.maps.findIndex(({ name }) => name === "inner")];
      const key = new Uint8Array(4);
      if (jumps >= 0) kernel.update(fds[jumps], key, bytesOf(fd));
      for (const [at, { type }] of program.maps.entries()) {
        if (isOfMaps(type)) kernel.update(fds[at], key, bytesOf(inner));
      }
      const runs: string[] = [];
      for (const data of packets) {
        const { errno, retval, dataOut } = kernel.testRun(fd, { data });
        if (errno !== 0) return `test run: ${errnoName(errno)}`;
        // In place of a socket filter's Ethernet header the kernel hands zeros back.
        const left = program.type === "socket_filter" ? dataOut.subarray(ETHERNET) : dataOut;
        runs.push(`returns ${retval}, packet ${hex(left)}`);
      }
      return { runs, maps: program.maps.map((def, at) => entriesText(def, this.#entries(def, fds[at]))) };
    });
    return result ?? `the kernel: ${judgement.message.replace(/\d+/g, "N")}`;
  }

  #entries(def: MapDef, fd: number): readonly (readonly [Uint8Array, Uint8Array])[] {
    const kernel = this.#kernel;
    const found: (readonly [Uint8Array, Uint8Array])[] = [];
    if (def.keySize === 0) {
      for (;;) {
        const { errno, value } = kernel.lookupAndDelete(fd, undefined);
        if (errno !== 0 || value === undefined) return found;
        found.push([new Uint8Array([found.length]), value]);
      }
    }
    let next = kernel.nextKey(fd, undefined);
    while (next.errno === 0 && next.value !== undefined) {
      const { value } = kernel.lookup(fd, next.value);
      if (value !== undefined) found.push([next.value, value]);
      next = kernel.nextKey(fd, next.value);
    }
    return found;
  }
}

function bytesOf(number: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(number).buffer);
}

function pairs(a: readonly string[], b: readonly string[]): readonly (readonly [string, string])[] {
  return a.map((each, at) => [each, b[at]] as const);
}

const isOfMaps = (type: MapDef["type"]): boolean => type === "array_of_maps" || type === "hash_of_maps";

/** What programs wrote: of a per-CPU map the sum of the CPUs' bytes, for a run is on whichever CPU the kernel picks. */
function entriesText(def: MapDef, entries: readonly (readonly [Uint8Array, Uint8Array])[]): string {
  if (def.type === "prog_array" || isOfMaps(def.type)) return def.name;
  const shown = entries.map(
    ([key, value]) => `${hex(key)}=${hex(def.type.includes("percpu") ? anyCpu(def, value) : value)}`,
  );
  return `${def.name}: ${shown.sort().join(" ")}`;
}

/** The values of all CPUs laid over one another: those of CPUs that ran nothing are zeros. */
function anyCpu({ valueSize }: MapDef, value: Uint8Array): Uint8Array {
  const out = new Uint8Array(valueSize);
  const stride = (valueSize + 7) & -8;
  for (let at = 0; at < value.length; at += stride) for (let n = 0; n < valueSize; n++) out[n] |= value[at + n];
  return out;
}

function inMachine(program: Program, packets: readonly Uint8Array[]): Seen | string {
  const verdict = verify(program, { rcu: "implicit" });
  if (verdict.verdict !== "accepted") return "we do not accept it";
  const machine = new Machine({ regime: "implicit" });
  const made = compile(verdict.program, machine);
  if (!made.ok) return `not compiled: ${made.refusal.reason}`;
  const runs: string[] = [];
  for (const data of packets) {
    // A socket filter sees no Ethernet header.
    const packet = program.type === "socket_filter" ? data.subarray(ETHERNET) : data;
    // The kernel's runs of XDP come in by the loopback interface, number 1.
    const ctx = program.type === "xdp" ? { ctx: new Uint8Array(Uint32Array.of(0, 0, 0, 1, 0, 0).buffer) } : {};
    const result = made.value.run({ packet, ...ctx });
    if (result.kind === "fault") return `faults: ${result.fault.text}`;
    const { R } = machine.cpus[0];
    const left = machine.memory.u8.slice(R[state.packetStart], R[state.packetEnd]);
    runs.push(`returns ${BigInt.asUintN(32, result.r0)}, packet ${hex(left)}`);
  }
  const maps = program.maps.map((def) => {
    const id = machine.mapSet.byName(def.name);
    if (def.keySize > 0) return entriesText(def, [...machine.maps.entries(id)]);
    const found: (readonly [Uint8Array, Uint8Array])[] = [];
    for (;;) {
      const { errno, value } = machine.maps.lookupAndDelete(id, new Uint8Array());
      if (errno !== 0) return entriesText(def, found);
      found.push([new Uint8Array([found.length]), value]);
    }
  });
  return { runs, maps };
}
