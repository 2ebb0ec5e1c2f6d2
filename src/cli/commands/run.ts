// `bpflab run`: the verdict first, then a run, then what it left: r0, lines printed, warnings, maps.
import { readFileSync } from "node:fs";
import {
  contents,
  type Event,
  type ExecuteOptions,
  type Execution,
  engineNames,
  execute,
  faultDiagnostic,
  fill,
  listing,
  type Machine,
  type Outcome,
  type Program,
  type Verdict,
  warningDiagnostic,
} from "../../lab/index.ts";
import type { CpuReport } from "../../lab/node.ts";
import { hexBytes, reasonOf } from "../files.ts";
import { exit, UsageError } from "../io.ts";
import { judge, profileOf, verdictExit, verdictJson, verdictLine } from "../judging.ts";
import { load } from "../load.ts";
import { mapsText } from "../maps-text.ts";
import { jsonDiagnostics, type Session } from "../session.ts";

export async function run(session: Session): Promise<number> {
  const { args, io } = session;
  const cpus = args.number("cpus");
  if (cpus !== undefined && !(cpus >= 1 && cpus <= 64)) throw new UsageError("--cpus wants 1 to 64");
  if (cpus !== undefined && args.flag("trace"))
    throw new UsageError("--trace follows one CPU: it does not go with --cpus");
  if (cpus !== undefined && args.flag("stats"))
    throw new UsageError("--stats times one CPU: it does not go with --cpus");
  const file = args.operands[0] ?? "-";
  const { outcome, name } = await load(file, io, { dialect: args.choice("dialect", ["pseudoc", "mnemonic"]) });
  if (!outcome.ok) {
    if (session.json)
      session.document({ file, verdict: "unassembled", diagnostics: jsonDiagnostics(outcome.diagnostics) });
    else session.out(session.text(outcome.diagnostics, name));
    return exit.usage;
  }
  const type = profileOf(args).type;
  const program = type === undefined ? outcome.value : { ...outcome.value, type };
  const verdict = judge(program, args);
  const head = `${session.text(verdict.diagnostics, program)}${verdict.diagnostics.length > 0 ? "\n" : ""}${verdictLine(name, verdict, session)}`;
  if (!session.json && !session.quiet) session.out(head);
  const judged = verdictJson(file, verdict);
  if (verdict.verdict !== "accepted" && !args.flag("no-verify")) {
    if (session.json) session.document(judged);
    return verdictExit[verdict.verdict];
  }
  const steps: string[] = [];
  const stats = args.flag("stats");
  const engine = args.choice("engine", engineNames);
  if (engine === "jit" && verdict.verdict === "accepted" && args.number("max-steps") !== undefined) {
    throw new UsageError("--max-steps wants the interpreter: compiled code of a verified program counts nothing");
  }
  const options: ExecuteOptions = {
    ctx: bytesOf(args.text("ctx"), "--ctx"),
    packet: packetOf(args.text("packet"), args.text("hex")),
    repeat: positive(args.number("repeat"), "--repeat"),
    maxSteps: positive(args.number("max-steps"), "--max-steps"),
    seed: args.number("seed"),
    engine,
    ...(verdict.verdict === "accepted" ? { verified: verdict.program } : {}),
    rcu: verdict.profile.rcu,
    prepare: (machine) => fillMaps(machine, program, args.list("map")),
    ...(args.flag("trace") ? { onEvent: tracer(program, (line) => writeStep(line, steps, session)) } : {}),
  };
  const ran = cpus === undefined ? execute(program, options) : await onCpus(program, cpus, options);
  if (!ran.ok) {
    if (session.json) session.document({ ...judged, diagnostics: jsonDiagnostics(ran.diagnostics) });
    else session.out(`\n${session.text(ran.diagnostics, program)}`);
    return exit.usage;
  }
  if (engine === "jit" && ran.value.refusal !== undefined) {
    throw new UsageError(`--engine jit: ${ran.value.refusal}`);
  }
  if (session.json) session.document({ ...judged, run: runJson(ran.value, program, steps, stats) });
  else session.out(runText(ran.value, program, verdict, session) + (stats ? timesText(ran.value) : ""));
  const { result } = ran.value;
  if (result.kind === "exit") return exit.ok;
  // A budget that is used up says nothing about the program.
  return result.fault.kind === "budget" ? exit.undecided : exit.refused;
}

