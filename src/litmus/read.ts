// A scenario file read from text: everything that is wrong with it is told with its place.
import type { Diagnostic, Outcome } from "../diag/diagnostic.ts";
import { type Source, type Span, spanOf } from "../diag/source.ts";
import { didYouMean } from "../diag/suggest.ts";
import type { Program } from "../isa/program.ts";
import { atomsOf } from "./expression.ts";
import { OWN } from "./placement.ts";
import { readAssertions } from "./read-assertions.ts";
import { readCommand } from "./read-commands.ts";
import { mapDirective, readMaps } from "./read-maps.ts";
import { readProfile } from "./read-profile.ts";
import { change, rcuModes } from "./read-variants.ts";
import { Reader } from "./reader.ts";
import {
  type Bounds,
  defaultBounds,
  type Expected,
  linux,
  type ProgramThread,
  type Scenario,
  type ScenarioFile,
  type Thread,
  type UserThread,
} from "./scenario.ts";
import { type Pair, parseTree, type Tree } from "./tree.ts";

/** How programs come to a scenario: it knows names and texts, and neither files nor the assembler. */
export interface ProgramPort {
  assemble(source: Source): Outcome<Program>;
  /** The text of the file that a scenario names; undefined where there are no files. */
  read?(name: string): { readonly source: Source } | { readonly error: string };
}

const keys = [
  "name",
  "profile",
  "maps",
  "programs",
  "threads",
  "assert",
  "variants",
  "table",
  "expect",
  "bounds",
] as const;

export function readScenario(source: Source, port: ProgramPort): Outcome<ScenarioFile> {
  const tree = parseTree(source);
  if (!tree.ok) return tree;
  return new ScenarioReader(source, port).read(tree.value);
}

class ScenarioReader {
  readonly #reader: Reader;
  readonly #port: ProgramPort;
  readonly #programs = new Map<string, Pair>();
  readonly #assembled = new Map<string, Program>();

  constructor(source: Source, port: ProgramPort) {
    this.#reader = new Reader(source);
    this.#port = port;
  }

  read(tree: Tree): Outcome<ScenarioFile> {
    const reader = this.#reader;
    const fields = reader.fields(tree, "a scenario", keys);
    const profileField = fields.get("profile");
    const profile = profileField === undefined ? linux : readProfile(reader, profileField.value);
    const maps = fields.get("maps");
    const later = maps === undefined ? new Set<string>() : readMaps(reader, maps.value);
    const own = [...reader.maps.values()];
    const programs = fields.get("programs");
    for (const pair of programs === undefined ? [] : reader.pairs(programs.value, "`programs`"))
      this.#programs.set(pair.key, pair);
    const threads = this.#threads(fields.get("threads"), tree.at);
    const marks = new Set(
      threads.flatMap((each) =>
        each.kind === "user" ? each.script.flatMap((one) => (one.kind === "mark" ? [one.mark] : [])) : [],
      ),
    );
    const asserts = fields.get("assert");
    const names = threads.map((each) => each.name);
    const assertions = asserts === undefined ? [] : readAssertions(reader, asserts.value, marks, names);
    const scenario: Scenario = {
      name: reader.text(fields.get("name"), reader.source.name),
      source: reader.source,
      profile,
      maps: own,
      later,
      threads,
      assertions,
      bounds: this.#bounds(fields.get("bounds")),
    };
    this.#checkAtoms(scenario);
    const file = this.#variants(scenario, fields);
    if (reader.problems.length > 0) return { ok: false, diagnostics: inOrder(reader.problems) };
    return { ok: true, value: file, diagnostics: [] };
  }

  #threads(pair: Pair | undefined, at: Span): readonly Thread[] {
    const reader = this.#reader;
    if (pair === undefined) {
      reader.wrong(at, "a scenario has `threads`");
      return [];
    }
    const pairs = reader.pairs(pair.value, "`threads`");
    const programs = pairs.filter((each) => !isScript(each.value)).map((each) => this.#programThread(each));
    const byName = new Map(programs.map((each) => [each?.name, each]));
    if (pairs.length > 60) reader.wrong(pair.keyAt, "a scenario has at most 60 threads");
    const found = pairs.flatMap((each): readonly Thread[] => {
      if (!/^[A-Za-z_][\w-]*$/.test(each.key))
        reader.wrong(each.keyAt, "a thread's name is made of letters, digits and `_`");
      if (isScript(each.value)) return [this.#userThread(each, pairs)];
      const program = byName.get(each.key);
      return program === undefined ? [] : [program];
    });
    if (found.length === 0) reader.wrong(pair.keyAt, "a scenario has at least one thread");
    return found;
  }

  #programThread(pair: Pair): ProgramThread | undefined {
    const reader = this.#reader;
    const fields = reader.fields(pair.value, "a thread", ["run", "times", "rcu", "ctx"]);
    const run = fields.get("run");
    if (run === undefined) {
      reader.wrong(pair.keyAt, "a thread says what it runs: `run: FILE`, or the program's text");
      return undefined;
    }
    const program = this.#program(run);
    const times = reader.whole(fields.get("times"), 1, 1, 1000);
    const rcu = reader.choice(fields.get("rcu"), rcuModes, "implicit");
    if (program === undefined) return undefined;
    const ctx = fields.get("ctx");
    const context = ctx === undefined ? {} : { context: this.#context(ctx) };
    return { kind: "program", name: pair.key, program, times, rcu, at: pair.keyAt, ...context };
  }

  #context(pair: Pair): Uint8Array {
    const text = this.#reader.text(pair).replace(/^hex:|\s/g, "");
    if (!/^(?:[0-9a-f]{2})+$/i.test(text)) this.#reader.wrong(pair.value.at, "`ctx` is bytes in hexadecimal");
    return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
  }

