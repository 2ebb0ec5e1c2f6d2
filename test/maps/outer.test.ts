// Maps in maps: what an inner map's removal waits for, and when its memory may go.
import { describe, expect, it } from "vitest";
import type { MapDef } from "../../src/isa/program.ts";
import { errno } from "../../src/maps/errno.ts";
import { BLOCKED, DONE } from "../../src/maps/layout.ts";
import { useSleepably } from "../../src/maps/refs.ts";
import { type Flavour, PLAIN, TRACE } from "../../src/rcu/domain.ts";
import { number, rig, u32 } from "./rig.ts";

const inner: MapDef = { name: "inner", type: "array", keySize: 4, valueSize: 8, maxEntries: 4, flags: 0 };

it.each(["array_of_maps", "hash_of_maps"] as const)("%s: a replaced map lives until its readers left", (type) => {
  const { memory, rcu, maps, user, make, program, key, value, put } = rig();
  const outer = make({ type, valueSize: 4, inner });
  const [old, fresh] = [make(inner), make(inner)];
  expect(user.update(outer, u32(1), u32(old))).toBe(0);
  maps.close(old);
  expect(number(user.lookup(outer, u32(1)).value)).toBe(old);

  rcu.lock(0);
  const found = program(0).lookup(outer, u32(1));
  expect(found).toBe(maps.address(old));
  expect(maps.mapIdAt(found)).toBe(old);

  const op = maps.newOperation(1, 2, true);
  put(key, u32(1));
  put(value, u32(fresh));
  maps.update(op, outer, key, value, 0);
  expect(maps.run(op)).toBe(BLOCKED); // the kernel waits for running programs before it returns
  expect(program(1).lookup(outer, u32(1))).toBe(maps.address(fresh));
  expect(rcu.pending().map(({ name, due }) => [name, due])).toEqual([
    ["free map", false],
    ["synchronize", false],
  ]);
  expect(rcu.advance()).toBe(0);
  expect(memory.isLive(memory.regionAt(found))).toBe(true);

  rcu.unlock(0);
  expect(maps.run(op)).toBe(DONE);
  expect(rcu.advance()).toBe(1);
  expect(memory.isLive(memory.regionAt(found))).toBe(false);
  expect([maps.mapIdAt(found), maps.address(old), rcu.pending().length]).toEqual([0, 0, 0]);
});

describe.each(["array_of_maps", "hash_of_maps"] as const)(
  "a map that a sleepable program may have found in an %s",
  (type) => {
    /** Who was inside when the map was let go, and whether it is still there once each of them has left, in order. */
    function lives(
      left: readonly Flavour[],
      sleepable: boolean,
      traceImpliesPlain: boolean,
      profile = {},
    ): readonly boolean[] {
      const { rcu, maps, user, make } = rig({ profile }, { traceImpliesPlain });
      const outer = make({ type, valueSize: 4, inner });
      const old = make(inner);
      if (sleepable) useSleepably(maps, maps.address(outer));
      user.update(outer, u32(1), u32(old));
      maps.close(old);
      rcu.lock(0, PLAIN);
      rcu.lock(1, TRACE);
      expect(user.delete(outer, u32(1))).toBe(0);
      const lived = () => {
        while (rcu.advance() > 0);
        return maps.address(old) !== 0;
      };
      return [lived(), ...left.map((flavour) => rcu.unlock(flavour === PLAIN ? 0 : 1, flavour) && lived())];
    }

    it("lives until both kinds of readers have left, in either order, by one grace period or by two", () => {
      for (const implied of [true, false]) {
        expect(lives([PLAIN, TRACE], true, implied)).toEqual([true, true, false]);
        expect(lives([TRACE, PLAIN], true, implied)).toEqual([true, true, false]);
      }
    });

    it("lives until ordinary readers have left, where no sleepable program may use the outer map", () => {
      expect(lives([PLAIN, TRACE], false, true)).toEqual([true, false, false]);
      expect(lives([TRACE, PLAIN], false, true)).toEqual([true, true, false]);
    });

    it("is freed under a sleepable program where ordinary readers alone are waited for", () => {
      expect(lives([PLAIN, TRACE], true, true, { innerMapFree: "rcu" })).toEqual([true, false, false]);
    });
  },
);

it("a reader that begins after the exchange is not waited for", () => {
  const { rcu, maps, user, make } = rig();
  const outer = make({ type: "array_of_maps", valueSize: 4, inner });
  const old = make(inner);
  user.update(outer, u32(0), u32(old));
  maps.close(old);
  expect(user.delete(outer, u32(0))).toBe(0);
  rcu.lock(0);
  expect(rcu.advance()).toBe(1);
  expect(maps.address(old)).toBe(0);
});

it("takes only maps of the template's shape", () => {
  const { user, make } = rig();
  const outer = make({ type: "hash_of_maps", valueSize: 4, inner });
  const wrong = make({ ...inner, maxEntries: 5 });
  expect(user.update(outer, u32(1), u32(wrong))).toBe(-errno.EINVAL);
  expect(user.update(outer, u32(1), u32(999))).toBe(-errno.EBADF);
  const right = make(inner);
  expect(user.update(outer, u32(1), u32(right), 2)).toBe(-errno.ENOENT);
  expect(user.update(outer, u32(1), u32(right), 1)).toBe(0);
  expect(user.update(outer, u32(1), u32(right), 1)).toBe(-errno.EEXIST);
});

it("an outer map that goes lets its inner maps go", () => {
  const { rcu, maps, user, make } = rig();
  for (const type of ["array_of_maps", "hash_of_maps"] as const) {
    const outer = make({ type, valueSize: 4, inner });
    const held = make(inner);
    user.update(outer, u32(1), u32(held));
    maps.close(held);
    maps.close(outer);
    rcu.advance();
    expect([maps.address(outer), maps.address(held)]).toEqual([0, 0]);
  }
});
