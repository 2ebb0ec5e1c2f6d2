// Operations as code against the same in steps: the memory holds the same bytes after each (docs/why.md). 100,000 a map:
//   npx tsx scripts/map-images.ts
import { expect, it } from "vitest";
import { randomFrom } from "../support/generate.ts";
import { sameImages, shapes } from "../support/map-image.ts";

const seed = Number(process.env.SEED ?? Date.now() % 2147483647);
const operations = Number(process.env.ROUNDS ?? 1500);

for (const way of ["family", "place"] as const) {
  it.each(shapes)(`leaves the same bytes as steps do: $name, by ${way} (SEED=${seed})`, (shape) => {
    const random = randomFrom(seed);
    // Long enough that a table is full for most of it.
    const most = Math.max(operations, (shape.def.maxEntries ?? 0) * 4);
    for (const cpus of [1, 2, 3]) {
      const { difference, done } = sameImages(shape, way, cpus, random, most);
      expect(difference).toBe(undefined);
      expect(done.inCode).toBeGreaterThan(0);
    }
  });
}
