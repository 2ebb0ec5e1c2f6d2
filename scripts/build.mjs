// Builds dist/ for the package: types and JavaScript of the library, one file a module; and the command, bundled,
// for reading a hundred modules (and yargs' help printer, which ours replaces) took longer than most verdicts.
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensure, runTool } from "./ensure.mjs";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

async function bundleCommand() {
  const { build } = await import("esbuild");
  const cli = join(dist, "cli");
  rmSync(cli, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [
      { in: "src/cli/main.ts", out: "main" },
      // A thread begins with a file of its own, which it looks for beside the code that starts it.
      { in: "src/lab/node-worker.ts", out: "node-worker" },
      { in: "src/lab/node-walker.ts", out: "node-walker" },
    ],
    outdir: cli,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: "warning",
    external: ["koffi"],
    plugins: [withoutHelpPrinter],
    banner: {
      js: 'import { createRequire as bpflabRequire } from "node:module"; const require = bpflabRequire(import.meta.url);',
    },
  });
  chmodSync(join(cli, "main.js"), 0o755);
  writeFileSync(join(cli, "LICENSES.txt"), licenses(Object.keys(metafile.inputs)));
}

/** yargs measures the width of text only to print help, and its way to do so costs 35 ms at every start. */
const withoutHelpPrinter = {
  name: "without-help-printer",
  setup(build) {
    build.onResolve({ filter: /^(cliui|string-width)$/ }, ({ path }) => ({ path, namespace: "absent" }));
    build.onLoad({ filter: /./, namespace: "absent" }, ({ path }) => ({
      contents: `export default () => { throw new Error("${path} is not part of the bundle"); };`,
    }));
  },
};

/** The licences of the packages whose code is in the bundle. */
function licenses(inputs) {
  const names = inputs.map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))]
    .sort()
    .map((name) => {
      const folder = join(root, "node_modules", name);
      const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
      if (file === undefined || !existsSync(join(folder, file))) throw new Error(`${name} has no licence file`);
      return `${name}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}

ensure();
rmSync(dist, { recursive: true, force: true });
const code = runTool("typescript/bin/tsc", ["-p", "tsconfig.build.json"]);
if (code === 0) await bundleCommand();
process.exit(code);
