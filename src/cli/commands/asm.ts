// `bpflab asm`: text to bytes.
import { writeFileSync } from "node:fs";
import { disassemble } from "../../lab/asm.ts";
import { reasonOf, toHex } from "../files.ts";
import { exit, UsageError } from "../io.ts";
import { load } from "../load.ts";
import { styles } from "../options.ts";
import { jsonDiagnostics, type Session } from "../session.ts";

export async function run(session: Session): Promise<number> {
  const { args, io } = session;
  const order = args.choice("order", ["little", "big"]);
  const { outcome, name } = await load(args.operands[0] ?? "-", io, {
    dialect: args.choice("dialect", ["pseudoc", "mnemonic"]),
    isa: args.choice("isa", ["v1", "v2", "v3", "v4"]),
    order,
  });
  const diagnostics = outcome.diagnostics;
  if (!outcome.ok) {
    if (session.json) session.document({ ok: false, diagnostics: jsonDiagnostics(diagnostics) });
    else io.err(session.text(diagnostics, name));
    return exit.usage;
  }
  const program = outcome.value;
  const bytes = program.bytes(order);
  if (!session.json && !session.quiet) io.err(session.text(diagnostics, program));
  const target = args.text("output");
  const style = args.choice("emit", styles);
  const text = style === undefined ? `${grouped(toHex(bytes))}` : disassemble(program, { style });
  if (target !== undefined && target !== "-") {
    try {
      writeFileSync(target, style !== undefined || target.endsWith(".hex") ? text : bytes);
    } catch (error) {
      throw new UsageError(`cannot write ${target}: ${reasonOf(error)}`);
    }
  }
  if (session.json) {
    const symbols = { maps: program.maps.map((map) => map.name), kfuncs: program.kfuncs };
    session.document({ ok: true, bytes: toHex(bytes), ...symbols, diagnostics: jsonDiagnostics(diagnostics) });
  } else if (target === undefined || target === "-") {
    session.out(text.endsWith("\n") || text === "" ? text : `${text}\n`);
  }
  return exit.ok;
}

/** One instruction a line. */
function grouped(hex: string): string {
  return (hex.match(/.{1,16}/g) ?? []).map((line) => `${line}\n`).join("");
}
