// `npm test`: types, style, then the tests; stops at the first that fails. Arguments go to vitest.
import { ensure, runTool } from "./ensure.mjs";

ensure();
const filter = process.argv.slice(2);
const steps = [
  ...(filter.length > 0
    ? []
    : [
        ["typescript/bin/tsc", ["--noEmit"]],
        ["@biomejs/biome/bin/biome", ["check", "."]],
      ]),
  ["vitest/vitest.mjs", ["run", ...filter]],
];
for (const [script, args] of steps) {
  const code = runTool(script, args);
  if (code !== 0) process.exit(code);
}
