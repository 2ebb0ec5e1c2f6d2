// Threads share words in which steps are numbers. They may have loaded the files that define steps in another order.
import { describe, expect, it, vi } from "vitest";

/** The names of all steps by number, with one file loaded before the others. */
async function stepsAfter(first: string): Promise<ReadonlyMap<number, string>> {
  vi.resetModules();
  await import(`../../src/maps/${first}.ts`);
  await import("../../src/maps/maps.ts");
  const { rowOf } = await import("../../src/maps/ground.ts");
  const found = new Map<number, string>();
  for (let number = 0; rowOf(number) !== undefined; number++) {
    if (rowOf(number).name !== "idle") found.set(number, rowOf(number).name);
  }
  return found;
}

describe("the number of a step", () => {
  it("does not depend on which file was loaded first", async () => {
    const orders = [];
    for (const first of ["array", "copy", "read", "search", "queue", "write"]) orders.push(await stepsAfter(first));
    expect(orders[0].size).toBeGreaterThan(50);
    for (const each of orders) expect(new Map([...each].sort())).toEqual(new Map([...orders[0]].sort()));
  });

  it("is one step's alone", async () => {
    const { step } = await import("../../src/maps/ground.ts");
    const define = (name: string): number => step(name, 0, 0, () => 0);
    define("test: once");
    expect(() => define("test: once")).toThrow("have one number");
  });
});
