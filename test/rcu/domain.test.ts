// Grace periods wait for the sections that were open when they began, and for no others.
import { expect, it } from "vitest";
import { Memory } from "../../src/memory/memory.ts";
import { Clock } from "../../src/rcu/clock.ts";
import { RcuDomain, TRACE } from "../../src/rcu/domain.ts";

function domain() {
  const memory = new Memory();
  const rcu = new RcuDomain(memory, 3);
  const ran: number[] = [];
  const kind = rcu.register({ name: "note", run: (first, second) => ran.push(first * 10 + second) });
  return { memory, rcu, ran, kind };
}

it("waits for a reader that is inside, to its outermost end", () => {
  const { rcu } = domain();
  rcu.lock(0);
  rcu.lock(0);
  const wait = rcu.startWait();
  expect([rcu.isDue(wait), rcu.depth(0)]).toEqual([false, 2]);
  rcu.unlock(0);
  expect(rcu.isDue(wait)).toBe(false);
  rcu.unlock(0);
  expect(rcu.isDue(wait)).toBe(true);
  expect(rcu.unlock(0)).toBe(false);
});

it("does not wait for a section that began later, even of the same reader", () => {
  const { rcu } = domain();
  rcu.lock(0);
  const wait = rcu.startWait();
  rcu.unlock(0);
  rcu.lock(0);
  rcu.lock(1);
  expect(rcu.isDue(wait)).toBe(true);
  expect(rcu.section(0)).not.toBe(rcu.section(1));
});

it("the flavours do not wait for each other", () => {
  const { rcu } = domain();
  rcu.lock(0, TRACE);
  expect([rcu.isDue(rcu.startWait()), rcu.isDue(rcu.startWait(TRACE))]).toEqual([true, false]);
});

it("a grace period of tasks trace is an ordinary one too, where the kernel makes it so, and not the other way round", () => {
  const rcu = new RcuDomain(new Memory(), 3, { traceImpliesPlain: true });
  rcu.lock(0);
  rcu.lock(1, TRACE);
  const [ordinary, trace] = [rcu.startWait(), rcu.startWait(TRACE)];
  const waitsFor = () => rcu.pending().map((each) => each.waitsFor);
  expect([rcu.isDue(ordinary), rcu.isDue(trace), waitsFor()]).toEqual([false, false, [[0], [0, 1]]]);
  // Sections that begin later are not waited for, also once the others have new numbers.
  rcu.lock(2);
  rcu.lock(2, TRACE);
  rcu.normalise();
  rcu.unlock(1, TRACE);
  expect([rcu.isDue(ordinary), rcu.isDue(trace), waitsFor()]).toEqual([false, false, [[0], [0]]]);
  rcu.unlock(0);
  expect([rcu.isDue(ordinary), rcu.isDue(trace), waitsFor()]).toEqual([true, true, [[], []]]);
});

it("runs deferred calls only when told to, and only the due ones", () => {
  const { rcu, ran, kind } = domain();
  rcu.callRcu(kind, 1, 2);
  rcu.lock(1);
  rcu.callRcu(kind, 3, 4);
  expect(ran).toEqual([]);
  expect(rcu.pending().map(({ due, waitsFor }) => [due, waitsFor])).toEqual([
    [true, []],
    [false, [1]],
  ]);
  expect([rcu.advance(), ran]).toEqual([1, [12]]);
  rcu.unlock(1);
  expect([rcu.advance(), ran]).toEqual([1, [12, 34]]);
  expect(rcu.pending()).toEqual([]);
});

it("keeps every record when there are many, and a snapshot has them all", () => {
  const { memory, rcu, ran, kind } = domain();
  rcu.lock(0);
  for (let i = 0; i < 50; i++) rcu.callRcu(kind, 0, i);
  const snapshot = memory.snapshot();
  rcu.unlock(0);
  rcu.advance();
  expect(ran).toEqual(Array.from({ length: 50 }, (_, i) => i));
  memory.restore(snapshot);
  expect([rcu.pending().length, rcu.advance(), rcu.depth(0)]).toEqual([50, 0, 1]);
});

it("time is two words that only move when told to", () => {
  const memory = new Memory();
  const clock = new Clock(memory, 5n);
  clock.advance(1n << 33n);
  const snapshot = memory.snapshot();
  clock.set(0n);
  memory.restore(snapshot);
  expect(clock.nanoseconds).toBe((1n << 33n) + 5n);
});
