// Test settings. Two cores and no hurry is the machine to expect: limits are for runaways, not for slow days.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ["default"],
    // A run without colour reads the same in a log and on a terminal; snapshots depend on it.
    env: { NO_COLOR: "1" },
  },
});
