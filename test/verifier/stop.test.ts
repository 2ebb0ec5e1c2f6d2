// A walk that is stopped: by a signal, by a clock, and what it tells on the way.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { Verdict, VerifyOptions } from "../../src/verifier/verdict.ts";
import { verify } from "../../src/verifier/verify.ts";

/** Walks about 300,000 instructions when nobody stops it. */
const long = ".prog socket_filter\nr1 = 0\nagain:\nr1 += 1\nif r1 < 100000 goto again\nr0 = 0\nexit";

function judged(text: string, options: VerifyOptions): Verdict {
  const outcome = assemble(text);
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  return verify(outcome.value, {}, options);
}

it("a signal aborted beforehand leaves nothing decided", () => {
  const signal = AbortSignal.abort("no more time");
  const verdict = judged(long, { signal });
  expect(verdict.verdict).toBe("undecided");
  expect(verdict.statistics.instructions).toBe(0);
  expect(verdict.diagnostics[0]).toMatchObject({
    code: "E0202",
    text: "stopped before there was a verdict: no more time",
  });
  expect(verdict.diagnostics[0]?.kernelMessage).toBeUndefined();
});

it.each([
  ["a text", "the user left", "the user left"],
  ["an error", new Error("closed"), "closed"],
  ["nothing", undefined, "it was asked to stop"],
])("the reason may be %s", (_, reason, said) => {
  const verdict = judged(long, { signal: { aborted: true, reason } });
  expect(verdict.diagnostics[0]?.text).toBe(`stopped before there was a verdict: ${said}`);
});

it("a signal is looked at during the walk", () => {
  let looks = 0;
  const signal = {
    get aborted() {
      return ++looks > 3;
    },
  };
  const verdict = judged(long, { signal });
  expect(verdict.verdict).toBe("undecided");
  expect(verdict.statistics.instructions).toBeGreaterThan(1000);
  expect(verdict.statistics.instructions).toBeLessThan(50_000);
});

it("a signal that is never aborted changes nothing", () => {
  const signal = new AbortController().signal;
  const quiet = judged("r0 = 0\nexit", { signal });
  expect(quiet.verdict).toBe("accepted");
});

it("tells how far it has come", () => {
  const told: number[] = [];
  const verdict = judged(long, { onProgress: (so) => told.push(so.instructions) });
  expect(told.length).toBeGreaterThan(2);
  expect(told).toEqual([...told].sort((a, b) => a - b));
  expect(told[told.length - 1]).toBeLessThanOrEqual(verdict.statistics.instructions);
});
