// Loops that end by themselves, and ways that are put aside: what is walked of them, and what is kept when it is over.
import { expect, it } from "vitest";
import { assemble } from "../../src/asm/assemble.ts";
import type { Program } from "../../src/isa/program.ts";
import { judge } from "../../src/kernel/judge.ts";
import type { OpenState } from "../../src/verifier/state/state.ts";
import { verify } from "../../src/verifier/verify.ts";
import { type Edge, heldToLinux } from "../support/edges.ts";
import { kernelThere, theKernel } from "../support/kernel.ts";

const head = ".prog syscall\n.rcu implicit\n.map small, type=array, key=4, value=16, max=1\n";
const iterator = "r1 = r10\nr1 += -16\n";
const begin = `${iterator}r2 = 0\nr3 = 10\ncall bpf_iter_num_new\n`;
const destroy = `${iterator}call bpf_iter_num_destroy`;
const next = `${iterator}call bpf_iter_num_next\n`;
const inner = (text: string): string => text.replaceAll("-16", "-32");
const [innerBegin, innerNext, innerDestroy] = [inner(begin), inner(next), inner(destroy)];

const edges: readonly Edge[] = [
  [
    "a may_goto where r1 is another iterator in each round",
    `again: ${begin}${iterator}may_goto out\ncall bpf_iter_num_destroy\ngoto again\nout: ${destroy}`,
    null,
    23,
  ],
  [
    "a loop in a loop",
    `${begin}outer: ${next}if r0 == 0 goto out\nr6 = 0\ninner: r6 += 1\nif r6 < 3 goto inner\ngoto outer\nout: ${destroy}`,
    null,
    26,
  ],
  [
    "a number counted up around callbacks: it changes in none of their runs, so it stays known",
    `r7 = map_value[small] ll
r6 = 0
r8 = 0
again: r1 = 2
r2 = more ll
r3 = 0
r4 = 0
call bpf_loop
r6 += 1
r8 += 1
if r8 < 3 goto again
r7 += r6
r0 = *(u8 *)(r7 + 12)
r0 = 0
exit
.func more
more:`,
    null,
    40,
  ],
  [
    "a number that each round sets, used behind the loop where there was a round",
    `r7 = map_value[small] ll
r6 = 0
r8 = 0
${begin}again: ${next}if r0 == 0 goto out
r6 = 5
r8 = 1
goto again
out: ${destroy}
if r8 == 0 goto done
r7 += r6
r0 = *(u8 *)(r7 + 10)
done:`,
    null,
  ],
  [
    "a slot that is read behind a loop, with a number in it on the second way through a round",
    `r9 = map_value[small] ll
*(u64 *)(r10 - 64) = r9
${begin}again: ${next}if r0 == 0 goto out
call bpf_get_prandom_u32
if r0 == 0 goto second
*(u64 *)(r10 - 64) = r9
goto join
second: *(u64 *)(r10 - 64) = 5
join: goto again
out: ${destroy}
r1 = *(u64 *)(r10 - 64)
r0 = *(u8 *)(r1 + 0)`,
    "R1 invalid mem access 'scalar'",
  ],
  [
    "what the runs of an inner loop hand on to one another, read behind the outer",
    `r9 = map_value[small] ll
*(u64 *)(r10 - 72) = r9
call bpf_get_prandom_u32
if r0 == 0 goto second
*(u64 *)(r10 - 64) = r9
goto join
second: *(u64 *)(r10 - 64) = 5
join: ${begin}outer: ${next}if r0 == 0 goto out
${innerBegin}inner: ${innerNext}if r0 == 0 goto done
call bpf_get_prandom_u32
if r0 == 0 goto break
r1 = *(u64 *)(r10 - 64)
*(u64 *)(r10 - 72) = r1
call bpf_get_prandom_u32
goto inner
break: ${innerDestroy}
goto outer
done: ${innerDestroy}
out: ${destroy}
r1 = *(u64 *)(r10 - 72)
r0 = *(u8 *)(r1 + 0)`,
    "R1 invalid mem access 'scalar'",
  ],
];
heldToLinux("loops", head, edges);

heldToLinux(
  "nesting ahead of a check",
  ".prog socket_filter\n.rcu implicit\n",
  [
    [
      "a ninth frame",
      "r1 = 1\nif r1 == 1 goto done\ncall f\ndone: r0 = 0\nexit\n.func f\nf: call f",
      "the call stack of 9 frames is too deep",
      12,
    ],
  ],
  false,
);

