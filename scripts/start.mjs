// `npm start`: a walk through some of the examples. The walk itself is scripts/walk.ts.
import { ensure, runTool } from "./ensure.mjs";

ensure();
process.exit(runTool("tsx/dist/cli.mjs", ["scripts/walk.ts", ...process.argv.slice(2)]));
