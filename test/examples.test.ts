// Every program in examples/ says what should happen to it; here it does, or the list below is not empty.
import { expect, it } from "vitest";
import { verify } from "../src/verifier/verify.ts";
import { Machine } from "../src/vm/machine.ts";
import { type CorpusFile, corpusFiles, departure, expectationFor, programOf } from "./support/corpus.ts";

const accepted = corpusFiles("../../examples");
const refused = corpusFiles("../../examples/refused");

function judged(file: CorpusFile): string[] {
  const program = programOf(file);
  return (["explicit", "implicit"] as const).flatMap((rcu) => {
    // A line for every regime is about the program's own; one that names a regime holds for that one.
    const expected = expectationFor(program, rcu);
    if (expected === undefined || (expected.rcu === undefined && rcu !== (program.rcu ?? "explicit"))) return [];
    const departed = departure(program, verify(program, { rcu }), expected);
    return departed === undefined ? [] : [`${file.name}, ${rcu}: ${departed}`];
  });
}

it("accepts the examples", () => {
  expect(accepted.length).toBeGreaterThanOrEqual(30);
  expect(accepted.flatMap(judged)).toEqual([]);
  const wrong = accepted.filter((file) => !programOf(file).expectations.some((e) => e.verdict === "accept"));
  expect(wrong.map((file) => file.name)).toEqual([]);
});

/** How a run departs from what the file says it returns; the packet is in a `# packet:` comment. */
function ran(file: CorpusFile): string[] {
  const program = programOf(file);
  const regime = program.rcu ?? "explicit";
  const expected = expectationFor(program, regime);
  // Ten milliseconds after the start, so that clocks do not read 0.
  const machine = new Machine({ seed: 1 });
  machine.advanceTime(10_000_000n);
  const loaded = machine.load(program);
  if (!loaded.ok) return loaded.diagnostics.map((d) => `${file.name}: ${d.text}`);
  const packet = /^# packet: ([0-9a-f]+)$/m.exec(file.text)?.[1];
  const result = loaded.value.run(packet === undefined ? {} : { packet: bytes(packet) });
  if (result.kind === "fault")
    return [`${file.name}: ${result.fault.code} (${result.fault.kind}) at pc ${result.fault.pc}`];
  // What a program returns is its low 32 bits, as bpf(2) reports it.
  const low = BigInt.asUintN(32, result.r0);
  const warnings = result.warnings.map((warning) => `${file.name}: warning ${warning.kind}`);
  if (expected?.retval === undefined || low === expected.retval) return warnings;
  return [...warnings, `${file.name}: returned ${low}, not ${expected.retval}`];
}

const bytes = (digits: string): Uint8Array =>
  Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

it("runs the accepted examples to the results they name", () => {
  expect(accepted.flatMap(ran)).toEqual([]);
});

it("refuses the refused examples, each for its one reason", () => {
  expect(refused.length).toBeGreaterThanOrEqual(25);
  expect(refused.flatMap(judged)).toEqual([]);
  const wrong = refused.filter((file) => programOf(file).expectations.some((e) => e.verdict !== "reject"));
  expect(wrong.map((file) => file.name)).toEqual([]);
});

it("explains each example before it begins", () => {
  const silent = [...accepted, ...refused].filter((file) => !/^# \w/.test(file.text));
  expect(silent.map((file) => file.name)).toEqual([]);
});
