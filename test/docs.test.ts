// The documents say what is so: what is made of tables is up to date, the lists of parity.md are the tables', and the
// commands and the program of README.md give what README.md shows.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { diagnosticsPage } from "../src/cli/docs.ts";
import { manualPage } from "../src/cli/help.ts";
import { commandNames, commandRow, commonOptions } from "../src/cli/options.ts";
import { schemaText } from "../src/cli/schema.ts";
import { version } from "../src/cli/version.ts";
import { programTypes } from "../src/host/programs.ts";
import { contracts } from "../src/host/table.ts";
import { mapType } from "../src/maps/layout.ts";
import { acceptedHere, refusedHere } from "./asm/deviations.ts";
import { cli } from "./support/cli.ts";

const root = join(import.meta.dirname, "..");
const read = (name: string): string => readFileSync(join(root, name), "utf8");
const readme = read("README.md");
const parity = read("docs/parity.md");

describe("what is made of tables", () => {
  it.each([
    ["man/bpflab.1", () => manualPage(version())],
    ["docs/diagnostics.md", diagnosticsPage],
    ["schema/bpflab.schema.json", schemaText],
  ])("%s is up to date (npm run man)", (name, made) => {
    expect(read(name) === made()).toBe(true);
  });

  it("help, manual, completion and README know the same commands and options", async () => {
    const completion = (await Promise.all(["bash", "zsh", "fish"].map((shell) => cli(["completion", shell])))).map(
      (done) => done.out,
    );
    const manual = read("man/bpflab.1").replaceAll("\\-", "-");
    const missing: string[] = [];
    for (const name of commandNames) {
      const help = (await cli([name, "--help"])).out;
      const row = commandRow(name);
      if (!readme.includes(`| \`bpflab ${name}`)) missing.push(`README: ${name}`);
      for (const option of [...(row?.options ?? []), ...commonOptions]) {
        const long = `--${option.name}`;
        if (!help.includes(long)) missing.push(`help of ${name}: ${long}`);
        if (!manual.includes(long)) missing.push(`manual: ${long}`);
        for (const text of completion) if (!text.includes(option.name)) missing.push(`completion: ${long}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it("README names no option that is not there", () => {
    const known = new Set(commandNames.flatMap((name) => commandRow(name)?.options.map((each) => each.name) ?? []));
    for (const each of commonOptions) known.add(each.name);
    // Of the scripts, not of the command.
    for (const each of ["count", "programs", "about", "kernel", "corpus", "tests", "herd"]) known.add(each);
    const named = [...readme.matchAll(/--([a-z][a-z-]+)/g)].map((match) => match[1] ?? "");
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("docs/parity.md", () => {
  /** The names in backquotes between a label and the next empty line. */
  const listed = (label: string): readonly string[] => {
    const from = parity.indexOf(`\n${label}:`);
    const part = parity.slice(from, parity.indexOf("\n\n", from + 1));
    return [...part.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "").sort();
  };
  const sorted = (names: Iterable<string>): readonly string[] => [...names].sort();

  it("lists the helpers and kernel functions", () => {
    const helpers = contracts.filter((each) => "id" in each).map((each) => each.name);
    const kfuncs = contracts.filter((each) => !("id" in each)).map((each) => each.name);
    expect(listed("Helpers")).toEqual(sorted(helpers));
    expect(listed("Kernel functions")).toEqual(sorted(kfuncs));
  });

  it("lists the program types and map types", () => {
    expect(listed("Program types")).toEqual(sorted(Object.keys(programTypes)));
    expect(listed("Map types")).toEqual(sorted(Object.keys(mapType)));
  });

  it("names every deviation of the assembler", () => {
    const texts = [...Object.keys(refusedHere), ...Object.keys(acceptedHere)];
    const named = (text: string): boolean =>
      [...parity.matchAll(/`([^`]+)`/g)].some((match) => text === match[1] || text.includes(match[1] ?? "\0"));
    expect(texts.filter((text) => !named(text))).toEqual([]);
  });
});

describe("README.md", () => {
  const folder = mkdtempSync(join(tmpdir(), "bpflab-readme-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const block = (language: string): string =>
    new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1] ?? "";

  it("shows what the commands print", async () => {
    const program = /```text\n(# hello\.bpf\n[\s\S]*?)```/.exec(readme)?.[1] ?? "";
    const file = join(folder, "hello.bpf");
    writeFileSync(file, program);
    let printed = "";
    const shown = block("console");
    for (const [, line = ""] of shown.matchAll(/^\$ bpflab (.*)$/gm)) {
      const words = line.split(" ").map((word) => (word === "hello.bpf" ? file : word));
      printed += `$ bpflab ${line}\n${(await cli(words)).out.replaceAll(file, "hello.bpf")}`;
    }
    expect(printed).not.toBe("");
    expect(printed).toBe(shown);
  });

  it("shows the diagnostic that the verifier gives", async () => {
    const shown = /```text\n(error\[[\s\S]*?)```/.exec(readme)?.[1] ?? "";
    const { out } = await cli(["verify", "examples/refused/use-after-unlock.bpf"]);
    expect(shown).not.toBe("");
    expect(out).toContain(shown);
  });

  it("holds a program of the library that prints what it says", async () => {
    const { Machine, assemble, render, verify } = await import("../src/lab/index.ts");
    const lines: unknown[] = [];
    const body = block("ts").replace(/^import .*$/m, "");
    const expected = [...body.matchAll(/\/\/ (\S+)$/gm)].map((match) => match[1]);
    expect(expected.length).toBe(2);
    const run = new Function("assemble", "Machine", "render", "verify", "console", body);
    run(assemble, Machine, render, verify, { log: (value: unknown) => lines.push(value) });
    expect(lines.map((line) => (typeof line === "bigint" ? `${line}n` : line))).toEqual(expected);
  });
});