  #userThread(pair: Pair, all: readonly Pair[]): UserThread {
    const reader = this.#reader;
    const fields = pair.value.kind === "map" ? reader.fields(pair.value, "a script", ["script", "cpu"]) : undefined;
    const list = fields?.get("script")?.value ?? pair.value;
    const script = reader.items(list, "a script").flatMap((item) => readCommand(reader, item));
    const cpu = fields?.get("cpu");
    if (cpu === undefined) return { kind: "user", name: pair.key, script, at: pair.keyAt };
    const name = reader.text(cpu);
    const others = all.filter((each) => !isScript(each.value)).map((each) => each.key);
    if (!others.includes(name) && name !== OWN)
      reader.wrong(cpu.value.at, `no program runs as \`${name}\``, `there is ${[...others, OWN].join(", ")}`);
    return { kind: "user", name: pair.key, cpu: name, script, at: pair.keyAt };
  }

  /** The program that `run` names or holds. */
  #program(pair: Pair): Program | undefined {
    const reader = this.#reader;
    const { value } = pair;
    if (value.kind === "scalar" && typeof value.value === "string" && (value.block || value.value.includes("\n"))) {
      return this.#assemble(`${value.at.start}`, inline(reader.source, value), value.at);
    }
    const name = reader.text(pair);
    const named = this.#programs.get(name);
    if (named !== undefined && named !== pair) return this.#program(named);
    const file = this.#port.read?.(name);
    if (file !== undefined && "source" in file) return this.#assemble(name, file.source, value.at);
    const known = [...this.#programs.keys()];
    const help = didYouMean(name, known) ?? (known.length === 0 ? undefined : `\`programs\` has ${known.join(", ")}`);
    const reason = file === undefined ? "there are no files here" : file.error;
    reader.wrong(value.at, `cannot read the program \`${name}\`: ${reason}`, help);
    return undefined;
  }

  /** Assembles a program, with the scenario's maps declared that it uses and does not declare itself. */
  #assemble(key: string, source: Source, at: Span): Program | undefined {
    const known = this.#assembled.get(key);
    if (known !== undefined) return known;
    const reader = this.#reader;
    const declared = new Set([...source.text.matchAll(/^\s*\.map\s+([\w.-]+)/gm)].map((match) => match[1]));
    const lines = [...reader.maps.values()]
      .filter((def) => !declared.has(def.name) && new RegExp(`\\b${def.name}\\b`).test(source.text))
      .map(mapDirective);
    const outcome = this.#port.assemble({ name: source.name, text: [source.text, ...lines].join("\n") });
    if (!outcome.ok) {
      if (outcome.diagnostics.length === 0) reader.wrong(at, "the program does not assemble");
      reader.problems.push(...outcome.diagnostics.filter((each) => each.severity === "error"));
      return undefined;
    }
    for (const def of outcome.value.maps) if (!reader.maps.has(def.name)) reader.maps.set(def.name, def);
    this.#assembled.set(key, outcome.value);
    return outcome.value;
  }

  #bounds(pair: Pair | undefined): Bounds {
    if (pair === undefined) return defaultBounds;
    const reader = this.#reader;
    const fields = reader.fields(pair.value, "`bounds`", ["preemptions", "states", "seconds"]);
    const preemptions = fields.get("preemptions");
    const none = preemptions === undefined || (preemptions.value.kind === "scalar" && preemptions.value.value === null);
    return {
      preemptions: none ? null : reader.whole(preemptions, 0, 0, 1000),
      states: number(reader, fields.get("states"), defaultBounds.states),
      seconds: number(reader, fields.get("seconds"), defaultBounds.seconds),
    };
  }

  /** Conditions speak of variables, threads and maps that are there. */
  #checkAtoms(scenario: Scenario): void {
    const reader = this.#reader;
    const variables = new Set<string>();
    for (const thread of scenario.threads) {
      if (thread.kind === "program") variables.add(thread.name).add(`${thread.name}.r0`);
      else
        for (const command of thread.script) if ("as" in command && command.as !== undefined) variables.add(command.as);
    }
    for (const each of scenario.assertions) {
      if (!("expression" in each)) continue;
      for (const atom of atomsOf(each.expression).values()) {
        if (atom.kind === "element") {
          if (!reader.maps.has(atom.map)) reader.noMap(atom.map, atom.at);
        } else if ((each.kind === "never" || each.kind === "always") && variables.has(atom.name)) {
          reader.wrong(
            atom.at,
            `\`${each.kind}\` is about maps; what threads end with is for \`final\` and \`exists\``,
          );
        } else if (!variables.has(atom.name) && !reader.maps.has(atom.name)) {
          const known = [...variables, ...reader.maps.keys()];
          const help = didYouMean(atom.name, known) ?? "variables are named by `as:` in a script";
          reader.wrong(atom.at, `there is no variable \`${atom.name}\``, help);
        }
      }
    }
  }

  #variants(scenario: Scenario, fields: ReadonlyMap<string, Pair>): ScenarioFile {
    const reader = this.#reader;
    const port = { program: (pair: Pair) => this.#program(pair) };
    const changed = (from: Scenario, pair: Pair): Scenario => change(reader, from, pair.value, port);
    const pairsOf = (pair: Pair | undefined, what: string) =>
      pair === undefined ? [] : reader.pairs(pair.value, what);
    const found: { name: string; scenario: Scenario }[] = pairsOf(fields.get("variants"), "`variants`").map((pair) => ({
      name: pair.key,
      scenario: changed(scenario, pair),
    }));
    const tableField = fields.get("table");
    const parts =
      tableField === undefined ? undefined : reader.fields(tableField.value, "`table`", ["rows", "columns"]);
    const rows = pairsOf(parts?.get("rows"), "`rows`");
    const columns = pairsOf(parts?.get("columns"), "`columns`");
    for (const row of rows) {
      const start = changed(scenario, row);
      for (const column of columns)
        found.push({ name: `${row.key} / ${column.key}`, scenario: changed(start, column) });
    }
    if (found.length > 200)
      reader.wrong(tableField?.keyAt ?? spanOf(reader.source, 0, 1), "a scenario has at most 200 variants");
    const table =
      parts === undefined
        ? {}
        : { table: { rows: rows.map((each) => each.key), columns: columns.map((each) => each.key) } };
    const expect = new Map<string, { verdict: Expected; at?: Span }>();
    const known = ["default", ...found.map((each) => each.name)];
    for (const pair of pairsOf(fields.get("expect"), "`expect`")) {
      if (!known.includes(pair.key)) {
        reader.wrong(
          pair.keyAt,
          `there is no variant \`${pair.key}\``,
          didYouMean(pair.key, known) ?? `there is ${known.join(", ")}`,
        );
      }
      expect.set(pair.key, { verdict: reader.choice(pair, ["holds", "violated"], "holds"), at: pair.keyAt });
    }
    return { scenario, variants: found, ...table, expect };
  }
}

