// What sets the models apart beyond the catalogue: choices of ours, sizes that overlap, loops, and the text of a verdict.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { judgeLitmus, type LitmusOptions, litmusText, type MemoryModel } from "../../src/lab/litmus-test.ts";

function observed(text: string, model: MemoryModel, options: LitmusOptions = {}): string {
  const verdict = judgeLitmus(text, "t", model, options);
  return verdict.ok ? verdict.value.observation : (verdict.diagnostics[0]?.text ?? "");
}
const shipped = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../examples/litmus/catalogue/${name}.litmus`), "utf8");

it("a failed exchange is a barrier under total store order only if asked for", () => {
  const text = shipped("SB+fence+fail_cmpxchg");
  expect(observed(text, "tso")).toBe("Sometimes");
  expect(observed(text, "tso", { failedExchangeFences: true })).toBe("Never");
});

it("an addition that returns nothing is a barrier for x86, and none for BPF", () => {
  const text = `BPF SB
{ 0:r1=x; 0:r2=y; 0:r3=a; 1:r1=x; 1:r2=y; 1:r3=b; }
 P0                          | P1                          ;
 *(u32 *)(r1 + 0) = 1        | *(u32 *)(r2 + 0) = 1        ;
 lock *(u64 *)(r3 + 0) += r9 | lock *(u64 *)(r3 + 0) += r9 ;
 r5 = *(u32 *)(r2 + 0)       | r5 = *(u32 *)(r1 + 0)       ;
exists (0:r5=0 /\\ 1:r5=0)`;
  expect(observed(text, "tso")).toBe("Never");
  expect(observed(text, "bpf")).toBe("Sometimes");
});

describe("accesses of different sizes", () => {
  const reader = (init: string, question: string): string => `BPF mixed
{ ${init} 0:r1=x; 1:r1=x; }
 P0                   | P1                    ;
 *(u64 *)(r1 + 0) = -1 | r5 = *(u64 *)(r1 + 0) ;
exists (${question})`;

  it.each(["sc", "tso", "bpf"] as const)("%s: a word of 8 bytes is read whole", (model) => {
    const verdict = judgeLitmus(reader("", "1:r5=1"), "t", model);
    expect(verdict.ok && verdict.value.states.map((state) => state.values[0]?.value)).toEqual(["-1", "0"]);
    const text = `BPF halves
{ 0:r1=x; 1:r1=x; }
 P0                    | P1                    ;
 *(u64 *)(r1 + 0) = -1 | r5 = *(u64 *)(r1 + 0) ;
                       | r6 = *(u32 *)(r1 + 4) ;
exists (~(1:r5=0) /\\ ~(1:r5=-1) \\/ 1:r5=-1 /\\ 1:r6=0)`;
    expect(observed(text, model)).toBe("Never");
  });

  it.each([
    ["sc", "Never"],
    ["tso", "Sometimes"],
    ["bpf", "Sometimes"],
  ] as const)("%s: each CPU may see its own half before the other's: %s", (model, wanted) => {
    const text = `BPF own-half
{ 0:r1=x; 1:r1=x; }
 P0                    | P1                    ;
 *(u32 *)(r1 + 0) = 1  | *(u32 *)(r1 + 4) = 1  ;
 r5 = *(u64 *)(r1 + 0) | r5 = *(u64 *)(r1 + 0) ;
exists (0:r5=1 /\\ 1:r5=0x100000000)`;
    expect(observed(text, model)).toBe(wanted);
  });
});

it("a value is never its own cause", () => {
  const text = `BPF thin-air
{ 0:r1=x; 0:r2=y; 1:r1=x; 1:r2=y; }
 P0                     | P1                     ;
 r5 = *(u32 *)(r1 + 0)  | r5 = *(u32 *)(r2 + 0)  ;
 *(u32 *)(r2 + 0) = r5  | *(u32 *)(r1 + 0) = r5  ;
exists (~0:r5=0)`;
  expect(observed(text, "bpf")).toBe("Never");
});

it("a dependency goes on through a location that the thread itself writes and reads back", () => {
  const text = (first: string): string => `BPF LB
{ 0:r1=x; 0:r2=y; 0:r3=z; 1:r1=x; 1:r2=y; }
 P0                    | P1                    ;
 r5 = *(u32 *)(r1 + 0) | r5 = *(u32 *)(r2 + 0) ;
 r4 = r5               | *(u32 *)(r1 + 0) = r5 ;
 r4 -= r4              |                       ;
 *(u32 *)(r3 + 0) = ${first} |                 ;
 r6 = *(u32 *)(r3 + 0) |                       ;
 r6 &= 0               |                       ;
 r6 += 1               |                       ;
 *(u32 *)(r2 + 0) = r6 |                       ;
exists (0:r5=1)`;
  expect([observed(text("r4"), "bpf"), observed(text("7"), "bpf")]).toEqual(["Never", "Sometimes"]);
});

it("a loop is followed twice around, and the verdict says so", () => {
  const text = `BPF spin
{ 0:r1=x; 1:r1=x; }
 P0                    | P1                           ;
 *(u32 *)(r1 + 0) = 1  | AGAIN: r5 = *(u32 *)(r1 + 0) ;
                       | if r5 == 0 goto AGAIN        ;
forall (1:r5=1)`;
  const verdict = judgeLitmus(text, "t", "bpf");
  expect(verdict.ok && [verdict.value.observation, verdict.value.cut, verdict.value.positive]).toEqual([
    "Always",
    true,
    3,
  ]);
});

it("the verdict's text shows states, witnesses, and the execution", () => {
  const allowed = judgeLitmus(shipped("MP+poonceonces"), "t", "bpf");
  expect(allowed.ok && litmusText(allowed.value)).toMatchInlineSnapshot(`
    "Test MP+poonceonces, BPF memory model
    States 4
      1:r5=0; 1:r6=0;
      1:r5=0; 1:r6=1;
    * 1:r5=1; 1:r6=0;
      1:r5=1; 1:r6=1;
    Ok
    Witnesses
    Positive: 1 Negative: 3
    Condition exists (1:r5=1 /\\ 1:r6=0)
    Observation MP+poonceonces Sometimes 1 3

    An execution in which the condition holds:
      a: P0 write x = 1
      b: P0 write y = 1
      c: P1 read y = 1 from b
      d: P1 read x = 0 from the start
    "
  `);
  const forbidden = judgeLitmus(shipped("MP+pooncerelease+poacquireonce"), "t", "bpf");
  expect(forbidden.ok && litmusText(forbidden.value)).toMatchInlineSnapshot(`
    "Test MP+pooncerelease+poacquireonce, BPF memory model
    States 3
      1:r5=0; 1:r6=0;
      1:r5=0; 1:r6=1;
      1:r5=1; 1:r6=1;
    No
    Witnesses
    Positive: 0 Negative: 3
    Condition exists (1:r5=1 /\\ 1:r6=0)
    Observation MP+pooncerelease+poacquireonce Never 0 3

    An execution in which it would hold, which BPF memory model forbids:
      a: P0 write x = 1
      b: P0 write release y = 1
      c: P1 read acquire y = 1 from b
      d: P1 read x = 0 from the start
    Each would have to come before the next (happens before): c -> d -> c
    "
  `);
});
