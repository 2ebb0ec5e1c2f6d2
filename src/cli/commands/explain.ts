// `bpflab explain`: the page of a code.
import { type Explanation, explain, explainedCodes } from "../../lab/index.ts";
import { exit, UsageError } from "../io.ts";
import { nearest } from "../options.ts";
import type { Session } from "../session.ts";

export function run(session: Session): number {
  const { args } = session;
  const code = args.operands[0];
  if (args.flag("list") || code === undefined) {
    const rows = explainedCodes.flatMap((each) => explain(each) ?? []);
    if (session.json) {
      session.document({
        codes: rows.map(({ code, title, kernel }) => ({ code, title, rule: kernel ? "kernel" : "lab" })),
      });
    } else {
      session.out(rows.map((row) => `${session.paint("bold", row.code)}  ${row.title}\n`).join(""));
    }
    return exit.ok;
  }
  const page = explain(code);
  if (page === undefined) {
    const guess = nearest(code.toUpperCase(), explainedCodes);
    const hint = guess === undefined ? "`bpflab explain --list` lists them" : `did you mean ${guess}?`;
    throw new UsageError(`there is no code \`${code.slice(0, 40)}\`; ${hint}`);
  }
  if (session.json) session.document({ ...page });
  else session.out(text(page, session));
  return exit.ok;
}

function text(page: Explanation, session: Session): string {
  const { paint } = session;
  const whose = page.code.startsWith("E0")
    ? page.kernel
      ? "A rule of Linux."
      : page.code.startsWith("E01")
        ? page.code === "E0115"
          ? "Reported by `bpflab log`."
          : "Reported by the assembler."
        : "A rule of this laboratory."
    : page.code.startsWith("L")
      ? "A rule of this laboratory; Linux does not have it."
      : "A warning.";
  const block = (title: string, body: string | undefined): string =>
    body === undefined ? "" : `\n${paint("bold", title)}\n\n${body.replace(/^(?=.)/gm, "    ")}`;
  const lines = fill(page.says, Math.min(session.width, 90));
  return `${paint("error", page.code)}${paint("bold", `: ${page.title}`)}\n\n${lines}\n\n${whose}\n${block(
    page.unprivileged ? "Refused (--unprivileged):" : "Refused:",
    page.bad,
  )}${block("Accepted:", page.good)}`;
}

function fill(text: string, room: number): string {
  let line = 0;
  return text
    .split(" ")
    .map((word, at) => {
      const fits = line + word.length + 1 <= room;
      line = fits ? line + word.length + 1 : word.length;
      return at === 0 ? word : fits ? ` ${word}` : `\n${word}`;
    })
    .join("");
}
