// The states kept at one instruction, by themselves: what is found again, and what is dropped when there are too many.
import { expect, it } from "vitest";
import { Kept } from "../../src/verifier/search/kept.ts";
import { type OpenState, State } from "../../src/verifier/state/state.ts";

function entry(kept: Kept, mark: number, hits = 0, misses = 0): OpenState {
  const state = new State(0);
  return {
    state,
    parent: null,
    kept,
    open: 1,
    hits,
    misses,
    mark,
    settled: false,
    loop: null,
    backedges: [],
  };
}

it("finds open states by their mark, until they settle", () => {
  const kept = new Kept();
  const [a, b, c] = [entry(kept, 1), entry(kept, 1), entry(kept, 2)];
  for (const each of [a, b, c]) kept.add(each);
  expect([kept.open.length, kept.size]).toEqual([3, 3]);
  expect([kept.openWith(1).length, kept.openWith(2).length, kept.openWith(3).length]).toEqual([2, 1, 0]);
  kept.settle(b);
  expect(kept.openWith(1)[0]).toBe(a);
  expect([kept.openWith(1).length, kept.open.length, kept.settled.length, kept.size]).toEqual([1, 2, 1, 3]);
  expect(kept.open.includes(b)).toBe(false);
  kept.settle(a);
  expect(kept.openWith(1)).toEqual([]);
  expect(kept.open[0]).toBe(c);
});

it("drops settled states that never stood for another before those that did, the oldest first", () => {
  const kept = new Kept();
  const used = Array.from({ length: 10 }, (_, at) => entry(kept, at, 1));
  const unused = Array.from({ length: 501 }, (_, at) => entry(kept, at));
  for (const each of [...used, ...unused]) kept.add(each);
  for (const each of [...used, ...unused]) kept.settle(each);
  expect(kept.settled.length).toBe(511);
  const last = entry(kept, 600);
  kept.add(last);
  kept.settle(last);
  expect(kept.settled.length).toBe(256);
  const stay = [...used, ...unused.slice(256), last];
  expect(stay.every((each) => kept.settled.includes(each))).toBe(true);
});

it("forgets settled states that are compared often and stand for nothing", () => {
  const kept = new Kept();
  const [idle, busy, fresh] = [entry(kept, 1, 0, 65), entry(kept, 2, 1, 67), entry(kept, 3, 0, 64)];
  for (const each of [idle, busy, fresh]) kept.add(each);
  for (const each of [idle, busy, fresh]) kept.settle(each);
  kept.forget();
  expect(kept.settled.map(({ mark }) => mark)).toEqual([2, 3]);
});
