// Test settings. Two cores and no hurry is the machine to expect: limits are for runaways, not for slow days.
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ["default"],
    // Vitest would leave one of two cores idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A run without colour reads the same in a log and on a terminal; snapshots depend on it.
    env: { NO_COLOR: "1" },
  },
});
