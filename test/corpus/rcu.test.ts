// The patterns of RCU use, each judged under both regimes. A file says what each of the two answers; where it
// says `implicit`, the running Linux has been asked (scripts/kernel-patterns.ts).
import { expect, it } from "vitest";
import type { RcuRegime } from "../../src/isa/program.ts";
import { verify } from "../../src/verifier/verify.ts";
import { corpusFiles, departure, expectationFor, programOf } from "../support/corpus.ts";

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
