// Runs drawn programs on both sides and says where they differ: what helpers returned, what is left in the map, and of
// a ring buffer the records that userspace reads between runs.

import { assemble } from "../../src/asm/assemble.ts";
import type { MapDef, Program } from "../../src/isa/program.ts";
import { createMap, judgeAndRun } from "../../src/kernel/judge.ts";
import { errnoName, type Kernel } from "../../src/kernel/syscall.ts";
import { programHandle } from "../../src/vm/calls.ts";
import { Machine } from "../../src/vm/machine.ts";
import type { Difference } from "./compare.ts";
import { type Drawn, draw } from "./programs.ts";
import { type MapRing, mapRing, recordText } from "./ring-reader.ts";
import { below, isKeyless, isPerCpu, type Kind, pick, type Random } from "./shapes.ts";
import { hex } from "./side.ts";

/** A map's contents, sorted, and each run's slots and records. */
interface Seen {
  readonly runs: readonly (readonly bigint[])[];
  readonly records: readonly (readonly string[])[];
  readonly contents: readonly string[];
}

const packet = new Uint8Array(64);
const index = (key: number): Uint8Array => new Uint8Array(Uint32Array.of(key).buffer);

export class ProgramRuns {
  operations = 0;
  readonly differences: Difference[] = [];
  private readonly kernel: Kernel;
  private readonly kind: Kind;
  private readonly random: Random;
  private readonly readRing: MapRing | undefined;

  constructor(kernel: Kernel, kind: Kind, random: Random, readRing: MapRing | undefined) {
    this.kernel = kernel;
    this.kind = kind;
    this.random = random;
    this.readRing = readRing;
  }

  static async open(kernel: Kernel, kind: Kind, random: Random): Promise<ProgramRuns> {
    return new ProgramRuns(kernel, kind, random, kind === "ringbuf" ? await mapRing() : undefined);
  }

  /** One program of about `length` operations, run once; with a ring buffer, a few times. */
  episode(length: number): void {
    if (this.kind === "prog_array") {
      this.tailCalls(length);
      return;
    }
    const drawn = draw(this.kind, this.random, length);
    const runs = drawn.def.type === "ringbuf" ? pick(this.random, [1, 2, 3, 6]) : 1;
    // Before which of the runs, and after the last, the records are read.
    const reads = Array.from({ length: runs }, () => this.random() < 0.6);
    const kernel = this.inKernel(drawn, reads);
    if (typeof kernel === "string") {
      this.differences.push({ signature: `the kernel refuses the program: ${kernel}`, detail: describe(drawn.def) });
      return;
    }
    this.operations += runs * drawn.slots.length;
    this.compare(drawn, kernel, inLaboratory(drawn, reads, this.kernel.cpus));
  }

  private inKernel({ def, program, outer }: Drawn, reads: readonly boolean[]): Seen | string {
    const { kernel } = this;
    const mapAt = program.maps.findIndex(({ name }) => name === "m");
    const outAt = program.maps.findIndex(({ name }) => name === "out");
    const { judgement, result } = judgeAndRun(kernel, program, { logLevel: 1 }, (fd, fds): Seen | string => {
      const [map = -1, out = -1] = [fds[mapAt], fds[outAt]];
      const open: number[] = [];
      const inner: number[] = [];
      try {
        for (const key of outer) {
          const made = createMap(kernel, def.inner ?? def, open);
          if (made.fd === undefined) return `no inner map: ${errnoName(made.errno)}`;
          inner.push(made.fd);
          kernel.update(map, index(key), index(made.fd));
        }
        const ring = def.type === "ringbuf" ? this.readRing?.(map, def.maxEntries) : undefined;
        const runs: bigint[][] = [];
        const records: string[][] = [];
        for (const read of reads) {
          const { errno } = kernel.testRun(fd, { data: packet });
          if (errno !== 0) return `test run: ${errnoName(errno)}`;
          runs.push(words(kernel.lookup(out, index(0)).value));
          records.push(read ? (ring?.read() ?? []) : []);
        }
        ring?.close();
        const walked = inner.length > 0 ? inner : [map];
        return { runs, records, contents: walked.flatMap((each) => contentsOf(def, kernelWalk(kernel, each))) };
      } finally {
        for (const each of open) kernel.close(each);
      }
    });
    return result ?? judgement.message;
  }

  /** A program that makes a tail call to the slot that a second map names, while userspace fills and empties slots. */
  private tailCalls(length: number): void {
    const { kernel, random } = this;
    const size = pick(random, [1, 2, 5]);
    const program = tailCaller(size);
    const leaves = [0, 1].map((n) => leaf(100 + n));
    const machine = new Machine();
    const loaded = [...leaves, program].map((each) => {
      const made = machine.load(each);
      if (!made.ok) throw new Error(made.diagnostics[0].text);
      return made.value;
    });
    const [slots, where] = ["m", "where"].map((name) => machine.mapSet.byName(name));
    const { judgement } = judgeAndRun(kernel, program, { logLevel: 1 }, (fd, [slotsFd = -1, whereFd = -1]) => {
      const fds = leaves.map((each) => kernel.loadProgram({ type: "xdp", insns: each.bytes("little") }).fd ?? -1);
      for (let n = 0; n < length; n++, this.operations++) {
        const [slot, which] = [below(random, size + 2), below(random, 3)];
        const answers =
          which === 2
            ? [kernel.delete(slotsFd, index(slot)).errno, -machine.maps.delete(slots, index(slot))]
            : [
                kernel.update(slotsFd, index(slot), index(fds[which])).errno,
                -machine.maps.update(slots, index(slot), index(programHandle(which, 0))),
              ];
        const next = index(below(random, size + 2));
        kernel.update(whereFd, index(0), next);
        machine.maps.update(where, index(0), next);
        const result = loaded[2].run({ packet });
        answers.push(kernel.testRun(fd, { data: packet }).retval, result.kind === "exit" ? Number(result.r0) : -1);
        const [a, b, c, d] = answers;
        if (a === b && c === d) continue;
        const signature = `tail call: ${a === b ? "result" : `slot ${errnoName(a)} / ${errnoName(b)}`}`;
        this.differences.push({ signature, detail: `${size} slots: ${c} / ${d}` });
      }
      for (const each of fds) kernel.close(each);
    });
    if (judgement.verdict !== "accept") throw new Error(judgement.message);
  }

