// `npm run check`: types and style, without the tests.
import { ensure, runTool } from "./ensure.mjs";

ensure();
process.exit(runTool("typescript/bin/tsc", ["--noEmit"]) || runTool("@biomejs/biome/bin/biome", ["check", "."]));
