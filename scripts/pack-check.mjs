// Packs the package, installs the tarball in an empty folder, and uses it there as a newcomer would: the command, each
// door of the library, the types. Prints how long a cold `bpflab verify` takes.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "bpflab-pack-"));
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

function run(command, args, cwd, wanted = 0) {
  const done = spawnSync(command, args, { cwd, env, encoding: "utf8", shell: process.platform === "win32" });
  if (done.status === wanted) return done.stdout;
  process.stderr.write(`${command} ${args.join(" ")}: exit ${done.status}\n${done.stdout}${done.stderr}`);
  rmSync(folder, { recursive: true, force: true });
  process.exit(1);
}

const good = "r0 = 2\nexit\n";
const bad = "r0 = *(u64 *)(r0 + 0)\nexit\n";
const uses = `
import { assemble, Machine, render, verify } from "bpflab";
import { disassemble } from "bpflab/asm";
import { defaultProfile } from "bpflab/verifier";
import { execute } from "bpflab/vm";
const program = assemble(${JSON.stringify(good)});
if (!program.ok || verify(program.value).verdict !== "accepted") throw new Error("verify");
if (!disassemble(program.value).includes("r0 = 2")) throw new Error("disassemble");
const ran = execute(program.value);
if (!ran.ok || ran.value.result.kind !== "exit" || ran.value.result.r0 !== 2n) throw new Error("execute");
const loaded = new Machine().load(program.value);
if (!loaded.ok || loaded.value.run({}).kind !== "exit") throw new Error("machine");
const wrong = assemble("r0 ==");
if (wrong.ok || !render(wrong.diagnostics[0]!).startsWith("error[E0101]")) throw new Error("render");
if (defaultProfile(program.value).rcu !== "explicit") throw new Error("rest");
`;

run("npm", ["pack", "--silent", "--pack-destination", folder], root);
const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
writeFileSync(join(folder, "package.json"), '{ "name": "newcomer", "private": true, "type": "module" }\n');
run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--omit=optional", `./${tarball}`], folder);
writeFileSync(join(folder, "good.bpf"), good);
writeFileSync(join(folder, "bad.bpf"), bad);
const node =
  'import { askKernel } from "bpflab/node";\nif (typeof askKernel !== "function") throw new Error("node");\n';
writeFileSync(join(folder, "use.mjs"), node + uses.replace("[0]!", "[0]"));
// The doors that a browser uses must not want the types of Node.
writeFileSync(join(folder, "use.ts"), uses);
const accepted = run("npx", ["bpflab", "verify", "good.bpf"], folder);
const refused = run("npx", ["bpflab", "verify", "bad.bpf"], folder, 1);
if (!accepted.includes("accepted") || !refused.includes("error[E0401]")) throw new Error(accepted + refused);
run("npx", ["bpflab", "run", "good.bpf"], folder);
run("npx", ["bpflab", "explain", "E0301"], folder);
run(process.execPath, ["use.mjs"], folder);
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const settings = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2023", "--module", "nodenext"];
run(process.execPath, [tsc, ...settings, "--types", "", "use.ts"], folder);

const command = join(folder, "node_modules", "bpflab", "dist", "cli", "main.js");
const times = Array.from({ length: 7 }, () => {
  const began = performance.now();
  run(process.execPath, [command, "verify", "good.bpf"], folder);
  return performance.now() - began;
}).sort((a, b) => a - b);
const size = Math.round(statSync(join(folder, tarball)).size / 1024);
rmSync(folder, { recursive: true, force: true });
process.stdout.write(
  `The package works from its tarball (${size} kB). Cold \`bpflab verify\`: ${times[3].toFixed(0)} ms median of 7, ` +
    `least ${times[0].toFixed(0)} ms.\n`,
);
