// Every program in examples/ says what should happen to it; here it does, or the list below is not empty.
import { expect, it } from "vitest";
import { verify } from "../src/verifier/verify.ts";
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