function number(reader: Reader, pair: Pair | undefined, otherwise: number): number {
  if (pair === undefined) return otherwise;
  const value = pair.value.kind === "scalar" ? Number(pair.value.value) : Number.NaN;
  if (pair.value.kind === "scalar" && typeof pair.value.value !== "boolean" && value > 0 && Number.isFinite(value))
    return value;
  reader.wrong(pair.value.at, `\`${pair.key}\` is a number above 0`);
  return otherwise;
}

function isScript(tree: Tree): boolean {
  return tree.kind === "list" || (tree.kind === "map" && tree.pairs.some((pair) => pair.key === "script"));
}

/** A program in a block of the scenario, as a text in which everything else is blank: places in it are places in the file. */
function inline(source: Source, tree: Extract<Tree, { kind: "scalar" }>): Source {
  const { start } = tree.at;
  const first = source.text.indexOf("\n", start) + 1;
  const text = String(tree.value);
  if (!tree.block || first === 0) return { name: source.name, text };
  // The block ends with its last line that is not empty.
  const lines = text.trimEnd().split("\n").length;
  let end = first;
  for (let n = 0; n < lines && end < source.text.length; n++) {
    const next = source.text.indexOf("\n", end);
    end = next < 0 ? source.text.length : next + 1;
  }
  const blank = (part: string): string => part.replace(/[^\n]/g, " ");
  return { name: source.name, text: blank(source.text.slice(0, first)) + source.text.slice(first, end) };
}

function inOrder(problems: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return [...problems]
    .filter((each) => {
      const key = `${each.at?.start} ${each.text}`;
      return seen.has(key) ? false : seen.add(key);
    })
    .sort((a, b) => (a.at?.start ?? 0) - (b.at?.start ?? 0));
}
