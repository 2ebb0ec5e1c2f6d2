// `bpflab dis`: bytes to text.
import { disassemble, programFromBytes } from "../../lab/asm.ts";
import { hexBytes } from "../files.ts";
import { exit, UsageError } from "../io.ts";
import { isElf, load } from "../load.ts";
import { styles } from "../options.ts";
import { jsonDiagnostics, type Session } from "../session.ts";

export async function run(session: Session): Promise<number> {
  const { args, io } = session;
  const style = args.choice("emit", styles) ?? "llvm";
  const order = args.choice("order", ["little", "big"]);
  const hex = args.text("hex");
  const file = args.operands[0];
  if (hex === undefined && file === undefined) throw new UsageError("`dis` wants a FILE, or --hex BYTES");
  const outcome =
    hex !== undefined
      ? programFromBytes(hexBytes(hex, "--hex"), { name: "program", order })
      : (await loadBytes(session, file ?? "-", order)).outcome;
  const name = hex !== undefined ? "--hex" : file === "-" ? "<stdin>" : file;
  if (!outcome.ok) {
    if (session.json) session.document({ ok: false, diagnostics: jsonDiagnostics(outcome.diagnostics) });
    else io.err(session.text(outcome.diagnostics, name));
    return exit.usage;
  }
  const text = disassemble(outcome.value, { style });
  if (session.json) session.document({ ok: true, style, text });
  else session.out(text.endsWith("\n") ? text : `${text}\n`);
  return exit.ok;
}

/** Standard input may be bytes here: they are known by holding what no text holds. */
async function loadBytes(session: Session, file: string, order: "little" | "big" | undefined) {
  const { io, args } = session;
  const dialect = args.choice("dialect", ["pseudoc", "mnemonic"]);
  if (file !== "-") return load(file, io, { order, dialect });
  const bytes = await io.readStdin();
  const again = { ...io, readStdin: async () => bytes };
  if (bytes.includes(0) && !isElf(bytes)) return { outcome: programFromBytes(bytes, { name: "<stdin>", order }) };
  return load(file, again, { order, dialect });
}
