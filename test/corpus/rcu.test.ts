// The patterns of RCU use, each judged under both regimes. A file says what each of the two answers; where it
// says `implicit`, the running Linux has been asked (scripts/kernel-patterns.ts).
import { expect, it } from "vitest";
import type { RcuRegime } from "../../src/isa/program.ts";
import { verify } from "../../src/verifier/verify.ts";
import { Machine, type Result } from "../../src/vm/machine.ts";
import { type CorpusFile, corpusFiles, departure, expectationFor, programOf } from "../support/corpus.ts";

const files = corpusFiles("../corpus/rcu");

it.each<RcuRegime>(["explicit", "implicit"])("judges every pattern as written: %s", (rcu) => {
  const departures = files.flatMap((file) => {
    const program = programOf(file);
    const expected = expectationFor(program, rcu);
    if (expected === undefined) return [`${file.name}: says nothing about ${rcu}`];
    const departed = departure(program, verify(program, { rcu }), expected);
    return departed === undefined ? [] : [`${file.name}: ${departed}`];
  });
  expect(departures).toEqual([]);
});

it("has all seventy-five patterns", () => {
  const numbers = new Set(files.map((file) => Number.parseInt(file.name, 10)));
  const missing = Array.from({ length: 75 }, (_, at) => at + 1).filter((n) => !numbers.has(n));
  expect(missing).toEqual([]);
});

/** Runs with different random numbers, and lets the timers fire that were set. */
function runs(file: CorpusFile): readonly Result[] {
  const program = programOf(file);
  return [1, 2, 3, 4, 5, 6, 7, 8].flatMap((seed) => {
    const machine = new Machine({ seed, regime: "explicit", strict: true, maxInstructions: 100_000 });
    const loaded = machine.load(program);
    if (!loaded.ok) throw new Error(`${file.name}: ${loaded.diagnostics.map((d) => d.text).join("; ")}`);
    return [
      loaded.value.run(program.type === "xdp" ? { packet: new Uint8Array(64) } : {}),
      ...machine.advanceTime(1_000_000n),
    ];
  });
}

it("runs what it accepts without a fault", () => {
  const faults = files.flatMap((file) => {
    if (expectationFor(programOf(file), "explicit")?.verdict !== "accept") return [];
    return runs(file).flatMap((result) =>
      result.kind === "fault" ? [`${file.name}: ${result.fault.code} at pc ${result.fault.pc}`] : [],
    );
  });
  expect(faults).toEqual([]);
});

it("refuses for a pointer or a lookup only what a run can get wrong", () => {
  const unrealised = files.flatMap((file) => {
    const code = expectationFor(programOf(file), "explicit")?.code;
    if (code !== "L0601" && code !== "L0602") return [];
    return runs(file).some((result) => result.kind === "fault" && result.fault.code === code) ? [] : [file.name];
  });
  // Handing a dead pointer to the caller touches nothing; the caller would.
  expect(unrealised).toEqual(["66-dead-returned.bpf"]);
});
