// `bpflab compare`: each program judged here and by the running Linux kernel, side by side. Linux has one regime, so
// programs are judged by the implicit one unless asked otherwise.
import { release } from "node:os";
import { sameMessage } from "../../lab/corpus.ts";
import type { Verdict } from "../../lab/verifier.ts";
import { expand } from "../files.ts";
import { exit, UsageError, worst } from "../io.ts";
import { judge, profileOf, verdictJson } from "../judging.ts";
import { type KernelAnswer, kernelAnswer } from "../kernel.ts";
import { load } from "../load.ts";
import { Progress } from "../progress.ts";
import { jsonDiagnostics, type Session } from "../session.ts";
import { type Cell, table } from "../table.ts";

interface Compared {
  readonly name: string;
  readonly verdict: Verdict;
  readonly kernel: KernelAnswer;
  readonly agree: boolean;
  /** Of programs that both refuse: the kernel's message is ours, numbers aside. */
  readonly sameMessage: boolean | null;
}

export async function run(session: Session): Promise<number> {
  const { args, io } = session;
  const files = expand(args.operands, [".bpf", ".s"]);
  const rows: Compared[] = [];
  const documents: Readonly<Record<string, unknown>>[] = [];
  const exits: number[] = [];
  const progress = new Progress(io);
  for (const [at, file] of files.entries()) {
    const about = files.length === 1 ? "" : `${at + 1} of ${files.length}: ${file}: `;
    const { outcome, name } = await load(file, io, { dialect: args.choice("dialect", ["pseudoc", "mnemonic"]) });
    if (!outcome.ok) {
      progress.done();
      documents.push({ file, verdict: "unassembled", diagnostics: jsonDiagnostics(outcome.diagnostics) });
      if (!session.json) io.err(session.text(outcome.diagnostics, name));
      exits.push(exit.usage);
      continue;
    }
    const verdict = judge(outcome.value, args, { rcu: "implicit", ...profileOf(args) }, progress, about);
    const kernel = await kernelAnswer(outcome.value, verdict.profile, 4);
    if (kernel.verdict === "unavailable") throw new UsageError(`the kernel cannot be asked. ${kernel.message}`);
    const row = { name, verdict, kernel, ...agreement(verdict, kernel) };
    rows.push(row);
    const { agree, sameMessage } = row;
    documents.push({ ...verdictJson(file, verdict), kernel, agree, ...(sameMessage === null ? {} : { sameMessage }) });
    exits.push(kernel.verdict === "unable" ? exit.usage : agree ? exit.ok : exit.refused);
  }
  progress.done();
  if (session.json) session.document({ files: documents });
  else session.out(text(rows, session));
  return worst(exits);
}

function agreement(verdict: Verdict, kernel: KernelAnswer): Pick<Compared, "agree" | "sameMessage"> {
  const message = verdict.verdict === "accepted" ? "" : verdict.kernelMessage;
  // Linux has one answer for what it refuses and what it gave up on; here those are two.
  const same = message !== "" && kernel.message.split("\n").some((line) => sameMessage(line, message));
  const gaveUp = verdict.verdict === "undecided" && same;
  if (verdict.verdict === "accepted") return { agree: kernel.verdict === "accept", sameMessage: null };
  const agree = kernel.verdict === "reject" && (verdict.verdict === "rejected" || gaveUp);
  return { agree, sameMessage: agree ? same : null };
}

const kernelWords = { accept: "accepts", reject: "refuses", unable: "could not judge", unavailable: "" } as const;

function text(rows: readonly Compared[], session: Session): string {
  const lines: string[] = [];
  const cells = rows.map(({ name, verdict, kernel, agree, sameMessage }): readonly Cell[] => {
    const { statistics } = verdict;
    const word = verdict.verdict === "rejected" ? "refused" : verdict.verdict;
    return [
      name,
      word,
      kernelWords[kernel.verdict],
      kernel.verdict === "unable"
        ? { text: "-", tone: "dim" }
        : agree
          ? { text: sameMessage === false ? "agree, other message" : "agree", tone: "good" }
          : { text: "DIFFER", tone: "error" },
      String(statistics.instructions),
      kernel.instructions === undefined ? "-" : String(kernel.instructions),
      `${statistics.milliseconds.toFixed(2)} ms`,
      kernel.milliseconds === undefined ? "-" : `${kernel.milliseconds.toFixed(2)} ms`,
    ];
  });
  const head = ["program", "here", "Linux", "", "insns here", "Linux", "time here", "Linux"];
  if (rows.length > 0) lines.push(...table(head, cells, "llllrrrr", session));
  for (const { name, verdict, kernel, agree, sameMessage } of rows) {
    if (verdict.verdict === "accepted" && agree) continue;
    const ours =
      verdict.verdict === "accepted" ? "accepted" : verdict.kernelMessage || (verdict.diagnostics[0]?.text ?? "");
    lines.push("", session.paint("bold", name));
    if (sameMessage === true && ours === kernel.message) {
      lines.push(...indented("  both:  ", ours));
      continue;
    }
    lines.push(...indented("  here:  ", ours), ...indented("  Linux: ", kernel.message || "accepted"));
  }
  const judged = rows.filter((row) => row.kernel.verdict !== "unable");
  const agreeing = judged.filter((row) => row.agree).length;
  lines.push("", `${agreeing} of ${judged.length} verdicts agree with Linux ${release()}`);
  return lines.map((line) => `${line}\n`).join("");
}

function indented(head: string, body: string): readonly string[] {
  return body.split("\n").map((line, at) => (at === 0 ? head : " ".repeat(head.length)) + line);
}
