// Builds dist/ for the package: types and JavaScript, one file a module, and the command made executable.
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensure, runTool } from "./ensure.mjs";

ensure();
const dist = join(import.meta.dirname, "..", "dist");
rmSync(dist, { recursive: true, force: true });
const code = runTool("typescript/bin/tsc", ["-p", "tsconfig.build.json"]);
if (code === 0) chmodSync(join(dist, "cli", "main.js"), 0o755);
process.exit(code);