  private compare(drawn: Drawn, first: Seen, second: Seen): void {
    for (const [at, run] of first.runs.entries()) {
      const slot = run.findIndex((value, n) => value !== second.runs[at]?.[n]);
      if (slot < 0) continue;
      const story = drawn.slots.slice(0, slot + 1).map((what, n) => `${what}: ${run[n]}`);
      this.report(drawn, drawn.slots[slot], `${run[slot]} / ${second.runs[at]?.[slot]}`, story);
      return;
    }
    for (const [at, records] of first.records.entries()) {
      if (records.join() === second.records[at]?.join()) continue;
      this.report(drawn, "the records", `${records.length} / ${second.records[at]?.length}`, [
        records.join(" "),
        second.records[at]?.join(" ") ?? "",
      ]);
      return;
    }
    if (first.contents.join() === second.contents.join()) return;
    const story = drawn.slots.map((what, n) => `${what}: ${first.runs[0]?.[n]}`);
    this.report(drawn, "the contents", "", [...story, first.contents.join(" "), second.contents.join(" ")]);
  }

  private report({ def }: Drawn, what: string | undefined, values: string, story: readonly string[]): void {
    const signature = `program: ${what?.replaceAll(/\d+/g, "N")}`;
    this.differences.push({ signature, detail: [`${describe(def)}: ${what}: ${values}`, ...story].join("\n    ") });
  }
}

function inLaboratory({ def, program, outer }: Drawn, reads: readonly boolean[], cpus: number): Seen {
  const machine = new Machine({ cpus: Math.min(cpus, 64) });
  const loaded = machine.load(program);
  if (!loaded.ok) throw new Error(loaded.diagnostics[0].text);
  const { maps } = machine;
  const id = (name: string): number => machine.mapSet.byName(name);
  const inner = outer.map((key) => {
    const made = maps.create(def.inner ?? def);
    maps.update(id("m"), index(key), index(made));
    return made;
  });
  const runs: bigint[][] = [];
  const records: string[][] = [];
  for (const read of reads) {
    const result = loaded.value.run({ packet });
    if (result.kind === "fault") throw new Error(`${result.fault.code}: ${result.fault.text}`);
    runs.push(words(maps.lookup(id("out"), index(0)).value));
    records.push(read && def.type === "ringbuf" ? maps.consume(id("m")).map(recordText) : []);
  }
  const walked = inner.length > 0 ? inner : [id("m")];
  return { runs, records, contents: walked.flatMap((each) => contentsOf(def, maps.entries(each))) };
}

function assembled(text: string): Program {
  const made = assemble(text);
  if (!made.ok) throw new Error(made.diagnostics.map((each) => each.text).join("\n"));
  return made.value;
}

function leaf(result: number): Program {
  return assembled(`.prog xdp\n.rcu implicit\n r0 = ${result}\n exit\n`);
}

function tailCaller(size: number): Program {
  return assembled(`
.prog xdp
.rcu implicit
.map m, type=prog_array, key=4, value=4, max=${size}
.map where, type=array, key=4, value=4, max=1
  r6 = r1
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = where ll
  call bpf_map_lookup_elem
  r3 = 0
  if r0 == 0 goto none
  r3 = *(u32 *)(r0 + 0)
none:
  r1 = r6
  r2 = m ll
  call bpf_tail_call
  r0 = 1
  exit
`);
}

function words(bytes: Uint8Array | undefined): bigint[] {
  return bytes === undefined ? [] : [...new BigInt64Array(bytes.slice().buffer)];
}

function* kernelWalk(kernel: Kernel, fd: number): Generator<readonly [Uint8Array, Uint8Array]> {
  for (let next = kernel.nextKey(fd, undefined); next.value !== undefined; next = kernel.nextKey(fd, next.value)) {
    const { value } = kernel.lookup(fd, next.value);
    if (value !== undefined) yield [next.value, value];
  }
}

function contentsOf(def: MapDef, walk: Iterable<readonly [Uint8Array, Uint8Array]>): string[] {
  if (isKeyless(def.type)) return [];
  const room = (def.valueSize + 7) & ~7;
  const lines = [...walk].map(([key, value]) => {
    if (!isPerCpu(def.type)) return `${hex(key)}=${hex(value)}`;
    // Which CPU the kernel ran the program on is not known.
    const cpus = Array.from({ length: value.length / room }, (_, cpu) =>
      hex(value.subarray(cpu * room, (cpu + 1) * room)),
    );
    return `${hex(key)}=${cpus.sort().join("|")}`;
  });
  return lines.sort();
}

function describe({ type, keySize, valueSize, maxEntries, flags, fields }: MapDef): string {
  return `${type} ${keySize}->${valueSize} x${maxEntries} flags ${flags}${fields === undefined ? "" : " lock"}`;
}