/** Threads are loaded where they are wanted. */
async function onCpus(program: Program, cpus: number, options: ExecuteOptions): Promise<Outcome<Ran>> {
  const { executeOnCpus } = await import("../../lab/node.ts");
  return executeOnCpus(program, cpus, options);
}

function positive(value: number | undefined, name: string): number | undefined {
  if (value === 0) throw new UsageError(`${name} wants at least 1`);
  return value;
}

function bytesOf(text: string | undefined, name: string): Uint8Array | undefined {
  if (text === undefined) return undefined;
  return text.startsWith("@") ? fileBytes(text.slice(1)) : hexBytes(text, name);
}

function packetOf(file: string | undefined, hex: string | undefined): Uint8Array | undefined {
  if (file !== undefined && hex !== undefined) throw new UsageError("the packet is given twice: --packet and --hex");
  const packet = file === undefined ? bytesOf(hex, "--hex") : fileBytes(file);
  if (packet !== undefined && packet.length > 1 << 16) throw new UsageError("a packet has at most 65536 bytes");
  return packet;
}

function fileBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
  }
}

/** `--map name=file.json`, for each. */
function fillMaps(machine: Machine, program: Program, given: readonly string[]): void {
  for (const each of given) {
    const [name = "", ...rest] = each.split("=");
    const file = rest.join("=");
    if (file === "") throw new UsageError(`--map wants NAME=FILE, not \`${each.slice(0, 60)}\``);
    const def = program.maps.find((map) => map.name === name);
    if (def === undefined) {
      const known = program.maps.map((map) => map.name).join(", ");
      throw new UsageError(`there is no map \`${name.slice(0, 60)}\`${known === "" ? "" : `; there is ${known}`}`);
    }
    const wrong = fill(machine, def, parsed(file));
    if (wrong !== undefined) throw new UsageError(`${file}: ${wrong}`);
  }
}

