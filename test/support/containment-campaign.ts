// Programs about bounds, judged by both engines and run with inputs that lie near the edges of numbers: what the test
// does with a few, and the campaign with as many as there is time for.
import type { Program } from "../../src/isa/program.ts";
import { type Loaded, Machine, type RunInput } from "../../src/vm/machine.ts";
import { boundaryProgram } from "./boundary.ts";
import { departureOf, type Judged, judged } from "./containment.ts";
import { randomFrom } from "./generate.ts";
import { shrinkProgram } from "./shrink-insns.ts";

export interface Violation {
  readonly program: Program;
  readonly text: string;
  /** Makes the inputs of this program again. */
  readonly inputSeed: number;
}

/** Machines are made anew from time to time, for the programs loaded into one stay there. */
const PROGRAMS_A_MACHINE = 200;

export class Campaign {
  private readonly random: () => number;
  private readonly inputs: number;
  private machine = new Machine({ regime: "implicit" });
  private loads = 0;
  private readonly compared = { instructions: 0 };
  accepted = 0;
  /** Programs that the reference engine alone refuses. */
  leftOut = 0;
  violations = 0;

  constructor(seed: number, inputs: number) {
    this.random = randomFrom(seed);
    this.inputs = inputs;
  }

  /** Instructions at which machine and verifier were compared. */
  get instructions(): number {
    return this.compared.instructions;
  }

  /** Makes the next program and holds its runs against its states. */
  next(): Violation | undefined {
    const { program } = boundaryProgram(this.random);
    const inputSeed = Math.floor(this.random() * 2 ** 32);
    const text = this.check(program, inputSeed, true);
    if (text === undefined) return undefined;
    this.violations++;
    return { program, text, inputSeed };
  }

  /** What is wrong with runs of a given program, if anything. */
  violationOf(program: Program, inputSeed: number): string | undefined {
    return this.check(program, inputSeed);
  }

  /** Whether one of so many runs comes to an instruction with registers that fit. */
  reaches(
    program: Program,
    pc: number,
    inputSeed: number,
    runs: number,
    fits: (register: (n: number) => bigint) => boolean,
  ): boolean {
    const loaded = this.machine.load(program);
    if (!loaded.ok) return false;
    const random = randomFrom(inputSeed);
    for (let at = 0; at < runs; at++) {
      fillMaps(loaded.value, random);
      const run = loaded.value.start(inputOf(program, random));
      let there = false;
      for (let status = run.status; status === "running"; status = run.step()) {
        there ||= run.pc === pc && fits((n) => run.cpu.value(n));
      }
      if (there) return true;
    }
    return false;
  }

  /** The least program that violates in the same way, numbers aside. */
  shrunk({ program, text, inputSeed }: Violation): Program {
    const kind = (said: string | undefined): string | undefined =>
      said?.replace(/0x[0-9a-f]+|-?\d+/g, "_").slice(0, 24);
    return shrinkProgram(program, (each) => kind(this.check(each, inputSeed)) === kind(text));
  }

  private check(program: Program, inputSeed: number, counts = false): string | undefined {
    const reference = judged(program, { rcu: "implicit" }, "reference");
    const relied = judged(program, { rcu: "implicit" }, "relied");
    const random = randomFrom(inputSeed);
    if (reference.verdict === "accepted" && relied.verdict !== "accepted") {
      return `the reference engine says ${reference.verdict}, the other ${relied.verdict}`;
    }
    if (relied.verdict !== "accepted") return undefined;
    if (reference.verdict !== "accepted") {
      // A way that no run takes, because what is known there contradicts itself, may have been left out or not: going
      // on, Linux and so we forget what is known. Runs must bear out that it was nothing else.
      if (counts) this.leftOut++;
      return this.run(program, [relied], random, 20 * this.inputs);
    }
    if (counts) this.accepted++;
    return this.run(program, [reference, relied], random, this.inputs);
  }

  private run(
    program: Program,
    judgements: readonly Judged[],
    random: () => number,
    inputs: number,
  ): string | undefined {
    if (++this.loads % PROGRAMS_A_MACHINE === 0) this.machine = new Machine({ regime: "implicit", seed: this.loads });
    const loaded = this.machine.load(program);
    if (!loaded.ok) return `cannot be loaded: ${loaded.diagnostics[0]?.text}`;
    for (let at = 0; at < inputs; at++) {
      fillMaps(loaded.value, random);
      const wrong = departureOf(judgements, loaded.value, inputOf(program, random), this.compared);
      if (wrong !== undefined) return `${wrong.text} (${wrong.engine} engine)`;
    }
    return undefined;
  }
}

const edges = [0, 1, 2, 7, 8, 63, 64, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

function bytes(length: number, random: () => number): Uint8Array {
  const out = new Uint8Array(Math.ceil(length / 8) * 8);
  const view = new DataView(out.buffer);
  const style = random();
  for (let at = 0; at < out.length; at += 4) {
    const edge = edges[Math.floor(random() * edges.length)] ?? 0;
    const near = edge + Math.floor(random() * 5) - 2;
    view.setUint32(at, style < 0.4 ? near : style < 0.6 && at % 8 === 4 ? 0 : random() * 2 ** 32, true);
  }
  return out.slice(0, length);
}

/** New values in the maps; now and then an element is not there. */
function fillMaps(loaded: Loaded, random: () => number): void {
  const { machine, program } = loaded;
  for (const def of program.maps) {
    const id = machine.mapSet.byName(def.name);
    if (def.type === "ringbuf") {
      machine.maps.consume(id);
      continue;
    }
    const key = new Uint8Array(def.keySize);
    if (def.type === "hash" && random() < 0.1) machine.maps.delete(id, key);
    else machine.maps.update(id, key, bytes(def.valueSize, random));
  }
}

function inputOf(program: Program, random: () => number): RunInput {
  if (program.type === "raw_tracepoint") return { ctx: bytes(96, random) };
  const packet = bytes([0, 1, 14, 20, 60, 300][Math.floor(random() * 6)] ?? 60, random);
  return program.type === "xdp" ? { packet, ctx: bytes(24, random) } : { packet, ctx: bytes(192, random) };
}
