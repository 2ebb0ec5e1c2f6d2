// Makes a fresh clone ready: installs the dependencies if they are missing or older than the lock file, and builds
// nothing. Plain Node without dependencies, for it runs before there are any. `npm start` and `npm test` begin here.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** Whether what is installed is what the lock file asks for. */
function installed() {
  const hidden = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(hidden)) return false;
  const have = JSON.parse(readFileSync(hidden, "utf8")).packages;
  const want = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(want).every(
    // A package for another system, or one that did not build, is rightly absent.
    ([path, entry]) => path === "" || entry.optional === true || have[path]?.version === entry.version,
  );
}

export function ensure() {
  if (installed()) return;
  process.stderr.write("Installing dependencies (npm ci), once...\n");
  const options = { cwd: root, encoding: "utf8", shell: process.platform === "win32" };
  const done = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], options);
  if (done.status === 0) return;
  process.stderr.write(`${done.stdout ?? ""}${done.stderr ?? ""}${done.error?.message ?? ""}\nnpm ci failed.\n`);
  process.exit(done.status ?? 1);
}

/** Runs a program of node_modules with this Node, its output passed on; answers with its exit code. */
export function runTool(script, args) {
  const done = spawnSync(process.execPath, [join(root, "node_modules", script), ...args], {
    cwd: root,
    stdio: "inherit",
    // npm hands its own settings down to what it runs, and tools that call npm complain about those it does not know.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name))),
  });
  if (done.signal !== null) return 130;
  return done.status ?? 1;
}