function parsed(file: string): unknown {
  const text = new TextDecoder().decode(fileBytes(file));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is no JSON: ${error instanceof Error ? error.message : ""}`);
  }
}

/** Steps and what they did, a line each. A call takes several steps: those after the first show only what changed. */
function tracer(program: Program, write: (line: string) => void): (event: Event) => void {
  const text = listing(program);
  return (event) => {
    const indent = "  ".repeat(event.frame);
    const say = (line: string): void => write(`       ${indent}-- ${line}`);
    if (event.kind === "step") {
      const changes = event.changes.map(({ reg, after }) => `r${reg}=${shown(after)}`).join(" ");
      if (event.inCall) {
        if (changes !== "") say(changes);
        return;
      }
      write(
        `${String(event.at).padStart(5)}: ${(indent + (text(event.at)?.text ?? "")).padEnd(44)} ${changes}`.trimEnd(),
      );
    } else if (event.kind === "rcu" && event.what !== "begin" && event.what !== "end") {
      say(`RCU section ${event.what === "lock" ? "opens" : "closes"}`);
    } else if (event.kind === "print" || event.kind === "warning") {
      say(`${event.kind}: ${event.text}`);
    }
  };
}

function shown(value: bigint): string {
  return value < 0x10000n ? value.toString() : `0x${value.toString(16)}`;
}

function writeStep(line: string, steps: string[], session: Session): void {
  if (session.json) steps.push(line);
  else session.out(`${line}\n`);
}

/** With `--cpus`, what became of each. */
interface Ran extends Execution {
  readonly reports?: readonly CpuReport[];
}

function runText(ran: Ran, program: Program, verdict: Verdict, session: Session): string {
  const { result, machine, runs } = ran;
  const warnings = [...new Map(result.warnings.map((each) => [`${each.kind} ${each.pc}`, each])).values()];
  const parts = [
    warnings.length === 0 ? "" : session.text(warnings.map(warningDiagnostic), program),
    result.kind === "fault" ? session.text([faultDiagnostic(result.fault)], program) : "",
    result.output.map((line) => `| ${line.replace(/\n$/, "")}\n`).join(""),
    ran.reports === undefined ? endText(ran, session) : cpusText(ran.reports, session),
    program.maps.length === 0 ? "" : mapsText(contents(machine, program), session),
  ];
  const unheard = verdict.verdict === "accepted" && result.kind === "fault" && result.fault.kind !== "budget";
  const note = unheard
    ? "The verifier accepted what the run faulted on: that is a bug in bpflab, please report it.\n"
    : "";
  return `${session.quiet ? "" : "\n"}${parts.filter((part) => part !== "").join("\n")}${runs > 1 ? `${runs} runs\n` : ""}${note}`;
}

function endText({ result, engine }: Pick<Execution, "result" | "engine">, session: Session): string {
  const count = `${result.instructions} instruction${result.instructions === 1 ? "" : "s"}`;
  const counted = engine === "interp" || result.instructions > 0;
  if (result.kind === "fault") return `${session.paint("error", "fault")}${counted ? ` after ${count}` : ""}\n`;
  const signed = BigInt.asIntN(64, result.r0);
  const both = signed < 0n ? ` (${signed})` : result.r0 > 9n ? ` (0x${result.r0.toString(16)})` : "";
  return `${session.paint("bold", `r0 = ${result.r0}`)}${both}${counted ? ` after ${count}` : ", compiled"}\n`;
}

function cpusText(reports: readonly CpuReport[], session: Session): string {
  const lines = reports.map((report) => {
    const times = report.runs === 1 ? "" : `, the last of ${report.runs} runs`;
    return `CPU ${report.cpu}: ${endText(report, session).trimEnd()}${times}\n`;
  });
  return lines.join("");
}

function timesText({ times, runs, engine }: Execution): string {
  if (times === undefined) return "";
  const { run, compile } = times;
  const made =
    compile === undefined ? "" : `; compiled in ${compile.milliseconds.toFixed(1)} ms to ${compile.bytes} bytes`;
  const others = runs > 1 ? ", all but the first" : "";
  return `${run.toFixed(0)} ns a run, ${engine === "jit" ? "compiled" : "interpreted"}${others}${made}\n`;
}

function statsOf({ times }: Execution): Readonly<Record<string, unknown>> {
  return times === undefined
    ? {}
    : { stats: { nanoseconds: times.run, ...(times.compile && { compile: times.compile }) } };
}

function runJson(
  ran: Ran,
  program: Program,
  steps: readonly string[],
  stats: boolean,
): Readonly<Record<string, unknown>> {
  const { result, machine, runs, engine } = ran;
  return {
    outcome: result.kind,
    engine,
    ...(result.kind === "exit" ? { r0: result.r0.toString() } : {}),
    diagnostics: jsonDiagnostics([
      ...(result.kind === "fault" ? [faultDiagnostic(result.fault)] : []),
      ...result.warnings.map(warningDiagnostic),
    ]),
    instructions: result.instructions,
    runs,
    output: result.output,
    maps: contents(machine, program),
    ...(ran.reports === undefined ? {} : { cpus: ran.reports.map(cpuJson) }),
    ...(stats ? statsOf(ran) : {}),
    ...(steps.length === 0 ? {} : { trace: steps }),
  };
}

function cpuJson({ cpu, runs, engine, result }: CpuReport): Readonly<Record<string, unknown>> {
  const r0 = result.kind === "exit" ? { r0: result.r0.toString() } : {};
  return { cpu, outcome: result.kind, engine, ...r0, instructions: result.instructions, runs };
}
