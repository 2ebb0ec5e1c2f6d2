// The command line read into a value that commands can ask. yargs does the reading, from the rows of options.ts.
import yargs from "yargs";
import { UsageError } from "./io.ts";
import { type CommandRow, commandNames, commandRow, commonOptions, nearest, type OptionRow } from "./options.ts";

export class Args {
  readonly command: CommandRow;
  readonly operands: readonly string[];
  private readonly values: Readonly<Record<string, unknown>>;

  constructor(command: CommandRow, operands: readonly string[], values: Readonly<Record<string, unknown>>) {
    this.command = command;
    this.operands = operands;
    this.values = values;
  }
  flag(name: string): boolean {
    return this.values[name] === true;
  }
  text(name: string): string | undefined {
    const value = this.values[name];
    if (Array.isArray(value)) throw new UsageError(`--${name} is given more than once`);
    return typeof value === "string" ? value : undefined;
  }
  list(name: string): readonly string[] {
    const value = this.values[name];
    return (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String);
  }
  /** A whole number that is not negative. */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text.replace(/_/g, ""));
    if (text === "" || !Number.isSafeInteger(value) || value < 0) {
      throw new UsageError(`--${name} wants a whole number, not \`${text.slice(0, 40)}\``);
    }
    return value;
  }
  /** A time in seconds, fractions allowed; not 0. */
  seconds(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^[\d.]+$/.test(text) || !Number.isFinite(value) || value <= 0) {
      throw new UsageError(`--${name} wants a time in seconds, not \`${text.slice(0, 40)}\``);
    }
    return value;
  }
  /** One of the choices of its row; the table has been checked against them already. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    return choices.find((each) => each === text);
  }
}

/** What the words ask for: a command with its arguments, or one of the two things that need no command. */
export type Parsed =
  | { readonly kind: "command"; readonly args: Args }
  | { readonly kind: "help"; readonly command?: CommandRow }
  | { readonly kind: "version" };

const always: readonly OptionRow[] = [
  { name: "help", short: "h", says: "show this help" },
  { name: "version", says: "show the version" },
];

export function parse(words: readonly string[]): Parsed {
  // Options of every command may stand before its name; `--color` is the one that has a value.
  const first = words.find((word, at) => !word.startsWith("-") && words[at - 1] !== "--color");
  const command = first === undefined ? undefined : commandRow(first);
  if (command === undefined) {
    if (words.includes("--version")) return { kind: "version" };
    if (words.some((word) => word === "--help" || word === "-h")) return { kind: "help" };
    if (first === undefined) throw new UsageError("say what to do: `bpflab --help` lists the commands");
    const guess = nearest(first, commandNames);
    const hint = guess === undefined ? "`bpflab --help` lists the commands" : `did you mean \`${guess}\`?`;
    throw new UsageError(`there is no command \`${first.slice(0, 40)}\`; ${hint}`);
  }
  const rows = [...command.options, ...commonOptions, ...always];
  const rest = words.filter((_, at) => at !== words.indexOf(command.name, words[0] === "--color" ? 2 : 0));
  // A lone `-` is standard input; yargs keeps it among the operands.
  const { _: operands, $0: _self, "--": literal, ...values } = reader(rows).parseSync([...rest]);
  if (values.help === true) return { kind: "help", command };
  if (values.version === true) return { kind: "version" };
  check(values, rows, command);
  const all = [...operands, ...(Array.isArray(literal) ? literal : [])].map(String);
  if (all.length < command.least) throw new UsageError(`\`${command.name}\` wants ${command.operands}`);
  if (all.length > command.most) {
    throw new UsageError(`\`${command.name}\` does not know what to do with \`${all[command.most]?.slice(0, 60)}\``);
  }
  return { kind: "command", args: new Args(command, all, values) };
}

function reader(rows: readonly OptionRow[]) {
  // Everything is read as text: what is a number is the commands' business, and 0x10 or 007 must survive.
  const parser = yargs([]).help(false).version(false).exitProcess(false).detectLocale(false).parserConfiguration({
    "boolean-negation": false,
    "camel-case-expansion": false,
    "dot-notation": false,
    "duplicate-arguments-array": true,
    "greedy-arrays": false,
    "parse-numbers": false,
    "parse-positional-numbers": false,
    "populate--": true,
    "strip-aliased": true,
  });
  for (const row of rows) {
    parser.option(row.name, {
      type: row.value === undefined ? "boolean" : "string",
      ...(row.short === undefined ? {} : { alias: row.short }),
      ...(row.value === undefined ? {} : { requiresArg: true }),
    });
  }
  return parser.fail((message: string | null, error) => {
    // yargs passes its own complaints as errors of its own kind; any other error is not about the words.
    if (error !== undefined && error.name !== "YError") throw error;
    throw new UsageError(complaint(error?.message ?? message ?? "the command line cannot be read"));
  });
}

function complaint(text: string): string {
  const bare = /^Not enough arguments following: (.*)$/.exec(text)?.[1];
  if (bare !== undefined) return `${bare.length === 1 ? "-" : "--"}${bare} wants a value`;
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function check(values: Readonly<Record<string, unknown>>, rows: readonly OptionRow[], command: CommandRow): void {
  for (const [name, value] of Object.entries(values)) {
    const row = rows.find((each) => each.name === name);
    const shown = name.length === 1 ? `-${name}` : `--${name.slice(0, 40)}`;
    if (row === undefined) {
      const names = rows.map((each) => each.name);
      const guess = nearest(name, names);
      const hint = guess === undefined ? `see \`bpflab ${command.name} --help\`` : `did you mean \`--${guess}\`?`;
      throw new UsageError(`\`${command.name}\` has no option \`${shown}\`; ${hint}`);
    }
    if (value === undefined) continue;
    if (Array.isArray(value) && row.many !== true && row.value !== undefined) {
      throw new UsageError(`${shown} is given more than once`);
    }
    const choices = row.choices;
    if (choices !== undefined && !choices.includes(String(value))) {
      throw new UsageError(`${shown} is one of ${choices.join(", ")}, not \`${String(value).slice(0, 40)}\``);
    }
  }
}
