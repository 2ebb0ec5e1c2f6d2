// The law of test/maps/compiled.test.ts at length: after every operation of a random sequence, map code and the operation in
// steps leave the same bytes. Each map in both ways, on machines of one, two and three CPUs.
//   npx tsx scripts/map-images.ts [operations a map, 100000] [seed]
// Prints how many operations were done in code and how many were left to the steps; ends with 1 on a difference.
import { randomFrom } from "../test/support/generate.ts";
import { sameImages, shapes } from "../test/support/map-image.ts";

const operations = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? Date.now() % 2147483647);
console.log(`seed ${seed}`);
let wrong = 0;
for (const shape of shapes) {
  for (const way of ["family", "place"] as const) {
    const random = randomFrom(seed);
    const total = { inCode: 0, left: 0 };
    for (const cpus of [1, 2, 3]) {
      const { difference, done } = sameImages(shape, way, cpus, random, Math.ceil(operations / 3));
      total.inCode += done.inCode;
      total.left += done.left;
      if (difference !== undefined) {
        wrong++;
        console.log(`${shape.name}, by ${way}, ${cpus} CPUs: ${difference}`);
      }
    }
    console.log(`${shape.name}, by ${way}: ${total.inCode} operations in code, ${total.left} left to the steps`);
  }
}
process.exitCode = wrong === 0 ? 0 : 1;
