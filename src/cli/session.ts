// One run of the command line: what it was asked, where it writes and how (colour, width, JSON). Commands get a
// session and answer with an exit code.
import { type Diagnostic, type JsonDiagnostic, type Paint, type Program, painter, render, toJson } from "../lab/asm.ts";
import { listing } from "../lab/listing.ts";
import type { Args } from "./args.ts";
import type { Io } from "./io.ts";

/** Of the JSON documents; raised when a field changes its meaning or goes. */
export const schemaVersion = 1;

/** Instructions of a program that is known by its text alone. */
export interface Shown {
  readonly name: string;
  readonly instruction: (pc: number) => { readonly text: string } | undefined;
}

export class Session {
  readonly args: Args;
  readonly io: Io;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  readonly unicode: boolean;
  readonly width: number;
  readonly paint: Paint;

  constructor(args: Args, io: Io) {
    this.args = args;
    this.io = io;
    this.json = args.flag("json");
    this.quiet = args.flag("quiet");
    this.verbose = args.flag("verbose");
    this.color = wantsColor(args.text("color"), io) && !this.json;
    this.unicode = !args.flag("ascii") && io.env.TERM !== "linux" && !/^(C|POSIX)$/.test(io.env.LC_ALL ?? "");
    this.width = screenWidth(io);
    this.paint = painter(this.color);
  }

  out(text: string): void {
    this.io.out(text);
  }

  /** Prints the document of a `--json` run. */
  document(fields: Readonly<Record<string, unknown>>): void {
    const body = { schemaVersion, command: this.args.command.name, ...fields };
    this.io.out(`${JSON.stringify(body, jsonValue, 2)}\n`);
  }

  /**
   * Diagnostics as text; a program, or what a log shows of one, gives the instructions where there is no source, a bare
   * name at least a place.
   */
  text(diagnostics: readonly Diagnostic[], from?: Program | Shown | string): string {
    const name = typeof from === "string" ? from : from?.name;
    const { color, unicode, width } = this;
    const fullPath = this.args.flag("full-path");
    const known = typeof from === "string" ? undefined : from;
    const instruction = known === undefined ? undefined : "instruction" in known ? known.instruction : listing(known);
    const options = { color, unicode, width, fullPath, instruction, name };
    return diagnostics.map((diagnostic) => render(diagnostic, options)).join("\n");
  }
}

export function jsonDiagnostics(diagnostics: readonly Diagnostic[]): readonly JsonDiagnostic[] {
  return diagnostics.map(toJson);
}

/** Numbers that a JSON number would round are written as strings of digits. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

function wantsColor(when: string | undefined, io: Io): boolean {
  if (when === "always") return true;
  if (when === "never") return false;
  const force = io.env.FORCE_COLOR;
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  if (io.env.NO_COLOR !== undefined && io.env.NO_COLOR !== "") return false;
  return io.stdoutIsTty && io.env.TERM !== "dumb";
}

function screenWidth(io: Io): number {
  const asked = Number(io.env.COLUMNS);
  if (Number.isInteger(asked) && asked > 0) return Math.max(40, asked);
  return io.columns ?? 100;
}
