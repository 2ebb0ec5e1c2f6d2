// Every program that is accepted, of the corpus and of the examples, under both regimes: stopped after every instruction
// and every step of a map operation, copied, gone on with, put back and gone on with again, it ends with the same result
// and the same bytes; and two CPUs that run it at once, in an order that a seed decides, do so again exactly.
// STOPS=all npx vitest run test/corpus/steps.test.ts leaves out no stop of the few long programs; SEED repeats an order.
import { describe, expect, it } from "vitest";
import type { Program, RcuRegime } from "../../src/isa/program.ts";
import { verify } from "../../src/verifier/verify.ts";
import { Machine, type Result, type Run, type RunInput } from "../../src/vm/machine.ts";
import { corpusFiles, programOf } from "../support/corpus.ts";
import { image } from "../support/image.ts";

interface Subject {
  readonly name: string;
  readonly program: Program;
  readonly rcu: RcuRegime;
  readonly input: RunInput;
}

const folders = ["../corpus/rcu", "../../examples", "../../examples/refused"];
const subjects: readonly Subject[] = folders.flatMap((folder) =>
  corpusFiles(folder).flatMap((file) => {
    const program = programOf(file);
    const digits = /^# packet: ([0-9a-f]+)$/m.exec(file.text)?.[1];
    const plain = program.type === "xdp" ? { packet: new Uint8Array(64) } : {};
    const input = digits === undefined ? plain : { packet: new Uint8Array(Buffer.from(digits, "hex")) };
    const regimes = (["explicit", "implicit"] as const).filter(
      (rcu) => verify(program, { rcu }).verdict === "accepted",
    );
    return regimes.map((rcu) => ({ name: `${file.name}, ${rcu}`, program, rcu, input }));
  }),
);

/** Of a longer run the stops behind these are a sample: every one of them would take its whole length again. */
const stopsAtFirst = process.env.STOPS === "all" ? Number.POSITIVE_INFINITY : 150;
const sampleEvery = 211;
const seed = Number(process.env.SEED ?? Date.now() % 2147483647);

function machineFor({ program, rcu }: Subject, cpus: number) {
  const machine = new Machine({ cpus, seed: 1, regime: rcu });
  machine.advanceTime(10_000_000n);
  const loaded = machine.load(program);
  if (!loaded.ok) throw new Error(loaded.diagnostics[0].text);
  return { machine, loaded: loaded.value };
}

const bigints = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value);

interface End {
  readonly result: string;
  readonly bytes: Uint8Array;
  readonly shadow: Uint16Array;
}

function endOf(machine: Machine, results: readonly Result[]): End {
  const { shadow } = machine.memory.snapshot();
  return { result: JSON.stringify(results, bigints), bytes: image(machine), shadow };
}

/** Whether the machine stands as it did at that end. */
function isAt(machine: Machine, results: readonly Result[], { result, bytes, shadow }: End): boolean {
  const { memory } = machine;
  if (memory.used !== bytes.length || JSON.stringify(results, bigints) !== result) return false;
  const shadowNow = Buffer.from(memory.shadow.buffer, 0, shadow.byteLength);
  return image(machine).equals(bytes) && shadowNow.equals(Buffer.from(shadow.buffer, 0, shadow.byteLength));
}

/** A run to its end, and the timers that it set. */
function finish(machine: Machine, run: Run): readonly Result[] {
  const open = run.status === "running" || run.status === "blocked";
  return [open ? run.finish() : run.result(), ...machine.advanceTime(1_000_000n)];
}

/** Each stop is gone on from twice: to the end, and, once it is put back, by one step more to the next stop. */
function stopped(subject: Subject): { stops: number; wrong: string[] } {
  const { machine, loaded } = machineFor(subject, 1);
  const initial = machine.snapshot();
  const end = endOf(machine, finish(machine, loaded.start(subject.input)));
  machine.restore(initial);
  const run = loaded.start(subject.input);
  const wrong: string[] = [];
  let stops = 0;
  for (let step = 1; run.status === "running"; step++) {
    run.step();
    if (step > stopsAtFirst && step % sampleEvery !== 0 && run.status === "running") continue;
    stops++;
    const here = machine.snapshot();
    if (!isAt(machine, finish(machine, run), end)) wrong.push(`${subject.name}: another end after step ${step}`);
    machine.restore(here);
  }
  if (!isAt(machine, finish(machine, run), end)) wrong.push(`${subject.name}: another end step by step`);
  return { stops, wrong };
}

/** Two CPUs, some steps in the order of a seed, and then the rest twice from there. */
function interleaved(subject: Subject, order: number): { end: End; wrong: string[] } {
  const { machine, loaded } = machineFor(subject, 2);
  const runs = [loaded.start({ ...subject.input, cpu: 0 }), loaded.start({ ...subject.input, cpu: 1 })];
  for (let step = 0; step < order % 200; step++) {
    const run = runs[Math.imul(order + step, 0x9e3779b1) >>> 31];
    if (run.status === "running" || run.status === "blocked") run.step();
  }
  const here = machine.snapshot();
  const open = runs.filter(({ status }) => status === "running" || status === "blocked");
  const rest = (): readonly Result[] => {
    machine.interleave(open, order);
    return runs.map((run) => run.result());
  };
  const end = endOf(machine, rest());
  machine.restore(here);
  const wrong = isAt(machine, rest(), end) ? [] : [`${subject.name}: goes on otherwise with seed ${order}`];
  return { end, wrong };
}

it("knows the accepted programs", () => {
  expect(subjects.length).toBeGreaterThan(150);
  expect(new Set(subjects.map(({ rcu }) => rcu)).size).toBe(2);
});

describe("one CPU", () => {
  it.each(["explicit", "implicit"] as const)(
    "goes on from every stop to the same end: %s",
    (rcu) => {
      const all = subjects.filter((subject) => subject.rcu === rcu).map(stopped);
      expect(all.flatMap(({ wrong }) => wrong).slice(0, 5)).toEqual([]);
      expect(all.reduce((sum, { stops }) => sum + stops, 0)).toBeGreaterThan(2000);
    },
    600_000,
  );
});

describe("two CPUs", () => {
  it(`are replayed by their seed (SEED=${seed})`, () => {
    const outcomes = new Set<string>();
    const wrong: string[] = [];
    for (const subject of subjects) {
      for (const order of [seed, seed + 1]) {
        const { end, wrong: stopWrong } = interleaved(subject, order);
        wrong.push(...stopWrong);
        const { end: again } = interleaved(subject, order);
        const same = again.result === end.result && Buffer.from(again.bytes).equals(end.bytes);
        if (!same) wrong.push(`${subject.name}: another end with seed ${order}`);
        outcomes.add(`${subject.name}: ${Buffer.from(end.bytes).toString("base64")}`);
      }
    }
    expect(wrong.slice(0, 5)).toEqual([]);
    // The seed does decide something: other orders have other ends.
    expect(outcomes.size).toBeGreaterThan(subjects.length);
  });
});
