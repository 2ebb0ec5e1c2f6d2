// The allocator, the shadow and snapshots, against a model: a list of what is live.
import fc from "fast-check";
import { expect, it } from "vitest";
import { FIRST_PAGE, kind } from "../../src/memory/layout.ts";
import { Memory } from "../../src/memory/memory.ts";

it("never maps the first page", () => {
  const memory = new Memory();
  memory.allocate(8, 8, kind.scratch, 0);
  for (let at = 0; at < FIRST_PAGE; at += 8) if (memory.regionAt(at) !== 0) throw new Error(`${at} is mapped`);
  expect(memory.regionAt(0x7fffffff)).toBe(0);
  expect(memory.regionAt(-8)).toBe(0);
});

it("hands out zeroed, aligned blocks that the shadow names, and never two at once", () => {
  const step = fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.constantFrom(8, 16, 64), fc.nat());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const memory = new Memory({ quarantine: 4096 });
      const live: { base: number; size: number; id: number }[] = [];
      for (const [size, align, pick] of steps) {
        if (pick % 3 === 0 && live.length > 0) {
          const [gone] = live.splice(pick % live.length, 1);
          memory.free(gone.base);
          expect(memory.isLive(memory.regionAt(gone.base))).toBe(false);
          continue;
        }
        const base = memory.allocate(size, align, kind.scratch, 1);
        expect(base % align).toBe(0);
        expect(memory.u8.subarray(base, base + size).every((byte) => byte === 0)).toBe(true);
        memory.u8.fill(0xff, base, base + size);
        live.push({ base, size, id: memory.regionAt(base) });
      }
      live.sort((a, b) => a.base - b.base);
      const wrong = live.filter(({ base, size, id }, i) => {
        const overlaps = i > 0 && live[i - 1].base + live[i - 1].size > base;
        const shadowed = memory.regionAt(base) === id && memory.regionAt(base + size - 1) === id;
        return overlaps || !shadowed || !memory.fits(id, base, size) || memory.fits(id, base, size + 1);
      });
      expect(wrong).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

it("a freed block keeps its shadow, and its next tenant has another generation", () => {
  const memory = new Memory({ quarantine: 0 });
  const base = memory.allocate(100, 8, kind.packet, 0);
  const id = memory.regionAt(base);
  const at = memory.generationAt(id, base + 50);
  const born = memory.i32[at >> 2];
  memory.free(base);
  expect([memory.regionAt(base), memory.isLive(id)]).toEqual([id, false]);
  expect(memory.allocate(100, 8, kind.packet, 0)).toBe(base);
  expect([memory.regionAt(base), memory.isLive(id), memory.i32[at >> 2] !== born]).toEqual([id, true, true]);
  expect(() => memory.free(base + 8)).toThrow();
});

it("grows, and refuses what does not fit", () => {
  const memory = new Memory({ most: 1 << 20 });
  const a = memory.allocate(300000, 8, kind.scratch, 0);
  memory.u8[a] = 7;
  const b = memory.allocate(400000, 8, kind.scratch, 0);
  expect([memory.u8[a], b > 0, memory.allocate(400000, 8, kind.scratch, 0)]).toEqual([7, true, 0]);
  expect(memory.u8.buffer.byteLength).toBeLessThanOrEqual(1 << 20);
});

it("a snapshot is the whole of it", () => {
  const memory = new Memory({ quarantine: 0 });
  const a = memory.allocate(64, 8, kind.stack, 3);
  memory.i32[a >> 2] = 1;
  const snapshot = memory.snapshot();
  const again = () => {
    const b = memory.allocate(200000, 8, kind.scratch, 0);
    memory.free(a);
    const c = memory.allocate(64, 8, kind.ctx, 0);
    return [b, c, memory.regionAt(b), memory.regionAt(c), memory.used, memory.i32[c >> 2]];
  };
  const first = again();
  memory.restore(snapshot);
  expect([memory.i32[a >> 2], memory.isLive(memory.regionAt(a)), memory.used]).toEqual([
    1,
    true,
    snapshot.bytes.length,
  ]);
  expect(memory.u8.subarray(memory.used).every((byte) => byte === 0)).toBe(true);
  expect(again()).toEqual(first);
});

it("can be shared between threads", () => {
  const memory = new Memory({ shared: true, most: 1 << 22 });
  expect(memory.u8.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(memory.allocate(200000, 8, kind.scratch, 0)).toBeGreaterThan(0);
  expect(memory.shadow.buffer).toBeInstanceOf(SharedArrayBuffer);
});
