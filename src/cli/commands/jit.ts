// `bpflab jit`: a program compiled to WebAssembly, as text with its instructions or as bytes.
import { writeFileSync } from "node:fs";
import {
  type Compiled,
  compile,
  compileChecked,
  listing,
  Machine,
  type Program,
  type Verdict,
} from "../../lab/index.ts";
import { reasonOf, toHex } from "../files.ts";
import { exit, UsageError } from "../io.ts";
import { judge, profileOf, verdictExit, verdictJson, verdictLine } from "../judging.ts";
import { load } from "../load.ts";
import { jsonDiagnostics, type Session } from "../session.ts";

export async function run(session: Session): Promise<number> {
  const { args, io } = session;
  const file = args.operands[0] ?? "-";
  const { outcome, name } = await load(file, io, { dialect: args.choice("dialect", ["pseudoc", "mnemonic"]) });
  if (!outcome.ok) {
    const { diagnostics } = outcome;
    if (session.json) session.document({ file, verdict: "unassembled", diagnostics: jsonDiagnostics(diagnostics) });
    else io.err(session.text(diagnostics, name));
    return exit.usage;
  }
  const { type } = profileOf(args);
  const program = type === undefined ? outcome.value : { ...outcome.value, type };
  const verdict = judge(program, args);
  const accepted = verdict.verdict === "accepted";
  if (!accepted && !args.flag("no-verify")) {
    if (session.json) session.document(verdictJson(file, verdict));
    else io.err(`${session.text(verdict.diagnostics, program)}\n${verdictLine(name, verdict, session)}`);
    return verdictExit[verdict.verdict];
  }
  if (!session.quiet && !session.json) io.err(session.text(verdict.diagnostics, program));
  const compiled = compiledOf(program, verdict);
  const says = listing(program);
  const form = args.choice("emit", ["wat", "wasm"]) ?? "wat";
  const written = form === "wat" ? compiled.text((pc) => says(pc)?.text) : compiled.bytes;
  const target = args.text("output");
  if (target !== undefined && target !== "-") write(target, written);
  if (session.json) {
    const text = form === "wat" ? { text: written } : { bytes: toHex(compiled.bytes) };
    session.document({ ...verdictJson(file, verdict), checked: !accepted, ...text });
  } else if (target !== undefined && target !== "-") return exit.ok;
  else if (typeof written === "string") session.out(written);
  else if (io.stdoutIsTty) throw new UsageError("a terminal shows no bytes: say -o FILE, or --emit wat");
  else io.outBytes(written);
  return exit.ok;
}

function compiledOf(program: Program, verdict: Verdict): Compiled {
  const machine = new Machine({ regime: verdict.profile.rcu });
  const made = verdict.verdict === "accepted" ? compile(verdict.program, machine) : compileChecked(program, machine);
  if (!made.ok) throw new UsageError(`the program is not compiled: ${made.refusal.text}`);
  return made.value;
}

function write(target: string, content: string | Uint8Array): void {
  try {
    writeFileSync(target, content);
  } catch (error) {
    throw new UsageError(`cannot write ${target}: ${reasonOf(error)}`);
  }
}
