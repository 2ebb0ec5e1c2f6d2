// `bpflab cfg`: the control flow graph, drawn.
import { dot, graph, mermaid, svg } from "../../lab/index.ts";
import { exit } from "../io.ts";
import { load } from "../load.ts";
import { jsonDiagnostics, type Session } from "../session.ts";

const formats = { dot, mermaid, svg } as const;

export async function run(session: Session): Promise<number> {
  const { args, io } = session;
  const dialect = args.choice("dialect", ["pseudoc", "mnemonic"]);
  const { outcome, name } = await load(args.operands[0] ?? "-", io, { dialect });
  if (!outcome.ok) {
    if (session.json) session.document({ ok: false, diagnostics: jsonDiagnostics(outcome.diagnostics) });
    else io.err(session.text(outcome.diagnostics, name));
    return exit.usage;
  }
  const drawn = graph(outcome.value);
  if (session.json) session.document({ ok: true, ...drawn });
  else session.out(formats[args.choice("format", ["dot", "mermaid", "svg"]) ?? "dot"](drawn));
  return exit.ok;
}
