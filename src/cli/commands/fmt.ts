// `bpflab fmt`: the canonical layout. A file is written only if it assembles to the same bytes as before.
import { writeFileSync } from "node:fs";
import { assemble, format } from "../../lab/asm.ts";
import { expand, reasonOf, toHex } from "../files.ts";
import { exit, UsageError, worst } from "../io.ts";
import { load } from "../load.ts";
import { jsonDiagnostics, type Session } from "../session.ts";

interface Row {
  readonly file: string;
  readonly state: "unchanged" | "changed" | "invalid";
  readonly diagnostics?: unknown;
}

export async function run(session: Session): Promise<number> {
  const { args, io } = session;
  const check = args.flag("check");
  const rows: Row[] = [];
  const exits: number[] = [];
  for (const file of expand(args.operands, [".bpf", ".s"])) {
    const dialect = args.choice("dialect", ["pseudoc", "mnemonic"]);
    const { outcome, name, source } = await load(file, io, { dialect });
    if (source === undefined) throw new UsageError(`${file} is not assembly text`);
    if (!outcome.ok) {
      rows.push({ file, state: "invalid", diagnostics: jsonDiagnostics(outcome.diagnostics) });
      if (!session.json) io.err(session.text(outcome.diagnostics, name));
      exits.push(exit.usage);
      continue;
    }
    const text = format(source);
    const again = assemble({ name: source.name, text }, { name: source.name, dialect });
    if (!again.ok || toHex(again.value.bytes()) !== toHex(outcome.value.bytes())) {
      throw new Error(`formatting ${file} would change its meaning`);
    }
    const changed = text !== source.text;
    rows.push({ file, state: changed ? "changed" : "unchanged" });
    if (changed && check) exits.push(exit.refused);
    if (file === "-" && !check && !session.json) session.out(text);
    else if (changed && !check && file !== "-") write(file, text);
    if (changed && !session.json && !session.quiet && file !== "-") {
      session.out(`${check ? "not formatted" : "formatted"}: ${file}\n`);
    }
  }
  if (session.json) session.document({ files: rows });
  return worst(exits);
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${reasonOf(error)}`);
  }
}
