// What `npm start` shows: a few of the examples, each with its RCU section drawn beside the source, the verdict, a run
// and what it left in the maps. `npm start -- FILE...` walks through other files.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCli } from "../src/cli/cli.ts";
import type { Io } from "../src/cli/io.ts";
import { assemble, type Program, painter, position, type Source, sectionBars } from "../src/lab/index.ts";

const root = join(import.meta.dirname, "..");
const chosen: readonly (readonly [file: string, says: string])[] = [
  ["examples/two-level-counter.bpf", "a map in a map in one RCU section: accepted, and run"],
  ["examples/refused/use-after-unlock.bpf", "the same, but the counter is used after the section: refused"],
  ["examples/refused/no-null-check.bpf", "a lookup may find nothing"],
  ["examples/nested-sections.bpf", "sections nest by counting"],
  ["examples/drop-port.bpf", "a packet filter, run on a packet"],
  ["examples/lru-cache.bpf", "a map that forgets"],
];

const tty = process.stdout.isTTY === true;
const color = tty && !process.env.NO_COLOR;
const paint = painter(color);
const io: Io = {
  env: process.env,
  stdinIsTty: false,
  stdoutIsTty: tty,
  stderrIsTty: false,
  columns: process.stdout.columns,
  readStdin: async () => new Uint8Array(),
  out: (text) => void process.stdout.write(text.replaceAll(`${root}/`, "")),
  outBytes: () => undefined,
  err: (text) => void process.stderr.write(text),
};
// A reader that has seen enough is no error.
process.stdout.on("error", () => process.exit(0));

/** The text with its line numbers and, beside each line, the RCU sections it stands in. */
function drawn(source: Source, program: Program): string {
  const lines = source.text.trimEnd().split("\n");
  const lineOf = (pc: number): number | undefined => {
    const at = program.origin[pc]?.whole;
    return at === undefined ? undefined : position(at.source, at.start).line - 1;
  };
  const bars = sectionBars(program, lineOf, lines.length);
  const width = Math.max(2, ...bars.map((bar) => bar.length));
  return lines
    .map((text, at) => {
      const number = paint("gutter", String(at + 1).padStart(4));
      const code = text.startsWith("#") ? paint("dim", text) : text;
      return `${`${number} ${paint("good", (bars[at] ?? "").padEnd(width))} ${code}`.trimEnd()}\n`;
    })
    .join("");
}

async function show(file: string, says: string): Promise<void> {
  const text = readFileSync(join(root, file), "utf8");
  const source = { name: file, text };
  const program = assemble(source, { name: file });
  io.out(`\n${paint("bold", `== ${file}`)}${says === "" ? "" : `: ${says}`}\n\n`);
  io.out(`${program.ok ? drawn(source, program.value) : text}\n`);
  await runCli(["run", file], io);
}

process.chdir(root);
const given = process.argv.slice(2);
io.out(`bpflab: eBPF programs assembled, judged and run, without Linux and without privileges.
The bar beside a program is its RCU section: what a lookup returns is good as long as the bar goes on. Dots in
place of the bar: the section is open on some of the ways that lead there.
`);
for (const [file, says] of given.length === 0 ? chosen : given.map((file) => [file, ""] as const))
  await show(file, says);
io.out(`
${paint("bold", "== next")}
  npx tsx src/cli/main.ts verify examples/refused/*.bpf   every rule, refused once
  npx tsx src/cli/main.ts explain L0601                   the reason for one of them
  npx tsx src/cli/main.ts test examples                   all examples, checked
`);