function assembled(text: string): Program {
  const outcome = assemble(`${head}${text}\nr0 = 0\nexit`);
  if (!outcome.ok) throw new Error(outcome.diagnostics[0]?.text);
  return outcome.value;
}

it("a state is kept where eight instructions were walked since the last", () => {
  const walked = (between: number): readonly number[] => {
    const { statistics } = verify(
      assembled(`r7 = map_value[small] ll
r8 = *(u64 *)(r7 + 0)
if r8 == 1 goto second
if r8 == 2 goto third
r9 = r7
goto join
second: r9 = 5
goto join
third: ${"r1 = 1\n".repeat(between)}r9 = 5
join: r2 = r9`),
    );
    return [statistics.states, statistics.instructions];
  };
  // The third way's state at the join stands for the second's, or it is not there.
  expect([walked(6), walked(7)]).toEqual([
    [4, 24],
    [5, 23],
  ]);
});

it("states that stand for nothing are forgotten while others are met", () => {
  const ways = Array.from({ length: 150 }, (_, n) => n);
  const jumps = ways.map((n) => `if r8 == ${n} goto way${n}`).join("\n");
  // Each brings a pointer elsewhere to where they join.
  const moves = ways.map((n) => `way${n}: r9 = r7\nr9 += ${n}\n${"r1 = 1\n".repeat(8)}goto join`).join("\n");
  const { verdict, statistics } = verify(
    assembled(`r7 = map_value[small] ll\nr8 = *(u64 *)(r7 + 0)\n${jumps}\ngoto out\n${moves}\njoin: r2 = r9\nout:`),
  );
  expect(verdict).toBe("accepted");
  expect(statistics.states).toBeGreaterThan(300);
  expect(statistics.peakStates).toBeLessThan(70);
});

it("a loop around callbacks is no part of what ends by itself, and is found where it begins again", () => {
  const set = "r1 = 5\nr2 = more ll\nr3 = r10\nr3 += -8\nr4 = 0\n";
  const verdict = verify(
    assembled(`*(u64 *)(r10 - 8) = 0\n${set}again: call bpf_loop\n${set}goto again
more: r1 = *(u64 *)(r2 + 0)\nr1 += 1\n*(u64 *)(r2 + 0) = r1`),
  );
  expect(verdict.verdict === "accepted" ? "" : verdict.diagnostics[0]?.code).toBe("E0201");
  // Linux accepts it. Behind one run of the callback the call is met a second time with the same in every register.
  expect(verdict.statistics.instructions).toBe(14);
});

it("as many ways wait at a time as in Linux", () => {
  const coins = (count: number): string =>
    `r6 = map_value[small] ll\nr6 = *(u64 *)(r6 + 0)\n${Array.from({ length: count }, (_, n) => `if r6 == ${n} goto out`).join("\n")}\nout:`;
  const said = (count: number): readonly string[] => {
    const program = assembled(coins(count));
    const ours = verify(program);
    const message = ours.verdict === "accepted" ? "" : ours.kernelMessage;
    if (kernelThere) expect(judge(theKernel(), program, { logLevel: 4 }).message).toBe(message);
    return [ours.verdict, message];
  };
  expect(said(8192)).toEqual(["accepted", ""]);
  expect(said(8193)).toEqual(["undecided", "The sequence of 8193 jumps is too complex."]);
});

it("no way is kept of a walk that has ended", () => {
  const coin = (n: number): string =>
    `call bpf_get_prandom_u32\nif r0 == 0 goto join${n}\nr6 += ${n}\njoin${n}: r7 = 0\n`;
  const program = assembled(`r6 = 0
${coin(0)}${begin}outer: ${next}if r0 == 0 goto out
${coin(1)}${innerBegin}inner: ${innerNext}if r0 == 0 goto done
${coin(2)}goto inner
done: ${innerDestroy}
${coin(3)}goto outer
out: ${destroy}
${coin(4)}`);
  for (const engine of ["relied", "reference"] as const) {
    const kept = new Set<OpenState>();
    const onState = ({ parent }: { readonly parent: OpenState | null }): void => {
      for (let at = parent; at !== null && !kept.has(at); at = at.parent) kept.add(at);
    };
    expect(verify(program, {}, { onState, engine }).verdict).toBe("accepted");
    expect(kept.size).toBeGreaterThan(10);
    expect(
      [...kept].filter(({ state, settled, backedges }) => state.path !== null || !settled || backedges.length > 0),
    ).toEqual([]);
  }
});
