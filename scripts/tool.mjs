// Runs a TypeScript script of this folder: `node scripts/tool.mjs scripts/NAME.ts`.
import { ensure, runTool } from "./ensure.mjs";

ensure();
process.exit(runTool("tsx/dist/cli.mjs", process.argv.slice(2)));
